"""Fits the weights of a head: logistic regression on sparse rows, regularised, of each text by its worst window."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from training.matrix import Matrix

__all__ = ["Fitted", "Settings", "fit", "platt"]

_STEPS: Final = 200


@dataclass(frozen=True, slots=True)
class Settings:
    """What is chosen by leaving sources out.

    Attributes:
        penalty: Of the squared weights of words.
        structure_penalty: Of those of the features that rules find.
        rounds: How often the worst window of a text is looked for anew.
    """

    penalty: float = 1.0
    structure_penalty: float = 0.05
    rounds: int = 2


@dataclass(frozen=True, slots=True)
class Fitted:
    """Weights of one head."""

    bias: float
    words: Any
    structure: Any

    def scores(self, rows: Matrix) -> Any:
        """Return the logarithm of the odds of each row."""
        return self.bias + rows.words @ self.words + rows.structure @ self.structure


def fit(rows: Matrix, truth: Any, weights: Any, settings: Settings) -> Fitted:
    """Fit a head.

    Texts with several windows take part with that which scores highest, as when they are judged; in the first round
    with all of them, each for its share.

    Args:
        rows: All windows.
        truth: Of each text, whether it has what is looked for.
        weights: Of each text; zero leaves it out.
        settings: How.
    """
    used = np.flatnonzero(weights[rows.text] > 0)
    owners = rows.text[used]
    share = 1 / np.bincount(owners, minlength=len(truth))[owners]
    fitted = _fit(rows, used, truth[owners], weights[owners] * share, settings, None)
    for _ in range(settings.rounds):
        scores = fitted.scores(rows)
        order = np.lexsort((-scores[used], owners))
        _, first = np.unique(owners[order], return_index=True)
        chosen = used[order[first]]
        if len(chosen) == len(used):
            break
        texts = rows.text[chosen]
        fitted = _fit(rows, chosen, truth[texts], weights[texts], settings, fitted)
    return fitted


def _fit(rows: Matrix, chosen: Any, truth: Any, weights: Any, settings: Settings, start: Fitted | None) -> Fitted:
    words = rows.words[chosen]
    seen = np.flatnonzero(np.asarray((words != 0).sum(axis=0)).ravel())
    words = words[:, seen].tocsr()
    across = words.T.tocsr()
    structure = rows.structure[chosen].astype(np.float64)
    signs = np.where(truth, 1.0, -1.0)
    weights = weights / weights.sum()
    width = len(seen)
    penalty = np.concatenate(
        [np.full(width, settings.penalty), np.full(structure.shape[1], settings.structure_penalty), [0.0]]
    ) * 1e-4

    def loss(at: Any) -> tuple[float, Any]:
        margins = signs * (words @ at[:width] + structure @ at[width:-1] + at[-1])
        pull = -weights * signs * expit(-margins)
        slope = np.concatenate([across @ pull, structure.T @ pull, [pull.sum()]])
        value = weights @ np.logaddexp(0, -margins) + 0.5 * (penalty @ (at * at))
        return float(value), slope + penalty * at

    first = np.zeros(width + structure.shape[1] + 1)
    if start is not None:
        first[:width], first[width:-1], first[-1] = start.words[seen], start.structure, start.bias
    found = minimize(loss, first, jac=True, method="L-BFGS-B", options={"maxiter": _STEPS, "maxcor": 10}).x
    weights_of_all = np.zeros(rows.words.shape[1])
    weights_of_all[seen] = found[:width]
    return Fitted(float(found[-1]), weights_of_all, found[width:-1])


def platt(fitted: Fitted, scores: Any, truth: Any, weights: Any) -> Fitted:
    """Return the head with its odds stretched and shifted so that they are true of texts that it was not fitted to.

    Platt, Probabilistic outputs for support vector machines (1999).
    """
    signs = np.where(truth, 1.0, -1.0)
    weights = weights / weights.sum()

    def loss(at: Any) -> float:
        return float(weights @ np.logaddexp(0, -signs * (at[0] * scores + at[1])))

    slope, shift = minimize(loss, np.array([1.0, 0.0]), method="Nelder-Mead").x
    return replace(
        fitted,
        bias=float(fitted.bias * slope + shift),
        words=fitted.words * slope,
        structure=fitted.structure * slope,
    )


