"""Variants in a file of SQLite."""

from __future__ import annotations

import os
from typing import Final, final

from genai_guard.routing.sticky.base import StickyKey

__all__ = ["SqliteStickyStore"]

# The format is in the name: another one takes another table.
_TABLE: Final = """CREATE TABLE IF NOT EXISTS routing_sticky_1
    (experiment TEXT, version INTEGER, unit BLOB, variant TEXT, PRIMARY KEY (experiment, version, unit)) WITHOUT ROWID"""
_GET: Final = "SELECT variant FROM routing_sticky_1 WHERE experiment = ? AND version = ? AND unit = ?"
_SET: Final = "INSERT OR REPLACE INTO routing_sticky_1 VALUES (?, ?, ?, ?)"


@final
class SqliteStickyStore:
    """Keeps variants in a file, for all processes of a machine, which outlives them.

    Units are kept as digests of 16 bytes. The file grows by about 60 bytes a unit; `forget` makes room when an experiment
    is over. It must be on a disk of this machine, may be shared with a `SqliteStore` of limits, and is opened at first
    use.

    Args:
        path: The file. It is created, with `-wal` and `-shm` beside it, in a directory that exists.
        timeout_s: Most seconds to wait for other processes.

    Raises:
        ConfigurationError: a parameter is wrong.
    """

    def __init__(self, path: str | os.PathLike[str], *, timeout_s: float = 0.05) -> None:
        from genai_guard.sqlite_file import SqliteFile  # noqa: PLC0415  sqlite3 takes milliseconds

        self._file: Final = SqliteFile(path, of="SqliteStickyStore", timeout_s=timeout_s, tables=[_TABLE])
        self.path: Final = self._file.path
        self.timeout_s: Final = timeout_s

    def get(self, key: StickyKey, /) -> str:
        """Return the name of the variant that was set; empty when none is known.

        Raises:
            sqlite3.Error: the file cannot be read, or was busy for too long.
        """
        rows, _ = self._file.execute(_GET, key.experiment, key.version, key.digest)
        return str(rows[0][0]) if rows else ""

    def set(self, key: StickyKey, variant: str, /) -> None:
        """Keep the name of a variant, in place of what was kept before.

        Raises:
            sqlite3.Error: the file cannot be written, or was busy for too long.
        """
        self._file.execute(_SET, key.experiment, key.version, key.digest, variant)

    def forget(self, experiment: str) -> int:
        """Remove all variants of an experiment; return how many there were."""
        return self._file.execute("DELETE FROM routing_sticky_1 WHERE experiment = ?", experiment)[1]

    def close(self) -> None:
        """Close the file in this process; the next use opens it again."""
        self._file.close()

    def __repr__(self) -> str:
        return f"<SqliteStickyStore {self.path}>"
