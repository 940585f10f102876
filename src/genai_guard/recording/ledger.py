"""Append now, count later: how many threads record without waiting for each other.

A lock on the way of every call costs nothing in one thread and, under load, several times the call in eight. So a
call only appends to a queue; whoever fills a batch counts it if the lock is free, and a reader counts what is left.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias, TypeVar

from genai_guard.recording.counts import Counts
from genai_guard.recording.dimensions import Key
from genai_guard.recording.event import Event
from genai_guard.recording.facts import Facts
from genai_guard.recording.feedback.counting import FeedbackCounts, FeedbackSeries
from genai_guard.recording.spending import Period, Spending, Spent, Total
from genai_guard.recording.tallies import Tally
from genai_guard.recording.windows import Windows
from genai_guard.recording.worker import count

__all__ = ["Clock", "Earlier", "Ledger", "Moment"]

T = TypeVar("T")
Clock: TypeAlias = Callable[[], float]

_EVERYTHING: Final[Mapping[int, str]] = {}
_BATCH: Final = 128
_MOST_AT_ONCE: Final = 512
"""What one call counts at most, should the others have been kept from it for long."""

_MOST_PENDING: Final = 100_000
"""Events that wait at most, should an alert of somebody's own hang while it is read."""


class Earlier(NamedTuple):
    """What was counted before.

    Attributes:
        cells: Exact counts of cells, and when these begin in seconds since 1970.
        spent: Returns what was spent before in each period that holds a time in seconds since 1970.
    """

    cells: Sequence[tuple[float, Mapping[Key, Tally]]]
    spent: Callable[[float], Mapping[str, Total]]


class Moment:
    """What is known at one moment, while nobody changes it. Serves alerts as their `Facts`, and the board as its `Slices`.

    Attributes:
        windows: The last hour.
        now_s: Monotonic time.
        wall_s: Seconds since 1970.
        counted: Events and feedback counted since the beginning.
        lost: What was not counted or not handed on, by reason.
    """

    __slots__ = ("_counts", "_said", "_spending", "counted", "lost", "now_s", "wall_s", "windows")

    def __init__(
        self, windows: Windows, spending: Spending, said: FeedbackSeries, *, now_s: float, wall_s: float, counted: int,
        lost: dict[str, int],
    ) -> None:  # fmt: skip
        self.windows = windows
        self.now_s = now_s
        self.wall_s = wall_s
        self.counted = counted
        self.lost = lost
        self._spending = spending
        self._said = said
        self._counts: dict[tuple[float, tuple[int, ...]], dict[Key, Counts]] = {}

    def counts(self, window_s: float, /) -> Counts:
        """Return the exact counters of the last `window_s` seconds, of all calls."""
        return self.grouped(window_s, ()).get(()) or self.windows.none(self.now_s, window_s)

    def grouped(self, window_s: float, places: tuple[int, ...]) -> dict[Key, Counts]:
        """Return the exact counters of the last `window_s` seconds by the values of the dimensions at `places`."""
        groups = self._counts.get((window_s, places))
        if groups is None:
            groups = self._counts[window_s, places] = self.windows.grouped(self.now_s, window_s, places)
        return groups

    def within(self, where: Mapping[str, str], /) -> Facts:
        """Return what is known of the calls with these values of dimensions."""
        return _Slice(self, where) if where else self

    def values(self, by: Sequence[str], window_s: float, /, where: Mapping[str, str]) -> list[Key]:
        """Return the values that the calls of the last `window_s` seconds with `where` have in the dimensions `by`."""
        names = (*where, *by)
        fixed, wanted = len(where), tuple(where.values())
        return [key[fixed:] for key in self.grouped(window_s, self._places(names)) if key[:fixed] == wanted]

    def _places(self, names: Iterable[str]) -> tuple[int, ...]:
        return tuple([self.windows.dimensions.index(name) for name in names])

    def feedback(self, window_s: float, /, wanted: Mapping[int, str] = _EVERYTHING) -> FeedbackCounts:
        """Return what was said in the last `window_s` seconds, of all calls or of those with values at some places."""
        return self._said.read(window_s, wanted, now_s=self.now_s)

    def spent(self, period: Period, /) -> Spent:
        """Return what the current period has cost so far."""
        return self._spending.spent(period, self.wall_s, self.windows.total)


class _Slice:
    """What is known of the calls with certain values of dimensions. What has been spent is not kept apart."""

    __slots__ = ("_moment", "_places", "_values")

    def __init__(self, moment: Moment, where: Mapping[str, str]) -> None:
        self._moment = moment
        self._places = tuple([moment.windows.dimensions.index(name) for name in where])
        self._values = tuple(where.values())

    def counts(self, window_s: float, /) -> Counts:
        """Return the exact counters of the last `window_s` seconds, of these calls."""
        moment = self._moment
        counts = moment.grouped(window_s, self._places).get(self._values)
        return counts or moment.windows.none(moment.now_s, window_s)

    def feedback(self, window_s: float, /) -> FeedbackCounts:
        """Return what was said of these calls in the last `window_s` seconds."""
        return self._moment.feedback(window_s, dict(zip(self._places, self._values, strict=True)))

    def spent(self, period: Period, /) -> Spent:
        """Return what all calls have cost in the current period."""
        return self._moment.spent(period)


