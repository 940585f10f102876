"""Holds: from where on a text that is cut off is not decided yet."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Final, NamedTuple

from genai_guard.text.keywords import Keywords
from genai_guard.text.patterns import compile_pattern, facts_of
from genai_guard.text.rules import Rule, RuleFailed
from genai_guard.text.words import ascii_words, fold, folded_tokens

__all__ = ["Holds", "unfinished_word"]

_WORD: Final = "_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_NONE: Final = frozenset[bytes]()
_LONG_WORD: Final = 64
_BREAKS: Final = " \t\n,'\"?!;"
_find_unplain: Final[Callable[..., object]] = re.compile(
    r"""[\x00-\x08\x0b-\x1f#-&(-+\--:<->@\[-`{-\x7f]|[^\x00-@\[-`{-\x7f]{20}"""
).search
"""Finds what a rule without `prose` may begin with: an ASCII character that is not of prose, or twenty letters."""


class _Hold(NamedTuple):
    """The hold pattern of one rule, or of several that are alike.

    Attributes:
        search: Its search method.
        reach: No match of the rules is longer.
        alphabet: What the matches are made of; empty if that is not known.
        prose: Whether a match may begin like prose.
        starting: Whether every match begins with one of the words that its rule names.
        words: One of these is a whole word of what has to be seen of each match; empty if that is not known.
        rule: Index of the rule, or of the first.
        rule_id: Its identifier.
        timeout_s: Bound of a search; None for none.
    """

    search: Callable[..., Any]
    reach: int
    alphabet: str
    prose: bool
    starting: bool
    words: frozenset[bytes]
    rule: int
    rule_id: str
    timeout_s: float | None


class Holds:
    """What a stream needs to know about a set of rules.

    Args:
        rules: The rules, with their keywords where they have any.

    Attributes:
        obstacles: Identifiers of the rules that cannot be streamed, each with the reason. If there is one, nothing of
            a stream is decided before its end.
        words_are_heads: Whether in a text that `is_quiet`, no rule begins that is found by its words.
    """

    __slots__ = (
        "_ascii_only",
        "_by_last",
        "_calm",
        "_heads",
        "_is_fuzzy",
        "_keywords",
        "_others",
        "_starting",
        "obstacles",
        "words_are_heads",
    )

    def __init__(self, rules: Iterable[tuple[Rule, Keywords | None]]) -> None:
        rules = tuple(rules)
        self._keywords: Final = tuple(keywords for _, keywords in rules if keywords is not None)
        self._is_fuzzy: Final = any(rule.fuzzy for rule, _ in rules)
        patterns = [(index, rule) for index, (rule, keywords) in enumerate(rules) if keywords is None]
        starting = [rule for _, rule in patterns if _is_starting(rule)]
        heads = {fold(head) for keywords in self._keywords for head in keywords.heads}
        self._heads: Final = frozenset(heads.union(*(rule.starts for rule in starting)))
        self._ascii_only: Final = not all(rule.unicode for rule in starting)
        self._calm: Final = all(not rule.prose or _is_starting(rule) for _, rule in patterns)
        self.words_are_heads: Final = all(_is_starting(rule) for _, rule in patterns if not rule.gate)
        self.obstacles: Final = _obstacles(rule for _, rule in patterns)
        holds = [] if self.obstacles else _holds(patterns)
        self._by_last: Final = {
            char: tuple(hold for hold in holds if char in hold.alphabet)
            for char in {char for hold in holds for char in hold.alphabet}
        }
        self._starting: Final = tuple(hold for hold in holds if hold.starting and not hold.alphabet)
        self._others: Final = tuple(hold for hold in holds if not hold.starting and not hold.alphabet)

    def is_quiet(self, text: str) -> bool:
        """Whether no keyword begins in `text` but in an unfinished last word, nor a rule that begins with a word.

        Never so of fuzzy keywords, of which only a search can tell.
        """
        heads = self._heads
        if self._is_fuzzy or not heads:
            return not self._is_fuzzy
        return heads.isdisjoint(folded_tokens(text)) and (not self._ascii_only or text.isascii())

    def is_calm(self, text: str) -> bool:
        """Whether a quiet `text` has no match at all, and is open but in its unfinished last word."""
        return self._calm and not _find_unplain(text)

    def open_from(self, text: str, lo: int, *, quiet: bool) -> int:
        """Return the first place, from `lo` on, at which a match could begin that more text would decide about.

        The length of `text` if there is none. An unfinished last word counts as undecided.

        Args:
            text: What is there of the text.
            lo: From where on to look.
            quiet: What `is_quiet` says of the text from `lo` on.

        Raises:
            RuleFailed: a bounded search took too long.
        """
        size = len(text)
        word = len(text.rstrip(_WORD))
        is_long = size - word > _LONG_WORD
        first = size if is_long else max(word, lo)
        quiet = quiet and not is_long and text[max(word - 1, 0) : word].isascii()
        words: list[bytes] | None = None
        holds = self._others if quiet else self._others + self._starting
        for hold in (*self._by_last.get(text[-1:], ()), *holds):
            at = max(lo, size - hold.reach)
            if hold.alphabet:
                at = max(at, len(text.rstrip(hold.alphabet)))
                if not (hold.prose or is_long or _find_unplain(text, at) or not text[at:].isascii()):
                    continue  # what there is of a match, if anything, is in the last word, which is held anyhow
            if at >= first:
                continue
            if hold.words:
                words = ascii_words(text) if words is None else words
                if hold.words.isdisjoint(words):
                    continue
            first = _open(hold, text, at, first)
        if not quiet:
            for keywords in self._keywords:
                at = max(lo, size - keywords.max_length)
                if at < first:
                    first = min(first, keywords.open_from(text, at))
        return first


