"""Sample ratio mismatch of an experiment that has run: are there as many units of each variant as were planned?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from genai_guard.errors import ConfigurationError
from genai_guard.frozen import FrozenDict
from genai_guard.routing.analysis.distributions import chi_square_tail
from genai_guard.routing.srm import SRM_ALPHA, srm_log_e

__all__ = ["SampleRatio", "sample_ratio"]

Looks: TypeAlias = Literal["once", "always"]


@dataclass(frozen=True, slots=True)
class SampleRatio:
    """Whether the variants have their shares of the units.

    Attributes:
        counts: Units of each variant.
        shares: Planned share of each variant.
        p: Probability of counts as uneven as these, if units arrive as planned.
        alpha: Below which it is a mismatch.
        looks: `once`, by the chi-square test; `always`, by an e-process that may be asked at any time.
    """

    counts: Mapping[str, int]
    shares: Mapping[str, float]
    p: float
    alpha: float
    looks: Looks

    @property
    def mismatch(self) -> bool:
        """Whether something beside the split decides who is counted."""
        return self.p < self.alpha

    def __str__(self) -> str:
        units = sum(self.counts.values())
        found = ", ".join(f"{name} {count / units:.2%}" for name, count in self.counts.items()).replace("%", " %")
        plan = ", ".join(f"{name} {share:.2%}" for name, share in self.shares.items()).replace("%", " %")
        if self.mismatch:
            return f"Sample ratio mismatch (p = {self.p:.2g}): {found} of {units:,} units, where {plan} was planned."
        return f"The {units:,} units are split as planned (p = {self.p:.2g})."


def sample_ratio(
    counts: Mapping[str, int], shares: Mapping[str, float], *, looks: Looks = "once", alpha: float = SRM_ALPHA
) -> SampleRatio:
    """Return whether units arrived in the planned shares.

    Args:
        counts: Units, not calls, of each variant.
        shares: Planned share or weight of each variant; only their ratios count.
        looks: `once` for Pearson's chi-square test, for a single look at the end; `always` for the e-process of
            `genai_guard.routing.srm`, for any number of looks.
        alpha: Below which p is a mismatch. Low, because a mismatch discredits everything else.

    Raises:
        ConfigurationError: a count is negative or no whole number, all are zero, a share is not above zero, or the
            variants of the two differ.
    """
    _check(counts, shares, looks)
    total = math.fsum(shares.values())
    planned = {name: share / total for name, share in shares.items()}
    found = {name: counts[name] for name in planned}
    units = sum(found.values())
    if looks == "always":
        p = min(1.0, math.exp(-srm_log_e(tuple(found.values()), tuple(planned.values()))))
    else:
        expected = {name: units * share for name, share in planned.items()}
        statistic = math.fsum((found[name] - each) ** 2 / each for name, each in expected.items())
        p = chi_square_tail(statistic, df=len(planned) - 1)
    return SampleRatio(FrozenDict(found), FrozenDict(planned), p, alpha, looks)


def _check(counts: Mapping[str, int], shares: Mapping[str, float], looks: object) -> None:
    if looks not in {"once", "always"}:
        raise ConfigurationError(f"looks={looks!r} must be 'once' or 'always'")
    if counts.keys() != shares.keys() or len(counts) < 2:
        raise ConfigurationError("counts and shares must name the same variants, two at least")
    if any(isinstance(count, bool) or not isinstance(count, int) or count < 0 for count in counts.values()):
        raise ConfigurationError("counts must be whole numbers, zero or more")
    if not any(counts.values()):
        raise ConfigurationError("counts are all zero: there is nothing to compare")
    if not all(isinstance(share, int | float) and 0 < share < math.inf for share in shares.values()):
        raise ConfigurationError("shares must be numbers above zero")
