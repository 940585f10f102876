"""The shapes in which a model answers, whole and in chunks, and how a reader puts a streamed answer together."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from random import Random
from typing import Any, Final, NamedTuple, TypeAlias

from calls import AsyncSdkStream, SdkStream
from genai_guard import GuardBlocked, Pipeline
from genai_guard.recording.event import Event

__all__ = ["SHAPES", "Answer", "Ending", "Shape", "ask", "ask_streamed"]

Texts: TypeAlias = Mapping[str, str]
Pieces: TypeAlias = Mapping[str, Sequence[str]]
Json: TypeAlias = dict[str, Any]


class Shape(NamedTuple):
    """One way to answer.

    Attributes:
        places: Names of the texts of an answer; those that begin with `arguments` hold JSON.
        whole: Makes an answer of its texts.
        read: Returns the texts of a whole answer.
        chunks: Makes the chunks of an answer; the pieces of its texts are interleaved where the provider does so.
        join: Returns the texts that a reader has after these chunks.
    """

    places: tuple[str, ...]
    whole: Callable[[Texts], Any]
    read: Callable[[Any], Texts]
    chunks: Callable[[Pieces, Random], list[Any]]
    join: Callable[[Iterable[Any]], Texts]


class Ending(NamedTuple):
    """How a call ended: what its reader has, what was recorded, and what stopped it."""

    texts: Texts
    event: Event
    error: Exception | None


Answer: TypeAlias = Callable[[str], Any]


def ask(pipeline: Pipeline, events: list[Event], shape: Shape, texts: Texts) -> Ending:
    """Ask a model that answers as a whole."""

    def model(prompt: str) -> Any:
        return shape.whole(texts)

    try:
        reply, error = pipeline.wrap(model)("hello"), None
    except GuardBlocked as stopped:
        reply, error = None, stopped
    return Ending({} if reply is None else shape.read(reply), events.pop(), error)


def ask_streamed(
    pipeline: Pipeline, events: list[Event], shape: Shape, chunks: Sequence[Any], *, kind: str = "generator"
) -> Ending:
    """Ask a model that streams, as a generator or as the stream of an SDK, synchronous or not; read all that comes."""
    received: list[Any] = []
    stopped: Exception | None = None
    try:
        if kind.startswith("async"):
            asyncio.run(_collect(pipeline, chunks, kind, received))
        else:
            received.extend(pipeline.wrap(_model(chunks, kind))("hello"))
    except GuardBlocked as blocked:
        stopped = blocked
    return Ending(shape.join(received), events.pop(), stopped)


def _model(chunks: Sequence[Any], kind: str) -> Answer:
    def generator(prompt: str) -> Iterator[Any]:
        yield from chunks

    def stream(prompt: str) -> SdkStream:
        return SdkStream(chunks)

    return generator if kind == "generator" else stream


async def _collect(pipeline: Pipeline, chunks: Sequence[Any], kind: str, into: list[Any]) -> None:
    async def generator(prompt: str) -> AsyncIterator[Any]:
        for chunk in chunks:
            yield chunk

    async def stream(prompt: str) -> AsyncSdkStream:
        return AsyncSdkStream(chunks)

    opened: Any = (
        pipeline.wrap(generator)("hello") if kind == "async generator" else await pipeline.wrap(stream)("hello")
    )
    async for chunk in opened:
        into.append(chunk)


# --- plain text -------------------------------------------------------------------------------------------------------


def _plain_chunks(pieces: Pieces, _rng: Random) -> list[Any]:
    return list(pieces["content"])


# --- chat completions -------------------------------------------------------------------------------------------------


def _function(arguments: str) -> Json:
    return {"id": "call_1", "type": "function", "function": {"name": "send", "arguments": arguments}}


def _chat(texts: Texts) -> Json:
    def choice(index: int) -> Json:
        called = [_function(texts[f"arguments {index}"])]
        message = {"role": "assistant", "content": texts[f"content {index}"], "tool_calls": called}
        return {"index": index, "message": message, "finish_reason": "tool_calls"}

    return {"object": "chat.completion", "model": "m", "choices": [choice(0), choice(1)]}


def _read_chat(reply: Json) -> Texts:
    texts: dict[str, str] = {}
    for choice in reply["choices"]:
        texts[f"content {choice['index']}"] = choice["message"]["content"]
        texts[f"arguments {choice['index']}"] = choice["message"]["tool_calls"][0]["function"]["arguments"]
    return texts


def _chat_chunk(index: int, delta: Json, finish: str | None = None) -> Json:
    choice = {"index": index, "delta": delta, "finish_reason": finish}
    return {"object": "chat.completion.chunk", "model": "m", "choices": [choice], "usage": None}


def _chat_delta(place: str, piece: str) -> Json:
    kind, index = place.split()
    if kind == "content":
        return _chat_chunk(int(index), {"content": piece})
    return _chat_chunk(int(index), {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]})


def _chat_chunks(pieces: Pieces, rng: Random) -> list[Any]:
    first = [
        _chat_chunk(index, {"role": "assistant", "content": "", "tool_calls": [_function("") | {"index": 0}]})
        for index in (0, 1)
    ]
    last = [_chat_chunk(index, {}, "tool_calls") for index in (0, 1)]
    return [*first, *(_chat_delta(*each) for each in _interleaved(pieces, rng)), *last]


def _join_chat(chunks: Iterable[Any]) -> Texts:
    texts: dict[str, str] = defaultdict(str)
    for chunk in chunks:
        for choice in chunk["choices"]:
            texts[f"content {choice['index']}"] += choice["delta"].get("content") or ""
            for call in choice["delta"].get("tool_calls") or ():
                texts[f"arguments {choice['index']}"] += call["function"].get("arguments") or ""
    return texts


# --- messages ---------------------------------------------------------------------------------------------------------


def _message(texts: Texts) -> Json:
    blocks = [
        {"type": "text", "text": texts["content 0"]},
        {"type": "tool_use", "id": "t", "name": "send", "input": json.loads(texts["arguments 1"])},
        {"type": "text", "text": texts["content 2"]},
    ]
    usage = {"input_tokens": 1, "output_tokens": 1}
    return {"type": "message", "role": "assistant", "model": "m", "content": blocks, "usage": usage}


def _read_message(reply: Json) -> Texts:
    first, called, last = reply["content"]
    return {"content 0": first["text"], "arguments 1": _written(called["input"]), "content 2": last["text"]}


def _message_chunks(pieces: Pieces, _rng: Random) -> list[Any]:
    usage = {"input_tokens": 1, "output_tokens": 1}
    start = {"type": "message", "role": "assistant", "model": "m", "content": [], "usage": usage}
    events: list[Any] = [{"type": "message_start", "message": start}]
    for place, texts in pieces.items():
        kind, index = place.split()
        block: Json = {"type": "text", "text": ""}
        if kind == "arguments":
            block = {"type": "tool_use", "id": "t", "name": "send", "input": {}}
        kinds = ("text_delta", "text") if kind == "content" else ("input_json_delta", "partial_json")
        events.append({"type": "content_block_start", "index": int(index), "content_block": block})
        events += [
            {"type": "content_block_delta", "index": int(index), "delta": {"type": kinds[0], kinds[1]: text}}
            for text in texts
        ]
        events.append({"type": "content_block_stop", "index": int(index)})
    return [*events, {"type": "message_delta", "delta": {"stop_reason": "end_turn"}}, {"type": "message_stop"}]


def _join_message(events: Iterable[Any]) -> Texts:
    texts: dict[str, str] = defaultdict(str)
    for event in events:
        if event["type"] == "content_block_delta":
            delta = event["delta"]
            kind = "content" if "text" in delta else "arguments"
            texts[f"{kind} {event['index']}"] += delta.get("text", "") + delta.get("partial_json", "")
    return texts


def _interleaved(pieces: Pieces, rng: Random) -> Iterator[tuple[str, str]]:
    waiting = {place: list(texts) for place, texts in pieces.items() if texts}
    while waiting:
        place = rng.choice(list(waiting))
        yield place, waiting[place].pop(0)
        if not waiting[place]:
            del waiting[place]


def _written(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


SHAPES: Final[Mapping[str, Shape]] = {
    "text": Shape(
        ("content",),
        lambda texts: texts["content"],
        lambda reply: {"content": reply},
        _plain_chunks,
        lambda chunks: {"content": "".join(chunks)},
    ),
    "chat": Shape(
        ("content 0", "content 1", "arguments 0", "arguments 1"), _chat, _read_chat, _chat_chunks, _join_chat
    ),
    "message": Shape(
        ("content 0", "arguments 1", "content 2"), _message, _read_message, _message_chunks, _join_message
    ),
}
