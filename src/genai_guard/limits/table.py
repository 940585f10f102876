"""Usage as a table: what `limiter.usage()` returns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, final

from genai_guard.limits.buckets import split
from genai_guard.limits.stores.base import Row

__all__ = ["UsageRow", "UsageTable", "table_of"]

_TITLES = ("limit", "key", "used", "capacity", "free", "resets in")


class UsageRow(NamedTuple):
    """The usage of one key.

    Attributes:
        limit: Name of the limit.
        key: Value of its key; several with a comma between them; empty for the bucket of calls without it.
        used: Units in use, reservations included; money in dollars.
        capacity: Units that can be in use at once.
        free: Units that would be granted now.
        resets_in_s: Seconds until nothing is in use if nothing else happens.
    """

    limit: str
    key: str
    used: float
    capacity: float
    free: float
    resets_in_s: float

    def __repr__(self) -> str:
        return f"<UsageRow {self.limit}: {self.used:g} of {self.capacity:g}>"


@final
class UsageTable(tuple[UsageRow, ...]):
    """Rows of usage, the fullest first within each limit. Its `str` is a table; its `repr` holds no keys."""

    __slots__ = ()

    def __str__(self) -> str:
        """Return the table in columns."""
        cells = [_TITLES, *(_cells(row) for row in self)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        return "\n".join(
            "  ".join(
                cell.ljust(width) if index < 2 else cell.rjust(width)
                for index, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in cells
        )

    def __repr__(self) -> str:
        return f"<UsageTable, {len(self)} rows>"


def table_of(rows: Iterable[Row]) -> UsageTable:
    """Return the table of what a store has."""
    order: dict[str, int] = {}
    found: list[UsageRow] = []
    for limit, bucket, level in rows:
        order.setdefault(limit.name, len(order))
        key = ", ".join(split(bucket, 1 if isinstance(limit.by, str) or limit.by is None else len(limit.by)))
        free, capacity = level.remaining or 0, level.capacity or 0
        found.append(UsageRow(limit.name, key, level.used, capacity, free, level.drained_s))
    return UsageTable(sorted(found, key=lambda row: (order[row.limit], -row.used / (row.capacity or 1), row.key)))


def _cells(row: UsageRow) -> tuple[str, ...]:
    return (row.limit, row.key or "-", *(f"{value:,.12g}" for value in row[2:5]), f"{row.resets_in_s:,.1f} s")
