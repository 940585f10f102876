"""One rule, ready to be searched for."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Final

from genai_guard.errors import ConfigurationError
from genai_guard.text.gates import GATES
from genai_guard.text.keywords import Keywords
from genai_guard.text.loose import LooseKeywords
from genai_guard.text.patterns import compile_pattern
from genai_guard.text.rules import Match, Rule, RuleFailed
from genai_guard.text.words import LOOK_BEHIND

__all__ = ["CompiledRule"]


class CompiledRule:
    """A rule of a scanner.

    Args:
        number: Its index in the scanner.
        rule: The rule.

    Raises:
        ConfigurationError: the pattern does not compile, the gate does not exist, or there is neither a pattern nor
            keywords, or both.

    Attributes:
        number: As given.
        rule: As given.
        keywords: Its keywords, if it has any.
        look_behind: Characters before a match that decide about it.
        max_length: No match, with what decides about it, is longer; 0 if that is not known.
        min_length: No match is shorter.
        min_length_ascii: No match in an ASCII text is shorter.
    """

    __slots__ = (
        "_check",
        "_search",
        "keywords",
        "look_behind",
        "max_length",
        "min_length",
        "min_length_ascii",
        "number",
        "rule",
    )

    def __init__(self, number: int, rule: Rule) -> None:
        if bool(rule.pattern) == bool(rule.keywords):
            raise ConfigurationError(f"rule {rule.id}: needs either a pattern or keywords")
        if rule.gate and rule.gate not in GATES:
            raise ConfigurationError(f"rule {rule.id}: gate {rule.gate!r} is not one of {', '.join(sorted(GATES))}")
        self.number: Final = number
        self.rule: Final = rule
        self._check: Final = _check_of(rule)
        self._search: Final[Callable[..., Any]] = _search_of(rule)
        self.keywords: Final = _keywords_of(rule)
        facts = self.keywords or rule
        self.max_length: Final = facts.max_length
        self.min_length: Final = facts.min_length
        self.min_length_ascii: Final = self.keywords.min_length_ascii if self.keywords else rule.min_length
        self.look_behind: Final = LOOK_BEHIND + self.keywords.behind if self.keywords else rule.look_behind

    def find(self, text: str, at: int, hi: int, anchors: Collection[str]) -> tuple[int, list[Match]]:
        """Return where the search goes on, and the matches that begin in `text[at:hi]`.

        Args:
            text: What is there of the text.
            at: From where on to look.
            hi: Before where a match has to begin.
            anchors: Words that `text` holds, of which each match of keywords holds one; none if that is not known.

        Raises:
            RuleFailed: a validator raised, or a bounded search took too long.
        """
        if self.keywords is not None:
            spans = self.keywords.find(text, at, hi, anchors)
            return (spans[-1][1] if spans else at), [Match(start, end, self.number) for start, end in spans]
        try:
            return self._find(text, at, hi)
        except Exception as error:
            raise RuleFailed(self.number, self.rule.id, type(error).__name__) from error

    def _find(self, text: str, at: int, hi: int) -> tuple[int, list[Match]]:
        number, search, check = self.number, self._search, self._check
        ignore, timeout_s = self.rule.ignore, self.rule.timeout_s
        bound = None if timeout_s is None else timeout_s * (1 + len(text) / 100_000)
        found: list[Match] = []
        while True:
            match = search(text, at) if bound is None else search(text, at, timeout=bound)
            if match is None:
                return at, found
            start, end = match.span()
            if start >= hi:
                return at, found
            if start == end:
                at = end + 1
            elif kept := end - start if check is None else check(match.group()):
                at = start + kept
                if ignore is None or not ignore(text[start:at]):
                    found.append(Match(start, at, number))
            else:
                at = start + 1


def _keywords_of(rule: Rule) -> Keywords | None:
    if rule.exceptions or rule.fuzzy:
        return LooseKeywords(rule.keywords, ignore_case=rule.ignore_case, exceptions=rule.exceptions, fuzzy=rule.fuzzy)
    return Keywords(rule.keywords, ignore_case=rule.ignore_case) if rule.keywords else None


def _search_of(rule: Rule) -> Callable[..., Any]:
    try:
        return compile_pattern(rule.pattern, rule).search
    except ValueError as error:
        raise ConfigurationError(f"rule {rule.id}: {error}") from error


def _check_of(rule: Rule) -> Callable[[str], int] | None:
    """Return what says how many characters of a match are kept; None if it is always all of them."""
    validator, trim = rule.validator, rule.trim
    if validator is None:
        return trim
    is_valid, cut = validator, trim or len
    return lambda matched: cut(matched) if is_valid(matched) else 0
