r"""What can be promised about a pattern that someone else wrote, read off the pattern itself.

Only what is certain is promised. `\bignore\s+(?:all\s+)?previous\b` cannot match without the whole words `ignore` and
`previous`, and begins with the first; of `jail\s?break` nothing of the kind can be said. A search is then worth while
only in texts with such a word, and a stream of other words need not be asked about the pattern at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Final, Literal, NamedTuple, TypeAlias

from genai_guard.text.patterns import Piece, obstacle_of, pieces_of

__all__ = ["Promise", "promise_of"]

Kind: TypeAlias = Literal["letter", "space", "edge", "group", "any", "nothing"]
"""`letter`: of an ASCII word. `space`: surely not of a word. `any`: one character. `nothing`: none, with conditions."""

_MOST_WORDS: Final = 64
_REPEATS: Final = {"*": (0, None), "+": (1, None), "?": (0, 1)}
_LOOKS: Final = {"(?=", "(?!"}
_END: Final = {"", "$", r"\Z", r"\z"}
_FAR: Final = 1024
_EDGES: Final = {("(?<!", r"\w"), ("(?!", r"\w")}


class _Item(NamedTuple):
    """A part of a pattern.

    Attributes:
        kind: What it is.
        text: The character of a letter.
        choices: The alternatives of a group.
        low: How often it occurs at least.
        high: How often it occurs at most; None for any number of times.
    """

    kind: Kind
    text: str = ""
    choices: tuple[tuple[_Item, ...], ...] = ()
    low: int = 1
    high: int | None = 1


Sequence: TypeAlias = tuple[_Item, ...]


class Promise(NamedTuple):
    """What every match of a pattern keeps to.

    Attributes:
        words: It holds one of these as a whole ASCII word, case-folded; none for no such promise.
        starts: It begins with one of these; none for no such promise.
        min_length: It is no shorter.
        max_length: It is no longer, together with what decides about it; 0 for no such promise.
    """

    words: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()
    min_length: int = 1
    max_length: int = 0


def promise_of(source: str) -> Promise:
    """Return what can be promised about the pattern `source`, which compiles; the least if it is an unusual one."""
    pieces = [piece for piece in pieces_of(source) if piece[0] not in {"flags", "comment"}]
    obstacles = {obstacle_of(piece) for piece in pieces_of(source)}
    if not obstacles <= _END:
        return Promise()
    choices, _ = _choices(pieces, 0)
    candidates = [list(_words_of(sequence)) for sequence in choices]
    return Promise(
        words=_union([max(each, key=_rarity)[0] if each else None for each in candidates]),
        starts=_union([next((words for words, is_first in each if is_first), None) for each in candidates]),
        min_length=max(min(map(_shortest, choices)), 1),
        max_length=_reach(pieces, choices),
    )


def _choices(pieces: list[Piece], at: int) -> tuple[tuple[Sequence, ...], int]:
    """Read alternatives up to the closing parenthesis or the end; return them, and where it is."""
    choices: list[Sequence] = []
    items: list[_Item] = []
    while at < len(pieces) and pieces[at][0] != "close":
        kind, text = pieces[at]
        if kind == "bar":
            choices.append(tuple(items))
            items = []
        elif kind in {"group", "look_behind"}:
            inner, end = _choices(pieces, at + 1)
            items.append(_group(text, pieces[at + 1 : end], inner))
            at = end
        elif kind == "repeat":
            low, high = _bounds(text)
            items[-1] = items[-1]._replace(low=low, high=high)
        else:
            items.append(_item(kind, text))
        at += 1
    return (*choices, tuple(items)), at


def _group(opening: str, inside: list[Piece], choices: tuple[Sequence, ...]) -> _Item:
    if len(inside) == 1 and (opening, inside[0][1]) in _EDGES:
        return _Item("edge")
    if opening in _LOOKS or opening.startswith(("(?<=", "(?<!")):
        return _Item("nothing")
    return _Item("group", choices=choices)


def _item(kind: str, text: str) -> _Item:
    if kind == "anchor":
        return _Item("nothing")
    if kind == "escape":
        return _escape(text)
    if kind != "char" or not text.isascii() or text == ".":
        return _Item("any")
    return _Item("letter", text.lower()) if text.isalnum() or text == "_" else _Item("space")


def _escape(text: str) -> _Item:
    if text == r"\b":
        return _Item("edge")
    if text[1] in "BAZz":
        return _Item("nothing")
    if text[1] in "123456789g":
        return _Item("any", low=0, high=None)
    is_space = text[1] in "sntrfv" or (text[1].isascii() and not text[1].isalnum() and text[1] != "_")
    return _Item("space" if is_space else "any")


def _bounds(text: str) -> tuple[int, int | None]:
    if text[0] in _REPEATS:
        return _REPEATS[text[0]]
    low, comma, high = text[1 : text.index("}")].partition(",")
    return int(low or 0), (int(high) if high else None) if comma else int(low)


def _words_of(sequence: Sequence) -> Iterator[tuple[frozenset[str], bool]]:
    """Yield sets of whole words one of which is in every match, and whether it begins the match."""
    for at, item in enumerate(sequence):
        is_begun = at > 0 and _parts(sequence[at - 1])
        if is_begun and item.kind in {"letter", "group"}:
            words = _spelled(sequence, at)
            if words:
                yield words, all(before.kind == "edge" for before in sequence[:at])


def _spelled(sequence: Sequence, at: int) -> frozenset[str]:
    """Return what the items from `at` on spell, if that is a choice of words that surely end."""
    spelled = {""}
    while at < len(sequence) and not _parts(sequence[at]):
        choices = _spellings(sequence[at])
        if not choices or len(spelled) * len(choices) > _MOST_WORDS:
            return frozenset()
        spelled = {one + other for one, other in product(spelled, choices)}
        at += 1
    return frozenset() if at == len(sequence) or "" in spelled else frozenset(spelled)


def _spellings(item: _Item) -> set[str]:
    """Return what one item can spell; nothing if that is not a choice of a few letters."""
    if item.high != 1:
        return set()
    found: set[str] = {""} if item.low == 0 else set()
    if item.kind == "letter":
        return found | {item.text}
    if item.kind != "group":
        return set()
    for sequence in item.choices:
        spelled = {""}
        for inner in sequence:
            choices = _spellings(inner)
            if not choices or len(spelled) * len(choices) > _MOST_WORDS:
                return set()
            spelled = {one + other for one, other in product(spelled, choices)}
        found |= spelled
    return found


def _parts(item: _Item) -> bool:
    """Whether the characters on both sides of an item are surely not of one word."""
    return item.low > 0 and item.kind in {"edge", "space"}


def _rarity(candidate: tuple[frozenset[str], bool]) -> tuple[int, int]:
    return min(map(len, candidate[0])), -len(candidate[0])


def _union(choices: list[frozenset[str] | None]) -> tuple[str, ...]:
    known = [words for words in choices if words is not None]
    return tuple(sorted(frozenset[str]().union(*known))) if len(known) == len(choices) else ()


def _shortest(sequence: Sequence) -> int:
    return sum(
        item.low * min(map(_shortest, item.choices)) if item.choices else item.low * _takes(item) for item in sequence
    )


def _longest(choices: tuple[Sequence, ...]) -> int | None:
    """Return the characters of the longest match; None for no bound."""
    longest = 0
    for sequence in choices:
        total = 0
        for item in sequence:
            each = _longest(item.choices) if item.choices else _takes(item)
            if each is None or (item.high is None and each):
                return None
            total += each * (item.high or 0)
        longest = max(longest, total)
    return longest


def _reach(pieces: list[Piece], choices: tuple[Sequence, ...]) -> int:
    """Return the longest match with the character after it; 0 if it is unbounded, or looks further than that."""
    looks = any(piece in {("group", "(?="), ("group", "(?!"), ("anchor", "$")} for piece in pieces)
    ends = any(kind == "escape" and text in _END for kind, text in pieces)
    longest = _longest(choices)
    return 0 if looks or ends or longest is None or longest > _FAR else longest + 2


def _takes(item: _Item) -> int:
    return 0 if item.kind in {"edge", "nothing"} else 1
