"""Streams of OpenAI Responses.

Rules:

1. A text is joined from the `delta` events of one place: an output item, and a piece of it. It may begin in the event
   that adds its item or piece, and ends with its `done` event, or that of what it stands in.
2. What was held back goes out in one more delta event, before the event that ends the text.
3. Events say again what was said: `done` events, finished items, the whole response at the end. Wherever they repeat a
   text, they repeat what was handed out of it; what they say besides is judged by itself.
4. Events are numbered: those after one that was added or left out get the number that follows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Final

from genai_guard.clients.base import Delta, quick_delta
from genai_guard.clients.duck import Fields, fields, get, put
from genai_guard.clients.openai_items import (
    figures_of,
    items_walk,
    tool_of,
    write_error,
    write_item,
    write_part,
    write_response,
)
from genai_guard.clients.walk import Edit, Rewrite, quick_part
from genai_guard.messages import Part, PartKind, Reply

__all__ = ["OpenAIResponsesStream"]

_PLACES: Final[dict[str, tuple[PartKind, str]]] = {
    "output_text": ("text", "content[{}].text"),
    "refusal": ("refusal", "content[{}].refusal"),
    "function_call_arguments": ("arguments", "arguments"),
    "mcp_call_arguments": ("arguments", "arguments"),
    "custom_tool_call_input": ("arguments", "input"),
    "code_interpreter_call_code": ("arguments", "code"),
    "shell_call_command": ("arguments", "action.commands[{}]"),
    "reasoning_summary_text": ("reasoning", "summary[{}].text"),
    "reasoning_text": ("reasoning", "content[{}].text"),
}
"""What grows in the events of a family, and where it stands in its item."""

_INDEXES: Final = ("content_index", "summary_index", "command_index")
_BEGINS: Final = frozenset({"output_item", "content_part", "reasoning_summary_part"})
_GROWING: Final = frozenset({"text", "refusal", "arguments", "input", "code"})
_ENDS: Final = frozenset({"completed", "failed", "incomplete"})
_BINARY: Final = "audio"
_REPEATS: Final = Delta("repeated", "")
"""Stands for an event without new text that has to be written all the same."""


class _Growing:
    """A text of one place: what the model said of it, and what was handed out."""

    __slots__ = ("channel", "heard", "kind", "last", "name", "said", "where")

    def __init__(self, part: Part, channel: Hashable) -> None:
        self.channel = channel
        self.where = part.where
        self.kind: PartKind = part.kind
        self.name = part.name
        self.heard: list[str] = []
        self.said: list[str] = []
        self.last: tuple[Any, int, int] | None = None
        """The latest delta event, the place of this text among those that it carries, and their number."""

    def hear(self, text: str, *, final: bool = False) -> Delta:
        """Take the next characters of the model."""
        self.heard.append(text)
        return quick_delta((self.channel, text, final, self.kind, self.where, self.name))

    def late(self, text: str) -> list[Any]:
        """Hand out what was held back, in an event of its own if there was one to go by."""
        self.said.append(text)
        if not text or self.last is None:
            return []
        event, at, count = self.last
        return [self.with_snapshot(_with_delta(event, [text if place == at else "" for place in range(count)]))]

    def with_snapshot(self, event: Any) -> Any:
        """Return a delta event of the SDK's helper, which adds all that was said so far, with what was handed out."""
        return event if get(event, "snapshot") is None else put(event, snapshot="".join(self.said))


