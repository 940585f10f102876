r"""One set of rules, looked for in every form of a text that a reader may see in it.

A text has up to four forms: as it is written; its canonical form, in which disguises are undone; and, for keywords, the
two in which spaced-out words are closed and digits are read as letters, with `1` as `i` or as `l`. What is found in a
form is placed into the text as it is written. Of what lies inside of another match of the same kind nothing is said: it
has been said.

Most texts have one form only, which is quick to see.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

from genai_guard.text.canonical import (
    NOTHING_BEFORE,
    Before,
    Canonical,
    edited,
    islands_in,
    letters_in,
    may_be_disguised,
    may_mean,
    prepare,
    spelled,
)
from genai_guard.text.edits import Edit
from genai_guard.text.rules import Match, by_place
from genai_guard.text.scanner import Scanner, shared_scanner
from genai_guard.text.words import folded_words

__all__ = ["Form", "Forms", "Views"]

Form: TypeAlias = Canonical | None
"""A form of a stretch of text; None if that is as it is written."""
Forms: TypeAlias = tuple[Form, ...]

_ONES: Final[tuple[Literal["i", "l"], ...]] = ("i", "l")


class View(NamedTuple):
    """A form in which rules are looked for.

    Attributes:
        scanner: The rules.
        numbers: Their indexes among all rules.
    """

    scanner: Scanner
    numbers: tuple[int, ...]

    def matches(self, form: Canonical) -> Iterator[Match]:
        """Yield the matches in a form, placed into the text as it is written."""
        for match in self.scanner.find(form.text):
            start, end = form.original_span(match.start, match.end)
            yield Match(start, end, self.numbers[match.rule], form.text[match.start : match.end])


class Views:
    """Finds the matches of a set of rules, disguised ones included.

    Args:
        scanner: The rules.
        plain: Indexes of the rules that are looked for only in the text as it is written.
        kinds: For each rule, what its matches have in common with those of other rules; by default the category.

    Attributes:
        scanner: As given.
        views: The forms in which rules are looked for besides.
        words: Words of which one is in every match of a keyword, if keywords are looked for in disguise.
    """

    __slots__ = ("_kinds", "scanner", "views", "words")

    def __init__(self, scanner: Scanner, *, plain: Iterable[int] = (), kinds: Sequence[Hashable] | None = None) -> None:
        self.scanner: Final = scanner
        rules = scanner.rules
        self._kinds: Final = tuple(rule.category for rule in rules) if kinds is None else tuple(kinds)
        disguised = sorted(set(range(len(rules))) - set(plain))
        keywords = [number for number in disguised if rules[number].keywords]
        forms = (disguised, keywords, keywords) if keywords else (disguised,) if disguised else ()
        views = [_view(scanner, numbers) for numbers in forms[:2]]
        self.views: Final = (*views, views[1]) if keywords else tuple(views)
        phrases = (phrase for number in keywords for phrase in rules[number].keywords)
        self.words: Final = frozenset(word for phrase in phrases for word in folded_words(phrase))

    def __reduce__(self) -> tuple[Callable[..., Views], tuple[object, ...]]:
        shown = set[int]().union(*(view.numbers for view in self.views[:1]))
        plain = tuple(set(range(len(self.scanner.rules))) - shown)
        return _rebuilt, (self.scanner, plain, self._kinds)

    def prepare(self, *, streams: bool) -> None:
        """Make what disguised texts need, and `streams`, now rather than with the first of them."""
        if self.views:
            prepare()
        for scanner in (self.scanner, *(view.scanner for view in self.views)) if streams else ():
            _ = scanner.holds

    def find(self, text: str) -> Sequence[Match]:
        """Return every match, in the order of start, then longest, then rule.

        Raises:
            RuleFailed: as in `Scanner.find`.
        """
        found = self.scanner.find(text)
        if self.views and (len(text) >= self.scanner.shortest or not text.isascii()):
            read = {text}
            for view, form in zip(self.views, self.forms(text)[0], strict=True):
                if form is not None and form.text not in read:
                    read.add(form.text)
                    found = [*found, *view.matches(form)]
        return self.without_doubles(found) if len(found) > 1 else found

    def forms(self, text: str, before: Before = NOTHING_BEFORE) -> tuple[Forms, Before | None]:
        """Return the forms of a whole text, or of a settled stretch, and what stands before the text that follows.

        One form for each of the `views`. What stands before is None if the text is its own canonical form.

        Args:
            text: The text.
            before: What stood before it.
        """
        plain, after, islands = None, None, list[Edit]()
        if may_be_disguised(text):
            plain, after = spelled(text, before)
            islands = islands_in(text if plain is None else plain.text, before)
        form = edited(text, plain, islands)
        shown = text if plain is None else plain.text
        if not self.words or not may_mean(shown, self.words):
            return (form,) * len(self.views), after
        letters = (letters_in(shown, before.spelled, words=self.words, one=one) for one in _ONES)
        return (form, *(edited(text, plain, _besides(islands, edits)) for edits in letters)), after

    def without_doubles(self, matches: Iterable[Match]) -> list[Match]:
        """Return the matches in order, without those inside of another one of their kind."""
        reached: dict[Hashable, int] = {}
        kept: list[Match] = []
        for match in sorted(matches, key=_by_place_and_form):
            kind = self._kinds[match.rule]
            if match.end > reached.get(kind, 0):
                reached[kind] = match.end
                kept.append(match)
        return kept


def _by_place_and_form(match: Match) -> tuple[int, int, int, str]:
    """Sort by place, and of one place what is written there first."""
    return (*by_place(match), match.reads or "")


def _view(scanner: Scanner, numbers: Sequence[int]) -> View:
    if len(numbers) == len(scanner.rules):
        return View(scanner, tuple(numbers))
    rules = (scanner.rules[number] for number in numbers)
    return View(shared_scanner(rules, engine=scanner.engine), tuple(numbers))


def _rebuilt(scanner: Scanner, plain: Sequence[int], kinds: Sequence[Hashable]) -> Views:
    return Views(scanner, plain=plain, kinds=kinds)


def _besides(islands: Sequence[Edit], letters: Sequence[Edit]) -> list[Edit]:
    """Return the edits of islands and those of letters outside of them, in order."""
    apart = [edit for edit in letters if not any(each.start < edit.end and edit.start < each.end for each in islands)]
    return sorted([*islands, *apart])
