"""Append-only files that keep every acknowledged line through `kill -9`.

Rule 1: A line is one `write(2)` to a file opened for appending; it is acknowledged when `append` returns.
Rule 2: A file belongs to one writer of one process: its name was created exclusively, and is never given twice.
Rule 3: A write that was cut short is cut off again. If even that fails, the reader skips what is no whole line.
Rule 4: A line that is erased is overwritten with spaces, where it stands: whoever is writing at the end does not notice.
Rule 5: A writer holds the lock of its file from before the first line until it closes it or dies. So a segment that has
lines and that nobody holds is sealed: nothing will be added to it.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from math import inf
from typing import TYPE_CHECKING, Final, TypeAlias
from weakref import WeakSet

from genai_guard.recording.locking import hold, is_held

if TYPE_CHECKING:
    from pathlib import Path  # importing it takes half as long as the rest of the package

__all__ = ["OnSkip", "SegmentWriter", "blank", "is_sealed", "lines", "segments", "sync_folder"]

OnSkip: TypeAlias = "Callable[[Path, int], None]"
"""Told the segment and the number, from 1, of a line that is skipped."""

_NAME: Final = re.compile(r"\d{4}-\d\d-\d\d-\d+-\d+(-[0-9a-f]{8})?\.jsonl")
_FLAGS: Final = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
_PRIVATE: Final = 0o600


def segments(folder: Path) -> tuple[Path, ...]:
    """Return the segments in a folder by name, that is by day, process and number; none if there is no such folder."""
    try:
        return tuple(sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name)))
    except FileNotFoundError:
        return ()


def is_sealed(segment: Path) -> bool:
    """Whether a segment has lines and nothing will be added to it: its writer has closed it, or is dead.

    Raises:
        OSError: it cannot be read, or its file system has no locks.
    """
    try:
        return segment.stat().st_size > 0 and not is_held(segment)
    except FileNotFoundError:
        return False


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

    Readers of JSON lines pass over blank ones. A line that is being overwritten is no row to them either. A segment that
    was deleted meanwhile has none.

    Raises:
        OSError: the segment cannot be read or written.
    """
    blanked = begin = 0
    try:
        file, over = segment.open("rb"), segment.open("r+b", buffering=0)
    except FileNotFoundError:
        return 0
    with file, over:
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


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, where the system lets folders be opened."""
    with suppress(OSError):
        fd = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


class SegmentWriter:
    """Writes lines into segments of a folder. For one thread; after a fork the child goes on in a segment of its own.

    Args:
        max_bytes: A segment that would grow beyond is closed and followed by the next.
        max_age_s: So is one that was opened so long ago; `tick` closes it if no line comes.
        fsync: True: each line is on the disk, and not merely with the operating system, when `append` returns. A number:
            it is so many seconds later, if `tick` is called when it says. False: when the operating system likes.
        on_open: Called when a segment was opened.
        clock: Monotonic, in seconds.
    """

    __slots__ = (
        "__weakref__", "_clock", "_day", "_fd", "_folder", "_fsync", "_max_age_s", "_max_bytes", "_number", "_on_open",
        "_opened_s", "_pid", "_size", "_sync_at_s", "_token",
    )  # fmt: skip

    def __init__(
        self,
        folder: Path,
        *,
        max_bytes: int,
        max_age_s: float = inf,
        fsync: float = False,
        on_open: Callable[[], object] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._max_age_s = max_age_s
        self._fsync = fsync
        self._on_open = on_open
        self._clock = clock
        self._fd = -1
        self._pid: int = 0
        self._token = ""
        self._day = ""
        self._number: int = 0
        self._size: int = 0
        self._opened_s = 0.0
        self._sync_at_s = inf
        _writers.add(self)

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
            if self._fsync is True:
                os.fsync(fd)
        except OSError:
            self._cut_off()
            raise
        self._size += written
        if self._fsync and self._sync_at_s == inf and self._fsync is not True:
            self._sync_at_s = self._clock() + self._fsync

    def tick(self) -> float | None:
        """Do what is due; return in how many seconds there will be more to do, or None if there will not.

        Raises:
            OSError: lines could not be brought to the disk.
        """
        if self._fd < 0:
            return None
        now_s = self._clock()
        if now_s >= self._sync_at_s:
            self.sync()
        if now_s >= self._opened_s + self._max_age_s and self._size:
            self.close()
            return None
        due_s = min(self._sync_at_s, self._opened_s + self._max_age_s)
        return None if due_s == inf else max(0.0, due_s - now_s)

    def sync(self) -> None:
        """Bring to the disk what has to be there sooner or later.

        Raises:
            OSError: it could not be.
        """
        if self._sync_at_s != inf:
            self._sync_at_s = inf
            os.fsync(self._fd)

    def close(self) -> None:
        """Close the segment, which is sealed then. The next line begins a new one."""
        if self._fd >= 0:
            with suppress(OSError):
                self.sync()
            self._let_go()

    def after_fork(self) -> None:
        """Close the child's copy of the file, which would hold the parent's lock."""
        self._sync_at_s = inf
        self._let_go()

    def _let_go(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            with suppress(OSError):
                os.close(fd)

    def _segment(self, length: int, day: str) -> int:
        """Return the file to write to."""
        has_room = self._size + length <= self._max_bytes or not self._size
        if not (has_room and day <= self._day and self._is_ours() and self._is_young()):
            self.close()
            self._open(max(day, self._day))
            if self._on_open is not None:
                self._on_open()
        return self._fd

    def _is_ours(self) -> bool:
        """Whether a file is open that this process opened and nobody deleted."""
        return self._fd >= 0 and self._pid == os.getpid() and os.fstat(self._fd).st_nlink > 0

    def _is_young(self) -> bool:
        return self._max_age_s == inf or not self._size or self._clock() < self._opened_s + self._max_age_s

    def _open(self, day: str) -> None:
        pid = os.getpid()
        self._folder.mkdir(parents=True, exist_ok=True)
        if pid != self._pid:
            self._token = os.urandom(4).hex()
        number = self._number + 1 if (pid, day) == (self._pid, self._day) else 1
        while True:
            name = f"{day}-{pid}-{number:05d}-{self._token}.jsonl"
            try:
                self._fd = os.open(self._folder / name, _FLAGS, _PRIVATE)
                break
            except FileExistsError:  # by a chance of one in four billion
                number += 1
        with suppress(OSError):  # without locks it is never sealed
            hold(self._fd)
        if self._fsync:
            sync_folder(self._folder)
        self._pid, self._day, self._number, self._size = pid, day, number, 0
        self._opened_s = self._clock()

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


_writers: Final[WeakSet[SegmentWriter]] = WeakSet()


def _after_fork() -> None:
    for writer in list(_writers):
        writer.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
