"""Slow work side by side: threads for a synchronous call, tasks for an asynchronous one.

Both kinds of `Crew` begin their jobs when they are made, at most `_MOST` at a time. Waiting for one ends when all of its
jobs ended, or when one ended in a way that makes the others pointless: those are then cancelled. A thread cannot be
cancelled: it runs on by itself, as a daemon that no end of a process waits for, and what it returns is thrown away.

A job that takes longer than its `timeout_s` ends with a `TimeoutError`; its time begins when it is begun.
"""

from __future__ import annotations

import contextvars
import enum
import itertools
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, TypeAlias

from genai_guard.guards.bounded import TooManyStuck

if TYPE_CHECKING:
    import asyncio

__all__ = ["UNDONE", "Crew", "Job", "Result", "Tasks", "Threads"]

_MOST: Final = 32
"""Jobs of one crew that run at a time."""
_MOST_THREADS: Final = 512
"""Threads of the process that may be at work, those included that nobody waits for any more."""


class _Undone(enum.Enum):
    UNDONE = enum.auto()


UNDONE: Final = _Undone.UNDONE
Result: TypeAlias = Any
"""What a job returned, the exception that it raised, or `UNDONE` if it did not come to an end."""

Ends: TypeAlias = Callable[[int, Result], bool]
"""Told the number of a job and its result: whether the other jobs have become pointless."""


class Job(NamedTuple):
    """Something to do.

    Attributes:
        run: What to call.
        args: Its arguments.
        is_async: Whether what it returns is awaited.
        timeout_s: Seconds that it may take; None for as long as it likes.
    """

    run: Callable[..., Any]
    args: tuple[Any, ...] = ()
    is_async: bool = False
    timeout_s: float | None = None


class Crew(Protocol):
    """Jobs that are being done."""

    def wait(self) -> Any:
        """Return the result of each job, in their order; a coroutine of that for tasks."""
        ...

    def cancel(self) -> None:
        """Give up what has not ended."""
        ...


class Threads:
    """Jobs in threads of their own, for a caller who blocks."""

    def __init__(self, jobs: Sequence[Job], ends: Ends) -> None:
        self._jobs: Final = jobs
        self._ends: Final = ends
        self._results: list[Result] = [UNDONE] * len(jobs)
        self._done: queue.SimpleQueue[tuple[int, Result]] = queue.SimpleQueue()
        self._waiting = deque(enumerate(jobs))
        self._deadlines: dict[int, float] = {}
        for _ in range(min(_MOST, len(jobs))):
            self._begin()

    def wait(self) -> list[Result]:
        """Return the result of each job, in their order; `UNDONE` for those that did not come to an end."""
        while self._deadlines:
            number, result = self._next()
            if self._deadlines.pop(number, None) is None:  # it was too late
                continue
            if isinstance(result, BaseException) and not isinstance(result, Exception):
                self.cancel()
                raise result
            self._results[number] = result
            if self._ends(number, result):
                self.cancel()
            elif self._waiting:
                self._begin()
        return self._results

    def cancel(self) -> None:
        """Give up what has not ended."""
        self._waiting.clear()
        self._deadlines.clear()

    def _begin(self) -> None:
        number, job = self._waiting.popleft()
        self._deadlines[number] = float("inf") if job.timeout_s is None else time.monotonic() + job.timeout_s
        done = self._done.put
        in_thread(job.run, job.args, lambda result: done((number, result)))

    def _next(self) -> tuple[int, Result]:
        """Return the next result, be it that the time of a job is over."""
        number = min(self._deadlines, key=self._deadlines.__getitem__)
        deadline = self._deadlines[number]
        if deadline == float("inf"):
            return self._done.get()
        try:
            return self._done.get(timeout=max(deadline - time.monotonic(), 0))
        except queue.Empty:
            return number, TimeoutError()


