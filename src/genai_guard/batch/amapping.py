"""Rows through an asynchronous function in tasks."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable, Collection, Iterable
from typing import TYPE_CHECKING, Any, Final, Generic, Self, TypeVar, cast

from genai_guard.batch.course import Course, Job
from genai_guard.batch.mapping import total_of
from genai_guard.batch.result import Later, RowResult
from genai_guard.batch.settings import Options, Settings
from genai_guard.batch.target import Target, target_of
from genai_guard.errors import ConfigurationError
from genai_guard.plan import Plan

if TYPE_CHECKING:
    import asyncio

__all__ = ["AsyncBatch", "async_batch_of"]

R = TypeVar("R")


class AsyncBatch(AsyncIterator[RowResult[R]], Generic[R]):
    """The results of rows, as `Pipeline.amap` returns them: an asynchronous `Batch`.

    When it is closed, or the task that reads it is cancelled, calls that have begun are cancelled, and settle.
    """

    def __init__(
        self,
        rows: Iterable[Any] | AsyncIterable[Any],
        target: Target,
        settings: Settings,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] | None = None,
    ) -> None:
        """Get ready. Made by `Pipeline.amap`.

        Raises:
            ConfigurationError: as for a `Batch`.
        """
        if not isinstance(rows, Iterable | AsyncIterable):
            raise ConfigurationError(f"amap(rows): takes an iterable of rows, not {type(rows).__name__}")
        self._course: Final = Course(target, settings, total=total_of(rows), clock=clock)
        self._results: Final = _results(_Loop(rows, self._course, sleep))
        self._closed = False

    async def __anext__(self) -> RowResult[R]:
        return cast("RowResult[R]", await self._results.__anext__())

    async def aclose(self) -> None:
        """End the run; a second call does nothing. The result that was taken last is called again by a next run."""
        self._closed = True
        await self._results.aclose()
        self._course.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None and not self._closed:
                self._course.acknowledge()
        finally:
            await self.aclose()


def async_batch_of(
    rows: Iterable[Any] | AsyncIterable[Any],
    fn: Callable[..., Any] | None,
    shells: Collection[Callable[..., Any]],
    plan_of: Callable[[Callable[..., Any]], Plan],
    options: Options,
) -> AsyncBatch[Any]:
    """Return what `Pipeline.amap` does; `shells` and `plan_of` are those of the pipeline."""
    return AsyncBatch(rows, target_of(fn, shells, plan_of, is_async=True), Settings.of(**options))


async def _results(loop: _Loop) -> AsyncGenerator[RowResult[Any], None]:
    """A generator, because event loops close those that are dropped."""
    loop.begin()
    try:
        while (result := await loop.result()) is not None:
            yield result
            loop.course.acknowledge()
    finally:
        await loop.end()


class _Loop:
    """The tasks of a run: one that reads rows, and one for each row that is under way."""

    def __init__(
        self,
        rows: Iterable[Any] | AsyncIterable[Any],
        course: Course,
        sleep: Callable[[float], Awaitable[object]] | None,
    ) -> None:
        self.course: Final = course
        self._rows: Final = rows
        self._sleep = sleep
        self._tasks: set[asyncio.Task[None]] = set()
        self._broken: BaseException | None = None
        self._ending = False
        self._reader: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Begin to read rows."""
        import asyncio  # noqa: PLC0415  already loaded by whoever awaits; not worth 46 ms of everybody's import

        self._sleep = self._sleep or asyncio.sleep
        self._places = asyncio.Semaphore(self.course.settings.concurrency)
        self._changed = asyncio.Event()
        self._taken = asyncio.Event()
        self._reader = asyncio.create_task(self._read())
        self._reader.add_done_callback(lambda _: self._changed.set())

    async def result(self) -> RowResult[Any] | None:
        """Return the next result; None after the last."""
        course = self.course
        while True:
            if self._broken is not None:
                raise self._broken
            result = course.hand_out()
            self._taken.set()
            if result is not None:
                return result
            if not course.window.running and (course.ended or (self._reader is not None and self._reader.done())):
                if course.failure is not None:
                    raise course.failure
                return None
            self._changed.clear()
            await self._changed.wait()

    async def end(self) -> None:
        """Cancel what has begun, and see it end."""
        import asyncio  # noqa: PLC0415  as above

        self._ending = True
        left = [task for task in (self._reader, *self._tasks) if task is not None and not task.done()]
        for task in left:
            task.cancel()
        try:
            if left:
                await asyncio.wait(left)
        finally:
            self.course.close()

    async def _read(self) -> None:
        course = self.course
        try:
            if isinstance(self._rows, AsyncIterable):
                async for row in self._rows:
                    if not await self._admit(row):
                        break
            else:
                for row in self._rows:
                    if not await self._admit(row):
                        break
        except BaseException as error:
            course.stop(error)  # it is raised when the others were handed out
            if self._ending:  # this run is what has cancelled it
                raise

    async def _admit(self, row: Any) -> bool:
        """Let a row begin, and wait until another may; false if none shall."""
        import asyncio  # noqa: PLC0415  as above

        course = self.course
        job = course.admit(row)
        if job is not None:
            task = asyncio.create_task(self._do(job))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self._changed.set()
        await asyncio.sleep(0)
        while not course.window.has_room and not course.ended:
            self._taken.clear()
            await self._taken.wait()
        return not course.ended

    async def _do(self, job: Job) -> None:
        import asyncio  # noqa: PLC0415  as above

        course = self.course
        try:
            result = await self._attempted(job)
            while isinstance(result, Later):
                await cast("Callable[[float], Awaitable[object]]", self._sleep)(result.wait_s)
                result = await self._attempted(job)
            course.settle(job, result)
        except asyncio.CancelledError as error:
            if self._ending:
                raise
            course.settle(job, RowResult(job.index, job.key, job.row, error=error))
        except BaseException as error:  # noqa: BLE001  it belongs to whoever reads the results
            self._broken = error
        finally:
            self._changed.set()

    async def _attempted(self, job: Job) -> RowResult[Any] | Later:
        async with self._places:
            return await self.course.aattempt(job)
