"""Finds a small set of strings in a text, whole or as it comes."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from genai_guard.text.edits import Edit

__all__ = ["Literals"]

_HEAD: Final = 4


class Literals:
    """Strings to look for, each with what is put in its place.

    At each place the longest is taken, and of two that overlap the one that begins first. The time is linear in the
    text, and grows with the number of strings only where some begin alike. Immutable, so safe to share.

    Args:
        exact: Replacements by string.
        folded: Replacements by string in lower case, for strings that are found in every case. `exact` goes first.
    """

    __slots__ = ("_exact", "_exact_order", "_folded", "_folded_order", "_longest", "_of_head", "_starts")

    def __init__(self, exact: Mapping[str, str], folded: Mapping[str, str]) -> None:
        self._exact: Final = dict(exact)
        self._folded: Final = dict(folded)
        self._exact_order: Final = sorted(exact)
        self._folded_order: Final = sorted(folded)
        lengths: dict[str, set[int]] = {}
        for each in (*exact, *folded):
            lengths.setdefault(each[:_HEAD].lower(), set()).add(len(each))
        self._of_head: Final = {head: sorted(found, reverse=True) for head, found in lengths.items()}
        self._longest: Final = max(map(len, (*exact, *folded)), default=0)
        self._starts: Final = re.compile(_one_of({case for head in lengths for case in (head[0], head[0].upper())}))

    def __bool__(self) -> bool:
        """Whether there is anything to look for."""
        return bool(self._of_head)

    def find(self, text: str, *, is_last: bool = True) -> tuple[list[Edit], int]:
        """Return the replacements in `text`, and up to where all is known.

        Args:
            text: A text, or what is there of it and was not returned as known before.
            is_last: Whether nothing follows. Else the end is not known as far as one of the strings may begin there.
        """
        found: list[Edit] = []
        size, longest, known = len(text), self._longest, 0
        for start in self._starts.finditer(text):
            at = start.start()
            if at < known:
                continue
            if not is_last and size - at < longest and self._begins(text[at:]):
                return found, at
            edit = self._at(text, at)
            if edit is not None:
                found.append(edit)
                known = edit.end
        return found, size

    def _at(self, text: str, at: int) -> Edit | None:
        for length in self._of_head.get(text[at : at + _HEAD].lower(), ()):
            candidate = text[at : at + length]
            replacement = self._exact.get(candidate)
            if replacement is None and self._folded:
                replacement = self._folded.get(candidate.lower())
            if replacement is not None:
                return Edit(at, at + len(candidate), replacement)
        return None

    def _begins(self, tail: str) -> bool:
        """Whether one of the strings is longer than `tail` and begins with it."""
        return _has_longer(self._exact_order, tail) or _has_longer(self._folded_order, tail.lower())


def _has_longer(ordered: Sequence[str], beginning: str) -> bool:
    at = bisect_left(ordered, beginning)
    if at < len(ordered) and ordered[at] == beginning:
        at += 1
    return at < len(ordered) and ordered[at].startswith(beginning)


def _one_of(chars: Iterable[str]) -> str:
    return f"[{''.join(map(re.escape, sorted(chars)))}]" if chars else "(?!)"
