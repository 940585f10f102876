"""Tests that may be looked at after every request. Pure functions of counts.

An e-process is a number that starts at 1 and, as long as the null hypothesis holds, is expected to stay at most there,
whatever the moment at which one looks. So it ever reaches 1 / alpha with probability alpha at most (Ville's inequality),
and whoever raises the alarm there may look as often as they like.

**Failures.** Of all failed requests a share pi r / (pi r + 1 - pi) comes from the canary, if its failures are r times as
frequent as those of the control, and pi is its share of the traffic. That does not depend on how frequent failures are:
the error rate may drift, and the share may be ramped, as long as each failure is counted with the share at which its
request was assigned. Requests that succeed carry no weight. With D(r) = pi r + 1 - pi, a failure of the canary counts
log(r / r0 · D(r0) / D(r)), one of the control log(D(r0) / D(r)), against the null hypothesis of a ratio r0; the mean over
several r is an e-process again. Sums of logarithms are functions of how many failures there were at each share, which
are whole numbers: exact, in any order, and those of several processes add up.

Rule 1: A share of 0 or 1 says nothing, and changes nothing.
Rule 2: The order in which anything was counted does not matter.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import exp, log
from typing import Final

from genai_guard.errors import ConfigurationError

__all__ = ["HARM_RATIOS", "PROMOTION_RATIOS", "FailureRatioTest", "Failures", "log_mean"]

HARM_RATIOS: Final = (1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0)
"""Ratios at which a canary that is worse is looked for."""

PROMOTION_RATIOS: Final = (0.25, 0.5, 0.75, 1.0, 1.25)
"""Ratios at which a canary that is not much worse is looked for."""


@dataclass(frozen=True, slots=True)
class Failures:
    """How many requests failed, by the canary's share of the traffic when they were assigned.

    Args:
        counts: For each share, from low to high: the share, failures of the control, failures of the canary.
    """

    counts: tuple[tuple[float, int, int], ...] = ()

    @classmethod
    def of(cls, counts: Iterable[tuple[float, int, int]]) -> Failures:
        """Return these counts in order; shares of 0 and 1 are left out, and equal ones added up."""
        totals: dict[float, tuple[int, int]] = {}
        for share, control, canary in counts:
            if 0.0 < share < 1.0 and (control or canary):
                before = totals.get(share, (0, 0))
                totals[share] = (before[0] + control, before[1] + canary)
        return cls(tuple((share, *totals[share]) for share in sorted(totals)))

    def plus(self, other: Failures) -> Failures:
        """Return the failures of both, which must not have a request in common."""
        return Failures.of((*self.counts, *other.counts))

    def add(self, share: float, *, is_canary: bool, times: int = 1) -> Failures:
        """Return these failures and some more.

        Args:
            share: The canary's share of the traffic when the request was assigned.
            is_canary: Whether it was assigned to the canary.
            times: How many.
        """
        return Failures.of((*self.counts, (share, 0, times) if is_canary else (share, times, 0)))

    @property
    def control(self) -> int:
        """Failures of the control."""
        return sum(control for _, control, _ in self.counts)

    @property
    def canary(self) -> int:
        """Failures of the canary."""
        return sum(canary for _, _, canary in self.counts)


@dataclass(frozen=True, slots=True)
class FailureRatioTest:
    """An e-process against "the canary fails at most `null_ratio` times as often as the control", or at least.

    Args:
        ratios: The alternatives, all of them above `null_ratio` (harm) or all below (non-inferiority).
        null_ratio: The ratio to be refuted.

    Raises:
        ConfigurationError: a ratio is not above zero and finite, or they stand on both sides of `null_ratio`.
    """

    ratios: tuple[float, ...] = HARM_RATIOS
    null_ratio: float = 1.0

    def __post_init__(self) -> None:
        everything = (*self.ratios, self.null_ratio)
        if not self.ratios or not all(0 < ratio < math.inf for ratio in everything):
            raise ConfigurationError(f"FailureRatioTest(ratios={self.ratios!r}): needs ratios above zero, all finite")
        if not (min(self.ratios) > self.null_ratio or max(self.ratios) < self.null_ratio):
            raise ConfigurationError(
                f"FailureRatioTest(ratios={self.ratios!r}): must all be above null_ratio={self.null_ratio:g}, or all below"
            )

    def steps(self, share: float, *, is_canary: bool) -> tuple[float, ...]:
        """Return what one failure adds to the logarithm for each ratio."""
        return _steps(self.ratios, self.null_ratio, share)[is_canary]

    def log_values(self, failures: Failures) -> tuple[float, ...]:
        """Return the logarithm of the likelihood ratio for each ratio."""
        totals = [0.0] * len(self.ratios)
        for share, control, canary in failures.counts:
            of_control, of_canary = _steps(self.ratios, self.null_ratio, share)
            for place, (one, other) in enumerate(zip(of_control, of_canary, strict=True)):
                totals[place] += control * one + canary * other
        return tuple(totals)

    def log_value(self, failures: Failures) -> float:
        """Return the logarithm of the e-process: the alarm is due at `log(1 / alpha)`."""
        return log_mean(self.log_values(failures))


def log_mean(logs: Sequence[float]) -> float:
    """Return the logarithm of the mean of numbers that are given by theirs."""
    top = max(logs)
    return top + log(sum([exp(value - top) for value in logs]) / len(logs))


@lru_cache(maxsize=1024)
def _steps(ratios: tuple[float, ...], null_ratio: float, share: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return what a failure of the control adds for each ratio, and one of the canary."""
    if not 0.0 < share < 1.0:
        nothing = (0.0,) * len(ratios)
        return nothing, nothing
    null = share * null_ratio + 1.0 - share
    mixed = [(ratio, share * ratio + 1.0 - share) for ratio in ratios]
    return (
        tuple([log(null / alternative) for _, alternative in mixed]),
        tuple([log(ratio / null_ratio * null / alternative) for ratio, alternative in mixed]),
    )
