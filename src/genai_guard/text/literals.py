"""Literals: which rules hold one of their pieces of plain text, found in one pass however many there are.

A few are looked for one by one, which is what a processor does best. Of many, a tree of characters is made and searched
for at once. Of two literals one of which begins the other, the shorter stands for both. In a text of ASCII alone only
literals of ASCII are looked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from genai_guard.text.gates import Span
from genai_guard.text.windows import Window
from genai_guard.text.words import lowered

__all__ = ["LiteralPass"]

_FEW: Final = 12
_Tree: TypeAlias = "dict[str, _Tree]"


class LiteralPass:
    """Says which rules can match a text, out of all that promise a literal.

    Args:
        promises: The literals of each rule.
        ignore_case: Whether letters of both cases are equal; the literals are in lower case then.
    """

    __slots__ = ("_all", "_ascii", "_ignore_case", "_owners")

    def __init__(self, promises: Mapping[int, Iterable[str]], *, ignore_case: bool) -> None:
        self._ignore_case: Final = ignore_case
        owners: dict[str, set[int]] = {}
        for rule, literals in promises.items():
            for literal in literals:
                owners.setdefault(literal, set()).add(rule)
        self._owners: Final = _merged(owners)
        self._all: Final = _Searched.of(self._owners)
        self._ascii: Final = _Searched.of([literal for literal in self._owners if literal.isascii()])

    def present(self, text: str) -> frozenset[int]:
        """Return the rules of which a literal is in the text."""
        folded = lowered(text) if self._ignore_case else text
        literals, search = self._all if not folded.isascii() else self._ascii
        if search is None:
            found = _NONE
            for literal in literals:
                if literal in folded:
                    found |= self._owners[literal]
            return found
        return _NONE.union(*{self._owners[folded[start:end]] for start, end in _many(search, folded, 0, len(folded))})

    def may_hold(self, text: str) -> bool:
        """Whether it is worth while to look for places; for many literals that is not asked."""
        folded = lowered(text) if self._ignore_case else text
        literals, search = self._all if not folded.isascii() else self._ascii
        return search is not None or any(literal in folded for literal in literals)

    def places(self, text: str, windows: Iterable[Window]) -> dict[int, list[Span]]:
        """Return the rules of which a literal is in one of the windows of the text, each with its places, in order."""
        folded = lowered(text) if self._ignore_case else text
        literals, search = self._all if not folded.isascii() else self._ascii
        found: dict[int, list[Span]] = {}
        if not literals:
            return found
        for start, _, end in windows:
            places = _few(literals, folded, start, end) if search is None else _many(search, folded, start, end)
            for place in places:
                for rule in self._owners[folded[slice(*place)]]:
                    found.setdefault(rule, []).append(place)
        return found


class _Searched(NamedTuple):
    """Literals, and what finds the next of them if they are many."""

    literals: tuple[str, ...]
    search: Callable[..., Any] | None

    @classmethod
    def of(cls, literals: Iterable[str]) -> _Searched:
        """Compile them."""
        chosen = tuple(literals)
        return cls(chosen, None if len(chosen) <= _FEW else re.compile(_tree_of(chosen)).search)


def _few(literals: Iterable[str], text: str, start: int, end: int) -> list[Span]:
    places: list[Span] = []
    for literal in literals:
        place = text.find(literal, start, end)
        while place >= 0:
            places.append((place, place + len(literal)))
            place = text.find(literal, place + 1, end)
    return sorted(places)


def _many(search: Callable[..., Any], text: str, start: int, end: int) -> Iterator[Span]:
    while match := search(text, start, end):
        yield match.span()
        start = match.start() + 1


_NONE: Final = frozenset[int]()


def _merged(owners: Mapping[str, Iterable[int]]) -> dict[str, frozenset[int]]:
    """Return the literals that no other one begins, each with the rules of those that it begins."""
    merged: dict[str, frozenset[int]] = {}
    for literal in sorted(owners):
        head = next((literal[:size] for size in range(1, len(literal)) if literal[:size] in merged), literal)
        merged[head] = merged.get(head, _NONE).union(owners[literal])
    return merged


def _tree_of(literals: Iterable[str]) -> str:
    """Return a pattern of the literals, none of which begins another, that shares what they begin with."""
    tree: _Tree = {}
    for literal in literals:
        branch = tree
        for char in literal:
            branch = branch.setdefault(char, {})
    return _source(tree)


def _source(tree: _Tree) -> str:
    branches = [re.escape(char) + _source(branch) for char, branch in sorted(tree.items())]
    return branches[0] if len(branches) == 1 else f"(?:{'|'.join(branches)})" if branches else ""
