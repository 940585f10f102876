"""Intervals that hold at every look at once: asymptotic confidence sequences, and the p-values that go with them.

A confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (Annals of Statistics, 2024, theorem 2.2;
one-sided: appendix B): with probability 1 - alpha the truth lies in the interval at all looks, in the limit of a late
first look. What it inverts is the mixture sequential probability ratio test with a normal mixture (Robbins, 1970;
Johari, Koomen, Pekelis and Walsh, Operations Research, 2022), so the p-values are those of that test.

All is in standard errors, so one function serves means, shares, ratios and quantiles. `information` is `rho^2 t`: the
number of observations in units of the look for which the sequence is tuned.
"""

from __future__ import annotations

import math

__all__ = ["always_valid_critical", "always_valid_p", "information", "mixture_sprt"]


def information(count: float, *, tuned_for: float, alpha: float, sides: int = 2) -> float:
    """Return `rho^2 t` for `count` observations.

    Args:
        count: Observations so far, above zero.
        tuned_for: Number of observations at which the interval is to be tightest; chosen before looking.
        alpha: Probability that the interval ever misses the truth.
        sides: 2, or 1 for a bound on one side.
    """
    log = -2.0 * math.log(alpha if sides == 2 else 2.0 * alpha)
    return (log + math.log(log + 1.0)) * count / tuned_for


def always_valid_critical(info: float, *, alpha: float, sides: int = 2) -> float:
    """Return how many standard errors wide the interval is to either side, or to the one that is asked for.

    Args:
        info: `information(...)` of this look.
        alpha: Probability that the interval ever misses the truth.
        sides: 2, or 1 for a bound on one side.
    """
    root = math.sqrt(info + 1.0)
    log = math.log(root / alpha) if sides == 2 else math.log1p(root / (2.0 * alpha))
    return math.sqrt(2.0 * (info + 1.0) / info * log)


def always_valid_p(z: float, info: float, *, sides: int = 2) -> float:
    """Return the smallest alpha at which the interval of this look leaves the null out; at most 1.

    Args:
        z: Distance from the null in standard errors; for one side, positive towards the alternative.
        info: `information(...)` of this look.
        sides: 2 or 1.
    """
    if sides == 1 and z <= 0:
        return 1.0
    root = math.sqrt(info + 1.0)
    log_e = z * z * info / (2.0 * (info + 1.0))
    if sides == 2:
        return min(1.0, root * math.exp(-log_e))
    return root / max(root, 2.0 * math.expm1(log_e)) if log_e < 700.0 else 0.5 * root * math.exp(-log_e)


def mixture_sprt(difference: float, *, std_error: float, prior_sd: float) -> float:
    """Return the p-value of the mixture sequential probability ratio test, valid at every look.

    The mixture over the true difference is normal around zero. Equal to `always_valid_p` where
    `information` is `(prior_sd / std_error)^2`.

    Args:
        difference: What was measured.
        std_error: Its standard error, above zero.
        prior_sd: Standard deviation of the mixture, in the unit of the difference; chosen before looking, about the
            size of the effects that matter.
    """
    return always_valid_p(difference / std_error, (prior_sd / std_error) ** 2)
