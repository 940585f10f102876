"""What the learned scorer of harmful content says of a text."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import cache

from genai_guard.guards.classifiers.categories import CATEGORIES
from genai_guard.guards.classifiers.learned.classifier import built_in
from genai_guard.verdicts import Finding

__all__ = ["learned_findings", "thresholds"]


@cache
def thresholds(false_positives: float) -> Mapping[str, float]:
    """Return from which probability on each category counts.

    Raises:
        ConfigurationError: a share that was not measured, or no model.
    """
    return {each: built_in("harm").threshold(each, false_positives=false_positives) for each in CATEGORIES}


def learned_findings(text: str, categories: Collection[str], false_positives: float, *, name: str) -> Iterator[Finding]:
    """Yield a finding for each category that scores high enough, at the place that speaks most for it.

    Args:
        text: What to judge.
        categories: Which to look for.
        false_positives: Share of harmless texts that may count.
        name: Of the guard.
    """
    least = thresholds(false_positives)
    scores = built_in("harm").score(text)
    found = {
        category: score for category, score in scores.items() if category in categories and score >= least[category]
    }
    if not found:
        return
    evidence = built_in("harm").explain(text)
    for category, score in found.items():
        place = next((each for each in evidence[category] if each.weight > 0), None)
        start, end = (place.start, place.end) if place else (0, len(text))
        detail = built_in("harm").told(score, least[category])
        yield Finding(f"{name}.{category}", category.upper(), start, end, round(score, 3), name, "", detail)
