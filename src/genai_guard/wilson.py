"""How sure a share is that was counted."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import NamedTuple

from genai_guard.errors import ConfigurationError

__all__ = ["Rate", "score_interval", "wilson"]


class Rate(NamedTuple):
    """A share, and where the true one lies.

    Attributes:
        hits: How many came up.
        trials: Out of how many.
        low: Lower end of the interval; 0 without trials.
        high: Its upper end; 1 without trials.
    """

    hits: int
    trials: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """The share; not a number (`nan`) without trials."""
        return self.hits / self.trials if self.trials else math.nan

    def __str__(self) -> str:
        if not self.trials:
            return "-"
        return f"{100 * self.value:.1f} % ({100 * self.low:.1f}-{100 * self.high:.1f})"


def wilson(hits: int, trials: int, *, confidence: float = 0.95) -> Rate:
    """Return a share with its score interval, two-sided and without a correction for continuity.

    Unlike the interval of the normal approximation it does not shrink to nothing for 0 of n or n of n.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the
    American Statistical Association 22 (1927), 209-212.

    Args:
        hits: How many came up.
        trials: Out of how many.
        confidence: Probability that such an interval covers the true share, strictly between 0 and 1.

    Raises:
        ConfigurationError: the counts are no part of a whole, or the confidence is not between 0 and 1.
    """
    if not 0 <= hits <= trials:
        raise ConfigurationError(f"wilson({hits}, {trials}): takes how many came up, and out of how many")
    if not 0 < confidence < 1:
        raise ConfigurationError(f"wilson(confidence={confidence!r}): must be between 0 and 1")
    if not trials:
        return Rate(0, 0, 0.0, 1.0)
    return Rate(hits, trials, *score_interval(hits / trials, trials, confidence=confidence))


def score_interval(share: float, trials: float, *, confidence: float) -> tuple[float, float]:
    """Return the score interval of a share; `trials` need not be whole, such as an effective number of them.

    Args:
        share: Share that came up.
        trials: Out of how many; above 0.
        confidence: As for `wilson`.
    """
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    weight = z * z / trials
    centre = share + weight / 2
    spread = z * math.sqrt(share * (1 - share) / trials + weight / (4 * trials))
    low = 0.0 if share == 0 else max((centre - spread) / (1 + weight), 0.0)
    high = 1.0 if share == 1 else min((centre + spread) / (1 + weight), 1.0)
    return low, high
