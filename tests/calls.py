"""What the tests of the flow share: every kind of target, one way to call them all, a limiter that counts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from genai_guard import Limit, Pipeline, RateLimiter
from genai_guard.limits import Ticket
from genai_guard.recording.event import Event

WHOLE = ("def", "async def")
STREAMED = ("generator", "async generator", "def stream", "async def stream")
KINDS = (*WHOLE, *STREAMED)


class Events(list[Event]):
    """A recorder that keeps what it is told."""

    wants_text = True

    def record(self, event: Event) -> None:
        self.append(event)


class CountingLimiter:
    """A limiter that knows which of its tickets are open."""

    def __init__(self, *limits: Limit) -> None:
        self.inner = RateLimiter(*limits)
        self.needs_tokens = self.inner.needs_tokens
        self.keys = self.inner.keys
        self.on_error = self.inner.on_error
        self.open: list[Ticket] = []
        self.settled: list[int | None] = []

    def reserve(self, ticket: Ticket, **amounts: Any) -> Ticket:
        self.inner.reserve(ticket, **amounts)
        self.open.append(ticket)
        return ticket

    def settle(self, ticket: Ticket, *, tokens: int | None = None) -> bool:
        settled = self.inner.settle(ticket, tokens=tokens)
        if settled:
            self.open.remove(ticket)
            self.settled.append(tokens)
        return settled


class SdkStream:
    """A stream as SDKs return it: iterable, a context manager, closable."""

    def __init__(self, chunks: Iterable[Any]) -> None:
        self._chunks = iter(chunks)
        self.closed = False
        self.response = "the raw response"

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return next(self._chunks)

    def __enter__(self) -> SdkStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.closed = True


class AsyncSdkStream:
    """The same for `async for`."""

    def __init__(self, chunks: Iterable[Any]) -> None:
        self._chunks = iter(chunks)
        self.closed = False
        self.response = "the raw response"

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        try:
            return next(self._chunks)
        except StopIteration:
            raise StopAsyncIteration from None

    async def __aenter__(self) -> AsyncSdkStream:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        self.closed = True


def raising(chunks: Sequence[Any]) -> Iterator[Any]:
    """Yield chunks; raise the one that is an exception."""
    for chunk in chunks:
        if isinstance(chunk, BaseException):
            raise chunk
        yield chunk


def target(kind: str, chunks: Sequence[Any], seen: list[str] | None = None) -> Callable[..., Any]:
    """Return a target of a kind that answers with `chunks`, one after another or joined; an exception is raised."""
    prompts: list[str] = [] if seen is None else seen

    def whole(prompt: str) -> str:
        prompts.append(prompt)
        return "".join(raising(chunks))

    async def async_whole(prompt: str) -> str:
        await asyncio.sleep(0)
        return whole(prompt)

    def generator(prompt: str) -> Iterator[Any]:
        prompts.append(prompt)
        yield from raising(chunks)

    async def async_generator(prompt: str) -> AsyncIterator[Any]:
        prompts.append(prompt)
        for chunk in raising(chunks):
            await asyncio.sleep(0)
            yield chunk

    def stream(prompt: str) -> SdkStream:
        prompts.append(prompt)
        return SdkStream(raising(chunks))

    async def async_stream(prompt: str) -> AsyncSdkStream:
        prompts.append(prompt)
        return AsyncSdkStream(raising(chunks))

    return dict(
        zip(KINDS, (whole, async_whole, generator, async_generator, stream, async_stream), strict=True),
    )[kind]


def consume(kind: str, fn: Callable[..., Any], *args: Any, take: int | None = None, **kwargs: Any) -> str:
    """Call `fn` and join what comes out; with `take`, close a stream after so many chunks."""
    if kind.startswith("async"):
        return asyncio.run(_aconsume(kind, fn, args, kwargs, take))
    reply = fn(*args, **kwargs)
    if isinstance(reply, str):
        return reply
    pieces: list[str] = []
    with reply as stream:
        for chunk in stream:
            pieces.append(chunk)
            if take is not None and len(pieces) >= take:
                break
    return "".join(pieces)


async def _aconsume(kind: str, fn: Callable[..., Any], args: Any, kwargs: Any, take: int | None) -> str:
    reply = fn(*args, **kwargs)
    if kind != "async generator":
        reply = await reply
    if isinstance(reply, str):
        return reply
    pieces: list[str] = []
    async with reply as stream:
        async for chunk in stream:
            pieces.append(chunk)
            if take is not None and len(pieces) >= take:
                break
    return "".join(pieces)


@dataclass
class World:
    """A pipeline with everything around it that a test asks about."""

    limits: tuple[Limit, ...] = (Limit.tokens(1_000_000, per="minute"),)
    parts: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.events = Events()
        self.limiter = CountingLimiter(*self.limits)
        self.pipeline = Pipeline(limiter=self.limiter, recorder=self.events, **self.parts)  # type: ignore[arg-type]

    @property
    def event(self) -> Event:
        assert len(self.events) == 1, f"{len(self.events)} events"
        return self.events[0]
