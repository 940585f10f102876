"""The page of the documentation that the tables stand on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

__all__ = ["page", "table"]


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Lay out a table in Markdown."""
    lines = [f"| {' | '.join(map(str, row))} |" for row in (head, *rows)]
    lines.insert(1, "|" + "|".join("---" if at == 0 else "--:" for at in range(len(head))) + "|")
    return "\n".join(lines)


def page(printed: Mapping[str, Any]) -> str:
    """Return the page."""
    return str(printed)
