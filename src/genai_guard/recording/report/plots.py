"""The pictures of the page: columns, percentiles and heat over time, each with the same as a table."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from genai_guard.markup import joined
from genai_guard.recording.dimensions import OTHER
from genai_guard.recording.report import shapes
from genai_guard.recording.report.axes import TimeAxis, linear_axis, log_axis
from genai_guard.recording.report.blocks import Figure, Key, Table
from genai_guard.recording.report.summary import Figures
from genai_guard.recording.sketch import at_most, quantiles
from genai_guard.recording.snapshot import Quantiles
from genai_guard.units import compact, counted, dollars, milliseconds

__all__ = ["PALETTE", "Layer", "columns", "heatmap", "layers", "percentiles", "running_total", "short_dollars"]

PALETTE: Final = ("c0", "c2", "c4", "c3", "c5", "c6", "c1")
"""Classes of colours; `rest` is for what is left over."""

_HEAT_ROWS: Final = 22


class Layer(NamedTuple):
    """One of the series that are stacked."""

    label: str
    colour: str
    values: Sequence[float]


def layers(slots: Sequence[Figures], read: Callable[[Figures, str], float], names: Iterable[str]) -> list[Layer]:
    """Return a layer for each of the first names, and one for all others."""
    names = list(names)
    shown = names if len(names) <= len(PALETTE) else names[: len(PALETTE) - 1]
    found = [
        Layer(_label(name), PALETTE[place], [read(slot, name) for slot in slots]) for place, name in enumerate(shown)
    ]
    if rest := names[len(shown) :]:
        values = [sum(read(slot, name) for name in rest) for slot in slots]
        found.append(Layer(f"{len(rest)} others", "rest", values))
    return found


def columns(
    name: str,
    stacked: Sequence[Layer],
    time: TimeAxis,
    *,
    write: Callable[[float], str] = counted,
    axis_write: Callable[[float], str] = compact,
    marks_s: Sequence[float] = (),
    whole: bool = False,
) -> Figure:
    """Return columns over time, one on top of the other."""
    stacked = [layer for layer in stacked if any(layer.values)]
    sums = [sum(values) for values in zip(*[layer.values for layer in stacked], strict=True)] or [0.0] * time.slots
    axis = linear_axis(max(sums), axis_write, whole=whole)
    texts = [_tip(time, at, [(layer.label, write(layer.values[at])) for layer in stacked]) for at in range(time.slots)]
    return Figure(
        name=name,
        said=f"{name}: at most {write(max(sums))}, {write(sum(sums))} together",
        shapes=joined(
            (
                shapes.grid(axis),
                shapes.stack([(layer.colour, layer.values) for layer in stacked], time, axis),
                shapes.marks(marks_s, time),
                shapes.tips(texts, time),
            )
        ),
        ys=axis.ticks,
        xs=time.ticks,
        legend=[*(Key(layer.colour, layer.label) for layer in stacked), *_marked(marks_s)],
        table=_table(name, time, [(layer.label, [write(each) for each in layer.values]) for layer in stacked]),
    )


def running_total(name: str, values: Sequence[float], limit: float | None, time: TimeAxis) -> Figure:
    """Return how a sum grows, and the line that it should stay below."""
    sums: list[float] = []
    for value in values:
        sums.append((sums[-1] if sums else 0.0) + value)
    last = sums[-1] if sums else 0.0
    axis = linear_axis(max(last, limit or 0.0), short_dollars)
    texts = [_tip(time, at, [("so far", dollars(each))]) for at, each in enumerate(sums)]
    within = "" if limit is None else f" of {dollars(limit)}"
    over = next((time.name(at) for at, each in enumerate(sums) if limit is not None and each > limit), None)
    return Figure(
        name=name,
        said=f"{name}: {dollars(last)}{within}" + (f", exceeded in the slot of {over}" if over else ""),
        shapes=joined(
            (
                shapes.grid(axis),
                shapes.band([0.0] * len(sums), sums, time, axis, "c0"),
                shapes.line(sums, time, axis, "c0"),
                None if limit is None else shapes.level(limit, axis),
                shapes.tips(texts, time),
            )
        ),
        ys=axis.ticks,
        xs=time.ticks,
        legend=[Key("c0", "spent so far"), *([] if limit is None else [Key("level", f"budget, {dollars(limit)}")])],
        table=_table(name, time, [("so far", [dollars(each) for each in sums])]),
    )


def percentiles(name: str, found: Sequence[Quantiles], time: TimeAxis, *, marks_s: Sequence[float] = ()) -> Figure:
    """Return three percentiles over time and the bands between them, on a logarithmic axis."""
    p50, p95, p99 = ([getattr(each, share) for each in found] for share in ("p50", "p95", "p99"))
    known = [each for values in (p50, p99) for each in values if each]
    axis = log_axis(min(known, default=1.0), max(known, default=10.0), milliseconds)
    texts = [_tip(time, at, _times(each)) for at, each in enumerate(found)]
    table = [
        (share, [milliseconds(each) for each in values]) for share, values in (("p50", p50), ("p95", p95), ("p99", p99))
    ]
    return Figure(
        name=name,
        said=f"{name}: p50 from {_range(p50)}, p99 from {_range(p99)}",
        shapes=joined(
            (
                shapes.grid(axis),
                shapes.band(p50, p95, time, axis, "b0"),
                shapes.band(p95, p99, time, axis, "b1"),
                shapes.line(p99, time, axis, "c1"),
                shapes.line(p95, time, axis, "c3"),
                shapes.line(p50, time, axis, "c0"),
                shapes.marks(marks_s, time),
                shapes.tips(texts, time),
            )
        ),
        ys=axis.ticks,
        xs=time.ticks,
        legend=[Key("c0", "p50"), Key("c3", "p95"), Key("c1", "p99"), *_marked(marks_s)],
        table=_table(name, time, table),
    )


def heatmap(name: str, slots: Sequence[Figures], time: TimeAxis) -> Figure:
    """Return how many calls took how long, over time: the darker, the more."""
    seen = {index: 0.0 for slot in slots for index in slot.latencies}
    low, high = _extremes(seen)
    axis = log_axis(low * 1e3, high * 1e3, milliseconds)
    bounds = [axis.low * (axis.high / axis.low) ** ((row + 1) / _HEAT_ROWS) / 1e3 for row in range(_HEAT_ROWS)]
    bounds[-1] = math.inf
    cells: dict[tuple[int, int], float] = {}
    for number, slot in enumerate(slots):
        before = 0.0
        for row, count in enumerate(at_most(slot.latencies, bounds)):
            if count > before:
                cells[number, row] = count - before
            before = count
    texts = [
        _tip(time, at, [("calls", counted(each.latency_ms.count)), *_times(each.latency_ms)])
        for at, each in enumerate(slots)
    ]
    return Figure(
        name=name,
        said=f"{name}: between {milliseconds(low * 1e3)} and {milliseconds(high * 1e3)}",
        shapes=joined((shapes.heat(cells, time, _HEAT_ROWS), shapes.grid(axis), shapes.tips(texts, time))),
        ys=axis.ticks,
        xs=time.ticks,
        legend=[Key("h1", "few calls"), Key("h3", ""), Key("h5", f"many, at most {counted(max(cells.values()))}")],
    )


def _marked(marks_s: Sequence[float]) -> list[Key]:
    return [Key("mark", "something was changed")] if marks_s else []


def short_dollars(usd: float) -> str:
    """Return an amount of money as an axis has it."""
    return f"${compact(usd)}".replace("G", "B")  # billions


def _extremes(buckets: dict[int, float]) -> tuple[float, float]:
    """Return the least and the most that the buckets stand for, in seconds; what is below a microsecond is not looked at."""
    low, high = quantiles(dict.fromkeys(buckets, 1), (0.0, 1.0))
    return max(low or 1e-3, 1e-6), max(high or 1.0, 2e-6)


def _times(each: Quantiles) -> list[tuple[str, str]]:
    return [("p50", milliseconds(each.p50)), ("p95", milliseconds(each.p95)), ("p99", milliseconds(each.p99))]


def _range(values: Sequence[float | None]) -> str:
    known = [each for each in values if each is not None]
    return f"{milliseconds(min(known))} to {milliseconds(max(known))}" if known else "no calls"


def _tip(time: TimeAxis, number: int, lines: Iterable[tuple[str, str]]) -> str:
    return "\n".join([time.name(number), *(f"{label}: {value}" for label, value in lines)])


def _table(name: str, time: TimeAxis, series: Sequence[tuple[str, Sequence[str]]]) -> Table:
    rows = [[time.name(at), *(values[at] for _, values in series)] for at in range(time.slots)]
    return Table(name, ["from (UTC)", *(label for label, _ in series)], rows)


def _label(name: str) -> str:
    return "other" if name == OTHER else name or "not named"
