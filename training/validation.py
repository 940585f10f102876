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

__all__ = ["Folds", "left_out", "sort"]

FOLDS: Final = 6


class Folds:
    """Which texts are judged together by a scorer that was trained without them.

    All texts of a source are in one fold, and each fold has its share of those to be found. A mixture goes with the source of
    what is said in it, and teaches nobody who is judged by any source that it is made of.

    Args:
        examples: All texts.
        group: Says what of a text is left out together: its source, unless said; or its sort, see `sort`.
        count: Of folds.
    """

    def __init__(
        self, examples: Sequence[Example], *, group: Callable[[Example], str] | None = None, count: int = FOLDS
    ) -> None:
        group = group or _origin
        sizes = Counter((bool(each.labels), group(each)) for each in examples)
        load: Counter[tuple[bool, int]] = Counter()
        fold_of: dict[str, int] = {}
        for (found, source), size in sorted(sizes.items(), key=lambda item: (-item[1], item[0])):
            if source not in fold_of:
                fold_of[source] = min(range(count), key=lambda fold: (load[found, fold], fold))
            load[found, fold_of[source]] += size
        self.count: Final = count
        self.judged: Final = np.array([fold_of[group(each)] for each in examples])
        self._touched: Final = np.zeros((count, len(examples)), bool)
        for at, each in enumerate(examples):
            for source in (group(each), *each.made_of):
                if source in fold_of:
                    self._touched[fold_of[source], at] = True

    def taught(self, fold: int) -> Any:
        """Return which texts have nothing of a fold in them."""
        return ~self._touched[fold]


def sort(example: Example) -> str:
    """Return what sort of text it is: what it tries, or the kind of a harmless one."""
    return " ".join(sorted(example.labels)) or example.kind


def _origin(example: Example) -> str:
    return example.made_of[0] if example.made_of else example.source


def left_out(
    rows: Matrix, lesson: Lesson, folds: Folds, settings: Settings, *, progress: Callable[[str], None] = lambda _: None
) -> Any:
    """Return of each text the score that a head gives it which was fitted without its fold."""
    scores = np.zeros(len(folds.judged))
    for fold in range(folds.count):
        out = folds.judged == fold
        fitted = fit(rows, lesson.truth, np.where(folds.taught(fold), lesson.weights, 0.0), settings)
        scores[out] = rows.worst(fitted.scores(rows), len(scores))[out]
        progress(".")
    return scores
