"""The same rows in a file of SQLite."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final

from genai_guard.guards.base import settle
from genai_guard.recording.erasing import checked_user
from genai_guard.recording.event import Event
from genai_guard.recording.logs.base import Sealed
from genai_guard.recording.logs.retention import Pruned, first_day_kept
from genai_guard.recording.logs.settings import ALWAYS, MEGABYTE, Content, RowMaker, check, must
from genai_guard.recording.logs.sqlite_table import ADD, LAST, PAGE, TABLES, prepare, row_of, values_of
from genai_guard.recording.redaction import Redactor
from genai_guard.recording.rows import day_and_time
from genai_guard.recording.segments import OnSkip
from genai_guard.recording.worker import attempt

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from genai_guard.sqlite_file import SqliteFile

__all__ = ["SqliteInferenceLog"]

_EXTENT: Final = (
    "SELECT COALESCE(MIN(id), 1), COALESCE(MAX(id), 0), (SELECT * FROM pragma_user_version) FROM inference_1"
)
_ENDED: Final = (  # 2440587.5 is 1970-01-01 as a Julian day
    "SELECT MIN(id) FROM inference_1 WHERE id > ? "
    "AND (julianday(request_time) - 2440587.5) * 86400 + COALESCE(latency_ms, 0) / 1000 >= ?"
)
_ERASE: Final = "DELETE FROM inference_1 WHERE requester = ?"
_ERASE_DAYS: Final = "DELETE FROM inference_1 WHERE request_date < ?"
_ERASE_FIRST: Final = "DELETE FROM inference_1 WHERE id <= ?"
_MOST_ROWS: Final = 500
_EXPORTED_ROWS: Final = 10_000
_LOOK_BACK_ROWS: Final = 10_000
_ROW_BYTES: Final = 4_000
_PRUNE_ROWS: Final = 10_000
_PRUNE_S: Final = 3_600.0


@dataclass(frozen=True)
class SqliteInferenceLog:
    """An inference table in a file of SQLite, for all processes of a machine.

    Its table `inference_1` has the columns of `LOG_COLUMNS`; those of type `ARRAY` and `MAP` hold JSON. Rows that wait
    are committed together, at most 500, and a row is acknowledged, and survives `kill -9`, once that is done. Only the
    owner can read the file, which is made with its folder by the first row; what is deleted is overwritten. Beside
    `InferenceLog` a row costs two to four times as much, and is there to be asked with SQL.

    Args:
        path: The file.
        content: `none` leaves request and response out; all else is kept, where findings stand included.
        max_age_days: Delete rows of days before that many days ago; None keeps them. Looked at once an hour.
        max_total_mb: Delete the oldest rows while all together take more. The file does not become smaller: its room is
            used again.
        max_payload_mb: A longer request or response is null in its row, and `logging_error_codes` says so.
        sampling: Share of the calls that is kept, chosen by their request ids; `sampling_fraction` says it in each row.
        always_keep: Statuses of calls that are kept all the same, with a `sampling_fraction` of 1.
        fsync: Whether a row that was acknowledged survives a power cut as well.
        timeout_s: Most seconds to wait for other processes.
        redact: How texts are redacted; `Redactor()` when None.

    Raises:
        ConfigurationError: one of them is not what it must be.
    """

    kind: ClassVar[str] = "sqlite"
    """Name in a policy file."""

    path: str | os.PathLike[str]
    content: Content = field(default="redacted", kw_only=True)
    max_age_days: int | None = field(default=None, kw_only=True)
    max_total_mb: float | None = field(default=None, kw_only=True)
    max_payload_mb: float = field(default=1.0, kw_only=True)
    sampling: float = field(default=1.0, kw_only=True)
    always_keep: Collection[str] = field(default=ALWAYS, kw_only=True)
    fsync: bool = field(default=False, kw_only=True)
    timeout_s: float = field(default=5.0, kw_only=True)
    redact: Redactor | None = field(default=None, kw_only=True)
    _file: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        from genai_guard.sqlite_file import SqliteFile  # noqa: PLC0415  imports sqlite3, which takes milliseconds

        check(self)
        must(self, isinstance(self.fsync, bool), "fsync=...", "True or False")
        synchronous = "full" if self.fsync else "normal"
        file = SqliteFile(
            self.path,
            of="SqliteInferenceLog",
            timeout_s=self.timeout_s,
            synchronous=synchronous,
            tables=TABLES,
            prepare=prepare,
            private=True,
        )
        settle(self, path=os.fspath(self.path), always_keep=tuple(self.always_keep), _file=file)

    @property
    def exports(self) -> Path:
        """The folder in which exports note what they have taken."""
        from pathlib import Path  # noqa: PLC0415  see segments

        return Path(f"{self._kept.path}.exports")

    def writer(self) -> SqliteLogWriter:
        """Return a sink that writes to the file; it opens nothing before its first event."""
        return SqliteLogWriter(self, self._kept)

    def read(self, *, on_skip: OnSkip | None = None) -> Iterator[dict[str, Any]]:
        """Yield every row, in the order in which they were committed. Writers do not wait for it.

        Args:
            on_skip: Never told: there are no torn rows.

        Raises:
            sqlite3.Error: the file cannot be read, or was busy for too long.
        """
        return self._rows(0, LAST, on_skip)

    def follow(self, *, since_s: float | None = None) -> Iterator[dict[str, Any] | None]:
        """Yield every row that comes from now on, of whatever process, and None whenever there is none at the moment.

        Args:
            since_s: Begin with the first of the last ten thousand rows whose call ended since then, in seconds since 1970.

        Raises:
            sqlite3.Error: as for `read`.
        """
        first, last, file = self._extent()
        after = last if since_s is None else self._before(since_s, max(first - 1, last - _LOOK_BACK_ROWS), last)
        if since_s is None:
            yield None
        while True:
            if (now := self._extent()[2]) != file:  # another is in its place
                file, after = now, 0
            for number, row in self._numbered(after, LAST):
                after = number
                yield row
            yield None

    def erase(self, *, user: str) -> int:
        """Remove every row of a user, and return how many there were. Done by `MetricsRecorder.erase`.

        Rows that were exported have to be erased there: `erase_parquet`, `erase_delta`.

        Raises:
            ConfigurationError: there is no such user to be named.
            sqlite3.Error: the file cannot be written, or was busy for too long.
        """
        user = checked_user(user, of="SqliteInferenceLog.erase")
        if not self._kept.exists:
            return 0
        _, erased = self._kept.execute(_ERASE, user)
        self._kept.checkpoint()
        return erased

    def prune(self, *, now_s: float | None = None) -> Pruned:
        """Delete the rows that are too old or too much; a writer does that by itself.

        Args:
            now_s: Seconds since 1970; the clock of the system unless given.

        Raises:
            sqlite3.Error: the file cannot be written, or was busy for too long.
        """
        from datetime import date  # noqa: PLC0415  takes a while to import

        if not self._kept.exists:
            return Pruned()
        today = date.fromisoformat(day_and_time(time.time() if now_s is None else now_s)[0])
        first_day = first_day_kept(today, max_age_days=self.max_age_days)
        max_bytes = math.inf if self.max_total_mb is None else self.max_total_mb * MEGABYTE

        def work(connection: sqlite3.Connection) -> Pruned:
            before = _used_bytes(connection)
            rows = connection.execute(_ERASE_DAYS, (first_day,)).rowcount if first_day else 0
            rows += _delete_surplus(connection, max_bytes)
            return Pruned(0, rows, max(0, before - _used_bytes(connection)))

        return self._kept.change(work)

    def sealed(self, *, done: Collection[str] = ()) -> Iterator[Sealed]:
        """Yield the rows of now in groups, without those that are done, nor any before them.

        Raises:
            sqlite3.Error: the file cannot be read, or was busy for too long.
        """
        first, last, file = self._extent()
        first = max([first, *(end + 1 for of, _, end in map(_numbers, done) if of == file)])
        while first <= last:
            end = min(first + _EXPORTED_ROWS - 1, last)
            yield self.part(f"{file}-{first}-{end}")
            first = end + 1

    def part(self, name: str) -> Sealed:
        """Return the rows of a group by its name, without those that were deleted."""
        of, first, end = _numbers(name)
        after = first - 1 if self._extent()[2] == of else end  # another file has none of these rows
        return Sealed(name, (end - first + 1) * _ROW_BYTES, partial(self._rows, after, end))

    def holds(self, name: str) -> bool:
        """Whether any of these rows, or older ones, are still there."""
        first, last, file = self._extent()
        of, _, end = _numbers(name)
        return of == file and first <= min(last, end)

    @property
    def _kept(self) -> SqliteFile:
        file: SqliteFile = self._file
        return file

    def _extent(self) -> tuple[int, int, int]:
        """Return the numbers of the first row, of the last one, and of the file."""
        if not self._kept.exists:
            return 1, 0, 0
        ((first, last, file),) = self._kept.execute(_EXTENT)[0]
        return first, last, file

    def _before(self, since_s: float, first: int, last: int) -> int:
        """Return the number before that of the first row whose call ended since then; `last` if there is none."""
        if not self._kept.exists:
            return last
        ((found,),) = self._kept.execute(_ENDED, first, since_s)[0]
        return last if found is None else int(found) - 1

    def _rows(self, after: int, last: int, on_skip: OnSkip | None) -> Iterator[dict[str, Any]]:
        del on_skip
        return (row for _, row in self._numbered(after, last))

    def _numbered(self, after: int, last: int) -> Iterator[tuple[int, dict[str, Any]]]:
        while self._kept.exists:
            page, _ = self._kept.execute(PAGE, after, last)
            if not page:
                return
            for number, *values in page:
                yield number, row_of(values)
            after = page[-1][0]


class SqliteLogWriter:
    """The sink of a `SqliteInferenceLog`.

    Attributes:
        failures: How many rows were lost, but for one of each commit that failed, by class of what was raised.
        pruned: What retention has deleted.
    """

    def __init__(
        self, log: SqliteInferenceLog, file: SqliteFile, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.wants_text: Final = log.content != "none"
        self.redact: Final = log.redact or Redactor()
        self.failures: Final[dict[str, int]] = {}
        self.pruned = Pruned()
        self._log = log
        self._file = file
        self._clock = clock
        self._pid = os.getpid()
        self._maker = RowMaker(log)
        self._waiting: list[tuple[Any, ...]] = []
        self._has_end = log.max_age_days is not None or log.max_total_mb is not None
        self._prune_at_s = -math.inf
        self._rows_since = 0

    def wants(self, event: Event) -> bool:
        """Whether the call is kept."""
        return self._maker.wants(event)

    def write(self, event: Event, /) -> float | None:
        """Take one row: it is committed as soon as no other waits, or there are 500. Return 0 while there is one to commit.

        Raises:
            sqlite3.Error: rows could not be committed, and are lost.
        """
        if self._pid != os.getpid():  # what waited when this process was forked is its parent's to commit
            self._pid, self._waiting = os.getpid(), []
        self._waiting.append(values_of(self._maker.row(event)))
        if len(self._waiting) < _MOST_ROWS:
            return 0.0
        self.tick()
        return None

    def tick(self) -> None:
        """Commit.

        Raises:
            sqlite3.Error: rows could not be committed, and are lost.
        """
        rows, self._waiting = self._waiting, []
        if not rows or self._pid != os.getpid():
            return
        try:
            self._file.change(lambda connection: connection.executemany(ADD, rows))
        except Exception as error:
            kind = type(error).__name__
            if len(rows) > 1:  # who called counts one
                self.failures[kind] = self.failures.get(kind, 0) + len(rows) - 1
            raise
        self._rows_since += len(rows)
        if self._has_end and (self._rows_since >= _PRUNE_ROWS or self._clock() >= self._prune_at_s):
            self._rows_since, self._prune_at_s = 0, self._clock() + _PRUNE_S
            attempt("log", self.failures, self._prune)

    flush = tick

    def close(self) -> None:
        """Commit, and close the file."""
        try:
            self.tick()
        finally:
            self._file.close()

    def _prune(self) -> None:
        self.pruned = self.pruned.and_told(self._log.prune())


def _numbers(name: str) -> tuple[int, int, int]:
    """Return the numbers in the name of a group: of the file, of the first row, and of the last one."""
    file, first, end = map(int, name.split("-"))
    return file, first, end


def _used_bytes(connection: sqlite3.Connection) -> int:
    (pages,), (free,), (size,) = (
        connection.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def _delete_surplus(connection: sqlite3.Connection, max_bytes: float) -> int:
    """Delete the oldest rows until the rest is small enough, by as many at a time as are too many on the average."""
    deleted = 0
    while (used := _used_bytes(connection)) > max_bytes:
        first, last, _ = connection.execute(_EXTENT).fetchone()
        if not last:
            break
        too_many = math.ceil((last - first + 1) * (1 - max_bytes / used))
        deleted += connection.execute(_ERASE_FIRST, (first + max(too_many, 1) - 1,)).rowcount
    return deleted
