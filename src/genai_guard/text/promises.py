r"""What every match of a user's regular expression must hold, read off the expression.

`\bignore\s+(?:all\s+)?previous\b` cannot match a text without the words *ignore* and *previous*, and a text has been
cut into words anyhow. So an expression that promises a word costs nothing in a text without it.

Only expressions of plain parts are read: letters and other characters, classes, groups, alternatives and repetitions.
Of any other, for instance one with a lookahead, a backreference or a flag inside, nothing is promised, and it is
searched for in every text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, TypeAlias

__all__ = ["Promises", "promises_of", "starts_of"]

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
    """

    words: tuple[str, ...] = ()
    min_length: int = 1


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
    parts = list(_parts(source))
    if not parts or parts[-1].kind == "odd":
        return Promises()
    branches, rest = _alternatives(parts, 0)
    if rest != len(parts):
        return Promises()
    words = _words_of_all(branches, left=False, right=False)
    return Promises(tuple(sorted(words or ())), max(min(map(_shortest, branches)), 1))


def starts_of(source: str) -> tuple[str, ...]:
    """Return words, in lower case, with one of which every match of `source` begins; none if that is not certain."""
    parts = list(_parts(source))
    if not parts or parts[-1].kind == "odd":
        return ()
    branches, rest = _alternatives(parts, 0)
    return tuple(sorted(_starts_of_all(branches, left=False, right=False) or ())) if rest == len(parts) else ()


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
    found = [*_runs(sequence, left=left, right=right)]
    for at, item in enumerate(sequence):
        if item.kind == "group" and item.least:
            once = item.most == 1
            words = _words_of_all(
                item.branches,
                left=once and _ends(sequence, at - 1, outside=left),
                right=once and _ends(sequence, at + 1, outside=right),
            )
            if words:
                found.append(words)
    return min(found, key=_costs, default=None)


def _runs(sequence: _Sequence, *, left: bool, right: bool) -> Iterator[_Words]:
    """Yield what each run of letters promises: itself, and itself with an optional last letter as in `prompts?`."""
    at = 0
    while at < len(sequence):
        end = at
        while end < len(sequence) and _is_letter(sequence[end]):
            end += 1
        if end > at and _ends(sequence, at - 1, outside=left):
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


def _ends(sequence: _Sequence, at: int, *, outside: bool) -> bool:
    """Whether no letter can stand at this place, so that a word ends beside it."""
    if not 0 <= at < len(sequence):
        return outside
    item = sequence[at]
    return item.kind in {"edge", "space", "mark"} and item.least >= 1


def _is_letter(item: _Item) -> bool:
    return item.kind == "letter" and item.least == item.most == 1


def _is_optional_letter(item: _Item) -> bool:
    return item.kind == "letter" and (item.least, item.most) == (0, 1)


def _costs(words: _Words) -> int:
    """Return how often such words are met: few and long ones hardly ever, `you` and `from` in every text."""
    return sum(100 if word in _COMMON else max(10 - len(word), 1) for word in words)
