"""The blocks of a streamed Anthropic message: what the model said of each, and what was handed out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from genai_guard.clients.arguments import load_partial, reparse
from genai_guard.clients.base import Delta
from genai_guard.clients.duck import get, put
from genai_guard.messages import PartKind

__all__ = ["GROWING", "Block", "GrowingText"]

GROWING: Final[Mapping[str, tuple[PartKind, str]]] = {
    "text": ("text", "text"),
    "thinking": ("reasoning", "thinking"),
    "partial_json": ("arguments", "input"),
}
"""Fields of a delta whose text is joined, with its kind and the field of the whole block it goes to."""


class GrowingText:
    """A text joined from deltas."""

    __slots__ = ("_heard", "_last", "_said", "_start", "channel", "echo", "key", "kind", "name", "open", "where")

    def __init__(self, index: object, key: str, name: str) -> None:
        kind, place = GROWING[key]
        self.key = key
        self.kind: PartKind = kind
        self.name = name
        self.channel: tuple[object, ...] = (index, key)
        self.where = f"response.content[{index}].{place}"
        self.open = True
        self.echo: Any = None
        self._start: Any = None
        self._last: Any = None
        self._heard: list[str] = []
        self._said: list[str] = []

    @property
    def waits(self) -> bool:
        """Whether the start event has not been handed out."""
        return self._start is not None

    @property
    def altered(self) -> bool:
        """Whether what was handed out by now differs from what the model said."""
        return self.said != "".join(self._heard)

    @property
    def said(self) -> str:
        """What was handed out by now."""
        return "".join(self._said)

    @property
    def latest(self) -> str:
        """What was handed out last."""
        return self._said[-1] if self._said else ""

    def hear(self, text: str, *, final: bool = False) -> Delta:
        """Take the next characters of the model. After the end they are another text, whose channel is new."""
        if text and not self.open:
            self.channel = *self.channel, len(self._heard)
        self.open = not final
        self._heard.append(text)
        return Delta(self.channel, text, final, self.kind, self.where, self.name)

    def begin(self, event: Any, text: str) -> list[Any]:
        """Hand out a start event; not yet, if the end of its text is held back: a stop may follow, and no delta."""
        self._said.append(text)
        if text == self._heard[-1]:
            return [event]
        self._start = event
        return []

    def go_on(self, event: Any, text: str) -> list[Any]:
        """Hand out a delta event with `text` in place of its own; none if all of it is held back."""
        self._said.append(text)
        self._last = event
        first = self._release()
        if text == self._heard[-1]:
            return [*first, event]
        return [*first, self._with(text)] if text else first

    def late(self, text: str) -> list[Any]:
        """Hand out what was held back, and the start event if that was."""
        if self._start is not None:
            block = get(self._start, "content_block")
            self._said.append(text)
            self._start = put(self._start, content_block=put(block, **{self.key: self.said}))
            return self._release()
        if not text:
            return []
        self._said.append(text)
        again = [] if self.echo is None else [self.repeat(self.echo)]
        return [self._with(text), *again]

    def repeat(self, echo: Any) -> Any:
        """Return an event that says the latest delta again, with all that was said so far."""
        self.echo = echo
        so_far = load_partial(self.said) if self.kind == "arguments" else self.said
        return put(echo, snapshot=so_far, **{self.key: self.latest})

    def finished(self, block: Any) -> dict[str, Any]:
        """Return the fields of the finished block that differ from what the model said."""
        if self.kind == "arguments":
            return {"input": load_partial(self.said)}
        after: dict[str, Any] = {self.key: self.said}
        parsed = get(block, "parsed_output")
        if parsed is not None:
            after["parsed_output"] = reparse(parsed, self.said)
        if self.key == "thinking":
            after["signature"] = ""
        return after

    def _with(self, text: str) -> Any:
        return put(self._last, delta=put(get(self._last, "delta"), **{self.key: text}))

    def _release(self) -> list[Any]:
        start, self._start = self._start, None
        return [] if start is None else [start]


class Block:
    """One block of the message."""

    __slots__ = ("citations", "index", "name", "texts", "where", "whole")

    def __init__(self, index: object, name: str) -> None:
        self.index = index
        self.name = name
        self.where = f"response.content[{index}]"
        self.whole: Any = None
        self.texts: dict[str, GrowingText] = {}
        self.citations: list[Any] = []

    def text(self, key: str) -> GrowingText:
        """Return the text that grows in a field of the deltas."""
        if key not in self.texts:
            self.texts[key] = GrowingText(self.index, key, self.name)
        return self.texts[key]

    def rewritten(self, block: Any) -> Any:
        """Return the finished block as it was handed out, given the one that the model said."""
        if not self.texts:
            return block if self.whole is None else self.whole
        changes: dict[str, Any] = {"citations": self.citations} if self.citations else {}
        for growing in self.texts.values():
            if growing.altered:
                changes |= growing.finished(block)
        return put(block, **changes) if changes else block
