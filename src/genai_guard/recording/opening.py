"""A log by its path, whichever kind it is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from genai_guard.errors import ConfigurationError
from genai_guard.recording.inference_log import InferenceLog
from genai_guard.recording.logs.base import RowLog
from genai_guard.recording.logs.sqlite import SqliteInferenceLog
from genai_guard.recording.logs.sqlite_table import TABLE

__all__ = ["open_log"]

_MAGIC: Final = b"SQLite format 3\0"  # https://www.sqlite.org/fileformat.html


def open_log(path: str | os.PathLike[str]) -> RowLog:
    """Return the log that is there: that of a folder, or of a file of SQLite.

    Raises:
        ConfigurationError: there is neither, or it cannot be read.
    """
    found = Path(path)
    if found.is_dir():
        return InferenceLog(found)
    if found.is_file():
        with found.open("rb") as file:
            is_sqlite = file.read(len(_MAGIC)) == _MAGIC
        if is_sqlite and _has_rows(found):
            return SqliteInferenceLog(found)
    raise ConfigurationError(
        f"{str(found)!r} is neither the folder of an InferenceLog nor the file of a SqliteInferenceLog"
    )


def _has_rows(file: Path) -> bool:
    """Whether a file of SQLite is that of a log: to look into another with one would make a table there."""
    import sqlite3  # noqa: PLC0415  takes milliseconds

    from genai_guard.sqlite_file import has_table  # noqa: PLC0415

    try:
        return has_table(file, TABLE)
    except sqlite3.Error as error:
        raise ConfigurationError(f"{str(file)!r} cannot be read: {error}") from None
