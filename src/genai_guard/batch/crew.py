"""Threads that do jobs. A job that has to wait for its time holds none of them."""

from __future__ import annotations

import atexit
import heapq
import itertools
import queue
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from typing import Any, Final, Generic, TypeAlias, TypeVar

from genai_guard.batch.result import Later

__all__ = ["Crew", "Wait"]

J = TypeVar("J")
R = TypeVar("R")

Wait: TypeAlias = Callable[[threading.Condition, float | None], object]
"""Waits until a condition is notified, or so many seconds."""


class Crew(Generic[J, R]):
    """Threads that do jobs, begun as there are jobs for them.

    Args:
        most: Most threads.
        do: Does a job: returns its result, or when it is to be done again.
        clock: Seconds that only grow.
        wait: Waits for a condition.
    """

    def __init__(
        self,
        most: int,
        do: Callable[[J], R | Later],
        *,
        clock: Callable[[], float] = time.monotonic,
        wait: Wait = threading.Condition.wait,
    ) -> None:
        self._most: Final = most
        self._do: Final = do
        self._clock: Final = clock
        self._wait: Final = wait
        self._work: Final = threading.Condition()
        self._ready: deque[J] = deque()
        self._later: list[tuple[float, int, J]] = []
        self._numbers: Final = itertools.count()
        self._idle = 0
        self._stopped = False
        self._threads: list[threading.Thread] = []
        self._done: queue.SimpleQueue[tuple[J, R | BaseException]] = queue.SimpleQueue()

    def give(self, job: J) -> None:
        """Let a job be done."""
        with self._work:
            self._ready.append(job)
            self._work.notify()
            if self._idle < len(self._ready) and len(self._threads) < self._most:
                self._begin()

    def next(self) -> tuple[J, R]:
        """Wait for a job that is done, and return it with its result.

        Raises:
            BaseException: what no result could be made of.
        """
        job, result = self._done.get()
        if isinstance(result, BaseException):
            raise result
        return job, result

    def stop(self) -> None:
        """Begin no job any more."""
        with self._work:
            self._stopped = True
            self._ready.clear()
            self._later.clear()
            self._work.notify_all()

    def end(self) -> None:
        """Begin no job any more, and wait until those that have begun end."""
        self.stop()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join()

    def _begin(self) -> None:
        _ended_at_exit.add(self)
        thread = threading.Thread(target=self._run, name=f"genai_guard-row-{len(self._threads)}", daemon=True)
        thread.start()
        self._threads.append(thread)

    def _run(self) -> None:
        while (job := self._take()) is not None:
            try:
                result = self._do(job)
            except BaseException as error:  # noqa: BLE001  it belongs to whoever waits
                self._done.put((job, error))
                continue
            if isinstance(result, Later):
                self._put_off(job, result.wait_s)
            else:
                self._done.put((job, result))

    def _put_off(self, job: J, wait_s: float) -> None:
        with self._work:
            if not self._stopped:
                heapq.heappush(self._later, (self._clock() + wait_s, next(self._numbers), job))
                self._work.notify()

    def _take(self) -> J | None:
        """Wait for a job that is due; None when there will be none any more."""
        with self._work:
            while not self._stopped:
                due_s = self._later[0][0] - self._clock() if self._later else None
                if due_s is not None and due_s <= 0:
                    return heapq.heappop(self._later)[2]
                if self._ready:
                    return self._ready.popleft()
                self._idle += 1
                try:
                    self._wait(self._work, due_s)
                finally:
                    self._idle -= 1
        return None


_ended_at_exit: Final[weakref.WeakSet[Crew[Any, Any]]] = weakref.WeakSet()


def _end_all() -> None:
    """Let what has begun settle before the process ends, which would stop daemons anywhere."""
    for crew in list(_ended_at_exit):
        crew.end()


atexit.register(_end_all)
