"""When a share is larger than allowed, and not merely by chance."""

from __future__ import annotations

import math

__all__ = ["tail"]


def tail(hits: int, trials: int, share: float) -> float:
    """Return the probability of at least `hits` in `trials` when each comes up with probability `share`.

    Exact, not an approximation. Asking whether it is at most `1 - confidence` is asking whether the one-sided lower
    bound of Clopper and Pearson (Biometrika, 1934) for the true share lies above `share`.

    Args:
        hits: How many came up.
        trials: Out of how many; not fewer than `hits`.
        share: Strictly between 0 and 1.
    """
    if hits <= 0:
        return 1.0
    if hits <= trials * share:
        return 1.0 - _below(hits, trials, share)
    return _upward(hits, trials, share)


def _below(hits: int, trials: int, share: float) -> float:
    """Probability of fewer than `hits`: at least `trials - hits + 1` misses."""
    return _upward(trials - hits + 1, trials, 1.0 - share)


def _upward(hits: int, trials: int, share: float) -> float:
    """Sum the terms from `hits` on; past the mean each is smaller than the one before."""
    odds = share / (1.0 - share)
    term = math.exp(_log_term(hits, trials, share))
    total = 0.0
    while hits <= trials and term > total * 1e-17:
        total += term
        term *= odds * (trials - hits) / (hits + 1)
        hits += 1
    return min(total, 1.0)


def _log_term(hits: int, trials: int, share: float) -> float:
    ways = math.lgamma(trials + 1) - math.lgamma(hits + 1) - math.lgamma(trials - hits + 1)
    return ways + hits * math.log(share) + (trials - hits) * math.log1p(-share)
