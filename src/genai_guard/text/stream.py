"""Exact scanning of a text that arrives in pieces.

The contract, for every way of cutting a text:

1. What `feed` and `finish` return, put together, is the text, and all the matches that `Scanner.find` finds in it.
2. A stretch is returned once nothing in it can be part of a match any more that is not known yet, whatever follows.
   Matches that overlap each other are returned together.
3. Nothing else is held, but for words: an unfinished word may be held to its end.
4. The time is linear in the text.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from genai_guard.errors import GenAIGuardError
from genai_guard.text.holds import unfinished_word
from genai_guard.text.rules import Match, by_place
from genai_guard.text.scanner import Cursors, Scanner

__all__ = ["Decided", "HoldOverflow", "ScanStream"]

MAX_HELD: Final = 65_536
MAX_HELD_WHOLE: Final = 4_194_304
_PATIENCE: Final = 128
_GROWTH: Final = 4
_SURPLUS: Final = 64


class Decided(NamedTuple):
    """A stretch of the text about which all is known.

    Attributes:
        text: The stretch, as it came.
        start: Its place in the whole text.
        matches: The matches in it, with places in the whole text, in the order of `Scanner.find`.
    """

    text: str
    start: int
    matches: tuple[Match, ...] = ()


class HoldOverflow(GenAIGuardError):  # noqa: N818  named after what happened, like ComponentFailed
    """A match that never ends would have to be held for too long. The stream cannot be scanned any further.

    Attributes:
        held_chars: Characters that are held.
    """

    def __init__(self, held_chars: int) -> None:
        self.held_chars = held_chars
        super().__init__(f"{held_chars} characters of a stream could still become one match")


class ScanStream:
    """Scans one text that arrives in pieces. Not safe to share between threads.

    Args:
        scanner: What to look for.
        max_held: Characters that may stay undecided. By default 65,536, or 4,194,304 if a rule of the scanner cannot
            be streamed, so that everything is held to the end.
    """

    __slots__ = (
        "_base",
        "_buffer",
        "_cursors",
        "_holds",
        "_look_behind",
        "_next",
        "_open",
        "_scanned",
        "_scanner",
        "_sent",
        "_waiting",
        "max_held",
    )

    def __init__(self, scanner: Scanner, *, max_held: int | None = None) -> None:
        self._scanner: Final = scanner
        self._holds: Final = scanner.holds
        self._look_behind: Final = max(scanner.look_behind, 1)
        self.max_held: Final = max_held or (MAX_HELD_WHOLE if self._holds.obstacles else MAX_HELD)
        self._reset()

    def _reset(self) -> None:
        self._buffer = ""
        self._waiting: list[str] = []
        """Pieces that are to be added to the buffer before it is looked at again."""
        self._next = self.max_held + 1 if self._holds.obstacles else 0
        """Characters that have to wait before it is worth while to look again."""
        self._base = 0
        """Place of the buffer in the whole text."""
        self._sent = 0
        """What of the buffer is decided, and stays only because a search has to see it."""
        self._scanned = 0
        """All matches that begin before this are known."""
        self._open: list[Match] = []
        """Matches that are known, but not yet whether others overlap them."""
        self._cursors: Cursors = {}

    @property
    def held(self) -> str:
        """What arrived and is not decided yet."""
        return self._buffer[self._sent :] + "".join(self._waiting)

    @property
    def decided(self) -> int:
        """How many characters of the text were returned."""
        return self._base + self._sent

    def fork(self, scanner: Scanner) -> ScanStream:
        """Return a stream of the same text for `scanner`, which has decided as much, and goes its own way from here.

        `scanner` looks for some of the rules of this stream's scanner.
        """
        other = ScanStream(scanner, max_held=self.max_held)
        other._buffer = self._buffer + "".join(self._waiting)
        other._base = self._base
        other._sent = other._scanned = self._sent
        return other

    def feed(self, text: str) -> Decided | None:
        """Take the next piece; return what is decided by now, or None if that is nothing.

        Raises:
            HoldOverflow: more than `max_held` characters are undecided. Nothing is lost: `held` has them all.
            RuleFailed: as in `Scanner.find`.
        """
        if self._next:
            return self._wait(text)
        self._buffer += text
        return self._look()

    def finish(self) -> Decided:
        """Return the rest. The stream can be used for another text afterwards."""
        self._take_waiting()
        matches = self._collect(len(self._buffer), quiet=False)
        rest = Decided(self._buffer[self._sent :], self._base + self._sent, _placed(matches, self._base))
        self._reset()
        return rest

    def _look(self) -> Decided | None:
        buffer, scanned, holds = self._buffer, self._scanned, self._holds
        new = buffer[scanned:]
        quiet = holds.is_quiet(new)
        if quiet and scanned == self._sent and not self._cursors and holds.is_calm(new):
            return self._release(scanned + unfinished_word(new))
        hold = holds.open_from(buffer, scanned, quiet=quiet)
        if hold > scanned:
            return self._decide(hold, quiet=quiet)
        self._be_patient(self._sent)
        return None

    def _wait(self, text: str) -> Decided | None:
        """Keep a piece until there is enough to look at again: looking at all of it each time would be quadratic."""
        self._waiting.append(text)
        self._next -= len(text)
        if self._next > 0:
            return None
        if self._holds.obstacles:
            self._next = 1
            raise HoldOverflow(len(self.held))
        self._take_waiting()
        return self._look()

    def _take_waiting(self) -> None:
        self._next = 0
        self._buffer += "".join(self._waiting)
        self._waiting.clear()

    def _be_patient(self, limit: int) -> None:
        """Decide when to look again, if what follows `limit` stays undecided."""
        pending = len(self._buffer) - limit
        if pending > self.max_held:
            raise HoldOverflow(pending)
        self._next = pending // _GROWTH if pending > _PATIENCE else 0

    def _decide(self, hold: int, *, quiet: bool) -> Decided | None:
        """Every match that begins before `hold` is known; return what no further match can touch."""
        matches = self._collect(hold, quiet=quiet)
        self._scanned = limit = hold
        if self._cursors:
            self._cursors = {rule: at for rule, at in self._cursors.items() if at > hold}
        reach = first = 0
        self._open = []
        for number, match in enumerate(matches):
            if match.start >= reach:
                first = number
            reach = max(reach, match.end)
            if reach > hold:
                limit = matches[first].start
                self._open = matches[first:]
                del matches[first:]
                break
        return self._release(limit, matches)

    def _collect(self, hold: int, *, quiet: bool) -> list[Match]:
        """Return the matches in what is held that begin before `hold`, in order."""
        found = self._open
        if hold > self._scanned:
            skip_words = quiet and self._holds.words_are_heads
            found = found + self._scanner.collect(
                self._buffer, self._scanned, hold, cursors=self._cursors, skip_words=skip_words
            )
        return sorted(found, key=by_place) if len(found) > 1 else found

    def _release(self, limit: int, matches: list[Match] | None = None) -> Decided | None:
        """Return the buffer up to `limit`, and keep of that what a search has to see."""
        buffer, sent = self._buffer, self._sent
        if len(buffer) - limit > _PATIENCE:
            self._be_patient(limit)
        if limit == sent:
            return None
        decided = Decided(buffer[sent:limit], self._base + sent, _placed(matches, self._base) if matches else ())
        self._sent = limit
        self._scanned = max(self._scanned, limit)
        if (surplus := limit - self._look_behind) > _SURPLUS:
            self._trim(surplus)
        return decided

    def _trim(self, surplus: int) -> None:
        self._buffer = self._buffer[surplus:]
        self._base += surplus
        self._sent -= surplus
        self._scanned -= surplus
        if self._open:
            self._open = list(_placed(self._open, -surplus))
        if self._cursors:
            self._cursors = {rule: at - surplus for rule, at in self._cursors.items()}


def _placed(matches: list[Match], base: int) -> tuple[Match, ...]:
    return tuple(Match(match.start + base, match.end + base, match.rule) for match in matches)
