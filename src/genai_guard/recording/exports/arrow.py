"""Rows as tables of Arrow, with the types of `LOG_COLUMNS`."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from functools import cache
from typing import Any, Final

from genai_guard.errors import ConfigurationError
from genai_guard.recording.logs.base import LogRow
from genai_guard.recording.logs.columns import LOG_COLUMNS

__all__ = ["arrow", "arrow_batches", "arrow_schema"]

_WORD: Final = re.compile(r"[A-Za-z_]+|[<>,:]")
_MOST_ROWS: Final = 2_000
_MOST_CHARS: Final = 8 << 20


def arrow(module: str = "pyarrow") -> Any:
    """Return a module of pyarrow.

    Raises:
        ConfigurationError: it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError:
        raise ConfigurationError("tables need pyarrow: pip install 'genai_guard[parquet]'") from None


@cache
def arrow_schema() -> Any:
    """Return the schema of exports.

    Raises:
        ConfigurationError: pyarrow is not installed.
    """
    pa = arrow()
    return pa.schema([(column.name, _type(pa, iter(_WORD.findall(column.type)))) for column in LOG_COLUMNS])


def arrow_batches(rows: Iterable[LogRow], on_skip: Callable[[], None]) -> Iterator[Any]:
    """Yield rows as record batches of some megabytes; tell `on_skip` of each whose values do not have their types."""
    waiting: list[LogRow] = []
    chars = 0
    for row in rows:
        waiting.append(row)
        chars += len(row.get("request") or "") + len(row.get("response") or "")
        if len(waiting) >= _MOST_ROWS or chars >= _MOST_CHARS:
            yield _batch(waiting, on_skip)
            waiting, chars = [], 0
    if waiting:
        yield _batch(waiting, on_skip)


def _batch(rows: list[LogRow], on_skip: Callable[[], None]) -> Any:
    """Return a batch of all rows at once; if that fails, of those that can be taken alone."""
    try:
        return _taken(rows)
    except _errors():
        fit = [row for row in rows if _fits(row, on_skip)]
        return _taken(fit)


def _fits(row: LogRow, on_skip: Callable[[], None]) -> bool:
    try:
        _taken([row])
    except _errors():
        on_skip()
        return False
    return True


def _taken(rows: list[LogRow]) -> Any:
    return arrow().RecordBatch.from_pylist([_timed(row) for row in rows], schema=arrow_schema())


def _timed(row: LogRow) -> LogRow:
    """Return a row with a date, a time and a map, which JSON has not."""
    tags: dict[str, Any] = row.get("tags") or {}
    return row | {
        "request_date": date.fromisoformat(row["request_date"]),
        "request_time": datetime.fromisoformat(row["request_time"]),
        "tags": list(tags.items()),
    }


def _errors() -> tuple[type[Exception], ...]:
    # A line may be JSON and yet hold anything.
    return (arrow().ArrowException, AttributeError, KeyError, OverflowError, TypeError, ValueError)


def _type(pa: Any, words: Iterator[str]) -> Any:
    """Return the type that words of SQL stand for, such as ARRAY < STRING >."""
    word = next(words)
    if word == "ARRAY":
        next(words)
        item = _type(pa, words)
        next(words)
        return pa.list_(item)
    if word == "MAP":
        next(words)
        key = _type(pa, words)
        next(words)
        value = _type(pa, words)
        next(words)
        return pa.map_(key, value)
    if word == "STRUCT":
        return pa.struct(list(_fields(pa, words)))
    simple = {
        "BIGINT": pa.int64(),
        "BOOLEAN": pa.bool_(),
        "DATE": pa.date32(),
        "DOUBLE": pa.float64(),
        "INT": pa.int32(),
        "STRING": pa.string(),
        "TIMESTAMP": pa.timestamp("us", tz="UTC"),
    }
    return simple[word]


def _fields(pa: Any, words: Iterator[str]) -> Iterator[tuple[str, Any]]:
    while next(words) != ">":  # it is < or a comma else
        name = next(words)
        next(words)
        yield name, _type(pa, words)
