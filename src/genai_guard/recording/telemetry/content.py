"""The texts of a call as the conventions write them: JSON of messages and their parts. They have been redacted before."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING, Any

from genai_guard.recording.telemetry import names

if TYPE_CHECKING:
    from genai_guard.messages import Part
    from genai_guard.recording.event import Event
    from genai_guard.recording.telemetry.attributes import Attributes

__all__ = ["content"]


def content(event: Event) -> Attributes:
    """Return the texts of a redacted event, by attribute; nothing for a side that has none."""
    system = [part for part in event.request if part.role == "system"]
    asked = [part for part in event.request if part.role != "system"]
    reply: list[dict[str, Any]] = []
    if event.response:
        reply = [{"role": "assistant", "parts": _parts(event.response), "finish_reason": event.finish_reason or "stop"}]
    written = {
        names.SYSTEM_INSTRUCTIONS: _parts(system),
        names.INPUT_MESSAGES: _messages(asked),
        names.OUTPUT_MESSAGES: reply,
    }
    return {name: json.dumps(value, ensure_ascii=False) for name, value in written.items() if value}


def _messages(parts: Iterable[Part]) -> list[dict[str, Any]]:
    """Return the messages that the parts belong to: those of one message stand at one place, up to the first bracket."""
    grouped = groupby(parts, key=lambda part: (part.role, part.where.partition("]")[0]))
    return [{"role": role, "parts": _parts(together)} for (role, _), together in grouped]


def _parts(parts: Iterable[Part]) -> list[dict[str, str]]:
    return [_part(part) for part in parts]


def _part(part: Part) -> dict[str, str]:
    if part.kind == "arguments":
        return {"type": "tool_call", "name": part.name, "arguments": part.text}
    if part.kind == "result":
        return {"type": "tool_call_response", "response": part.text}
    return {"type": "reasoning" if part.kind == "reasoning" else "text", "content": part.text}
