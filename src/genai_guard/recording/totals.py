"""Sums that only grow, as counters of monitoring systems do: from them, whoever reads makes rates of his own."""

from __future__ import annotations

from collections.abc import Mapping

from genai_guard.recording.dimensions import Key, SeriesCap
from genai_guard.recording.series import Series

__all__ = ["Totals"]


class Totals:
    """The calls of all slices that are over.

    A counter may never become smaller. So a key, once it is counted apart, always is, and one that came when there was
    no more room never will be, unlike in the windows, which forget what is an hour old.

    Args:
        cap: Decides which keys are counted apart.
    """

    __slots__ = ("_cap", "_series", "_until")

    def __init__(self, cap: SeriesCap) -> None:
        self._cap = cap
        self._series: dict[Key, Series] = {}
        self._until = -1

    def take(self, number: int, each: Mapping[Key, Series]) -> None:
        """Add a slice that is over, unless it has been; `number` grows from slice to slice."""
        if number > self._until:
            self._until = number
            self._add(self._series, each)

    def plus(self, current: Mapping[Key, Series]) -> dict[Key, Series]:
        """Return the sums with the slice that is not over yet; a copy."""
        series: dict[Key, Series] = {}
        for key, each in self._series.items():
            series[key] = copy = Series()
            copy.merge(each)
        self._add(series, current)
        return series

    def _add(self, series: dict[Key, Series], each: Mapping[Key, Series]) -> None:
        for key, part in each.items():
            admitted = self._cap.admit(key, now=0)
            if admitted not in series:
                series[admitted] = Series()
            series[admitted].merge(part)
