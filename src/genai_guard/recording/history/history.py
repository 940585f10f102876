"""`MetricsHistory`: where recorders keep their counts, and what all of them come to."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from time import time
from typing import TYPE_CHECKING, Any, Final

from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import settle
from genai_guard.recording.dimensions import Key, check_declared
from genai_guard.recording.history.cells import Cell
from genai_guard.recording.history.slots import left_in, slots
from genai_guard.recording.inference_log import folder_of
from genai_guard.recording.readings import places
from genai_guard.recording.series import Series
from genai_guard.recording.snapshot import Snapshot, snapshot
from genai_guard.recording.timeseries import Breakdown, TimeSeries, breakdown, checked_steps, timeseries
from genai_guard.recording.windows import COARSE_S, KEPT_S

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["MetricsHistory"]

_DAY_S: Final = 86_400.0


@dataclass(frozen=True)
class MetricsHistory:
    """A folder in which recorders keep what they count, in cells of five minutes with their sketches.

    `MetricsRecorder(history=MetricsHistory("metrics/"))` goes on where the process before it ended: alerts and budgets know
    its counts. Each process that lives at the same time has a folder of its own in it, which the next takes over. A
    process that is killed loses at most the last ten seconds.

    `snapshot`, `breakdown` and `timeseries` answer for all processes together, those that are no more included, from
    wherever the folder can be read. Sums and counts are exact, quantiles within 1 %; what a process counts is there ten
    seconds later.

    No values of the dimensions `user` and `session` are kept: there they are `__other__`.

    Args:
        path: The folder, on a file system that has locks; made when a recorder counts its first call.
        keep_days: Files of days before are deleted, at least three.
        max_mb: About how much one process keeps; its oldest file goes first.

    Raises:
        ConfigurationError: the path is a file, or another value is not what it must be.
    """

    path: str | os.PathLike[str]
    keep_days: int = field(default=4, kw_only=True)
    max_mb: float = field(default=64.0, kw_only=True)
    folder: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        folder = folder_of(self.path, where="MetricsHistory")
        if isinstance(self.keep_days, bool) or not isinstance(self.keep_days, int) or self.keep_days < 3:
            raise ConfigurationError(f"MetricsHistory(keep_days={self.keep_days!r}) must be a whole number from 3 on")
        if isinstance(self.max_mb, bool) or not isinstance(self.max_mb, int | float) or not self.max_mb > 0:
            raise ConfigurationError(f"MetricsHistory(max_mb={self.max_mb!r}) must be a number above 0")
        settle(self, path=str(folder), folder=folder.absolute())

    def snapshot(self, window_s: float = KEPT_S, *, until_s: float | None = None, **slice: str) -> Snapshot:  # noqa: A002
        """Return what happened in a window, to all calls of all processes or to those of a slice.

        Args:
            window_s: How long it is; the cell of five minutes in which it begins counts whole.
            until_s: When it ends, in seconds since 1970; now unless given. The cell in which it ends counts whole.
            slice: Values of declared dimensions.

        Raises:
            ConfigurationError: the window is not kept, or no recorder declared a dimension.
        """
        found = self._read(window_s, until_s, slice)
        return snapshot(
            found.parts(),
            window_s=window_s,
            begins_s=found.begins_s,
            wanted=places(slice, found.dimensions),
            dimensions=found.dimensions,
            dropped=found.dropped,
        )

    def breakdown(
        self,
        by: str,
        *,
        window_s: float = KEPT_S,
        until_s: float | None = None,
        **slice: str,  # noqa: A002
    ) -> Breakdown:
        """Return a snapshot for each value of a dimension that was seen, the one with the most calls first.

        Raises:
            ConfigurationError: as for `snapshot`.
        """
        found = self._read(window_s, until_s, {by: "", **slice})
        return breakdown(
            found.parts(),
            by=by,
            window_s=window_s,
            begins_s=found.begins_s,
            wanted=places(slice, found.dimensions),
            dimensions=found.dimensions,
            dropped=found.dropped,
        )

    def timeseries(
        self,
        step_s: float = COARSE_S,
        *,
        window_s: float = _DAY_S,
        by: str = "",
        until_s: float | None = None,
        **slice: str,  # noqa: A002
    ) -> TimeSeries:
        """Return what happened in each step of a window, to all calls of all processes or to those of a slice.

        Args:
            step_s: Length of a step, a multiple of five minutes. Steps begin at its multiples on the clock, in UTC.
            window_s: How far to look back; so much that there are whole steps.
            by: Dimension whose values have a line each.
            until_s: When the window ends, in seconds since 1970; now unless given.
            slice: Values of declared dimensions.

        Raises:
            ConfigurationError: the window is not kept, a step is not made of whole cells, or no recorder declared a
                dimension.
        """
        window_s = checked_steps(step_s, window_s, cell_s=COARSE_S, kept_s=self.keep_days * _DAY_S)
        found = self._read(window_s, until_s, {**({by: ""} if by else {}), **slice})
        return timeseries(
            found.cells,
            now_s=found.until_s,
            step_s=step_s,
            window_s=window_s,
            by=by,
            wanted=places(slice, found.dimensions),
            dimensions=found.dimensions,
        )

    def parts(
        self, *, window_s: float = _DAY_S, until_s: float | None = None
    ) -> Iterator[tuple[float, Mapping[str, str], Series]]:
        """Yield when each cell of five minutes begins, and what was counted in it, by the values of the dimensions.

        Args:
            window_s: How far to look back.
            until_s: When the window ends, in seconds since 1970; now unless given.

        Raises:
            ConfigurationError: the window is not kept.
        """
        found = self._read(window_s, until_s, ())
        for begins_s, cell in found.cells:
            for key, series in cell.items():
                yield begins_s, dict(zip(found.dimensions, key, strict=True)), series

    def _read(self, window_s: float, until_s: float | None, names: Iterable[str]) -> _Found:
        if not 0 < window_s <= self.keep_days * _DAY_S:
            raise ConfigurationError(f"window_s={window_s:g}: the history keeps {self.keep_days} days")
        until_s = time() if until_s is None else until_s
        begins_s = (until_s - window_s) // COARSE_S * COARSE_S
        found = _Found(begins_s, until_s)
        for slot in slots(self.folder):
            left = left_in(slot, since_s=begins_s, on_corrupt=found.miss)
            found.add([cell for cell in (*left.cells, *left.running) if begins_s <= cell.number * COARSE_S <= until_s])
        wanted = tuple(names)
        if not found.cells:
            found.dimensions = tuple(dict.fromkeys(("status", *wanted)))
        check_declared(wanted, found.dimensions)
        return found


class _Found:
    """What stands in the folder about a stretch of time.

    Args:
        begins_s: When it begins, in seconds since 1970.
        until_s: When it ends.
    """

    __slots__ = ("begins_s", "cells", "dimensions", "dropped", "until_s")

    def __init__(self, begins_s: float, until_s: float) -> None:
        self.begins_s = begins_s
        self.until_s = until_s
        self.dimensions: Key = ("status",)
        self.cells: list[tuple[float, Mapping[Key, Series]]] = []
        self.dropped: dict[str, int] = {}

    def miss(self, _: Path) -> None:
        """Count what cannot be read."""
        self.dropped["history.corrupt"] = self.dropped.get("history.corrupt", 0) + 1

    def add(self, cells: Iterable[Cell]) -> None:
        """Add cells; recorders may have had different dimensions."""
        for cell in cells:
            if any(name not in self.dimensions for name in cell.dimensions):
                self.dimensions = tuple(dict.fromkeys((*self.dimensions, *cell.dimensions)))
                self.cells = [(begins_s, _widened(each, len(self.dimensions))) for begins_s, each in self.cells]
            places = [cell.dimensions.index(name) if name in cell.dimensions else None for name in self.dimensions]
            ours = {
                tuple(["" if place is None else key[place] for place in places]): series
                for key, series in cell.series.items()
            }
            self.cells.append((cell.number * COARSE_S, ours))

    def parts(self) -> Iterator[tuple[Key, Series]]:
        """Yield everything."""
        for _, each in self.cells:
            yield from each.items()


def _widened(series: Mapping[Key, Series], width: int) -> dict[Key, Series]:
    return {(*key, *[""] * (width - len(key))): each for key, each in series.items()}
