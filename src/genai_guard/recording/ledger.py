"""Append now, count later: how many threads record without waiting for each other.

A lock on the way of every call costs nothing in one thread and, under load, several times the call in eight. So a
call only appends to a queue; whoever fills a batch counts it if the lock is free, and a reader counts what is left.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final, TypeAlias, TypeVar

from genai_guard.recording.event import Event
from genai_guard.recording.series import Counts
from genai_guard.recording.spending import Period, Spending, Spent
from genai_guard.recording.windows import Windows
from genai_guard.recording.worker import count

__all__ = ["Clock", "Ledger", "Moment"]

T = TypeVar("T")
Clock: TypeAlias = Callable[[], float]

_BATCH: Final = 128
_MOST_AT_ONCE: Final = 512
"""What one call counts at most, should the others have been kept from it for long."""


class Moment:
    """What is known at one moment, while nobody changes it. Serves alerts as their `Facts`.

    Attributes:
        windows: The last hour.
        now_s: Monotonic time.
        wall_s: Seconds since 1970.
        counted: Events counted since the beginning.
        lost: What was not counted or not handed on, by reason.
    """

    __slots__ = ("_counts", "_spending", "counted", "lost", "now_s", "wall_s", "windows")

    def __init__(
        self, windows: Windows, spending: Spending, *, now_s: float, wall_s: float, counted: int, lost: dict[str, int]
    ) -> None:
        self.windows = windows
        self.now_s = now_s
        self.wall_s = wall_s
        self.counted = counted
        self.lost = lost
        self._spending = spending
        self._counts: dict[float, Counts] = {}

    def counts(self, window_s: float, /) -> Counts:
        """Return the exact counters of the last `window_s` seconds."""
        if window_s not in self._counts:
            self._counts[window_s] = self.windows.counts(self.now_s, window_s)
        return self._counts[window_s]

    def spent(self, period: Period, /) -> Spent:
        """Return what the current period has cost so far."""
        return self._spending.spent(period, self.wall_s, self.windows.total)


class Ledger:
    """Counts events for many threads.

    Args:
        windows: Makes empty windows.
        periods: Calendar periods whose spending is counted.
        clock: Monotonic seconds.
        wall_clock: Seconds since 1970.
    """

    __slots__ = (
        "_clock", "_counted", "_lock", "_lost", "_make_windows", "_missed", "_pending", "_periods", "_spending",
        "_wall_clock", "_windows",
    )  # fmt: skip

    def __init__(
        self, windows: Callable[[], Windows], *, periods: Iterable[str], clock: Clock, wall_clock: Clock
    ) -> None:
        self._make_windows = windows
        self._periods = tuple(periods)
        self._clock = clock
        self._wall_clock = wall_clock
        self.begin()

    def begin(self) -> None:
        """Forget everything, locks held by threads that are no more included."""
        self._lock = threading.Lock()
        self._pending: deque[tuple[float, Event]] = deque()
        self._missed: deque[str] = deque()
        self._windows = self._make_windows()
        self._spending = Spending(self._periods)
        self._counted = 0
        self._lost: dict[str, int] = {}

    def add(self, now_s: float, event: Event) -> Event:
        """Take an event that ended at `now_s`; return it as it is kept, without its texts."""
        if event.request or event.response:
            event = Event._make((*event[:-2], (), ()))
        pending = self._pending
        pending.append((now_s, event))
        if len(pending) >= _BATCH and self._lock.acquire(blocking=False):
            try:
                self._fold(_MOST_AT_ONCE)
            finally:
                self._lock.release()
        return event

    def miss(self, reason: str) -> None:
        """Count something that is lost."""
        self._missed.append(reason)

    def read(self, question: Callable[[Moment], T], *, timeout_s: float = math.inf) -> T:
        """Return the answer to a question about everything recorded so far. Nothing changes while it is answered.

        Raises:
            TimeoutError: somebody else's question took longer than `timeout_s`.
        """
        if not self._lock.acquire(timeout=min(timeout_s, threading.TIMEOUT_MAX)):
            raise TimeoutError
        try:
            self._fold(len(self._pending))
            return question(self._moment())
        finally:
            self._lock.release()

    def _moment(self) -> Moment:
        return Moment(
            self._windows,
            self._spending,
            now_s=self._clock(),
            wall_s=self._wall_clock(),
            counted=self._counted,
            lost=self._lost,
        )

    def _fold(self, most: int) -> None:
        """Count what is pending, `most` at the most. The lock must be held."""
        take, windows, spending = self._pending.popleft, self._windows, self._spending
        add = windows.add
        ahead_s = self._wall_clock() - self._clock()
        turn_s = spending.ends_s - ahead_s
        batch = min(most, len(self._pending))
        self._counted += batch
        for _ in range(batch):
            now_s, event = take()
            if now_s >= turn_s:
                spending.turn(now_s + ahead_s, windows.total)
                turn_s = spending.ends_s - ahead_s
            try:
                add(now_s, event)
            except Exception:  # noqa: BLE001  one malformed event must not take the batch with it
                count(self._lost, "malformed")
        while self._missed:
            count(self._lost, self._missed.popleft())
