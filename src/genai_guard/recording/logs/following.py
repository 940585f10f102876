"""Lines as they come, from all segments of a folder, whoever writes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from genai_guard.recording.segments import segments

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["follow"]

_LOOK_BACK_BYTES: Final = 16 << 20


def follow(folder: Path, *, since_s: float | None = None) -> Iterator[bytes | None]:
    """Yield the whole lines that come from the first look on, and None after each look: when to look again is the caller's.

    A line that is still being written, or was cut short and is cut off again, is not yielded. A segment that is deleted
    is forgotten. New segments are read from their beginning.

    Args:
        folder: Where the segments are.
        since_s: Begin with the last megabytes of the segments that were written to since then, in seconds since 1970.
    """
    read_bytes = {segment: _size(segment) for segment in segments(folder)}
    if since_s is not None:
        for segment, size in read_bytes.items():
            read_bytes[segment] = _recent(segment, size, since_s)
    else:
        yield None
    while True:
        there = segments(folder)
        for segment in there:
            for line in _more(segment, read_bytes.get(segment, 0)):
                read_bytes[segment] = read_bytes.get(segment, 0) + len(line)
                yield line
        for gone in read_bytes.keys() - set(there):
            del read_bytes[gone]
        yield None


def _more(segment: Path, begin: int) -> Iterator[bytes]:
    try:
        with segment.open("rb") as file:
            file.seek(begin)
            for line in file:
                if line.endswith(b"\n"):
                    yield line
    except FileNotFoundError:
        return


def _recent(segment: Path, size: int, since_s: float) -> int:
    """Return where the latest lines of a segment begin; its end if it was not written to since then."""
    try:
        if segment.stat().st_mtime < since_s:
            return size
        begin = max(0, size - _LOOK_BACK_BYTES)
        if begin:
            with segment.open("rb") as file:
                file.seek(begin - 1)  # within a line, of which the rest is passed over, or right at the end of one
                begin += len(file.readline()) - 1
    except FileNotFoundError:
        return 0
    return begin


def _size(segment: Path) -> int:
    try:
        return segment.stat().st_size
    except FileNotFoundError:
        return 0
