"""Append-only files that keep every acknowledged line through `kill -9`.

Rule 1: A line is one `write(2)` to a file opened for appending; it is acknowledged when `append` returns.
Rule 2: A file belongs to one writer of one process, because its name was created exclusively.
Rule 3: A write that was cut short is cut off again. If even that fails, the reader skips what is no whole line.
Rule 4: A line that is erased is overwritten with spaces, where it stands: whoever is writing at the end does not notice.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from pathlib import Path  # importing it takes half as long as the rest of the package

__all__ = ["OnSkip", "SegmentWriter", "blank", "lines", "segments"]

OnSkip: TypeAlias = "Callable[[Path, int], None]"
"""Told the segment and the number, from 1, of a line that is skipped."""

_NAME: Final = re.compile(r"\d{4}-\d\d-\d\d-\d+-\d+\.jsonl")
_FLAGS: Final = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
_PRIVATE: Final = 0o600


def segments(folder: Path) -> tuple[Path, ...]:
    """Return the segments in a folder by name, that is by day, process and number; none if there is no such folder."""
    try:
        return tuple(sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name)))
    except FileNotFoundError:
        return ()


def lines(segment: Path, *, on_skip: OnSkip | None = None) -> Iterator[bytes]:
    """Yield the whole lines of a segment, without their ends; tell `on_skip` if the last one is torn."""
    with segment.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.endswith(b"\n"):
                yield line[:-1]
            elif on_skip is not None:
                on_skip(segment, number)


def blank(segment: Path, is_wanted: Callable[[bytes], bool]) -> int:
    """Overwrite the lines that are wanted with spaces, and return how many there were; they are gone from the disk then.

    Readers of JSON lines pass over blank ones. A line that is being overwritten is no row to them either.

    Raises:
        OSError: the segment cannot be read or written.
    """
    blanked = begin = 0
    with segment.open("rb") as file, segment.open("r+b", buffering=0) as over:
        for line in file:
            length = len(line) - line.endswith(b"\n")
            if is_wanted(line[:length]):
                over.seek(begin)
                over.write(b" " * length)
                blanked += 1
            begin += len(line)
        if blanked:
            os.fsync(over.fileno())
    return blanked


class SegmentWriter:
    """Writes lines into segments of a folder. For one thread; after a fork the child goes on in a segment of its own.

    Args:
        max_bytes: A segment that would grow beyond is closed and followed by the next.
        fsync: Whether each line is on the disk, and not merely with the operating system, when `append` returns.
    """

    __slots__ = ("_day", "_fd", "_folder", "_fsync", "_max_bytes", "_number", "_pid", "_size")

    def __init__(self, folder: Path, *, max_bytes: int, fsync: bool = False) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._fsync = fsync
        self._fd = -1
        self._pid = 0
        self._day = ""
        self._number: int = 0
        self._size: int = 0

    def append(self, line: bytes, *, day: str) -> None:
        """Write one line; a `day` (ISO) later than that of the segment begins a new one.

        Raises:
            OSError: the line could not be written, and nothing of it is left behind.
        """
        fd = self._segment(len(line), day)
        try:
            written = os.write(fd, line)
            while written < len(line):  # the disk is filling up: this writes the rest, or raises
                written += os.write(fd, line[written:])
            if self._fsync:
                os.fsync(fd)
        except OSError:
            self._cut_off()
            raise
        self._size += written

    def close(self) -> None:
        """Close the segment. The next line begins a new one."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            with suppress(OSError):
                os.close(fd)

    def _segment(self, length: int, day: str) -> int:
        """Return the file to write to."""
        has_room = self._size + length <= self._max_bytes or not self._size
        if not (has_room and day <= self._day and self._is_ours()):
            self.close()
            self._open(max(day, self._day))
        return self._fd

    def _is_ours(self) -> bool:
        """Whether a file is open that this process opened and nobody deleted."""
        return self._fd >= 0 and self._pid == os.getpid() and os.fstat(self._fd).st_nlink > 0

    def _open(self, day: str) -> None:
        pid = os.getpid()
        self._folder.mkdir(parents=True, exist_ok=True)
        number = self._number + 1 if (pid, day) == (self._pid, self._day) else 1
        while True:
            try:
                self._fd = os.open(self._folder / f"{day}-{pid}-{number:05d}.jsonl", _FLAGS, _PRIVATE)
                break
            except FileExistsError:  # of another container, or of an earlier process with the same number
                number += 1
        self._pid, self._day, self._number, self._size = pid, day, number, 0

    def _cut_off(self) -> None:
        """Undo an unfinished line.

        The segment is closed unless it is empty: the fault may lie with its size, and a full disk must not be littered
        with empty ones.
        """
        try:
            os.ftruncate(self._fd, self._size)
        except OSError:
            self.close()
        else:
            if self._size:
                self.close()
