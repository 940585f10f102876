"""Models that are logged by their names, and served by another process that has this file alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

__all__ = ["answer", "broken", "chat", "response", "tool_call"]


def answer(prompt: str, *, temperature: float = 0.0) -> str:
    """Say the prompt again."""
    if "break" in prompt:
        raise RuntimeError(f"cannot answer {prompt}")
    return f"{prompt} at {temperature}, or call jo@example.com"


def chat(messages: list[dict[str, Any]]) -> Iterator[str]:
    """Say the last message again, word by word."""
    for word in [f"{len(messages)}:", *messages[-1]["content"].split(), "call", "jo@example.com", "now"]:
        yield f"{word} "


def broken(messages: list[dict[str, Any]]) -> Iterator[str]:
    """Begin, and fail."""
    yield "Well, "
    raise ConnectionError(f"lost {messages}")


def tool_call(messages: list[dict[str, Any]], *, temperature: float = 1.0) -> dict[str, Any]:
    """Call a tool, as chat completions do."""
    function = {"name": "send", "arguments": '{"to": "jo@example.com"}'}
    message = {
        "role": "assistant",
        "content": f"I write at {temperature}.",
        "tool_calls": [{"id": "c-1", "type": "function", "function": function}],
    }
    return {"choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}], "model": "tools"}


def response(stream: bool) -> Any:
    """Write and call a tool, as the Responses API does."""
    part = {"type": "output_text", "text": "Write to jo@example.com now.", "annotations": []}
    message = {"type": "message", "id": "m-1", "role": "assistant", "status": "completed", "content": [part]}
    call = {
        "type": "function_call",
        "id": "f-1",
        "call_id": "c-9",
        "name": "send",
        "arguments": '{"to": "jo@example.com"}',
    }
    whole = {"id": "r-1", "object": "response", "status": "completed", "model": "m", "output": [message, call]}
    return iter(_events(whole)) if stream else whole


def _events(whole: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield {"type": "response.created", "response": {**whole, "status": "in_progress", "output": []}}
    place = {"item_id": "m-1", "output_index": 0, "content_index": 0}
    for delta in ("Write to jo@", "example.com now."):
        yield {"type": "response.output_text.delta", **place, "delta": delta}
    added = {**whole["output"][1], "arguments": ""}
    yield {"type": "response.output_item.added", "output_index": 1, "item": added}
    where = {"item_id": "f-1", "output_index": 1}
    yield {"type": "response.function_call_arguments.delta", **where, "delta": whole["output"][1]["arguments"]}
    yield {"type": "response.output_item.done", "output_index": 1, "item": whole["output"][1]}
    yield {"type": "response.completed", "response": whole}
