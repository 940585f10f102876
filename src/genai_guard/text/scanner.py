"""The scanner: all rules of all matching guards of a side, in one pass that costs what the text costs.

1. Each gate is tested once, and one word pass says which keywords and word-bound rules can be in the text at all.
2. Only the rules that are left are searched for, each pattern by itself: joined into one alternation they would be
   slower and lose overlapping matches.

A text longer than two windows is scanned window by window, so that one e-mail address in a long text does not wake
the e-mail rule for all of it. Windows end at white space, and see as much of their neighbours as a match may need.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final, TypeAlias

import regex

from genai_guard.text.compiled import CompiledRule
from genai_guard.text.gates import DIGITS, GATES, TRIGGERS, Gate, Shapes
from genai_guard.text.holds import Holds
from genai_guard.text.rules import Match, Rule, by_place
from genai_guard.text.words import ALONE, WordPass

__all__ = ["Cursors", "Scanner"]

_WINDOW: Final = 4096
_NO_ANCHORS: Final = frozenset[str]()
_NONE: Final = frozenset[int]()
_find_space: Final = regex.compile(r"\s").search

Cursors: TypeAlias = dict[int, int]
"""Where the search for a rule goes on, if that is further than where the others go on."""
Candidates: TypeAlias = list[tuple[int, Collection[str]]]
"""Rules that can match a text, each with the words that make it so, if it is words."""


class Scanner:
    """Finds the matches of a set of rules.

    Immutable once built, and safe to share between threads.

    Args:
        rules: What to look for. The index of a rule here is `Match.rule`.

    Raises:
        ConfigurationError: a pattern does not compile, a gate does not exist, or a rule has neither pattern nor
            keywords, or both.

    Attributes:
        rules: As given.
        look_behind: Characters before a place that a search there has to see.
    """

    __slots__ = (
        "_bare",
        "_compiled",
        "_digitless",
        "_gates",
        "_has_ungated_words",
        "_holds",
        "_reach",
        "_shortest",
        "_shortest_ascii",
        "_triggers",
        "_twice",
        "_unbounded",
        "_words",
        "look_behind",
        "rules",
    )

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules: Final = tuple(rules)
        compiled = tuple(CompiledRule(number, rule) for number, rule in enumerate(self.rules))
        self._compiled: Final = compiled
        self._shortest: Final = min((each.min_length for each in compiled), default=1)
        self._shortest_ascii: Final = min((each.min_length_ascii for each in compiled), default=1)
        self._reach: Final = max((each.max_length for each in compiled), default=0)
        self._unbounded: Final = frozenset(each.number for each in compiled if not each.max_length)
        self.look_behind: Final = max((each.look_behind for each in compiled), default=1)
        self._gates: Final = _gates(self.rules)
        self._digitless: Final = tuple(
            (GATES[name], behind) for name, behind in _behind(self.rules).items() if TRIGGERS[name] != DIGITS
        )
        self._triggers: Final = b"".join({TRIGGERS[rule.gate] for rule in self.rules if rule.gate})
        self._twice: Final = frozenset(n for n, rule in enumerate(self.rules) if rule.gate and rule.words)
        self._words: Final = _word_pass(compiled)
        self._has_ungated_words: Final = any(
            each.keywords or ((each.rule.words or each.rule.starts) and not each.rule.gate) for each in compiled
        )
        self._bare: Final = tuple(
            number
            for number, rule in enumerate(self.rules)
            if not (rule.gate or rule.words or rule.starts or rule.keywords)
        )
        self._holds: Holds | None = None

    def __reduce__(self) -> tuple[type[Scanner], tuple[tuple[Rule, ...]]]:
        return type(self), (self.rules,)

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
        if size < self._shortest_ascii and (size < self._shortest or text.isascii()):
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
        if hi - lo > 2 * _WINDOW:
            return self._collect_long(text, lo, hi, {} if cursors is None else cursors)
        return self._collect(self._candidates(text, skip_words=skip_words), text, lo, hi, cursors)

    def _collect(self, candidates: Candidates, text: str, lo: int, hi: int, cursors: Cursors | None) -> list[Match]:
        found: list[Match] = []
        for index, anchors in candidates:
            at = lo if cursors is None else max(cursors.get(index, lo), lo)
            at, matches = self._compiled[index].find(text, at, hi, anchors)
            found += matches
            if cursors is not None and at > hi:
                cursors[index] = at
        return found

    def _candidates(self, text: str, *, skip_words: bool = False) -> Candidates:
        candidates: Candidates = [(index, _NO_ANCHORS) for index in self._bare]
        waiting = _NONE
        if self._gates:
            shapes = Shapes(text)
            if len(shapes.data.translate(None, self._triggers)) != len(shapes.data):
                gates = self._gates if shapes.has_digits else self._digitless
                opened = [index for gate, behind in gates if gate(shapes) for index in behind]
                waiting = self._twice.intersection(opened)
                candidates += [(index, _NO_ANCHORS) for index in opened if index not in waiting]
        if waiting or (self._has_ungated_words and not skip_words):
            hits = self._words.hits(text)
            candidates += [each for each in hits if each[0] in waiting or each[0] not in self._twice]
        return candidates

    def _collect_long(self, text: str, lo: int, hi: int, cursors: Cursors) -> list[Match]:
        """Scan window by window; rules whose matches know no bound see the whole text, if they must be searched for."""
        found: list[Match] = []
        awake = self._awake(text) if self._unbounded else set[int]()
        for start, end in _windows(text, lo, hi):
            left = max(start - self.look_behind, 0)
            piece = text[left : end + self._reach]
            candidates = self._candidates(piece)
            awake.update(index for index, _ in candidates if index in self._unbounded)
            bounded = [each for each in candidates if each[0] not in self._unbounded]
            local = {index: cursors[index] - left for index, _ in bounded if index in cursors}
            matches = self._collect(bounded, piece, start - left, end - left, local)
            found += (Match(first + left, last + left, index) for first, last, index in matches)
            cursors.update((index, at + left) for index, at in local.items())
        return found + self._collect([(index, _NO_ANCHORS) for index in awake], text, lo, hi, cursors)

    def _awake(self, text: str) -> set[int]:
        """Return the unbounded rules that have to see a long text without regard to its windows."""
        shapes = Shapes(text)
        gates = ((gate, self._unbounded.intersection(behind)) for gate, behind in self._gates)
        gated = {index for gate, behind in gates if behind and gate(shapes) for index in behind}
        return gated | self._unbounded.intersection(self._bare)


def _gates(rules: Sequence[Rule]) -> tuple[tuple[Gate, tuple[int, ...]], ...]:
    """Return each gate that a rule names, in the order of their cost, with the rules behind it."""
    return tuple((GATES[name], behind) for name, behind in _behind(rules).items())


def _behind(rules: Sequence[Rule]) -> dict[str, tuple[int, ...]]:
    numbers = {name: tuple(n for n, rule in enumerate(rules) if rule.gate == name) for name in GATES}
    return {name: behind for name, behind in numbers.items() if behind}


def _word_pass(compiled: Iterable[CompiledRule]) -> WordPass:
    filed = [(each.number, each.keywords.anchors, each.keywords.bare_heads) for each in compiled if each.keywords]
    by_words = [each for each in compiled if not each.keywords and (each.rule.words or not each.rule.gate)]
    for each in by_words:
        words = each.rule.words or each.rule.starts
        filed.append((each.number, {word.encode(): ALONE for word in words}, frozenset[str]()))
    return WordPass(filed)


def _windows(text: str, lo: int, hi: int) -> Iterator[tuple[int, int]]:
    while lo < hi:
        space = _find_space(text, lo + _WINDOW) if lo + _WINDOW < hi else None
        end = hi if space is None else min(space.start() + 1, hi)
        yield lo, end
        lo = end