def unfinished_word(text: str) -> int:
    """Return where the last word of a plain text begins; the length of the text if it does not end in a word."""
    start = text.rfind(" ") + 1
    if start == len(text) or text[start:].isalnum():
        return start
    return max(text.rfind(char, start) for char in _BREAKS) + 1 or start


def _open(hold: _Hold, text: str, at: int, first: int) -> int:
    """Return the first place from `at` on where a match of the hold's rules is open, or `first` if that is before."""
    if hold.timeout_s is None:
        match = hold.search(text, at, partial=True)
    else:
        try:
            match = hold.search(text, at, partial=True, timeout=hold.timeout_s * (1 + len(text) / 100_000))
        except TimeoutError as error:
            raise RuleFailed(hold.rule, hold.rule_id, "TimeoutError") from error
    return first if match is None else min(first, match.start())


def _is_named(rule: Rule) -> bool:
    """Whether a word that has to stand before a match gives it away."""
    return bool(rule.gate and rule.words) and "(?<=" in rule.pattern and not rule.starts


def _is_starting(rule: Rule) -> bool:
    return bool(rule.starts)


def _obstacles(rules: Iterable[Rule]) -> dict[str, str]:
    found: dict[str, str] = {}
    for rule in rules:
        if obstacle := facts_of(rule.pattern).obstacle:
            found[rule.id] = obstacle
        elif not rule.streams:
            found[rule.id] = "a lookbehind of unknown length"
    return found


def _holds(patterns: Iterable[tuple[int, Rule]]) -> list[_Hold]:
    """Fuse the hold patterns of rules that are alike; one that refers to its own groups stays alone."""
    alike: dict[tuple[Any, ...], list[tuple[int, Rule]]] = {}
    for index, rule in patterns:
        key = (
            -1 if facts_of(rule.pattern).fusible else index,
            rule.timeout_s,
            rule.unicode,
            not rule.max_length,
            rule.alphabet,
            rule.prose,
            _is_starting(rule),
            _is_named(rule),
        )
        alike.setdefault(key, []).append((index, rule))
    return [_fuse(each) for each in alike.values()]


def _fuse(patterns: list[tuple[int, Rule]]) -> _Hold:
    index, rule = patterns[0]
    ignore_case = all(each.ignore_case for _, each in patterns)
    if ignore_case:
        alternatives = "|".join(dict.fromkeys(f"(?:{facts_of(each.pattern).hold})" for _, each in patterns))
    else:
        held = ((facts_of(each.pattern).hold, "i" if each.ignore_case else "") for _, each in patterns)
        alternatives = "|".join(dict.fromkeys(f"(?{flag}:{hold})" for hold, flag in held))
    alike = replace(rule, ignore_case=ignore_case)
    return _Hold(
        search=compile_pattern(f"(?:{alternatives})(?!)", alike).search,
        reach=max(each.max_length for _, each in patterns) or sys.maxsize,
        alphabet=rule.alphabet,
        prose=rule.prose,
        starting=_is_starting(rule),
        words=frozenset(word.encode() for _, each in patterns for word in each.words) if _is_named(rule) else _NONE,
        rule=index,
        rule_id=rule.id,
        timeout_s=None if rule.timeout_s is None else rule.timeout_s * len(patterns),
    )
