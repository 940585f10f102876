"""One feature in two windows: how far apart, how surely, and how much."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from genai_guard.guards.overlap import STOP_WORDS
from genai_guard.recording.drift import distances
from genai_guard.recording.drift.columns import (
    Column,
    LabelColumn,
    NumberColumn,
    VectorColumn,
    Vocabulary,
    WordsColumn,
    hash_of,
    most_common,
)
from genai_guard.recording.drift.features import FeatureKind
from genai_guard.recording.drift.significance import Test, chi_squared_test, energy_test, ks_p_value

__all__ = ["LEAST_TEXTS", "Difference", "difference"]

LEAST_TEXTS: Final = 5
"""A word is shown once so many texts hold it: what only one user writes is nobody else's business."""

_MOST_SHOWN: Final = 10
_NEW_SHARE: Final = 0.01


@dataclass(frozen=True, slots=True)
class Difference:
    """What the comparison of two windows says of a feature.

    Attributes:
        counts: Values that are compared, of the window before and of this one.
        test: The test; None where nothing can be tested.
        by: Name of the test.
        effect: How large the difference is, from -1 to 1, positive for larger values.
        effect_size: Name of that measure.
        distance: How large it is at least, from 0 to 1, whatever its shape.
        psi: Population stability index.
        js: Jensen-Shannon distance.
        wasserstein: Of numbers.
        total_variation: Of labels.
        l_infinity: Of labels.
        new_items: Labels and words that are common now and were not there before, and their counts.
    """

    counts: tuple[int, int]
    test: Test | None
    by: str
    effect: float | None = None
    effect_size: str = ""
    distance: float = 0.0
    psi: float | None = None
    js: float | None = None
    wasserstein: float | None = None
    total_variation: float | None = None
    l_infinity: float | None = None
    new_items: tuple[tuple[str, int], ...] = ()


def difference(before: Column, after: Column) -> Difference:
    """Return how a column differs from one of its kind."""
    return _COMPARE[after.kind](before, after)


def _numbers(before: NumberColumn, after: NumberColumn) -> Difference:
    return _samples(before.ordered, after.ordered)


def _samples(before: Sequence[float], after: Sequence[float]) -> Difference:
    counts = len(before), len(after)
    if not all(counts):
        return Difference(counts, None, "ks")
    statistic = distances.ks_statistic(before, after)
    edges = distances.quantile_edges(before)
    bins = distances.histogram(before, edges), distances.histogram(after, edges)
    return Difference(
        counts,
        Test(statistic, ks_p_value(statistic, before=counts[0], after=counts[1])),
        "ks",
        effect=distances.cliffs_delta(before, after),
        effect_size="cliffs_delta",
        distance=statistic,
        psi=distances.population_stability(*bins),
        js=distances.jensen_shannon(*bins),
        wasserstein=distances.wasserstein(before, after),
    )


def _labels(before: LabelColumn, after: LabelColumn) -> Difference:
    counts = before.count, after.count
    if not all(counts):
        return Difference(counts, None, "chi_squared")
    names = sorted({*before.counts, *after.counts})
    one, other = [before.counts[name] for name in names], [after.counts[name] for name in names]
    test = chi_squared_test(one, other) or Test(0.0, 1.0)
    return Difference(
        counts,
        test,
        "chi_squared",
        effect=distances.cramers_v(test.statistic, rows=sum(counts)),
        effect_size="cramers_v",
        distance=distances.total_variation(one, other),
        psi=distances.population_stability(one, other),
        js=distances.jensen_shannon(one, other),
        total_variation=distances.total_variation(one, other),
        l_infinity=distances.l_infinity(one, other),
        new_items=_new(after.counts, counts[1], lambda name: name in before.counts),
    )


def _words(before: WordsColumn, after: WordsColumn) -> Difference:
    vocabulary: Vocabulary = before.vocabulary
    known = vocabulary.words
    texts = after.texts_by_word()
    found = _new(texts, len(after.kept), lambda word: word in STOP_WORDS or hash_of(word) in known)
    return replace(_samples(vocabulary.shares, after.new_to(vocabulary)), new_items=found)


def _vectors(before: VectorColumn, after: VectorColumn) -> Difference:
    counts = len(before.kept), len(after.kept)
    if all(counts) and len(before.kept[0]) != len(after.kept[0]):  # of another model: nothing is as it was
        return Difference((before.count, after.count), Test(math.inf, 0.0), "energy", 1.0, "energy_coefficient", 1.0)
    found = energy_test(before.shuffled(), after.shuffled())
    if found is None:
        return Difference(counts, None, "energy")
    test, effect = found
    return Difference((before.count, after.count), test, "energy", effect, "energy_coefficient", effect)


def _new(counts: Counter[str], rows: int, is_known: Callable[[str], bool]) -> tuple[tuple[str, int], ...]:
    """Return what is common and was not there before."""
    least = max(LEAST_TEXTS, int(rows * _NEW_SHARE))
    new = Counter({name: times for name, times in counts.items() if times >= least and not is_known(name)})
    return tuple(most_common(new, _MOST_SHOWN))


_COMPARE: Final[Mapping[FeatureKind, Callable[[Any, Any], Difference]]] = {
    "number": _numbers,
    "label": _labels,
    "words": _words,
    "vector": _vectors,
}
