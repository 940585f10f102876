"""Words that are nearly the same: all words of a list that a few edits turn into a given one.

An edit puts a letter in, takes one out, exchanges one for another, or swaps two that stand side by side; no stretch is
edited twice ("optimal string alignment"). One edit is forgiven in words of `LETTERS[1]` letters and more, two in those
of `LETTERS[2]` and more; shorter words, and those that are not letters alone, have to be exact. The first letter may
differ like any other.

What two words have in common after their edits can be reached from both by deletions alone. So the list is filed under
what is left of the first `_PREFIX` letters of each word after as many deletions as it is forgiven edits, and a word is
looked up by the same deletions: at most 29 look-ups, however long the list is. What they turn up is compared letter by
letter. Words are remembered with their answer, a few thousand of them.

Source of the index: W. Garbe, "1000x Faster Spelling Correction" (2012), known as SymSpell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import combinations
from typing import Final

__all__ = ["LETTERS", "MAX_EDITS", "NearWords", "distance"]

MAX_EDITS: Final = 2
LETTERS: Final = (0, 5, 7)
"""Letters that a word must have for so many edits."""
_PREFIX: Final = 7
_REMEMBERED: Final = 8192


class NearWords:
    """A list of words, asked for those near a given one. Safe to share between threads.

    Args:
        words: The words, in the form in which they are compared.
        edits: How many edits are forgiven at most: 1 or 2.

    Attributes:
        of: Takes a word, and returns those of the list that are near it and not the word itself, in their order.
    """

    __slots__ = ("_edits", "_filed", "_letters", "_longest", "_shortest", "of")

    def __init__(self, words: Iterable[str], *, edits: int) -> None:
        self._edits: Final = edits
        forgiving = [word for word in sorted(set(words)) if self.forgives(word)]
        filed: dict[str, list[str]] = {}
        for word in forgiving:
            for key in set(_deletions(word[:_PREFIX], self.forgives(word))):
                filed.setdefault(key, []).append(word)
        self._filed: Final = {key: tuple(found) for key, found in filed.items()}
        self._letters: Final = {word: _letters(word) for word in forgiving}
        self._longest: Final = max((len(word) + self.forgives(word) for word in forgiving), default=0)
        self._shortest: Final = min((len(word) - self.forgives(word) for word in forgiving), default=1)
        self.of: Final[Callable[[str], tuple[str, ...]]] = lru_cache(_REMEMBERED)(self._near)

    def forgives(self, word: str) -> int:
        """Return how many edits are forgiven in a word of the list."""
        if not word.isalpha():
            return 0
        return next((edits for edits in range(self._edits, 0, -1) if len(word) >= LETTERS[edits]), 0)

    def _near(self, word: str) -> tuple[str, ...]:
        if not self._shortest <= len(word) <= self._longest:
            return ()
        filed, known, letters = self._filed, self._letters, _letters(word)
        found = {near for key in _deletions(word[:_PREFIX], self._edits) for near in filed.get(key, ())}
        found.discard(word)
        # An edit changes at most two letters of the set of letters, which is told at once.
        alike = [near for near in found if (known[near] ^ letters).bit_count() <= 2 * self._edits]
        return tuple(near for near in sorted(alike) if _is_near(word, near, self.forgives(near)))


def distance(one: str, other: str) -> int:
    """Return how many edits lie between two words. The time grows with the product of their lengths."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, char in enumerate(one, 1):
        two_before, before = before, row
        row = [i]
        for j, beside in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (char != beside))
            if i > 1 < j and char == other[j - 2] and beside == one[i - 2]:
                cost = min(cost, two_before[j - 2] + 1)
            row.append(cost)
    return row[-1]


def _letters(word: str) -> int:
    """Return the set of letters as bits; letters may share one."""
    bits = 0
    for char in word:
        bits |= 1 << (ord(char) & 63)
    return bits


def _is_near(one: str, other: str, edits: int) -> bool:
    return abs(len(one) - len(other)) <= edits and distance(one, other) <= edits


def _deletions(word: str, edits: int) -> Iterator[str]:
    """Yield what is left of a word after so many deletions and fewer; some of it twice."""
    for left in range(max(len(word) - edits, 0), len(word) + 1):
        for kept in combinations(word, left):
            yield "".join(kept)
