"""An analysis in plain sentences, and as a table of text. Names come from data: what a terminal would obey is escaped."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from genai_guard.printed import aligned, shown
from genai_guard.routing.analysis.effects import Interval
from genai_guard.routing.analysis.results import Analysis, Comparison

__all__ = [
    "TITLES",
    "cells",
    "ends_of",
    "moment",
    "number",
    "p_value",
    "percent",
    "sentence",
    "signed",
    "summary",
    "table",
]

TITLES: Final = ("metric", "variant", "control", "treatment", "difference", "relative", "interval", "p", "outcome")
"""Heads of the columns of the table."""

_KIND: Final = {
    "fixed": "CI",
    "group_sequential": "repeated CI",
    "sequential": "confidence sequence",
    "exact": "confidence sequence",
}
_YEAR_S: Final = 365 * 86_400


def summary(analysis: Analysis) -> str:
    """Return the warnings, then a sentence for each comparison."""
    return "\n".join(
        [
            *(f"Warning: {warning}" for warning in analysis.warnings),
            *(line for each in analysis.comparisons for line in (sentence(each), *_notes(each))),
            *_left_out(analysis),
        ]
    )


def sentence(comparison: Comparison) -> str:
    """Return what a comparison comes to."""
    one, other = shown(comparison.treatment.variant), shown(comparison.control.variant)
    what = _what(comparison)
    if comparison.refused:
        return f"{one} against {other} in {what}: refused, {comparison.refused}."
    margin = _margin(comparison)
    said = {
        "better": f"{one} is better than {other} in {what}",
        "worse": f"{one} is worse than {other} in {what}",
        "not_worse": f"{one} is not worse than {other} by more than {margin} in {what}",
        "inconclusive": f"{one} may be worse than {other} by more than {margin} in {what}"
        if margin
        else f"{one} and {other} do not differ clearly in {what}",
    }[comparison.outcome]
    corrected = "" if comparison.p == comparison.p_corrected else ", corrected"
    return f"{said}: {_numbers(comparison)}, {p_value(comparison.p_corrected)}{corrected}."


def _what(comparison: Comparison) -> str:
    better = "more" if comparison.goal == "up" else "less"
    where = f", {shown(comparison.segment)}" if comparison.segment else ""
    return f"{shown(comparison.metric)} ({better} is better{where})"


def _margin(comparison: Comparison) -> str:
    if comparison.relative_margin:
        return percent(comparison.relative_margin).lstrip("+")
    return number(comparison.margin) if comparison.margin else ""


def _numbers(comparison: Comparison) -> str:
    values = f"{number(comparison.treatment.estimate)} instead of {number(comparison.control.estimate)}"
    level = f"{100 * (1 - comparison.alpha):g} % {_KIND[comparison.method]}"
    if comparison.relative is not None and not comparison.margin:
        ends = ends_of(comparison.relative, percent_of=True)
        return f"{values}, {percent(comparison.relative.estimate)} ({level} {ends})"
    assert comparison.difference is not None  # noqa: S101  what is not refused has one of the two
    return f"{values}, {comparison.difference.estimate:+.3g} ({level} {ends_of(comparison.difference)})"


def ends_of(interval: Interval, *, percent_of: bool = False) -> str:
    """Return the ends of an interval; one that is infinite is left out."""
    write = percent if percent_of else signed
    if math.isinf(interval.low) and math.isinf(interval.high):
        return "without ends"
    if math.isinf(interval.high):
        return f"from {write(interval.low)}"
    if math.isinf(interval.low):
        return f"up to {write(interval.high)}"
    low = write(interval.low).removesuffix(" %") if percent_of else write(interval.low)
    return f"{low} to {write(interval.high)}"


def _notes(comparison: Comparison) -> Iterator[str]:
    for note in comparison.notes:
        yield f"  Note: {shown(note)}."
    if comparison.variance_reduction is not None:
        yield f"  The covariate takes away {comparison.variance_reduction:.0%} of the variance.".replace("%", " %")


def _left_out(analysis: Analysis) -> Iterator[str]:
    counted = {reason: count for reason, count in analysis.left_out.items() if reason != "another experiment"}
    if counted:
        yield "Left out: " + ", ".join(f"{shown(reason)} {count:,}" for reason, count in counted.items()) + " rows."


# --- the table --------------------------------------------------------------------------------------------------------


def table(analysis: Analysis) -> str:
    """Return a row of text for each comparison."""
    rows = [TITLES, *(cells(each) for each in analysis.comparisons)]
    if all(row[1] == rows[1][1] for row in rows[1:]):
        rows = [(row[0], *row[2:]) for row in rows]
    return "\n".join(aligned(rows, left={0, len(rows[0]) - 1}))


def cells(comparison: Comparison) -> tuple[str, ...]:
    """Return what stands in each column of the table."""
    where = f" ({shown(comparison.segment)})" if comparison.segment else ""
    difference, relative = comparison.difference, comparison.relative
    interval = "-"
    if relative is not None and not comparison.margin:
        interval = ends_of(relative, percent_of=True)
    elif difference is not None:
        interval = ends_of(difference)
    return (
        shown(comparison.metric) + where,
        shown(comparison.treatment.variant),
        number(comparison.control.estimate),
        number(comparison.treatment.estimate),
        "-" if difference is None else signed(difference.estimate),
        "-" if relative is None else percent(relative.estimate),
        interval,
        "-"
        if comparison.p_corrected is None
        else p_value(comparison.p_corrected).removeprefix("p = ").removeprefix("p "),
        comparison.outcome.replace("_", " "),
    )


# --- single values ----------------------------------------------------------------------------------------------------


def number(value: float) -> str:
    """Return a number with four significant digits."""
    if math.isnan(value):
        return "-"
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"


def signed(value: float) -> str:
    """Return a difference with three significant digits, and its sign."""
    return f"{value:+,.0f}" if abs(value) >= 1000 else f"{value:+.3g}"


def percent(value: float) -> str:
    """Return a relative difference with three significant digits, and its sign."""
    return f"{signed(100 * value)} %"


def p_value(p: float | None) -> str:
    """Return a p-value for people."""
    if p is None:
        return "no p"
    return "p < 0.0001" if p < 1e-4 else f"p = {p:.2g}"


def moment(time: Any) -> str:
    """Return a time as a date if it can be one, else as it was given."""
    if isinstance(time, int | float) and time > _YEAR_S:
        return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M}"
    return shown(str(time)[:16].replace("T", " "))
