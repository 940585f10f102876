"""Finds the signals in a text, in all its forms: as it is written, undisguised, and put together from its pieces."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final

from genai_guard.guards.injection.catalogue import SIGNALS, WORDS
from genai_guard.guards.injection.scripts import SCRIPTS
from genai_guard.text.canonical import Canonical, edited, islands_in, letters_in, may_be_disguised, may_mean, spelled
from genai_guard.text.recall import Recall
from genai_guard.text.rules import Match, by_place
from genai_guard.text.scanner import shared_scanner

__all__ = ["MANY_SHOT", "Finder", "finder"]

MANY_SHOT: Final = len(SIGNALS)
"""Number of the signal that is no pattern: many faked turns."""
_TURNS: Final = 8
_turns: Final = re.compile(
    r"(?<![^\n])[ \t>*]{0,4}(?:assistant|ai|bot|model|gpt|chatbot)[*]{0,2}:", re.IGNORECASE
).finditer
_asked: Final = re.compile(r"(?<![^\n])[ \t>*]{0,4}(?:user|human|me)[*]{0,2}:", re.IGNORECASE).finditer
_pieces: Final = re.compile(
    r"(?:=|\bpart \w{1,9}:?|\+)[ \t]{0,3}(?:'([^'\n]{1,200})'|\"([^\"\n]{1,200})\")", re.IGNORECASE
).finditer
_MOST_PIECES: Final = 400


class _Part:
    """Signals that are looked for together, because the same thing tells that there are none.

    Args:
        numbers: Which.
    """

    __slots__ = ("_numbers", "_scanner")

    def __init__(self, numbers: Sequence[int]) -> None:
        self._numbers: Final = tuple(numbers)
        self._scanner: Final = shared_scanner(SIGNALS[number].rule for number in numbers)

    def find(self, text: str) -> list[Match]:
        return [Match(start, end, self._numbers[rule]) for start, end, rule, _ in self._scanner.find(text)]


class Finder:
    """Finds signals. The index of a signal is `Match.rule`; `Match.reads` is set where it is disguised."""

    __slots__ = ("_marks", "_recall", "_scripts", "_words")

    def __init__(self) -> None:
        numbers = range(len(SIGNALS))
        literal = [number for number in numbers if SIGNALS[number].rule.literals]
        scripts = frozenset(range(len(SIGNALS) - len(SCRIPTS), len(SIGNALS)))
        self._words: Final = _Part([number for number in numbers if number not in literal])
        self._marks: Final = _Part([number for number in literal if number not in scripts])
        self._scripts: Final = _Part(sorted(scripts))
        self._recall: Final = Recall(self._find)

    def find(self, text: str) -> Sequence[Match]:
        """Return the signals of a text, in the order of the text.

        Raises:
            RuleFailed: as in `Scanner.find`.
        """
        return self._recall(text)

    def _find(self, text: str) -> Sequence[Match]:
        found = self._scan(text)
        for form in _forms(text):
            found += self._in_form(form)
        found += self._in_pieces(text)
        found += _many_turns(text)
        if len(found) > 1:
            found = sorted(set(found), key=by_place)
        return tuple(found)

    def _scan(self, text: str) -> list[Match]:
        found = self._words.find(text)
        if "<" in text or "]" in text or "##" in text:
            found += self._marks.find(text)
        if not text.isascii():
            found += self._scripts.find(text)
        return found

    def _in_form(self, form: Canonical) -> Iterator[Match]:
        for match in self._scan(form.text):
            start, end = form.original_span(match.start, match.end)
            yield Match(start, end, match.rule, "")

    def _in_pieces(self, text: str) -> Iterator[Match]:
        """Yield what the quoted pieces say that are assigned one after the other, and stand for all of them."""
        if "'" not in text and '"' not in text:
            return
        pieces = [match for match, _ in zip(_pieces(text), range(_MOST_PIECES), strict=False)]
        if len(pieces) < 2:
            return
        start, end = pieces[0].start(), pieces[-1].end()
        for match in self._scan("".join(piece[1] or piece[2] for piece in pieces)):
            yield Match(start, end, match.rule, "")


@cache
def finder() -> Finder:
    """Return the finder that all guards share: there is one set of signals."""
    return Finder()


def _forms(text: str) -> Iterator[Canonical]:
    """Yield the forms of a text besides the one that is written."""
    plain, read = None, {text}
    islands = []
    if may_be_disguised(text):
        plain, _ = spelled(text)
        islands = islands_in(text if plain is None else plain.text)
        yield from _new(edited(text, plain, islands), read)
    shown = text if plain is None else plain.text
    if may_mean(shown, WORDS):
        for one in ("i", "l"):
            letters = letters_in(shown, words=WORDS, one=one)
            apart = [
                edit for edit in letters if not any(each.start < edit.end and edit.start < each.end for each in islands)
            ]
            yield from _new(edited(text, plain, sorted([*islands, *apart])), read)


def _new(form: Canonical | None, read: set[str]) -> Iterator[Canonical]:
    if form is not None and form.text not in read:
        read.add(form.text)
        yield form


def _many_turns(text: str) -> list[Match]:
    if text.count(":") < 2 * _TURNS or text.count("\n") < 2 * _TURNS - 1:
        return []
    answers = [match.start() for match in _turns(text)]
    if len(answers) < _TURNS or sum(1 for _ in _asked(text)) < _TURNS:
        return []
    return [Match(answers[0], len(text), MANY_SHOT, str(len(answers)))]