class Ledger:
    """Counts events for many threads.

    Args:
        windows: Makes empty windows, given how far the clock on the wall is ahead as `ahead_s`.
        feedback: What is said of calls.
        periods: Calendar periods whose spending is counted.
        clock: Monotonic seconds.
        wall_clock: Seconds since 1970.

    Attributes:
        before_reading: Called before every question with the time that there is for it; waits for what is to be known.
    """

    __slots__ = (
        "_clock", "_counted", "_lock", "_losing", "_lost", "_make_windows", "_missed", "_pending", "_periods", "_said",
        "_spending",
        "_wall_clock", "_windows", "before_reading",
    )  # fmt: skip

    def __init__(
        self, windows: Callable[..., Windows], *, feedback: FeedbackSeries, periods: Iterable[str], clock: Clock,
        wall_clock: Clock,
    ) -> None:  # fmt: skip
        self._said = feedback
        self._make_windows = windows
        self._periods = tuple(periods)
        self._clock = clock
        self._wall_clock = wall_clock
        self.before_reading: Callable[[float], object] | None = None
        self.begin()

    def begin(self) -> None:
        """Forget everything, locks held by threads that are no more included."""
        self._lock = threading.Lock()
        self._losing = threading.Lock()
        self._pending: deque[tuple[float, Event]] = deque()
        self._missed: deque[str] = deque()
        self._windows = self._make_windows(ahead_s=self._ahead_s())
        self._spending = Spending(self._periods)
        self._counted = 0
        self._lost: dict[str, int] = {}

    def add(self, now_s: float, event: Event) -> Event:
        """Take an event that ended at `now_s`; return it as it is kept, without its texts."""
        if event.request or event.response:
            event = Event._make((*event[:-2], (), ()))
        pending = self._pending
        pending.append((now_s, event))
        if len(pending) >= _BATCH:
            if self._lock.acquire(blocking=False):
                try:
                    self._fold(_MOST_AT_ONCE)
                finally:
                    self._lock.release()
            elif len(pending) > _MOST_PENDING:
                pending.popleft()
                self.miss("windows.queue_full")
        return event

    def restore(self, earlier: Earlier) -> None:
        """Add what was counted before the process began."""
        with self._lock:
            self._fold(len(self._pending))
            moment = self._moment()
            spent = earlier.spent(moment.windows.wall_s(moment.now_s))
            moment.windows.restore(moment.now_s, earlier.cells)
            self._spending.restore(moment.wall_s, moment.windows.total, spent)

    def miss(self, reason: str) -> None:
        """Count something that is lost."""
        missed = self._missed
        missed.append(reason)
        if len(missed) >= _BATCH and self._losing.acquire(blocking=False):
            try:
                self._count_missed()
            finally:
                self._losing.release()

    def read(self, question: Callable[[Moment], T], *, timeout_s: float = math.inf) -> T:
        """Return the answer to a question about everything recorded so far. Nothing changes while it is answered.

        Raises:
            TimeoutError: somebody else's question took longer than `timeout_s`.
        """
        if self.before_reading is not None:
            self.before_reading(timeout_s)
        return self.peek(question, timeout_s=timeout_s)

    def peek(self, question: Callable[[Moment], T], *, timeout_s: float = math.inf) -> T:
        """Return the answer to a question, whatever is not known yet.

        Raises:
            TimeoutError: as for `read`.
        """
        if not self._lock.acquire(timeout=min(timeout_s, threading.TIMEOUT_MAX)):
            raise TimeoutError
        try:
            self._fold(len(self._pending))
            return question(self._moment())
        finally:
            self._lock.release()

    def _ahead_s(self) -> float:
        """Return how far the clock on the wall is ahead; a clock that fails is no reason not to begin."""
        try:
            return self._wall_clock() - self._clock()
        except Exception:  # noqa: BLE001  it is the caller's own, and each event that it fails for is counted
            return 0.0

    def _moment(self) -> Moment:
        return Moment(
            self._windows,
            self._spending,
            self._said,
            now_s=self._clock(),
            wall_s=self._wall_clock(),
            counted=self._counted + self._said.counted,
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
                self._missed.append("malformed")
        with self._losing:
            self._count_missed()

    def _count_missed(self) -> None:
        """Count what was missed. Its lock must be held, which nobody holds for longer than that."""
        for _ in range(len(self._missed)):
            count(self._lost, self._missed.popleft())
