"""Replies of OpenAI's Responses, and the events in which they stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

USAGE = {
    "input_tokens": 11,
    "output_tokens": 22,
    "total_tokens": 33,
    "input_tokens_details": {"cached_tokens": 5, "cache_write_tokens": 0},
    "output_tokens_details": {"reasoning_tokens": 6},
}


def whole(*output: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a response with these items."""
    about = {"id": "resp_1", "object": "response", "created_at": 1, "model": "m-2", "status": "completed"}
    return {
        **about,
        "output": list(output),
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "usage": USAGE,
        **changes,
    }


def message(text: str, **more: Any) -> dict[str, Any]:
    """Return an item that says something."""
    part = {"type": "output_text", "text": text, "annotations": [], **more}
    return {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [part]}


def refusal(text: str) -> dict[str, Any]:
    """Return an item that refuses."""
    return {**message(""), "id": "msg_2", "content": [{"type": "refusal", "refusal": text}]}


def call(arguments: str, name: str = "send") -> dict[str, Any]:
    """Return an item that calls a function."""
    about = {"id": "fc_1", "type": "function_call", "call_id": "call_1", "name": name, "status": "completed"}
    return {**about, "arguments": arguments}


def reasoning(text: str) -> dict[str, Any]:
    """Return an item with a summary of what was thought."""
    return {"id": "rs_1", "type": "reasoning", "summary": [{"type": "summary_text", "text": text}]}


def streamed(reply: Mapping[str, Any], *, size: int = 4) -> list[dict[str, Any]]:
    """Return the events in which a response streams, its texts in pieces of `size` characters."""
    begun = {**reply, "status": "in_progress", "output": [], "usage": None}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": begun},
        {"type": "response.in_progress", "response": begun},
    ]
    for at, item in enumerate(reply["output"]):
        about: dict[str, Any] = {"output_index": at, "item_id": item["id"]}
        empty: dict[str, Any] = {key: [] if isinstance(value, list) else value for key, value in item.items()}
        empty = {**empty, **({"arguments": ""} if "arguments" in item else {}), "status": "in_progress"}
        events.append({"type": "response.output_item.added", "output_index": at, "item": empty})
        for one in _pieces(item, size):
            events.append({**one, **about})
        events.append({"type": "response.output_item.done", "output_index": at, "item": item})
    events.append({"type": "response.completed", "response": reply})
    return [{**event, "sequence_number": number} for number, event in enumerate(events)]


def _pieces(item: Mapping[str, Any], size: int) -> Iterator[dict[str, Any]]:
    if item["type"] == "function_call":
        kind = "response.function_call_arguments"
        yield from ({"type": f"{kind}.delta", "delta": piece} for piece in _cut(item["arguments"], size))
        yield {"type": f"{kind}.done", "arguments": item["arguments"], "name": item["name"]}
        return
    is_summary = item["type"] == "reasoning"
    field, part = ("summary", "reasoning_summary_part") if is_summary else ("content", "content_part")
    for at, content in enumerate(item[field]):
        index = {f"{field}_index": at}
        name = "refusal" if content["type"] == "refusal" else "text"
        kind = {"summary_text": "reasoning_summary_text"}.get(content["type"], content["type"])
        more: dict[str, Any] = {"logprobs": []} if kind == "output_text" else {}
        yield {"type": f"response.{part}.added", **index, "part": {**content, name: ""}}
        for piece in _cut(content[name], size):
            spelt = {"logprobs": [{"token": piece, "logprob": 0, "top_logprobs": []}]} if more else {}
            yield {"type": f"response.{kind}.delta", **index, "delta": piece, **spelt}
        yield {"type": f"response.{kind}.done", **index, name: content[name], **more}
        yield {"type": f"response.{part}.done", **index, "part": content}


def _cut(text: str, size: int) -> Sequence[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]
