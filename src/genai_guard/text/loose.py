"""Keywords that forgive and excuse: words that are misspelt match as well, and some phrases make a match harmless.

What holds besides what `genai_guard.text.keywords` says:

- A word of a keyword also matches a word that `genai_guard.text.fuzzy` calls near. In a phrase each word may differ.
- A match that lies within an occurrence of an exception is none, and the search goes on one word further, so that it
  hides nothing that lies only partly within. Exceptions are whole words like keywords, and have to be exact.

A stream holds a match back until it is known whether an exception that begins before it goes on to cover it; an
exception by itself holds nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator
from itertools import accumulate
from typing import Final

from genai_guard.text.fuzzy import NearWords
from genai_guard.text.keywords import GOES_ON, WHOLE, Keywords, spaced
from genai_guard.text.words import ends_word, is_word

__all__ = ["LooseKeywords"]


class LooseKeywords(Keywords):
    """A set of keywords, with exceptions, or forgiving.

    Args:
        keywords: The keywords.
        ignore_case: Whether letters of both cases are equal.
        exceptions: Phrases within which no keyword matches.
        fuzzy: Edits that are forgiven in a word; 0 for none.
    """

    __slots__ = ("_exceptions", "_near")

    def __init__(
        self, keywords: Iterable[str], *, ignore_case: bool = True, exceptions: Iterable[str] = (), fuzzy: int = 0
    ) -> None:
        keywords, exceptions = tuple(keywords), tuple(exceptions)
        super().__init__(keywords, ignore_case=ignore_case)
        self._exceptions: Final = LooseKeywords(exceptions, ignore_case=ignore_case) if exceptions else None
        self._near: Final = self._forgive(keywords, fuzzy) if fuzzy else None
        if self._exceptions is not None:
            self.behind = self._exceptions.max_length
            self.max_length = max(self.max_length, self._exceptions.max_length)

    def open_from(self, text: str, lo: int) -> int:
        """Return the first place, from `lo` on, at which a match could begin that more text would decide about.

        The length of `text` if there is none. An unfinished word at the end counts as undecided.
        """
        tokens, keys = self._cut(text[lo:])
        last = len(keys) - 1
        heads = self._heads_in(keys)
        places = [place for place, key in enumerate(keys) if place == last or key in heads]
        if not places:
            return len(text)
        offsets = _offsets(tokens, lo)
        waits_from = self._waits_from(text, lo)
        for place in places:
            start = offsets[place]
            if self._begins(text, start, keys[place]) and (
                self._is_open(keys, place) or (start >= waits_from and self._is_uncovered(text, keys, offsets, place))
            ):
                return start
        return len(text)

    def everywhere(self, text: str, lo: int) -> Iterator[tuple[int, int]]:
        """Yield the longest match at each place from `lo` on, also where matches overlap; none is excused."""
        tokens, keys = self._cut(text[lo:])
        offsets = _offsets(tokens, lo)
        heads = self._heads_in(keys)
        for place, key in enumerate(keys):
            if key in heads and self._begins(text, offsets[place], key):
                end = self._longest(text, keys, offsets, place)
                if end:
                    yield offsets[place], end

    def _find_in(self, text: str, lo: int, hi: int) -> list[tuple[int, int]]:
        tokens, keys = self._cut(text[lo:])
        heads = self._heads_in(keys)
        places = [place for place, key in enumerate(keys) if key in heads]
        if not places:
            return []
        offsets = _offsets(tokens, lo)
        covers: _Covers | None = None
        found: list[tuple[int, int]] = []
        free = lo
        for place in places:
            start = offsets[place]
            if start >= hi:
                break
            if start >= free and self._begins(text, start, keys[place]):
                end = self._longest(text, keys, offsets, place)
                if end and self._exceptions is not None:
                    covers = covers or _Covers(self._occurrences(text, lo))
                    end = 0 if covers.cover(start, end) else end
                if end:
                    found.append((start, end))
                    free = end
        return found

    def _longest(self, text: str, keys: list[str], offsets: list[int], place: int) -> int:
        end = 0
        phrases: list[str] = [""]
        for at in range(place, len(keys)):
            phrases = [phrase + word for word in self._variants(keys[at]) for phrase in phrases]
            steps = [self._steps.get(phrase, 0) for phrase in phrases]
            if any(step & WHOLE for step in steps) and (not is_word(keys[at]) or ends_word(text, offsets[at + 1])):
                end = offsets[at + 1]
            phrases = [phrase for phrase, step in zip(phrases, steps, strict=True) if step & GOES_ON]
            if not phrases:
                break
        return end

    def _is_open(self, keys: list[str], place: int) -> bool:
        last = len(keys) - 1
        phrases: list[str] = [""]
        for at in range(place, last + 1):
            if at == last and is_word(keys[at]):
                return len(keys[at]) <= self._widest
            phrases = [phrase + word for word in self._variants(keys[at]) for phrase in phrases]
            phrases = [phrase for phrase in phrases if self._steps.get(phrase, 0) & GOES_ON]
            if not phrases:
                return False
        return True

    def _heads_in(self, keys: list[str]) -> Collection[str]:
        """Return the tokens with which a match may begin: at least those of them that are among `keys`."""
        heads, near = self.heads, self._near
        if near is None:
            return heads
        return {key for key in set(keys) if key in heads or not heads.isdisjoint(near.of(key))}

    def _variants(self, key: str) -> tuple[str, ...]:
        """Return the token itself, and the words of keywords that it is near."""
        return (spaced(key),) if self._near is None else (spaced(key), *self._near.of(key))

    def _forgive(self, keywords: Iterable[str], fuzzy: int) -> NearWords:
        """Widen all bounds by the edits; no word that a match must hold is known any more."""
        cut = [self._cut(keyword.strip())[1] for keyword in keywords]
        near = NearWords((token for tokens in cut for token in tokens), edits=fuzzy)
        most = max(sum(map(near.forgives, tokens)) for tokens in cut)
        self.anchors, self.bare_heads = {}, frozenset[str]()
        self.max_length += most
        self.min_length = max(self.min_length - most, 1)
        self.min_length_ascii = max(self.min_length_ascii - most, 1)
        self._widest += fuzzy
        return near

    def _occurrences(self, text: str, lo: int) -> Iterator[tuple[int, int]]:
        """Yield where exceptions stand that may cover a match that begins at `lo` or later."""
        if self._exceptions is not None:
            yield from self._exceptions.everywhere(text, max(lo - self.behind, 0))

    def _waits_from(self, text: str, lo: int) -> int:
        """Return where the first exception begins that more text would decide about."""
        if self._exceptions is None:
            return len(text)
        return self._exceptions.open_from(text, max(lo - self.behind, 0))

    def _is_uncovered(self, text: str, keys: list[str], offsets: list[int], place: int) -> bool:
        """Whether there is a match that no exception covers for certain; one that ends in an unfinished word may not."""
        end = self._longest(text, keys, offsets, place)
        known = len(text) - is_word(keys[-1])
        covers = _Covers(span for span in self._occurrences(text, offsets[place]) if span[1] <= known)
        return bool(end) and not covers.cover(offsets[place], end)


def _offsets(tokens: list[str], lo: int) -> list[int]:
    """Return where each token begins, and where the last one ends."""
    return list(accumulate(map(len, tokens), initial=lo))


class _Covers:
    """Stretches of a text, asked whether one of them covers a match."""

    __slots__ = ("_ends", "_starts")

    def __init__(self, spans: Iterable[tuple[int, int]]) -> None:
        spans = list(spans)
        self._starts: Final = [start for start, _ in spans]
        self._ends: Final = list(accumulate((end for _, end in spans), max))

    def cover(self, start: int, end: int) -> bool:
        """Whether one of the stretches begins no later and ends no earlier."""
        at = bisect_right(self._starts, start)
        return at > 0 and self._ends[at - 1] >= end
