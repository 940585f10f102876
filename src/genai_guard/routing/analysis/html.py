"""An analysis as a fragment of HTML: a table, and a picture in SVG for each comparison. It loads nothing, runs nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final

from genai_guard.markup import Markup, element, joined
from genai_guard.routing.analysis.results import Analysis, Comparison, Look
from genai_guard.routing.analysis.text_plot import caution, span_of
from genai_guard.routing.analysis.wording import TITLES, cells, moment, number, percent, sentence, signed

__all__ = ["fragment"]

_WIDTH: Final = 640
_LEFT: Final = 72
_RIGHT: Final = 16
_TOP: Final = 30
_HEIGHT: Final = 120
_BOTTOM: Final = 28

# Colours of the page around it where that has some; nothing is said by colour alone.
_STYLE: Final = """
.gg-analysis{font:14px/1.5 system-ui,sans-serif}
.gg-analysis table{border-collapse:collapse;font-variant-numeric:tabular-nums;margin:.5rem 0 1rem}
.gg-analysis th,.gg-analysis td{padding:.25rem .75rem .25rem 0;text-align:right;border-bottom:1px solid #8884}
.gg-analysis th:first-child,.gg-analysis td:first-child,.gg-analysis td:last-child{text-align:left}
.gg-analysis .warning{border-left:4px solid #bc4c00;padding-left:.75rem}
.gg-analysis svg{display:block;max-width:640px;margin:0 0 1rem}
.gg-analysis svg text{font:12px system-ui,sans-serif;fill:currentColor}
.gg-analysis .band{fill:#0969da33}.gg-analysis .line{fill:none;stroke:#0969da;stroke-width:2}
.gg-analysis .zero{stroke:currentColor;stroke-dasharray:4 3}.gg-analysis .whisker{stroke:#0969da;stroke-width:2}
"""


def fragment(analysis: Analysis) -> str:
    """Return a `div` that can stand in any page."""
    name = analysis.experiment or "Analysis"
    return element(
        "div",
        element("style", Markup(_STYLE)),
        element("h3", name),
        *(element("p", f"Warning: {warning}", class_="warning") for warning in analysis.warnings),
        element("ul", *(_item(each) for each in analysis.comparisons)),
        _table(analysis),
        *(_picture(each) for each in analysis.comparisons if each.history),
        class_="gg-analysis",
    )


def _item(comparison: Comparison) -> Markup:
    notes = " ".join(f"Note: {note}." for note in comparison.notes)
    return element("li", sentence(comparison), f" {notes}" if notes else None)


def _table(analysis: Analysis) -> Markup:
    head = element("thead", element("tr", *(element("th", title, scope="col") for title in TITLES)))
    rows = (element("tr", *(element("td", cell) for cell in cells(each))) for each in analysis.comparisons)
    return element("table", head, element("tbody", *rows))


# --- the picture ------------------------------------------------------------------------------------------------------


def _picture(comparison: Comparison) -> Markup:
    looks = list(comparison.history)
    total = _TOP + _HEIGHT + _BOTTOM
    write = percent if comparison.method == "exact" else signed
    low, high = span_of(looks)
    title = f"{comparison.metric}{', ' * bool(comparison.segment)}{comparison.segment}: "
    title += f"{comparison.treatment.variant} minus {comparison.control.variant} over time"
    title += caution(comparison)
    return element(
        "svg",
        element("title", title),
        _text(0, 16, title),
        _band(looks, low, high) if len(looks) > 1 else joined(_whiskers(looks, low, high)),
        element("line", class_="zero", x1=_LEFT, x2=_WIDTH - _RIGHT, y1=_y(0, low, high), y2=_y(0, low, high)),
        _text(_LEFT - 8, _y(high, low, high) + 4, write(high), anchor="end"),
        _text(_LEFT - 8, _y(low, low, high) + 4, write(low), anchor="end"),
        _text(_LEFT - 8, _y(0, low, high) + 4, "0", anchor="end") if low < 0 < high else None,
        _text(_LEFT, total - 8, f"{moment(looks[0].time)}, {number(looks[0].units)} units"),
        _text(_WIDTH - _RIGHT, total - 8, f"{moment(looks[-1].time)}, {number(looks[-1].units)} units", anchor="end"),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {_WIDTH} {total}",
        role="img",
    )


def _band(looks: Sequence[Look], low: float, high: float) -> Markup:
    xs = _xs(looks)
    upper = [(x, _y(look.interval.high, low, high)) for x, look in zip(xs, looks, strict=True)]
    lower = [(x, _y(look.interval.low, low, high)) for x, look in zip(xs, looks, strict=True)]
    middle = [(x, _y(look.interval.estimate, low, high)) for x, look in zip(xs, looks, strict=True)]
    return joined(
        (
            element("polygon", class_="band", points=_points([*upper, *reversed(lower)])),
            element("polyline", class_="line", points=_points(middle)),
        )
    )


def _whiskers(looks: Sequence[Look], low: float, high: float) -> Iterator[Markup]:
    for x, look in zip(_xs(looks), looks, strict=True):
        top, bottom = _y(look.interval.high, low, high), _y(look.interval.low, low, high)
        yield element("line", class_="whisker", x1=x, x2=x, y1=top, y2=bottom)
        yield element("circle", cx=x, cy=_y(look.interval.estimate, low, high), r=4)


def _xs(looks: Sequence[Look]) -> list[float]:
    """Return where each moment stands: by units, which times of any type have."""
    first, last = looks[0].units, looks[-1].units
    room = _WIDTH - _RIGHT - _LEFT
    return [round(_LEFT + room * ((look.units - first) / (last - first) if last > first else 1.0), 2) for look in looks]


def _y(value: float, low: float, high: float) -> float:
    inside = low if math.isnan(value) else min(max(value, low), high)
    return round(_TOP + _HEIGHT * (1 - (inside - low) / (high - low)), 2)


def _points(places: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in places)


def _text(x: float, y: float, text: str, *, anchor: str | None = None) -> Markup:
    return element("text", text, x=x, y=y, text_anchor=anchor)
