"""How long rows are kept: by age, and by how much there may be of all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from genai_guard.recording.segments import is_sealed, segments

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Piece", "Pruned", "first_day_kept", "prune_segments", "surplus"]


class Pruned(NamedTuple):
    """What retention has deleted.

    Attributes:
        segments: Files of a log of segments.
        rows: Rows of a log that deletes them one by one.
        size_bytes: What they took.
    """

    segments: int = 0
    rows: int = 0
    size_bytes: int = 0

    def and_told(self, more: Pruned) -> Pruned:
        """Return the sum of both, having logged the second, if it is anything."""
        if more == Pruned():
            return self
        import structlog  # noqa: PLC0415  loaded when there is something to tell

        structlog.get_logger("genai_guard").info("old rows deleted", sink="log", **more._asdict())
        return Pruned(*map(sum, zip(self, more, strict=True)))


class Piece(NamedTuple):
    """A segment.

    Attributes:
        name: Of the file; it begins with the day of its latest row, in UTC.
        size_bytes: Of the file.
        modified_ns: When it was last written to.
        is_sealed: Whether nobody writes to it.
    """

    name: str
    size_bytes: int
    modified_ns: int
    is_sealed: bool


def first_day_kept(today: date, *, max_age_days: float | None) -> str:
    """Return the first day, in ISO, whose rows are kept; an empty string if all are."""
    if max_age_days is None:
        return ""
    try:
        return (today - timedelta(days=max_age_days)).isoformat()
    except OverflowError:
        return ""


def surplus(pieces: Iterable[Piece], *, first_day: str, max_total_bytes: float) -> Iterator[Piece]:
    """Yield the sealed segments to delete: those before `first_day`, then the oldest until the rest is small enough."""
    ordered = sorted(pieces, key=lambda piece: (piece.name[:10], piece.modified_ns, piece.name))
    total_bytes = sum(piece.size_bytes for piece in ordered)
    for piece in ordered:
        if piece.is_sealed and (piece.name[:10] < first_day or total_bytes > max_total_bytes):
            total_bytes -= piece.size_bytes
            yield piece


def prune_segments(folder: Path, *, first_day: str, max_total_bytes: float) -> Pruned:
    """Delete the surplus of a folder. What others delete meanwhile is theirs.

    Raises:
        OSError: a segment cannot be looked at or deleted.
    """
    pruned = Pruned()
    for piece in surplus(_pieces(folder), first_day=first_day, max_total_bytes=max_total_bytes):
        try:
            (folder / piece.name).unlink()
        except FileNotFoundError:
            continue
        pruned = Pruned(pruned.segments + 1, 0, pruned.size_bytes + piece.size_bytes)
    return pruned


def _pieces(folder: Path) -> Iterator[Piece]:
    for path in segments(folder):
        try:
            stat = path.stat()
        except FileNotFoundError:
            continue
        yield Piece(path.name, stat.st_size, stat.st_mtime_ns, is_sealed(path))
