"""What a scorer is worth: rates with intervals, areas, and how far its probabilities are from what happens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Any, Final, NamedTuple

import numpy as np

__all__ = ["Rate", "area", "area_between", "calibration_error", "least_for", "rate"]

_Z: Final = 1.959963984540054


class Rate(NamedTuple):
    """A share of a number of texts, with its 95 % interval (Wilson, 1927)."""

    hits: int
    of: int

    @property
    def share(self) -> float:
        """The share; not a number for none."""
        return self.hits / self.of if self.of else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        """The interval."""
        if not self.of:
            return 0.0, 1.0
        middle = (self.share + _Z**2 / (2 * self.of)) / (1 + _Z**2 / self.of)
        half = _Z * sqrt(self.share * (1 - self.share) / self.of + _Z**2 / (4 * self.of**2)) / (1 + _Z**2 / self.of)
        return max(0.0, middle - half), min(1.0, middle + half)


def rate(mask: Any) -> Rate:
    """Count the true ones."""
    return Rate(int(np.count_nonzero(mask)), len(mask))


def area(found: Any, harmless: Any) -> float:
    """Return the area under the ROC curve: how often a text with it scores above one without (Mann and Whitney, 1947)."""
    if not len(found) or not len(harmless):
        return float("nan")
    scores = np.concatenate([found, harmless])
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return float((ranks[: len(found)].sum() - len(found) * (len(found) + 1) / 2) / (len(found) * len(harmless)))


def area_between(found: Any, harmless: Any, *, seed: int, rounds: int = 300) -> tuple[float, float]:
    """Return a 95 % interval of `area`, by drawing both sorts of texts anew (bootstrap)."""
    draw = np.random.default_rng(seed)
    areas = [area(draw.choice(found, len(found)), draw.choice(harmless, len(harmless))) for _ in range(rounds)]
    low, high = np.quantile(areas, (0.025, 0.975))
    return float(low), float(high)


def calibration_error(chances: Any, truth: Any, *, prior: float, bins: int = 10) -> float:
    """Return the mean distance of probability and share, over bins of equal width (expected calibration error).

    Args:
        chances: Probabilities.
        truth: What they are of.
        prior: Texts weigh so that this is the share of the true ones.
        bins: How many.
    """
    share = truth.mean()
    weights = np.where(truth, prior / max(share, 1e-12), (1 - prior) / max(1 - share, 1e-12)) / len(truth)
    which = np.minimum((chances * bins).astype(int), bins - 1)
    error = 0.0
    for each in np.unique(which):
        there = which == each
        error += abs(weights[there] @ (chances[there] - truth[there]))
    return float(error)


def least_for(share: float, harmless: Mapping[str, Sequence[float]]) -> float:
    """Return the least score at which at most `share` of the harmless texts count.

    Groups weigh by the square roots of their sizes: neither does a large one decide alone, nor one text of a small one.

    Args:
        share: The budget of false positives.
        harmless: Scores of harmless texts by group.
    """
    groups = [np.asarray(scores) for scores in harmless.values() if len(scores)]
    scores = np.concatenate(groups)
    whole = sum(np.sqrt(len(group)) for group in groups)
    weights = np.concatenate([np.full(len(group), 1 / np.sqrt(len(group)) / whole) for group in groups])
    order = np.argsort(-scores)
    scores, above = scores[order], np.cumsum(weights[order])
    allowed = np.searchsorted(above, share + 1e-12, side="right")
    if allowed >= len(scores):
        return float(scores[-1])
    below = scores[allowed]
    higher = scores[:allowed][scores[:allowed] > below]
    return float((higher[-1] + below) / 2 if len(higher) else np.nextafter(below, np.inf))
