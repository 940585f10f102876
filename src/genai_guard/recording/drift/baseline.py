"""What windows are compared with, in memory or in a file without a text."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final, Self

from genai_guard.errors import ConfigurationError
from genai_guard.recording.drift.cells import Cell, Collector, Place, slices_of
from genai_guard.recording.drift.columns import COLUMNS, Column
from genai_guard.recording.drift.features import Feature, features_of
from genai_guard.recording.drift.profiling import window_of
from genai_guard.recording.logs.sampling import evenly
from genai_guard.routing.analysis.sources import rows_of

__all__ = ["MAX_VALUES", "Baseline", "collected", "compared_by"]

MAX_VALUES: Final = 5_000
"""Most values kept of a column unless said otherwise: 40 KB."""

FORMAT: Final = 1


@dataclass(frozen=True)
class Baseline:
    """What calls were like when all was well.

    It can be saved: counts, and at most so many values of a column as were kept. No text is in the file; words are in it
    as hashes, if two calls have them. Labels, values of slices and vectors are in it as they are; from an embedding much of
    its text can be guessed.

    Attributes:
        cells: What is known by slice.
        features: Names of the features that are known.
        slices: By what calls are told apart.
    """

    cells: Mapping[Place, Cell]
    features: tuple[str, ...]
    slices: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        data: object,
        *,
        features: Iterable[str | Feature] | None = None,
        slices: Iterable[str] = (),
        max_values: int = MAX_VALUES,
    ) -> Self:
        """Return the baseline that calls make.

        Args:
            data: As for `profile`.
            features: As for `profile`.
            slices: As for `profile`.
            max_values: As for `profile`.

        Raises:
            ConfigurationError: one of them is not what it must be, or there are no calls.
        """
        collector = collected(
            data, features=features, slices=slices, granularity_s=None, max_values=max_values, where="Baseline.of"
        )
        if not collector.cells:
            raise ConfigurationError("Baseline.of(data): there are no calls")
        return cls.collected(collector)

    @classmethod
    def collected(cls, collector: Collector) -> Self:
        """Return the baseline of what a collector without windows has."""
        names = tuple(each.name for each in collector.features)
        return cls(dict(collector.cells), names, tuple(each.key for each in collector.slices))

    @property
    def rows(self) -> int:
        """How many calls it is of."""
        whole = self.cells.get(Place())
        return whole.rows if whole is not None else 0

    def cell(self, place: Place) -> Cell | None:
        """Return what is known of a slice."""
        return self.cells.get(Place(None, place.slice_key, place.slice_value))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a JSON file, at once: a reader sees the old one or the new one.

        Raises:
            OSError: it cannot be written.
        """
        target = Path(path)
        beside = target.with_name(f"{target.name}.{os.getpid()}.tmp")
        beside.write_text(json.dumps(self._saved(), ensure_ascii=False), encoding="utf-8")
        beside.replace(target)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Return what was saved.

        Raises:
            ConfigurationError: the file holds something else.
            OSError: it cannot be read.
        """
        try:
            return cls._restored(json.loads(Path(path).read_text(encoding="utf-8")))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ConfigurationError(f"Baseline.load({str(path)!r}): is no baseline of format {FORMAT}") from None

    def _saved(self) -> dict[str, Any]:
        cells = [
            {
                "slice_key": place.slice_key,
                "slice_value": place.slice_value,
                "rows": cell.rows,
                "first_s": cell.first_s,
                "last_s": cell.last_s,
                "columns": {name: {"kind": each.kind, **each.saved()} for name, each in cell.columns.items()},
            }
            for place, cell in self.cells.items()
        ]
        return {"format": FORMAT, "features": list(self.features), "slices": list(self.slices), "cells": cells}

    @classmethod
    def _restored(cls, saved: Mapping[str, Any]) -> Self:
        if saved["format"] != FORMAT:
            raise ValueError(FORMAT)
        cells = {Place(None, each["slice_key"], each["slice_value"]): _cell(each) for each in saved["cells"]}
        return cls(cells, tuple(saved["features"]), tuple(saved["slices"]))

    def __repr__(self) -> str:
        whole = self.cells.get(Place())
        window = window_of(Place(), whole, None) if whole is not None else None
        since = f" from {window['start']}" if window else ""
        return f"<Baseline of {self.rows:,} calls{since}, {len(self.features)} features>"


def _cell(saved: Mapping[str, Any]) -> Cell:
    columns: dict[str, Column] = {}
    for name, each in saved["columns"].items():
        rest = dict(each)
        column = COLUMNS[rest.pop("kind")](MAX_VALUES, Random(0))  # noqa: S311  nothing is added to it
        column.restore(rest)
        columns[name] = column
    return Cell(columns, saved["rows"], saved["first_s"], saved["last_s"])


def compared_by(
    given: object,
    features: Iterable[str | Feature] | None,
    slices: Sequence[str],
    *,
    max_values: int,
    where: str,
) -> tuple[Baseline | None, tuple[Feature, ...]]:
    """Return a baseline that was given, saved in a file that ends in `.json` or made of calls, and what to compare by.

    Where no features are named, these are the baseline's.

    Raises:
        ConfigurationError: it is no baseline, or does not know a feature or a slice.
    """
    known = _known(given, where)
    if known is not None:
        chosen = features_of([*known.features] if features is None else features, where=where)
        _check(known, chosen, slices, where)
        return known, chosen
    chosen = features_of(features, where=where)
    if given is None:
        return None, chosen
    return Baseline.of(given, features=chosen, slices=slices, max_values=max_values), chosen


def _known(given: object, where: str) -> Baseline | None:
    if isinstance(given, Baseline):
        return given
    if isinstance(given, str | Path) and str(given).endswith(".json"):
        try:
            return Baseline.load(given)
        except OSError:
            raise ConfigurationError(f"{where}(baseline={str(given)!r}): cannot be read") from None
    return None


def _check(known: Baseline, features: Iterable[Feature], slices: Iterable[str], where: str) -> None:
    whole = known.cells[Place()].columns
    for each in features:
        column = whole.get(each.name)
        if column is None:
            raise ConfigurationError(f"{where}(baseline=...) does not know {each.name!r}, only {', '.join(whole)}")
        if column.kind != each.kind:
            raise ConfigurationError(
                f"{where}(features=...) must name what {each.name!r} is: the baseline has a feature of kind {column.kind!r}"
            )
    if unknown := [name for name in slices if name not in known.slices]:
        raise ConfigurationError(
            f"{where}(slices=...): the baseline is not told apart by {unknown[0]!r}: make it with slices=[...] too"
        )


def collected(
    data: object,
    *,
    features: Iterable[str | Feature] | None,
    slices: Iterable[str],
    granularity_s: int | None,
    max_values: int,
    where: str,
) -> Collector:
    """Return what is kept of calls; of a log with a sample, without those that it keeps beside the sample."""
    if type(max_values) is not int or max_values < 10:
        raise ConfigurationError(f"{where}(max_values={max_values!r}) must be a whole number of at least 10")
    chosen = features_of(features, where=where)
    collector = Collector(chosen, slices=slices_of(slices, where=where), length_s=granularity_s, limit=max_values)
    rows, taken = _Rows(data), 0
    for row in evenly(rows):
        collector.add(row)
        taken += 1
    if rows.count > taken:
        collector.left_out["kept beside the sample"] = rows.count - taken
    return collector


class _Rows:
    """The rows of a table, which can be gone through again without being held in memory, unless they are an iterator's.

    Attributes:
        count: How many there were the last time.
    """

    def __init__(self, data: object) -> None:
        rows: object = list(rows_of(data)) if hasattr(data, "__next__") else data
        self._data: Final = rows
        self.count = 0

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        self.count = 0
        for row in rows_of(self._data):
            self.count += 1
            yield row
