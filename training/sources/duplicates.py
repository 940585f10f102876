"""Texts of one source that nearly stand in another: found by the pieces that they share.

Each text is a set of hashes of its pieces (three words, or six characters where there are few words), thinned out for
long ones. Two texts are nearly the same when the sets overlap by `SAME` of their union.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from typing import Final
from zlib import crc32

from training.examples import Example

__all__ = ["SAME", "without_near_duplicates"]

SAME: Final = 0.6
_WORDS: Final = re.compile(r"\w+")
_FEW_WORDS: Final = 14
_CHARACTERS: Final = 6
_MANY: Final = 256
_THINNED: Final = 8
_CROWDED: Final = 400
"""A piece that so many texts hold tells nothing of their likeness."""


class Near:
    """Texts seen so far, to ask whether one is nearly among them."""

    def __init__(self) -> None:
        self._holders: defaultdict[int, list[int]] = defaultdict(list)
        self._sizes: list[int] = []
        self._groups: list[str] = []

    def add(self, pieces: frozenset[int], group: str) -> None:
        """Remember a text."""
        number = len(self._sizes)
        self._sizes.append(len(pieces))
        self._groups.append(group)
        for piece in pieces:
            holders = self._holders[piece]
            if len(holders) < _CROWDED:
                holders.append(number)

    def holds(self, pieces: frozenset[int], group: str) -> bool:
        """Whether a text of another group is nearly the same."""
        shared: Counter[int] = Counter()
        for piece in pieces:
            shared.update(self._holders.get(piece, ()))
        return any(
            count >= SAME * (len(pieces) + self._sizes[number] - count) and self._groups[number] != group
            for number, count in shared.items()
        )


def pieces_of(text: str) -> frozenset[int]:
    """Return the hashes of a text's pieces; those of a long text thinned out by their value."""
    words = _WORDS.findall(text.lower())
    if len(words) >= _FEW_WORDS:
        found = {crc32(" ".join(words[at : at + 3]).encode()) for at in range(len(words) - 2)}
    else:
        plain = " ".join(words)
        found = {crc32(plain[at : at + _CHARACTERS].encode()) for at in range(max(1, len(plain) - _CHARACTERS + 1))}
    if len(found) > _MANY:
        found = {piece for piece in found if piece % _THINNED == 0}
    return frozenset(found)


def without_near_duplicates(
    examples: Iterable[Example], *, group: Callable[[Example], str]
) -> tuple[list[Example], Counter[tuple[str, str]]]:
    """Return the examples without those that nearly stand in another group before them, and how many each source lost.

    The same text twice is left out within a group too. Groups come one after the other, those to be kept whole first.

    Args:
        examples: In the order in which they are to be kept.
        group: Examples of one group are not compared with each other.
    """
    near, seen, kept, dropped = Near(), set[str](), list[Example](), Counter[tuple[str, str]]()
    waiting: list[tuple[frozenset[int], str]] = []
    last = ""
    for example in examples:
        name = group(example)
        if name != last:
            for pieces, before in waiting:
                near.add(pieces, before)
            waiting, last = [], name
        if example.text in seen:
            dropped[example.source, "same"] += 1
            continue
        pieces = pieces_of(example.text)
        if near.holds(pieces, name):
            dropped[example.source, "near"] += 1
            continue
        seen.add(example.text)
        kept.append(example)
        waiting.append((pieces, name))
    return kept, dropped
