"""Exact counters, by series: of ten-second slices for an hour, and of five-minute cells for three days.

What alerts are decided from. A slice is tallied once, when it is over, and added to both rings; a call costs nothing
more for them.

A tally takes some 250 bytes, more where guards found something. The ring of an hour has no more of them than there are
series in the slices; that of three days has 865 cells with at most a quarter of `max_series` and one for each status: less
than two megabytes for ten series, and some 45 if all 250 that there may be have calls in every five minutes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from genai_guard.recording.dimensions import Key
from genai_guard.recording.rare import NOTHING_RARE, Hit, Rare
from genai_guard.recording.series import SUMS, Series
from genai_guard.recording.sketch import merge

__all__ = ["Ring", "Tally", "add"]


class Tally:
    """The exact counters of calls that have a key in common.

    Attributes:
        calls: All of them.
        reached: Those that reached the model.
        cost_nano_usd: Price of those that have one.
        unpriced: Those with tokens but without a price.
        slow: For each threshold in seconds, how many of those that reached the model took longer; none for none.
        rare: What few of them have.
    """

    __slots__ = (*SUMS, "calls", "rare", "reached", "slow")

    def __init__(self) -> None:
        self.calls = 0
        self.reached = 0
        self.input_tokens = 0
        self.output_tokens = 0
        self.cached_tokens = 0
        self.cost_nano_usd = 0
        self.unpriced = 0
        self.slow: Mapping[float, int] = _NONE_SLOW
        self.rare: Rare = NOTHING_RARE

    @property
    def tokens(self) -> int:
        """Input plus output."""
        return self.input_tokens + self.output_tokens

    @property
    def hits(self) -> Mapping[Hit, int]:
        """Guardrail hits."""
        return self.rare.hits

    @classmethod
    def of(cls, series: Series) -> Tally:
        """Return the counters of a series; a copy, where they may still change."""
        tally = cls()
        tally.calls, tally.reached = series.calls, series.reached
        tally.input_tokens, tally.output_tokens = series.input_tokens, series.output_tokens
        tally.cached_tokens = series.cached_tokens
        tally.cost_nano_usd, tally.unpriced = series.cost_nano_usd, series.unpriced
        if series.slow:
            tally.slow = dict(series.slow)
        tally.rare = NOTHING_RARE.plus(series.rare)
        return tally

    def add(self, other: Tally) -> None:
        """Add the counts of `other`."""
        self.calls += other.calls
        self.reached += other.reached
        self.input_tokens += other.input_tokens
        self.output_tokens += other.output_tokens
        self.cached_tokens += other.cached_tokens
        self.cost_nano_usd += other.cost_nano_usd
        self.unpriced += other.unpriced
        if other.slow:
            slow = dict(self.slow)
            merge(slow, other.slow)
            self.slow = slow
        self.rare = self.rare.plus(other.rare)


_NONE_SLOW: Final[Mapping[float, int]] = {}


def add(into: dict[Key, Tally], tallies: Iterable[tuple[Key, Tally]]) -> None:
    """Add tallies by key."""
    for key, tally in tallies:
        known = into.get(key)
        if known is None:
            known = into[key] = Tally()
        known.add(tally)


class Ring:
    """Tallies of the last while, in cells of equal length.

    Args:
        cell_s: Seconds of a cell.
        kept_s: Seconds kept, and one cell more.
    """

    __slots__ = ("_cells", "_newest", "_sums", "_version", "cell_s", "kept_s")

    def __init__(self, *, cell_s: float, kept_s: float) -> None:
        self.cell_s: Final = cell_s
        self.kept_s: Final = kept_s
        self._cells: dict[int, dict[Key, Tally]] = {}
        self._sums: dict[float, tuple[int, int, dict[Key, Tally]]] = {}
        self._newest = 0
        self._version = 0

    def add(self, at_s: float, tallies: Mapping[Key, Tally]) -> None:
        """Add what happened around `at_s`."""
        number = int(at_s // self.cell_s)
        if number not in self._cells or number < self._newest:
            self._version += 1
        if number > self._newest:
            self._newest = number
            self._drop(number - int(self.kept_s / self.cell_s))
        elif number < self._newest:
            self._cells[number] = _copy(self._cells.get(number, {}))  # it may be looked at
        add(self._cells.setdefault(number, {}), tallies.items())

    def cells(self) -> list[tuple[float, Mapping[Key, Tally]]]:
        """Return each cell and when it begins. They do not change any more."""
        cells = {**self._cells, self._newest: _copy(self._cells.get(self._newest, {}))}
        return [(number * self.cell_s, cell) for number, cell in cells.items()]

    def begins_s(self, now_s: float, window_s: float) -> float:
        """Return when the first cell begins that a window touches."""
        return (now_s - window_s) // self.cell_s * self.cell_s

    def sums(self, now_s: float, window_s: float) -> dict[Key, Tally]:
        """Return the sums of a window by key. Those of all cells but the newest are added up once for each new cell."""
        oldest = int((now_s - window_s) // self.cell_s)
        newest = self._newest
        known = self._sums.get(window_s)
        if known is None or known[:2] != (oldest, self._version):
            older: dict[Key, Tally] = {}
            for number, cell in self._cells.items():
                if oldest <= number < newest:
                    add(older, cell.items())
            known = self._sums[window_s] = (oldest, self._version, older)
        total = dict(known[2])
        if newest >= oldest:
            for key, tally in self._cells.get(newest, {}).items():
                total[key] = _sum(total[key], tally) if key in total else tally
        return total

    def _drop(self, oldest: int) -> None:
        for number in [number for number in self._cells if number < oldest]:
            del self._cells[number]


def _copy(cell: Mapping[Key, Tally]) -> dict[Key, Tally]:
    copy: dict[Key, Tally] = {}
    add(copy, cell.items())
    return copy


def _sum(first: Tally, second: Tally) -> Tally:
    total = Tally()
    total.add(first)
    total.add(second)
    return total
