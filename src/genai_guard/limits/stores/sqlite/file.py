"""The file of a `SqliteStore`: one change at a time, and a clock that outlives processes."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Final, NamedTuple, TypeAlias, TypeVar, final

from genai_guard.errors import ComponentFailed
from genai_guard.sqlite_file import SqliteFile

__all__ = ["Times", "UsageFile", "Work", "since_boot_ns"]

T = TypeVar("T")

_TABLES: Final = (
    """CREATE TABLE IF NOT EXISTS limits_usage_1
       (lane INTEGER, bucket BLOB, state BLOB, drained INTEGER, PRIMARY KEY (lane, bucket)) WITHOUT ROWID""",
    "CREATE TABLE IF NOT EXISTS limits_ticket_1 (id BLOB PRIMARY KEY, parts BLOB, forgotten INTEGER) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS limits_clock_1 (id INTEGER PRIMARY KEY, boot TEXT, ahead INTEGER, latest INTEGER)",
)
_MARK_NS: Final = 10**9  # how often the time is written down, for the next start of the machine
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
    """A file, with the times of each change.

    Attributes:
        lock: Held over every change.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        timeout_s: float,
        synchronous: str,
        clock: Callable[[], int] | None,
        wall_clock: Callable[[], int],
    ) -> None:
        self._clock: Final = _Clock(clock, wall_clock)
        self._file: Final = SqliteFile(
            path,
            of="SqliteStore",
            timeout_s=timeout_s,
            synchronous=synchronous,
            tables=_TABLES,
            prepare=self._clock.start,
        )
        self.path: Final = self._file.path

    @property
    def lock(self) -> Lock:
        """The lock of the file."""
        return self._file.lock

    def check(self) -> None:
        """Open the file once, and make it a file of this kind.

        Raises:
            sqlite3.Error: it cannot be.
        """
        self._file.check()

    def change(self, work: Work[T]) -> T:
        """Do something in one transaction that no other process can come between.

        Raises:
            ComponentFailed: the file was busy for too long, or is broken, or the disk is full; nothing has changed.
        """

        def timed(connection: sqlite3.Connection) -> T:
            keep, answer = work(connection, self._clock.note(connection))
            if not keep:
                connection.execute("ROLLBACK")
            return answer

        try:
            return self._file.change(timed)
        except (sqlite3.Error, ValueError) as error:  # a state that cannot be decoded is a ValueError
            raise _failure(error) from error

    def look(self, work: Work[T]) -> T:
        """Do as `change`, for what only reads: it sees one moment, and waits for nobody.

        Raises:
            ComponentFailed: as above.
        """
        try:
            return self._file.look(lambda connection: work(connection, self._clock.times())[1])
        except (sqlite3.Error, ValueError) as error:
            raise _failure(error) from error

    def close(self) -> None:
        """Close the file in this process; the next call opens it again."""
        self._file.close()


class _Clock:
    """The steady time is `clock` plus an offset that is written in the file.

    It is found anew after each start of the machine, from the wall clock, but never before the latest time of the last
    run.
    """

    def __init__(self, clock: Callable[[], int] | None, wall_clock: Callable[[], int]) -> None:
        self._clock: Final = since_boot_ns if clock is None else clock
        self._wall_clock: Final = wall_clock
        self._boot: Final = _boot() if clock is None else ""
        self._ahead = 0
        self._marked = 0

    def start(self, connection: sqlite3.Connection) -> None:
        """Find the offset in a file that is opened, or write it there."""
        row = connection.execute("SELECT boot, ahead, latest FROM limits_clock_1").fetchone()
        clock, wall = self._clock(), self._wall_clock()
        if row is not None and row[0] == self._boot and clock + row[1] >= row[2] - _MARK_NS:
            self._ahead = int(row[1])
            return
        steady = wall if row is None else max(wall, row[2])
        self._ahead = steady - clock
        values = (self._boot, self._ahead, steady)
        connection.execute("INSERT OR REPLACE INTO limits_clock_1 VALUES (1, ?, ?, ?)", values)

    def times(self) -> Times:
        """Return the times as they are now."""
        return Times(self._clock() + self._ahead, self._wall_clock())

    def note(self, connection: sqlite3.Connection) -> Times:
        """Return the times as they are now, and write them down now and then."""
        times = self.times()
        if times.steady >= self._marked:
            connection.execute("UPDATE limits_clock_1 SET latest = max(latest, ?)", (times.steady,))
            self._marked = times.steady + _MARK_NS
        return times


def _failure(error: Exception) -> ComponentFailed:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return ComponentFailed("SqliteStore", "limits", _REASONS.get(code, "the file cannot be used"))
