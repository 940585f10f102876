"""Quantiles of positive numbers within 1 % of the exact ones, in a few kilobytes.

Values are counted in buckets whose bounds grow by a constant factor, as in DDSketch (Masson, Rim and Lee, "DDSketch:
a fast and fully-mergeable quantile sketch with relative-error guarantees", VLDB 2019). Sketches add up: the sketch of
two windows, threads or processes is the sum of theirs, with the same error.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping
from typing import Final, TypeAlias, TypeVar

__all__ = [
    "NEGLIGIBLE",
    "OFFSET",
    "PER_E",
    "RELATIVE_ERROR",
    "SMALLEST",
    "Buckets",
    "at_most",
    "bucket",
    "merge",
    "quantiles",
    "total",
]

Buckets: TypeAlias = dict[int, int]
"""How many values each bucket holds. A plain dictionary, because nothing else counts as fast."""

RELATIVE_ERROR: Final = 0.01
"""No quantile is further from the exact one than this share of it."""

SMALLEST: Final = 1e-9
"""What is not larger counts as zero: a nanosecond."""

NEGLIGIBLE: Final = 1000.0
"""Two values may share a bucket if they differ by less than the larger one divided by this."""

# the promise, less what sharing a bucket and rounding may add
_WIDTH: Final = RELATIVE_ERROR * (1 - 1 / NEGLIGIBLE) - 1 / NEGLIGIBLE - 1e-6
_GROWTH: Final = (1 + _WIDTH) / (1 - _WIDTH)
PER_E: Final = 1 / math.log(_GROWTH)
OFFSET: Final = 1 + math.ceil(-math.log(SMALLEST) * PER_E)  # makes every index positive, where int() rounds down

Name = TypeVar("Name", bound=Hashable)
Number = TypeVar("Number", int, float)


def bucket(value: float) -> int:
    """Return the bucket of a value; bucket 0 is for zero and anything below a nanosecond.

    Raises:
        ValueError: the value is not a number.
        OverflowError: the value is infinite.
    """
    if value > SMALLEST:
        return int(math.log(value) * PER_E + OFFSET)
    if math.isnan(value):
        raise ValueError("not a number")
    return 0


def merge(into: dict[Name, Number], other: Mapping[Name, Number]) -> None:
    """Add the counts of `other` to `into`."""
    get = into.get
    for name, count in other.items():
        into[name] = get(name, 0) + count


def quantiles(buckets: Mapping[int, float], shares: Iterable[float]) -> tuple[float | None, ...]:
    """Return for each of the ascending `shares` the smallest value that at least this share does not exceed.

    This is the nearest-rank definition (`inverted_cdf` in NumPy): the p99 is above a threshold exactly if more than
    1 % of the values are. None for every share when there is no value.
    """
    total = sum(buckets.values())
    if not total:
        return tuple(None for _ in shares)
    found: list[float | None] = []
    ordered = iter(sorted(buckets))
    index = next(ordered)
    seen = buckets[index]
    for share in shares:
        rank = math.ceil(share * total - 1e-9)
        while seen < rank:
            index = next(ordered)
            seen += buckets[index]
        found.append(_middle(index))
    return tuple(found)


def at_most(buckets: Mapping[int, float], bounds: Iterable[float]) -> tuple[float, ...]:
    """Return for each of the ascending `bounds` how many values do not exceed it; one within 1 % of it may count wrong."""
    counts: list[float] = []
    ordered = sorted(buckets)
    place, seen = 0, 0.0
    for bound in bounds:
        while place < len(ordered) and _middle(ordered[place]) <= bound:
            seen += buckets[ordered[place]]
            place += 1
        counts.append(seen)
    return tuple(counts)


def total(buckets: Mapping[int, int]) -> float:
    """Return the sum of all values, within 1 % of the exact one."""
    return sum(count * _middle(index) for index, count in buckets.items())


def _middle(index: int) -> float:
    return 2 * _GROWTH ** (index - OFFSET + 1) / (_GROWTH + 1) if index else 0.0
