"""The files of an audit: one chain through numbered segments of a folder, written by any number of processes in turn.

Rule 1: Whoever writes holds the lock of the folder, and follows what is last in it, whoever wrote that.
Rule 2: What is torn at the end, by a crash or a full disk, is cut off by the next writer, who writes down that it did.
Rule 3: Who has seen a later head than the files show goes on from that head: what was cut off meanwhile is missing then.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

from genai_guard.recording.audit.chain import GENESIS, Draft, Head, Record, chained, parsed
from genai_guard.recording.audit.keys import Key
from genai_guard.recording.locking import locked

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["LOCK", "ChainWriter", "records", "segments"]

LOCK: Final = "audit.lock"
_NAME: Final = re.compile(r"audit-(\d{6,})\.jsonl")
_FLAGS: Final = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
_PRIVATE: Final = 0o600
_TAIL: Final = 1 << 16


def segments(folder: Path) -> tuple[Path, ...]:
    """Return the segments in a folder, in their order; none if there is no such folder."""
    try:
        return tuple(sorted((path for path in folder.iterdir() if _NAME.fullmatch(path.name)), key=_number))
    except FileNotFoundError:
        return ()


def records(folder: Path) -> Iterator[Record]:
    """Yield every record in a folder, in the order of the chain, unverified; what is no record is passed over.

    Raises:
        OSError: a segment cannot be read.
    """
    for path in segments(folder):
        with path.open("rb") as file:
            yield from filter(None, map(parsed, file))


class _Tail(NamedTuple):
    """The end of a segment.

    Attributes:
        head: Of its last record; None if it has none.
        whole_bytes: Up to the end of its last whole line.
        torn_bytes: What follows that.
    """

    head: Head | None
    whole_bytes: int
    torn_bytes: int


class ChainWriter:
    """Appends records to the chain in a folder. For one thread; other writers may be at it as well.

    Args:
        max_bytes: A segment that would grow beyond is followed by the next.
        fsync: Whether records are on the disk, and not merely with the operating system, when `append` returns.
    """

    __slots__ = ("_fd", "_folder", "_fsync", "_head", "_max_bytes", "_path", "_size")

    def __init__(self, folder: Path, *, max_bytes: int, fsync: bool = False) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._fsync = fsync
        self._fd = -1
        self._path: Path | None = None
        self._size = 0
        self._head = GENESIS

    def append(self, *drafts: Draft, key: Key) -> Head:
        """Write records, all or none of them, and return the head of the chain.

        Raises:
            OSError: they could not be written.
            ValueError: JSON cannot say what stands in one.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            with locked(self._folder / LOCK):
                return self._append(drafts, key)
        except OSError:
            self.close()  # whatever it was, the next one looks at the folder afresh
            raise

    def sync(self) -> None:
        """Wait until what was written is on the disk."""
        if self._fd >= 0:
            os.fsync(self._fd)

    def close(self) -> None:
        """Close the segment. The next record opens it again."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            with suppress(OSError):
                os.close(fd)

    def _append(self, drafts: Sequence[Draft], key: Key) -> Head:
        recovered = self._catch_up()
        lines, head = self._lines((*recovered, *drafts), key)
        if self._path is not None and self._size and self._size + len(lines) > self._max_bytes:
            self._open(_segment(self._folder, _number(self._path) + 1))
            self._size = 0
        self._write(lines)
        self._head = head
        return head

    def _lines(self, drafts: Sequence[Draft], key: Key) -> tuple[bytes, Head]:
        lines: list[bytes] = []
        head, process = self._head, os.getpid()
        for draft in drafts:
            line, head = chained(draft, after=head, key=key, process=process)
            lines.append(line)
        return b"".join(lines), head

    def _catch_up(self) -> list[Draft]:
        """Find the end of the chain; return what has to be said about how it was found."""
        if self._is_current():
            size = os.fstat(self._fd).st_size
            if size == self._size:
                return []
        else:
            there = segments(self._folder)
            self._open(there[-1] if there else self._folder / "audit-000001.jsonl")
            size = os.fstat(self._fd).st_size
        tail = _tail(self._fd, size)
        if tail.torn_bytes:
            os.ftruncate(self._fd, tail.whole_bytes)
        self._size = tail.whole_bytes
        head = tail.head or self._earlier_head()
        self._head = max(self._head, head, key=lambda each: each.sequence)
        return [Draft("recovered", time.time(), {"torn_bytes": tail.torn_bytes})] if tail.torn_bytes else []

    def _is_current(self) -> bool:
        """Whether a segment is open that nobody deleted, moved, exchanged or followed by another."""
        if self._fd < 0 or self._path is None:
            return False
        try:
            is_there = os.path.samestat(os.fstat(self._fd), self._path.stat())
        except FileNotFoundError:
            return False
        return is_there and not _segment(self._folder, _number(self._path) + 1).exists()

    def _earlier_head(self) -> Head:
        """Return the head of the segments before the open one, which has no record."""
        for path in reversed(segments(self._folder)):
            if path != self._path:
                with path.open("rb") as file:
                    tail = _tail(file.fileno(), os.fstat(file.fileno()).st_size)
                if tail.head is not None:
                    return tail.head
        return GENESIS

    def _open(self, path: Path) -> None:
        self.close()
        self._fd = os.open(path, _FLAGS, _PRIVATE)
        self._path = path

    def _write(self, lines: bytes) -> None:
        try:
            written = os.write(self._fd, lines)
            while written < len(lines):  # the disk is filling up: this writes the rest, or raises
                written += os.write(self._fd, lines[written:])
            if self._fsync:
                os.fsync(self._fd)
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._fd, self._size)
            raise
        self._size += written


def _segment(folder: Path, number: int) -> Path:
    return folder / f"audit-{number:06d}.jsonl"


def _number(path: Path) -> int:
    name = _NAME.fullmatch(path.name)
    return int(name[1]) if name else 0


def _tail(fd: int, size: int) -> _Tail:
    """Read as much from the end as it takes to find the last record."""
    wanted = _TAIL
    while True:
        begin = max(0, size - wanted)
        block = _read(fd, begin, size)
        lines = block.split(b"\n")
        torn = lines.pop()
        whole = lines if begin == 0 else lines[1:]  # the first may have begun earlier
        head = next((found for line in reversed(whole) if (found := _head(line)) is not None), None)
        if head is not None or begin == 0:
            return _Tail(head, size - len(torn), len(torn))
        wanted *= 8


def _read(fd: int, begin: int, end: int) -> bytes:
    os.lseek(fd, begin, os.SEEK_SET)
    pieces: list[bytes] = []
    while begin < end and (piece := os.read(fd, end - begin)):
        pieces.append(piece)
        begin += len(piece)
    return b"".join(pieces)


def _head(line: bytes) -> Head | None:
    record = parsed(line)
    return None if record is None else Head(record["sequence"], record["mac"], record["time"])
