"""The scanner: all rules of all matching guards of a side, in one pass that costs what the text costs.

1. A filter says which rules can match the text at all, and where: `genai_guard.text.candidates`, or, for ASCII text and
   with the extra `fast`, `genai_guard.text.accelerator`.
2. Only the rules that are left are searched for, and only there, each pattern by itself: joined into one alternation
   they would be slower and lose overlapping matches.

A text longer than two windows is scanned window by window, so that one e-mail address in a long text does not wake
the e-mail rule for all of it. Windows end at white space, and see as much of their neighbours as a match may need.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final, Literal, TypeAlias

import regex

from genai_guard.errors import ConfigurationError
from genai_guard.text.accelerator import accelerate
from genai_guard.text.candidates import Candidate, CoreFilter
from genai_guard.text.compiled import CompiledRule
from genai_guard.text.holds import Holds
from genai_guard.text.rules import Match, Rule, by_place

__all__ = ["Cursors", "Engine", "Scanner", "shared_scanner"]

Engine: TypeAlias = Literal["auto", "core", "fast"]
default_engine: Engine = "auto"
"""The engine of scanners that are built without naming one, those of guards and pipelines among them. To switch the
accelerator off for a whole program, set `genai_guard.text.scanner.default_engine = "core"` before building them."""

_WINDOW: Final = 32_768
_find_space: Final = regex.compile(r"\s").search

Cursors: TypeAlias = dict[int, int]
"""Where the search for a rule goes on, if that is further than where the others go on."""


class Scanner:
    """Finds the matches of a set of rules.

    Immutable once built, and safe to share between threads.

    Args:
        rules: What to look for. The index of a rule here is `Match.rule`.
        engine: What says which rules can match a text. `core` needs nothing but this package; `fast` needs the extra
            `fast`, and is quicker on ASCII text; `auto` takes the one that is there. None stands for `default_engine`.
            All find the same.

    Raises:
        ConfigurationError: a pattern does not compile, a gate does not exist, a rule has neither pattern nor
            keywords, or both; or the engine does not exist, or is not installed.

    Attributes:
        rules: As given.
        engine: The engine that was asked for.
        look_behind: Characters before a place that a search there has to see.
        shortest: No match in an ASCII text is shorter.
    """

    __slots__ = (
        "_accelerator",
        "_bounded",
        "_compiled",
        "_filter",
        "_holds",
        "_reach",
        "_shortest",
        "_unbounded",
        "engine",
        "look_behind",
        "rules",
        "shortest",
    )

    def __init__(self, rules: Iterable[Rule], *, engine: Engine | None = None) -> None:
        self.rules: Final = tuple(rules)
        self.engine: Final[Engine] = default_engine if engine is None else engine
        if self.engine not in {"auto", "core", "fast"}:
            raise ConfigurationError(f"Scanner(engine={self.engine!r}): must be one of 'auto', 'core', 'fast'")
        compiled = tuple(CompiledRule(number, rule) for number, rule in enumerate(self.rules))
        self._compiled: Final = compiled
        self._shortest: Final = min((each.min_length for each in compiled), default=1)
        self.shortest: Final = min((each.min_length_ascii for each in compiled), default=1)
        self._reach: Final = max((each.max_length for each in compiled), default=0)
        self.look_behind: Final = max((each.look_behind for each in compiled), default=1)
        self._filter: Final = CoreFilter(compiled)
        unbounded = [each for each in compiled if not each.max_length]
        self._unbounded: Final = CoreFilter(unbounded) if unbounded else None
        self._bounded: Final = CoreFilter(each for each in compiled if each.max_length) if unbounded else self._filter
        self._accelerator: Final = (
            None if self.engine == "core" else accelerate(compiled, required=self.engine == "fast")
        )
        self._holds: Holds | None = None

    def __reduce__(self) -> tuple[Callable[..., Scanner], tuple[tuple[Rule, ...], Engine]]:
        return _rebuild, (self.rules, self.engine)

    @property
    def holds(self) -> Holds:
        """What a stream needs to know about the rules; compiled when it is first asked for."""
        holds = self._holds
        if holds is None:
            holds = self._holds = Holds((each.rule, each.keywords) for each in self._compiled)
        return holds

    def find(self, text: str) -> Sequence[Match]:
        """Return every match, in the order of start, then longest, then rule.

        Matches of one rule do not overlap each other; those of different rules may. The time is linear in the text.

        Raises:
            RuleFailed: a validator raised, or a bounded search took too long.
        """
        size = len(text)
        if size < self.shortest and (size < self._shortest or text.isascii()):
            return ()
        found = self.collect(text, 0, size)
        if len(found) > 1:
            found.sort(key=by_place)
        return found or ()

    def collect(
        self, text: str, lo: int, hi: int, *, cursors: Cursors | None = None, skip_words: bool = False
    ) -> list[Match]:
        """Return the matches that begin in `text[lo:hi]`, in no particular order.

        Args:
            text: What is there of the text.
            lo: Where to begin; all matches that begin before are known.
            hi: Where to end.
            cursors: Where rules go on that go on after `lo`; updated for those that end up after `hi`.
            skip_words: Whether it is known that no rule matches that is found by its words.

        Raises:
            RuleFailed: as in `find`.
        """
        only = None if self._accelerator is None else self._accelerator.screen(text)
        if only is not None and not only:
            return []
        if hi - lo > 2 * _WINDOW:
            return self._collect_long(text, lo, hi, {} if cursors is None else cursors, only)
        candidates = self._filter.candidates(text, only=only, skip_words=skip_words)
        return self._collect(candidates, text, lo, hi, cursors) if candidates else []

    def _collect(
        self, candidates: Iterable[Candidate], text: str, lo: int, hi: int, cursors: Cursors | None
    ) -> list[Match]:
        found: list[Match] = []
        for index, anchors, windows in candidates:
            at = lo if cursors is None else max(cursors.get(index, lo), lo)
            at, matches = self._compiled[index].find(text, at, hi, anchors, windows)
            found += matches
            if cursors is not None and at > hi:
                cursors[index] = at
        return found

    def _collect_long(self, text: str, lo: int, hi: int, cursors: Cursors, only: frozenset[int] | None) -> list[Match]:
        """Scan window by window; rules whose matches know no bound are asked for in the text as a whole."""
        found: list[Match] = []
        words = frozenset[bytes]()
        for start, end in _windows(text, lo, hi):
            left = max(start - self.look_behind, 0)
            piece = text[left : end + self._reach]
            if only is None:
                met = self._filter.words_in(piece)
                words |= met
                candidates = self._bounded.candidates(piece, words=met)
            else:
                candidates = self._bounded.candidates(piece, only=self._screen(piece, only))
            local = {index: cursors[index] - left for index, *_ in candidates if index in cursors}
            matches = self._collect(candidates, piece, start - left, end - left, local)
            found += (match._replace(start=match.start + left, end=match.end + left) for match in matches)
            cursors.update((index, at + left) for index, at in local.items())
        if self._unbounded is not None:
            candidates = self._unbounded.candidates(text, only=only, words=words if only is None else None)
            found += self._collect(candidates, text, lo, hi, cursors)
        return found

    def _screen(self, piece: str, only: frozenset[int]) -> frozenset[int]:
        """Return which of the rules that can match a text can match a piece of it."""
        found = None if self._accelerator is None else self._accelerator.screen(piece)
        return only if found is None else found


def shared_scanner(rules: Iterable[Rule], *, engine: Engine | None = None) -> Scanner:
    """Return a scanner of the rules: the same one for the same rules, if it was asked for lately.

    Building one takes milliseconds for each ten rules, and the guards of a program are often alike.

    Raises:
        ConfigurationError: as for `Scanner`.
    """
    rules, engine = tuple(rules), default_engine if engine is None else engine
    try:
        hash(rules)
    except TypeError:  # a validator that cannot be hashed
        return Scanner(rules, engine=engine)
    return _shared(rules, engine)


@lru_cache(maxsize=32)
def _shared(rules: tuple[Rule, ...], engine: Engine) -> Scanner:
    return Scanner(rules, engine=engine)


def _rebuild(rules: tuple[Rule, ...], engine: Engine) -> Scanner:
    return Scanner(rules, engine=engine)


def _windows(text: str, lo: int, hi: int) -> Iterator[tuple[int, int]]:
    while lo < hi:
        space = _find_space(text, lo + _WINDOW) if lo + _WINDOW < hi else None
        end = hi if space is None else min(space.start() + 1, hi)
        yield lo, end
        lo = end
