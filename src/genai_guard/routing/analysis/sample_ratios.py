"""Sample ratio mismatch of an experiment that has run: are there as many units of each variant as were planned?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from genai_guard.errors import ConfigurationError
from genai_guard.frozen import FrozenDict
from genai_guard.routing.analysis.distributions import chi_square_tail
from genai_guard.routing.analysis.exposures import Exposures
from genai_guard.routing.analysis.strata import strata_of
from genai_guard.routing.srm import SRM_ALPHA, srm_log_e

__all__ = ["SampleRatio", "sample_ratio", "sample_ratio_of"]

Looks: TypeAlias = Literal["once", "always"]


@dataclass(frozen=True, slots=True)
class SampleRatio:
    """Whether the variants have their shares of the units.

    Attributes:
        counts: Units of each variant.
        shares: Planned share of each variant; their mean where they changed.
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
    stratum = (tuple(found.values()), tuple(planned.values()))
    return SampleRatio(FrozenDict(found), FrozenDict(planned), _p([stratum], looks), alpha, looks)


def sample_ratio_of(found: Exposures, shares: Mapping[str, float] | None, *, looks: Looks) -> SampleRatio | None:
    """Return whether the units of an experiment arrived as planned; None where nobody said what was.

    Args:
        found: The units.
        shares: Planned share of each variant; when None as the propensities say, which may have changed on the way.
        looks: As for `sample_ratio`.
    """
    planned = found.shares() if shares is None else shares
    counts = found.counts()
    if planned is not None:
        return sample_ratio(dict.fromkeys(planned, 0) | counts, planned, looks=looks)
    came = strata_of(found)
    if not came:
        return None
    first, second = counts
    by_share: dict[float, list[int]] = {}
    for variant, share in zip(found.variants, came, strict=True):
        by_share.setdefault(share, [0, 0])[variant != first] += 1
    strata = [((one, other), (share, 1.0 - share)) for share, (one, other) in sorted(by_share.items())]
    expected = math.fsum(came) / len(came)
    means = FrozenDict({first: expected, second: 1.0 - expected})
    return SampleRatio(FrozenDict(counts), means, _p(strata, looks), SRM_ALPHA, looks)


def _p(strata: Sequence[tuple[Sequence[int], Sequence[float]]], looks: Looks) -> float:
    """Return the p-value of counts, each beside its planned shares. Independent tests add up, and so do processes."""
    if looks == "always":
        return math.exp(-max(0.0, math.fsum(srm_log_e(counts, shares) for counts, shares in strata)))
    statistic = math.fsum(
        (count - sum(counts) * share) ** 2 / (sum(counts) * share)
        for counts, shares in strata
        for count, share in zip(counts, shares, strict=True)
    )
    return chi_square_tail(statistic, df=sum(len(shares) - 1 for _, shares in strata))


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
