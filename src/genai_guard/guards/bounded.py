"""Calls of somebody else's function that end in time, whether the function does or not.

A thread cannot be stopped. A call that takes too long is left behind in its daemon thread, which ends when the
function does. Only so many may be left behind: after that calls are refused at once.
"""

from __future__ import annotations

import contextvars
import queue
import threading
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from genai_guard.errors import GenAIGuardError

__all__ = ["BoundedCalls", "TooManyStuck"]

T = TypeVar("T")
_IDLE_S: Final = 10.0


class TooManyStuck(GenAIGuardError):  # noqa: N818  named after what happened, like ComponentFailed
    """Earlier calls of the same function never came back, and no further one is made until some do.

    Attributes:
        stuck: How many.
    """

    def __init__(self, stuck: int) -> None:
        self.stuck = stuck
        super().__init__(f"{stuck} earlier calls have not returned: no further one is made before some do")


class BoundedCalls(Generic[T]):
    """Calls a function of a text in threads of its own, each for a bounded time. Safe to share between threads.

    Threads that have nothing to do for ten seconds end. A call sees the context variables of its caller.

    Args:
        function: What is called.
        timeout_s: Seconds that a call may take.
        max_stuck: Calls that may be left behind at a time.
    """

    __slots__ = ("_function", "_idle", "_lock", "_max_stuck", "_stuck", "_timeout_s")

    def __init__(self, function: Callable[[str], T], *, timeout_s: float, max_stuck: int) -> None:
        self._function: Final = function
        self._timeout_s: Final = timeout_s
        self._max_stuck: Final = max_stuck
        self._lock: Final = threading.Lock()
        self._idle: list[_Worker[T]] = []
        self._stuck: list[_Worker[T]] = []

    def __call__(self, text: str) -> T:
        """Return what the function returns; raise what it raises.

        Raises:
            RuntimeError: it raised what is no `Exception`, such as `SystemExit`.
            TimeoutError: it took too long.
            TooManyStuck: too many calls have not returned.
        """
        job = _Job(self._function, text)
        worker = self._begin(job)
        try:
            in_time = job.done.wait(self._timeout_s)
        finally:
            self._put_back(worker, job)
        if not in_time:
            raise TimeoutError(f"no answer within {self._timeout_s:g} s")
        return job.outcome()

    def _begin(self, job: _Job[T]) -> _Worker[T]:
        with self._lock:
            self._stuck = [worker for worker in self._stuck if worker.is_stuck()]
            if len(self._stuck) >= self._max_stuck:
                raise TooManyStuck(len(self._stuck))
            while self._idle:
                worker = self._idle.pop()
                if worker.takes(job):
                    return worker
        return _Worker(job)

    def _put_back(self, worker: _Worker[T], job: _Job[T]) -> None:
        with self._lock:
            if job.done.is_set():
                self._idle = [each for each in self._idle if each.thread.is_alive()]
                self._idle.append(worker)
            else:
                self._stuck.append(worker)


class _Job(Generic[T]):
    __slots__ = ("_context", "_error", "_function", "_result", "_text", "done")

    def __init__(self, function: Callable[[str], T], text: str) -> None:
        self._function = function
        self._text = text
        self._context = contextvars.copy_context()
        self._result: list[T] = []
        self._error: BaseException | None = None
        self.done: Final = threading.Event()

    def run(self) -> None:
        try:
            self._result.append(self._context.run(self._function, self._text))
        except BaseException as error:  # noqa: BLE001  it is raised where the call was made
            self._error = error
        self.done.set()

    def outcome(self) -> T:
        if isinstance(self._error, Exception):
            raise self._error
        if self._error is not None:  # `sys.exit()` ends a program, not this one
            raise RuntimeError(f"the function raised {type(self._error).__name__}") from self._error
        return self._result[0]


class _Worker(Generic[T]):
    """A daemon thread that runs one job after another, until it has nothing to do for a while."""

    __slots__ = ("_ended", "_inbox", "_job", "_lock", "thread")

    def __init__(self, job: _Job[T]) -> None:
        self._inbox: Final[queue.SimpleQueue[_Job[T]]] = queue.SimpleQueue()
        self._inbox.put(job)
        self._lock: Final = threading.Lock()
        self._ended = False
        self._job: _Job[T] | None = job
        self.thread: Final = threading.Thread(target=self._work, name="genai-guard-call", daemon=True)
        self.thread.start()

    def takes(self, job: _Job[T]) -> bool:
        """Run a job, unless the thread has ended; after a fork those of the parent have."""
        with self._lock:
            if self._ended or not self.thread.is_alive():
                return False
            self._job = job
            self._inbox.put(job)
            return True

    def is_stuck(self) -> bool:
        return self._job is not None and not self._job.done.is_set() and self.thread.is_alive()

    def _work(self) -> None:
        while not self._ended:
            try:
                self._run(self._inbox.get(timeout=_IDLE_S))
            except queue.Empty:
                with self._lock:
                    self._ended = self._inbox.empty()

    def _run(self, job: _Job[T]) -> None:
        job.run()
        with self._lock:
            if self._job is job:  # else the next one has been taken
                self._job = None  # an idle thread keeps no text
