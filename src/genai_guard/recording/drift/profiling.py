"""Columns as rows of the profile table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from genai_guard.guards.overlap import STOP_WORDS
from genai_guard.recording.drift.cells import Cell, Place
from genai_guard.recording.drift.columns import (
    LabelColumn,
    NumberColumn,
    VectorColumn,
    WordsColumn,
    most_common,
)
from genai_guard.recording.drift.comparing import LEAST_TEXTS
from genai_guard.recording.drift.features import FeatureKind
from genai_guard.recording.drift.granularity import moment
from genai_guard.recording.drift.metrics import WHOLE, ProfileRow

__all__ = ["DATA_TYPES", "items", "percent", "profile_rows", "window_of"]

DATA_TYPES: Final[Mapping[FeatureKind, str]] = {
    "number": "double",
    "label": "string",
    "words": "string",
    "vector": "array<double>",
}

_MOST_SHOWN: Final = 10


def profile_rows(place: Place, cell: Cell, *, granularity: str | None, length_s: int | None) -> Iterator[ProfileRow]:
    """Yield what is known of one window and slice: of the calls, then of each column."""
    common: dict[str, Any] = {
        "window": window_of(place, cell, length_s),
        "granularity": granularity,
        "slice_key": place.slice_key,
        "slice_value": place.slice_value,
    }
    filled = [name for name, column in cell.columns.items() if column.count]
    yield ProfileRow(column_name=WHOLE, data_type=None, count=cell.rows, non_null_columns=filled, **common)
    for name, column in cell.columns.items():
        yield ProfileRow(
            column_name=name,
            data_type=DATA_TYPES[column.kind],
            count=column.count,
            num_nulls=column.nulls,
            distinct_count=column.distinct,
            percent_null=percent(column.nulls, cell.rows),
            percent_distinct=None if column.distinct is None else percent(column.distinct, column.count),
            **common,
            **_PROFILES[column.kind](column),
        )


def window_of(place: Place, cell: Cell, length_s: int | None) -> dict[str, str] | None:
    """Return from when to when the calls of a cell are; None where no row has a time."""
    if place.start_s is not None and length_s is not None:
        return {"start": moment(place.start_s), "end": moment(place.start_s + length_s)}
    if cell.first_s is None or cell.last_s is None:
        return None
    return {"start": moment(cell.first_s), "end": moment(cell.last_s)}


def percent(part: int, whole: int) -> float | None:
    """Return a share in percent; None of nothing."""
    return 100.0 * part / whole if whole else None


def items(counted: Any) -> list[dict[str, Any]]:
    """Return counted items as a table has them."""
    return [{"item": item, "count": times} for item, times in counted]


def _number(column: NumberColumn) -> dict[str, Any]:
    if not column.count:
        return {"num_nan": column.nans}
    ordered = column.ordered
    last = len(ordered) - 1
    return {
        "avg": column.mean,
        "quantiles": [ordered[round(last * step / 10)] for step in range(11)],
        "median": (ordered[last // 2] + ordered[(last + 1) // 2]) / 2,
        "min": column.least,
        "max": column.most,
        "stddev": column.stddev,
        "num_zeros": column.zeros,
        "num_nan": column.nans,
        "percent_zeros": percent(column.zeros, column.count),
        "percent_nan": percent(column.nans, column.count + column.nulls + column.nans),
    }


def _label(column: LabelColumn) -> dict[str, Any]:
    if not column.count:
        return {}
    lengths = [len(label) for label in column.counts]
    total = sum(len(label) * times for label, times in column.counts.items())
    return {
        "min_length": min(lengths),
        "max_length": max(lengths),
        "avg_length": total / column.count,
        "frequent_items": items(most_common(column.counts, _MOST_SHOWN)),
    }


def _words(column: WordsColumn) -> dict[str, Any]:
    if not column.count:
        return {}
    texts = column.texts_by_word()
    for word in [word for word, times in texts.items() if times < LEAST_TEXTS or word in STOP_WORDS]:
        del texts[word]
    return {
        "min_length": column.least,
        "max_length": column.most,
        "avg_length": column.chars / column.count,
        "frequent_items": items(most_common(texts, _MOST_SHOWN)),
    }


def _vector(column: VectorColumn) -> dict[str, Any]:
    del column
    return {}


_PROFILES: Final[Mapping[FeatureKind, Callable[[Any], dict[str, Any]]]] = {
    "number": _number,
    "label": _label,
    "words": _words,
    "vector": _vector,
}
