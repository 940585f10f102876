"""Numbers as people read them: in a terminal, and in a notebook whether it is light or dark. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from time import gmtime, strftime
from typing import TYPE_CHECKING, Final, TypeAlias

from genai_guard.printed import aligned

if TYPE_CHECKING:
    from genai_guard.recording.snapshot import Snapshot

__all__ = ["COLUMNS", "Row", "by_guard", "clock_time", "columns_of", "html", "listed", "milliseconds", "text"]

Row: TypeAlias = Sequence[str]

COLUMNS: Final = (
    "calls", "errors", "blocked", "denied", "p50", "p95", "p99", "first token p95", "tokens in", "out", "cost", "hits",
)  # fmt: skip
"""What a row of several snapshots says of each."""

_CELL: Final = "padding:0.15em 0.8em;border-bottom:1px solid rgba(128,128,128,.35)"
_TABLE: Final = "border-collapse:collapse;font-variant-numeric:tabular-nums"


def columns_of(snapshot: Snapshot) -> Row:
    """Return the cells of `COLUMNS`."""
    hits = sum(sum(actions.values()) for actions in snapshot.guardrail_hits.values())
    latency = snapshot.latency_ms
    return (
        f"{snapshot.calls:,}",
        f"{snapshot.errors:,}" + (f" ({snapshot.error_rate:.1%})" if snapshot.errors else ""),
        f"{snapshot.blocked:,}",
        f"{snapshot.denied:,}",
        *[milliseconds(each) for each in (latency.p50, latency.p95, latency.p99, snapshot.first_token_ms.p95)],
        f"{snapshot.input_tokens:,}",
        f"{snapshot.output_tokens:,}",
        f"${snapshot.cost_usd:,.4f}",
        f"{hits:,}",
    )


def text(title: str, head: Row, rows: Iterable[Row], *, left: Collection[int] = (0,)) -> str:
    """Return a table for a terminal.

    Args:
        title: The line above it.
        head: Names of the columns.
        rows: Their cells.
        left: Places of the columns of words, which begin at the left.
    """
    return "\n".join([title, *(f"  {line}" for line in aligned([head, *rows], left=left))])


def html(title: str, head: Row, rows: Iterable[Row], *, left: Collection[int] = (0,)) -> str:
    """Return a table for a notebook. It takes its colours from the page, and nothing from anywhere else.

    Args:
        title: The line above it; none if it is empty.
        head: Names of the columns; none for a table that has none.
        rows: Their cells, the first of which names the row.
        left: Places of the columns of words.
    """
    from genai_guard.markup import Markup, element, joined  # noqa: PLC0415  for notebooks alone

    styles = [f"text-align:{side};{_CELL}" for side in ("right", "left")]

    def line(cells: Row, *, is_head: bool = False) -> Markup:
        tags = ["th" if is_head or place == 0 else "td" for place in range(len(cells))]
        placed = enumerate(zip(tags, cells, strict=True))
        return element("tr", *(element(tag, cell, style=styles[place in left]) for place, (tag, cell) in placed))

    caption = element("caption", title, style="text-align:left") if title else None
    above = element("thead", line(head, is_head=True)) if head else None
    return element("table", caption, above, element("tbody", joined(map(line, rows))), style=_TABLE)


def milliseconds(value: float | None) -> str:
    """Return a duration; `-` where there is none."""
    if value is None:
        return "-"
    return f"{value:,.0f} ms" if value >= 100 else f"{value:.3g} ms"


def clock_time(seconds: float) -> str:
    """Return a time in UTC."""
    return strftime("%Y-%m-%d %H:%M:%S", gmtime(seconds))


def listed(counts: Mapping[str, int]) -> str:
    """Return counts by name."""
    return ", ".join(f"{name} {count:,}" for name, count in counts.items()) or "-"


def by_guard(hits: Mapping[str, Mapping[str, int]]) -> str:
    """Return hits by guard and action."""
    return "; ".join(f"{guard}: {listed(actions)}" for guard, actions in hits.items()) or "-"
