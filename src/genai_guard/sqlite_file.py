"""A file of SQLite: one connection a process, one piece of work at a time, none across a fork."""

from __future__ import annotations

import os
import random
import sqlite3
import time
import weakref
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from threading import Lock
from typing import Any, Final, TypeVar, final

from genai_guard.errors import ConfigurationError

__all__ = ["SqliteFile", "has_table", "is_busy"]

T = TypeVar("T")

_PATIENCE_S: Final = 5.0  # at the start, when all processes of an application create the tables at once
_BUSY: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


@final
class SqliteFile:
    """A file, and this process's one connection to it, opened at first use.

    The file is in WAL mode: it has `-wal` and `-shm` beside it, readers and writers do not wait for each other, and
    everything must be on a disk of this machine. Threads take turns. A connection must not pass a fork, which would
    share its locks: it is closed before, and both sides open their own. After an error other than a busy file the
    connection is closed, so that a file that is repaired or put in its place is found by the next call.

    Args:
        path: The file.
        of: What is kept in it, by the name that its users know; for messages.
        timeout_s: Most seconds to wait for other processes; threads in line for the file may wait twice that.
        synchronous: When the disk has to confirm: `off`, `normal` or `full`. The death of a process loses nothing.
        tables: Statements that make the tables, executed whenever the file is opened. The format belongs into their
            names: another one takes other tables, and forgets nothing of what it cannot read.
        prepare: What else there is to do when the file is opened, within the same transaction.
        private: For what people wrote. The file is made with its folders, and for its owner alone; what is deleted is
            overwritten; and a file that was removed is made anew by the next call, which looks for it. One that must not be
            written, or whose folder must not, can be read.

    Raises:
        ConfigurationError: `path` or `timeout_s` is wrong.

    Attributes:
        path: The file, from the root on.
        lock: Held over all work. It is waited for no longer than whoever has it waits for the file.
    """

    _connection: sqlite3.Connection | None = None
    _forgotten: weakref.finalize[..., Any] | None = None
    _inode: tuple[int, int] | None = None

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        of: str,
        timeout_s: float,
        synchronous: str = "normal",
        tables: Sequence[str] = (),
        prepare: Callable[[sqlite3.Connection], object] | None = None,
        private: bool = False,
    ) -> None:
        if isinstance(timeout_s, bool) or not isinstance(timeout_s, int | float) or not 0 <= timeout_s <= 3_600:
            raise ConfigurationError(f"{of}(timeout_s={timeout_s!r}): must be a number of seconds from 0 to 3600")
        self.path: Final = _path(path, of)
        self.lock = Lock()
        self._timeout_s: Final = timeout_s
        self._synchronous: Final = synchronous
        self._tables: Final = tuple(tables)
        self._prepare: Final = prepare
        self._private: Final = private
        _files[id(self)] = self

    def check(self) -> None:
        """Open the file once, and make it a file of this kind.

        Raises:
            sqlite3.Error: it cannot be.
        """
        with self.lock:
            self._open(time.monotonic() + _PATIENCE_S)
            self._close()  # a server that forks its workers after this must not hand the connection on

    @property
    def exists(self) -> bool:
        """Whether the file is there. To look into one that is not would make it."""
        return os.path.exists(self.path)  # noqa: PTH110  a tenth of the time of a Path

    def change(self, work: Callable[[sqlite3.Connection], T], /) -> T:
        """Do something in one transaction that no other process can come between, and return what it returns.

        Nothing has changed if it raises, or executes a `ROLLBACK` of its own.

        Raises:
            sqlite3.Error: the file was busy for too long, or is broken, or the disk is full.
            OSError: the folder or the file of a private one cannot be made.
        """
        deadline = time.monotonic() + self._timeout_s
        with self.lock:  # and not acquire(timeout=): an interrupt might strike behind it, and the lock be lost
            try:
                connection = self._connected(deadline)
                _patiently(deadline, connection.execute, "BEGIN IMMEDIATE")
                try:
                    answer = work(connection)
                    if connection.in_transaction:
                        connection.execute("COMMIT")
                except BaseException:
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                    raise
            except Exception as error:
                self._after(error)
                raise
        return answer

    def look(self, work: Callable[[sqlite3.Connection], T], /) -> T:
        """Do as `change`, for what only reads: it sees one moment, and waits for nobody who writes.

        Raises:
            sqlite3.Error: as above.
            OSError: as above.
        """
        answer: T = self._in_turn(_look, work)
        return answer

    def execute(self, statement: str, /, *values: object) -> tuple[list[Any], int]:
        """Execute one statement on its own; return its rows, and how many were changed.

        Raises:
            sqlite3.Error: as above.
            OSError: as above.
        """
        deadline = time.monotonic() + self._timeout_s
        with self.lock:
            try:
                cursor = _patiently(deadline, self._connected(deadline).execute, statement, values)
                return cursor.fetchall(), cursor.rowcount
            except Exception as error:
                self._after(error)
                raise

    def checkpoint(self) -> None:
        """Write everything into the file itself, and empty the log beside it, which may hold what was deleted.

        Raises:
            sqlite3.Error: as above; a later call does what this one could not.
        """
        self._in_turn(_truncate)

    def close(self) -> None:
        """Close the file in this process; the next use opens it again."""
        with self.lock:
            self._close()

    def pause(self, timeout_s: float) -> bool:
        """Close the connection and keep the lock, which `resume` opens; false when the lock cannot be had in time."""
        taken = self.lock.acquire(timeout=timeout_s)
        if taken:
            self._close()
        return taken

    def resume(self) -> None:
        """Go on after a pause."""
        self.lock.release()

    def abandon(self) -> None:
        """Leave the connection, which is another process's, as it is; and the lock, which nobody may be there to open."""
        self.lock = Lock()
        if self._connection is not None:
            _abandoned.append(self._connection)  # closing it would drop the locks of the parent
            self._connection = None
            if self._forgotten is not None:
                self._forgotten.detach()

    def __repr__(self) -> str:
        return f"<SqliteFile {self.path}>"

    def _in_turn(self, do: Callable[..., T], *more: object) -> T:
        """Do something with the connection that may be done again while the file is busy."""
        deadline = time.monotonic() + self._timeout_s
        with self.lock:
            try:
                return _patiently(deadline, do, self._connected(deadline), *more)
            except Exception as error:
                self._after(error)
                raise

    def _connected(self, deadline: float) -> sqlite3.Connection:
        connection = self._connection
        if connection is not None and self._private and self._inode != _inode(self.path):
            self._close()
            connection = None
        return connection or self._open(deadline)

    def _open(self, deadline: float) -> sqlite3.Connection:
        if self._private:
            _make(self.path)
            if not _is_writable(self.path):
                return self._keep(_read_only(self.path))
        connection = sqlite3.connect(self.path, timeout=0, isolation_level=None, check_same_thread=False)
        try:
            _patiently(deadline, _set_wal, connection)
            connection.execute(f"PRAGMA synchronous={self._synchronous}")
            if self._private:
                connection.execute("PRAGMA secure_delete=ON")
            _patiently(deadline, connection.execute, "BEGIN IMMEDIATE")
            for table in self._tables:
                connection.execute(table)
            if self._prepare is not None:
                self._prepare(connection)
            connection.execute("COMMIT")
        except BaseException:
            connection.close()
            raise
        return self._keep(connection)

    def _keep(self, connection: sqlite3.Connection) -> sqlite3.Connection:
        self._connection = connection
        self._inode = _inode(self.path)
        # Not `__del__`, which the collector may call after the connection has complained that nobody closed it.
        self._forgotten = weakref.finalize(self, _close, connection)
        self._forgotten.atexit = False
        return connection

    def _after(self, error: Exception) -> None:
        if not is_busy(error):
            self._close()

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            if self._forgotten is not None:
                self._forgotten.detach()
            _close(connection)


