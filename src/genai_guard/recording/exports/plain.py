"""Rows as lines of JSON or CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from genai_guard.recording.logs.columns import LOG_COLUMNS
from genai_guard.recording.logs.querying import cell, checked_columns

__all__ = ["csv_lines", "jsonl_lines"]


def jsonl_lines(rows: Iterable[Mapping[str, Any]], *, columns: Sequence[str] = ()) -> Iterator[str]:
    """Yield rows as JSON, a line each, with its end.

    Args:
        rows: Of a log: `InferenceLog("inference").read()`.
        columns: Which columns; all unless given.

    Raises:
        ConfigurationError: there is no such column.
    """
    names = checked_columns(columns)
    for row in rows:
        yield json.dumps({name: row.get(name) for name in names} if names else dict(row), ensure_ascii=False) + "\n"


def csv_lines(rows: Iterable[Mapping[str, Any]], *, columns: Sequence[str] = ()) -> Iterator[str]:
    """Yield a header and rows as CSV (RFC 4180); lists and mappings are JSON. A row may take several lines.

    Raises:
        ConfigurationError: there is no such column.
    """
    names = checked_columns(columns) or tuple(column.name for column in LOG_COLUMNS)
    line = io.StringIO(newline="")
    table = csv.writer(line)
    table.writerow(names)
    yield line.getvalue()
    for row in rows:
        line.seek(0)
        line.truncate()
        table.writerow([cell(row.get(name)) for name in names])
        yield line.getvalue()
