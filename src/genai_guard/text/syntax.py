r"""Regular expressions as trees: what repeats what, and which characters can stand at a place.

Only what decides about ambiguity is kept. Places between characters (`\b`, `^`, lookarounds) take nothing and are left
out. What the engine never enters a second time (atomic groups, possessive repeats), and what depends on the text
(backreferences), is one `opaque` place that nothing overlaps; what stands inside of it is a tree of its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import inf
from typing import Final, NamedTuple

import regex

from genai_guard.text.patterns import Piece, pieces_of

__all__ = ["Node", "Tree", "Unread", "read_tree"]

_ASCII: Final = "".join(map(chr, range(128)))
_OTHERS: Final = "éÉßſİıΩωЯя中あア한ไדع٣५\u00a0\u00ad\u0301\u200d\u2028\u212a\uff21\U0001f600²ª"
"""One or two characters for each class that a pattern may tell apart beyond ASCII."""
_TAKES_NOTHING: Final = frozenset("bBAZzGmMK")
_OPAQUE: Final = frozenset("123456789gLXR")
_FUZZY: Final = re.compile(r"\{[\d<=,+\s]*(?:[eids](?!\w)[\d<=,+\s]*)+(?::[^}]*)?\}")
"""How many errors are allowed; any other brace is a character."""


class Unread(Exception):  # noqa: N818  not an error of anybody's: the tree cannot be drawn
    """A pattern uses what is not understood here, such as recursion, conditionals or the flag `x`."""


@dataclass(frozen=True, slots=True)
class Node:
    """A part of a pattern.

    Attributes:
        kind: `chars` for one character out of a class, `opaque`, `sequence`, `either` or `repeat`.
        start: First character in the source.
        end: One past the last.
        parts: What it consists of.
        mask: Bit by bit, which of the sample characters it takes.
        least: Fewest repetitions.
        most: Most repetitions.
    """

    kind: str
    start: int
    end: int
    parts: tuple[Node, ...] = ()
    mask: int = 0
    least: int = 1
    most: float = 1


class Tree(NamedTuple):
    """A pattern.

    Attributes:
        root: The whole of it.
        asides: What is matched by itself: the insides of lookarounds, atomic groups and possessive repeats.
    """

    root: Node
    asides: tuple[Node, ...]


class _Token(NamedTuple):
    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


def read_tree(source: str, *, flags: int) -> Tree:
    """Return the pattern `source`, which compiles with `flags`, as a tree.

    Raises:
        Unread: it uses what is not understood here.
    """
    return _Reader(source, flags).read()


@dataclass(slots=True)
class _Reader:
    source: str
    flags: int
    tokens: Sequence[_Token] = ()
    at: int = 0
    asides: list[Node] = field(default_factory=list[Node])
    sample: str = ""
    opaque: int = 0

    def read(self) -> Tree:
        start = 0
        tokens: list[_Token] = []
        for piece in pieces_of(self.source):
            tokens.append(_Token(*piece, start))
            start += len(piece[1])
            self._look_at(tokens[-1])
        self.tokens = tokens
        extra = sorted({char for char in self.source if not char.isascii()})
        self.sample = _ASCII + _OTHERS + "".join(extra)
        self.opaque = len(self.sample)
        root = self._either()
        if self.at < len(tokens):
            raise Unread
        return Tree(root, tuple(self.asides))

    def _look_at(self, token: _Token) -> None:
        """Refuse what would have to be read in another way; take note of flags that say what a dot is."""
        kind, text, start = token
        if kind == "odd_group" or (kind == "flags" and not set(text) <= set("(?imsuaV0)")):
            raise Unread
        if kind == "brace" and _FUZZY.match(self.source, start):
            raise Unread
        if kind in {"flags", "group"} and re.match(r"\(\?[a-z]*s", text):
            self.flags |= regex.DOTALL
        if kind in {"flags", "group"} and re.match(r"\(\?[a-z]*i", text):
            self.flags |= regex.IGNORECASE

    def _either(self) -> Node:
        """Read alternatives up to a closing parenthesis or the end."""
        begin = self._place()
        branches = [self._sequence()]
        while self.at < len(self.tokens) and self.tokens[self.at].kind == "bar":
            self.at += 1
            branches.append(self._sequence())
        if len(branches) == 1:
            return branches[0]
        return Node("either", begin, self._place(), tuple(branches))

    def _sequence(self) -> Node:
        begin = self._place()
        parts: list[Node] = []
        while self.at < len(self.tokens) and self.tokens[self.at].kind not in {"bar", "close"}:
            token = self.tokens[self.at]
            self.at += 1
            if token.kind == "repeat":
                if parts:
                    parts[-1] = self._repeated(parts[-1], token)
            else:
                parts.append(self._atom(token))
        return Node("sequence", begin, self._place(), tuple(parts))

    def _atom(self, token: _Token) -> Node:
        if token.kind in {"group", "look_behind"}:
            return self._group(token)
        if token.kind in {"comment", "flags", "anchor"}:
            return Node("sequence", token.start, token.end)
        if token.kind == "escape" and token.text[1] in _TAKES_NOTHING:
            return Node("sequence", token.start, token.end)
        if token.kind == "escape" and token.text[1] in _OPAQUE:
            return self._opaque(token.start, token.end)
        return Node("chars", token.start, token.end, mask=_mask(self._piece(token), self.flags, self.sample))

    def _piece(self, token: _Token) -> Piece:
        return ("char", token.text) if token.kind == "brace" else (token.kind, token.text)

    def _group(self, token: _Token) -> Node:
        inner = self._either()
        if self.at >= len(self.tokens):
            raise Unread
        end = self.tokens[self.at].end
        self.at += 1
        if token.text.endswith(("=", "!")):
            self.asides.append(inner)
            return Node("sequence", token.start, end)
        if token.text == "(?>":
            self.asides.append(inner)
            return self._opaque(token.start, end, least=0 if _may_be_empty(inner) else 1)
        return Node("sequence", token.start, end, (inner,))

    def _repeated(self, node: Node, token: _Token) -> Node:
        least, most = _bounds(token.text)
        if token.text[-1] == "+" and len(token.text) > 1:
            self.asides.append(node)
            return self._opaque(node.start, token.end, least=0 if not least or _may_be_empty(node) else 1)
        return Node("repeat", node.start, token.end, (node,), least=least, most=most)

    def _opaque(self, start: int, end: int, *, least: int = 1) -> Node:
        self.opaque += 1
        node = Node("opaque", start, end, mask=1 << self.opaque)
        return node if least else Node("repeat", start, end, (node,), least=0)

    def _place(self) -> int:
        return self.tokens[self.at].start if self.at < len(self.tokens) else len(self.source)


def _bounds(text: str) -> tuple[int, float]:
    if text[0] != "{":
        return {"*": (0, inf), "+": (1, inf), "?": (0, 1)}[text[0]]
    low, comma, high = text[1 : text.index("}")].partition(",")
    least = int(low or 0)
    return least, (inf if not high else int(high)) if comma else least


def _may_be_empty(node: Node) -> bool:
    if node.kind in {"chars", "opaque"}:
        return False
    if node.kind == "either":
        return any(map(_may_be_empty, node.parts))
    return not node.least or all(map(_may_be_empty, node.parts))


@lru_cache(maxsize=1024)
def _mask(piece: Piece, flags: int, sample: str) -> int:
    """Return which characters of the sample a piece of one character takes, by trying them."""
    kind, text = piece
    source = re.escape(text) if kind == "char" and text != "." else text
    try:
        matches = regex.compile(source, flags).finditer(sample)
    except regex.error:  # it means something only where it stands
        raise Unread from None
    return sum(1 << match.start() for match in matches if match.end() - match.start() == 1)
