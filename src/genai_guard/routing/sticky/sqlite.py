"""Variants in a file of SQLite."""

from __future__ import annotations

import os
import weakref
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, final

from genai_guard.errors import ConfigurationError
from genai_guard.routing.sticky.base import StickyKey

if TYPE_CHECKING:
    import sqlite3

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
        if isinstance(timeout_s, bool) or not isinstance(timeout_s, int | float) or not 0 <= timeout_s <= 3_600:
            raise _wrong("timeout_s", timeout_s, "must be a number of seconds from 0 to 3600")
        self.path: Final = _path(path)
        self.timeout_s: Final = timeout_s
        self._lock = Lock()
        self._connection: sqlite3.Connection | None = None
        self._forgotten: weakref.finalize[..., Any] | None = None
        _stores.add(self)

    def get(self, key: StickyKey, /) -> str:
        """Return the name of the variant that was set; empty when none is known.

        Raises:
            sqlite3.Error: the file cannot be read, or was busy for too long.
        """
        rows, _ = self._execute(_GET, key.experiment, key.version, key.digest)
        return str(rows[0][0]) if rows else ""

    def set(self, key: StickyKey, variant: str, /) -> None:
        """Keep the name of a variant, in place of what was kept before.

        Raises:
            sqlite3.Error: the file cannot be written, or was busy for too long.
        """
        self._execute(_SET, key.experiment, key.version, key.digest, variant)

    def forget(self, experiment: str) -> int:
        """Remove all variants of an experiment; return how many there were."""
        return self._execute("DELETE FROM routing_sticky_1 WHERE experiment = ?", experiment)[1]

    def close(self) -> None:
        """Close the file in this process; the next use opens it again."""
        with self._lock:
            self._close()

    def __repr__(self) -> str:
        return f"<SqliteStickyStore {self.path}>"

    def _execute(self, statement: str, *values: object) -> tuple[list[Any], int]:
        """Return the rows, and how many were changed."""
        with self._lock:
            connection = self._connection or self._open()
            try:
                cursor = connection.execute(statement, values)
                return cursor.fetchall(), cursor.rowcount
            except Exception:
                self._close()  # a file that is put in its place again is found by the next call
                raise

    def _abandon(self) -> None:
        """Leave the connection, which is another process's, as it is; and the lock, which nobody may be there to open."""
        self._lock = Lock()
        if self._connection is not None:
            _abandoned.append(self._connection)  # closing it would drop the locks of the parent
            self._connection = None
            if self._forgotten is not None:
                self._forgotten.detach()

    def _open(self) -> sqlite3.Connection:
        import sqlite3  # noqa: PLC0415  takes milliseconds

        connection = sqlite3.connect(self.path, timeout=self.timeout_s, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute(_TABLE)
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        # Not `__del__`, which the collector may call after the connection has complained that nobody closed it.
        self._forgotten = weakref.finalize(self, _close, connection)
        self._forgotten.atexit = False
        return connection

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            if self._forgotten is not None:
                self._forgotten.detach()
            _close(connection)


_stores: Final[weakref.WeakSet[SqliteStickyStore]] = weakref.WeakSet()
_abandoned: Final[list[Any]] = []


def _close(connection: sqlite3.Connection) -> None:
    with suppress(Exception):
        connection.close()


def _path(path: str | os.PathLike[str]) -> str:
    name: object = os.fspath(path) if isinstance(path, str | os.PathLike) else None
    if not isinstance(name, str) or not name or "\0" in name or name.startswith(("file:", ":")):
        raise _wrong("path", path, "must be the path of a file, such as 'sticky.sqlite'")
    return os.path.abspath(name)  # noqa: PTH100  where it was meant to be, whatever the directory is later


def _wrong(name: str, value: object, what: str) -> ConfigurationError:
    return ConfigurationError(f"SqliteStickyStore({name}={value!r}): {what}")


def _after_fork_in_child() -> None:
    for store in _stores:
        store._abandon()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  of this module


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
