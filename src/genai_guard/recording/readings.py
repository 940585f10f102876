"""What is read of a recorder: snapshots, what they come to step by step, and sums for those who compare their own."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from genai_guard.errors import ConfigurationError
from genai_guard.recording.dimensions import Key, check_declared
from genai_guard.recording.snapshot import Part, Snapshot, snapshot
from genai_guard.recording.timeseries import Breakdown, Cells, TimeSeries, breakdown, checked_steps, timeseries
from genai_guard.recording.windows import COARSE_S, COUNTED_S, KEPT_S, SLICE_S

if TYPE_CHECKING:
    from genai_guard.recording.ledger import Ledger, Moment
    from genai_guard.recording.series import Series

__all__ = ["Readings", "places"]


class _Found(NamedTuple):
    """What was counted up to a moment; it does not change any more."""

    cells: Cells
    begins_s: float
    now_s: float
    dropped: dict[str, int]

    def parts(self) -> Iterator[tuple[Key, Part]]:
        for _, each in self.cells:
            yield from each.items()


class Readings:
    """What a recorder answers about the calls it counted."""

    dimensions: Final[Key]
    _ledger: Ledger

    def __init__(self, dimensions: Key, *, ledger: Ledger) -> None:
        self.dimensions = dimensions
        self._ledger = ledger

    def snapshot(self, window_s: float = KEPT_S, **slice: str) -> Snapshot:  # noqa: A002  the word for it
        """Return what happened in the last `window_s` seconds, to all calls or to those of a slice.

        Everything recorded before counts. `recorder.snapshot(300, model="large", status="error")`.

        Args:
            window_s: How far to look back, at most an hour; the slice of ten seconds in which it begins counts whole.
            slice: Values of declared dimensions.

        Raises:
            ConfigurationError: the window is not kept, or a dimension was not declared.
        """
        self._check(window_s, slice)
        wanted = places(slice, self.dimensions)

        found = self._look(window_s)
        return snapshot(
            found.parts(),
            window_s=window_s,
            begins_s=found.begins_s,
            wanted=wanted,
            dimensions=self.dimensions,
            dropped=found.dropped,
        )

    def breakdown(self, by: str, *, window_s: float = KEPT_S, **slice: str) -> Breakdown:  # noqa: A002
        """Return a snapshot for each value of a dimension that was seen, the one with the most calls first.

        Raises:
            ConfigurationError: as for `snapshot`.
        """
        self._check(window_s, {by: "", **slice})
        wanted = places(slice, self.dimensions)

        found = self._look(window_s)
        return breakdown(
            found.parts(),
            by=by,
            window_s=window_s,
            begins_s=found.begins_s,
            wanted=wanted,
            dimensions=self.dimensions,
            dropped=found.dropped,
        )

    def timeseries(
        self,
        step_s: float = 60.0,
        *,
        window_s: float = KEPT_S,
        by: str = "",
        **slice: str,  # noqa: A002
    ) -> TimeSeries:
        """Return what happened in each step of the last `window_s` seconds, to all calls or to those of a slice.

        Up to an hour of them has quantiles, and steps of multiples of ten seconds. Of more, at most three days, there are
        the counts alone, in multiples of five minutes and of a quarter of `max_series` combinations of values.

        Args:
            step_s: Length of a step. Steps begin at its multiples on the clock, in UTC.
            window_s: How far to look back.
            by: Dimension whose values have a line each.
            slice: Values of declared dimensions.

        Raises:
            ConfigurationError: the window is not kept, a step is not made of whole slices, or a dimension was not declared.
        """
        is_fine = window_s <= KEPT_S
        checked_steps(step_s, window_s, cell_s=SLICE_S if is_fine else COARSE_S, kept_s=COUNTED_S)
        check_declared([*([by] if by else []), *slice], self.dimensions)
        wanted = places(slice, self.dimensions)

        found = self._look(window_s)
        return timeseries(
            found.cells,
            now_s=found.now_s,
            step_s=step_s,
            window_s=window_s,
            by=by,
            wanted=wanted,
            dimensions=self.dimensions,
        )

    def totals(self) -> Mapping[Key, Series]:
        """Return all calls by their status and dimensions, in sums that only grow, for whoever reads differences.

        They begin with the hour before this is asked for the first time.
        """
        return self._ledger.read(lambda moment: moment.windows.totals())

    def _look(self, window_s: float) -> _Found:
        """Return what was counted, to be added up while others go on counting."""

        def look(moment: Moment) -> _Found:
            windows, now_s = moment.windows, moment.now_s
            begins_s = windows.begins_s(now_s, window_s)
            cells: Cells = windows.since(begins_s) if window_s <= KEPT_S else windows.cells()
            return _Found(cells, begins_s, windows.wall_s(now_s), self._losses(moment))

        return self._ledger.read(look)

    def _check(self, window_s: float, names: Iterable[str]) -> None:
        if not 0 < window_s <= KEPT_S:
            raise ConfigurationError(
                f"window_s={window_s:g}: the recorder keeps {KEPT_S:g} seconds; timeseries() has counts of three days"
            )
        check_declared(names, self.dimensions)

    @abstractmethod
    def _losses(self, moment: Moment) -> dict[str, int]:
        """Return what was lost since the beginning."""


def places(slice: Mapping[str, str], dimensions: Key) -> dict[int, str]:  # noqa: A002
    """Return the values of a slice by the place of their dimension."""
    return {dimensions.index(name): value for name, value in slice.items()}