class OpenAIResponsesStream:
    """Reads one stream of events."""

    __slots__ = (
        "_channels",
        "_closing",
        "_grows",
        "_names",
        "_number",
        "_open",
        "_reply",
        "_shift",
        "_takes",
        "_texts",
        "_used",
    )

    def __init__(self) -> None:
        self._open: dict[str, _Growing] = {}
        self._channels: dict[Hashable, _Growing] = {}
        self._used: Counter[str] = Counter()
        self._names: dict[object, str] = {}
        self._texts: dict[tuple[PartKind, str], _Growing] = {}
        self._reply = Reply(())
        self._number = 0
        self._shift = 0
        # About the event that was read last: whether it is a delta, the texts that end with it, and for each of its own
        # texts what it belongs to and whether it is new.
        self._grows = False
        self._closing: list[_Growing] = []
        self._takes: list[tuple[_Growing, bool]] = []

    def read(self, chunk: Any, /) -> Sequence[Delta]:
        """Return what remains of the texts that end with an event, then its own texts."""
        known = fields(chunk)
        family, _, verb = str(known.get("type") or "").removeprefix("response.").rpartition(".")
        self._closing = []
        self._takes = []
        self._grows = verb == "delta" and family != _BINARY
        if self._grows:
            return self._grow(chunk, known, family)
        if known.get("response") is not None:
            self._reply = figures_of(known.get("response"))
        if known.get("item") is not None:
            self._names[known.get("output_index")] = tool_of(known.get("item"))
        parts: list[Part] = []
        _visited(chunk, known, family, self._name(known), parts.append)
        ending = self._end(family, verb, known, {part.where: part.text for part in parts})
        return [*ending, *self._own(parts, begins=verb == "added" and family in _BEGINS)] or self._repeated(parts)

    def write(self, chunk: Any, texts: Sequence[str], /) -> list[Any]:
        """Return the event with new texts, after events for what is held back no longer."""
        late = len(self._closing)
        first = [event for growing, text in zip(self._closing, texts, strict=False) for event in growing.late(text)]
        given = iter(texts[late:])
        after: list[str] = []
        for growing, is_new in self._takes:
            if is_new:
                growing.said.append(next(given))
                after.append(growing.said[-1])
            else:
                after.append("".join(growing.said))
        if not self._grows:
            return self._numbered(chunk, [*first, _rewritten(chunk, self._name(fields(chunk)), after)])
        if self._takes and not any(after):
            return self._numbered(chunk, [])
        event = _with_delta(chunk, after)
        return self._numbered(chunk, [self._takes[0][0].with_snapshot(event) if self._takes else event])

    def tail(self, channel: Hashable, text: str, /) -> list[Any]:
        """Return one more delta event of the text."""
        out: list[Any] = []
        for event in self._channels[channel].late(text):
            self._number += 1
            out.append(put(event, sequence_number=self._number))
        return out

    def reply(self) -> Reply:
        """Return what the last event that had the response said of it."""
        return self._reply

    def _grow(self, event: Any, known: Fields, family: str) -> Sequence[Delta]:
        kind, _ = _place(family)
        delta, where, name = known.get("delta"), _where(known, family), self._name(known)
        parts: list[Part] = []
        if delta.__class__ is not str:
            items_walk(parts.append).visit(delta, where, "assistant", kind, name)
        elif delta:
            parts.append(quick_part((delta, "assistant", kind, where, name)))
        deltas: list[Delta] = []
        for at, part in enumerate(parts):
            growing = self._growing(part)
            growing.last = event, at, len(parts)
            self._takes.append((growing, True))
            deltas.append(growing.hear(part.text))
        return deltas or self._repeated(())

    def _own(self, parts: Sequence[Part], *, begins: bool) -> list[Delta]:
        """Return the texts of an event that are new: those that grow on, and those of which nothing was heard before."""
        deltas: list[Delta] = []
        for part in parts:
            key = part.kind, part.text
            ended = self._texts.get(key)
            if begins and part.where.rpartition(".")[2] in _GROWING:
                growing, final = self._growing(part), False
            elif ended is not None:
                self._takes.append((ended, False))
                continue
            else:
                growing, final = _Growing(part, object()), True
                self._texts[key] = growing
            self._takes.append((growing, True))
            deltas.append(growing.hear(part.text, final=final))
        return deltas

    def _end(self, family: str, verb: str, known: Fields, whole: Mapping[str, str]) -> list[Delta]:
        """Take out the texts that end with an event, which may say more of them than was heard in deltas."""
        base = _base(known)
        if verb == "done":
            place = _piece(known, base) if family.endswith("_part") else base if family == "output_item" else None
            ended = (
                [_where(known, family)] if place is None else [at for at in self._open if at.startswith(f"{place}.")]
            )
        else:
            ended = list(self._open) if not family and verb in _ENDS else []
        deltas: list[Delta] = []
        for where in ended:
            growing = self._open.pop(where, None)
            if growing is not None:
                heard, text = "".join(growing.heard), whole.get(where, "")
                deltas.append(growing.hear(text[len(heard) :] if text.startswith(heard) else "", final=True))
                self._texts[growing.kind, "".join(growing.heard)] = growing
                self._closing.append(growing)
        return deltas

    def _growing(self, part: Part) -> _Growing:
        """Return the text that grows in a place; after its end it is another one."""
        growing = self._open.get(part.where)
        if growing is None:
            self._used[part.where] += 1
            count = self._used[part.where]
            growing = _Growing(part, part.where if count == 1 else (part.where, count))
            self._open[part.where] = self._channels[growing.channel] = growing
        return growing

    def _repeated(self, parts: Sequence[Part]) -> Sequence[Delta]:
        return (_REPEATS,) if parts or self._shift else ()

    def _name(self, known: Fields) -> str:
        return self._names.get(known.get("output_index"), "")

    def _numbered(self, event: Any, out: list[Any]) -> list[Any]:
        number = get(event, "sequence_number")
        if not isinstance(number, int):
            return out
        first = number + self._shift
        self._shift += len(out) - 1
        self._number = first + len(out) - 1
        return [
            one if get(one, "sequence_number") == at else put(one, sequence_number=at)
            for at, one in enumerate(out, start=first)
        ]


