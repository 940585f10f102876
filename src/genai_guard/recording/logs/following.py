"""Lines as they come, from all segments of a folder, whoever writes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from genai_guard.recording.segments import segments

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["follow"]


def follow(folder: Path) -> Iterator[bytes | None]:
    """Yield the whole lines that come from the first look on, and None after each look: when to look again is the caller's.

    A line that is still being written, or was cut short and is cut off again, is not yielded. A segment that is deleted
    is forgotten. New segments are read from their beginning.
    """
    read_bytes = {segment: _size(segment) for segment in segments(folder)}
    while True:
        yield None
        there = segments(folder)
        for segment in there:
            for line in _more(segment, read_bytes.get(segment, 0)):
                read_bytes[segment] = read_bytes.get(segment, 0) + len(line)
                yield line
        for gone in read_bytes.keys() - set(there):
            del read_bytes[gone]


def _more(segment: Path, begin: int) -> Iterator[bytes]:
    try:
        with segment.open("rb") as file:
            file.seek(begin)
            for line in file:
                if line.endswith(b"\n"):
                    yield line
    except FileNotFoundError:
        return


def _size(segment: Path) -> int:
    try:
        return segment.stat().st_size
    except FileNotFoundError:
        return 0
