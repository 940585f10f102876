"""Text for a terminal. Names come from data: what a terminal would obey is escaped."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

__all__ = ["aligned", "shown"]


def shown(text: str) -> str:
    """Escape what a terminal would obey."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def aligned(rows: Sequence[Sequence[str]], *, left: Collection[int]) -> Iterator[str]:
    """Yield a line for each row of a table, escaped, with its cells below those of the row before.

    Args:
        rows: Their cells, as many in each.
        left: Places of the columns that begin at the left, as words do; numbers end at the right.
    """
    lines = [[shown(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        placed = (
            cell.ljust(width) if place in left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        yield "  ".join(placed).rstrip()
