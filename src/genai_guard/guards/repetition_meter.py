"""How `Repetition` watches a text grow. Whole texts are watched in the same way, so that a stream says the same.

A loop is followed by its period: where three signs in a row stood before, the distance is a candidate, and it is kept
as long as each further sign equals the one at that distance. In a loop this settles on its period after one round, or
a few if the phrase repeats parts of itself; no candidate is tried backwards, so that the time is linear. What is kept
is bounded: some thousands of signs, and the unfinished word at the end.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from genai_guard.verdicts import Verdict

__all__ = ["Loops", "RepetitionMeter", "may_repeat"]

_KEPT: Final = 1_024
"""Signs that are looked back upon: the longest period."""
_LONGEST_WORD: Final = 512
_EAST: Final = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Scripts without spaces between words: each of their characters is a sign."""
_SIGN: Final = re.compile(rf"[^\W{_EAST}]{{1,{_LONGEST_WORD}}}|[^\s]")
_GRAM: Final = 3
_STEP_WORDS: Final = 50
_MOST_NUMBERS: Final = 0.1
"""Share of numbers from which on a stretch of text is taken for a log or a table."""
_PROSE: Final = 0.85
"""Share of letters in prose, when one space for each word is left out."""
_WORDY: Final = 0.6
_SEPARATORS: Final = frozenset(",;|/\\=")
_STRUCTURED_CHARS: Final = 1_000
_WORDLESS_CHARS: Final = 4_000
_MOST_PERIOD_IN_WORD: Final = 16


