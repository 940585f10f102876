"""What happened lately: calls counted in slices of ten seconds, each by every combination of dimensions.

Rule 1: An event is counted in exactly one series of exactly one slice.
Rule 2: The percentiles of a window are those of the sum of its slices; see `sketch`.
Rule 3: What alerts ask for is counted exactly, beside the sketches, and for three days; see `tallies`.
Rule 4: Nothing here waits, locks or looks at a clock: `MetricsRecorder` does.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from math import log
from typing import TYPE_CHECKING, Final

from genai_guard.recording.counts import Counts, grouped
from genai_guard.recording.dimensions import REACHED, Key, SeriesCap, key_reader
from genai_guard.recording.series import NANO, Series, count_names
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
    """

    __slots__ = (
        "_cap", "_coarse", "_coarse_cap", "_current", "_ends_s", "_fine", "_key", "_least_threshold_s", "_max_series", "_nano_usd",
        "_number", "_since_s", "_slices", "_thresholds_s", "_tokens", "_totals", "dimensions",
    )  # fmt: skip

    def __init__(
        self, dimensions: Sequence[str], *, thresholds_s: Sequence[float] = (), max_series: int = 1000
    ) -> None:
        self.dimensions: Final = tuple(dimensions)
        self._key = key_reader(self.dimensions)
        self._thresholds_s = tuple(thresholds_s)
        self._least_threshold_s = min(self._thresholds_s, default=math.inf)
        self._tokens = self._nano_usd = 0
        self._max_series = max_series
        self._cap = SeriesCap(max_series, dimensions=len(self.dimensions))
        self._totals: Totals | None = None
        self._coarse_cap = SeriesCap(max(1, max_series // 4), dimensions=len(self.dimensions))
        self._fine = Ring(cell_s=SLICE_S, kept_s=KEPT_S)
        self._coarse = Ring(cell_s=COARSE_S, kept_s=COUNTED_S)
        self._since_s = math.inf
        self._slices: dict[int, dict[Key, Series]] = {}
        self._current: dict[Key, Series] = {}
        self._number = 0
        self._ends_s = -math.inf

    def __len__(self) -> int:
        """Return the number of series that are counted apart."""
        return len(self._cap)

    def add(self, now: float, event: Event) -> None:
        """Count an event that ended at `now`.

        Raises:
            Exception: the event is malformed.
        """
        # By place: asking a named tuple for names takes three times as long.
        verdicts, usage, cost_usd, total_s, model_s, first_token_s, queue_s = event[10:17]
        own_s = total_s - model_s
        input_tokens, output_tokens, cached_tokens, *_ = usage
        tokens = input_tokens + output_tokens
        cost = None if cost_usd is None else int(cost_usd * NANO + 0.5)
        first = None if first_token_s is None else bucket(first_token_s)
        is_all_model = own_s * NEGLIGIBLE <= total_s
        own_s -= queue_s
        # `bucket` written out: calling it would be a sixth of the cost of an event.
        own = int(log(own_s) * PER_E + OFFSET) if own_s > SMALLEST else bucket(own_s)
        total = int(log(total_s) * PER_E + OFFSET) if total_s > SMALLEST else bucket(total_s)
        model = total if is_all_model else bucket(model_s)
        key = self._key(event)

        # What could fail has been done: a malformed event is not half counted.
        current = self._current if now < self._ends_s else self._open(now)
        series = current.get(key)
        if series is None:
            series = self._series(current, key)
        series.input_tokens += input_tokens
        series.output_tokens += output_tokens
        self._tokens += tokens
        if cached_tokens:
            series.cached_tokens += cached_tokens
        if cost is not None:
            series.cost_nano_usd += cost
            self._nano_usd += cost
        elif tokens:
            series.unpriced += 1
        series.overhead[own] = series.overhead.get(own, 0) + 1
        if event[6] in REACHED:
            series.latency[total] = series.latency.get(total, 0) + 1
            if model != total:
                series.model[model] = series.model.get(model, 0) + 1
                series.model[total] = series.model.get(total, 0) - 1
            if first is not None:
                series.first_token[first] = series.first_token.get(first, 0) + 1
            if total_s > self._least_threshold_s:
                series.count_slow(total_s, self._thresholds_s)
        if verdicts or event[4] != "ok":
            count_names(series, event)

    @property
    def total(self) -> Total:
        """What all calls since the beginning have cost, those included that are no longer kept."""
        return Total(self._nano_usd, self._tokens)

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
        ring = self._ring(window_s)
        tallies = ring.sums(now, window_s)
        if self._ends_s > ring.begins_s(now, window_s):
            tallies = self._with_current(tallies, cap=None if ring is self._fine else self._coarse_cap)
        return grouped(tallies, by, thresholds_s=self._thresholds_s, seconds=self._seconds(now, window_s))

    def none(self, now: float, window_s: float) -> Counts:
        """Return the counters of a window without calls."""
        return Counts(self._thresholds_s, seconds=self._seconds(now, window_s))

    def series(self, now: float, window_s: float) -> Iterator[tuple[Key, Series]]:
        """Yield every series of every slice of the last `window_s` seconds, at most an hour."""
        oldest = int((now - window_s) // SLICE_S)
        for number, each in self._slices.items():
            if number >= oldest:
                yield from each.items()

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
        return max(0.0, now - max(self._ring(window_s).begins_s(now, window_s), self._since_s))

    def _open(self, now: float) -> dict[Key, Series]:
        """Begin a slice. Time does not go backwards: an event that is late by a moment counts in the newest one."""
        if self._current:
            self._tally()
        elif self._since_s == math.inf:
            self._since_s = now
        self._number = int(now // SLICE_S)
        self._ends_s = (self._number + 1) * SLICE_S
        self._current = self._slices[self._number] = {}
        oldest = self._number - _KEPT_SLICES
        for number in [number for number in self._slices if number < oldest]:
            gone = self._slices.pop(number)
            if self._totals is not None:
                self._totals.take(number, gone)
        self._cap.expire(before=oldest)
        return self._current

    def _tally(self) -> None:
        """Add the slice that is over to the counts."""
        at_s = self._number * SLICE_S
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
