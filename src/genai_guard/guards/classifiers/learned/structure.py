"""What a learned scorer reads besides words: the signs that the rules of its task find, one number for each sort.

Rules say what a reader of a few hundred texts knows already: that "ignore all previous instructions" is an order about
orders, that `<|im_start|>` opens a turn, that something was spelled out or encoded, who is spoken to, and what is only
quoted. A scorer that is told so needs its words only for what no rule says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Final, NamedTuple

from genai_guard.guards.classifiers.categories import CATEGORIES
from genai_guard.guards.classifiers.lexical import LexicalClassifier
from genai_guard.guards.classifiers.lexicon import PHRASES
from genai_guard.guards.injection.catalogue import SIGNALS, WORDS
from genai_guard.guards.injection.finder import finder
from genai_guard.guards.injection.places import Place
from genai_guard.guards.injection.scoring import combined, signs_of

__all__ = ["STRUCTURES", "Hint", "Structure"]


class Hint(NamedTuple):
    """A sign and its feature. Of a feature the highest value counts."""

    feature: int
    value: float
    start: int
    end: int


class Structure(NamedTuple):
    """The features of one task that come from rules.

    Attributes:
        names: What the features are called.
        find: Returns the signs of a text, in no order; nothing for most texts.
        words: Words that are read where they are spaced out or spelled with digits, too.
    """

    names: tuple[str, ...]
    find: Callable[[str], Sequence[Hint]]
    words: frozenset[bytes]


_FAMILIES: Final = (*dict.fromkeys(signal.family for signal in SIGNALS), "many_shot")
_INJECTION: Final = (*(f"said {each}" for each in _FAMILIES), *(f"read {each}" for each in _FAMILIES), "said", "read")
"""Each family as it weighs in what a user says, and in what is only read; and all together."""
_SIDES: Final[tuple[tuple[int, int, Place], ...]] = ((0, -2, "user"), (len(_FAMILIES), -1, "document"))
"""Where the features of each side begin, and which is that of all together."""
_HARM: Final = (*CATEGORIES, "together")


def _injection_hints(text: str) -> Sequence[Hint]:
    matches = finder().find(text)
    if not matches:
        return ()
    hints: list[Hint] = []
    for lo, last, place in _SIDES:
        signs = signs_of(text, matches, place)
        hints += (Hint(lo + _NUMBERS[sign.family], sign.weight, sign.start, sign.end) for sign in signs)
        hints.append(Hint(len(_INJECTION) + last, combined(signs, {}), 0, len(text)))
    return hints


def _harm_hints(text: str) -> Sequence[Hint]:
    places = _lexical().places(text)
    if not places:
        return ()
    hints = [Hint(CATEGORIES.index(each.category), each.score, each.start, each.end) for each in places]
    return [*hints, Hint(len(CATEGORIES), max(each.score for each in places), 0, len(text))]


_NUMBERS: Final = {family: number for number, family in enumerate(_FAMILIES)}
_lexical: Final = cache(LexicalClassifier)
_SPELLED: Final = frozenset(
    word.encode()
    for phrases in PHRASES.values()
    for word in phrases.replace("|", " ").split()
    if word.isascii() and word.isalpha() and len(word) > 3
)
_TRIGGERS: Final = WORDS | {
    word.encode()
    for signal in SIGNALS
    for word in (*signal.rule.words, *signal.rule.beside)
    if word.isascii() and word.isalpha() and len(word) > 2
}

STRUCTURES: Final[Mapping[str, Structure]] = MappingProxyType(
    {
        "injection": Structure(_INJECTION, _injection_hints, _TRIGGERS),
        "harm": Structure(_HARM, _harm_hints, _SPELLED),
    }
)
