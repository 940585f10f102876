"""What limits did to traffic, in words and bars for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from genai_guard.commands.terminal import Paint, printable
from genai_guard.limits.simulation import LimitResult, Result
from genai_guard.units import dollars, plain_time

__all__ = ["amount", "blocks_for", "peak_of", "report_lines"]

_BLOCKS: Final = " ▁▂▃▄▅▆▇█"
_ASCII: Final = " .:-=+*%#"
_TITLES: Final = ("limit", "refused", "peak", "keys", "fullest key", "longest wait")


def report_lines(result: Result, paint: Paint, encoding: str) -> Iterator[str]:
    """Yield a report, line by line."""
    yield from _summary(result)
    yield ""
    yield from _table(result.limits, paint)
    blocks = blocks_for(encoding)
    for limit in result.limits:
        yield ""
        yield from _plot(limit, blocks, paint)
    spans = len(result.limits[0].usage)
    each = plain_time((result.end_s - result.start_s) / spans)
    yield ""
    yield paint(f"a column is {each}; its height is the fullest key; r is refused", "dim")


def _summary(result: Result) -> Iterator[str]:
    share = f"{result.admitted / result.calls:.1%}".replace("%", " %")
    length = plain_time(result.end_s - result.start_s)
    yield f"{result.calls:,} calls in {length}: {result.admitted:,} admitted ({share}), {result.refused:,} refused"
    money = f", {dollars(result.usd)}" if result.usd else ""
    yield f"admitted were {result.tokens:,} tokens{money}"
    if result.waits_s:
        middle, most = result.waits_s[len(result.waits_s) // 2], result.waits_s[-1]
        yield f"{len(result.waits_s):,} of them waited: {plain_time(middle)} in the median, {plain_time(most)} at most"
    if result.unpriced:
        yield f"{result.unpriced:,} refused because no price is known of their model"


def _table(limits: Sequence[LimitResult], paint: Paint) -> Iterator[str]:
    rows = [_TITLES, *(_cells(limit) for limit in limits)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for number, row in enumerate(rows):
        left = {0, 4}
        cells = [
            cell.ljust(width) if place in left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        line = "  ".join(cells).rstrip()
        yield paint(line, "bold") if not number else line


def _cells(result: LimitResult) -> tuple[str, ...]:
    shadow = " (shadow)" if result.limit.mode == "shadow" else ""
    wait = "never fits" if result.never and not result.longest_wait_s else plain_time(result.longest_wait_s)
    return (
        printable(result.limit.name + shadow),
        f"{result.refused:,}",
        peak_of(result),
        f"{result.keys:,}",
        printable(result.peak_key[:32]) or "-",
        wait if result.longest_wait_s or result.never else "-",
    )


def peak_of(result: LimitResult) -> str:
    """Return the peak of a limit, and what could be used at most."""
    if result.capacity is None:
        return "-"
    share = round(100 * result.peak / result.capacity)
    return f"{amount(result, result.peak)} of {amount(result, result.capacity)} ({share} %)"


def amount(result: LimitResult, units: float) -> str:
    """Return a number of units; money in dollars."""
    return dollars(units) if result.limit.unit == "usd" else f"{units:,.0f}"


def blocks_for(encoding: str) -> str:
    """Return nine characters, each fuller than the one before, that this encoding has."""
    try:
        _BLOCKS.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return _ASCII
    return _BLOCKS


def _plot(result: LimitResult, blocks: str, paint: Paint) -> Iterator[str]:
    yield paint(printable(result.limit.name), "bold")
    shares = result.usage
    for row in (2, 1, 0):
        label = ("  0 %", "     ", "100 %")[row]
        bars = "".join(_block(share, row, blocks) for share in shares)
        yield f"{label} |{bars}|"
    marks = "".join("r" if refused else " " for refused in result.refusals)
    if marks.strip():
        yield f"       {paint(marks.rstrip(), 'red')}"


def _block(share: float | None, row: int, blocks: str) -> str:
    """Return the part of a bar that is in a row; three rows are the whole limit."""
    if share is None:
        return " "
    eighths = min(24, round(share * 24)) if share >= 1 / 48 else 1  # what is used at all is seen
    return blocks[max(0, min(8, eighths - 8 * row))]
