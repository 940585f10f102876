r"""What every match of a user's regular expression must hold, read off the expression.

`\bignore\s+(?:all\s+)?previous\b` cannot match a text without the words *ignore* and *previous*, and a text has been
cut into words anyhow. So an expression that promises a word costs nothing in a text without it. One that promises no
whole word, as `jail\s?break` does not, still promises a literal: *jail*, or *break*.

Only expressions of plain parts are read: letters and other characters, classes, groups, alternatives and repetitions.
Of any other, for instance one with a lookahead, a backreference or a flag inside, nothing is promised, and it is
searched for in every text.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from math import prod
from typing import Final, NamedTuple, TypeAlias

__all__ = ["Promises", "literals_of", "promises_of", "starts_of"]

_PART: Final = re.compile(
    r"""
    (?P<edge> \\b )
  | (?P<space> \\s | [ ] | \\[ntr] )
  | (?P<mark> \\[!-/:-@\[-^`{-~] | (?=[!-~]) [^\w\\()\[\]{}|?*+.^$] )
  | (?P<letter> [A-Za-z0-9_] )
  | (?P<some> \\[dDwWS] | \. | \[ \^? (?: \\[dswDSWntr\]\[\\.^-] | [^\]\[\\&|~:] )+ \] )
  | (?P<open> \( (?: \?: )? (?!\?) )
  | (?P<close> \) )
  | (?P<bar> \| )
  | (?P<repeat> (?: [*+?] | \{ \d+ (?: ,\d* )? \} ) [?+]? )
    """,
    re.VERBOSE | re.ASCII,
)


_COMMON: Final = frozenset(
    """a about after all also an and any are as at be because but by can could did do for from get had has have he her
    him his how i if in into is it its just know like make me more my new no not now of on one only or other our out
    over see she so some take than that the their them then there these they this time to up us use want was we were
    what when which who will with would you your""".split()  # noqa: SIM905  a hundred quoted words are not easier to read
)
"""Words that most English texts hold some of."""


class Promises(NamedTuple):
    """What holds for every match.

    Attributes:
        words: It contains one of these as a whole ASCII word, in lower case; empty for no such promise.
        min_length: It is no shorter, in characters.
        beside: It contains one of these as well, likewise; empty for no such promise.
    """

    words: tuple[str, ...] = ()
    min_length: int = 1
    beside: tuple[str, ...] = ()


class _Item(NamedTuple):
    """One part of a sequence, and how often it stands there."""

    kind: str
    text: str = ""
    branches: tuple[_Sequence, ...] = ()
    least: int = 1
    most: float = 1


_Sequence: TypeAlias = "tuple[_Item, ...]"
_Words: TypeAlias = frozenset[str]


def promises_of(source: str) -> Promises:
    """Return what every match of the expression `source`, which compiles, must hold."""
    branches = _read(source)
    if branches is None:
        return Promises()
    words = _words_of_all(branches, left=False, right=False) or frozenset[str]()
    others = _promised(branches[0], left=False, right=False) if words and len(branches) == 1 else []
    beside = min((each for each in others if each.isdisjoint(words)), key=_costs, default=words)
    return Promises(
        tuple(sorted(words)),
        max(min(map(_shortest, branches)), 1),
        () if beside is words else tuple(sorted(beside)),
    )


def starts_of(source: str) -> tuple[str, ...]:
    """Return words, in lower case, with one of which every match of `source` begins; none if that is not certain."""
    branches = _read(source)
    return () if branches is None else tuple(sorted(_starts_of_all(branches, left=False, right=False) or ()))


def literals_of(source: str, *, ignore_case: bool = False) -> tuple[str, ...]:
    """Return texts of which every match of `source` contains one; none if such are met in nearly every text.

    Args:
        source: A pattern that compiles.
        ignore_case: Whether it matches letters in both cases; the texts are in lower case then.
    """
    branches = _read(source)
    found = None if branches is None else _literals_of_all(branches)
    if found is None:
        return ()
    literals = {literal.lower() for literal in found} if ignore_case else found
    least = {each for each in literals if not any(other in each for other in literals if other != each)}
    return tuple(sorted(least)) if _chance(least) <= _MAX_CHANCE else ()


def _read(source: str) -> tuple[_Sequence, ...] | None:
    """Return the alternatives of an expression; None if it is not of plain parts."""
    parts = list(_parts(source))
    if not parts or parts[-1].kind == "odd":
        return None
    branches, rest = _alternatives(parts, 0)
    return branches if rest == len(parts) else None


def _parts(source: str) -> Iterator[_Item]:
    """Yield the parts; one of the kind `odd` at the first that is not plain."""
    position = 0
    while position < len(source):
        match = _PART.match(source, position)
        if match is None:
            yield _Item("odd")
            return
        yield _Item(str(match.lastgroup), match.group())
        position = match.end()


def _alternatives(parts: Sequence[_Item], position: int) -> tuple[tuple[_Sequence, ...], int]:
    """Read up to a closing parenthesis or the end; return the alternatives, and where reading stopped."""
    branches: list[_Sequence] = []
    items: list[_Item] = []
    while position < len(parts) and parts[position].kind != "close":
        part = parts[position]
        position += 1
        if part.kind == "open":
            inner, position = _alternatives(parts, position)
            items.append(_Item("group", "", inner))
            position += 1
        elif part.kind == "bar":
            branches.append(tuple(items))
            items = []
        elif part.kind == "repeat" and items:
            items[-1] = _repeated(items[-1], part.text)
        else:
            items.append(part)
    return (*branches, tuple(items)), position


def _repeated(item: _Item, text: str) -> _Item:
    least, most = {"*": (0, float("inf")), "+": (1, float("inf")), "?": (0, 1)}.get(text[0], (0, 0))
    if text[0] == "{":
        low, _, high = text[1 : text.index("}")].partition(",")
        least = int(low)
        most = least if "," not in text else int(high) if high else float("inf")
    return item._replace(least=least, most=most)


def _shortest(sequence: _Sequence) -> int:
    return sum(item.least * _length(item) for item in sequence)


def _length(item: _Item) -> int:
    if item.kind == "group":
        return min(map(_shortest, item.branches))
    return 0 if item.kind == "edge" else 1


def _words_of_all(branches: Sequence[_Sequence], *, left: bool, right: bool) -> _Words | None:
    """Return words of which one is in every match, whichever branch it takes; None if a branch promises none."""
    found: set[str] = set()
    for branch in branches:
        words = _words_of(branch, left=left, right=right)
        if words is None:
            return None
        found |= words
    return frozenset(found)


def _words_of(sequence: _Sequence, *, left: bool, right: bool) -> _Words | None:
    """Return the best promise of a sequence; `left` and `right` say whether a word ends for sure at its edges."""
    return min(_promised(sequence, left=left, right=right), key=_costs, default=None)


def _promised(sequence: _Sequence, *, left: bool, right: bool) -> list[_Words]:
    """Return sets of words of each of which a match of the sequence holds one."""
    found = [*_runs(sequence, left=left, right=right)]
    for at, item in enumerate(sequence):
        if item.kind == "group" and item.least:
            once = item.most == 1
            words = _words_of_all(
                item.branches,
                left=once and _ends(sequence, at - 1, step=-1, outside=left),
                right=once and _ends(sequence, at + 1, outside=right),
            )
            if words:
                found.append(words)
    return found


def _runs(sequence: _Sequence, *, left: bool, right: bool) -> Iterator[_Words]:
    """Yield what each run of letters promises: itself, and itself with an optional last letter as in `prompts?`."""
    at = 0
    while at < len(sequence):
        end = at
        while end < len(sequence) and _is_letter(sequence[end]):
            end += 1
        if end > at and _ends(sequence, at - 1, step=-1, outside=left):
            yield from _run(sequence, at, end, right=right)
        at = max(end, at + 1)


def _run(sequence: _Sequence, at: int, end: int, *, right: bool) -> Iterator[_Words]:
    word = "".join(item.text for item in sequence[at:end]).lower()
    if _ends(sequence, end, outside=right):
        yield frozenset({word})
    elif end < len(sequence) and _is_optional_letter(sequence[end]) and _ends(sequence, end + 1, outside=right):
        yield frozenset({word, word + sequence[end].text.lower()})


def _starts_of_all(branches: Sequence[_Sequence], *, left: bool, right: bool) -> _Words | None:
    """Return words of which one begins every match, whichever branch it takes; None if a branch promises none."""
    found = [_starts_of(branch, left=left, right=right) for branch in branches]
    known = [words for words in found if words]
    return frozenset[str]().union(*known) if len(known) == len(found) else None


def _starts_of(sequence: _Sequence, *, left: bool, right: bool) -> _Words | None:
    at = next((at for at, item in enumerate(sequence) if item.kind != "edge" or not item.least), len(sequence))
    if at == len(sequence) or not (at or left):
        return None
    if sequence[at].kind == "group" and sequence[at].least == sequence[at].most == 1:
        return _starts_of_all(sequence[at].branches, left=True, right=_ends(sequence, at + 1, outside=right))
    end = next((end for end in range(at, len(sequence)) if not _is_letter(sequence[end])), len(sequence))
    return next(_run(sequence, at, end, right=right), None) if end > at else None


def _ends(sequence: _Sequence, at: int, *, outside: bool, step: int = 1) -> bool:
    """Whether no letter can stand at this place, so that a word ends beside it."""
    while 0 <= at < len(sequence):
        item = sequence[at]
        if item.kind not in {"edge", "space", "mark"}:
            return False
        if item.least >= 1:
            return True
        at += step
    return outside


def _is_letter(item: _Item) -> bool:
    return item.kind == "letter" and item.least == item.most == 1


def _is_optional_letter(item: _Item) -> bool:
    return item.kind == "letter" and (item.least, item.most) == (0, 1)


def _costs(words: _Words) -> int:
    """Return how often such words are met: few and long ones hardly ever, `you` and `from` in every text."""
    return sum(100 if word in _COMMON else max(10 - len(word), 1) for word in words)


_MAX_LITERALS: Final = 64
_MAX_MEMBERS: Final = 8
_MEMBER: Final = re.compile(r"(.)-(.)|(.)", re.DOTALL)
_MAX_CHANCE: Final = 0.3
_MAX_REPEATS: Final = 4
_KILOBYTE: Final = 1_000
_BY_FREQUENCY: Final = " etaoinshrdlcumwfgypb.,vk-_0123456789()=:/xjqz"


def _literals_of_all(branches: Sequence[_Sequence]) -> frozenset[str] | None:
    """Return texts of which one is in every match, whichever branch it takes; None if a branch promises none."""
    found: set[str] = set()
    for branch in branches:
        literals = _literals_of(branch)
        if literals is None:
            return None
        found |= literals
    return frozenset(found) if len(found) <= _MAX_LITERALS else None


def _literals_of(sequence: _Sequence) -> frozenset[str] | None:
    """Return the texts of a sequence that are met least."""
    found: list[frozenset[str]] = []
    joined = frozenset({""})
    for item in sequence:
        texts = _exact(item)
        longer = None if texts is None else _products(joined, texts)
        if longer is None or len(longer) > _MAX_LITERALS:
            found.append(joined)
            longer = texts or frozenset({""})
        joined = longer
        if texts is None and item.kind == "group" and item.least and (inner := _literals_of_all(item.branches)):
            found.append(inner)
    return min((each for each in (*found, joined) if "" not in each), key=_chance, default=None)


def _exact(item: _Item) -> frozenset[str] | None:
    """Return all that a part can match; None if that is not a few texts."""
    if item.kind == "edge":
        return frozenset({""})
    if item.kind in {"letter", "mark"} or item.text == " ":
        return _times(frozenset({item.text[-1]}), item)
    if item.kind == "some":
        return _times(_members(item.text), item)
    return _times(_exact_of_all(item.branches), item) if item.kind == "group" else None


def _times(once: frozenset[str] | None, item: _Item) -> frozenset[str] | None:
    if once is None or item.most > _MAX_REPEATS:
        return None
    texts, every = frozenset({""}), frozenset[str]()
    for count in range(int(item.most) + 1):
        every |= texts if count >= item.least else frozenset()
        texts = _products(texts, once)
        if len(every) + len(texts) > _MAX_LITERALS:
            return every if count == item.most else None
    return every


def _exact_of_all(branches: Sequence[_Sequence]) -> frozenset[str] | None:
    every = frozenset[str]()
    for branch in branches:
        joined = frozenset({""})
        for item in branch:
            texts = _exact(item)
            if texts is None or len(joined) * len(texts) > _MAX_LITERALS:
                return None
            joined = _products(joined, texts)
        every |= joined
    return every if len(every) <= _MAX_LITERALS else None


def _products(heads: frozenset[str], tails: frozenset[str]) -> frozenset[str]:
    return frozenset(head + tail for head in heads for tail in tails)


def _members(text: str) -> frozenset[str] | None:
    """Return the characters of a class that names them, or ranges of a few: `[abc]`, `[0-2x]`; None for any other."""
    if text[0] != "[" or text[1] == "^" or "\\" in text or not text.isascii():
        return None
    members: set[str] = set()
    for first, last, single in _MEMBER.findall(text[1:-1]):
        members |= {single} if single else {chr(code) for code in range(ord(first), ord(last) + 1)}
    return frozenset(members) if len(members) <= _MAX_MEMBERS else None


def _chance(literals: Collection[str]) -> float:
    """Return how many of such texts a kilobyte is likely to hold, by a rough guess."""
    return sum(_KILOBYTE * prod(map(_share, literal)) for literal in literals)


def _share(char: str) -> float:
    place = _BY_FREQUENCY.find(char)
    return 0.004 if place < 0 else 0.12 * 0.9**place
