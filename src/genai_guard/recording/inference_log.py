"""One row for every call, in files that any tool can read."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, TypeAlias

from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import one_of, settle
from genai_guard.recording.event import Event
from genai_guard.recording.following import SegmentFollower
from genai_guard.recording.redaction import Redactor
from genai_guard.recording.rows import decode, encode, row
from genai_guard.recording.segments import OnSkip, SegmentWriter, blank, lines, segments

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Content", "InferenceLog", "erase_rows", "folder_of", "read_rows"]

Content: TypeAlias = Literal["redacted", "none"]

_MEGABYTE: Final = 1 << 20


@dataclass(frozen=True)
class InferenceLog:
    """An inference table of JSON lines in a folder.

    Rows have the columns of the Databricks AI Gateway inference table and more; see `rows`. They hold redacted text
    only. A row is acknowledged, and survives `kill -9`, once it is written; `fsync` makes it survive a power cut. Each
    process writes segments of its own, readable by their owner alone, named by UTC day, process and number. Nothing
    is opened before the first event. When the disk is full or the folder cannot be written to, rows are dropped and
    counted, see `MetricsRecorder.dropped`, and calls go on.

    Args:
        path: The folder; made when the first row is written.
        content: `none` leaves request and response out; all else is kept, where findings stand included.
        max_segment_mb: A segment that would grow beyond is followed by the next.
        fsync: Wait for the disk after every row.
        redact: How texts are redacted; `Redactor()` when None.

    Raises:
        ConfigurationError: the path is a file, or another value is not what it must be.
    """

    kind: ClassVar[str] = "inference_log"
    """Name in a policy file."""

    path: str | os.PathLike[str]
    content: Content = field(default="redacted", kw_only=True)
    max_segment_mb: float = field(default=64.0, kw_only=True)
    fsync: bool = field(default=False, kw_only=True)
    redact: Redactor | None = field(default=None, kw_only=True)
    _folder: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        one_of(self, "content", {"redacted", "none"})
        folder = folder_of(self.path, where="InferenceLog")
        _must(_is_positive(self.max_segment_mb), "max_segment_mb=...", "a number above 0")
        _must(_is(self.fsync, bool), "fsync=...", "True or False")
        _must(_is(self.redact, Redactor, type(None)), "redact=...", "a Redactor")
        settle(self, path=str(folder), _folder=folder.absolute())

    def writer(self) -> InferenceLogWriter:
        """Return a sink that writes to the folder; it opens nothing before its first event."""
        return InferenceLogWriter(self, folder=self._folder)

    def segments(self) -> tuple[Path, ...]:
        """Return the files that hold rows, by day, process and number."""
        return segments(self._folder)

    def read(self, *, on_skip: OnSkip | None = None) -> Iterator[dict[str, Any]]:
        """Yield every row of every segment; rows of one process come in the order in which its calls ended.

        What is no whole row is skipped: the torn end left by a crash, or a damaged line.

        Args:
            on_skip: Told the segment and the number of each line that is skipped, from 1.
        """
        for segment in self.segments():
            yield from read_rows(segment, on_skip)

    def follow(self, *, back_bytes: int | None = None, since_s: float | None = None) -> SegmentFollower:
        """Return what yields the rows of all processes as they are written, whenever it is asked.

        Args:
            back_bytes: How much of what is there already is read: the last so many bytes of each segment, 0 for nothing,
                None for everything.
            since_s: Segments that were last written to before then, in seconds since 1970, are taken as read.
        """
        return SegmentFollower(self.segments, decode=decode, back_bytes=back_bytes, since_s=since_s)

    def erase(self, *, user: str) -> int:
        """Overwrite every row of a user, and return how many there were.

        What is written meanwhile, by whatever process, is neither lost nor erased. Done by `MetricsRecorder.erase`.

        Raises:
            ConfigurationError: there is no such user to be named.
            OSError: a segment cannot be read or written.
        """
        _must(bool(user) and _is(user, str), "...).erase(user=...", "the user that calls were made for")
        return erase_rows(self.segments(), lambda values: values.get("requester") == user)


class InferenceLogWriter:
    """The sink of an `InferenceLog`."""

    def __init__(self, log: InferenceLog, *, folder: Path) -> None:
        self.wants_text: Final = log.content != "none"
        self.redact: Final = log.redact or Redactor()
        self._segment = SegmentWriter(folder, max_bytes=int(log.max_segment_mb * _MEGABYTE), fsync=log.fsync)

    def write(self, event: Event, /) -> None:
        """Write one row; it is acknowledged when this returns.

        Raises:
            OSError: the row could not be written.
        """
        values = row(event)
        self._segment.append(encode(values), day=values["request_date"])

    def close(self) -> None:
        """Close the segment."""
        self._segment.close()


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


def _must(holds: bool, parameter: str, wanted: str) -> None:
    if not holds:
        raise ConfigurationError(f"InferenceLog({parameter}) must be {wanted}")


def _is(value: object, *kinds: type) -> bool:
    return isinstance(value, kinds)


def _is_positive(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf


def read_rows(segment: Path, on_skip: OnSkip | None) -> Iterator[dict[str, Any]]:
    """Yield the rows of a segment; tell `on_skip` of each line that is none."""
    for number, line in enumerate(lines(segment, on_skip=on_skip), start=1):
        values = decode(line)
        if values is not None:
            yield values
        elif on_skip is not None and not line.isspace():  # it was erased
            on_skip(segment, number)


def erase_rows(segments: Iterable[Path], is_wanted: Callable[[dict[str, Any]], bool]) -> int:
    """Overwrite the rows that are wanted, and return how many there were.

    Raises:
        OSError: a segment cannot be read or written.
    """

    def is_wanted_line(line: bytes) -> bool:
        values = decode(line)
        return values is not None and is_wanted(values)

    return sum(blank(segment, is_wanted_line) for segment in segments)
