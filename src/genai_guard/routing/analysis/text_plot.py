"""Intervals over time, drawn with characters: a line for each moment, its interval as a bar, and zero as a wall."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from genai_guard.printed import shown
from genai_guard.routing.analysis.effects import Interval
from genai_guard.routing.analysis.results import Analysis, Comparison, Look
from genai_guard.routing.analysis.wording import moment, percent, signed

__all__ = ["caution", "plot", "span_of"]

_MAX_LINES: Final = 12


class _Signs(NamedTuple):
    wall: str
    bar: str
    point: str


_UNICODE: Final = _Signs("│", "─", "●")
_ASCII: Final = _Signs("|", "-", "o")


def plot(analysis: Analysis, *, width: int = 60, ascii_only: bool = False) -> str:
    """Return a picture for each comparison that has a history."""
    signs = _ASCII if ascii_only else _UNICODE
    pictures = ["\n".join(_picture(each, max(20, width), signs)) for each in analysis.comparisons if each.history]
    return "\n\n".join(pictures) if pictures else "There are no intervals over time."


def caution(comparison: Comparison) -> str:
    """Return what must be said where intervals over time invite to stop when it suits."""
    return ", each for a single look" if comparison.method == "fixed" else ""


def span_of(looks: Sequence[Look]) -> tuple[float, float]:
    """Return what a picture must reach from and to: zero, all estimates, and the ends but for those far outside."""
    estimates = [look.interval.estimate for look in looks if math.isfinite(look.interval.estimate)]
    widths = sorted(
        abs(end - look.interval.estimate) for look in looks for end in look.interval[1:] if math.isfinite(end)
    )
    usual = widths[len(widths) // 2] if widths else 1.0
    low, high = min([0.0, *estimates]), max([0.0, *estimates])
    ends = [end for look in looks for end in look.interval[1:] if low - 3 * usual <= end <= high + 3 * usual]
    low, high = min([low, *ends]), max([high, *ends])
    return (low, high) if high > low else (low - 1.0, high + 1.0)


def _picture(comparison: Comparison, width: int, signs: _Signs) -> Iterator[str]:
    where = f", {shown(comparison.segment)}" if comparison.segment else ""
    write = percent if comparison.method == "exact" else signed
    yield (
        f"{shown(comparison.metric)}{where}: {shown(comparison.treatment.variant)} minus "
        f"{shown(comparison.control.variant)}, {100 * (1 - comparison.alpha):g} % intervals over time{caution(comparison)}"
    )
    looks = _thinned(comparison.history)
    low, high = span_of(looks)
    labels = [f"{moment(look.time)}  {look.units:>7,}" for look in looks]
    margin = max(map(len, labels))
    for label, look in zip(labels, looks, strict=True):
        yield f"{label:>{margin}}  {_line(look.interval, low, high, width, signs)}".rstrip()
    ends = f"{write(low)}{write(high):>{max(1, width - len(write(low)))}}"
    yield f"{'':{margin}}  {ends}"


def _thinned(looks: Sequence[Look]) -> Sequence[Look]:
    step = math.ceil(len(looks) / _MAX_LINES)
    return looks[(len(looks) - 1) % step :: step]


def _line(interval: Interval, low: float, high: float, width: int, signs: _Signs) -> str:
    def column(value: float) -> int:
        share = (min(max(value, low), high) - low) / (high - low)
        return round(share * (width - 1))

    line = [" "] * width
    for place in range(column(interval.low), column(interval.high) + 1):
        line[place] = signs.bar
    line[column(0.0)] = signs.wall
    line[column(interval.estimate)] = signs.point
    return "".join(line)
