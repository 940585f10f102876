"""What happened lately: calls counted in slices of ten seconds, each by every combination of dimensions.

Rule 1: An event is counted in exactly one series of exactly one slice.
Rule 2: The percentiles of a window are those of the sum of its slices; see `sketch`.
Rule 3: What alerts ask for is counted exactly, beside the sketches, and for three days; see `tallies`.
Rule 4: Nothing here waits, locks or looks at a clock: `MetricsRecorder` does.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import log
from typing import TYPE_CHECKING, Final

from genai_guard.recording.counts import Counts, grouped
from genai_guard.recording.dimensions import DIMENSIONS, REACHED, Key, SeriesCap, applied, key_reader
from genai_guard.recording.series import NANO, Series, Waits
from genai_guard.recording.sketch import NEGLIGIBLE, OFFSET, PER_E, SMALLEST, bucket
from genai_guard.recording.spending import Total
from genai_guard.recording.tallies import Ring, Tally, add
from genai_guard.recording.totals import Totals

if TYPE_CHECKING:
    from genai_guard.recording.event import Event

__all__ = ["COARSE_S", "COUNTED_S", "KEPT_S", "SLICE_S", "Windows"]

SLICE_S: Final = 10.0
"""Seconds of one slice. A window takes in every slice that it touches, so it may look back this much further."""

KEPT_S: Final = 3600.0
"""Seconds kept."""

COARSE_S: Final = 300.0
"""Seconds of one cell of the counts that are kept longer. A window of more than an hour may look back this much further."""

COUNTED_S: Final = 3 * 86_400.0
"""Seconds for which exact counts are kept, without the sketches."""

_KEPT_SLICES: Final = int(KEPT_S / SLICE_S)


class Windows:
    """The last hour in slices, and exact counts of three days.

    Args:
        dimensions: By what calls are counted apart; `status` first.
        thresholds_s: Durations that alerts ask about.
        max_series: Most combinations of values counted apart at a time.
        ahead_s: What to add to a time for seconds since 1970, by which slices and cells are cut: so those of several
            processes are the same.

    Attributes:
        gone_s: When the last slice ended that is not kept any more, in seconds since 1970.
    """

    __slots__ = (
        "_ahead_s", "_cap", "_coarse", "_coarse_cap", "_coarse_since_s", "_current", "_ends_s", "_fine", "_is_usual",
        "_key", "_least_threshold_s", "_max_series", "_nano_usd", "_number", "_since_s", "_slices", "_thresholds_s",
        "_tokens", "_totals", "dimensions", "gone_s",
    )  # fmt: skip

    def __init__(
        self,
        dimensions: Sequence[str],
        *,
        thresholds_s: Sequence[float] = (),
        max_series: int = 1000,
        ahead_s: float = 0.0,
    ) -> None:
        self._ahead_s = ahead_s
        self.gone_s = -math.inf
        self.dimensions: Final = tuple(dimensions)
        self._key = key_reader(self.dimensions)
        self._is_usual = self.dimensions == ("status", *DIMENSIONS)
        self._thresholds_s = tuple(thresholds_s)
        self._least_threshold_s = min(self._thresholds_s, default=math.inf)
        self._tokens = self._nano_usd = 0
        self._max_series = max_series
        self._cap = SeriesCap(max_series, dimensions=len(self.dimensions))
        self._totals: Totals | None = None
        self._coarse_cap = SeriesCap(max(1, max_series // 4), dimensions=len(self.dimensions))
        self._fine = Ring(cell_s=SLICE_S, kept_s=KEPT_S)
        self._coarse = Ring(cell_s=COARSE_S, kept_s=COUNTED_S)
        self._since_s = self._coarse_since_s = math.inf
        self._slices: dict[int, dict[Key, Series]] = {}
        self._current: dict[Key, Series] = {}
        self._number = -1
        self._ends_s = -math.inf

    def __len__(self) -> int:
        """Return the number of series that are counted apart."""
        return len(self._cap)

    def add(self, now: float, event: Event) -> None:
        """Count an event that ended at `now`.

        Raises:
            Exception: the event is malformed.
        """
        # By place: asking a named tuple for names takes three times as long, and for each place alone nearly so.
        (
            status, _, stage, caller, model_name, assignments, verdicts, usage, cost_usd, total_s, model_s,
            first_token_s, inter_token_s, queue_s, _, _, _, _, shadow_denials, _, _, attempts, _, answered_by,
        ) = event[4:28]  # fmt: skip
        own_s = total_s - model_s
        input_tokens, output_tokens, cached_tokens = usage[:3]
        cost = None if cost_usd is None else int(cost_usd * NANO + 0.5)
        waits = None if first_token_s is None and not queue_s else Waits.of(first_token_s, inter_token_s, queue_s)
        is_all_model = own_s * NEGLIGIBLE <= total_s
        own_s -= queue_s
        # `bucket` written out: calling it would be a sixth of the cost of an event.
        own = int(log(own_s) * PER_E + OFFSET) if own_s > SMALLEST else bucket(own_s)
        total = int(log(total_s) * PER_E + OFFSET) if total_s > SMALLEST else bucket(total_s)
        model = total if is_all_model else bucket(model_s)
        # The usual key is written out as well: what it takes is at hand.
        key = (status, model_name, caller.tenant, applied(assignments)) if self._is_usual else self._key(event)

        # What could fail has been done: a malformed event is not half counted.
        current = self._current if now < self._ends_s else self._open(now)
        series = current.get(key)
        if series is None:
            series = self._series(current, key)
        series.input_tokens += input_tokens
        series.output_tokens += output_tokens
        if cached_tokens:
            series.cached_tokens += cached_tokens
        if cost is not None:
            series.cost_nano_usd += cost
        elif input_tokens or output_tokens:
            series.unpriced += 1
        counts = series.overhead
        counts[own] = counts.get(own, 0) + 1
        if waits is not None:
            series.count_waits(waits)
        if stage in REACHED:
            counts = series.latency
            counts[total] = counts.get(total, 0) + 1
            if model != total:
                series.model[model] = series.model.get(model, 0) + 1
                series.model[total] = series.model.get(total, 0) - 1
            if total_s > self._least_threshold_s:
                series.count_slow(total_s, self._thresholds_s)
        if status != "ok" or verdicts or attempts > 1 or answered_by or shadow_denials:
            series.count_rare(event)

    @property
    def total(self) -> Total:
        """What all calls since the beginning have cost, those included that are no longer kept."""
        current = self._current.values()
        return Total(
            self._nano_usd + sum(each.cost_nano_usd for each in current),
            self._tokens + sum(each.input_tokens + each.output_tokens for each in current),
        )

    def counts(self, now: float, window_s: float) -> Counts:
        """Return the exact counters of the last `window_s` seconds, at most three days."""
        return self.grouped(now, window_s, ()).get(()) or self.none(now, window_s)

    def grouped(self, now: float, window_s: float, by: Sequence[int]) -> dict[Key, Counts]:
        """Return the exact counters of the last `window_s` seconds for each combination of values that calls had.

        Args:
            now: The time.
            window_s: How far to look back, at most three days.
            by: Places of dimensions.
        """
        ring, at_s = self._ring(window_s), now + self._ahead_s
        tallies = ring.sums(at_s, window_s)
        if self._ends_s + self._ahead_s > ring.begins_s(at_s, window_s):
            tallies = self._with_current(tallies, cap=None if ring is self._fine else self._coarse_cap)
        return grouped(tallies, by, thresholds_s=self._thresholds_s, seconds=self._seconds(now, window_s))

    def none(self, now: float, window_s: float) -> Counts:
        """Return the counters of a window without calls."""
        return Counts(self._thresholds_s, seconds=self._seconds(now, window_s))

    def series(self, now: float, window_s: float) -> Iterator[tuple[Key, Series]]:
        """Yield every series of every slice of the last `window_s` seconds, at most an hour."""
        for _, each in self.since(self.begins_s(now, window_s)):
            yield from each.items()

    def cells(self) -> list[tuple[float, Mapping[Key, Tally]]]:
        """Return the cells of three days, and when they begin in seconds since 1970; the newest in two parts.

        They do not change any more.
        """
        cells = self._coarse.cells()
        if self._current:
            cell = int(self._number * SLICE_S // COARSE_S)
            tallies = {key: Tally.of(series) for key, series in self._current.items()}
            cells.append((cell * COARSE_S, self._coarser(tallies, now=cell)))
        return cells

    def since(self, begins_s: float) -> list[tuple[float, Mapping[Key, Series]]]:
        """Return the slices that begin at `begins_s` or later. They do not change any more: one that is not over is a copy."""
        found: list[tuple[float, Mapping[Key, Series]]] = []
        for number, each in self._slices.items():
            if number * SLICE_S >= begins_s:
                is_over = each is not self._current
                found.append((number * SLICE_S, each if is_over else {key: one.copy() for key, one in each.items()}))
        return found

    def wall_s(self, now: float) -> float:
        """Return a time in seconds since 1970; a clock on the wall that was set since the beginning changes nothing."""
        return now + self._ahead_s

    def begins_s(self, now: float, window_s: float) -> float:
        """Return when the slice begins that a window begins with, in seconds since 1970."""
        return (now + self._ahead_s - window_s) // SLICE_S * SLICE_S

    def restore(self, now: float, cells: Iterable[tuple[float, Mapping[Key, Tally]]]) -> None:
        """Add what was counted before, in cells and when they began in seconds since 1970.

        A window of up to an hour takes a cell in if it takes in its end.
        """
        at_s = now + self._ahead_s
        for begins_s, tallies in cells:
            coarse = self._coarser(tallies, now=int(begins_s // COARSE_S))
            self._coarse.add(begins_s, coarse)
            self._coarse_since_s = min(self._coarse_since_s, begins_s)
            if begins_s + COARSE_S > at_s - KEPT_S:
                self._fine.add(min(begins_s + COARSE_S - SLICE_S, at_s), coarse)

    def totals(self) -> dict[Key, Series]:
        """Return all calls since this was first asked, and those of the hour before it; sums that only grow."""
        if self._totals is None:
            self._totals = Totals(SeriesCap(self._max_series, dimensions=len(self.dimensions)))
        for number, each in self._slices.items():
            if each is not self._current:
                self._totals.take(number, each)
        return self._totals.plus(self._current)

    def _ring(self, window_s: float) -> Ring:
        return self._fine if window_s <= KEPT_S else self._coarse

    def _seconds(self, now: float, window_s: float) -> float:
        """Return for how much of a window calls have been counted."""
        ring, at_s = self._ring(window_s), now + self._ahead_s
        since_s = self._since_s if ring is self._fine else self._coarse_since_s
        return max(0.0, at_s - max(ring.begins_s(at_s, window_s), since_s))

    def _open(self, now: float) -> dict[Key, Series]:
        """Begin a slice. Time does not go backwards: an event that is late by a moment counts in the newest one."""
        at_s = now + self._ahead_s
        if self._current:
            self._tally()
        elif self._since_s == math.inf:
            self._since_s = at_s
            self._coarse_since_s = min(self._coarse_since_s, at_s)
        self._number = max(int(at_s // SLICE_S), self._number + 1)  # the sum of two floats may be a hair too small
        self._ends_s = (self._number + 1) * SLICE_S - self._ahead_s
        self._current = self._slices[self._number] = {}
        oldest = self._number - _KEPT_SLICES
        for number in [number for number in self._slices if number < oldest]:
            gone = self._slices.pop(number)
            self.gone_s = max(self.gone_s, (number + 1) * SLICE_S)
            if self._totals is not None:
                self._totals.take(number, gone)
        self._cap.expire(before=oldest)
        return self._current

    def _tally(self) -> None:
        """Add the slice that is over to the counts."""
        at_s = self._number * SLICE_S
        self._nano_usd, self._tokens = self.total
        tallies = {key: Tally.of(series) for key, series in self._current.items()}
        self._fine.add(at_s, tallies)
        cell = int(at_s // COARSE_S)
        self._coarse_cap.expire(before=cell - int(COUNTED_S / COARSE_S))
        self._coarse.add(at_s, self._coarser(tallies, now=cell))

    def _coarser(self, tallies: Mapping[Key, Tally], *, now: int) -> dict[Key, Tally]:
        coarse: dict[Key, Tally] = {}
        add(coarse, [(self._coarse_cap.admit(key, now=now), tally) for key, tally in tallies.items()])
        return coarse

    def _with_current(self, tallies: dict[Key, Tally], *, cap: SeriesCap | None) -> dict[Key, Tally]:
        """Add the slice that is not over yet."""
        for key, series in self._current.items():
            admitted = key if cap is None else cap.admit(key, now=int(self._number * SLICE_S // COARSE_S))
            tally = Tally.of(series)
            if admitted in tallies:
                tally.add(tallies[admitted])
            tallies[admitted] = tally
        return tallies

    def _series(self, of: dict[Key, Series], key: Key) -> Series:
        admitted = self._cap.admit(key, now=self._number)
        return of.get(admitted) or of.setdefault(admitted, Series())
