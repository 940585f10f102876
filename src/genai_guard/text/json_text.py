r"""Matches in the strings of JSON text, such as the arguments of a tool call.

In JSON text a line feed is written `\n`. Scanned as it stands, the `n` would join the word behind it: a rule with a
word boundary would miss `\n4111 1111 1111 1111`. So each escape sequence is read as the character it stands for, and
the matches are placed back into the text as it is written.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from genai_guard.text.rules import Match
from genai_guard.text.stream import Decided

__all__ = ["JsonScanStream", "TextStream", "find_in_json"]

_ESCAPE: Final = re.compile(
    r"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|([^u]))", re.DOTALL
)
_UNFINISHED: Final = re.compile(
    r"\\(?:u(?:[0-9a-fA-F]{0,3}|[dD][89abAB][0-9a-fA-F]{2}(?:\\(?:u[0-9a-fA-F]{0,3})?)?)?)?\Z"
)
_SHORT: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


class TextStream(Protocol):
    """Scans one text that arrives in pieces, as `ScanStream` does."""

    @property
    def held(self) -> str:
        """What arrived and is not decided yet."""
        ...

    def feed(self, text: str) -> Decided | None:
        """Take the next piece; return what is decided by now, or None if that is nothing."""
        ...

    def finish(self) -> Decided:
        """Return the rest."""
        ...


def find_in_json(find: Callable[[str], Sequence[Match]], text: str) -> Sequence[Match]:
    """Return what `find` finds in JSON text, in the order of the places in it."""
    if "\\" not in text:
        return find(text)
    plain = _Plain()
    read = plain.read(text)
    return plain.placed(find(read), read, 0)


class JsonScanStream:
    """A stream for JSON text: takes and returns it as it is written.

    Args:
        scan: Scans what is read out of it.
    """

    __slots__ = ("_plain", "_raw", "_raw_start", "_scan", "_unread")

    def __init__(self, scan: TextStream) -> None:
        self._scan = scan
        self._plain = _Plain()
        self._raw = ""
        self._raw_start = 0
        self._unread = ""

    @property
    def held(self) -> str:
        """What arrived and is not decided yet."""
        return self._raw + self._unread

    def feed(self, text: str) -> Decided | None:
        """Take the next piece; return what is decided by now, or None if that is nothing."""
        text = self._unread + text
        cut = _end_of_finished(text)
        self._unread = text[cut:]
        text = text[:cut]
        if not text:
            return None
        self._raw += text
        return self._placed(self._scan.feed(self._plain.read(text)))

    def finish(self) -> Decided:
        """Return the rest."""
        rest = self._unread
        self._unread = ""
        self._raw += rest
        last = self._scan.feed(self._plain.read(rest, is_last=True)) if rest else None
        end = self._scan.finish()
        parts = [self._placed(part) for part in (last, end)]
        known = [part for part in parts if part is not None]
        matches = tuple(match for part in known for match in part.matches)
        start = known[0].start if known else self._raw_start
        return Decided("".join([part.text for part in known]), start, matches)

    def _placed(self, decided: Decided | None) -> Decided | None:
        if decided is None:
            return None
        start = self._raw_start
        end = self._plain.written(decided.start + len(decided.text))
        stretch, self._raw = self._raw[: end - start], self._raw[end - start :]
        self._raw_start = end
        matches = tuple(self._plain.placed(decided.matches, decided.text, decided.start))
        self._plain.forget(decided.start + len(decided.text))
        return Decided(stretch, start, matches)


class _Plain:
    """JSON text with its escape sequences read, and the way back."""

    __slots__ = ("_length", "_places", "_written", "_written_length")

    def __init__(self) -> None:
        self._places = [0]
        """Places of the plain text from which on the written text is shifted by a constant."""
        self._written = [0]
        self._length = 0
        self._written_length = 0

    def read(self, text: str, *, is_last: bool = False) -> str:
        """Take the next stretch, which ends in no unfinished escape unless it is the last; return it read."""
        if "\\" not in text or is_last:
            self._length += len(text)
            self._written_length += len(text)
            return text
        pieces: list[str] = []
        position = 0
        for match in _ESCAPE.finditer(text):
            pieces += text[position : match.start()], _character(match)
            self._length += match.start() - position + 1
            position = match.end()
            self._places.append(self._length)
            self._written.append(self._written_length + position)
        pieces.append(text[position:])
        self._length += len(text) - position
        self._written_length += len(text)
        return "".join(pieces)

    def written(self, place: int) -> int:
        """Return where the character at `place` is written; the end of the text for its end."""
        index = bisect_right(self._places, place) - 1
        return self._written[index] + place - self._places[index]

    def placed(self, matches: Sequence[Match], read: str, offset: int) -> list[Match]:
        """Return matches in places of the text as it is written; `read` is what was read, from `offset` on."""
        return [self._placed(match, read[match.start - offset : match.end - offset]) for match in matches]

    def _placed(self, match: Match, read: str) -> Match:
        start, end = self.written(match.start), self.written(match.end)
        is_as_read = end - start == match.end - match.start
        return Match(start, end, match.rule, match.reads if match.reads is not None or is_as_read else read)

    def forget(self, place: int) -> None:
        """Drop what is known only about places before `place`."""
        index = bisect_right(self._places, place) - 1
        if index > 0:
            del self._places[:index], self._written[:index]


def _character(match: re.Match[str]) -> str:
    high, low, code, short = match.groups()
    if short is not None:
        return _SHORT.get(short, short)
    if code is not None:
        return chr(int(code, 16))
    return chr(0x10000 + ((int(high, 16) - 0xD800) << 10) + int(low, 16) - 0xDC00)


def _end_of_finished(text: str) -> int:
    """Return where an escape sequence begins that `text` breaks off; the length of the text if it does not."""
    tail = text[-13:]
    if "\\" not in tail:
        return len(text)
    # Whether a backslash begins an escape or ends one shows only from where the run of escapes begins.
    start = 0
    for match in _ESCAPE.finditer(text):
        if _UNFINISHED.match(text, match.start()):  # the first half of a surrogate pair
            return match.start()
        start = match.end()
    unfinished = _UNFINISHED.search(text, start)
    return len(text) if unfinished is None else unfinished.start()
