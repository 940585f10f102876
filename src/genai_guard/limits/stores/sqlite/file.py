"""The file of a `SqliteStore`: one connection a process, one change at a time, and a clock that outlives processes."""

from __future__ import annotations

import os
import random
import sqlite3
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar, final

from genai_guard.errors import ComponentFailed

__all__ = ["Times", "UsageFile", "Work", "since_boot_ns"]

T = TypeVar("T")

_TABLES: Final = (
    # The format is in the names: another one takes other tables, and forgets nothing of what it cannot read.
    """CREATE TABLE IF NOT EXISTS limits_usage_1
       (lane INTEGER, bucket BLOB, state BLOB, drained INTEGER, PRIMARY KEY (lane, bucket)) WITHOUT ROWID""",
    "CREATE TABLE IF NOT EXISTS limits_ticket_1 (id BLOB PRIMARY KEY, parts BLOB, forgotten INTEGER) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS limits_clock_1 (id INTEGER PRIMARY KEY, boot TEXT, ahead INTEGER, latest INTEGER)",
)
_PATIENCE_S: Final = 5.0  # at the start, when all processes of an application create the tables at once
_MARK_NS: Final = 10**9  # how often the time is written down, for the next start of the machine
_BUSY: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_REASONS: Final = {
    sqlite3.SQLITE_BUSY: "the file was busy for too long",
    sqlite3.SQLITE_LOCKED: "the file was busy for too long",
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "the file cannot be read or written",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened",
    sqlite3.SQLITE_READONLY: "the file cannot be written",
    sqlite3.SQLITE_PERM: "the file cannot be opened",
    sqlite3.SQLITE_CORRUPT: "the file is damaged",
    sqlite3.SQLITE_NOTADB: "the file is no SQLite database",
}


class Times(NamedTuple):
    """One moment on both clocks.

    Attributes:
        steady: Nanoseconds that never step back, the same for all processes.
        wall: Nanoseconds since 1970, as the machine has them.
    """

    steady: int
    wall: int


Work: TypeAlias = Callable[[sqlite3.Connection, Times], tuple[bool, T]]
"""What to do within a transaction: returns whether to keep it, and the answer."""


def since_boot_ns() -> int:
    """Return nanoseconds since the machine started: the same for all its processes, and nobody can set it."""
    return time.clock_gettime_ns(_CLOCK) if _CLOCK is not None else time.monotonic_ns()


def _boot() -> str:
    """Return what names this start of the machine, if the system tells."""
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return ""


_CLOCK: Final[int | None] = getattr(time, "CLOCK_BOOTTIME", None)  # goes on while a laptop sleeps; Linux only


