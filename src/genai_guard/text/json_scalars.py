"""Numbers and literals of JSON text that streams, such as the arguments of a tool call: kept whole.

An edit replaces a number as a whole, by a string. That is too late once the beginning of it has been handed out, for
instance the minus sign before what looks like a card.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from genai_guard.text.json_text import TextStream
from genai_guard.text.stream import Decided

__all__ = ["WholeScalars"]

_STRUCTURE: Final = frozenset('"[]{},:')
_LONGEST: Final = 128
_inside: Final[Callable[..., re.Match[str] | None]] = re.compile(r'(?:[^"\\]|\\.)*+', re.DOTALL).match


class WholeScalars:
    """A stream for JSON text that returns no part of a number or literal before all of it is decided.

    Matches that reach into one wait with it. What is longer than 128 characters is no number that anybody writes, and
    does not wait.

    Args:
        scan: The stream whose answers are kept until then; it never cuts an escape sequence.
    """

    __slots__ = ("_in_string", "_kept", "_scan")

    def __init__(self, scan: TextStream) -> None:
        self._scan = scan
        self._kept = Decided("", 0)
        self._in_string = False

    @property
    def held(self) -> str:
        """What arrived and was not returned yet."""
        return self._kept.text + self._scan.held

    def feed(self, text: str) -> Decided | None:
        """Take the next piece; return what is decided by now, or None if that is nothing."""
        decided = self._scan.feed(text)
        return None if decided is None else self._whole(self._joined(decided))

    def finish(self) -> Decided:
        """Return the rest."""
        rest = self._joined(self._scan.finish())
        self._kept, self._in_string = Decided("", 0), False
        return rest

    def _joined(self, decided: Decided) -> Decided:
        text, start, matches = self._kept
        return Decided(text + decided.text, start, matches + decided.matches) if text else decided

    def _whole(self, decided: Decided) -> Decided | None:
        text, start, matches = decided
        in_string = _ends_in_string(text, in_string=self._in_string)
        cut = len(text) if in_string else _end_of_whole(text)
        for match in reversed(matches):
            if match.start < start + cut < match.end:
                cut = match.start - start
                in_string = _ends_in_string(text[:cut], in_string=self._in_string)
        count = sum(match.start < start + cut for match in matches)
        self._kept = Decided(text[cut:], start + cut, matches[count:])
        if not cut:
            return None
        self._in_string = in_string
        return Decided(text[:cut], start, matches[:count])


def _ends_in_string(text: str, *, in_string: bool) -> bool:
    """Say whether the end of `text` is inside of a string literal, given whether its beginning is."""
    at = 0
    while True:
        if in_string:
            match = _inside(text, at)
            at = match.end() if match else at
            if text[at : at + 1] != '"':
                return True
        else:
            at = text.find('"', at)
            if at < 0:
                return False
        at += 1
        in_string = not in_string


def _end_of_whole(text: str) -> int:
    """Return where the number or literal begins that `text` ends with; its length if it ends with none."""
    at = len(text)
    while at and text[at - 1] not in _STRUCTURE and not text[at - 1].isspace():
        at -= 1
        if len(text) - at > _LONGEST:
            return len(text)
    return at
