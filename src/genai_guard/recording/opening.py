"""A log by its path, whichever kind it is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from genai_guard.errors import ConfigurationError
from genai_guard.recording.inference_log import InferenceLog
from genai_guard.recording.logs.base import RowLog
from genai_guard.recording.logs.sqlite import SqliteInferenceLog

__all__ = ["open_log"]

_MAGIC: Final = b"SQLite format 3\0"  # https://www.sqlite.org/fileformat.html


def open_log(path: str | os.PathLike[str]) -> RowLog:
    """Return the log that is there: that of a folder, or of a file of SQLite.

    Raises:
        ConfigurationError: there is neither.
    """
    found = Path(path)
    if found.is_dir():
        return InferenceLog(found)
    if found.is_file():
        with found.open("rb") as file:
            if file.read(len(_MAGIC)) == _MAGIC:
                return SqliteInferenceLog(found)
    raise ConfigurationError(
        f"{str(found)!r} is neither the folder of an InferenceLog nor the file of a SqliteInferenceLog"
    )
