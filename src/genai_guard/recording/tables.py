"""Numbers as people read them: in a terminal, and in a notebook whether it is light or dark. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from time import gmtime, strftime
from typing import TYPE_CHECKING, Final, TypeAlias

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


def text(title: str, head: Row, rows: Iterable[Row], *, left: int = 1) -> str:
    """Return a table for a terminal.

    Args:
        title: The line above it.
        head: Names of the columns.
        rows: Their cells.
        left: How many columns are words, which begin at the left.
    """
    lines = [head, *rows]
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]

    def line(cells: Row) -> str:
        placed = [
            cell.ljust(width) if place < left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return ("  " + "  ".join(placed)).rstrip()

    return "\n".join([title, *map(line, lines)])


def html(title: str, head: Row, rows: Iterable[Row], *, left: int = 1) -> str:
    """Return a table for a notebook. It takes its colours from the page, and nothing from anywhere else.

    Args:
        title: The line above it.
        head: Names of the columns; none for a table that has none.
        rows: Their cells, the first of which names the row.
        left: How many columns are words.
    """
    from html import escape  # noqa: PLC0415  for notebooks alone

    def cell(place: int, content: str, tag: str) -> str:
        side = "left" if place < left else "right"
        return f'<{tag} style="text-align:{side};{_CELL}">{escape(content)}</{tag}>'

    def line(cells: Row, *, is_head: bool = False) -> str:
        tags = ["th" if is_head or place == 0 else "td" for place in range(len(cells))]
        return f"<tr>{''.join(map(cell, range(len(cells)), cells, tags))}</tr>"

    above = f"<thead>{line(head, is_head=True)}</thead>" if head else ""
    below = "".join(map(line, rows))
    caption = f'<caption style="text-align:left">{escape(title)}</caption>'
    return f'<table style="{_TABLE}">{caption}{above}<tbody>{below}</tbody></table>'


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
