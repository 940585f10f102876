"""Models that are logged by their names, and served by another process that has this file alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

__all__ = ["answer", "broken", "chat", "tool_call"]


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
