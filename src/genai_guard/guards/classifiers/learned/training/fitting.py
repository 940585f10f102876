"""Logistic regression on sparse rows, with numpy alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from genai_guard.guards.classifiers.learned.training.features import Rows, numpy

__all__ = ["Fitted", "fit", "platt", "worst"]

_STEPS: Final = 200
_NEWTON: Final = 50
_EXACT: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Fitted:
    """Weights of a category, and the logarithm of the odds of a text without features."""

    weights: Any
    bias: float

    def scores(self, rows: Rows, texts: int) -> Any:
        """Return the highest value that a window of each text reaches."""
        return worst(rows, rows.scores(self.weights, self.bias), texts)


def worst(rows: Rows, values: Any, texts: int) -> Any:
    """Return the highest of the values of the rows of each text; none for a text without rows."""
    np = numpy()

    best = np.full(texts, -np.inf)
    np.maximum.at(best, rows.text, values)
    return best


def fit(rows: Rows, truth: Any, *, penalty: float) -> Fitted:
    """Fit a category. Harmless texts and those to be found have the same weight altogether, whatever their numbers.

    Of a text to be found that has several windows, first nobody knows which it is: they take part in a second round, with the
    window that scored highest in the first. Minimised is the regularised logistic loss, by accelerated gradients of a fixed
    step (Nesterov 1983; Beck and Teboulle 2009), so that the same data gives the same weights.

    Args:
        rows: All windows.
        truth: Of each text, whether it is to be found.
        penalty: Of the squared weights.
    """
    np = numpy()

    found = truth[rows.text]
    alone = np.bincount(rows.text, minlength=len(truth))[rows.text] == 1
    first = _fit(rows.of(alone | ~found), truth, penalty) if (alone & found).any() else None
    if first is None or (alone | ~found).all():
        return first or _fit(rows, truth, penalty)
    values = rows.scores(first.weights, first.bias)
    return _fit(rows.of(~found | (values >= worst(rows, values, len(truth))[rows.text])), truth, penalty)


def _fit(rows: Rows, truth: Any, penalty: float) -> Fitted:
    np = numpy()

    seen, columns = np.unique(rows.columns, return_inverse=True)
    width, rows = rows.width, replace(rows, columns=columns, width=len(seen))
    found = truth[rows.text]
    share = 1 / np.bincount(rows.text, minlength=len(truth))[rows.text]
    weights = np.where(found, share / max(share[found].sum(), 1e-9), share / max(share[~found].sum(), 1e-9)) / 2
    signs = np.where(found, 1.0, -1.0)
    squares = np.bincount(rows.row, rows.values**2, minlength=len(rows.text)) + 1
    step = 1 / (0.25 * float(weights @ squares) + penalty)
    at = ahead = np.zeros(rows.width)
    bias = bias_ahead = 0.0
    for number in range(_STEPS):
        margins = signs * rows.scores(ahead, bias_ahead)
        pull = -weights * signs / (1 + np.exp(np.clip(margins, -700, 700)))
        new = ahead - step * (rows.pulled(pull) + penalty * ahead)
        new_bias = bias_ahead - step * float(pull.sum())
        push = number / (number + 3)
        ahead, bias_ahead = new + push * (new - at), new_bias + push * (new_bias - bias)
        at, bias = new, new_bias
    whole = np.zeros(width)
    whole[seen] = at
    return Fitted(whole, bias)


def platt(scores: Any, truth: Any) -> tuple[float, float]:
    """Return by what to stretch scores, and to shift them, so that they are the logarithms of true odds.

    The targets are those of Platt (1999), a little inside of 0 and 1; the method that of Newton. The slope is not negative.
    """
    np = numpy()

    hits = int(truth.sum())
    wanted = np.where(truth, (hits + 1) / (hits + 2), 1 / (len(truth) - hits + 2))
    slope, shift = 1.0, 0.0
    for _ in range(_NEWTON):
        chance = 1 / (1 + np.exp(-np.clip(slope * scores + shift, -700, 700)))
        off, spread = chance - wanted, chance * (1 - chance) + 1e-12
        gradient = np.array([off @ scores, off.sum()])
        curve = np.array([[spread @ scores**2, spread @ scores], [spread @ scores, spread.sum()]]) + 1e-9 * np.eye(2)
        step = np.linalg.solve(curve, gradient)
        step *= min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-12))
        slope, shift = slope - float(step[0]), shift - float(step[1])
        if float(np.abs(step).max()) < _EXACT:
            break
    return max(slope, 0.0), shift
