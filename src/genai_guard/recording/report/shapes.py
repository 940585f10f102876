"""Shapes of SVG, in a box of 1000 times 1000 that the page stretches to the room there is. Lines keep their width."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

from genai_guard.markup import Markup, element, joined
from genai_guard.recording.report.axes import LinearAxis, LogAxis, TimeAxis

__all__ = ["band", "grid", "heat", "level", "line", "marks", "periods", "stack", "tips"]

Axis = LinearAxis | LogAxis
Values = Sequence[float | None]

_SHADES: Final = 6
_GAP: Final = 0.12
"""Share of a slot that is left free beside its column."""


def grid(axis: Axis) -> Markup:
    """Return a line across the plot for each label of an axis."""
    lines = "".join(f"M0 {_text(1000 - 10 * tick.percent)}h1000" for tick in axis.ticks)
    return _path(lines, "grid")


def stack(series: Iterable[tuple[str, Sequence[float]]], time: TimeAxis, axis: LinearAxis) -> Markup:
    """Return columns, one on top of the other, each series in its colour."""
    base = [0.0] * time.slots
    paths: list[Markup] = []
    for colour, values in series:
        pieces: list[str] = []
        for number, value in enumerate(values):
            if value > 0:
                bottom, top = axis.y(base[number]), axis.y(base[number] + value)
                base[number] += value
                pieces.append(_column(number, top, bottom, time))
        paths.append(_path("".join(pieces), f"fill {colour}"))
    return joined(paths)


def line(values: Values, time: TimeAxis, axis: Axis, colour: str) -> Markup:
    """Return a line in steps, with a gap where there is no value."""
    pieces: list[str] = []
    for run in _runs([values]):
        points = [(number, axis.y(value)) for number, (value,) in run]
        pieces.append(f"M{_text(time.x(points[0][0]))} {_text(points[0][1])}")
        pieces += (f"V{_text(y)}H{_text(time.x(number + 1))}" for number, y in points)
    return _path("".join(pieces), f"line {colour}")


def band(lower: Values, upper: Values, time: TimeAxis, axis: Axis, colour: str) -> Markup:
    """Return the area between two lines in steps."""
    pieces: list[str] = []
    for run in _runs([lower, upper]):
        forth = "".join(f"V{_text(axis.y(high))}H{_text(time.x(number + 1))}" for number, (_, high) in run)
        back = "".join(f"V{_text(axis.y(low))}H{_text(time.x(number))}" for number, (low, _) in reversed(run))
        pieces.append(f"M{_text(time.x(run[0][0]))} {_text(axis.y(run[0][1][0]))}{forth}{back}Z")
    return _path("".join(pieces), f"area {colour}")


def heat(cells: Mapping[tuple[int, int], float], time: TimeAxis, rows: int) -> Markup:
    """Return a field for each slot and row, counted from below, the darker the more it holds."""
    most = max(cells.values(), default=1)
    pieces: list[list[str]] = [[] for _ in range(_SHADES)]
    height = 1000 / rows
    for (number, row), count in cells.items():
        shade = min(_SHADES - 1, int(_SHADES * (count / most) ** 0.5))
        left, top = time.x(number), 1000 - (row + 1) * height
        width = time.x(number + 1) - left
        pieces[shade].append(f"M{_text(left)} {_text(top)}h{_text(width)}v{_text(height)}h{_text(-width)}Z")
    return joined(_path("".join(each), f"fill h{shade}") for shade, each in enumerate(pieces))


def level(value: float, axis: LinearAxis) -> Markup:
    """Return a dashed line across the plot."""
    return _path(f"M0 {_text(axis.y(value))}h1000", "level")


def marks(times_s: Iterable[float], time: TimeAxis) -> Markup:
    """Return a dashed line upwards at each moment that is shown."""
    at = (10 * time.percent(each) for each in times_s)
    return _path("".join(f"M{_text(x)} 0v1000" for x in at if 0 <= x <= 1000), "mark")


def periods(rows: Sequence[tuple[str, Sequence[tuple[float, float]]]], time: TimeAxis) -> Markup:
    """Return a row for each colour, from above, with a bar for each of its stretches of time: from, until."""
    height = 1000 / max(len(rows), 1)
    bars: list[Markup] = []
    for place, (colour, spans) in enumerate(rows):
        for since_s, until_s in spans:
            left, right = (10 * min(max(time.percent(each), 0), 100) for each in (since_s, until_s))
            width, top = max(right - left, 3), (place + 0.25) * height
            bars.append(element("rect", x=left, y=top, width=width, height=height / 2, class_=f"fill {colour}"))
    return joined(bars)


def tips(texts: Iterable[str], time: TimeAxis) -> Markup:
    """Return what is said about each slot when it is pointed at."""
    return joined(
        element(
            "rect",
            element("title", text),
            class_="tip",
            x=time.x(number),
            y=0,
            width=round(time.x(number + 1) - time.x(number), 2),
            height=1000,
        )
        for number, text in enumerate(texts)
    )


def _column(number: int, top: float, bottom: float, time: TimeAxis) -> str:
    left, width = time.x(number), (1 - _GAP) * 1000 / time.slots
    return f"M{_text(left)} {_text(top)}h{_text(width)}V{_text(bottom)}h{_text(-width)}Z"


def _runs(lines: Sequence[Values]) -> Iterator[list[tuple[int, tuple[float, ...]]]]:
    """Yield the stretches of slots in which every line has a value."""
    numbered = enumerate(zip(*lines, strict=True))
    for is_whole, run in groupby(numbered, key=lambda pair: None not in pair[1]):
        if is_whole:
            yield [(number, tuple([each for each in values if each is not None])) for number, values in run]


def _path(data: str, class_: str) -> Markup:
    return element("path", d=data, class_=class_) if data else Markup("")


def _text(number: float) -> str:
    return f"{round(number, 2):g}"
