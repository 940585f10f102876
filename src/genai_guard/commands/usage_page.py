"""What limits did to traffic, as one picture in SVG, and as one page of HTML around it. Neither loads anything."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from genai_guard.commands.terminal import printable
from genai_guard.commands.usage_plot import amount, peak_of
from genai_guard.limits.simulation import LimitResult, Result
from genai_guard.markup import Markup, element, joined
from genai_guard.page_style import STYLE
from genai_guard.units import dollars, plain_time

__all__ = ["page", "svg"]

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_WIDTH: Final = 960
_LEFT: Final = 64
_PLOT: Final = _WIDTH - _LEFT - 16
_HEIGHT: Final = 90
_PANEL: Final = 176
_TOP: Final = 48
_LOWEST_CEILING: Final = 1.1
_HIGHEST_CEILING: Final = 2.0  # shares: debt may take usage far beyond the limit
_YEAR_S: Final = 365 * 86_400
_STYLE: Final = """
text { font: 13px system-ui, sans-serif; fill: #57606a; } .name { font-weight: 600; font-size: 15px; fill: #1c2128; }
.use { fill: #4c8dd6; } .over { fill: #bc4c00; } .refused { fill: #b3261e; } .at { stroke: #1c2128; stroke-dasharray: 5 4; }
.base { stroke: #8c959f; } .ground { fill: #ffffff; }
@media (prefers-color-scheme: dark) { text { fill: #9aa5b1; } .name { fill: #e6edf3; } .ground { fill: #0f1318; }
  .at { stroke: #e6edf3; } .over { fill: #f0883e; } .refused { fill: #ff8178; } }
"""


def page(result: Result, policy: str, traffic: str) -> str:
    """Return a page with the summary, a table and the picture."""
    title = "Limits and traffic"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("style", Markup(STYLE)),
    )
    names = element("dl", *(joined((element("dt", k), element("dd", v))) for k, v in _about(result, policy, traffic)))
    tiles = element("ul", *(element("li", element("b", value), name) for name, value in _tiles(result)), class_="tiles")
    picture = element("div", Markup(svg(result)), class_="scroll")
    body = element("body", element("h1", title), names, tiles, _table(result), picture)
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"


def _about(result: Result, policy: str, traffic: str) -> Iterator[tuple[str, str]]:
    yield "policy", policy
    yield "traffic", traffic
    yield "from", _moment(result.start_s)
    yield "to", _moment(result.end_s)


def _tiles(result: Result) -> Iterator[tuple[str, str]]:
    yield "calls", f"{result.calls:,}"
    yield "admitted", f"{result.admitted:,}"
    yield "refused", f"{result.refused:,}"
    yield "tokens", f"{result.tokens:,}"
    if result.usd:
        yield "spent", dollars(result.usd)
    if result.waits_s:
        yield "longest wait", plain_time(result.waits_s[-1])


def _table(result: Result) -> Markup:
    titles = ("limit", "refused", "peak", "keys", "fullest key", "longest wait told")
    head = element("thead", element("tr", *(element("th", title, scope="col") for title in titles)))
    rows = (
        element(
            "tr",
            element("th", each.limit.name + (" (shadow)" if each.limit.mode == "shadow" else ""), scope="row"),
            *(element("td", cell) for cell in _cells(each)),
        )
        for each in result.limits
    )
    return element("div", element("table", head, element("tbody", *rows)), class_="scroll")


def _cells(each: LimitResult) -> tuple[str, ...]:
    wait = plain_time(each.longest_wait_s) if each.longest_wait_s else "never fits" if each.never else "-"
    return f"{each.refused:,}", peak_of(each), f"{each.keys:,}", each.peak_key[:64] or "-", wait


# --- the picture ------------------------------------------------------------------------------------------------------


def svg(result: Result) -> str:
    """Return the usage of every limit over time, and when it refused, as a picture that stands alone."""
    height = _PANEL * len(result.limits) + 24
    panels = (_panel(each, result, place * _PANEL) for place, each in enumerate(result.limits))
    return element(
        "svg",
        element("title", "Usage against limits"),
        element("style", Markup(_STYLE)),
        element("rect", class_="ground", width=_WIDTH, height=height),
        *panels,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {_WIDTH} {height}",
        width="100%",
        role="img",
    )


def _panel(each: LimitResult, result: Result, top: int) -> Markup:
    ceiling = min(_HIGHEST_CEILING, max(_LOWEST_CEILING, *(share or 0.0 for share in each.usage)))
    base, limit_y = _TOP + _HEIGHT, _TOP + _HEIGHT * (1 - 1 / ceiling)
    full = "" if each.capacity is None else amount(each, each.capacity)
    return element(
        "g",
        _text(_LEFT, 24, each.limit.name, class_="name"),
        _text(_WIDTH - 16, 24, f"peak {peak_of(each)}, {each.refused:,} refused", text_anchor="end"),
        *_bars(each, ceiling),
        _line(limit_y, "at"),
        _line(base, "base"),
        _text(_LEFT - 8, limit_y + 4, full, text_anchor="end"),
        _text(_LEFT - 8, base + 4, "0", text_anchor="end"),
        _text(_LEFT, base + 28, _moment(result.start_s)),
        _text(_WIDTH - 16, base + 28, _moment(result.end_s), text_anchor="end"),
        transform=f"translate(0 {top})",
    )


def _bars(each: LimitResult, ceiling: float) -> Iterator[Markup]:
    step = _PLOT / len(each.usage)
    most = max(1, *each.refusals)
    for place, (share, refused) in enumerate(zip(each.usage, each.refusals, strict=True)):
        x = round(_LEFT + place * step, 2)
        if share:
            height = round(_HEIGHT * min(share, ceiling) / ceiling, 2)
            said = element("title", f"{share:.0%} in use")
            kind = "over" if share > 1 else "use"
            yield _bar(x, _TOP + _HEIGHT - height, step, height, kind=kind, said=said)
        if refused:
            height = round(3 + 7 * refused / most, 2)
            yield _bar(
                x, _TOP + _HEIGHT + 3, step, height, kind="refused", said=element("title", f"{refused:,} refused")
            )


def _bar(x: float, y: float, step: float, height: float, *, kind: str, said: Markup) -> Markup:
    return element("rect", said, class_=kind, x=x, y=round(y, 2), width=round(step * 0.9, 2), height=height)


def _line(y: float, kind: str) -> Markup:
    y = round(y, 2)
    return element("line", class_=kind, x1=_LEFT, y1=y, x2=_WIDTH - 16, y2=y)


def _text(x: float, y: float, text: str, **attributes: str) -> Markup:
    return element("text", printable(text), x=x, y=round(y, 2), **attributes)


def _moment(seconds: float) -> str:
    """Return a time as a date if it can be one, else as it was given."""
    if seconds < _YEAR_S:
        return f"{seconds:,.6g} s"
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
