"""Rows as they are written, by whatever processes, for whoever looks on.

Rule 1: A line is read once it is whole. What is torn is waited for, or passed over when its writer has gone on.
Rule 2: Looking on changes nothing: no lock, no file, no mark is left behind.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

if TYPE_CHECKING:
    from io import FileIO
    from pathlib import Path

__all__ = ["Follower", "SegmentFollower"]

_BLOCK: Final = 1 << 20

Files: TypeAlias = "Callable[[], tuple[Path, ...]]"
Decode: TypeAlias = Callable[[bytes], dict[str, Any] | None]


class Follower(Protocol):
    """Yields what was written since it was last asked."""

    skipped: int
    """How many whole lines were no rows."""

    def poll(self) -> Iterator[dict[str, Any]]:
        """Yield the rows that are new; never waits for more."""
        ...


class _Place:
    """How far a file was read."""

    __slots__ = ("inode", "offset", "partial")

    def __init__(self, inode: int, offset: int, *, partial: bool) -> None:
        self.inode = inode
        self.offset = offset
        self.partial = partial  # it begins within a line, of which the rest is passed over


class SegmentFollower:
    """Follows the segments of a folder, those that are yet to come included.

    Rows of one process come in their order, those of several one process after the other.

    Args:
        files: Returns the segments there are: `log.segments`.
        decode: Returns the row of a line without its end; None for what is none.
        back_bytes: How much of what each segment holds already is read: the last so many bytes, 0 for nothing, None for
            everything. Segments that appear later are read from their beginning.
        since_s: Segments that were last written to before then, in seconds since 1970, are taken as read.
    """

    def __init__(
        self, files: Files, *, decode: Decode, back_bytes: int | None = None, since_s: float | None = None
    ) -> None:
        self._files: Final = files
        self._decode: Final = decode
        self._places: dict[str, _Place] = {}
        self.skipped = 0
        if back_bytes is not None or since_s is not None:
            self._begin(math.inf if back_bytes is None else back_bytes, since_s or 0.0)

    def poll(self) -> Iterator[dict[str, Any]]:
        """Yield the rows that are new, and pass over segments that cannot be read now."""
        files = self._files()
        names = {str(path) for path in files}
        self._places = {name: place for name, place in self._places.items() if name in names}
        for path in files:
            try:
                yield from self._rows(path)
            except OSError:  # it was deleted, as old ones are, or belongs to somebody else
                continue

    def _begin(self, back_bytes: float, since_s: float) -> None:
        for path in self._files():
            try:
                stat = path.stat()
            except OSError:
                continue
            offset = int(max(0, stat.st_size - (back_bytes if stat.st_mtime >= since_s else 0)))
            # one byte earlier, so that a line which begins right there is not taken for the rest of one
            place = _Place(stat.st_ino, max(0, offset - 1), partial=offset > 0)
            self._places[str(path)] = place

    def _rows(self, path: Path) -> Iterator[dict[str, Any]]:
        known = self._places.get(str(path))
        stat = path.stat()
        if known is None or known.inode != stat.st_ino or known.offset > stat.st_size:
            known = self._places[str(path)] = _Place(stat.st_ino, 0, partial=False)
        if stat.st_size == known.offset:
            return
        with path.open("rb", buffering=0) as file:
            for line in _whole_lines(file, known):
                if (row := self._row(line)) is not None:
                    yield row

    def _row(self, line: bytes) -> dict[str, Any] | None:
        row = self._decode(line)
        if row is None and line and not line.isspace():  # a blank one was erased
            self.skipped += 1
        return row


def _whole_lines(file: FileIO, place: _Place) -> Iterator[bytes]:
    """Yield the lines behind a place that have an end, and move the place behind each."""
    rest = b""
    file.seek(place.offset)
    while block := file.read(_BLOCK):
        lines = (rest + block).split(b"\n")
        rest = lines.pop()
        for line in lines:
            place.offset += len(line) + 1
            if place.partial:
                place.partial = False
            else:
                yield line
