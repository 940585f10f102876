"""Repairs of what is nearly JSON, where no reader could take it otherwise and nothing is lost.

Repaired are: a byte order mark; a Markdown fence or prose around exactly one value; a comma before a closing bracket;
`True`, `False` and `None`; single quotes; comments; control characters inside of strings.

Not repaired, since something could be lost or made up: a bracket or quote that is missing at the end, a second value, a
key that stands twice, keys without quotes, `NaN`, an escape that JSON does not have.

Rules:

1. The text is edited, not written anew: numbers and strings stay as they were written.
2. One pass, without recursion. A bracket in prose that begins no value, as in `[see below]`, is passed over. Where a
   value has begun and does not come to an end, all is refused: the rest may be part of it.
3. Prose is whatever stands around a value and does not look like more of it.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, TypeAlias

from genai_guard.guards.structured.reading import MAX_DEPTH

__all__ = ["AROUND", "Repair", "Repaired", "repair_json"]

AROUND: Final = ("fence", "text around the value")
"""Repairs that take away what stands on both sides of a value."""

Expected: TypeAlias = Literal["value", "value or end", "key", "key or end", "colon", "comma or end", "nothing"]
_Match: TypeAlias = "re.Match[str]"

_TOKEN: Final = re.compile(
    r"""
    (?P<space>[ \t\r\n]++)
  | (?P<comment>//[^\r\n]*+|\#[^\r\n]*+|/\*(?:[^*]|\*(?!/))*+\*/)
  | (?P<string>"(?:[^"\\]|\\[^\x00-\x1f])*+")
  | (?P<quoted>'(?:[^'\\\x00-\x1f]|\\.)*+'(?=[ \t\r\n]*+(?:[,:}\]/\#]|\Z)))
  | (?P<number>-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][+-]?[0-9]++)?+(?![\w.+-]))
  | (?P<word>[A-Za-z]++(?![\w.$]))
  | (?P<mark>[\[\]{},:])
    """,
    re.VERBOSE | re.DOTALL,
)
_OPEN: Final = re.compile(r"[\[{]")
_FENCE: Final = re.compile(
    r"[ \t\r\n]*+(?P<fence>```|~~~)[\w+-]*+[ \t]*+\r?\n(?P<inside>.*)\n[ \t]*+(?P=fence)[ \t\r\n]*+\Z", re.DOTALL
)
_CONTROL: Final = re.compile(r"[\x00-\x1f]")
_SINGLE_ESCAPE: Final = re.compile(r"\\(?:u[0-9a-fA-F]{4}|[\"'\\nrtbf])|[\"\\]")
_WORDS: Final = {"true": "", "false": "", "null": "", "True": "true", "False": "false", "None": "null"}
_MORE_AFTER: Final = (",", ":", "]", "}", "'", '"', "[", "{")
_MORE_BEFORE: Final = (",", "[", "{", "'", '"')
_KEY: Final[Callable[[str], object]] = re.compile(r"[\"'][ \t]*+:").search


class Repair(NamedTuple):
    """One change of the text.

    Attributes:
        start: First character, in the text as it was.
        end: One past the last.
        kind: What was wrong, in words for people.
        text: What stands there now.
    """

    start: int
    end: int
    kind: str
    text: str = ""


class Repaired(NamedTuple):
    """A repaired text.

    Attributes:
        text: The text. It may still be no JSON, for instance because a key stands twice.
        repairs: What was changed, in the order of the text.
    """

    text: str
    repairs: tuple[Repair, ...]

    def __repr__(self) -> str:
        return f"<Repaired {self.summary}>"

    @property
    def summary(self) -> str:
        """What was changed, and how often."""
        counts = Counter(repair.kind for repair in self.repairs)
        return ", ".join(
            kind if count == 1 or kind in AROUND else f"{kind} ({count} times)" for kind, count in counts.items()
        )


def repair_json(text: str) -> Repaired | None:
    """Return the text with all repairs that it needs to be JSON; None if they do not suffice."""
    found = _bare(text, 0, len(text)) or _fenced(text) or _in_prose(text)
    if found is None:
        return None
    start, end, unordered = found
    repairs = sorted(unordered)  # a comma is known for one too many when the comments behind it are read
    kept = [text[start if not at else repairs[at - 1].end : each.start] + each.text for at, each in enumerate(repairs)]
    rest = text[repairs[-1].end if repairs else start : end]
    return Repaired("".join(kept) + rest, tuple(sorted([*repairs, *_around(text, start, end)])))


_Found: TypeAlias = tuple[int, int, list[Repair]]


def _bare(text: str, start: int, end: int) -> _Found | None:
    """Read a value that has nothing but space and comments around it."""
    start += text.startswith("\ufeff", start)
    walk = _Walk(text, end)
    stop = walk.value(start)
    if stop is None:
        return None
    repairs = walk.repairs
    if not walk.only_space(stop):
        return None
    return start, end, repairs


def _fenced(text: str) -> _Found | None:
    fence = _FENCE.match(text, int(text.startswith("\ufeff")))
    return None if fence is None else _bare(text, fence.start("inside"), fence.end("inside"))


def _in_prose(text: str) -> _Found | None:
    """Find the one array or object among other words."""
    found: _Found | None = None
    at = 0
    while (opening := _OPEN.search(text, at)) is not None:
        walk = _Walk(text, len(text))
        stop = walk.value(opening.start())
        if stop is None:
            if walk.began:
                return None
            at = max(walk.at, opening.end())
            continue
        if found is not None:
            return None
        found = opening.start(), stop, walk.repairs
        at = stop
    if found is None or _looks_like_more(text[: found[0]], text[found[1] :]):
        return None
    return found


def _looks_like_more(before: str, after: str) -> bool:
    before, after = before.strip(), after.strip()
    if after.startswith(_MORE_AFTER) or before.endswith(_MORE_BEFORE):
        return True
    return bool(_KEY(before) or _KEY(after)) or _is_scalar(before) or _is_scalar(after)


def _is_scalar(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return text in _WORDS
    return True


def _around(text: str, start: int, end: int) -> list[Repair]:
    """Return the repairs that took away what stood around the value."""
    pieces = [(0, start), (end, len(text))]
    if text.startswith("\ufeff"):
        pieces[0] = (1, start)
    found = [Repair(0, 1, "byte order mark")] if text.startswith("\ufeff") else []
    for begin, stop in pieces:
        piece = text[begin:stop].strip()
        if piece:
            found.append(Repair(begin, stop, AROUND[not piece.startswith(("```", "~~~"))]))
    return found


@dataclass(slots=True)
class _Walk:
    """A walk over one value, token by token.

    Attributes:
        text: The text.
        end: Where to stop reading.
        repairs: What has to be changed.
        began: Whether part of a value was read, so that giving up would lose it.
        at: How far the walk came.
    """

    text: str
    end: int
    repairs: list[Repair] = field(default_factory=list[Repair])
    began: bool = False
    at: int = 0
    _comma: _Match | None = None

    def value(self, at: int) -> int | None:
        """Read a value; return where it ends, or None where there is none."""
        open_marks: list[str] = []
        expected: Expected = "value"
        while expected != "nothing":
            token = _TOKEN.match(self.text, at, self.end)
            self.at = at
            if token is None:
                self.began |= self.text[at : at + 1] in "\"'/"
                return None
            at = token.end()
            if token.lastgroup == "space":
                continue
            if token.lastgroup == "comment":
                if not (open_marks or self._is_apart(token)):
                    return None
                self.repairs.append(Repair(token.start(), at, "comment"))
                continue
            after = self._step(token, expected, open_marks)
            self.began |= len(open_marks) > MAX_DEPTH
            if after is None or len(open_marks) > MAX_DEPTH:
                return None
            expected = after
        return at

    def only_space(self, at: int) -> bool:
        """Whether nothing but space and comments follows; comments are put among the repairs."""
        while at < self.end:
            token = _TOKEN.match(self.text, at, self.end)
            if token is None or token.lastgroup not in {"space", "comment"}:
                return False
            if token.lastgroup == "comment":
                if not self._is_apart(token):
                    return False
                self.repairs.append(Repair(token.start(), token.end(), "comment"))
            at = token.end()
        return True

    def _is_apart(self, comment: _Match) -> bool:
        """Whether a comment beside the value holds no other value."""
        return _OPEN.search(comment[0]) is None

    def _step(self, token: _Match, expected: Expected, open_marks: list[str]) -> Expected | None:
        """Take a token; return what is expected next, or None if it is not what was expected."""
        mark = token[0] if token.lastgroup == "mark" else ""
        if mark in {"]", "}"}:
            return self._close(mark, expected, open_marks)
        if expected == "colon":
            return "value" if mark == ":" else None
        if expected == "comma or end":
            self._comma = token
            return None if mark != "," else "key" if open_marks[-1] == "{" else "value"
        self._comma = None
        if expected in {"key", "key or end"}:
            return "colon" if self._string(token) else None
        return self._value(token, mark, open_marks)

    def _value(self, token: _Match, mark: str, open_marks: list[str]) -> Expected | None:
        if mark in {"[", "{"}:
            open_marks.append(mark)
            return "value or end" if mark == "[" else "key or end"
        if not (self._string(token) or self._scalar(token)):
            return None
        return "comma or end" if open_marks else "nothing"

    def _close(self, mark: str, expected: Expected, open_marks: list[str]) -> Expected | None:
        opened = open_marks.pop() if open_marks else ""
        if (opened + mark) not in {"[]", "{}"}:
            return None
        if expected in {"value", "key"}:  # only behind a comma, or behind a colon
            if self._comma is None:
                return None
            self.repairs.append(Repair(self._comma.start(), self._comma.end(), "comma before a closing bracket"))
            self._comma = None
        elif expected == "colon":
            return None
        self.began = True
        return "comma or end" if open_marks else "nothing"

    def _string(self, token: _Match) -> bool:
        if token.lastgroup == "quoted":
            return self._quoted(token)
        if token.lastgroup != "string":
            return False
        self.began = True
        for control in _CONTROL.finditer(self.text, token.start(), token.end()):
            kind = "control character in a string"
            self.repairs.append(Repair(control.start(), control.end(), kind, json.dumps(control[0])[1:-1]))
        return True

    def _quoted(self, token: _Match) -> bool:
        self.began = True
        inside = token[0][1:-1]
        if any(found[0] == "\\" for found in _SINGLE_ESCAPE.finditer(inside)):
            return False
        changed = _SINGLE_ESCAPE.sub(_doubled, inside)
        self.repairs.append(Repair(token.start(), token.end(), "single quotes", f'"{changed}"'))
        return True

    def _scalar(self, token: _Match) -> bool:
        if token.lastgroup == "number":
            self.began = True
            return True
        if token.lastgroup != "word" or token[0] not in _WORDS:
            return False
        self.began = True
        if _WORDS[token[0]]:
            self.repairs.append(Repair(token.start(), token.end(), "Python literal", _WORDS[token[0]]))
        return True


def _doubled(escape: _Match) -> str:
    return {'"': '\\"', "\\'": "'"}.get(escape[0], escape[0])
