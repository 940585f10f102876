"""The same rows in a file of SQLite."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final

from genai_guard.guards.base import settle
from genai_guard.recording.event import Event
from genai_guard.recording.logs.base import Sealed
from genai_guard.recording.logs.columns import LOG_COLUMNS
from genai_guard.recording.logs.retention import Pruned, first_day_kept
from genai_guard.recording.logs.settings import ALWAYS, MEGABYTE, Content, RowMaker, check, check_user, must
from genai_guard.recording.redaction import Redactor
from genai_guard.recording.rows import day_and_time
from genai_guard.recording.segments import OnSkip
from genai_guard.recording.worker import attempt

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from genai_guard.sqlite_file import SqliteFile

__all__ = ["SqliteInferenceLog"]

_NESTED: Final = frozenset(each.name for each in LOG_COLUMNS if each.type.startswith(("ARRAY", "MAP")))
_TRUTHS: Final = frozenset(each.name for each in LOG_COLUMNS if each.type == "BOOLEAN")
_TYPES: Final = {"INT": "INTEGER", "BIGINT": "INTEGER", "BOOLEAN": "INTEGER", "DOUBLE": "REAL"}
_NAMES: Final = tuple(each.name for each in LOG_COLUMNS)
# The format is in the name: another one takes another table.
_TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS inference_1 (id INTEGER PRIMARY KEY AUTOINCREMENT, "
    + ", ".join(f"{each.name} {_TYPES.get(each.type, 'TEXT')}" for each in LOG_COLUMNS)
    + ")",
    "CREATE INDEX IF NOT EXISTS inference_1_day ON inference_1 (request_date)",
)
_MARKS: Final = ", ".join("?" * len(_NAMES))
_ADD: Final = f"INSERT INTO inference_1 ({', '.join(_NAMES)}) VALUES ({_MARKS})"  # noqa: S608
_PAGE: Final = f"SELECT id, {', '.join(_NAMES)} FROM inference_1 WHERE id > ? AND id <= ? ORDER BY id LIMIT 500"  # noqa: S608
_EXTENT: Final = "SELECT COALESCE(MIN(id), 1), COALESCE(MAX(id), 0) FROM inference_1"
_ERASE: Final = "DELETE FROM inference_1 WHERE requester = ?"
_ERASE_DAYS: Final = "DELETE FROM inference_1 WHERE request_date < ?"
_ERASE_FIRST: Final = "DELETE FROM inference_1 WHERE id <= ?"
_LAST: Final = (1 << 63) - 1
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
            tables=_TABLES,
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
        return self._rows(0, _LAST, on_skip)

    def follow(self, *, since_s: float | None = None) -> Iterator[dict[str, Any] | None]:
        """Yield every row that comes from now on, of whatever process, and None whenever there is none at the moment.

        Args:
            since_s: Begin with the last ten thousand rows, which may be older or younger than that.

        Raises:
            sqlite3.Error: as for `read`.
        """
        first, last = self._extent()
        after = last if since_s is None else max(first - 1, last - _LOOK_BACK_ROWS)
        if since_s is None:
            yield None
        while True:
            for number, row in self._numbered(after, _LAST):
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
        check_user(user, of="SqliteInferenceLog.erase")
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
        first, last = self._extent()
        first = max([first, *(_end(name) + 1 for name in done)])
        while first <= last:
            end = min(first + _EXPORTED_ROWS - 1, last)
            yield self.part(f"{first}-{end}")
            first = end + 1

    def part(self, name: str) -> Sealed:
        """Return the rows of a group by its name, without those that were deleted."""
        first, end = (int(number) for number in name.split("-"))
        return Sealed(name, (end - first + 1) * _ROW_BYTES, partial(self._rows, first - 1, end))

    def holds(self, name: str) -> bool:
        """Whether any of these rows, or older ones, are still there."""
        first, last = self._extent()
        return first <= min(last, _end(name))

    @property
    def _kept(self) -> SqliteFile:
        file: SqliteFile = self._file
        return file

    def _extent(self) -> tuple[int, int]:
        if not self._kept.exists:
            return 1, 0
        ((first, last),) = self._kept.execute(_EXTENT)[0]
        return first, last

    def _rows(self, after: int, last: int, on_skip: OnSkip | None) -> Iterator[dict[str, Any]]:
        del on_skip
        return (row for _, row in self._numbered(after, last))

    def _numbered(self, after: int, last: int) -> Iterator[tuple[int, dict[str, Any]]]:
        while self._kept.exists:
            page, _ = self._kept.execute(_PAGE, after, last)
            if not page:
                return
            for number, *values in page:
                yield number, _row(values)
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
        self._waiting.append(_values(self._maker.row(event)))
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
            self._file.change(lambda connection: connection.executemany(_ADD, rows))
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


def _values(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple([_cell(name, row[name]) for name in _NAMES])


def _cell(name: str, value: Any) -> Any:
    if name in _NESTED:
        value = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if isinstance(value, str) and not value.isascii():
        return value.encode("utf-8", "replace").decode()  # lone surrogates become `?`, as in the lines of JSON
    return value


def _row(values: Iterable[Any]) -> dict[str, Any]:
    return {name: _value(name, value) for name, value in zip(_NAMES, values, strict=True)}


def _value(name: str, value: Any) -> Any:
    if name in _NESTED:
        return json.loads(value)
    return bool(value) if name in _TRUTHS else value


def _end(name: str) -> int:
    return int(name.rpartition("-")[2])


def _used_bytes(connection: sqlite3.Connection) -> int:
    (pages,), (free,), (size,) = (
        connection.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def _delete_surplus(connection: sqlite3.Connection, max_bytes: float) -> int:
    """Delete the oldest rows until the rest is small enough, by as many at a time as are too many on the average."""
    deleted = 0
    while (used := _used_bytes(connection)) > max_bytes:
        first, last = connection.execute(_EXTENT).fetchone()
        if not last:
            break
        too_many = math.ceil((last - first + 1) * (1 - max_bytes / used))
        deleted += connection.execute(_ERASE_FIRST, (first + max(too_many, 1) - 1,)).rowcount
    return deleted
