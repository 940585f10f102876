"""Reads and writes the events of a stream of pydantic-ai.

Rules:

1. Each part of the response is one text, from its start through its deltas to its end. What was held back goes out
   before the end, in one more delta.
2. The signature of a thought ends it. If the thought was edited, the signature is left out: it vouches for the original.
3. Parts that come whole, such as what a provider's own tool returned, are judged by themselves. None of them grows: an
   event that says so is refused.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

from genai_guard.clients.arguments import dump
from genai_guard.clients.base import Delta
from genai_guard.clients.figures import count
from genai_guard.clients.walk import Rewrite
from genai_guard.errors import ConfigurationError
from genai_guard.integrations.extras import module_of
from genai_guard.integrations.pydantic_ai.texts import visit_part, without_traces
from genai_guard.messages import Part, PartKind, Reply, Usage

__all__ = ["Chunk", "EventReader", "usage_of"]

_types: Final = module_of("pydantic_ai.messages", extra="pydantic-ai")
_GROWING: Final[Mapping[str, tuple[str, PartKind]]] = {
    "text": ("content", "text"),
    "thinking": ("content", "reasoning"),
    "tool-call": ("args", "arguments"),
    "builtin-tool-call": ("args", "arguments"),
}
"""The field in which a part keeps its text, and what that is."""


class Chunk(NamedTuple):
    """One event of a stream.

    Attributes:
        event: The event.
        stream: The stream that it is of, which knows the usage.
    """

    event: Any
    stream: Any

    def __repr__(self) -> str:
        return f"<Chunk {self.event.event_kind}>"


class _Text:
    """A part that grows."""

    __slots__ = ("delta", "field", "heard", "index", "name", "open", "said")

    def __init__(self, index: int, channel: Hashable, part: Any, number: int) -> None:
        self.field, kind = _GROWING[part.part_kind]
        self.name = f"{self.field}_delta"
        self.index = index
        self.delta = Delta(
            channel, "", kind=kind, where=f"response.parts[{number}].{self.field}", name=getattr(part, "tool_name", "")
        )
        self.heard: list[str] = []
        self.said: list[str] = []
        self.open = True

    def hear(self, text: str, *, final: bool = False) -> Delta:
        """Take the next piece of the model's text."""
        self.heard.append(text)
        self.open = not final
        return self.delta._replace(text=text, final=final)

    @property
    def edited(self) -> bool:
        """Whether what was handed out is not what the model said; to be asked at its end."""
        return "".join(self.heard) != "".join(self.said)

    def late(self, text: str) -> list[Any]:
        """Return an event with one more piece of the text, if there is any."""
        if not text:
            return []
        self.said.append(text)
        kinds = {"text": _types.TextPartDelta, "reasoning": _types.ThinkingPartDelta}
        delta = kinds.get(self.delta.kind, _types.ToolCallPartDelta)(**{self.name: text})
        return [_types.PartDeltaEvent(index=self.index, delta=delta)]


