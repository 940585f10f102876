"""Fits the weights of a head: logistic regression on sparse rows, regularised, of each text by its worst window."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from scipy import sparse
from scipy.optimize import minimize
from scipy.special import expit

from training.matrix import Matrix

__all__ = ["Fitted", "Settings", "fit", "platt"]


@dataclass(frozen=True, slots=True)
class Settings:
    """What was chosen by leaving sources out.

    Attributes:
        penalty: Of the squared weights of words.
        structure_penalty: Of those of the features that rules find.
        meaning: How much the vectors of words count beside the words themselves.
        rounds: How often the worst window of a text is looked for anew.
        steps: Of the optimiser, at most.
    """

    penalty: float = 0.3
    structure_penalty: float = 0.05
    meaning: float = 0.7
    rounds: int = 1
    steps: int = 80


@dataclass(frozen=True, slots=True)
class Fitted:
    """Weights of one head: of hashed features, of those of rules, and of the directions of vectors."""

    bias: float
    words: Any
    structure: Any
    meaning: Any

    def scores(self, rows: Matrix) -> Any:
        """Return the logarithm of the odds of each row."""
        return self.bias + rows.words @ self.words + rows.structure @ self.structure + rows.meaning @ self.meaning

    def __add__(self, other: Fitted) -> Fitted:
        return Fitted(
            self.bias + other.bias,
            self.words + other.words,
            self.structure + other.structure,
            self.meaning + other.meaning,
        )

    def times(self, slope: float, shift: float) -> Fitted:
        """Return what gives `slope * score + shift` where this gives `score`."""
        return replace(
            self,
            bias=self.bias * slope + shift,
            words=self.words * slope,
            structure=self.structure * slope,
            meaning=self.meaning * slope,
        )


def fit(rows: Matrix, truth: Any, weights: Any, settings: Settings) -> Fitted:
    """Fit a head.

    Texts with several windows take part with that which scores highest, as when they are judged. In the first round
    harmless ones take part with all of them, each for its share, and those to be found not at all: nobody knows where.

    Args:
        rows: All windows.
        truth: Of each text, whether it has what is looked for.
        weights: Of each text; zero leaves it out.
        settings: How.
    """
    used = np.flatnonzero(weights[rows.text] > 0)
    owners = rows.text[used]
    share = 1 / np.bincount(owners, minlength=len(truth))[owners]
    plain = (share == 1) | ~truth[owners]
    fitted = _fit(rows, used[plain], truth[owners[plain]], (weights[owners] * share)[plain], settings=settings)
    for _ in range(settings.rounds):
        scores = fitted.scores(rows)
        order = np.lexsort((-scores[used], owners))
        _, first = np.unique(owners[order], return_index=True)
        chosen = used[order[first]]
        if len(chosen) == len(used):
            break
        texts = rows.text[chosen]
        fitted = _fit(rows, chosen, truth[texts], weights[texts], settings=settings, start=fitted)
    return fitted


_UNIT: Final = 1e-4
_OFTEN: Final = 2
"""Rows in which a feature must stand to have a weight."""


def _fit(
    rows: Matrix, chosen: Any, truth: Any, weights: Any, *, settings: Settings, start: Fitted | None = None
) -> Fitted:
    words = rows.words[chosen]
    seen = np.flatnonzero(np.bincount(words.indices, minlength=words.shape[1]) >= _OFTEN)
    rarity = rows.rarity[seen]
    words = (words[:, seen] @ sparse.diags_array(rarity)).tocsr()
    across = words.T.tocsr()
    dense = np.hstack([rows.structure[chosen], rows.meaning[chosen] * settings.meaning]).astype(np.float32)
    signs = np.where(truth, 1.0, -1.0)
    weights = weights / weights.sum()
    width, other = len(seen), rows.structure.shape[1]
    penalty = _UNIT * np.concatenate([
        np.full(width, settings.penalty),
        np.full(other, settings.structure_penalty),
        np.full(dense.shape[1] - other, settings.penalty),
        [0.0],
    ])  # fmt: skip

    def loss(at: Any) -> tuple[float, Any]:
        margins = signs * (words @ at[:width].astype(np.float32) + dense @ at[width:-1].astype(np.float32) + at[-1])
        pull = -weights * signs * expit(-margins)
        small = pull.astype(np.float32)
        slope = np.concatenate([across @ small, dense.T @ small, [pull.sum()]])
        return float(weights @ np.logaddexp(0, -margins) + 0.5 * (penalty @ (at * at))), slope + penalty * at

    first = np.zeros(len(penalty))
    if start is not None:
        first[:width] = start.words[seen] / rarity
        first[width:-1] = np.concatenate([start.structure, start.meaning / max(settings.meaning, 1e-9)])
        first[-1] = start.bias
    found = minimize(loss, first, jac=True, method="L-BFGS-B", options={"maxiter": settings.steps, "maxcor": 10}).x
    whole = np.zeros(rows.words.shape[1])
    whole[seen] = found[:width] * rarity
    return Fitted(float(found[-1]), whole, found[width : width + other], found[width + other : -1] * settings.meaning)


def platt(scores: Any, truth: Any, weights: Any) -> tuple[Any, float]:
    """Return by what to stretch scores of several sorts, and to shift their sum, so that it is the logarithm of true odds.

    Platt, Probabilistic outputs for support vector machines (1999).
    """
    signs = np.where(truth, 1.0, -1.0)
    weights = weights / weights.sum()

    def loss(at: Any) -> tuple[float, Any]:
        margins = signs * (at[:-1] @ scores + at[-1])
        pull = -weights * signs * expit(-margins)
        return float(weights @ np.logaddexp(0, -margins)), np.append(scores @ pull, pull.sum())

    bounds = [(0.0, None)] * len(scores) + [(None, None)]
    found = minimize(
        loss, np.append(np.ones(len(scores)) / len(scores), 0.0), jac=True, method="L-BFGS-B", bounds=bounds
    ).x
    return found[:-1], float(found[-1])
