"""Two streams over one text, as one: what is known for all calls, and what is known for this call alone."""

from __future__ import annotations

from typing import Final

from genai_guard.text.json_text import TextStream
from genai_guard.text.rules import Match, by_place
from genai_guard.text.stream import Decided

__all__ = ["ChainedStream"]


class ChainedStream:
    """Scans one text that arrives in pieces with two streams, and returns what both have decided.

    Both see the text as it arrives. Matches of the two that overlap are returned together, with the text that they
    hold in; of those that lie inside of each other nothing is left out. Not safe to share between threads.

    Args:
        first: Scans for some rules; None if there are none.
        second: Scans for others.
        shift: What is added to the rules of matches of the second: how many rules the first has.
    """

    __slots__ = ("_ends", "_found", "_raw", "_shift", "_start", "_streams")

    def __init__(self, first: TextStream | None, second: TextStream, *, shift: int) -> None:
        self._streams: Final = (first or _Nothing(), second)
        self._shift: Final = (0, shift)
        self._reset()

    def _reset(self) -> None:
        self._raw = ""
        """What arrived and was not returned."""
        self._start = 0
        """Its place in the whole text."""
        self._ends = [0, 0]
        """Up to where each of the streams has decided."""
        self._found: list[Match] = []

    @property
    def held(self) -> str:
        """What arrived and is not decided yet."""
        return self._raw

    def feed(self, text: str) -> Decided | None:
        """Take the next piece; return what is decided by now, or None if that is nothing.

        Raises:
            HoldOverflow: one of the streams holds too much. Nothing is lost: `held` has it all.
            RuleFailed: as in `Scanner.find`.
        """
        self._raw += text
        for number, stream in enumerate(self._streams):
            decided = stream.feed(text)
            if decided is not None:
                self._take(number, decided)
        return self._release(min(self._ends))

    def finish(self) -> Decided:
        """Return the rest. The stream can be used for another text afterwards."""
        for number, stream in enumerate(self._streams):
            self._take(number, stream.finish())
        rest = Decided(self._raw, self._start, tuple(sorted(self._found, key=by_place)))
        self._reset()
        return rest

    def _take(self, number: int, decided: Decided) -> None:
        self._ends[number] = decided.start + len(decided.text)
        shift = self._shift[number]
        self._found += (match._replace(rule=match.rule + shift) for match in decided.matches)

    def _release(self, limit: int) -> Decided | None:
        """Return the text up to `limit`, or up to where matches begin that reach beyond."""
        found = self._found
        first = len(found)
        if found:
            found.sort(key=by_place)
            first, limit = _before(found, limit)
        size = limit - self._start
        if size <= 0:
            return None
        decided = Decided(self._raw[:size], self._start, tuple(found[:first]))
        self._raw, self._found, self._start = self._raw[size:], found[first:], limit
        return decided


def _before(found: list[Match], limit: int) -> tuple[int, int]:
    """Return how many of the matches, which are in order, can be returned, and up to where the text can be.

    Matches that overlap stay together: none of them is returned before all of them are.
    """
    group = reach = 0
    for number, match in enumerate(found):
        if match.start >= reach:
            group = number
        reach = max(reach, match.end)
        if match.start >= limit or reach > limit:
            return group, min(limit, found[group].start)
    return len(found), limit


class _Nothing:
    """A stream in which there is nothing to look for."""

    held = ""

    def __init__(self) -> None:
        self._start = 0

    def feed(self, text: str) -> Decided:
        """Return all of it."""
        start, self._start = self._start, self._start + len(text)
        return Decided(text, start, ())

    def finish(self) -> Decided:
        """Return the rest, which is nothing."""
        start, self._start = self._start, 0
        return Decided("", start, ())
