"""How well guards find what is labelled: counts of labels found, of findings that are right, and of false alarms.

No tables and no printing here; `quality.py` has them.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple, Protocol

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from corpus.evasions import EVASIONS, disguised
from corpus.markup import Label, Row
from genai_guard.errors import ConfigurationError
from genai_guard.guards import PII
from genai_guard.guards.credentials import CREDENTIALS
from genai_guard.guards.entities.catalogue import CATALOGUE
from genai_guard.verdicts import Verdict

__all__ = [
    "COVERED",
    "SECRET_KINDS",
    "Alarms",
    "Checker",
    "Misses",
    "Score",
    "Span",
    "alarms",
    "evaded",
    "everything",
    "found",
    "found_plain",
    "guard_of",
    "score",
    "spans",
    "wilson",
]

COVERED: Final = 0.8
"""The part of a label that a finding has to cover."""
SECRET_KINDS: Final = frozenset(CREDENTIALS)
_GENERIC: Final = frozenset({"BASIC_AUTH", "BEARER_TOKEN", "PASSWORD", "SECRET"})
"""Names for what is told by its context: no mistake on a key whose form says more."""
_URLS: Final = frozenset({"CONNECTION_STRING", "URL_CREDENTIALS"})
"""What the two kinds of guard call a password in a URL."""


class Checker(Protocol):
    """Whatever judges a text on its own."""

    def check(self, text: str, /) -> Verdict:
        """Return a verdict with findings."""
        ...


class Span(NamedTuple):
    """What was found, without the context that a finding of a secret begins with."""

    category: str
    start: int
    end: int

    def covers(self, label: Label) -> bool:
        """Tell whether enough of the label lies in this span."""
        common = min(self.end, label.end) - max(self.start, label.start)
        return common >= COVERED * (label.end - label.start)

    def names(self, label: Label) -> bool:
        """Tell whether this says of a label what it is, or what it is more generally."""
        return (
            self.category == label.category
            or (self.category in _GENERIC and label.category in SECRET_KINDS)
            or {self.category, label.category} == _URLS
        )


def everything() -> PII:
    """Return a guard that looks for all entities there are."""
    try:
        return PII("ALL", action="flag")
    except ConfigurationError:
        return PII(tuple(CATALOGUE), action="flag")


def guard_of(category: str) -> str:
    """Return which guard a category belongs to."""
    return "Secrets" if category in SECRET_KINDS else "PII"


def spans(guard: Checker, text: str) -> list[Span]:
    """Return what a guard finds in a text."""
    return [_span(text, finding.category, finding.start, finding.end) for finding in guard.check(text).findings]


def _span(text: str, category: str, start: int, end: int) -> Span:
    if category in SECRET_KINDS:
        with suppress(ValueError):  # disguised, the context is not to be told from the secret
            start += CREDENTIALS[category].context(text[start:end])
    return Span(category, start, end)


def found(label: Label, among: Iterable[Span]) -> bool:
    """Tell whether a label was found as what it is."""
    return any(span.category == label.category and span.covers(label) for span in among)


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Return the 95 % interval of a rate."""
    if not of:
        return 0.0, 1.0
    z, rate = 1.959964, hits / of
    middle = rate + z * z / (2 * of)
    width = z * math.sqrt(rate * (1 - rate) / of + z * z / (4 * of * of))
    return max(0.0, (middle - width) / (1 + z * z / of)), min(1.0, (middle + width) / (1 + z * z / of))


@dataclass(slots=True)
class Misses:
    """Examples for whoever improves the rules."""

    most: int = 0
    examples: dict[str, list[tuple[Row, Label]]] = field(default_factory=dict)

    def add(self, row: Row, label: Label) -> None:
        """Keep an example of its category, up to `most`."""
        kept = self.examples.setdefault(label.category, [])
        if len(kept) < self.most:
            kept.append((row, label))


