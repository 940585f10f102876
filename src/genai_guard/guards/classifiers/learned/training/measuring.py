"""What a scorer is worth on texts that it has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from genai_guard.wilson import Rate, wilson

__all__ = ["BUDGETS", "CategoryQuality", "budgets_of", "least_for", "quality_of"]

BUDGETS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
"""Shares of harmless texts for which thresholds are kept, if there are enough texts to tell."""


@dataclass(frozen=True, slots=True)
class CategoryQuality:
    """What a category is worth.

    Attributes:
        found: Texts to be found.
        harmless: The others.
        auc: How often one to be found scores above another (Mann and Whitney 1947).
        recall: Of texts to be found, the share that counts if so many of the others may.
    """

    found: int
    harmless: int
    auc: float
    recall: tuple[tuple[float, Rate], ...]

    def facts(self) -> dict[str, Any]:
        """Return it as JSON knows it."""
        recall = {
            f"{budget:g}": {"share": round(rate.value, 4), "interval": [round(rate.low, 4), round(rate.high, 4)]}
            for budget, rate in self.recall
        }
        return {
            "found": self.found,
            "harmless": self.harmless,
            "auc": round(self.auc, 4),
            "recall_at_false_positives": recall,
        }


def budgets_of(harmless: int) -> tuple[float, ...]:
    """Return the shares that so many texts can tell: those of at least one text, and always the two largest."""
    return tuple(budget for budget in BUDGETS if budget * harmless >= 1 or budget in BUDGETS[-2:])


def least_for(budget: float, harmless: Sequence[float]) -> float:
    """Return the least score that at most a share of the harmless texts reaches: half way to the next one that does not count."""
    order = sorted(harmless, reverse=True)
    allowed = int(budget * len(order) + 1e-9)
    below = order[min(allowed, len(order) - 1)]
    above = min((each for each in order if each > below), default=1.0)
    return (above + below) / 2


def quality_of(chances: Sequence[float], truth: Sequence[bool]) -> CategoryQuality:
    """Return what probabilities are worth that were given to texts that were held out."""
    found = [each for each, is_found in zip(chances, truth, strict=True) if is_found]
    harmless = [each for each, is_found in zip(chances, truth, strict=True) if not is_found]
    recall = tuple(
        (budget, wilson(sum(each >= least for each in found), len(found)))
        for budget in budgets_of(len(harmless))
        for least in [least_for(budget, harmless)]
    )
    return CategoryQuality(len(found), len(harmless), _area(found, harmless), recall)


def _area(found: Sequence[float], harmless: Sequence[float]) -> float:
    """Return the area under the ROC curve, by ranks; ties count half."""
    marked = sorted([(each, 1) for each in found] + [(each, 0) for each in harmless])
    total, at = 0.0, 0
    while at < len(marked):
        end = at
        while end < len(marked) and marked[end][0] == marked[at][0]:
            end += 1
        total += sum(mark for _, mark in marked[at:end]) * (at + 1 + end) / 2
        at = end
    return (total - len(found) * (len(found) + 1) / 2) / (len(found) * len(harmless))
