"""What one recorder keeps of its counts, and what it finds of those before it. Its thread alone writes.

Rule 1: A call knows nothing of it. The thread asks the windows for what they counted since it last asked.
Rule 2: A cell of five minutes is appended once, when it is over; until then it runs, and is replaced every few seconds.
Rule 3: What is counted twice has the same `id`, wherever a process was killed in between.
Rule 4: What cannot be written stays to be written, for a day.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Final, NamedTuple

from genai_guard.recording.dimensions import OTHER, Key, SeriesCap
from genai_guard.recording.history.cells import Cell
from genai_guard.recording.history.slots import Slot, day_of, prune
from genai_guard.recording.ledger import Earlier, Ledger, Moment
from genai_guard.recording.series import Series
from genai_guard.recording.shown import ShownKeys
from genai_guard.recording.spending import PERIODS, Total
from genai_guard.recording.tallies import Tally
from genai_guard.recording.windows import COARSE_S, COUNTED_S, SLICE_S
from genai_guard.recording.worker import tell

if TYPE_CHECKING:
    from pathlib import Path

    from genai_guard.recording.history.history import MetricsHistory

__all__ = ["EVERY_S", "Keeper"]

EVERY_S: Final = 10.0
"""How often what is counted is written. A process that is killed loses no more than that."""

_MOST_UNWRITTEN: Final = 288
"""Most cells that wait for a disk that takes none: a day of them, besides the hour that the windows have."""

_MEGABYTE: Final = 1 << 20
_HOUR_S: Final = 3600.0
_DAY_S: Final = 86_400.0
_PERSONS: Final = frozenset({"user", "session"})


class _Seen(NamedTuple):
    """What the windows have counted since something was last written."""

    wall_s: float
    gone_s: float
    counted: int
    slices: list[tuple[float, Mapping[Key, Series]]]

    @classmethod
    def of(cls, moment: Moment, *, since_s: float) -> _Seen:
        windows = moment.windows
        return cls(_wall_s(moment), windows.gone_s, moment.counted, windows.since(since_s))


class Keeper:
    """Keeps the counts of a recorder.

    Args:
        history: Where, and for how long.
        dimensions: What stands in the keys.
        max_series: Most combinations of values that the recorder tells apart.
        ledger: What counts.

    Attributes:
        known: Set once the counts before are known, as far as they can be.
    """

    def __init__(self, history: MetricsHistory, *, dimensions: Key, max_series: int, ledger: Ledger) -> None:
        self._history = history
        self._dimensions = dimensions
        self._persons = [place for place, name in enumerate(dimensions) if name in _PERSONS]
        self._shown = ShownKeys(dimensions)
        self._max_series = max(1, max_series // 4)
        self._ledger = ledger
        self._begin()

    def _begin(self) -> None:
        self._lock = threading.RLock()
        self._cap = SeriesCap(self._max_series, dimensions=len(self._dimensions))
        self._slot: Slot | None = None
        self.known = threading.Event()
        self._closed = False
        self._running: dict[int, Cell] = {}
        self._ids: dict[int, str] = {}
        self._days: dict[str, Total] = {}
        self._told: set[str] = set()
        self._done = -1
        self._counted = 0
        self._due_s = 0.0
        self._unwritten: dict[int, Cell] = {}
        self._seen_s = -math.inf

    # --- the thread ---------------------------------------------------------------------------------------------------

    def tick(self, _: object = None) -> float | None:
        """Write what there is, if it is time; return when it will be, None when nothing happens any more."""
        self.restore()
        if (left_s := self._due_s - monotonic()) > 0:
            return left_s
        self._due_s = monotonic() + EVERY_S
        before = self._counted
        self.save()
        return None if self._counted == before else EVERY_S

    def save(self) -> None:
        """Write what was counted so far.

        Raises:
            OSError: it could not be written; the next time will tell.
        """
        with self._lock:
            if not self._closed:
                self.restore()
                self._write(self._slot or self._claim())

    def close(self) -> None:
        """Write what was counted, and let another process take over.

        Raises:
            OSError: it could not be written.
        """
        with self._lock:
            try:
                if self._slot is not None or self._ledger.peek(lambda moment: moment.counted):
                    self.save()
            finally:
                self._closed = True
                slot, self._slot = self._slot, None
                if slot is not None:
                    slot.release()

    def after_fork(self) -> None:
        """Begin anew in a child; what there is, is the parent's."""
        slot = self._slot
        self._begin()
        if slot is not None:
            slot.forget()

    # --- before -------------------------------------------------------------------------------------------------------

    def restore(self) -> None:
        """Find what was counted before, once."""
        with self._lock:
            if self.known.is_set() or self._closed:
                return
            try:
                self._claim()
            except OSError as error:
                self._lose(type(error).__name__)
            finally:
                self.known.set()

    def _claim(self) -> Slot:
        slot = Slot.claim(self._history.folder, max_bytes=int(self._history.max_mb * _MEGABYTE))
        try:
            self._take_over(slot)
        except BaseException:
            slot.release()
            raise
        self._slot = slot
        return slot

    def _take_over(self, slot: Slot) -> None:
        wall_s = self._ledger.peek(_wall_s)
        found = slot.read(since_s=wall_s - COUNTED_S, on_corrupt=self._on_corrupt)
        past = [cell for cell in (*found.cells, *found.running) if cell.number * COARSE_S <= wall_s]
        if len(past) < len(found.cells) + len(found.running):
            self._lose("future")  # the clock was set back: nobody knows when that was
        running = [cell for cell in found.running if cell in past and cell.dimensions == self._dimensions]
        for cell in found.running:
            if cell not in running:
                slot.append(cell)  # as it is
        cells = [self._ours(cell) for cell in past if cell not in running]
        self._running = {cell.number: cell for cell in running}
        self._ids = {cell.number: cell.id for cell in running}
        self._days = {day: max(spent, found.days.get(day, spent)) for day, spent in _by_day(cells).items()}
        self._days = {**found.days, **self._days}
        before = [*cells, *running]
        tallies = [
            (cell.number * COARSE_S, {key: Tally.of(one) for key, one in cell.series.items()}) for cell in before
        ]
        self._ledger.restore(Earlier(tallies, partial(self._spent_before, before, running)))

    def _ours(self, cell: Cell) -> Cell:
        """Return a cell by the dimensions of this recorder, which may be others than those before it."""
        places = [cell.dimensions.index(name) if name in cell.dimensions else None for name in self._dimensions]
        found: dict[Key, Series] = {}
        for key, series in cell.series.items():
            ours = tuple(["" if place is None else key[place] for place in places])
            found.setdefault(ours, Series()).merge(series)
        return cell._replace(series=found, dimensions=self._dimensions)

    def _spent_before(self, cells: Sequence[Cell], running: Sequence[Cell], at_s: float) -> dict[str, Total]:
        """Return what was spent before in each of the periods that hold a time."""
        days = dict(self._days)
        for day, spent in _by_day(running).items():
            days[day] = _sum([days.get(day, Total()), spent])
        today = day_of(at_s)
        hour = _sum([_spent(cell) for cell in cells if cell.number * COARSE_S >= at_s // _HOUR_S * _HOUR_S])
        month = _sum([spent for day, spent in days.items() if day[:7] == today[:7]])
        return dict(zip(PERIODS, (hour, days.get(today, Total()), month), strict=True))

    # --- now ----------------------------------------------------------------------------------------------------------

    def _write(self, slot: Slot) -> None:
        seen = self._ledger.peek(lambda moment: _Seen.of(moment, since_s=(self._done + 1) * COARSE_S))
        if seen.gone_s - SLICE_S > self._seen_s:
            self._lose("late")
        wall_s, self._seen_s, self._counted = seen.wall_s, seen.wall_s, seen.counted
        now = int((wall_s - SLICE_S) // COARSE_S)  # an event that is late by a moment counts in the slice before
        self._cap.expire(before=now - int(COUNTED_S / COARSE_S))
        cells = self._unwritten = self._cells(seen)
        for number in sorted(number for number in cells if number < now):
            slot.append(cells[number])
            cell = cells.pop(number)
            self._done = max(self._done, number)
            self._running.pop(number, None)
            self._ids.pop(number, None)
            day = day_of(number * COARSE_S)
            self._days[day] = _sum([self._days.get(day, Total()), _spent(cell)])
            with suppress(OSError):  # there is a next time
                prune(self._history.folder, before_s=wall_s - self._history.keep_days * _DAY_S)
        month = day_of(wall_s)[:7]
        self._days = {day: spent for day, spent in self._days.items() if day[:7] >= month}
        slot.replace(list(cells.values()), self._days)

    def _cells(self, seen: _Seen) -> dict[int, Cell]:
        """Return what was counted, by the number of the cell; as it was seen before, if the windows have it no more."""
        found: dict[int, dict[Key, Series]] = {}
        for number, cell in self._running.items():
            found[number] = {key: series.copy() for key, series in cell.series.items()}
        for begins_s, each in seen.slices:
            number = int(begins_s // COARSE_S)
            sums = found.setdefault(number, {})
            for key, series in each.items():
                sums.setdefault(self._cap.admit(self._nameless(key), now=number), Series()).merge(series)
        cells = {number: Cell(self._id_of(number), number, self._dimensions, sums) for number, sums in found.items()}
        before = [cell for cell in self._unwritten.values() if cell.number * COARSE_S < seen.gone_s]
        if len(before) > _MOST_UNWRITTEN:
            self._lose("late")
        return cells | {cell.number: cell for cell in before[-_MOST_UNWRITTEN:]}

    def _nameless(self, key: Key) -> Key:
        """Return a key without persons, of whom nothing is kept, and with what else callers say redacted."""
        key = self._shown.of(key)
        if not self._persons:
            return key
        return tuple([OTHER if place in self._persons and value else value for place, value in enumerate(key)])

    def _id_of(self, number: int) -> str:
        if number not in self._ids:
            self._ids[number] = os.urandom(8).hex()
        return self._ids[number]

    # --- what is wrong ------------------------------------------------------------------------------------------------

    def _on_corrupt(self, path: Path) -> None:
        self._lose("corrupt", file=f"{path.parent.name}/{path.name}")

    def _lose(self, kind: str, **values: str) -> None:
        self._ledger.miss(f"history.{kind}")
        if kind not in self._told:
            self._told.add(kind)
            with suppress(Exception):
                tell("metrics of before are not all there", reason=kind, **values)


def _wall_s(moment: Moment) -> float:
    return moment.windows.wall_s(moment.now_s)


def _spent(cell: Cell) -> Total:
    return Total(
        sum(one.cost_nano_usd for one in cell.series.values()),
        sum(one.input_tokens + one.output_tokens for one in cell.series.values()),
    )


def _sum(totals: Sequence[Total]) -> Total:
    return Total(sum(each.nano_usd for each in totals), sum(each.tokens for each in totals))


def _by_day(cells: Iterable[Cell]) -> dict[str, Total]:
    days: dict[str, Total] = {}
    for cell in cells:
        day = day_of(cell.number * COARSE_S)
        days[day] = _sum([days.get(day, Total()), _spent(cell)])
    return days