class EventReader:
    """Reads one stream of events."""

    __slots__ = ("_count", "_latest", "_stream", "_texts", "_whole")

    def __init__(self) -> None:
        self._texts: dict[int, _Text] = {}
        self._latest: dict[Hashable, _Text] = {}
        self._count = 0
        self._stream: Any = None
        self._whole = 0

    def read(self, chunk: Chunk, /) -> list[Delta]:
        """Return the next piece of a text, or the texts of a part that comes whole."""
        event, self._stream = chunk
        kind = event.event_kind
        if kind == "part_start":
            return self._begin(event)
        growing = self._texts.get(event.index) if kind in {"part_delta", "part_end"} else None
        if growing is None and kind == "part_delta":
            raise ConfigurationError(f"a {type(event.delta).__name__} in a stream of responses is not read")
        if growing is None:
            return []
        if kind == "part_end":
            return [growing.hear("", final=True)] if growing.open else []
        return self._go_on(growing, event.delta)

    def write(self, chunk: Chunk, texts: Sequence[str], /) -> list[Any]:
        """Return the event with new texts, after one for what is held back no longer."""
        event, stream = chunk
        if event.event_kind == "part_start":
            after = self._write_start(event, texts)
        elif event.event_kind == "part_end":
            after = self._texts[event.index].late(texts[0])
        else:
            after = self._write_delta(event, self._texts[event.index], texts)
        return [Chunk(each, stream) for each in after]

    def tail(self, channel: Hashable, text: str, /) -> list[Any]:
        """Return one more delta of the part."""
        return [Chunk(event, self._stream) for event in self._latest[channel].late(text)]

    def reply(self) -> Reply:
        """Return what the stream knows by now."""
        stream = self._stream
        if stream is None:
            return Reply(())
        return Reply((), usage_of(stream.usage), stream.model_name or "", stream.finish_reason or "")

    def _begin(self, event: Any) -> list[Delta]:
        part = event.part
        if part.part_kind not in _GROWING:
            return self._alone(part, event.index)
        self._count += 1
        growing = self._texts[event.index] = _Text(event.index, self._count, part, event.index)
        self._latest[self._count] = growing
        beside = self._alone(replace(part, content=""), event.index) if part.part_kind in {"text", "thinking"} else []
        return [growing.hear(_text(getattr(part, growing.field))), *beside]

    def _go_on(self, growing: _Text, delta: Any) -> list[Delta]:
        if not growing.open:  # it goes on after its end: what follows is a text of its own
            self._count += 1
            growing.delta = growing.delta._replace(channel=self._count)
            self._latest[self._count] = growing
        signed = getattr(delta, "signature_delta", None) is not None
        heard = growing.hear(_text(getattr(delta, growing.name)), final=signed)
        cited = getattr(delta, "citations_delta", None)
        beside = self._alone(_types.TextPart("", citations=cited), growing.index) if cited else []
        return [heard, *beside]

    def _alone(self, part: Any, index: int) -> list[Delta]:
        """Return the texts of a part that comes whole."""
        parts: list[Part] = []
        visit_part(part, parts.append, f"response.parts[{index}]", "assistant")
        return [Delta(object(), text, True, kind, where, name) for text, _, kind, where, name in parts]

    def _write_start(self, event: Any, texts: Sequence[str]) -> list[Any]:
        part = event.part
        if part.part_kind not in _GROWING:
            after = visit_part(part, Rewrite(texts), "", "assistant")
            return [event if after is part else replace(event, part=after)]
        growing = self._texts[event.index]
        before, (text, *beside) = getattr(part, growing.field), texts
        growing.said.append(text)
        if part.part_kind in {"text", "thinking"}:
            part = replace(visit_part(replace(part, content=""), Rewrite(beside), "", "assistant"), content=before)
        if text != _text(before):
            part = replace(part, **{growing.field: text}, **without_traces(part))
        return [event if part == event.part else replace(event, part=part)]

    def _write_delta(self, event: Any, growing: _Text, texts: Sequence[str]) -> list[Any]:
        delta, (text, *beside) = event.delta, texts
        before = getattr(delta, growing.name)
        if beside:
            cited = visit_part(_types.TextPart("", citations=delta.citations_delta), Rewrite(beside), "", "assistant")
            delta = replace(delta, citations_delta=None if growing.edited else cited.citations)
        if not growing.open:  # signed
            late = growing.late(text)
            rest = replace(delta, **{growing.name: None}, **(without_traces(delta) if growing.edited else {}))
            return [*late, *([] if rest == type(rest)() else [replace(event, delta=rest)])]
        growing.said.append(text)
        if text != _text(before):
            delta = replace(delta, **{growing.name: text}, **without_traces(delta))
            if not text and delta == type(delta)(**{growing.name: ""}):
                return []
        return [event if delta is event.delta else replace(event, delta=delta)]


def usage_of(usage: Any) -> Usage | None:
    """Read a usage, whose tokens of the input include the cached ones; None if the provider reported nothing."""
    if not usage.input_tokens and not usage.output_tokens:
        return None
    details: Mapping[str, Any] = usage.details or {}
    return Usage(
        count(usage.input_tokens),
        count(usage.output_tokens),
        count(usage.cache_read_tokens),
        count(details.get("reasoning_tokens")),
        cache_write_tokens=count(usage.cache_write_tokens),
    )


def _text(value: Any) -> str:
    """Return the text of a field: arguments may be an object, and nothing may be there yet."""
    return value if isinstance(value, str) else dump(value) if value else ""
