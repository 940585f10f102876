"""`BlockedPatterns`: words, phrases and regular expressions that must not pass."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, cast

from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import settle
from genai_guard.guards.matching import RuleGuard
from genai_guard.text.patterns import compile_pattern, facts_of, nested_repeat
from genai_guard.text.promises import literals_of, promises_of, starts_of
from genai_guard.text.rules import Rule
from genai_guard.verdicts import Action

__all__ = ["BlockedPatterns"]


@dataclass(frozen=True, repr=False)
class BlockedPatterns(RuleGuard):
    r"""Find keywords and regular expressions, and block, flag or redact them.

    Keywords match as whole words in any script, phrases across any white space; the details stand in
    `genai_guard.text.keywords`. Ten thousand of them cost about what two hundred do.

    Regexes have the syntax of the `regex` package, version 0, which is that of `re`; `\d`, `\w` and `\b` mean all
    scripts. Each is bounded by `timeout_s`: a search that takes longer fails, and `on_error` says what becomes of the
    call; it never passes for a text without a match.

    In a stream, what could still become a match is held back. A regex that looks at the end of the text (`$`, `\Z`),
    that looks behind further than over a few plain characters, or that uses recursion, conditionals, fuzzy matching,
    `\K`, `\G` or `\X` cannot be decided before the end: the whole reply is then held until it is complete.

    Args:
        keywords: Words and phrases. A phrase is a string with spaces.
        regexes: Regular expressions.
        ignore_case: Whether letters of both cases are equal, in keywords and regexes alike.
        category: What a match is called; also the label that `redact` puts in its place.
        timeout_s: Processor seconds that a search for one regex may take per 100,000 characters of text. The clock is
            that of the whole process, so other threads count: a bound far above what is normal, not a deadline.

    Raises:
        ConfigurationError: nothing to look for, an empty keyword, or a regex that does not compile, matches the empty
            text, or repeats a repetition as `(a+)+` does. The message names its index and position.
    """

    kind: ClassVar[str] = "blocked_patterns"
    allowed_actions: ClassVar[frozenset[Action]] = frozenset({Action.FLAG, Action.REDACT, Action.BLOCK})

    keywords: Sequence[str] = ()
    regexes: Sequence[str] = field(default=(), kw_only=True)
    ignore_case: bool = field(default=True, kw_only=True)
    category: str = field(default="BLOCKED", kw_only=True)
    timeout_s: float = field(default=1.0, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        settle(self, keywords=_strings("keywords", self.keywords), regexes=_strings("regexes", self.regexes))
        if not self.keywords and not self.regexes:
            raise ConfigurationError("BlockedPatterns() has nothing to look for: give it keywords or regexes")
        if not self.category:
            raise ConfigurationError("BlockedPatterns(category='') must be a word, such as 'COMPETITOR'")
        if not self.timeout_s > 0:
            raise ConfigurationError(f"BlockedPatterns(timeout_s={self.timeout_s!r}) must be above 0")
        _ = self.rules  # refuse a wrong regex here, not at the first call

    def __repr__(self) -> str:
        what = f"{len(self.keywords)} keywords, {len(self.regexes)} regexes"
        return f"<BlockedPatterns {self.name}: {what}, action={str(self.action)!r}, mode={self.mode!r}>"

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """One rule for all keywords, and one for each regex."""
        rules = [self._regex_rule(number, source) for number, source in enumerate(self.regexes)]
        if self.keywords:
            rules.insert(0, self._keyword_rule())
        return tuple(rules)

    def _keyword_rule(self) -> Rule:
        keywords = tuple(self.keywords)
        return Rule(f"{self.name}.keywords", self.category, keywords=keywords, ignore_case=self.ignore_case)

    def _regex_rule(self, number: int, source: str) -> Rule:
        look_behind = facts_of(source).look_behind
        promises = promises_of(source)
        rule = Rule(
            f"{self.name}.regexes[{number}]",
            self.category,
            source,
            ignore_case=self.ignore_case,
            unicode=True,
            look_behind=1 if look_behind is None else max(look_behind, 1),
            streams=look_behind is not None,
            max_length=0,
            words=promises.words,
            beside=promises.beside,
            literals=() if promises.words else literals_of(source, ignore_case=self.ignore_case),
            starts=starts_of(source),
            min_length=promises.min_length,
            timeout_s=self.timeout_s,
        )
        where = f"BlockedPatterns(regexes=...): regex {number}"
        try:
            pattern = compile_pattern(source, rule)
        except ValueError as error:
            raise ConfigurationError(f"{where} is not valid: {error}") from error
        if repeated := nested_repeat(source):
            raise ConfigurationError(f"{where} repeats a repetition, {repeated}: drop one of the two repeats")
        if pattern.fullmatch(""):
            raise ConfigurationError(f"{where} matches the empty text, and so would match everywhere")
        return rule


def _strings(name: str, values: object) -> tuple[str, ...]:
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise ConfigurationError(f"BlockedPatterns({name}=...) takes a list of strings, not {type(values).__name__}")
    strings = tuple(cast("Iterable[str]", values))
    for number, value in enumerate(strings):
        if not isinstance(value, str):
            raise ConfigurationError(f"BlockedPatterns({name}=...): item {number} is {type(value).__name__}, not a str")
        if not value.strip():
            raise ConfigurationError(f"BlockedPatterns({name}=...): item {number} is empty")
    return strings
