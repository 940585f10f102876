"""Shares that changed while an experiment ran: units are compared within the times of equal shares.

If the treatment got 5 % of the units at first and 50 % later, most of its units are late ones, and whatever else changed
in between would count as its effect. Within a time of equal shares it does not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from genai_guard.routing.analysis.exposures import Exposures, Seen
from genai_guard.routing.analysis.metric import Metric
from genai_guard.routing.analysis.moments import Moments
from genai_guard.routing.analysis.samples import SumSamples

__all__ = ["StratifiedSamples", "strata_of"]

MAX_STRATA: Final = 100
"""Shares beyond are too many for a comparison within each: they are not set apart."""


def strata_of(found: Exposures) -> tuple[float, ...]:
    """Return the share of the first variant when each unit came; nothing where it never changed, or is not known.

    It is known of two variants only: of more, a unit's own probability does not tell those of the others.
    """
    names = list(found.counts())
    if len(names) != 2 or None in found.propensities:
        return ()
    shares = tuple(
        round(propensity if name == names[0] else 1.0 - propensity, 9)
        for name, propensity in zip(found.variants, found.propensities, strict=True)
        if propensity is not None
    )
    return shares if 1 < len(set(shares)) <= MAX_STRATA else ()


class StratifiedSamples:
    """Sums of each unit, apart for each share.

    Args:
        metric: A mean or a ratio.
        found: Whose they are.
        strata: The share when each unit came.
    """

    __slots__ = ("_found", "_metric", "_parts", "_strata")

    def __init__(self, metric: Metric, found: Exposures, strata: Sequence[float]) -> None:
        self._metric = metric
        self._found = found
        self._strata = strata
        self._parts: dict[float, SumSamples] = {}

    @property
    def missing(self) -> int:
        """Rows without a value."""
        return sum(part.missing for part in self._parts.values())

    @property
    def without_covariate(self) -> int:
        """Units without a covariate."""
        return sum(part.without_covariate for part in self._parts.values())

    def add(self, seen: Seen, /) -> None:
        """Take the value of a row."""
        share = self._strata[seen.unit]
        if share not in self._parts:
            self._parts[share] = SumSamples(self._metric, self._found)
        self._parts[share].add(seen)

    def moments(self) -> Mapping[str, Moments]:
        """Return the mean over the strata, each by its number of calls, of those that have both variants."""
        return _mean([part.moments() for part in self._parts.values()])

    def unadjusted(self) -> Mapping[str, Moments]:
        """Return the same without the covariate."""
        return _mean([part.unadjusted() for part in self._parts.values()])


def _mean(parts: Sequence[Mapping[str, Moments]]) -> Mapping[str, Moments]:
    usable = [part for part in parts if len(part) == 2 and all(each.units > 1 for each in part.values())]
    calls = [sum(each.calls for each in part.values()) for part in usable]
    weights = [count / sum(calls) for count in calls]
    names = usable[0] if usable else ()
    return {name: _weighted([part[name] for part in usable], weights) for name in names}


def _weighted(moments: Sequence[Moments], weights: Sequence[float]) -> Moments:
    rarer = [each.rarer for each in moments if each.rarer is not None]
    return Moments(
        estimate=math.fsum(weight * each.estimate for weight, each in zip(weights, moments, strict=True)),
        variance=math.fsum(weight * weight * each.variance for weight, each in zip(weights, moments, strict=True)),
        units=sum(each.units for each in moments),
        calls=sum(each.calls for each in moments),
        df=float(sum(each.units - 1 for each in moments)),
        rarer=sum(rarer) if len(rarer) == len(moments) else None,
    )
