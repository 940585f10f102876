"""What a comparison needs to know of a variant: an estimate, its variance, and how much it rests on.

Units are independent, calls of one unit are not. So a mean over calls is a ratio of two sums over units, of values and
of calls, and its variance that of the delta method (Deng, Knoblich and Lu, KDD 2018). With one call a unit this is the
ordinary mean and its ordinary variance. Sums are exact (`math.fsum`): the order of rows changes no digit.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import starmap
from operator import mul
from typing import Final, NamedTuple

from genai_guard.errors import ConfigurationError
from genai_guard.routing.analysis.distributions import binomial_at_most

__all__ = ["Moments", "adjusted", "mean_of", "proportion_of", "quantile_interval", "quantile_of", "ratio_of"]

_Z: Final = 1.959963984540054
"""Half the width, in standard errors, of the interval of ranks that the variance of a quantile is read from."""


class Moments(NamedTuple):
    """One variant, summed up for one metric.

    Attributes:
        estimate: The mean, share, ratio or quantile.
        variance: Variance of the estimate, not of the values.
        units: How many independent units it rests on.
        calls: How many values there are.
        df: Degrees of freedom of the variance; infinite where the normal distribution is exact enough.
        rarer: Of the calls with 1 and those with 0, how many the fewer are; of a quantile, the calls on the thinner
            side of it. None of other metrics.
        skewness: Of the units' values; 0 where it is not asked for.
    """

    estimate: float
    variance: float
    units: int
    calls: int
    df: float = math.inf
    rarer: int | None = None
    skewness: float = 0.0

    @property
    def std_error(self) -> float:
        """Standard error of the estimate."""
        return math.sqrt(self.variance)


def proportion_of(hits: int, units: int) -> Moments:
    """Sum up counts: `hits` of `units` have it.

    Raises:
        ConfigurationError: a count is negative or no whole number, or there are more hits than units, or no units.
    """
    if not all(isinstance(count, int) and not isinstance(count, bool) for count in (hits, units)):
        raise ConfigurationError("hits and units must be whole numbers")
    if not 0 <= hits <= units or units == 0:
        raise ConfigurationError(f"hits={hits} must lie between 0 and units={units}, and units above 0")
    share = hits / units
    return Moments(share, share * (1.0 - share) / units, units, units, rarer=min(hits, units - hits))


def mean_of(mean: float, *, sd: float, units: int) -> Moments:
    """Sum up values of which only mean, standard deviation (of n - 1) and number are known.

    Raises:
        ConfigurationError: there are fewer than two units, or the deviation is negative or no number.
    """
    if units < 2 or not (math.isfinite(mean) and math.isfinite(sd) and sd >= 0):
        raise ConfigurationError("mean and sd must be numbers, sd at least 0, and units at least 2")
    return Moments(mean, sd * sd / units, units, units, df=units - 1.0)


def ratio_of(sums: Sequence[float], weights: Sequence[float], *, calls: int | None = None) -> Moments:
    """Sum up units by the ratio of two sums; the mean over calls where `weights` counts the calls of each unit.

    Args:
        sums: Numerator of each unit.
        weights: Denominator of each unit; all 1 for a mean over units.
        calls: How many calls there are; the sum of the weights when None.

    Raises:
        ConfigurationError: the denominators add up to zero.
    """
    units, total = len(sums), math.fsum(weights)
    if total == 0:
        raise ConfigurationError("the denominators of a variant add up to zero: there is no ratio")
    ratio = math.fsum(sums) / total
    scale = units / total
    rest = [(value - ratio * weight) * scale for value, weight in zip(sums, weights, strict=True)]
    squares = math.fsum(starmap(mul, zip(rest, rest, strict=True)))
    variance = squares / (units - 1) / units if units > 1 else math.inf
    count = round(total) if calls is None else calls
    return Moments(ratio, variance, units, count, df=units - 1.0, skewness=_skewness(rest, squares))


def _skewness(rest: Sequence[float], squares: float) -> float:
    scale = math.sqrt(squares / len(rest))
    return math.fsum((each / scale) ** 3 for each in rest) / len(rest) if scale > 0 else 0.0


def adjusted(
    arms: Sequence[tuple[Sequence[float], Sequence[float], Sequence[float]]],
) -> tuple[list[Moments], float]:
    """Sum up variants with what was known of their units before (CUPED; Deng, Xu, Kohavi and Walker, WSDM 2013).

    Each unit's part in the ratio is reduced by theta times its covariate's distance from the mean, where theta is the
    one regression coefficient of all variants together. With two variants and one call a unit the difference is that of
    the analysis of covariance.

    Args:
        arms: Of each variant numerators, denominators and covariates of its units.

    Returns:
        The moments of each variant, and theta; 0 when the covariate says nothing.
    """
    plain = [ratio_of(sums, weights) for sums, weights, _ in arms]
    rests = [_linear(sums, weights, each.estimate) for (sums, weights, _), each in zip(arms, plain, strict=True)]
    means = [math.fsum(xs) / len(xs) for _, _, xs in arms]
    overall = math.fsum(x for _, _, xs in arms for x in xs) / sum(len(xs) for _, _, xs in arms)
    centred = [[x - mean for x in xs] for (_, _, xs), mean in zip(arms, means, strict=True)]
    spread = math.fsum(x * x for xs in centred for x in xs)
    shared = math.fsum(x * y for xs, ys in zip(centred, rests, strict=True) for x, y in zip(xs, ys, strict=True))
    theta = shared / spread if spread > 0 else 0.0
    result: list[Moments] = []
    for each, xs, ys, mean in zip(plain, centred, rests, means, strict=True):
        left = [y - theta * x for x, y in zip(xs, ys, strict=True)]
        squares = math.fsum(y * y for y in left)
        variance = squares / (each.units - 1) / each.units if each.units > 1 else math.inf
        estimate = each.estimate - theta * (mean - overall)
        result.append(each._replace(estimate=estimate, variance=variance, skewness=_skewness(left, squares)))
    return result, theta


def _linear(sums: Sequence[float], weights: Sequence[float], ratio: float) -> list[float]:
    """Return each unit's part in the distance of the ratio from its mean."""
    scale = len(sums) / math.fsum(weights)
    return [(value - ratio * weight) * scale for value, weight in zip(sums, weights, strict=True)]


