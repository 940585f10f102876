"""Guarded streams as server-sent events, the format of `text/event-stream` in the HTML standard."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from typing import Any, Final, cast

from genai_guard.awaiting import in_thread
from genai_guard.drive import AsyncStream
from genai_guard.errors import ConfigurationError
from genai_guard.integrations.asgi.problems import Problem, Problems, error_in
from genai_guard.outcome import Outcome

__all__ = ["Encode", "as_json", "error_event", "events", "opened", "outcome_data", "server_sent_event"]

Encode = Callable[[Any], str | None]
"""From a chunk to the data of its event; None or an empty string for no event."""

_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_END: Final = object()
_NO_PROBLEMS: Final = Problems()


def server_sent_event(data: str, *, name: str = "") -> bytes:
    """Return an event. A reader gets `data` as it is, but for the kind of its line ends."""
    if "\n" in data or "\r" in data:  # never in JSON
        data = "\ndata: ".join(_LINE_END.split(data))
    event = f"event: {name}\n" if name else ""
    return f"{event}data: {data}\n\n".encode("utf-8", "replace")


def as_json(chunk: Any) -> str:
    """Return a chunk as JSON: a text as `{"text": ...}`, an object of a client as its own.

    Raises:
        ConfigurationError: there is no JSON for such a chunk.
    """
    if isinstance(chunk, str):
        return json.dumps({"text": chunk}, ensure_ascii=False)
    if hasattr(chunk, "model_dump_json"):  # of pydantic, as with all clients of OpenAI's kind
        return cast("str", chunk.model_dump_json(exclude_unset=True))
    value = dataclasses.asdict(chunk) if dataclasses.is_dataclass(chunk) and not isinstance(chunk, type) else chunk
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        raise ConfigurationError(
            f"no JSON for a chunk of type {type(chunk).__name__}: pass encode=, a function that returns a string"
        ) from None


def outcome_data(outcome: Outcome[Any]) -> dict[str, Any]:
    """Return what a page may want to know of a call: its id, for feedback, its tokens, and what guards did to it."""
    usage = outcome.usage
    found = [
        {
            "guard": verdict.guard,
            "action": str(verdict.action),
            "categories": sorted({f.category for f in verdict.findings}),
        }
        for verdict in outcome.verdicts
        if verdict.mode == "enforce" and verdict.findings
    ]
    tokens = {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens}
    return {"request_id": outcome.request_id, **tokens, "guards": found}


async def events(
    stream: Any, *, encode: Encode = as_json, problems: Problems = _NO_PROBLEMS, last: Callable[[], bytes] | None = None
) -> AsyncGenerator[bytes]:
    """Yield the events of a stream, for the streaming answer of any framework.

    What a pipeline raises before the first chunk is raised here too. Once there has been an event, an answer has begun,
    and it is told by a last event `error`, whose data is the problem. Anything else that the stream raises is told so
    as well, without a word of what it was, and is then raised.

    The stream is closed in any case, and its call is `abandoned` if that is before its end: however the reader went
    away, and whether it is noticed by a cancellation or not. A synchronous one is read in threads.

    Args:
        stream: A guarded stream, or an `Outcome` whose value is one; then a last event `done` has its `outcome_data`.
        encode: Makes the data of an event out of a chunk.
        problems: What errors look like.
        last: The last event, at the end of a stream that went well.
    """
    outcome = _outcome(stream)
    source: Any = stream if outcome is None else outcome.value
    if last is None and outcome is not None:
        last = _done(outcome)
    if isinstance(source, AsyncStream):
        source.abandon_when_cancelled()
    chunks = _asynchronous(source)
    began = False
    try:
        async for chunk in chunks:
            data = encode(chunk)
            if data:
                began = True
                yield server_sent_event(data)
        if last is not None:
            yield last()
    except Exception as error:
        if not began:
            raise
        ours = error_in(error)
        yield error_event(problems.broken() if ours is None else problems.of(ours) or problems.broken())
        if ours is None:
            raise
    finally:
        await _close(source)


async def opened(frames: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """Await the first event, and return all of them: what is refused is refused before an answer has begun.

    Raises:
        Rejected: the policy said no.
    """
    first = await anext(frames, b"")

    async def all_of_them() -> AsyncGenerator[bytes]:
        try:
            yield b""  # closing a generator that has not begun would close nothing
            if first:
                yield first
            async for frame in frames:
                yield frame
        finally:
            await frames.aclose()

    begun = all_of_them()
    await anext(begun)
    return begun


def error_event(problem: Problem) -> bytes:
    """Return the event that says why there will be no further."""
    return server_sent_event(json.dumps(problem.as_dict(), ensure_ascii=False), name="error")


def _outcome(stream: Any) -> Outcome[Any] | None:
    known: Outcome[Any] | None = stream
    return known if isinstance(stream, Outcome) else None


def _done(outcome: Outcome[Any]) -> Callable[[], bytes]:
    return lambda: server_sent_event(json.dumps(outcome_data(outcome), ensure_ascii=False), name="done")


def _asynchronous(source: Any) -> AsyncIterator[Any]:
    if hasattr(source, "__aiter__"):
        return aiter(source)
    if hasattr(source, "__iter__") and not issubclass(type(source), str | bytes | Mapping):
        return _in_threads(iter(source))
    raise ConfigurationError(
        f"a {type(source).__name__} is no stream: give a generator, or what a stream=True call returns"
    )


async def _in_threads(chunks: Iterator[Any]) -> AsyncIterator[Any]:
    while (chunk := await in_thread(next, chunks, _END)) is not _END:
        yield chunk


async def _close(source: Any) -> None:
    close = getattr(source, "aclose", None) or getattr(source, "close", None)
    if close is None:
        return
    if inspect.iscoroutinefunction(close) or hasattr(source, "aclose"):
        await close()
    else:
        await in_thread(close)
