"""How far apart two distributions are, on the standard library alone.

Samples of numbers are given in ascending order, those of labels as counts in the same order on both sides. What is
compared comes second: a positive delta says that its values are the larger ones.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

__all__ = [
    "cliffs_delta",
    "cramers_v",
    "histogram",
    "jensen_shannon",
    "ks_statistic",
    "l_infinity",
    "population_stability",
    "quantile_edges",
    "total_variation",
    "wasserstein",
]

BINS: Final = 10
_SMOOTHING: Final = 0.5
"""Added to each count of the population stability index, which is infinite for an empty bin otherwise."""


def ks_statistic(before: Sequence[float], after: Sequence[float]) -> float:
    """Return the largest distance between the empirical distribution functions of two samples."""
    return max(gap for gap, _ in _gaps(before, after))


def wasserstein(before: Sequence[float], after: Sequence[float]) -> float:
    """Return the area between the empirical distribution functions of two samples, in the unit of the values."""
    return math.fsum(gap * width for gap, width in _gaps(before, after))


def cliffs_delta(before: Sequence[float], after: Sequence[float]) -> float:
    """Return by how much more often a value of `after` exceeds one of `before` than the other way round, from -1 to 1.

    Source: Cliff, Dominance statistics, Psychological Bulletin 1993.
    """
    ranks = sum([bisect_left(before, value) + bisect_right(before, value) for value in after])
    return ranks / (len(before) * len(after)) - 1.0


def _gaps(before: Sequence[float], after: Sequence[float]) -> Iterator[tuple[float, float]]:
    """Yield the distance between the distribution functions from each value on, and how far it is to the next one."""
    values = sorted({*before, *after})
    count_before, count_after = len(before), len(after)
    at_before = at_after = 0
    for place, value in enumerate(values, start=1):
        at_before = bisect_right(before, value, at_before)
        at_after = bisect_right(after, value, at_after)
        width = values[place] - value if place < len(values) else 0.0
        yield abs(at_before / count_before - at_after / count_after), width


def quantile_edges(ordered: Sequence[float], bins: int = BINS) -> list[float]:
    """Return the values that cut a sample into bins of equal counts; fewer where values are the same."""
    cuts = (ordered[len(ordered) * step // bins] for step in range(1, bins))
    return list(dict.fromkeys(cuts))


def histogram(ordered: Sequence[float], edges: Sequence[float]) -> list[int]:
    """Return how many values lie in each bin; one that equals an edge lies below it."""
    places = [0, *(bisect_right(ordered, edge) for edge in edges), len(ordered)]
    return [end - start for start, end in pairwise(places)]


def population_stability(before: Sequence[int], after: Sequence[int]) -> float:
    """Return the population stability index of two rows of counts, half a count added to each.

    It is the symmetric Kullback-Leibler divergence (Jeffreys). It grows with the number of bins over the number of rows
    even where nothing has changed: Yurdakul and Naranjo, Journal of Risk Model Validation 2020.
    """
    sum_before, sum_after = sum(before) + _SMOOTHING * len(before), sum(after) + _SMOOTHING * len(after)
    total = 0.0
    for one, other in zip(before, after, strict=True):
        p, q = (one + _SMOOTHING) / sum_before, (other + _SMOOTHING) / sum_after
        total += (q - p) * math.log(q / p)
    return total


def jensen_shannon(before: Sequence[int], after: Sequence[int]) -> float:
    """Return the Jensen-Shannon distance of two rows of counts, from 0 to 1 (logarithms to base 2)."""
    divergence = 0.0
    for p, q in _shares(before, after):
        middle = (p + q) / 2
        divergence += (p * math.log2(p / middle) if p else 0.0) + (q * math.log2(q / middle) if q else 0.0)
    return math.sqrt(max(0.0, divergence / 2))


def total_variation(before: Sequence[int], after: Sequence[int]) -> float:
    """Return the share of rows that would have to change their label, from 0 to 1."""
    return math.fsum(abs(p - q) for p, q in _shares(before, after)) / 2


def l_infinity(before: Sequence[int], after: Sequence[int]) -> float:
    """Return the largest change of the share of a label."""
    return max((abs(p - q) for p, q in _shares(before, after)), default=0.0)


def cramers_v(chi_square: float, *, rows: int) -> float:
    """Return the strength of association, from 0 to 1, in a table of two columns (Cramér, 1946)."""
    return math.sqrt(chi_square / rows)


def _shares(before: Sequence[int], after: Sequence[int]) -> Iterator[tuple[float, float]]:
    sum_before, sum_after = sum(before), sum(after)
    return ((one / sum_before, other / sum_after) for one, other in zip(before, after, strict=True))
