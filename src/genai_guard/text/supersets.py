r"""Patterns in the syntax of RE2 that match wherever the pattern of a rule does, and perhaps elsewhere, in ASCII text.

RE2 knows no lookaround, no backreference and no possessive repetition. What a filter needs is only that it misses
nothing, so a lookaround is left out, but for what has to stand before all of it; a backreference becomes the pattern of its group, a possessive repetition a plain
one, and a long one an open one. Anchors and `\B` are left out as well; `\b` stays.

A pattern with a part that is not known here has no superset, and its rule is filtered in another way.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Final

from genai_guard.text.patterns import Piece, pieces_of
from genai_guard.text.rules import Rule
from genai_guard.text.words import fold

__all__ = ["superset_of", "supersets_of_keywords"]

_MOST: Final = 32
"""Repetitions that are counted; more of them would make the automaton large for little."""
_LOOSE: Final = 3
"""Repetitions between the fewest and the most that are kept apart from any number of them."""
_ANY: Final = r"[\x00-\xff]"
_NOTHING: Final = "(?:)"
_GROUP: Final = "(?:"
_SPACE: Final = r"\t-\r\x1c-\x20"
r"""White space of all scripts, as far as it is ASCII; more than `\s` means in an ASCII pattern."""
_LEAST_SPACE: Final = r"\t-\r\x20"
_SAME: Final = frozenset("dDwWntrfva")
_ESCAPES: Final = {
    **{char: rf"\{char}" for char in _SAME},
    **dict.fromkeys("ABZzmMGK", _NOTHING),
    **dict.fromkeys("pPNX", _ANY),
    "b": r"\b",
    "s": rf"[{_SPACE}]",
    "S": rf"[^{_LEAST_SPACE}]",
}


class _UnknownPart(Exception):  # noqa: N818  never leaves this module
    """A part of a pattern has no counterpart."""


def superset_of(rule: Rule) -> str | None:
    """Return a pattern that matches in every ASCII text in which the pattern of `rule` does; None if there is none."""
    pieces = list(pieces_of(rule.pattern))
    flags = {char for kind, text in pieces if kind == "flags" for char in text.strip("(?)")}
    if not flags <= set("imsua"):
        return None
    ignore_case = rule.ignore_case or "i" in flags
    try:
        source = _Writer(ignore_case=ignore_case).write(pieces)
    except _UnknownPart:
        return None
    return f"(?{'i' if ignore_case else ''}s){source}"


def supersets_of_keywords(rule: Rule) -> Iterator[str]:
    """Yield a pattern for each keyword of `rule` that can match in ASCII text."""
    for keyword in rule.keywords:
        folded = fold(keyword.strip()) if rule.ignore_case else keyword.strip()
        if folded.isascii():
            source = rf"[{_SPACE}]+".join("".join(map(_literal, part)) for part in folded.split())
            edges = [r"\b" if char.isalnum() or char == "_" else "" for char in (folded[0], folded[-1])]
            yield f"(?{'i' if rule.ignore_case else '-i'}){source.join(edges)}"


class _Writer:
    """Writes one pattern anew, piece by piece."""

    def __init__(self, *, ignore_case: bool) -> None:
        self._ignore_case: Final = ignore_case
        self._out: list[str] = []
        self._groups: dict[str, str] = {}
        """What each group that is closed looks like, by number and by name."""
        self._count = 0
        self._open: list[tuple[int, list[str]]] = []
        """Where each open group begins in what is written, and what it is called."""

    def write(self, pieces: Sequence[Piece]) -> str:
        at = 0
        while at < len(pieces):
            kind, text = pieces[at]
            if text == "(?<=" and set(self._out) <= {_NOTHING, _GROUP}:
                self._piece("group", _GROUP)
            elif kind == "look_behind" or (kind == "group" and text in {"(?=", "(?!"}):
                at = self._skip(pieces, at)
                self._out.append(_NOTHING)
            elif _is_digits(kind, text, pieces[at + 1 :][:1]):
                raise _UnknownPart
            else:
                self._piece(kind, text)
            at += 1
        if self._open:
            raise _UnknownPart
        return "".join(self._out)

    def _piece(self, kind: str, text: str) -> None:
        if kind == "group":
            self._open.append((len(self._out), self._names(text)))
            self._out.append("(?i:" if _adds_ignore_case(text) else "(?:")
        elif kind == "close":
            self._close()
        elif kind == "escape":
            self._out.append(self._escape(text))
        elif kind == "set":
            self._out.append(_set(text, ignore_case=self._ignore_case))
        elif kind == "repeat":
            self._out.append(_repeat(text))
        elif kind == "char":
            self._out.append("." if text == "." else _literal(text))
        elif kind == "bar":
            self._out.append("|")
        elif kind == "anchor":
            self._out.append(_NOTHING)
        elif kind not in {"comment", "flags"}:
            raise _UnknownPart

    def _names(self, text: str) -> list[str]:
        """Return the number and the name of a group that captures."""
        if text != "(" and "<" not in text:
            return []
        self._count += 1
        return [str(self._count), *([text[text.index("<") + 1 : -1]] if "<" in text else [])]

    def _close(self) -> None:
        if not self._open:
            raise _UnknownPart
        start, names = self._open.pop()
        self._out.append(")")
        self._groups.update(dict.fromkeys(names, "".join(self._out[start:])))

    def _escape(self, text: str) -> str:
        char = text[1]
        if char in "123456789" or char == "g":
            name = text[1:] if char != "g" else text[3:-1]
            if name not in self._groups:
                raise _UnknownPart
            return self._groups[name]
        if char in "xuU":
            digits = text[2:]
            return _literal(chr(int(digits, 16))) if digits else _ANY
        if char.isalnum():
            if char not in _ESCAPES:
                raise _UnknownPart
            return _ESCAPES[char]
        return _literal(char)

    def _skip(self, pieces: Sequence[Piece], at: int) -> int:
        """Return the place of the parenthesis that closes the lookaround at `at`; count the groups in it."""
        depth = 1
        while depth:
            at += 1
            if at == len(pieces):
                raise _UnknownPart
            kind, text = pieces[at]
            if kind == "group":
                self._names(text)
            depth += {"group": 1, "look_behind": 1, "odd_group": 1, "close": -1}.get(kind, 0)
        return at


def _literal(char: str) -> str:
    r"""Return a character by its code, but for letters and digits; any character for one that is not ASCII.

    `\u017f` without regard to case matches `s`.
    """
    if not char.isascii():
        return _ANY
    return char if char.isalnum() else f"\\x{ord(char):02x}"


def _is_digits(kind: str, text: str, following: Sequence[Piece]) -> bool:
    r"""Whether a piece is the beginning of a number such as `\12`, whose meaning depends on how many groups there are."""
    return kind == "escape" and text[1].isdigit() and any(char.isdigit() for _, char in following)


def _adds_ignore_case(text: str) -> bool:
    return text.endswith(":") and "i" in text.partition("-")[0]


def _repeat(text: str) -> str:
    if text[0] != "{":
        return text[0]
    low, comma, high = text[1 : text.index("}")].partition(",")
    least = int(low or 0)
    most = int(high or sys.maxsize) if comma else least
    is_open = most > _MOST or most > least + _LOOSE
    return f"{{{min(least, _MOST)},{'' if is_open else most}}}"


def _set(text: str, *, ignore_case: bool) -> str:
    """Return a class that holds at least the same ASCII characters; that of all characters in case of doubt."""
    inner = text[1:-1]
    is_negative = inner.startswith("^")
    inner = inner[is_negative:]
    if not inner.isascii() or any(each in inner for each in ("[", "&&", "||", "--", "~~")):
        return _ANY
    written = inner[:1] if inner.startswith("]") else ""
    at = len(written)
    while at < len(inner):
        char = inner[at]
        if char == "\\":
            escaped = _escape_in_set(inner[at + 1], is_negative=is_negative)
            if escaped is None:
                return _ANY
            written += escaped
            at += 2
        else:
            written += char if char.isalnum() or char in "-^" else f"\\x{ord(char):02x}"
            at += 1
    # Without regard to case a class that excludes `a` may or may not exclude `A`: it is excluded as little as possible.
    if is_negative:
        return f"(?-i:[^{written}])" if ignore_case else f"[^{written}]"
    return f"[{written}]"


def _escape_in_set(char: str, *, is_negative: bool) -> str | None:
    if char == "s":
        return _LEAST_SPACE if is_negative else _SPACE
    if char == "S":
        return None
    if char in _SAME:
        return rf"\{char}"
    return None if char.isalnum() else f"\\x{ord(char):02x}"
