"""Shares of units, compared exactly: how many times more often a unit of the treatment has an event."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from genai_guard.routing.analysis.effects import Alternative, Interval
from genai_guard.routing.analysis.question import Answer, Case
from genai_guard.routing.analysis.rate_ratio import Stratum, rate_ratio_interval, rate_ratio_log_e
from genai_guard.routing.analysis.results import Arm
from genai_guard.routing.analysis.samples import SumSamples

__all__ = ["exact_answer", "exact_arm"]

_SIDES: Final[Mapping[Alternative, int]] = {"two-sided": 2, "greater": 1, "less": -1}
_MAX_STRATA: Final = 1000


def exact_answer(case: Case, name: str, samples: SumSamples) -> Answer | str:
    """Return what the exact test says of a treatment, or why it must not be asked."""
    metric = case.metric
    if metric.ratio is not None or metric.quantile is not None or metric.cuped is not None or metric.margin:
        return (
            "method='exact' compares shares of units: no ratio, quantile or covariate, and no margin but a relative one"
        )
    if not samples.binary:
        return "method='exact' compares truth values, and this metric has others; method='sequential' takes any"
    if not all(samples.units().get(each) for each in (name, case.control)):
        return "a variant has no units"
    strata = _strata(case, name, samples)
    if isinstance(strata, str):
        return strata
    sides = _SIDES[case.direction]
    null = 1.0 + metric.relative_margin * {2: 0, 1: -1, -1: 1}[sides]
    low, high = rate_ratio_interval(strata, alpha=case.question.alpha, sides=sides)
    if low == high:
        return "the ratio was not the same while the shares of the variants changed; compare the periods one by one"
    ratio = _ratio(exact_arm(name, samples).estimate, exact_arm(case.control, samples).estimate)
    p = math.exp(-max(0.0, rate_ratio_log_e(strata, null, sides=sides)))
    return Answer(None, Interval(ratio - 1.0, low - 1.0, high - 1.0), p)


def exact_arm(name: str, samples: SumSamples) -> Arm:
    """Return how many units have a value, and the share of them that has an event."""
    units, events = samples.units().get(name, 0), len(samples.events().get(name, []))
    return Arm(name, units, units, events / units if units else math.nan)


def _ratio(treatment: float, control: float) -> float:
    if control > 0:
        return treatment / control
    return math.inf if treatment > 0 else 1.0


def _strata(case: Case, name: str, samples: SumSamples) -> list[Stratum] | str:
    """Return the events by probability of assignment, or why they cannot be told."""
    events = samples.events()
    treated, control = events.get(name, []), events.get(case.control, [])
    shares = case.question.shares
    if shares is not None:
        share = shares[name] / (shares[name] + shares[case.control])
        return [Stratum(share, len(treated), len(control))]
    if len(case.found.counts()) > 2:
        return "the shares of the variants changed, or are not known: say shares=..."
    return _by_propensity(case.found.propensities, treated, control)


def _by_propensity(
    propensities: Sequence[float | None], treated: Sequence[int], control: Sequence[int]
) -> list[Stratum] | str:
    counted: dict[float, list[int]] = {}
    for arm, units in enumerate((treated, control)):
        for unit in units:
            propensity = propensities[unit]
            if propensity is None or not 0 < propensity < 1:
                return "it takes the probability of assignment: a column propensity, or shares=..."
            share = round(1.0 - propensity if arm else propensity, 9)
            counted.setdefault(share, [0, 0])[arm] += 1
    if len(counted) > _MAX_STRATA:
        return f"there are more than {_MAX_STRATA} probabilities of assignment; evaluate the policy instead"
    return [Stratum(share, *counts) for share, counts in sorted(counted.items())]
