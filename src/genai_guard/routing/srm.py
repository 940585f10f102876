"""Sample ratio mismatch: whether units arrive in the planned shares, asked as often as one likes.

A mismatch says that something beside the split decides who is counted, so no comparison of the variants can be
believed. Pure functions of counts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

__all__ = ["PRIOR_UNITS", "SRM_ALPHA", "srm_log_e"]

PRIOR_UNITS: Final = 1000.0
"""Weight of the prior, in units: how many of them it takes to move it from the planned shares."""

SRM_ALPHA: Final = 0.0005
"""Probability of a false alarm, however often one looks. Low, because every experiment is looked at."""


def srm_log_e(counts: Sequence[int], shares: Sequence[float], *, prior_units: float = PRIOR_UNITS) -> float:
    """Return the logarithm of the e-process against the planned shares.

    With probability 1 - alpha it never reaches `log(1 / alpha)` while units arrive in the planned shares; the order of
    their arrival does not count. A Dirichlet mixture of multinomial likelihoods over the planned one (Lindon and Malek,
    NeurIPS 2022).

    Args:
        counts: Units of each variant so far, zero or more.
        shares: Planned share of each variant: above zero, together 1.
        prior_units: Weight of the mixture's prior, which has the planned shares as its mean.
    """
    units = sum(counts)
    log_e = math.lgamma(prior_units) - math.lgamma(prior_units + units)
    for count, share in zip(counts, shares, strict=True):
        prior = prior_units * share
        log_e += math.lgamma(prior + count) - math.lgamma(prior) - count * math.log(share)
    return log_e