def has_table(path: str | os.PathLike[str], table: str) -> bool:
    """Whether a file of SQLite has a table. It is left as it is, whatever it is.

    Raises:
        sqlite3.Error: it is no such file, or cannot be read.
    """
    with closing(_read_only(os.fspath(path))) as connection:
        found = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)).fetchone()
    return found is not None


def is_busy(error: BaseException) -> bool:
    """Return whether an error says that somebody else was at the file."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _BUSY


def _path(path: str | os.PathLike[str], of: str) -> str:
    name: object = os.fspath(path) if isinstance(path, str | os.PathLike) else None
    if not isinstance(name, str) or not name or "\0" in name or name.startswith(("file:", "sqlite:", ":")):
        raise ConfigurationError(f"{of}(path={path!r}): must be the path of a file, such as 'guard.sqlite'")
    return os.path.abspath(name)  # noqa: PTH100  where it was meant to be, whatever the directory is later


def _inode(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116  a tenth of the time of a Path
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _make(path: str) -> None:
    """Make a file for its owner alone. One that is there is left alone: to close it would drop SQLite's locks."""
    if not os.path.exists(path):  # noqa: PTH110  as above
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _is_writable(path: str) -> bool:
    return os.access(path, os.W_OK) and os.access(os.path.dirname(path), os.W_OK)  # noqa: PTH120  as above


def _read_only(path: str) -> sqlite3.Connection:
    """Connect to a file that cannot be changed. Without a log beside it nobody is writing, so that it needs no locks."""
    file = Path(path).absolute()
    has_locks = _is_writable(str(file)) or Path(f"{file}-wal").exists()
    uri = f"{file.as_uri()}?mode=ro{'' if has_locks else '&immutable=1'}"
    return sqlite3.connect(uri, uri=True, timeout=0, isolation_level=None, check_same_thread=False)


def _look(connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
    connection.execute("BEGIN")
    try:
        return work(connection)
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _set_wal(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode=WAL").fetchall()


def _truncate(connection: sqlite3.Connection) -> None:
    if connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
        error = sqlite3.OperationalError("the log of the file is still being read")
        error.sqlite_errorcode = sqlite3.SQLITE_BUSY
        raise error


def _patiently(deadline: float, do: Callable[..., T], *args: object) -> T:
    """Do something, again and again while the file is busy.

    SQLite's own way to wait sleeps for milliseconds, up to a hundred of them; a change takes a tenth of one.
    """
    pause_s = 0.000_05
    while True:
        try:
            return do(*args)
        except sqlite3.OperationalError as error:
            if not is_busy(error) or time.monotonic() >= deadline:
                raise
        time.sleep(pause_s * (0.5 + random.random()))  # noqa: S311  so that two do not wait in step
        pause_s = min(2 * pause_s, 0.001)


def _close(connection: sqlite3.Connection) -> None:
    with suppress(sqlite3.Error):
        connection.close()


_files: Final[weakref.WeakValueDictionary[int, SqliteFile]] = weakref.WeakValueDictionary()
_paused: Final[list[SqliteFile]] = []
_abandoned: Final[list[Any]] = []


def _before_fork() -> None:
    _paused.extend([file for file in list(_files.values()) if file.pause(_PATIENCE_S)])


def _after_fork() -> None:
    while _paused:
        _paused.pop().resume()


def _after_fork_in_child() -> None:
    _paused.clear()
    for file in list(_files.values()):
        file.abandon()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork_in_child)
