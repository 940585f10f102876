"""Calls in, columns out: by window and slice."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final, NamedTuple

from genai_guard.errors import ConfigurationError
from genai_guard.recording.dimensions import OTHER
from genai_guard.recording.drift.calls import Call
from genai_guard.recording.drift.columns import COLUMNS, LONGEST_LABEL, Column
from genai_guard.recording.drift.features import Feature
from genai_guard.recording.drift.granularity import start_of, time_of
from genai_guard.recording.worker import count
from genai_guard.routing.conditions import Condition

__all__ = ["Cell", "Collector", "Place", "Slice", "slices_of"]

MOST_SLICES: Final = 50
_NAME: Final = re.compile(r"\w+")


class Place(NamedTuple):
    """Which calls.

    Attributes:
        start_s: When their window begins; None without windows.
        slice_key: By what they are a slice; None for all of them.
        slice_value: Its value.
    """

    start_s: float | None = None
    slice_key: str | None = None
    slice_value: str | None = None


@dataclass(slots=True)
class Cell:
    """What is known of the calls of one window and slice.

    Attributes:
        columns: By the name of the feature.
        rows: How many calls.
        first_s: When the first of them began.
        last_s: When the last of them began.
    """

    columns: dict[str, Column]
    rows: int = 0
    first_s: float | None = None
    last_s: float | None = None


@dataclass(frozen=True, slots=True)
class Slice:
    """By what calls are told apart: a column, or a condition that is true or false of them.

    Attributes:
        key: As it was given.
        value: Returns the value of a call; None if it belongs to no slice.
    """

    key: str
    value: Callable[[Mapping[str, Any]], str | None] = field(compare=False)


def slices_of(given: Iterable[str], *, where: str) -> tuple[Slice, ...]:
    """Return slices by what they are called: names of columns, or conditions such as `output_tokens > 500`.

    Raises:
        ConfigurationError: one is neither.
    """
    listed = (given,) if isinstance(given, str) else tuple(given)
    if not all(isinstance(each, str) and each for each in listed):
        raise ConfigurationError(f"{where}(slices=...) takes names of columns, and conditions such as 'attempts > 1'")
    return tuple(Slice(each, _column(each) if _NAME.fullmatch(each) else _condition(each)) for each in listed)


def _column(name: str) -> Callable[[Mapping[str, Any]], str | None]:
    def value(row: Mapping[str, Any]) -> str | None:
        found = row.get(name)
        return None if found is None else str(found)[:LONGEST_LABEL]

    return value


def _condition(text: str) -> Callable[[Mapping[str, Any]], str | None]:
    holds = Condition(text).holds
    words: Mapping[bool | None, str | None] = {True: "true", False: "false", None: None}
    return lambda row: words[holds(row)]


class Collector:
    """Takes rows, and keeps what is needed of them.

    Args:
        features: What is read.
        slices: What calls are told apart by, besides their time.
        length_s: Length of a window in seconds; None for one window.
        limit: Most values kept of a column.

    Attributes:
        cells: What is known by window and slice.
        failures: How often a feature could not be read, by its name and the class of what it raised.
        left_out: Rows that belong to no window, or were kept beside a sample, by reason.
    """

    def __init__(
        self, features: Sequence[Feature], *, slices: Sequence[Slice] = (), length_s: int | None = None, limit: int
    ) -> None:
        self.features: Final = features
        self.slices: Final = slices
        self.length_s: Final = length_s
        self.cells: dict[Place, Cell] = {}
        self.failures: dict[str, int] = {}
        self.left_out: dict[str, int] = {}
        self._limit = limit
        self._random = Random(0)  # noqa: S311  the same rows give the same figures
        self._values: dict[str, set[str]] = {each.key: set() for each in slices}

    def add(self, row: Mapping[str, Any]) -> None:
        """Take a row."""
        time_s = time_of(row)
        start_s = None
        if self.length_s is not None:
            if time_s is None:
                count(self.left_out, "no request_time")
                return
            start_s = start_of(time_s, self.length_s)
        cells = [self._cell(place) for place in self._places(start_s, row)]
        for cell in cells:
            cell.rows += 1
            if time_s is not None:
                cell.first_s = time_s if cell.first_s is None else min(cell.first_s, time_s)
                cell.last_s = time_s if cell.last_s is None else max(cell.last_s, time_s)
        self._read(Call(row), cells)

    def _read(self, call: Call, cells: Sequence[Cell]) -> None:
        for feature in self.features:
            name = feature.name
            try:
                value = feature.read(call)
                read = None if value is None else COLUMNS[feature.kind].read(value)
                for cell in cells:
                    column: Any = cell.columns[name]
                    if read is None:
                        column.nulls += 1
                    else:
                        column.add(read)
            except Exception as error:  # noqa: BLE001  a feature that fails has no value, and is counted
                count(self.failures, f"{name}.{type(error).__name__}")

    def _places(self, start_s: float | None, row: Mapping[str, Any]) -> Iterator[Place]:
        yield Place(start_s)
        for each in self.slices:
            value = each.value(row)
            if value is not None:
                yield Place(start_s, each.key, self._bounded(each.key, value))

    def _bounded(self, key: str, value: str) -> str:
        known = self._values[key]
        if value not in known:
            if len(known) >= MOST_SLICES:
                return OTHER
            known.add(value)
        return value

    def _cell(self, place: Place) -> Cell:
        cell = self.cells.get(place)
        if cell is None:
            cell = self.cells[place] = self.empty()
        return cell

    def empty(self) -> Cell:
        """Return a cell that knows of no call."""
        return Cell({each.name: COLUMNS[each.kind](self._limit, self._random) for each in self.features})