class Loops(NamedTuple):
    """What counts as repetition; the parameters of `Repetition`."""

    max_repeats: int
    max_share: float | None
    window_words: int
    max_run_chars: int

    def allowed(self, words: int) -> int:
        """Return how often a phrase of so many words may stand in direct succession."""
        divisor = 1 if words < 3 else 2 if words < 8 else 4 if words < 32 else 6
        return max(self.max_repeats // divisor, 2)

    @property
    def least(self) -> int:
        """How many runs of three signs there are at least, in a loop, that were there before."""
        return min(self.allowed(words) * words for words in (1, 3, 8, 32)) - 2


def may_repeat(text: str, loops: Loops) -> bool:
    """Tell cheaply of a whole text that it holds no repetition."""
    if len(text) > loops.max_run_chars and _run_end(text, loops.max_run_chars):
        return True
    signs = _SIGN.findall(text)
    if len(signs) < loops.least:
        return max(map(len, signs), default=0) > loops.max_run_chars
    repeated = len(signs) - 2 - len(set(zip(signs, signs[1:], signs[2:], strict=False)))
    return repeated >= loops.least or max(map(len, signs)) > loops.max_run_chars


class RepetitionMeter:
    """Watches one text, and speaks once.

    Args:
        loops: What counts as repetition.
        verdict: Makes a verdict of a rule, a span, the text that may pass, and a detail.
    """

    __slots__ = ("_chars", "_done", "_follower", "_loops", "_rest", "_run", "_share", "_verdict")

    def __init__(self, loops: Loops, verdict: Callable[[str, int, int, str, str], Verdict]) -> None:
        self._loops: Final = loops
        self._verdict: Final = verdict
        self._chars = 0
        self._rest = ""
        self._done: Verdict | None = None
        self._run = _Run(loops.max_run_chars)
        self._follower = _Follower(loops)
        self._share = _Share(loops)

    def feed(self, text: str, /) -> Verdict | None:
        """Take the next characters; the text of the verdict is as much of them as may pass."""
        if self._done is not None:
            return self._verdict_again()
        run = self._run.feed(text)
        found = self._signs(text if run is None else text[:run], final=run is not None)
        if found is None and run is not None:
            limit = self._loops.max_run_chars
            end = self._chars + run
            found = _Found("run", end - limit, end, f"one character more than {limit:,} times")
        if found is not None:
            rule, start, end, detail = found
            self._done = self._verdict(rule, start, end, text[: end - self._chars], detail)
        self._chars += len(text)
        return self._done

    def finish(self, text: str = "") -> Verdict | None:
        """Look at the last word; the text of the verdict is `text`, which has passed."""
        if self._done is not None:
            return None
        found = self._signs("", final=True)
        if found is None:
            return None
        self._done = self._verdict(found.rule, found.start, found.end, text, found.detail)
        return self._done

    def _verdict_again(self) -> Verdict | None:
        """What comes after a cut is left out."""
        done = self._done
        if done is None or not done.action.edits:
            return None
        found = done.findings[0]
        return self._verdict(found.rule.partition(".")[2], found.start, found.end, "", found.detail)

    def _signs(self, text: str, *, final: bool) -> _Found | None:
        """Hand the signs that are complete to those who watch them."""
        start = self._chars - len(self._rest)
        text = self._rest + text
        self._rest = ""
        follow, share, longest = self._follower.take, self._share.take, self._loops.max_run_chars
        for match in _SIGN.finditer(text):
            sign, end = match[0], match.end()
            if end == len(text) and not final and _may_go_on(sign):
                self._rest = sign
                break
            at = start + match.start()
            found = follow(sign, at, start + end)
            if found is None and sign[0].isalnum():
                found = share(sign, at, start + end)
            if found is None and len(sign) > longest and _goes_round(sign):
                found = _Found("run", at, start + end, f"a few characters over more than {longest:,} characters")
            if found is not None:
                return found
        return None


class _Found(NamedTuple):
    rule: str
    start: int
    end: int
    detail: str


class _Follower:
    """Follows a phrase that repeats itself."""

    __slots__ = ("_last", "_loops", "_matched", "_offset", "_period", "_signs", "_start", "_starts")

    def __init__(self, loops: Loops) -> None:
        self._loops: Final = loops
        self._signs: list[str] = []
        self._starts: list[int] = []
        self._offset = 0
        """Signs that were dropped."""
        self._last: dict[tuple[str, str, str], int] = {}
        """Where a run of three signs ended the last time."""
        self._period = 0
        self._matched = 0
        """Signs that equal the one at the distance of the period."""
        self._start = 0

    def take(self, sign: str, start: int, end: int) -> _Found | None:
        """Take the next sign; return what it completes."""
        signs = self._signs
        signs.append(sign)
        self._starts.append(start)
        size = len(signs)
        if size < 3:
            return None
        key = (signs[-3], signs[-2], sign)
        number = self._offset + size
        before = self._last.get(key)
        self._last[key] = number
        period = self._period
        if period and period < size and signs[-1 - period] == sign:
            self._matched += 1
            if self._matched % period == 0:
                return self._judged(end)
        else:
            self._period = 0 if before is None or number - before > _KEPT else number - before
            self._matched = 3
            self._start = self._starts[max(size - 3 - self._period, 0)]
        if size >= 3 * _KEPT:
            self._forget(number)
        return None

    def _judged(self, end: int) -> _Found | None:
        period, copies = self._period, self._matched // self._period + 1
        if copies <= 2:
            return None
        phrase = self._signs[-period:]
        words = [sign for sign in phrase if sign[0].isalpha()]
        if copies <= self._loops.allowed(len(words) or period):
            return None
        if end - self._start < _least_chars(phrase, words):
            return None
        what = f"{len(words):,} words" if len(words) > 1 else "one word" if words else "signs"
        return _Found("loop", self._start, end, f"a phrase of {what} {copies:,} times in succession")

    def _forget(self, number: int) -> None:
        dropped = len(self._signs) - _KEPT - 1
        del self._signs[:dropped], self._starts[:dropped]
        self._offset += dropped
        self._last = {key: at for key, at in self._last.items() if number - at <= _KEPT}


class _Share:
    """Counts how many runs of words a stretch of text has that were there before."""

    __slots__ = ("_count", "_max", "_starts", "_window", "_words")

    def __init__(self, loops: Loops) -> None:
        self._max: Final = loops.max_share
        self._window: Final = loops.window_words
        self._words: list[str] = []
        self._starts: list[int] = []
        self._count = 0

    def take(self, word: str, start: int, end: int) -> _Found | None:
        """Take the next word; return what the last words are, if they repeat themselves."""
        self._words.append(word)
        self._starts.append(start)
        self._count += 1
        if self._count < self._window or self._count % _STEP_WORDS or self._max is None:
            return None
        dropped = len(self._words) - self._window
        del self._words[:dropped], self._starts[:dropped]
        if not self._is_prose(end):
            return None
        grams = len(self._words) - _GRAM + 1
        distinct = len(set(zip(*(self._words[at:] for at in range(_GRAM)), strict=False)))
        share = 1 - distinct / grams
        if share <= self._max:
            return None
        return _Found(
            "share", self._starts[0], end, f"{share:.0%} of the last {self._window:,} words were there before"
        )

    def _is_prose(self, end: int) -> bool:
        """Whether the stretch is made of words and spaces: logs, tables and code repeat themselves for good reason."""
        if sum(word[0].isdigit() for word in self._words) > _MOST_NUMBERS * self._window:
            return False
        return sum(map(len, self._words)) >= _PROSE * (end - self._starts[0] - self._window)


class _Run:
    """Counts how often one character follows itself; white space is one character."""

    __slots__ = ("_last", "_limit", "_run")

    def __init__(self, limit: int) -> None:
        self._limit: Final = limit
        self._last = ""
        self._run = 0

    def feed(self, text: str) -> int | None:
        """Take the next piece; return how many of its characters still fit, or None if all do."""
        if not text:
            return None
        head = len(text) - len(_stripped(text, self._last, left=True)) if self._last else 0
        if self._run + head > self._limit:
            return self._limit - self._run
        if head == len(text):
            self._run += head
            return None
        end = _run_end(text, self._limit)
        if end:
            return end
        self._last = text[-1]
        self._run = len(text) - len(_stripped(text, self._last, left=False))
        return None


def _stripped(text: str, char: str, *, left: bool) -> str:
    chars = None if char.isspace() else char
    return text.lstrip(chars) if left else text.rstrip(chars)


def _run_end(text: str, limit: int) -> int:
    """Return where a run of one character passes the limit; 0 if none does.

    Of a run that is longer, a block of half its length lies wholly within: only blocks are compared.
    """
    half = limit // 2
    for at in range(0, len(text) - half + 1, half):
        block = text[at : at + half]
        if block.isspace() or block == block[0] * half:
            before = text[max(at - limit, 0) : at]
            start = at - len(before) + len(_stripped(before, block[0], left=False))
            after = text[at : at + limit + half]
            if at - start + len(after) - len(_stripped(after, block[0], left=True)) > limit:
                return start + limit
    return 0


def _may_go_on(sign: str) -> bool:
    """Whether the next characters may belong to the same sign."""
    return sign[0].isalnum() or sign[0] == "_"


def _goes_round(word: str) -> bool:
    """Whether a word without spaces is a few characters over and over again."""
    return any(word.startswith(word[period:]) for period in range(2, _MOST_PERIOD_IN_WORD + 1))


def _least_chars(phrase: list[str], words: list[str]) -> int:
    """Return how long a loop has to be; one of plain words may be short."""
    if not words:
        return _WORDLESS_CHARS
    is_list = len(words) == 1 and not _SEPARATORS.isdisjoint(phrase)
    letters, chars = sum(map(len, words)), sum(map(len, phrase))
    return _STRUCTURED_CHARS if is_list or letters < _WORDY * chars else 0
