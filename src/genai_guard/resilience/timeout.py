"""Timeouts: how long a call may take, each attempt of it, and its first token."""

from __future__ import annotations

import queue
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from genai_guard.concurrently import Result, in_thread
from genai_guard.effects import END
from genai_guard.errors import CallTimeout, ConfigurationError
from genai_guard.resilience.checks import check_seconds

__all__ = ["FOREVER", "AsyncChunks", "Bound", "Deadline", "TimedChunks", "Timeout", "in_time", "in_time_async"]

FOREVER: Final = float("inf")
_LONGEST_S: Final = 1e6
"""A longer wait than this is more than a lock can be told to; eleven days are as good as forever."""


@dataclass(frozen=True)
class Timeout:
    """How long a call may take.

    An asynchronous call is cancelled when its time is over. A synchronous one cannot be: it runs in a daemon thread,
    which is left behind, and what it returns is thrown away. At most 512 such threads are at work in a process; where
    there are more, a call fails with `TooManyStuck` at once. Give the client of the provider a timeout of its own
    besides, a little longer, so that they come to an end.

    Without a `Timeout` no thread is used.

    Args:
        total_s: From the beginning of the call to its end: all attempts, the waits between them, and the whole of a
            stream.
        attempt_s: Of one attempt: to its reply, or the first chunk of a stream.
        first_token_s: From the beginning of an attempt to the first chunk of its stream; nothing for whole replies.

    Raises:
        ConfigurationError: one is no number above zero, or all are None.
    """

    total_s: float | None = None
    attempt_s: float | None = field(default=None, kw_only=True)
    first_token_s: float | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        stated = {"total_s": self.total_s, "attempt_s": self.attempt_s, "first_token_s": self.first_token_s}
        for name, seconds in stated.items():
            if seconds is not None:
                check_seconds(f"Timeout({name}", seconds)
        if all(seconds is None for seconds in stated.values()):
            raise ConfigurationError("Timeout(): takes at least one of total_s, attempt_s and first_token_s")


class Deadline:
    """When a call has to be over, by a clock."""

    __slots__ = ("_at", "_clock", "total_s")

    def __init__(self, clock: Callable[[], float], total_s: float | None, passed_s: float) -> None:
        self.total_s: Final = FOREVER if total_s is None else total_s
        self._clock = clock
        self._at = FOREVER if total_s is None else clock() + total_s - passed_s

    @property
    def left_s(self) -> float:
        """Seconds that are left; infinite without a deadline."""
        return FOREVER if self._at == FOREVER else self._at - self._clock()

    def error(self) -> CallTimeout:
        """Return what is raised when it has passed."""
        return CallTimeout("total_s", self.total_s)


class Bound:
    """What bounds one wait: the shortest of several times, and what to raise when it is over."""

    __slots__ = ("left_s", "name", "seconds")

    def __init__(self, deadline: Deadline) -> None:
        self.left_s: float = deadline.left_s
        self.name, self.seconds = "total_s", deadline.total_s

    def within(self, name: str, seconds: float | None, passed_s: float = 0.0) -> Bound:
        """Bound the wait by one time more, of which some has passed."""
        if seconds is not None and seconds - passed_s < self.left_s:
            self.left_s, self.name, self.seconds = seconds - passed_s, name, seconds
        return self

    def error(self) -> CallTimeout:
        """Return what is raised when it is over."""
        return CallTimeout(self.name, self.seconds)


def in_time(bound: Bound, run: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Call `run` in a thread; leave it behind when the time is over.

    Raises:
        CallTimeout: it is.
        TooManyStuck: too many threads were left behind.
    """
    if bound.left_s <= 0:
        raise bound.error()
    done: queue.SimpleQueue[Result] = queue.SimpleQueue()
    in_thread(lambda: (run(*args, **kwargs),), (), done.put)
    try:
        result = done.get(timeout=min(bound.left_s, _LONGEST_S))
    except queue.Empty:
        raise bound.error() from None
    if isinstance(result, BaseException):
        raise result
    return result[0]


async def in_time_async(bound: Bound, run: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Await `run(...)`; cancel it when the time is over.

    Raises:
        CallTimeout: it is.
    """
    import asyncio  # noqa: PLC0415  already loaded by whoever awaits; not worth 46 ms of everybody's import

    if bound.left_s <= 0:
        raise bound.error()
    timer = asyncio.timeout(None if bound.left_s == FOREVER else bound.left_s)
    try:
        async with timer:
            return await run(*args, **kwargs)
    except TimeoutError:
        if timer.expired():
            raise bound.error() from None
        raise


class TimedChunks:
    """Chunks of a synchronous stream, the first of which is there, each to come before a deadline."""

    def __init__(self, first: Any, chunks: Iterator[Any], deadline: Deadline) -> None:
        self._first, self._chunks, self._deadline = first, chunks, deadline

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if self._first is not END:
            chunk, self._first = self._first, END
            return chunk
        chunk = in_time(Bound(self._deadline), next, (self._chunks, END), {})
        if chunk is END:
            raise StopIteration
        return chunk


class AsyncChunks:
    """Chunks of an asynchronous stream, the first of which is there, each to come before a deadline if there is one."""

    def __init__(self, first: Any, chunks: AsyncIterator[Any], deadline: Deadline) -> None:
        self._first, self._chunks, self._deadline = first, chunks, deadline

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        if self._first is not END:
            chunk, self._first = self._first, END
            return chunk
        if self._deadline.left_s == FOREVER:
            return await anext(self._chunks)
        return await in_time_async(Bound(self._deadline), anext, (self._chunks,), {})