def _place(family: str) -> tuple[PartKind, str]:
    return _PLACES.get(family) or ("text", family)


def _base(known: Fields) -> str:
    at = known.get("output_index")
    return f"response.output[{known.get('item_id') if at is None else at}]"


def _index(known: Fields) -> int:
    return next((at for name in _INDEXES if isinstance(at := known.get(name), int)), 0)


def _piece(known: Fields, base: str) -> str:
    return f"{base}.{'content' if known.get('summary_index') is None else 'summary'}[{_index(known)}]"


def _where(known: Fields, family: str) -> str:
    return f"{_base(known)}.{_place(family)[1].format(_index(known))}"


def _visited(event: Any, known: Fields, family: str, name: str, edit: Edit) -> Any:
    """Visit the texts of an event that is no delta; return it, or a copy with others."""
    walk, base = items_walk(edit), _base(known)
    for field in ("response", "item", "part"):
        before = known.get(field)
        if before is None:
            continue
        if field == "response":
            after = write_response(before, walk)
        elif field == "item":
            after = write_item(before, walk, base, {})
        else:
            after = write_part(before, walk, _piece(known, base))
        return event if after is before else put(event, **{field: after})
    if known.get("type") == "error":
        return write_error(event, walk, "response.error")
    kind, _ = _place(family)
    return walk.visit(event, _where(known, family).rpartition(".")[0], "assistant", kind, name)


def _rewritten(event: Any, name: str, texts: Sequence[str]) -> Any:
    if not texts:
        return event
    known = fields(event)
    family = str(known.get("type") or "").removeprefix("response.").rpartition(".")[0]
    return _visited(event, known, family, name, Rewrite(texts))


def _with_delta(event: Any, texts: Sequence[str]) -> Any:
    known = fields(event)
    before = known.get("delta")
    after = texts[0] if before.__class__ is str and texts else items_walk(Rewrite(texts)).visit(before, "")
    if after == before:
        return event
    return put(event, delta=after, **({"logprobs": []} if known.get("logprobs") else {}))
