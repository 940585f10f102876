"""Leaving sources out: what a scorer makes of texts whose source it has not seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from training.examples import Example
from training.fitting import Settings, fit
from training.heads import Lesson
from training.matrix import Matrix

__all__ = ["folds", "left_out"]

FOLDS: Final = 6


def folds(examples: Sequence[Example], *, count: int = FOLDS) -> Any:
    """Return the fold of each text: all of a source are in one, and each has its share of texts to be found."""
    sizes = Counter((bool(each.labels), each.source) for each in examples)
    load: dict[tuple[bool, int], int] = Counter()
    fold_of: dict[str, int] = {}
    for (found, source), size in sorted(sizes.items(), key=lambda item: (-item[1], item[0])):
        if source not in fold_of:
            fold_of[source] = min(range(count), key=lambda fold: (load[found, fold], fold))
        load[found, fold_of[source]] += size
    return np.array([fold_of[each.source] for each in examples])


def left_out(
    rows: Matrix, lesson: Lesson, fold: Any, settings: Settings, *, progress: Callable[[str], None] = lambda _: None
) -> Any:
    """Return of each text the score that a head gives it which was fitted without its fold."""
    scores = np.zeros(len(fold))
    for each in np.unique(fold):
        kept = fold != each
        fitted = fit(rows, lesson.truth, np.where(kept, lesson.weights, 0.0), settings)
        scores[~kept] = rows.worst(fitted.scores(rows), len(fold))[~kept]
        progress(".")
    return scores
