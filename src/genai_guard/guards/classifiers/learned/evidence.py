"""Which places of a text moved its scores: what each word, pair of words and sign adds, summed up where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final

from genai_guard.guards.classifiers.learned.model import Head, Model
from genai_guard.guards.classifiers.learned.reading import spans_in, undisguised, windows
from genai_guard.guards.classifiers.learned.scorer import Scorer
from genai_guard.guards.classifiers.learned.structure import STRUCTURES, Hint
from genai_guard.guards.classifiers.learned.units import words_of

__all__ = ["Evidence", "evidence_in"]

_runs: Final = re.compile(r"\S+").finditer


@dataclass(frozen=True, slots=True)
class Evidence:
    """A place of a text, and what it adds to the logarithm of the odds of a category.

    Attributes:
        start: First character, in the text as it was written.
        end: One past the last.
        weight: What it adds; below zero it speaks against the category.
        sign: Which sign of the rules it is; empty for words.
    """

    start: int
    end: int
    weight: float
    sign: str = ""


def evidence_in(text: str, model: Model, scorer: Scorer, *, most: int) -> Mapping[str, tuple[Evidence, ...]]:
    """Return the places that moved the score of each category, of the window that scored highest.

    Args:
        text: As it was written.
        model: Which scored it.
        scorer: Of that model.
        most: Places of each category.
    """
    spans = list(windows(text))
    scored = [scorer.logits(text[start:end]) for start, end in spans]
    found: dict[str, tuple[Evidence, ...]] = {}
    for at, head in enumerate(model.heads):
        column = [logits[at] for logits in scored]
        start, end = spans[column.index(max(column))]
        evidence = list(_evidence(text[start:end], start, at, model, scorer))
        evidence.sort(key=lambda each: (-abs(each.weight), each.start, each.end))
        found[head.name] = tuple(evidence[:most])
    return found


def _evidence(text: str, offset: int, at: int, model: Model, scorer: Scorer) -> Iterator[Evidence]:
    """Yield what each place of a window adds for the head of that number."""
    structure = STRUCTURES[model.task]
    forms = undisguised(text, structure.words)
    shown = forms[-1].text if forms else text
    places = [(run.span(), word) for run in _runs(shown) for word in words_of(run[0])]
    weights = scorer.parts([word for _, word in places], at)
    for first, last, weight in _together(list(zip((place for place, _ in places), weights, strict=True))):
        start, end = spans_in(forms, first, last)
        yield Evidence(offset + start, offset + end, weight)
    for each in _signs(model.heads[at], structure.find(text), structure.names):
        yield replace(each, start=offset + each.start, end=offset + each.end)


def _together(weighed: Sequence[tuple[tuple[int, int], float]]) -> Iterator[tuple[int, int, float]]:
    """Join neighbouring words that speak for the same."""
    for _, group in groupby(weighed, key=lambda each: each[1] > 0):
        members = list(group)
        yield members[0][0][0], members[-1][0][1], sum(weight for _, weight in members)


def _signs(head: Head, hints: Sequence[Hint], names: Sequence[str]) -> Iterator[Evidence]:
    strongest: dict[int, Hint] = {}
    for hint in hints:
        if hint.feature not in strongest or hint.value > strongest[hint.feature].value:
            strongest[hint.feature] = hint
    for at, hint in strongest.items():
        yield Evidence(hint.start, hint.end, head.structure[at] * hint.value, names[at])
