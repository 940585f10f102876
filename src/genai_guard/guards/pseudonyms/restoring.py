"""Turns the stand-ins in a reply back, in whole texts and in streams alike.

What is held back of a stream is no more than what may still be the beginning of a stand-in. In JSON, such as the
arguments of a tool call, the values are written as JSON wants them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Final

from genai_guard.guards.pseudonyms.literals import Literals
from genai_guard.messages import Part, PartKind
from genai_guard.text.edits import Edit, JsonState, apply_edits

__all__ = ["Restorer"]

_is_json: Final = re.compile(r"\s{0,64}(?:\{\s{0,64}\"|\[\s{0,64}[\"{])").match
_BEFORE_VALUES: Final = frozenset(("", *" \t\r\n[,:"))
_is_number: Final = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?").fullmatch
_may_be_json: Final = re.compile(r"\s{0,64}(?:[\[{]\s{0,64})?").fullmatch


class Restorer:
    """Turns stand-ins in the texts of one reply back.

    Args:
        literals: The stand-ins and their values.
    """

    __slots__ = ("_literals", "_texts")

    def __init__(self, literals: Literals) -> None:
        self._literals = literals
        self._texts: dict[Hashable, _Text] = {}

    def whole(self, parts: Sequence[Part], texts: Sequence[str] | None) -> list[str] | None:
        """Return the texts of a whole reply with their values; None if nothing is left to change.

        Args:
            parts: The parts of the reply.
            texts: What the guards left of them; None where that is all.
        """
        given = [part.text for part in parts] if texts is None else texts
        restored = [self._whole(part.kind, text) for part, text in zip(parts, given, strict=True)]
        return None if texts is None and restored == given else restored

    def feed(self, channel: Hashable, text: str, *, kind: PartKind = "text", final: bool = False) -> str:
        """Take the next piece of a streamed text and return what is known of it by now.

        Args:
            channel: Which text of the reply it continues.
            text: What the guards released.
            kind: What the text is, as far as it is the first piece.
            final: Whether no more follows in this channel; what comes all the same is another text.
        """
        stream = self._texts.get(channel)
        if stream is None:
            stream = self._texts[channel] = _Text(self._literals, kind)
        if final:
            del self._texts[channel]
        return stream.feed(text, is_last=final) if text or final else ""

    def drain(self) -> Iterator[tuple[Hashable, str]]:
        """Finish every text that the stream did not finish itself; yield what was held of each."""
        for channel, stream in self._texts.items():
            rest = stream.feed("", is_last=True)
            if rest:
                yield channel, rest
        self._texts.clear()

    def close(self) -> None:
        """Forget everything."""
        self._literals = Literals({}, {})
        self._texts.clear()

    def _whole(self, kind: PartKind, text: str) -> str:
        return _Text(self._literals, kind).feed(text, is_last=True)


class _Text:
    """One text of the reply, as it comes."""

    __slots__ = ("_held", "_json", "_literals", "_opening")

    def __init__(self, literals: Literals, kind: PartKind) -> None:
        self._literals = literals
        self._held = ""
        is_json = kind == "arguments"
        self._json = _Json() if is_json else None
        self._opening: str | None = None if is_json else ""
        """The text up to now, as long as it is not known whether it is JSON."""

    def feed(self, text: str, *, is_last: bool) -> str:
        if self._opening is not None:
            self._look_for_json(self._opening, text)
        text = self._held + text
        edits, known = self._literals.find(text, is_last=is_last)
        self._held = text[known:]
        text = text[:known]
        if self._json is not None:
            edits = self._json.fit(text, edits)
        return apply_edits(text, edits) if edits else text

    def _look_for_json(self, before: str, text: str) -> None:
        opening = before + text
        self._opening = opening if _may_be_json(opening) else None
        if _is_json(opening):
            self._json = _Json()
            self._json.fit(before[: len(before) - len(self._held)], ())


class _Json:
    """JSON that comes by. It may break off, or be none after all: nothing of it is lost then."""

    __slots__ = ("_last", "_state")

    def __init__(self) -> None:
        self._state = JsonState()
        self._last = ""

    def fit(self, text: str, edits: Iterable[Edit]) -> list[Edit]:
        """Take the next stretch; return its edits with the values written as their places want them."""
        fitted: list[Edit] = []
        at = 0
        for start, end, value in edits:
            self._pass(text[at:start])
            fitted.append(Edit(start, end, self._written(value)))
            self._pass(text[start:end])
            at = end
        self._pass(text[at:])
        return fitted

    def _pass(self, text: str) -> None:
        self._state.quote(text, ())
        self._last = text[-1:] or self._last

    def _written(self, value: str) -> str:
        if self._state.in_string:
            return json.dumps(value, ensure_ascii=False)[1:-1]
        if self._last not in _BEFORE_VALUES or _is_number(value):
            return value
        return json.dumps(value, ensure_ascii=False)
