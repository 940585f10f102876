"""What `top` shows, as lines that fit a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from genai_guard.commands.terminal import Paint, Style, printable
from genai_guard.commands.usage_plot import blocks_for
from genai_guard.recording.dimensions import OTHER
from genai_guard.recording.report.rolling import Frame
from genai_guard.recording.report.summary import Figures
from genai_guard.units import compact, counted, dollars, milliseconds, percent, plain_time

__all__ = ["screen"]

_MOST: Final = 12
_WIDEST_NAME: Final = 28
_HOUR_S: Final = 3600
_BAD: Final = 0.05


class _Table(NamedTuple):
    """Columns of texts; the first one stands to the left."""

    titles: Sequence[str]
    rows: Sequence[Sequence[str]]
    style: Style = "bold"


def screen(
    frame: Frame, *, source: str, columns: int, lines: int | None, paint: Paint, encoding: str, hint: str = ""
) -> list[str]:
    """Return a frame as lines.

    Args:
        frame: What to show.
        source: Where it comes from.
        columns: No line is longer.
        lines: There are no more lines; as many as it takes when None.
        paint: Gives colours.
        encoding: What can be shown.
        hint: What keys do.
    """
    head = [*_head(frame, source, columns, encoding), ""]
    room = None if lines is None else lines - len(head) - (1 if hint else 0)
    body = _fitted(list(_tables(frame)), room, columns, paint)
    shown = [*(_cut(line, columns) for line in head), *body]
    shown[0] = paint(shown[0], "bold")
    if frame.total.errors.trials and frame.total.errors.low > _BAD:
        shown[1] = paint(shown[1], "red")
    if hint:
        shown = [*shown[: len(shown) if lines is None else lines - 1], paint(_cut(hint, columns), "dim")]
    return shown[:lines]


def _head(frame: Frame, source: str, columns: int, encoding: str) -> Iterator[str]:
    total, seconds = frame.total, frame.window_s
    now = datetime.fromtimestamp(frame.now_s, UTC)
    yield f"genai_guard top  {printable(source)}  {now:%Y-%m-%d %H:%M:%S} UTC  last {plain_time(seconds)}"
    rate = "-" if not total.calls else percent(total.errors.value)
    yield "  ".join(
        (
            f"calls/s {compact(total.calls / seconds)}",
            f"errors {rate} ({counted(sum(total.error_types.values()))})",
            f"blocked {counted(total.blocked)}",
            f"denied {counted(total.denied)}",
            f"hits {counted(sum(total.hits.values()))}",
            f"tokens/s {compact(total.tokens / seconds)}",
            f"cost/h {dollars(total.usd * _HOUR_S / seconds)}",
        )
    )
    times, first = total.latency_ms, total.first_token_ms
    first_token = f"  first token p50 {_ms(first.p50)} p99 {_ms(first.p99)}" if first.count else ""
    yield f"latency p50 {_ms(times.p50)}  p95 {_ms(times.p95)}  p99 {_ms(times.p99)}{first_token}"
    blocks = blocks_for(encoding)
    most = max(*frame.calls, 1)
    bars = "".join(blocks[min(8, -int(-8 * each // most))] for each in frame.calls[-columns:])
    yield f"calls   |{bars}|"


def _tables(frame: Frame) -> Iterator[_Table]:
    seconds = frame.window_s
    heads = ("calls/s", "errors", "p50", "p99", "tokens/s", "cost/h")
    yield _Table(("model", *heads), [(_name(name), *_cells(each, seconds)) for name, each in frame.models.items()])
    if frame.arms:
        rows = [
            (_name(f"{arm.experiment} {arm.variant}".strip()), *_cells(each, seconds))
            for arm, each in frame.arms.items()
        ]
        yield _Table(("variant", *heads), rows)
    if frame.users:
        yield _Table(
            ("user", "calls/s", "tokens/s", "cost/h"),
            [
                (
                    _name(user),
                    compact(each.calls / seconds),
                    compact(each.tokens / seconds),
                    dollars(each.usd * _HOUR_S / seconds),
                )
                for user, each in frame.users.items()
            ],
        )
    total = frame.total
    if total.hits:
        rows = [(_name(hit.guard), hit.action, hit.mode, counted(count)) for hit, count in total.hits.items()]
        yield _Table(("guard", "action", "mode", "hits"), rows)
    if total.denials:
        yield _Table(("limit", "denied"), [(_name(name), counted(count)) for name, count in total.denials.items()])
    if frame.failures:
        failures = [
            (
                f"{datetime.fromtimestamp(each.time_s, UTC):%H:%M:%S} {_name(each.error_type)}",
                each.status,
                _name(each.model),
            )
            for each in frame.failures
        ]
        yield _Table(("last errors", "status", "model"), failures, "red")


def _cells(each: Figures, seconds: float) -> tuple[str, ...]:
    return (
        compact(each.calls / seconds),
        percent(each.errors.value),
        _ms(each.latency_ms.p50),
        _ms(each.latency_ms.p99),
        compact(each.tokens / seconds),
        dollars(each.usd * _HOUR_S / seconds),
    )


def _fitted(tables: Sequence[_Table], room: int | None, columns: int, paint: Paint) -> list[str]:
    """Return the tables with as many rows each as there is room for, the same for all."""
    most = _MOST
    while True:
        shown = [line for table in tables for line in (*_lines(table, most, columns, paint), "")][:-1]
        if room is None or len(shown) <= room or most == 1:
            return shown if room is None else shown[: max(0, room)]
        most -= 1


def _lines(table: _Table, most: int, columns: int, paint: Paint) -> Iterator[str]:
    rows = [table.titles, *table.rows[:most]]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for number, row in enumerate(rows):
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        line = _cut("  ".join(cells).rstrip(), columns)
        yield paint(line, table.style) if not number else line


def _name(name: str) -> str:
    name = printable("other" if name == OTHER else name).replace("\n", " ").replace("\t", " ") or "-"
    return name if len(name) <= _WIDEST_NAME else f"{name[: _WIDEST_NAME - 3]}..."


def _ms(value: float | None) -> str:
    return "-" if value is None else milliseconds(value)


def _cut(line: str, columns: int) -> str:
    return line if len(line) <= columns else line[:columns]
