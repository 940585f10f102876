"""The ratio of two rates, exactly and at every look: what the variant of an event says, given that there was one.

Of all units that have an event, a share theta = pi r / (pi r + 1 - pi) is of the treatment when its rate is r times that
of the control and pi is the probability with which a unit got the treatment. So the events are draws with a known
probability under any r, whatever the rate itself is and however it drifts; those without an event carry no weight. A
beta mixture over theta is an e-process (Ville, 1939; Robbins, 1970): it reaches 1/alpha at any time with probability
alpha at most. No normal approximation is in it, so it holds for rare events and for few.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from genai_guard.routing.analysis.distributions import log_beta, log_beta_below

__all__ = ["Stratum", "rate_ratio_interval", "rate_ratio_log_e"]

PRIOR_EVENTS: Final = 10.0
"""Weight of the mixture, in events: most of it lies between a third and three times the rate of the control."""

_WIDEST: Final = 40.0  # exp(40) times the rate: beyond any that can be measured


class Stratum(NamedTuple):
    """Events of the units that were assigned with one probability.

    Attributes:
        share: Probability of the treatment, among treatment and control.
        treated: Units of the treatment with an event.
        control: Units of the control with an event.
    """

    share: float
    treated: int
    control: int


def rate_ratio_log_e(strata: Sequence[Stratum], ratio: float, *, sides: int = 2) -> float:
    """Return the logarithm of the e-process against a ratio of rates.

    Args:
        strata: Events; one entry for each probability of assignment.
        ratio: The ratio of the treatment's rate to the control's that is tested; above zero.
        sides: 2; or 1 for the alternative that the ratio is larger; or -1 that it is smaller.
    """
    return sum(_log_e(stratum, ratio, sides) for stratum in strata)


def rate_ratio_interval(strata: Sequence[Stratum], *, alpha: float, sides: int = 2) -> tuple[float, float]:
    """Return the ratios that the e-process does not refuse; 0 and infinity where there is no bound.

    With probability 1 - alpha the true ratio lies in the interval at every look. Where strata contradict each other, so
    that no single ratio is left, both ends are the one that the likelihood prefers.

    Args:
        strata: As for `rate_ratio_log_e`.
        alpha: Probability that it ever does not.
        sides: 2; or 1 for a lower bound alone; or -1 for an upper one.
    """
    limit = math.log(1.0 / alpha)

    def refused(log_ratio: float) -> bool:
        return rate_ratio_log_e(strata, math.exp(log_ratio), sides=sides) >= limit

    if sides == 2:
        best = _most_likely(strata)
        if refused(best):
            return math.exp(best), math.exp(best)
        return _edge(refused, best, -_WIDEST, 0.0), _edge(refused, best, _WIDEST, math.inf)
    if sides == 1:
        return _edge(refused, _WIDEST, -_WIDEST, 0.0), math.inf
    return 0.0, _edge(refused, -_WIDEST, _WIDEST, math.inf)


def _log_e(stratum: Stratum, ratio: float, sides: int) -> float:
    share, hits, misses = stratum
    theta = share * ratio / (share * ratio + 1.0 - share)
    rest = (1.0 - share) / (share * ratio + 1.0 - share)
    a, b = PRIOR_EVENTS * share, PRIOR_EVENTS * (1.0 - share)
    log_e = log_beta(a + hits, b + misses) - log_beta(a, b)
    log_e -= hits * math.log(theta) + misses * math.log(rest)
    if sides == 2:
        return log_e
    if sides == 1:  # the mixture has only what lies above theta
        return log_e + log_beta_below(rest, a=b + misses, b=a + hits) - log_beta_below(rest, a=b, b=a)
    return log_e + log_beta_below(theta, a=a + hits, b=b + misses) - log_beta_below(theta, a=a, b=b)


def _most_likely(strata: Sequence[Stratum]) -> float:
    """Return the logarithm of the ratio that the likelihood prefers; it is concave in it."""
    low, high = -_WIDEST, _WIDEST
    for _ in range(60):
        middle = 0.5 * (low + high)
        ratio = math.exp(middle)
        slope = sum(
            treated - (treated + control) * share * ratio / (share * ratio + 1.0 - share)
            for share, treated, control in strata
        )
        low, high = (middle, high) if slope > 0 else (low, middle)
    return 0.5 * (low + high)


def _edge(refused: Callable[[float], bool], inside: float, outside: float, unbounded: float) -> float:
    """Return the ratio where refusal begins between two logarithms."""
    if not refused(outside):
        return unbounded
    if refused(inside):  # only of bounds on one side, where no ratio at all is left
        return math.exp(inside)
    for _ in range(60):
        middle = 0.5 * (inside + outside)
        inside, outside = (inside, middle) if refused(middle) else (middle, outside)
    return math.exp(outside)
