"""What a run does with each row, whoever runs it: threads or tasks."""

from __future__ import annotations

import time
from collections.abc import AsyncIterable, Callable, Iterable, Mapping
from contextvars import Context, copy_context
from typing import Any, Final, cast

from genai_guard.batch.checkpoint import Ledger
from genai_guard.batch.progress import Progress
from genai_guard.batch.result import Later, RowResult
from genai_guard.batch.settings import Settings
from genai_guard.batch.target import Target
from genai_guard.batch.window import Window
from genai_guard.drive import AsyncStream, Stream
from genai_guard.errors import BreakerOpen, BudgetExceeded, ConfigurationError, RateLimited
from genai_guard.outcome import Call, Outcome
from genai_guard.shells import arun, run

__all__ = ["Course", "Job"]

_LEAST_WAIT_S: Final = 0.01
"""What is tried again at once would only be refused again."""


class Job:
    """A row that is under way."""

    __slots__ = ("context", "index", "key", "place", "row", "waited_s")

    def __init__(self, place: int, index: int, key: str | int | None, row: Any, context: Context) -> None:
        self.place: Final = place
        self.index: Final = index
        self.key: Final = key
        self.row: Final = row
        self.context: Final = context
        self.waited_s = 0.0


class Course:
    """The state of a run. `attempt` and `aattempt` may be called by many at once, the rest by one.

    Args:
        target: What is called for each row.
        settings: What the run was told.
        total: How many rows there are; None where nobody knows.
        clock: Seconds that only grow.
    """

    def __init__(
        self, target: Target, settings: Settings, *, total: int | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.settings: Final = settings
        self.window: Final = Window[RowResult[Any]](settings.window, ordered=settings.ordered)
        self.failure: BaseException | None = None
        self.ended = False
        self._target: Final = target
        self._rows = 0
        self._handed: RowResult[Any] | None = None
        self._progress: Final = Progress.on_terminal(total, clock=clock) if settings.progress else Progress(None)
        self._ledger: Final = None if settings.checkpoint is None else _ledger(settings, target)

    def stop(self, failure: BaseException | None = None) -> None:
        """Begin no row any more; what ended the input is raised when all that has begun was handed out."""
        self.ended = True
        self.failure = self.failure or failure

    def admit(self, row: Any) -> Job | None:
        """Let a row begin; None if an earlier run has done it."""
        index, self._rows = self._rows, self._rows + 1
        key = _key_of(self.settings.key, index, row)
        earlier = None if self._ledger is None else self._ledger.earlier(index, key, row)
        if earlier is None or self._ledger is None:
            return Job(self.window.begin(), index, key, row, copy_context())
        self._progress.skip()
        if self._ledger.keeps_results:
            self.window.end(self.window.begin(), earlier)
        return None

    def run(self, job: Job) -> RowResult[Any] | Later:
        """Do what `attempt` does, on behalf of whoever was calling when the row was read."""
        return job.context.run(self.attempt, job)

    def attempt(self, job: Job) -> RowResult[Any] | Later:
        """Call the function for a row; return its result, or when to try again."""
        call = Call(self._target.plan)
        try:
            value = _read(run(call, self._target.fn, *self._target.arguments(job.row)))
        except Exception as error:  # noqa: BLE001  it is the result of the row
            return self._failed(job, error, call)
        return self._done(job, value, call)

    async def aattempt(self, job: Job) -> RowResult[Any] | Later:
        """Await the function for a row; otherwise like `attempt`."""
        call, target = Call(self._target.plan), self._target
        try:
            args, kwargs = target.arguments(job.row)
            begin = arun if target.plan.awaits else run
            value = begin(call, target.fn, args, kwargs)
            if target.plan.awaits:
                value = await value
            if isinstance(value, AsyncStream):
                value = tuple([chunk async for chunk in cast("AsyncIterable[Any]", value)])
        except Exception as error:  # noqa: BLE001  as above
            return self._failed(job, error, call)
        return self._done(job, value, call)

    def settle(self, job: Job, result: RowResult[Any]) -> None:
        """Take the result of a row."""
        self.window.end(job.place, result)
        self._progress.step(ok=result.ok)
        if isinstance(result.error, BudgetExceeded) and self.settings.on_budget == "stop":
            self.stop(result.error)

    def hand_out(self) -> RowResult[Any] | None:
        """Return the next result, if there is one.

        Raises:
            BaseException: that of the row, if errors are to be raised.
        """
        result = self.window.take()
        if result is not None and result.error is not None and self.settings.errors == "raise":
            raise result.error
        self._handed = result
        return result

    def acknowledge(self) -> None:
        """Note that whoever was handed the latest result has done with it."""
        result, self._handed = self._handed, None
        if result is not None and self._ledger is not None and not self._ledger.keeps_results:
            self._ledger.note(result)

    def close(self) -> None:
        """End the run; what was handed out last has not been acknowledged unless `acknowledge` was called."""
        self.ended = True
        self._progress.close()
        if self._ledger is not None:
            self._ledger.close()

    def _failed(self, job: Job, error: Exception, call: Call) -> RowResult[Any] | Later:
        wait_s = _wait_s(error)
        if wait_s is not None and job.waited_s + wait_s <= self.settings.wait_s:
            job.waited_s += wait_s
            return Later(wait_s)
        return self._noted(RowResult(job.index, job.key, job.row, None, error, Outcome(None, call), job.waited_s))

    def _done(self, job: Job, value: Any, call: Call) -> RowResult[Any]:
        return self._noted(RowResult(job.index, job.key, job.row, value, None, Outcome(value, call), job.waited_s))

    def _noted(self, result: RowResult[Any]) -> RowResult[Any]:
        if self._ledger is not None and self._ledger.keeps_results:
            self._ledger.note(result)
        return result


def _read(value: Any) -> Any:
    """Read a stream to its end: its call is not over before."""
    if isinstance(value, AsyncStream):
        raise ConfigurationError("the function returns an asynchronous stream: make it an async def, and use amap(...)")
    return tuple(cast("Iterable[Any]", value)) if isinstance(value, Stream) else value


def _wait_s(error: Exception) -> float | None:
    """Return how long to wait before the same call may pass; None if waiting does not help."""
    if not isinstance(error, RateLimited | BreakerOpen) or error.retry_after_s is None:
        return None
    return max(error.retry_after_s, _LEAST_WAIT_S)


def _key_of(key: Any, index: int, row: Any) -> str | int | None:
    if key is None:
        return None
    if isinstance(key, str):
        if not isinstance(row, Mapping) or key not in row:
            raise ConfigurationError(f"row {index}: has no field {key!r} to know it by")
        found = cast("Mapping[str, Any]", row)[key]
    else:
        found = key(row)
    if isinstance(found, bool) or not isinstance(found, str | int):
        raise ConfigurationError(f"row {index}: its key must be a text or a whole number, not {type(found).__name__}")
    return found


def _ledger(settings: Settings, target: Target) -> Ledger:
    checkpoint = settings.checkpoint
    assert checkpoint is not None  # noqa: S101  for the type checkers; its caller looks
    plan = target.plan
    return Ledger(checkpoint, pipeline=plan.pipeline, function=target.name, by_key=settings.key is not None)
