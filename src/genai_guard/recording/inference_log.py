"""One row for every call, in files that any tool can read."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import settle
from genai_guard.recording.erasing import checked_user
from genai_guard.recording.event import Event
from genai_guard.recording.logs.base import Sealed
from genai_guard.recording.logs.following import follow
from genai_guard.recording.logs.retention import Pruned, first_day_kept, prune_segments
from genai_guard.recording.logs.settings import (
    ALWAYS,
    MEGABYTE,
    Content,
    RowMaker,
    check,
    is_positive,
    must,
)
from genai_guard.recording.redaction import Redactor
from genai_guard.recording.rows import day_and_time, encode
from genai_guard.recording.segments import OnSkip, SegmentWriter, blank, is_sealed, lines, segments
from genai_guard.recording.worker import attempt

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Content", "InferenceLog", "erase_rows", "folder_of", "read_rows"]


@dataclass(frozen=True)
class InferenceLog:
    """An inference table of JSON lines in a folder.

    Rows have the columns of the Databricks AI Gateway inference table and more; see `LOG_COLUMNS`. They hold redacted
    text only. A row is acknowledged, and survives `kill -9`, once it is written; `fsync` makes it survive a power cut.
    Each process writes segments of its own, readable by their owner alone, named by UTC day, process and number. Nothing
    is opened before the first event. When the disk is full or the folder cannot be written to, rows are dropped and
    counted, see `MetricsRecorder.dropped`, and calls go on.

    A segment is sealed once its process has closed it, or is dead; only then is it exported or deleted. That takes a
    file system with locks (`flock`): elsewhere no segment is ever taken for sealed.

    Args:
        path: The folder; made when the first row is written.
        content: `none` leaves request and response out; all else is kept, where findings stand included.
        max_segment_mb: A segment that would grow beyond is followed by the next.
        max_segment_age_s: So is one that was begun so many seconds ago, and at each midnight in UTC.
        max_age_days: Delete segments whose last row is of a day before that many days ago; None keeps them. Looked at
            whenever a segment begins.
        max_total_mb: Delete the oldest sealed segments, whatever process wrote them, while all together are larger.
        max_payload_mb: A longer request or response is null in its row, and `logging_error_codes` says so.
        sampling: Share of the calls that is kept, chosen by their request ids; `sampling_fraction` says it in each row.
        always_keep: Statuses of calls that are kept all the same, with a `sampling_fraction` of 1.
        fsync: True waits for the disk after every row; a number does so that many seconds after a row at the latest;
            False leaves it to the operating system.
        redact: How texts are redacted; `Redactor()` when None.

    Raises:
        ConfigurationError: the path is a file, or another value is not what it must be.
    """

    kind: ClassVar[str] = "jsonl"
    """Name in a policy file."""

    path: str | os.PathLike[str]
    content: Content = field(default="redacted", kw_only=True)
    max_segment_mb: float = field(default=64.0, kw_only=True)
    max_segment_age_s: float = field(default=3_600.0, kw_only=True)
    max_age_days: int | None = field(default=None, kw_only=True)
    max_total_mb: float | None = field(default=None, kw_only=True)
    max_payload_mb: float = field(default=1.0, kw_only=True)
    sampling: float = field(default=1.0, kw_only=True)
    always_keep: Collection[str] = field(default=ALWAYS, kw_only=True)
    fsync: bool | float = field(default=False, kw_only=True)
    redact: Redactor | None = field(default=None, kw_only=True)
    _folder: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check(self)
        folder = folder_of(self.path, where="InferenceLog")
        must(self, is_positive(self.max_segment_mb), "max_segment_mb=...", "a number above 0")
        must(self, is_positive(self.max_segment_age_s), "max_segment_age_s=...", "a number of seconds above 0")
        is_policy = isinstance(self.fsync, bool) or is_positive(self.fsync)
        must(self, is_policy, "fsync=...", "True, False or a number of seconds above 0")
        settle(self, path=str(folder), always_keep=tuple(self.always_keep), _folder=folder.absolute())

    @property
    def exports(self) -> Path:
        """The folder in which exports note what they have taken."""
        folder: Path = self._folder
        return folder / "exports"

    def writer(self) -> InferenceLogWriter:
        """Return a sink that writes to the folder; it opens nothing before its first event."""
        return InferenceLogWriter(self, folder=self._folder)

    def segments(self) -> tuple[Path, ...]:
        """Return the files that hold rows, by day, process and number."""
        return segments(self._folder)

    def read(self, *, on_skip: OnSkip | None = None) -> Iterator[dict[str, Any]]:
        """Yield every row of every segment; rows of one process come in the order in which its calls ended.

        What is no whole row is skipped: the torn end left by a crash, or a damaged line. So is a segment that is deleted
        meanwhile.

        Args:
            on_skip: Told the segment and the number of each line that is skipped, from 1.
        """
        for segment in self.segments():
            yield from _rows_if_there(segment, on_skip)

    def follow(self, *, since_s: float | None = None) -> Iterator[dict[str, Any] | None]:
        """Yield every row that comes from now on, of whatever process, and None whenever there is none at the moment.

        Args:
            since_s: Begin with the rows that were written since then, in seconds since 1970, as far as the last megabytes
                of each segment hold them; older ones may be among them.
        """
        for line in follow(self._folder, since_s=since_s):
            values = None if line is None else _values(line)
            if line is None or values is not None:
                yield values

    def erase(self, *, user: str) -> int:
        """Overwrite every row of a user, and return how many there were.

        What is written meanwhile, by whatever process, is neither lost nor erased. Done by `MetricsRecorder.erase`.
        Rows that were exported have to be erased there: `erase_parquet`, `erase_delta`.

        Raises:
            ConfigurationError: there is no such user to be named.
            OSError: a segment cannot be read or written.
        """
        user = checked_user(user, of="InferenceLog.erase")
        return erase_rows(self.segments(), lambda values: values.get("requester") == user)

    def prune(self, *, now_s: float | None = None) -> Pruned:
        """Delete the sealed segments that are too old or too much; a writer does that by itself.

        Args:
            now_s: Seconds since 1970; the clock of the system unless given.

        Raises:
            OSError: a segment cannot be looked at or deleted.
        """
        from datetime import date  # noqa: PLC0415  takes a while to import

        today = date.fromisoformat(day_and_time(time.time() if now_s is None else now_s)[0])
        total_mb = math.inf if self.max_total_mb is None else self.max_total_mb
        return prune_segments(
            self._folder,
            first_day=first_day_kept(today, max_age_days=self.max_age_days),
            max_total_bytes=total_mb * MEGABYTE,
        )

    def sealed(self, *, done: Collection[str] = ()) -> Iterator[Sealed]:
        """Yield the segments that nobody writes to, without those that are done.

        Raises:
            OSError: one cannot be looked at, or its file system has no locks.
        """
        for segment in self.segments():
            if segment.name not in done and is_sealed(segment):
                yield self.part(segment.name)

    def part(self, name: str) -> Sealed:
        """Return the rows of a segment, none if it was deleted."""
        folder: Path = self._folder
        segment = folder / name
        try:
            size_bytes = segment.stat().st_size
        except FileNotFoundError:
            size_bytes = 0
        return Sealed(name, size_bytes, partial(_rows_if_there, segment))

    def holds(self, name: str) -> bool:
        """Whether a segment is still there."""
        folder: Path = self._folder
        return (folder / name).exists()


class InferenceLogWriter:
    """The sink of an `InferenceLog`.

    Attributes:
        failures: How often retention failed, by class of what was raised.
        pruned: What retention has deleted.
    """

    def __init__(self, log: InferenceLog, *, folder: Path) -> None:
        self.wants_text: Final = log.content != "none"
        self.redact: Final = log.redact or Redactor()
        self.failures: Final[dict[str, int]] = {}
        self.pruned = Pruned()
        self._log = log
        self._maker = RowMaker(log)
        self.wants: Final[Callable[[Event], bool]] = self._maker.wants
        has_end = log.max_age_days is not None or log.max_total_mb is not None
        self._segment = SegmentWriter(
            folder,
            max_bytes=int(log.max_segment_mb * MEGABYTE),
            max_age_s=log.max_segment_age_s,
            fsync=log.fsync,
            on_open=partial(attempt, "log", self.failures, self._prune) if has_end else None,
        )

    def write(self, event: Event, /) -> float | None:
        """Write one row, which is acknowledged when this returns: in how many seconds there is more to do, or None.

        Raises:
            OSError: the row could not be written.
        """
        values = self._maker.row(event)
        self._segment.append(encode(values), day=values["request_date"])
        return self._segment.tick()

    def tick(self) -> float | None:
        """Do what is due by time; return in how many seconds there will be more to do, or None."""
        return self._segment.tick()

    def flush(self) -> None:
        """Bring to the disk what has to be there sooner or later."""
        self._segment.sync()

    def close(self) -> None:
        """Close the segment."""
        self._segment.close()

    def _prune(self) -> None:
        self.pruned = self.pruned.and_told(self._log.prune())


def folder_of(path: object, *, where: str) -> Path:
    """Return the folder to write to.

    Raises:
        ConfigurationError: it cannot be one.
    """
    from pathlib import Path  # noqa: PLC0415  see segments

    if not isinstance(path, str | Path) or path == "":
        raise ConfigurationError(f"{where}(path) must be the path of a folder")
    folder = Path(path)
    if folder.is_file():
        raise ConfigurationError(f"{where}({str(folder)!r}) must be a folder: this is a file")
    return folder


def read_rows(segment: Path, on_skip: OnSkip | None) -> Iterator[dict[str, Any]]:
    """Yield the rows of a segment; tell `on_skip` of each line that is none."""
    for number, line in enumerate(lines(segment, on_skip=on_skip), start=1):
        values = _values(line)
        if values is not None:
            yield values
        elif on_skip is not None and not line.isspace():  # it was erased
            on_skip(segment, number)


def erase_rows(segments: Iterable[Path], is_wanted: Callable[[dict[str, Any]], bool]) -> int:
    """Overwrite the rows that are wanted, and return how many there were.

    What is no whole row in a sealed segment, and will never be one, is overwritten too: it may be anybody's.

    Raises:
        OSError: a segment cannot be read or written.
    """
    return sum(_erase(segment, is_wanted) for segment in segments)


def _erase(segment: Path, is_wanted: Callable[[dict[str, Any]], bool]) -> int:
    erased = 0
    is_done = _is_done(segment)

    def is_wanted_line(line: bytes) -> bool:
        nonlocal erased
        values = _values(line)
        if values is None:
            return is_done and not line.isspace()
        is_theirs = is_wanted(values)
        erased += is_theirs
        return is_theirs

    blank(segment, is_wanted_line)
    return erased


def _is_done(segment: Path) -> bool:
    try:
        return is_sealed(segment)
    except OSError:  # there are no locks
        return False


def _rows_if_there(segment: Path, on_skip: OnSkip | None) -> Iterator[dict[str, Any]]:
    try:
        yield from read_rows(segment, on_skip)
    except FileNotFoundError:  # retention was faster
        return


def _values(line: bytes) -> dict[str, Any] | None:
    try:
        values = json.loads(line)
    except ValueError:
        return None
    return cast("dict[str, Any]", values) if isinstance(values, dict) else None