@dataclass(slots=True)
class Score:
    """What became of the labels and the findings, by category.

    Attributes:
        labels: How many there are.
        hits: How many of them were found as what they are.
        exact: How many of these from the first character to the last.
        anyhow: How many were found as anything.
        right: Findings that lie on a label and name it.
        misnamed: Findings that lie on a label and name it otherwise.
        stray: Findings that lie on no label.
    """

    labels: Counter[str] = field(default_factory=Counter)
    hits: Counter[str] = field(default_factory=Counter)
    exact: Counter[str] = field(default_factory=Counter)
    anyhow: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    misnamed: Counter[str] = field(default_factory=Counter)
    stray: Counter[str] = field(default_factory=Counter)

    def recall(self) -> float:
        """Return the part of all labels that was found."""
        return self.hits.total() / max(1, self.labels.total())


def score(guards: Mapping[str, Checker], rows: Sequence[Row], misses: Misses | None = None) -> Score:
    """Judge rows by all guards; each label is looked for among the findings of its own guard.

    Args:
        guards: By the names that `guard_of` returns. Labels of a guard that is not given are left out.
        rows: Texts with labels.
        misses: Collects examples of labels that were not found.
    """
    result = Score()
    for row in rows:
        by_guard = {name: spans(guard, row.text) for name, guard in guards.items()}
        everyone = [span for those in by_guard.values() for span in those]
        for label in row.labels:
            if (name := guard_of(label.category)) in by_guard:
                _judge_label(result, label, by_guard[name], everyone)
                if misses is not None and not found(label, by_guard[name]):
                    misses.add(row, label)
        _judge_findings(result, everyone, row.labels)
    return result


def _judge_label(result: Score, label: Label, own: Sequence[Span], everyone: Sequence[Span]) -> None:
    name = label.category
    result.labels[name] += 1
    result.hits[name] += found(label, own)
    result.exact[name] += any(span == (name, label.start, label.end) for span in own)
    result.anyhow[name] += any(span.covers(label) for span in everyone)


def _judge_findings(result: Score, everyone: Iterable[Span], labels: Sequence[Label]) -> None:
    for span in everyone:
        over = [label for label in labels if span.start < label.end and label.start < span.end]
        right = any(span.names(label) for label in over)
        (result.right if right else result.misnamed if over else result.stray)[span.category] += 1


def evaded(guards: Mapping[str, Checker], rows: Sequence[Row]) -> Iterator[tuple[str, Score]]:
    """Yield each evasion and the score of the rows it has a hold on, of labels alone that are found undisguised."""
    plain = list(found_plain(guards, rows))
    for evasion in EVASIONS:
        changed = (disguised(row, evasion) for row in plain)
        yield evasion, score(guards, [row for row in changed if row])


def found_plain(guards: Mapping[str, Checker], rows: Sequence[Row]) -> Iterator[Row]:
    """Yield rows with those of their labels that are found as they are written."""
    for row in rows:
        by_guard = {name: spans(guard, row.text) for name, guard in guards.items()}
        labels = tuple(label for label in row.labels if found(label, by_guard.get(guard_of(label.category), ())))
        if labels:
            yield Row(row.id, row.lang, row.source, row.text, labels)


@dataclass(slots=True)
class Alarms:
    """False alarms on texts in which nothing is to be found, counted in rows.

    Attributes:
        rows: How many texts there are, by source and by language.
        flagged: How many of them had a finding, by source and by language.
        by_category: How many had a finding of a category.
        examples: A row and what was found in it, up to so many as were asked for of each category.
    """

    rows: Counter[str] = field(default_factory=Counter)
    flagged: Counter[str] = field(default_factory=Counter)
    by_category: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[tuple[Row, Span]]] = field(default_factory=dict)


def alarms(guard: Checker, rows: Iterable[Row], *, most: int = 0) -> Alarms:
    """Judge texts in which there is nothing to be found.

    Args:
        guard: What judges them.
        rows: Texts without labels.
        most: How many examples of each category to keep.
    """
    result = Alarms()
    for row in rows:
        those = spans(guard, row.text)
        groups = ("all", f"source {row.source}", f"language {row.lang}")
        result.rows.update(groups)
        result.flagged.update(groups if those else ())
        result.by_category.update({span.category for span in those})
        for span in those:
            kept = result.examples.setdefault(span.category, [])
            if len(kept) < most:
                kept.append((row, span))
    return result
