"""Rows through a function in threads."""

from __future__ import annotations

import operator
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, Final, Generic, Self, TypeVar, cast

from genai_guard.batch.course import Course, Job
from genai_guard.batch.crew import Crew, Wait
from genai_guard.batch.result import RowResult
from genai_guard.batch.settings import Options, Settings
from genai_guard.batch.target import Target, target_of
from genai_guard.drive import is_collecting, watch_collector
from genai_guard.errors import ConfigurationError
from genai_guard.plan import Plan

__all__ = ["Batch", "batch_of", "total_of"]

R = TypeVar("R")


class Batch(Iterator[RowResult[R]], Generic[R]):
    """The results of rows, as `Pipeline.map` returns them: an iterator, and a context manager that closes it.

    Nothing happens before the first result is asked for. Rows are read by whoever asks for results, in the same thread,
    never more ahead than the window is wide.

    When it is closed, or dropped, or an error leaves it, no further row begins; it waits for calls that have begun, so
    that they settle and none of its threads is left.
    """

    def __init__(
        self,
        rows: Iterable[Any],
        target: Target,
        settings: Settings,
        *,
        clock: Callable[[], float] = time.monotonic,
        wait: Wait = threading.Condition.wait,
    ) -> None:
        """Get ready. Made by `Pipeline.map`.

        Raises:
            ConfigurationError: the rows cannot be iterated over, or the checkpoint is that of another run.
        """
        if not isinstance(rows, Iterable):
            raise ConfigurationError(f"map(rows): takes an iterable of rows, not {type(rows).__name__}")
        self._rows: Final = iter(rows)
        self._course: Final = Course(target, settings, total=total_of(rows), clock=clock)
        self._crew: Final = Crew[Job, RowResult[Any]](settings.concurrency, self._course.run, clock=clock, wait=wait)
        self._closed = False
        watch_collector()

    def __next__(self) -> RowResult[R]:
        if self._closed:
            raise StopIteration
        try:
            self._course.acknowledge()
            return cast("RowResult[R]", self._result())
        except BaseException:  # StopIteration included
            self.close()
            raise

    def close(self) -> None:
        """End the run; a second call does nothing. The result that was taken last is called again by a next run."""
        self._closed = True
        self._crew.end()
        self._course.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None and not self._closed:
                self._course.acknowledge()
        finally:
            self.close()

    def __del__(self) -> None:
        if "_crew" not in self.__dict__ or self._closed or sys.is_finalizing():
            return
        if is_collecting():  # whoever has begun a call may need a lock that this thread holds
            self._crew.stop()
        else:
            self.close()

    def _result(self) -> RowResult[Any]:
        course = self._course
        while True:
            self._read()
            result = course.hand_out()
            if result is not None:
                return result
            if not course.window.running:
                raise StopIteration if course.failure is None else course.failure
            job, ended = self._crew.next()
            course.settle(job, ended)

    def _read(self) -> None:
        """Let rows begin as long as there is room; an error in reading them waits until the others were handed out."""
        course = self._course
        while not course.ended and course.window.has_room:
            try:
                job = course.admit(next(self._rows))
            except StopIteration:
                course.stop()
            except Exception as error:  # noqa: BLE001  it is raised later
                course.stop(error)
            else:
                if job is not None:
                    self._crew.give(job)


def batch_of(
    rows: Iterable[Any],
    fn: Callable[..., Any] | None,
    shells: Collection[Callable[..., Any]],
    plan_of: Callable[[Callable[..., Any]], Plan],
    options: Options,
) -> Batch[Any]:
    """Return what `Pipeline.map` does; `shells` and `plan_of` are those of the pipeline."""
    return Batch(rows, target_of(fn, shells, plan_of, is_async=False), Settings.of(**options))


def total_of(rows: object) -> int | None:
    """Return how many rows there are; None where nobody knows."""
    try:
        return operator.length_hint(rows, -1) if hasattr(rows, "__len__") else None
    except TypeError:
        return None
