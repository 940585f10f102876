"""One rule, ready to be searched for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, Final

from genai_guard.errors import ConfigurationError
from genai_guard.text.gates import GATES
from genai_guard.text.keywords import Keywords
from genai_guard.text.loose import LooseKeywords
from genai_guard.text.patterns import compile_pattern
from genai_guard.text.rules import Match, Rule, RuleFailed
from genai_guard.text.windows import Window
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
        is_wordy: Whether it is found by words, and not by a gate.
        look_behind: Characters before a match that decide about it.
        max_length: No match, with what decides about it, is longer; 0 if that is not known.
        min_length: No match is shorter.
        min_length_ascii: No match in an ASCII text is shorter.
    """

    __slots__ = (
        "_check",
        "_ignore",
        "_match",
        "_search",
        "_timeout_s",
        "is_wordy",
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
        self._ignore: Final = rule.ignore
        self._timeout_s: Final = rule.timeout_s
        pattern = _compiled(rule)
        self._search: Final[Callable[..., Any]] = pattern.search
        self._match: Final[Callable[..., Any]] = pattern.match
        self.keywords: Final = _keywords_of(rule)
        self.is_wordy: Final = bool(rule.keywords or rule.words or rule.starts) and not rule.gate and not rule.fuzzy
        facts = self.keywords or rule
        self.max_length: Final = facts.max_length
        self.min_length: Final = facts.min_length
        self.min_length_ascii: Final = self.keywords.min_length_ascii if self.keywords else rule.min_length
        self.look_behind: Final = LOOK_BEHIND + self.keywords.behind if self.keywords else rule.look_behind

    def find(
        self, text: str, at: int, hi: int, anchors: Collection[str], windows: Sequence[Window] | None = None
    ) -> tuple[int, list[Match]]:
        """Return where the search goes on, and the matches that begin in `text[at:hi]`.

        Args:
            text: What is there of the text.
            at: From where on to look.
            hi: Before where a match has to begin.
            anchors: Words that `text` holds, of which each match of keywords holds one; none if that is not known.
            windows: In order, where matches begin, and how far each has to be seen; None for anywhere and all of it.

        Raises:
            RuleFailed: a validator raised, or a bounded search took too long.
        """
        if self.keywords is not None:
            spans = self.keywords.find(text, at, hi, anchors)
            return (spans[-1][1] if spans else at), [Match(start, end, self.number) for start, end in spans]
        found: list[Match] = []
        try:
            if windows is None:
                return self._find(text, at, hi, len(text), found), found
            for begin, last, end in windows:
                if begin >= hi:
                    break
                if at < last:
                    at = self._find(text, max(at, begin), min(hi, last), end, found)
        except Exception as error:
            raise RuleFailed(self.number, self.rule.id, type(error).__name__) from error
        return at, found

    def _find(self, text: str, at: int, hi: int, end: int, found: list[Match]) -> int:
        """Add the matches that begin in `text[at:hi]`, as seen up to `end`; return where the search goes on."""
        check, ignore, bound = self._check, self._ignore, self._timeout_s
        search = self._search if hi - at > 1 else self._match
        if bound is not None:
            bound *= 1 + len(text) / 100_000
        hi = min(hi, end - self.min_length + 1)
        while at < hi:
            match = search(text, at, end) if bound is None else search(text, at, end, timeout=bound)
            if match is None:
                break
            start, stop = match.span()
            if start >= hi:
                break
            if start == stop:
                at = stop + 1
            elif kept := stop - start if check is None else check(match.group()):
                at = start + kept
                if ignore is None or not ignore(text[start:at]):
                    found.append(Match(start, at, self.number))
            else:
                at = start + 1
        return at


def _keywords_of(rule: Rule) -> Keywords | None:
    if rule.exceptions or rule.fuzzy:
        return LooseKeywords(rule.keywords, ignore_case=rule.ignore_case, exceptions=rule.exceptions, fuzzy=rule.fuzzy)
    return Keywords(rule.keywords, ignore_case=rule.ignore_case) if rule.keywords else None


def _compiled(rule: Rule) -> Any:
    try:
        return compile_pattern(rule.pattern, rule)
    except ValueError as error:
        raise ConfigurationError(f"rule {rule.id}: {error}") from error


def _check_of(rule: Rule) -> Callable[[str], int] | None:
    """Return what says how many characters of a match are kept; None if it is always all of them."""
    validator, trim = rule.validator, rule.trim
    if validator is None:
        return trim
    is_valid, cut = validator, trim or len
    return lambda matched: cut(matched) if is_valid(matched) else 0