# --- quantiles --------------------------------------------------------------------------------------------------------


def quantile_of(values: Sequence[float], units: Sequence[int], *, quantile: float) -> Moments:
    """Sum up calls by a quantile, interpolated between order statistics as numpy does by default.

    Its variance is read from the order statistics that lie two standard errors of the rank apart, where the rank's
    standard error takes the calls of one unit together (Deng, Knoblich and Lu, KDD 2018). No density is estimated.

    Args:
        values: The values; in any order.
        units: The unit of each value.
        quantile: Between 0 and 1.
    """
    pairs = sorted(zip(values, units, strict=True))
    ordered = [value for value, _ in pairs]
    count = len(ordered)
    estimate = _interpolated(ordered, quantile)
    below: dict[int, float] = {}
    calls: dict[int, float] = {}
    rank = bisect_right(ordered, estimate)
    for place, (_, unit) in enumerate(pairs):
        calls[unit] = calls.get(unit, 0.0) + 1.0
        below[unit] = below.get(unit, 0.0) + (place < rank)
    of_rank = ratio_of(list(below.values()), list(calls.values()))
    # Without repeated units the rank's variance is known; it is estimated only where calls hang together.
    exact = quantile * (1.0 - quantile) / count
    error = math.sqrt(exact if len(calls) == count else max(of_rank.variance, exact if of_rank.variance == 0 else 0.0))
    low, high = quantile - _Z * error, quantile + _Z * error
    width = _interpolated(ordered, min(1.0, high)) - _interpolated(ordered, max(0.0, low))
    thin = math.floor(count * min(quantile, 1.0 - quantile))
    inside = low > 0 and high < 1
    return Moments(estimate, (width / (2.0 * _Z)) ** 2, len(calls), count, rarer=thin if inside else 0)


def quantile_interval(values: Sequence[float], *, quantile: float, alpha: float = 0.05) -> tuple[float, float]:
    """Return the interval between two order statistics that holds the quantile with probability 1 - alpha at least.

    Exact for independent values of any distribution (Conover, Practical Nonparametric Statistics, 3.2). An end that so
    few values cannot give is infinite.

    Args:
        values: Independent values, in any order.
        quantile: Between 0 and 1.
        alpha: Probability that the interval misses the quantile.

    Raises:
        ConfigurationError: there are no values, or the quantile does not lie between 0 and 1.
    """
    if not values or not 0 < quantile < 1:
        raise ConfigurationError("values must not be empty, and quantile must lie between 0 and 1")
    ordered, count = sorted(values), len(values)
    low = _rank(count, quantile, alpha / 2)
    high = count + 1 - _rank(count, 1.0 - quantile, alpha / 2)
    return (ordered[low - 1] if low else -math.inf), (ordered[high - 1] if high <= count else math.inf)


def _rank(count: int, quantile: float, tail: float) -> int:
    """Return the highest rank that lies above the quantile with probability `tail` at most; 0 if none does."""
    low, high = 0, count + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (
            (middle, high) if binomial_at_most(middle - 1, trials=count, share=quantile) <= tail else (low, middle)
        )
    return low


def _interpolated(ordered: Sequence[float], quantile: float) -> float:
    place = quantile * (len(ordered) - 1)
    index = min(math.floor(place), len(ordered) - 2) if len(ordered) > 1 else 0
    if len(ordered) == 1:
        return ordered[0]
    return ordered[index] + (ordered[index + 1] - ordered[index]) * (place - index)
