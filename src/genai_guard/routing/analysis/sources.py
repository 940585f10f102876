"""Anything that holds rows, as rows: the inference log, files, frames, columns, lists of mappings."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

from genai_guard.errors import ConfigurationError

__all__ = ["Row", "is_gap", "rows_of"]

Row: TypeAlias = Mapping[str, Any]

_READERS: Final = ("to_dicts", "to_pylist")
"""How the frames of polars and the tables of pyarrow give their rows away."""

_WANTED: Final = (
    "an InferenceLog, the path of its folder, a SqliteInferenceLog, its file, a .jsonl or .csv file, a pandas, polars or pyarrow table, a mapping of "
    "columns, or an iterable of mappings"
)


def rows_of(data: object) -> Iterable[Row]:
    """Return the rows of a table.

    Raises:
        ConfigurationError: it is none that can be read.
    """
    if isinstance(data, str | os.PathLike):
        return _read(Path(cast("str | os.PathLike[str]", data)))
    if callable(read := getattr(data, "read", None)):
        return cast("Iterable[Row]", read())
    for reader in _READERS:
        if callable(give := getattr(data, reader, None)):
            return cast("Iterable[Row]", give())
    if hasattr(data, "columns") and callable(give := getattr(data, "to_dict", None)):
        return map(_without_gaps, cast("Iterable[Row]", give("records")))
    if isinstance(data, Mapping):
        return _from_columns(cast("Mapping[str, Any]", data))
    if isinstance(data, Iterable):
        return _checked(cast("Iterable[object]", data))
    raise ConfigurationError(f"data must be {_WANTED}, not {type(data).__name__}")


def _without_gaps(row: Row) -> Row:
    """Return a row of pandas, with None where it says that something is missing."""
    return {name: None if is_gap(value) else value for name, value in row.items()}


def is_gap(value: Any) -> bool:
    """Whether a table of pandas says with it that something is missing: NaN, NaT and NA are unlike themselves."""
    if hasattr(value, "__len__"):  # texts, lists and arrays, which are compared piece by piece
        return False
    try:
        return bool(value != value)  # noqa: PLR0124  as above
    except TypeError:  # NA is neither unlike itself nor like
        return True


def _read(path: Path) -> Iterable[Row]:
    if path.is_dir():
        return _log(path)
    if not path.is_file():
        raise ConfigurationError(f"data={str(path)!r} is neither a folder nor a file")
    kind = path.suffix.lower()
    if kind == ".csv":
        return _csv(path)
    if kind in {".jsonl", ".ndjson"}:
        return _json_lines(path)
    try:
        return _log(path)
    except ConfigurationError:
        raise ConfigurationError(f"data={str(path)!r} must be an inference log, a .jsonl or a .csv file") from None


def _log(path: Path) -> Iterable[Row]:
    from genai_guard.recording import open_log  # noqa: PLC0415  tables of other kinds do not need it

    return open_log(path).read()


def _csv(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            yield {name: _value(text) for name, text in row.items() if name is not None}


def _value(text: str | None) -> object:
    """Return what a cell means: a number, true or false, nothing, or its text."""
    if not text:
        return None
    if text.lower() in {"true", "false"}:
        return text.lower() == "true"
    try:
        return float(text)
    except ValueError:
        return text


def _json_lines(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                row: object = json.loads(line)
            except ValueError:
                row = None
            if not isinstance(row, dict):
                raise ConfigurationError(f"data={str(path)!r}: line {number} is no JSON object")
            yield cast("Row", row)


def _from_columns(columns: Mapping[str, Any]) -> Iterator[Row]:
    names = list(columns)
    if len({len(columns[name]) for name in names}) > 1:
        raise ConfigurationError("data has columns of different lengths")
    for values in zip(*columns.values(), strict=True):
        yield dict(zip(names, values, strict=True))


def _checked(rows: Iterable[object]) -> Iterator[Row]:
    for row in rows:
        if not isinstance(row, Mapping):
            raise ConfigurationError(f"data must be {_WANTED}; it has a row that is a {type(row).__name__}")
        yield cast("Row", row)
