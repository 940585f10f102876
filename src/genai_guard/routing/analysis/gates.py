"""When a method would mislead, and which would not. Each answer is a reason for people, or nothing.

The limits for looks at any time are those at which false alarms stayed at their level in simulation: see
`benchmarks/statistics_analysis.py`.
"""

from __future__ import annotations

import math
from typing import Final

from genai_guard.routing.analysis.effects import AlwaysValid, SignificanceTest
from genai_guard.routing.analysis.metric import Metric
from genai_guard.routing.analysis.moments import Moments

__all__ = ["doubt", "refusal"]

MIN_UNITS: Final = 30
MIN_UNITS_ALWAYS: Final = 1000
MIN_RARER: Final = 10
MIN_RARER_ALWAYS: Final = 20
MIN_BEYOND: Final = 20
MIN_BEYOND_ALWAYS: Final = 50

_NOISE: Final = 1e-12
"""What rounding leaves of a variance that is none, as a share of the value."""

_MAX_SKEWNESS: Final = 355.0**-0.5
"""Of a difference of means: 355 units for each squared skewness (Kohavi, Deng, Longbotham and Xu, KDD 2014)."""


def refusal(test: SignificanceTest, metric: Metric, treatment: Moments, control: Moments) -> str:
    """Return why a test must not be used; empty if it may."""
    always = isinstance(test, AlwaysValid)
    arms = (treatment, control)
    units = min(each.units for each in arms)
    needed = MIN_UNITS_ALWAYS if always else MIN_UNITS
    if units < needed:
        return _too_few(units, needed, always=always, binary=treatment.rarer is not None and metric.quantile is None)
    if metric.quantile is not None:
        beyond = min(each.rarer or 0 for each in arms)
        least = MIN_BEYOND_ALWAYS if always else MIN_BEYOND
        if beyond < least:
            return f"{beyond} calls lie beyond the quantile, {least} are needed; wait, or take a lower quantile"
    elif treatment.rarer is not None and control.rarer is not None:
        rarer = min(treatment.rarer, control.rarer)
        least = MIN_RARER_ALWAYS if always else MIN_RARER
        if rarer < least:
            return (
                f"too rare for a normal approximation: a variant has {rarer} of the rarer outcome, {least} are needed; "
                "method='exact' needs none"
            )
    if math.sqrt(sum(each.variance for each in arms)) <= _NOISE * max(abs(each.estimate) for each in arms):
        return "all values are equal: there is nothing to tell variants apart by"
    if metric.relative_margin and control.estimate <= 0:
        return "relative_margin needs a control above zero; say margin"
    return ""


def doubt(metric: Metric, treatment: Moments, control: Moments) -> str:
    """Return what is doubtful about a result that is not refused; empty if nothing is."""
    skewness = 0.0 if metric.quantile is not None else abs(_skewness(treatment, control))
    if skewness <= _MAX_SKEWNESS:
        return ""
    return (
        "a few large values weigh heavily: for the difference to be normal it takes about "
        f"{(skewness / _MAX_SKEWNESS) ** 2:.2g} times as many units; compare a quantile too, or cap the values"
    )


def _skewness(treatment: Moments, control: Moments) -> float:
    """Return the skewness of the difference; what both variants have of it cancels."""
    third = sum(
        sign * each.skewness * each.std_error**3 / math.sqrt(each.units)
        for sign, each in ((1, treatment), (-1, control))
    )
    spread = math.sqrt(treatment.variance + control.variance) ** 3
    return third / spread if spread else 0.0  # all values alike, or next to it


def _too_few(units: int, needed: int, *, always: bool, binary: bool) -> str:
    look = "the first look comes at" if always else "the normal approximation needs"
    instead = "; method='exact' needs none" if binary else ""
    return f"{units:,} units in a variant: {look} {needed:,}{instead}"
