"""What happened step by step, and by the values of a dimension: as values, tables, rows and frames."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import Any, Final, TypeAlias

from genai_guard.errors import ConfigurationError
from genai_guard.recording.dimensions import OTHER, Key
from genai_guard.recording.frames import flat, frame
from genai_guard.recording.snapshot import Part, Snapshot, snapshot
from genai_guard.recording.tables import COLUMNS, Row, clock_time, columns_of, html, text

__all__ = ["Breakdown", "Cells", "TimeSeries", "breakdown", "checked_steps", "timeseries"]

Cells: TypeAlias = Iterable[tuple[float, Mapping[Key, Part]]]
"""Stretches of time of equal length: when each begins, in seconds since 1970, and what is counted in it."""

_Named: TypeAlias = tuple[Key, Part]

_MOST_STEPS: Final = 10_000


@dataclass(frozen=True, slots=True)
class TimeSeries:
    """What happened in each step of a window, to all calls or by the values of a dimension.

    Prints as a table, and shows as one in a notebook. Steps begin at multiples of their length on the clock, in UTC.
    The last one is not over: its `window_s` says how much of it is.

    Attributes:
        step_s: Length of a step in seconds.
        window_s: Length of all steps together, the rest of the last one included.
        by: The dimension that lines are apart by; empty for one line of all calls, which then is that of `""`.
        slice: The dimensions asked for and their values; empty for all calls.
        lines: A snapshot for each step, the earliest first, by value; the line with the most calls first. A step without
            calls is a snapshot without calls.
    """

    step_s: float
    window_s: float
    by: str = ""
    slice: Mapping[str, str] = field(default_factory=dict[str, str])
    lines: Mapping[str, tuple[Snapshot, ...]] = field(default_factory=dict[str, tuple[Snapshot, ...]])

    @property
    def points(self) -> tuple[Snapshot, ...]:
        """All snapshots, line by line."""
        return tuple([point for line in self.lines.values() for point in line])

    @property
    def times_s(self) -> tuple[float, ...]:
        """When each step begins, in seconds since 1970."""
        line: tuple[Snapshot, ...] = next(iter(self.lines.values()), ())
        return tuple([point.begins_s for point in line])

    def rows(self) -> list[dict[str, Any]]:
        """Return every snapshot as a flat row, see `Snapshot.row`; the dimension `by` is a column."""
        return [_named(self.by, value, flat(point)) for value, line in self.lines.items() for point in line]

    def to_pandas(self) -> Any:
        """Return the rows as a `pandas.DataFrame`, indexed by the time at which each begins.

        Raises:
            ConfigurationError: pandas is not installed.
        """
        return frame(self.rows())

    def __str__(self) -> str:
        return text(self._title(), self._head(), self._rows(), left=1 + bool(self.by))

    def _repr_html_(self) -> str:
        return html(self._title(), self._head(), self._rows(), left=1 + bool(self.by))

    def _title(self) -> str:
        calls = sum(point.calls for point in self.points)
        return f"{calls:,} calls in steps of {self.step_s:g} s" + _of(self.slice)

    def _head(self) -> Row:
        return ("begins (UTC)", *([self.by] if self.by else []), *COLUMNS)

    def _rows(self) -> Iterator[Row]:
        for value, line in self.lines.items():
            for point in line:
                yield (clock_time(point.begins_s), *([value or "-"] if self.by else []), *columns_of(point))


class Breakdown(Mapping[str, Snapshot]):
    """A snapshot for each value of a dimension, the one with the most calls first.

    Prints as a table, and shows as one in a notebook.

    Args:
        by: The dimension.
        window_s: Length of the window in seconds.
        snapshots: By value.
    """

    __slots__ = ("_snapshots", "by", "window_s")

    def __init__(self, by: str, *, window_s: float, snapshots: Mapping[str, Snapshot]) -> None:
        self.by: Final = by
        self.window_s: Final = window_s
        self._snapshots = dict(snapshots)

    def __getitem__(self, value: str) -> Snapshot:
        return self._snapshots[value]

    def __iter__(self) -> Iterator[str]:
        return iter(self._snapshots)

    def __len__(self) -> int:
        return len(self._snapshots)

    def rows(self) -> list[dict[str, Any]]:
        """Return every snapshot as a flat row, see `Snapshot.row`; the dimension is a column."""
        return [_named(self.by, value, flat(each)) for value, each in self.items()]

    def to_pandas(self) -> Any:
        """Return the rows as a `pandas.DataFrame`.

        Raises:
            ConfigurationError: pandas is not installed.
        """
        return frame(self.rows())

    def __str__(self) -> str:
        return text(self._title(), (self.by, *COLUMNS), self._rows())

    def __repr__(self) -> str:
        return f"<Breakdown by {self.by}: {len(self)} values>"

    def _repr_html_(self) -> str:
        return html(self._title(), (self.by, *COLUMNS), self._rows())

    def _title(self) -> str:
        return f"{sum(each.calls for each in self.values()):,} calls in the last {self.window_s:g} s"

    def _rows(self) -> Iterator[Row]:
        for value, each in self.items():
            yield (value or "-", *columns_of(each))


def checked_steps(step_s: float, window_s: float, *, cell_s: float, kept_s: float) -> None:
    """Refuse steps that are not made of whole cells, and windows that are not kept.

    Raises:
        ConfigurationError: it is so.
    """
    if not 0 < window_s <= kept_s:
        raise ConfigurationError(f"timeseries(window_s={window_s:g}): must be above 0 and at most {kept_s:g} seconds")
    if not 0 < step_s < math.inf or step_s % cell_s:
        raise ConfigurationError(
            f"timeseries(step_s={step_s:g}): in a window of {window_s:g} seconds a step must be a multiple of {cell_s:g}"
        )
    if window_s / step_s > _MOST_STEPS:
        raise ConfigurationError(f"timeseries(step_s={step_s:g}): a window takes at most {_MOST_STEPS} steps")


def timeseries(
    cells: Cells,
    *,
    now_s: float,
    step_s: float,
    window_s: float,
    wanted: Mapping[int, str],
    dimensions: Key,
    by: str = "",
) -> TimeSeries:
    """Add up cells in steps.

    Args:
        cells: What is counted; those outside of the window are passed over.
        now_s: Seconds since 1970.
        step_s: Length of a step, whole cells.
        window_s: How far to look back from the end of the current step.
        wanted: Values that count, by the place of their dimension.
        dimensions: Names of what stands in the keys.
        by: Dimension that lines are apart by.
    """
    count = math.ceil(window_s / step_s)
    newest = int(now_s // step_s)
    begins = [(newest - count + 1 + place) * step_s for place in range(count)]
    place = dimensions.index(by) if by else None
    steps: dict[str, list[list[_Named]]] = {} if by else {"": [[] for _ in begins]}
    for begins_s, parts in cells:
        step = min(int(begins_s // step_s) - newest, 0) + count - 1  # later than now: the clock went back
        if step < 0:
            continue
        for key, part in parts.items():
            line = steps.setdefault("" if place is None else key[place], [])
            if not line:
                line.extend([] for _ in begins)
            line[step].append((key, part))
    other = steps.get(OTHER, [[] for _ in begins])
    lengths = [*[step_s] * (count - 1), max(0.0, min(step_s, now_s - begins[-1]))]
    add = partial(snapshot, dimensions=dimensions, dropped={})
    lines = {
        value: tuple(
            [
                add(_and(step, more, value), begins_s=at_s, window_s=length_s, wanted=_with(wanted, place, value))
                for at_s, length_s, step, more in zip(begins, lengths, line, other, strict=True)
            ]
        )
        for value, line in steps.items()
    }
    kept = {value: line for value, line in lines.items() if place is None or any(point.calls for point in line)}
    return TimeSeries(
        step_s=step_s,
        window_s=sum(lengths),
        by=by,
        slice={dimensions[place]: value for place, value in wanted.items()},
        lines=dict(sorted(kept.items(), key=lambda line: (-sum(point.calls for point in line[1]), line[0]))),
    )


def breakdown(
    parts: Iterable[_Named],
    *,
    by: str,
    window_s: float,
    begins_s: float,
    wanted: Mapping[int, str],
    dimensions: Key,
    dropped: Mapping[str, int],
) -> Breakdown:
    """Add up parts for each value of a dimension."""
    place = dimensions.index(by)
    values: dict[str, list[_Named]] = {}
    for key, part in parts:
        values.setdefault(key[place], []).append((key, part))
    other = values.get(OTHER, [])
    add = partial(snapshot, begins_s=begins_s, window_s=window_s, dimensions=dimensions, dropped=dropped)
    each = {
        value: add(_and(named, other, value), wanted=_with(wanted, place, value)) for value, named in values.items()
    }
    seen = [pair for pair in each.items() if pair[1].calls]
    ranked = sorted(seen, key=lambda pair: (-pair[1].calls, pair[0]))
    return Breakdown(by, window_s=window_s, snapshots=dict(ranked))


def _and(parts: list[_Named], other: list[_Named], value: str) -> Iterable[_Named]:
    """Add those that may have the value too, but were not counted apart."""
    return chain(parts, other) if other and value not in {"", OTHER} else parts


def _with(wanted: Mapping[int, str], place: int | None, value: str) -> Mapping[int, str]:
    return wanted if place is None else {**wanted, place: value}


def _named(by: str, value: str, row: dict[str, Any]) -> dict[str, Any]:
    return row | {by: value} if by else row


def _of(slice: Mapping[str, str]) -> str:  # noqa: A002
    named = ", ".join(f"{name} {value!r}" for name, value in slice.items())
    return f", {named}" if named else ""