class Tasks:
    """Jobs as tasks of the running event loop; those that are not asynchronous go to threads of their own."""

    def __init__(self, jobs: Sequence[Job], ends: Ends) -> None:
        import asyncio  # noqa: PLC0415  already loaded by whoever awaits; not worth 46 ms of everybody's import

        self._ends: Final = ends
        self._results: list[Result] = [UNDONE] * len(jobs)
        self._places: Final = asyncio.Semaphore(_MOST)
        self._tasks: dict[asyncio.Task[Any], int] = {
            asyncio.ensure_future(self._run(job)): number for number, job in enumerate(jobs)
        }

    async def wait(self) -> list[Result]:
        """Return the result of each job, in their order; `UNDONE` for those that did not come to an end."""
        import asyncio  # noqa: PLC0415  as above

        try:
            while self._tasks:
                done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
                over = [self._take(task) for task in done]
                if any(over):
                    break
        finally:
            await self._give_up()
        return self._results

    async def around(self, run: Callable[..., Any], args: tuple[Any, ...], kwargs: Any) -> tuple[Any, list[Result]]:
        """Await `run(...)` beside the jobs; return what it returned, and their results.

        When a job ends in a way that makes the others pointless, `run` is cancelled and None stands for its result.
        """
        import asyncio  # noqa: PLC0415  as above

        main: asyncio.Task[Any] = asyncio.ensure_future(_coroutine(run(*args, **kwargs)))
        rest: asyncio.Task[list[Result]] = asyncio.ensure_future(self.wait())
        try:
            await asyncio.wait((main, rest), return_when=asyncio.FIRST_COMPLETED)
            if rest.done() and not main.done() and self._is_over(rest.result()):
                return None, rest.result()
            return await main, await rest
        finally:
            for task in (main, rest):
                task.cancel()
            await asyncio.wait((main, rest))
            for task in (main, rest):
                if not task.cancelled():
                    task.exception()  # seen; what is to be raised is raised above

    def cancel(self) -> None:
        """Give up what has not ended."""
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()

    def _is_over(self, results: Sequence[Result]) -> bool:
        return any(self._ends(number, result) for number, result in enumerate(results))

    def _take(self, task: asyncio.Task[Any]) -> bool:
        number = self._tasks.pop(task)
        if task.cancelled():
            return False
        error = task.exception()
        if error is not None and not isinstance(error, Exception):
            raise error
        self._results[number] = result = task.result() if error is None else error
        return self._ends(number, result)

    async def _give_up(self) -> None:
        """Cancel what is left, and see it end: nothing of a call outlives it."""
        import asyncio  # noqa: PLC0415  as above

        left = list(self._tasks)
        self.cancel()
        if left:
            await asyncio.wait(left)

    async def _run(self, job: Job) -> Any:
        import asyncio  # noqa: PLC0415  as above

        async with self._places:
            work = job.run(*job.args) if job.is_async else _awaited_thread(job)
            return await asyncio.wait_for(work, job.timeout_s)


_numbers: Final = itertools.count(1)
_alive: Final = threading.Semaphore(_MOST_THREADS)


def in_thread(run: Callable[..., Any], args: tuple[Any, ...], done: Callable[[Result], object]) -> None:
    """Call `run` in a daemon thread with the context variables of the caller, and `done` with what became of it.

    Where `_MOST_THREADS` of the process have not come to an end, that is a `TooManyStuck`.
    """
    if not _alive.acquire(blocking=False):
        done(TooManyStuck(_MOST_THREADS))
        return
    context = contextvars.copy_context()

    def work() -> None:
        try:
            result: Result = context.run(run, *args)
        except BaseException as error:  # noqa: BLE001  it belongs to whoever waits
            result = error
        finally:
            _alive.release()
        done(result)

    threading.Thread(target=work, name=f"genai_guard-{next(_numbers)}", daemon=True).start()


async def _awaited_thread(job: Job) -> Any:
    """Run a job in a thread. Unlike those of `asyncio.to_thread`, none keeps an event loop from closing."""
    import asyncio  # noqa: PLC0415  as above

    loop = asyncio.get_running_loop()
    future: asyncio.Future[Result] = loop.create_future()

    def settle(result: Result) -> None:
        if not future.done():
            future.set_result(result)

    def done(result: Result) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, result)

    in_thread(job.run, job.args, done)
    result = await future
    if isinstance(result, BaseException):
        raise result
    return result


def _coroutine(value: Any) -> Coroutine[Any, Any, Any]:
    async def wait() -> Any:
        return await value

    return wait()
