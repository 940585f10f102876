"""`LexicalClassifier`: six categories of unsafe content by words and phrases, without a model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from math import prod
from typing import Final, NamedTuple

from genai_guard.guards.classifiers.categories import CATEGORIES
from genai_guard.guards.classifiers.expressions import PATTERNS
from genai_guard.guards.classifiers.lexicon import EXCUSES, PHRASES, WEAKER, expanded
from genai_guard.text.promises import literals_of, promises_of, starts_of
from genai_guard.text.recall import Recall
from genai_guard.text.rules import Match, Rule
from genai_guard.text.scanner import shared_scanner
from genai_guard.text.views import Views
from genai_guard.text.words import fold

__all__ = ["LexicalClassifier", "Place"]

_EXCUSE: Final = "excuse"
_WEAKER: Final = "weaker "
_NEAR: Final = 400
_LONGEST: Final = 600
"""No expression of the lexicon matches more characters: a test adds them up."""


class Place(NamedTuple):
    """Where a text speaks for a category.

    Attributes:
        category: One of the six.
        start: First character.
        end: One past the last.
        score: Of the category around this place.
    """

    category: str
    start: int
    end: int
    score: float


class _Hit(NamedTuple):
    start: int
    end: int
    score: float
    key: str


class LexicalClassifier:
    """Scores a text by words, phrases and short expressions that speak for a category. Needs no model.

    English, and the plainest forms in German, Spanish, French and Italian. Each expression has a score. Different ones
    near each other add up, as chances do: `1 - (1 - a)(1 - b)`. Expressions that are known to be harmless excuse what
    they overlap ("kill the heat", "blue tits"), and what speaks of news, medicine or a game nearby makes a score
    weaker. Disguises are seen through as by other guards.

    It knows words, not meaning: it misses what is said without them, and what it flags may be a quotation. Of long
    texts each stretch is scored by itself, and the highest score counts. The time is linear in the text.
    """

    __slots__ = ()

    def __init__(self) -> None:
        _found()  # here rather than with the first text

    def classify(self, text: str, /) -> dict[str, float]:
        """Return a score from 0 to 1 for each category."""
        scores: dict[str, float] = dict.fromkeys(CATEGORIES, 0.0)
        for place in self.places(text):
            scores[place.category] = max(scores[place.category], place.score)
        return scores

    def places(self, text: str, /) -> list[Place]:
        """Return where the text speaks for a category, in the order of the text."""
        matches = _found()(text)
        if not matches:
            return []
        rules = _rules()
        hits: dict[str, list[_Hit]] = {}
        for match in matches:
            rule = rules[match.rule]
            written = text[match.start : match.end] if match.reads is None else match.reads
            key = f"{match.rule} {fold(written)}" if rule.keywords else rule.id
            hits.setdefault(rule.category, []).append(_Hit(match.start, match.end, rule.score, key))
        excuses = hits.pop(_EXCUSE, [])
        return sorted(_scored(hits, excuses), key=lambda place: (place.start, -place.end, place.category))

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self)

    def __hash__(self) -> int:
        return hash(type(self))

    def __repr__(self) -> str:
        return "LexicalClassifier()"


def _scored(hits: dict[str, list[_Hit]], excuses: Sequence[_Hit]) -> Iterator[Place]:
    for category in CATEGORIES:
        left = list(_unexcused(hits.get(category, ()), excuses))
        if left:
            factor = WEAKER[category][0]
            weaker = [hit.start for hit in hits.get(_WEAKER + category, ())]
            for group in _near_each_other(left):
                score = _together(group)
                if any(group[0].start - _NEAR < at < group[-1].end + _NEAR for at in weaker):
                    score *= factor
                yield from (Place(category, hit.start, hit.end, round(score, 3)) for hit in group)


def _unexcused(hits: Iterable[_Hit], excuses: Sequence[_Hit]) -> Iterator[_Hit]:
    """Leave out the hits that an excuse overlaps. Both are in the order of the text, and excuses are short."""
    first = 0
    for hit in hits:
        while first < len(excuses) and excuses[first].start + _LONGEST < hit.start:
            first += 1
        at, is_excused = first, False
        while at < len(excuses) and excuses[at].start < hit.end:
            is_excused = is_excused or excuses[at].end > hit.start
            at += 1
        if not is_excused:
            yield hit


def _near_each_other(hits: Sequence[_Hit]) -> Iterator[list[_Hit]]:
    """Cut hits into stretches of a few hundred characters, so that a long text does not add up to anything."""
    group: list[_Hit] = []
    for hit in hits:
        if group and hit.start - group[0].start > _NEAR:
            yield group
            group = []
        group.append(hit)
    yield group


def _together(group: Sequence[_Hit]) -> float:
    best: dict[str, float] = {hit.key: hit.score for hit in group}
    return 1 - prod(1 - score for score in best.values())


@cache
def _rules() -> tuple[Rule, ...]:
    rules = [
        Rule(f"lexical.{category}.phrases_{number}", category, keywords=tuple(phrases.split("|")), ignore_case=True, score=score)
        for number, ((category, score), phrases) in enumerate(PHRASES.items())
    ]  # fmt: skip
    patterns = [
        *PATTERNS,
        *((_EXCUSE, 1.0, pattern) for pattern in EXCUSES),
        *((_WEAKER + category, 1.0, pattern) for category, (_, pattern) in WEAKER.items()),
    ]
    rules += (_rule(number, *each) for number, each in enumerate(patterns))
    return tuple(rules)


def _rule(number: int, category: str, score: float, pattern: str) -> Rule:
    source = expanded(pattern)
    promises = promises_of(source)
    return Rule(
        f"lexical.{category}.{number}",
        category,
        source,
        ignore_case=True,
        unicode=True,
        max_length=_LONGEST,
        score=score,
        words=promises.words,
        beside=promises.beside,
        literals=() if promises.words else literals_of(source, ignore_case=True),
        starts=starts_of(source),
        min_length=promises.min_length,
    )


@cache
def _found() -> Recall[Sequence[Match]]:
    """Return what finds the expressions; the learned scorer asks for those of the same text again."""
    return Recall(_views().find)


@cache
def _views() -> Views:
    rules = _rules()
    plain = [number for number, rule in enumerate(rules) if rule.category.startswith(_WEAKER)]
    return Views(shared_scanner(rules), plain=plain, kinds=range(len(rules)))
