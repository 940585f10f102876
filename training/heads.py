"""Which texts teach a head, and how much each of them weighs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from genai_guard.guards.classifiers.categories import CATEGORIES
from training.examples import Example, Task

__all__ = ["HEADS", "Lesson", "lesson"]

HEADS: Final[dict[Task, tuple[str, ...]]] = {"injection": ("injection", "indirect_injection"), "harm": CATEGORIES}
_HARMLESS_SHARE: Final = 0.6
"""Of the weight of all texts; the rest is that of texts to be found."""
_ELSEWHERE: Final = 0.25
"""What a harmless prompt weighs for the head of documents, beside a harmless document."""
_ANOTHER: Final = 0.3
"""What a text of another category weighs for a head of harm, beside a harmless one."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a head learns from.

    Attributes:
        truth: Of each text, whether it is to be found.
        weights: Of each text; they come to one.
        judged: Which harmless texts its rate of false positives is measured on.
    """

    truth: Any
    weights: Any
    judged: Any


def lesson(head: str, examples: Sequence[Example], *, balance: float = 0.5) -> Lesson:
    """Return what a head learns from.

    Args:
        head: Its name.
        examples: All texts.
        balance: How far large sources are held back: 0 weighs each text alike, 1 each source.
    """
    truth = np.array([_is_found(head, each) for each in examples])
    worth = np.array([_worth(head, each) for each in examples])
    sizes = Counter((each.source, bool(found)) for each, found in zip(examples, truth, strict=True))
    worth *= np.array(
        [sizes[each.source, bool(found)] ** -balance for each, found in zip(examples, truth, strict=True)]
    )
    weights = np.where(
        truth, worth / worth[truth].sum() * (1 - _HARMLESS_SHARE), worth / worth[~truth].sum() * _HARMLESS_SHARE
    )
    return Lesson(truth, weights, np.array([_is_judged(head, each) for each in examples]))


def _is_found(head: str, example: Example) -> bool:
    return head in example.labels if head in CATEGORIES else bool(example.labels)


def _worth(head: str, example: Example) -> float:
    if head == "indirect_injection":
        return 1.0 if example.place != "prompt" else _ELSEWHERE
    if head in CATEGORIES and example.labels and head not in example.labels:
        return _ANOTHER
    return 1.0


def _is_judged(head: str, example: Example) -> bool:
    if example.labels:
        return False
    return (
        example.place != "prompt" if head == "indirect_injection" else example.place == "prompt" or head != "injection"
    )
