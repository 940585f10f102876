"""A rate with its interval, as a figure and as a picture that says the same."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from genai_guard.markup import Markup, element, joined

if TYPE_CHECKING:
    from genai_guard.wilson import Rate

__all__ = ["percent", "rate_cell"]

_WIDTH: Final = 120
_HEIGHT: Final = 12


def percent(value: float) -> str:
    """Return a share for people: `96.7 %`, and a dash where there is none."""
    return "–" if math.isnan(value) else f"{value * 100:.1f} %"  # noqa: RUF001  a dash, as typesetters write it


def rate_cell(rate: Rate | None, what: str, *, low_is_good: bool = False) -> Markup:
    """Return a cell of a table: the share, the counts it is made of, and its interval."""
    if rate is None or not rate.trials:
        return element("td", element("span", "–", class_="none", title="nothing to measure it by"))  # noqa: RUF001  as above
    interval = f"{100 * rate.low:.1f} to {100 * rate.high:.1f}"
    counts = element("span", f"{rate.hits:,} of {rate.trials:,}, {interval}", class_="counts")
    return element("td", element("span", percent(rate.value), class_="figure"), counts, _bar(rate, what, low_is_good))


def _bar(rate: Rate, what: str, low_is_good: bool) -> Markup:
    said = f"{what} {percent(rate.value)}, 95 % interval from {percent(rate.low)} to {percent(rate.high)}"
    low, high, at = (round(each * _WIDTH, 2) for each in (rate.low, rate.high, rate.value))
    track = element("rect", x=0, y=4, width=_WIDTH, height=4, rx=2, class_="track")
    span = element(
        "rect", x=low, y=3, width=max(high - low, 1.5), height=6, rx=2, class_="bad" if low_is_good else "good"
    )
    mark = element("rect", x=min(max(at - 1, 0), _WIDTH - 2), y=0, width=2, height=_HEIGHT, class_="point")
    inner = joined((element("title", said), track, span, mark))
    box = f"0 0 {_WIDTH} {_HEIGHT}"
    return element("svg", inner, role="img", class_="bar", width=_WIDTH, height=_HEIGHT, viewBox=box)
