"""The table that a log has in a file of SQLite, and rows as it holds them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from genai_guard.recording.erasing import writable
from genai_guard.recording.logs.columns import LOG_COLUMNS, Column

if TYPE_CHECKING:
    import sqlite3

__all__ = ["ADD", "LAST", "PAGE", "TABLE", "TABLES", "prepare", "row_of", "values_of"]

TABLE: Final = "inference_1"
"""Where the rows are. The format is in the name: another one takes another table."""

_NESTED: Final = frozenset(each.name for each in LOG_COLUMNS if each.type.startswith(("ARRAY", "MAP")))
_TRUTHS: Final = frozenset(each.name for each in LOG_COLUMNS if each.type == "BOOLEAN")
_TYPES: Final = {"INT": "INTEGER", "BIGINT": "INTEGER", "BOOLEAN": "INTEGER", "DOUBLE": "REAL"}
_NAMES: Final = tuple(each.name for each in LOG_COLUMNS)


def _declared(column: Column) -> str:
    return f"{column.name} {_TYPES.get(column.type, 'TEXT')}"


TABLES: Final = (
    f"CREATE TABLE IF NOT EXISTS {TABLE} (id INTEGER PRIMARY KEY AUTOINCREMENT, "
    + ", ".join(map(_declared, LOG_COLUMNS))
    + ")",
    "CREATE INDEX IF NOT EXISTS inference_1_day ON inference_1 (request_date)",
)
_KNOWN: Final = "SELECT name FROM pragma_table_info('inference_1')"
_MARKS: Final = ", ".join("?" * len(_NAMES))
ADD: Final = f"INSERT INTO inference_1 ({', '.join(_NAMES)}) VALUES ({_MARKS})"  # noqa: S608
PAGE: Final = f"SELECT id, {', '.join(_NAMES)} FROM inference_1 WHERE id > ? AND id <= ? ORDER BY id LIMIT 500"  # noqa: S608
LAST: Final = (1 << 63) - 1
"""The largest number that SQLite has."""


def prepare(connection: sqlite3.Connection) -> None:
    """Number the file, so that its rows are not taken for those of one that was there before, and add missing columns.

    An earlier version that made the file goes on writing into it.
    """
    if not connection.execute("PRAGMA user_version").fetchone()[0]:
        connection.execute(f"PRAGMA user_version={1 + int.from_bytes(os.urandom(4)) // 3}")
    known = {name for (name,) in connection.execute(_KNOWN)}
    for each in LOG_COLUMNS:
        if each.name not in known:
            connection.execute(f"ALTER TABLE inference_1 ADD COLUMN {_declared(each)}")


def values_of(row: dict[str, Any]) -> tuple[Any, ...]:
    """Return a row as the file has it."""
    return tuple([_cell(name, row[name]) for name in _NAMES])


def _cell(name: str, value: Any) -> Any:
    if name in _NESTED:
        value = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if isinstance(value, str):
        return writable(value)
    if isinstance(value, int) and not -LAST <= value <= LAST:
        return None  # else SQLite would refuse all rows that are committed together
    return value


def row_of(values: Iterable[Any]) -> dict[str, Any]:
    """Return a row of the file as it went in."""
    return {name: _value(name, value) for name, value in zip(_NAMES, values, strict=True)}


def _value(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in _NESTED:
        return json.loads(value)
    return bool(value) if name in _TRUTHS else value
