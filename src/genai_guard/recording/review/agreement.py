"""How far reviewers agree, beyond what chance would do. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TypeAlias

from genai_guard.recording.review.values import ReviewItem

__all__ = ["Agreement", "agreement", "cohens_kappa", "krippendorffs_alpha"]

Rating: TypeAlias = Hashable
"""What somebody said of something: any label."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far reviewers agree.

    Attributes:
        units: How many calls or rules were judged by two or more.
        share: Share of pairs of judgements that are the same; not a number (`nan`) without any.
        alpha: Krippendorff's alpha for labels; `nan` without two judgements of one unit, or with one label in all.
        kappas: Cohen's kappa of each pair of reviewers who judged the same units, by their names; `nan` as above.
    """

    units: int
    share: float
    alpha: float
    kappas: Mapping[tuple[str, str], float]


def agreement(items: Iterable[ReviewItem]) -> Agreement:
    """Return how far the reviewers of a queue agree, by their labels.

    Each rule that fired is a unit of its own, as is a call in which none did. What decides an escalated item is left out:
    whoever gave it knew what the others had said.
    """
    units: list[dict[str, str]] = []
    for item in items:
        judged = [each for each in item.reviews if each.kind == "judged" and not each.is_final]
        if len(judged) > 1:
            units += [{each.reviewer: each.label_of(rule) for each in judged} for rule in item.subjects]
    pairs = [left == right for unit in units for left, right in combinations(unit.values(), 2)]
    return Agreement(
        len(units),
        sum(pairs) / len(pairs) if pairs else math.nan,
        krippendorffs_alpha([list(unit.values()) for unit in units]),
        dict(_kappas(units)),
    )


def _kappas(units: Sequence[Mapping[str, str]]) -> Iterable[tuple[tuple[str, str], float]]:
    names = sorted({name for unit in units for name in unit})
    for left, right in combinations(names, 2):
        common = [(unit[left], unit[right]) for unit in units if left in unit and right in unit]
        if common:
            yield (left, right), cohens_kappa(common)


def cohens_kappa(pairs: Iterable[tuple[Rating, Rating]]) -> float:
    """Return by how much two raters agree more than by chance: 1 for always, 0 for chance, below 0 for less than that.

    Not a number (`nan`) without pairs, and where both have said one and the same of everything.

    Source: J. Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological Measurement 20
    (1960), 37-46.

    Args:
        pairs: What the first said of a unit, and what the second said of it.
    """
    rated = list(pairs)
    if not rated:
        return math.nan
    left, right = Counter(one for one, _ in rated), Counter(two for _, two in rated)
    same = sum(one == two for one, two in rated)
    by_chance = sum(
        left[label] * right[label] for label in left
    )  # times n squared, whole numbers as long as they can be
    total = len(rated)
    return math.nan if by_chance == total * total else (same * total - by_chance) / (total * total - by_chance)


def krippendorffs_alpha(units: Iterable[Sequence[Rating]]) -> float:
    """Return alpha for nominal data: any number of raters, who need not have rated everything.

    1 is perfect agreement, 0 what chance does, below 0 less than that. Not a number (`nan`) where no unit has two
    ratings, and where there is only one label.

    Source: K. Krippendorff, "Computing Krippendorff's Alpha-Reliability", University of Pennsylvania, 2011.

    Args:
        units: What was said of each unit, by whomsoever.
    """
    totals: Counter[Rating] = Counter()
    disagreeing = 0.0
    for unit in units:
        counts = Counter(unit)
        rated = sum(counts.values())
        if rated > 1:
            totals.update(counts)
            disagreeing += (rated * rated - sum(count * count for count in counts.values())) / (rated - 1)
    values = sum(totals.values())
    expected = values * values - sum(count * count for count in totals.values())
    return 1.0 - (values - 1) * disagreeing / expected if expected else math.nan