@final
class UsageFile:
    """A file, and this process's one connection to it, opened at first use.

    A connection must not pass a fork, which would share its locks: it is closed before, and both sides open their own.
    The steady time is `clock` plus an offset that is written in the file and found anew after each start of the
    machine, from the wall clock, but never before the latest time of the last run.

    Attributes:
        lock: Held over every change. It is waited for no longer than whoever has it waits for the file.
    """

    _connection: sqlite3.Connection | None = None
    _forgotten: weakref.finalize[..., Any] | None = None

    def __init__(
        self,
        path: str,
        *,
        timeout_s: float,
        synchronous: str,
        clock: Callable[[], int] | None,
        wall_clock: Callable[[], int],
    ) -> None:
        self.path: Final = path
        self.lock = Lock()
        self._timeout_s: Final = timeout_s
        self._synchronous: Final = synchronous
        self._clock: Final = since_boot_ns if clock is None else clock
        self._wall_clock: Final = wall_clock
        self._boot: Final = _boot() if clock is None else ""
        self._ahead = 0
        self._marked = 0
        _files.add(self)

    def check(self) -> None:
        """Open the file once, and make it a file of this kind.

        Raises:
            sqlite3.Error: it cannot be.
        """
        with self.lock:
            self._open(time.monotonic() + _PATIENCE_S)
            self.close()  # a server that forks its workers after this must not hand the connection on

    def change(self, work: Work[T]) -> T:
        """Do something in one transaction that no other process can come between.

        Raises:
            ComponentFailed: the file was busy for too long, or is broken, or the disk is full; nothing has changed.
        """
        deadline = time.monotonic() + self._timeout_s
        with self.lock:  # and not acquire(timeout=): an interrupt might strike behind it, and the lock be lost
            try:
                connection = self._connection or self._open(deadline)
                _begin(connection, deadline)
                try:
                    times = self._times(connection)
                    keep, answer = work(connection, times)
                    connection.execute("COMMIT" if keep else "ROLLBACK")
                except BaseException:
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                    raise
            except (sqlite3.Error, ValueError) as error:  # a state that cannot be decoded is a ValueError
                raise self._failure(error) from error
        return answer

    def look(self, work: Work[T]) -> T:
        """Do as `change`, for what only reads: it sees one moment, and waits for nobody.

        Raises:
            ComponentFailed: as above.
        """
        deadline = time.monotonic() + self._timeout_s
        with self.lock:
            try:
                connection = self._connection or self._open(deadline)
                connection.execute("BEGIN")
                try:
                    return work(connection, Times(self._clock() + self._ahead, self._wall_clock()))[1]
                finally:
                    connection.execute("ROLLBACK")
            except (sqlite3.Error, ValueError) as error:
                raise self._failure(error) from error

    def close(self) -> None:
        """Close the connection; the next use opens another. For whoever holds the lock."""
        connection, self._connection = self._connection, None
        if connection is not None:
            if self._forgotten is not None:
                self._forgotten.detach()
            _close(connection)

    def abandon(self) -> None:
        """Leave the connection, which is another process's, as it is."""
        self.lock = Lock()
        if self._connection is not None:
            _abandoned.append(self._connection)  # closing it would drop the locks of the parent
            self._connection = None
            if self._forgotten is not None:
                self._forgotten.detach()

    def _failure(self, error: Exception) -> ComponentFailed:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code not in _BUSY:
            self.close()  # a file that is repaired or put in its place is found by the next call
        return ComponentFailed("SqliteStore", "limits", _REASONS.get(code, "the file cannot be used"))

    def _open(self, deadline: float) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=0, isolation_level=None, check_same_thread=False)
        try:
            _patiently(connection, "PRAGMA journal_mode=WAL", deadline)
            connection.execute(f"PRAGMA synchronous={self._synchronous}")
            _begin(connection, deadline)
            for table in _TABLES:
                connection.execute(table)
            self._ahead = self._find_offset(connection)
            connection.execute("COMMIT")
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        # Not `__del__`, which the collector may call after the connection has complained that nobody closed it.
        self._forgotten = weakref.finalize(self, _close, connection)
        self._forgotten.atexit = False
        return connection

    def _find_offset(self, connection: sqlite3.Connection) -> int:
        row = connection.execute("SELECT boot, ahead, latest FROM limits_clock_1").fetchone()
        clock, wall = self._clock(), self._wall_clock()
        if row is not None and row[0] == self._boot and clock + row[1] >= row[2] - _MARK_NS:
            return int(row[1])
        steady = wall if row is None else max(wall, row[2])
        values = (self._boot, steady - clock, steady)
        connection.execute("INSERT OR REPLACE INTO limits_clock_1 VALUES (1, ?, ?, ?)", values)
        return steady - clock

    def _times(self, connection: sqlite3.Connection) -> Times:
        now = self._clock() + self._ahead
        if now >= self._marked:
            connection.execute("UPDATE limits_clock_1 SET latest = max(latest, ?)", (now,))
            self._marked = now + _MARK_NS
        return Times(now, self._wall_clock())


def _begin(connection: sqlite3.Connection, deadline: float) -> None:
    _patiently(connection, "BEGIN IMMEDIATE", deadline)


def _patiently(connection: sqlite3.Connection, statement: str, deadline: float) -> None:
    """Execute a statement, again and again while the file is busy.

    SQLite's own way to wait sleeps for milliseconds, up to a hundred of them; a change takes a tenth of one.
    """
    pause_s = 0.000_05
    while True:
        try:
            connection.execute(statement).fetchall()
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in _BUSY or time.monotonic() >= deadline:
                raise
        time.sleep(pause_s * (0.5 + random.random()))  # noqa: S311  so that two do not wait in step
        pause_s = min(2 * pause_s, 0.001)


def _close(connection: sqlite3.Connection) -> None:
    with suppress(sqlite3.Error):
        connection.close()


_files: Final[weakref.WeakSet[UsageFile]] = weakref.WeakSet()
_paused: Final[list[UsageFile]] = []


def _before_fork() -> None:
    for file in _files:
        if file.lock.acquire(timeout=_PATIENCE_S):
            file.close()
            _paused.append(file)


def _after_fork() -> None:
    while _paused:
        _paused.pop().lock.release()


def _after_fork_in_child() -> None:
    _paused.clear()
    for file in _files:
        file.abandon()


_abandoned: Final[list[Any]] = []
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork_in_child)
