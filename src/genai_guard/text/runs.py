"""Runs: stretches of a text that repeat so many words of another text, one after the other.

Both texts are cut into words, case-folded; points, quotes, white space and other marks between words are passed over,
up to 64 characters of them. A character of a script that is written without spaces counts as half a word.

Each word of the other text gets a character of its own, so that a text becomes a string in which a sequence of words is
a slice, and is looked up as one. Words that the other text does not have become NUL, which is in no sequence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Final, NamedTuple

import regex

from genai_guard.text.holds import Holds
from genai_guard.text.rules import Match, Rule, by_place
from genai_guard.text.scanner import Cursors, Scanner
from genai_guard.text.words import UNSPACED, fold

__all__ = ["RunScanner"]

_MAX_GAP: Final = 64
_UNKNOWN: Final = "\0"
_ascii_words: Final = re.compile(r"[A-Za-z0-9]+").finditer
_list_ascii_words: Final = re.compile(r"[a-z0-9]+").findall
_words: Final = regex.compile(
    rf"[{UNSPACED}]\p{{M}}*+|[^\W_{UNSPACED}](?:[^\W_{UNSPACED}]|[\p{{M}}\u200c\u200d])*+"
).finditer
_is_unspaced: Final = re.compile(f"[{UNSPACED}]").match
_has_unspaced: Final = re.compile(f"[{UNSPACED}]").search


class _Words(NamedTuple):
    """The words of a stretch of text: one character for each, and where each stands in the text.

    `weights` are twice the words up to each place; empty if each weighs as much as any other.
    """

    ids: str
    spans: list[tuple[int, int]]
    weights: list[int]


class _Run(NamedTuple):
    """A run, by its first word and the word behind its last."""

    first: int
    end: int


class RunScanner(Scanner):
    """Finds the runs of at least `min_words` words that a text has in common with another.

    A scanner of one rule, in all that `Views` and streams ask of it. A run is as long as it can be: sequences of
    `min_words` words that overlap are one.

    Args:
        rule: What a run is called; its pattern is not looked for.
        source: The other text.
        min_words: Words of a run, at least. If the source has fewer, all of it has to be there.
        exceptions: Texts that may be repeated: a run ends where one of them stands in the source.

    Attributes:
        words: How many words the source has.
    """

    __slots__ = (
        "_exceptions",
        "_grams",
        "_ids",
        "_least",
        "_min_words",
        "_run_holds",
        "_size",
        "_source",
        "_table",
        "_widest",
        "words",
    )

    def __init__(self, rule: Rule, source: str, *, min_words: int, exceptions: Iterable[str] = ()) -> None:
        super().__init__((rule,), engine="core")
        self._source: Final = source
        self._exceptions: Final = tuple(exceptions)
        self._min_words: Final = min_words
        self._table: Final = _Table()
        words = [fold(found.group()) for found in _words(source)]
        for word in words:
            self._table.setdefault(word, chr(len(self._table) + 1))
        self._widest: Final = max(map(len, words), default=0)
        own = self._without(self._cut(source, 0))
        self._ids: Final = own.ids
        weight = own.weights[-1] if own.weights else 2 * len(own.ids)
        self._size: int = min(2 * min_words, weight)
        self._least: Final = -(-self._size // 2)
        self.words: Final = weight // 2
        self._grams: Final = frozenset(self._grams_of(own)) - {""}
        self._run_holds: Final = _RunHolds(self)

    def __reduce__(self) -> tuple[object, ...]:  # type: ignore[override]
        return _rebuilt, (self.rules[0], self._source, self._min_words, self._exceptions)

    @property
    def holds(self) -> Holds:
        """What a stream needs to know."""
        return self._run_holds

    def find(self, text: str) -> list[Match]:
        """Return every run, in order."""
        return self.collect(text, 0, len(text))

    def collect(
        self,
        text: str,
        lo: int,
        hi: int,
        *,
        cursors: Cursors | None = None,
        skip_words: bool = False,  # noqa: ARG002  there is but one way to find a run
    ) -> list[Match]:
        """Return the runs that begin in `text[lo:hi]`; those that begin before are known."""
        if not self._grams:
            return []
        lo = lo if cursors is None else max(cursors.get(0, lo), lo)
        if len(text) - lo < 2 * self._least - 1:  # that many words, and what parts them
            return []
        if not lo and hi == len(text) and text.isascii() and not self._may_have_run(text):
            return []
        words = self._cut(text, lo)
        spans = words.spans
        found = [Match(spans[run.first][0], spans[run.end - 1][1], 0) for run in self._runs(words)]
        found = [match for match in found if match.start < hi]
        if cursors is not None and found and found[-1].end > hi:
            cursors[0] = found[-1].end
        return sorted(found, key=by_place)

    def open_from(self, text: str, lo: int) -> int:
        """Return the first place, from `lo` on, at which a run could begin, or go on, that more text decides about."""
        if not self._grams:
            return len(text)
        words = self._cut(text, lo)
        whole = self._without_unfinished(words, text)
        place = words.spans[-1][0] if len(whole.ids) < len(words.ids) else len(text)
        first = self._open_word(whole, place)
        if first == len(whole.ids):
            return place
        runs = self._runs(whole) if len(whole.ids) >= self._least else ()
        run = next((run for run in runs if run.end > first), None)
        return whole.spans[first if run is None else min(run.first, first)][0]

    def _without_unfinished(self, words: _Words, text: str) -> _Words:
        """Leave out a last word that may go on. One that is longer than any of the source is none of it already."""
        ids, spans, weights = words
        if not spans or spans[-1][1] < len(text) or spans[-1][1] - spans[-1][0] > self._widest:
            return words
        return _Words(ids[:-1], spans[:-1], weights[:-1])

    def _without(self, source: _Words) -> _Words:
        """Put NUL for the words of the source that stand in an exception."""
        ids = source.ids
        for text in self._exceptions:
            excused = self._cut(text, 0).ids
            ids = ids.replace(excused, _UNKNOWN * len(excused)) if excused else ids
        return source._replace(ids=ids)

    def _open_word(self, words: _Words, end: int) -> int:
        """Return the first word from which on all words up to the end may be the beginning of more."""
        ids, spans, _ = words
        first = len(ids)
        if spans and end - spans[-1][1] > _MAX_GAP:
            return first
        while first and len(ids) - first < self._size and ids[first - 1 :] in self._ids:
            first -= 1
        return first

    def _may_have_run(self, text: str) -> bool:
        """Whether an ASCII text has so many words in a row that the source has too."""
        ids = "".join(map(self._table.__getitem__, _list_ascii_words(text.lower())))
        least = self._least
        parts = (_Words(part, [], []) for part in ids.split(_UNKNOWN) if len(part) >= least)
        return any(True for part in parts for _ in self._hits(part))

    def _cut(self, text: str, lo: int) -> _Words:
        """Return the words of `text[lo:]`; NUL stands where a gap is too wide, too."""
        ids: list[str] = []
        spans: list[tuple[int, int]] = []
        weights: list[int] = []
        is_mixed = not text.isascii() and _has_unspaced(text, lo) is not None
        find = _ascii_words if text.isascii() else _words
        last = lo
        for found in find(text, lo):
            start, end = found.span()
            if start - last > _MAX_GAP and spans:
                ids.append(_UNKNOWN)
                spans.append((start, start))
                weights.append(0)
            word = found.group()
            ids.append(_UNKNOWN if start == lo and _goes_on(text, lo) else self._table[fold(word)])
            spans.append((start, end))
            weights.append(1 if is_mixed and _is_unspaced(word) else 2)
            last = end
        return _Words("".join(ids), spans, list(accumulate(weights)) if is_mixed else [])

    def _runs(self, words: _Words) -> Iterator[_Run]:
        """Yield the runs, in order."""
        first = end = -1
        for start, stop in self._hits(words):
            if start < end:
                end = stop
                continue
            if end >= 0:
                yield _Run(first, end)
            first, end = start, stop
        if end >= 0:
            yield _Run(first, end)

    def _hits(self, words: _Words) -> Iterator[tuple[int, int]]:
        """Yield the sequences of the source that a text has, in order."""
        ids, grams = words.ids, self._grams
        if words.weights:
            return ((at, end) for at, end in self._sequences(words) if ids[at:end] in grams)
        size = self._least
        return ((at, at + size) for at in range(len(ids) - size + 1) if ids[at : at + size] in grams)

    def _sequences(self, words: _Words) -> Iterator[tuple[int, int]]:
        """Yield, for each word that enough words follow, the fewest words from there on that weigh enough."""
        ids, _, weights = words
        if not weights:
            yield from ((at, at + self._least) for at in range(len(ids) - self._least + 1))
            return
        end = before = 0
        for at in range(len(ids)):
            while end < len(ids) and (not end or weights[end - 1] - before < self._size):
                end += 1
            if weights[end - 1] - before < self._size:
                return
            yield at, end
            before = weights[at]

    def _grams_of(self, words: _Words) -> Iterator[str]:
        return (words.ids[start:end] for start, end in self._sequences(words) if _UNKNOWN not in words.ids[start:end])


class _Table(dict[str, str]):
    """The character of each word."""

    def __missing__(self, word: str) -> str:
        return _UNKNOWN


class _RunHolds(Holds):
    """What a stream needs to know about a scanner of runs."""

    __slots__ = ("_scanner",)

    def __init__(self, scanner: RunScanner) -> None:
        super().__init__(())
        self._scanner: Final = scanner

    def is_quiet(self, text: str) -> bool:  # noqa: ARG002  that takes as long as to look
        """Return False: whether a run begins in a text only a search can tell."""
        return False

    def open_from(self, text: str, lo: int, *, quiet: bool) -> int:  # noqa: ARG002  as above
        """Return the first place, from `lo` on, at which a run could begin or go on that more text would decide about."""
        return self._scanner.open_from(text, lo)


def _goes_on(text: str, at: int) -> bool:
    """Whether a word begins before `at` and goes on there, given that a letter or digit stands there."""
    before = text[at - 1 : at]
    return before.isalnum() and not _is_unspaced(before) and not _is_unspaced(text, at)


def _rebuilt(rule: Rule, source: str, min_words: int, exceptions: tuple[str, ...]) -> RunScanner:
    return RunScanner(rule, source, min_words=min_words, exceptions=exceptions)
