"""Tables as values: rows with names, for people, programs, notebooks and other tools."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from importlib import import_module
from typing import Any, ClassVar, Final, Generic, TypeVar, cast

from genai_guard.errors import ConfigurationError
from genai_guard.printed import aligned
from genai_guard.recording.tables import html
from genai_guard.routing.analysis.wording import number

__all__ = ["Table"]

R = TypeVar("R")

_UNSEEN: Final = "-"
_WORDS: Final = frozenset({"window", "slice", "column_name", "verdict", "commonest"})
"""Columns of words, which begin at the left."""


@dataclass(frozen=True)
class Table(Generic[R]):
    """Rows that all have the same columns.

    Attributes:
        rows: In the order of windows, slices and features.
        failures: How often a feature could not be read, by its name and the class of what it raised.
        left_out: Calls that belong to no window, or were kept beside a sample, by reason.
    """

    row_type: ClassVar[type]
    shown: ClassVar[Mapping[str, str]]
    """The columns that people are shown, and what they are called there."""

    rows: tuple[R, ...]
    failures: Mapping[str, int]
    left_out: Mapping[str, int]

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(each.name for each in fields(self.row_type))

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the rows as mappings, with values that JSON has."""
        return [{name: _plain(value) for name, value in asdict(row).items()} for row in self.rows]  # type: ignore[call-overload]

    def to_json(self) -> str:
        """Return a JSON array of objects."""
        return json.dumps(self.to_dicts(), ensure_ascii=False)

    def to_csv(self) -> str:
        """Return lines of comma-separated values below a line of names; what is no plain value is JSON."""
        file = io.StringIO(newline="")
        writer = csv.DictWriter(file, self.columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _flat(value) for name, value in row.items()} for row in self.to_dicts())
        return file.getvalue()

    def to_pandas(self) -> Any:
        """Return a `pandas.DataFrame`.

        Raises:
            ConfigurationError: pandas is missing.
        """
        try:
            pandas: Any = import_module("pandas")
        except ImportError as error:
            raise ConfigurationError("to_pandas() needs pandas: pip install 'genai_guard[pandas]'") from error
        return pandas.DataFrame(self.to_dicts(), columns=list(self.columns))

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[R]:
        return iter(self.rows)

    def __str__(self) -> str:
        lines = [tuple(self.shown.values()), *self._texts()]
        return "\n".join([*aligned(lines, left=self._words()), *self._notes()])

    def _repr_html_(self) -> str:
        return html("; ".join(self._notes()), tuple(self.shown.values()), self._texts(), left=self._words())

    def _words(self) -> set[int]:
        return {place for place, name in enumerate(self.shown) if name in _WORDS}

    def _texts(self) -> Iterator[Sequence[str]]:
        for row in self.rows:
            yield tuple(cell(getattr(row, name), name) for name in self.shown)

    def _notes(self) -> Iterator[str]:
        for reason, times in self.left_out.items():
            yield f"left out: {times:,} calls ({reason})"
        for name, times in self.failures.items():
            yield f"not read: {name}, {times:,} times"


def cell(value: Any, column: str) -> str:
    """Return what stands in a column for people."""
    if value is None or value == "":
        return _UNSEEN
    if isinstance(value, float):
        is_p = column.startswith("p_")
        return "<0.0001" if is_p and value < 1e-4 else f"{value:.2g}" if is_p else number(value)
    if isinstance(value, Mapping):
        start = cast("Mapping[str, str]", value).get("start", _UNSEEN)
        return start[:16].replace("T", " ")
    return f"{value:,}" if isinstance(value, int) else str(value)


def _plain(value: Any) -> Any:
    """Return a value that JSON has: no NaN and no infinity."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in cast("dict[str, Any]", value).items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _flat(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list | tuple) else value
