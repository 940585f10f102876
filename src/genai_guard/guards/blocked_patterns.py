"""`BlockedPatterns`: words, phrases and regular expressions that must not pass."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, Literal, cast

from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import settle
from genai_guard.guards.matching import RuleGuard
from genai_guard.guards.word_files import Line, read_phrases
from genai_guard.text.fuzzy import LETTERS, NearWords
from genai_guard.text.lint import Problem, lint
from genai_guard.text.loose import LooseKeywords
from genai_guard.text.patterns import compile_pattern, facts_of
from genai_guard.text.promises import literals_of, promises_of, starts_of
from genai_guard.text.rules import Rule
from genai_guard.text.words import fold, folded_tokens
from genai_guard.verdicts import Action

__all__ = ["BlockedPatterns"]


@dataclass(frozen=True, repr=False)
class BlockedPatterns(RuleGuard):
    r"""Find keywords and regular expressions, and block, flag or redact them.

    Keywords match as whole words in any script, phrases across any white space; the details stand in
    `genai_guard.text.keywords`. Ten thousand of them cost about what two hundred do.

    With `fuzzy` a misspelt word matches as well. An edit puts a letter in, takes one out, exchanges one or swaps two
    neighbours. One is forgiven in words of at least 5 letters, two in words of at least 7, in a phrase in each of its
    words. Each word of a text is then looked up, so that a text without a match is no longer nearly free.

    An exception is a phrase that makes a match harmless. A keyword that lies within an occurrence of one is not found;
    a match of a regex is not if it is the exception, and nothing more or less than that.

    Regexes have the syntax of the `regex` package, version 0, which is that of `re`; `\d`, `\w` and `\b` mean all
    scripts. One that may take exponential or cubic time is refused. Each is bounded by `timeout_s` besides: a search
    that takes longer fails, and `on_error` says what becomes of the call; it never passes for a text without a match.

    In a stream, what could still become a match is held back. A regex that looks at the end of the text (`$`, `\Z`),
    that looks behind further than over a few plain characters, or that uses recursion, conditionals, fuzzy matching,
    `\K`, `\G` or `\X` cannot be decided before the end: the whole reply is then held until it is complete.

    Args:
        keywords: Words and phrases. A phrase is a string with spaces. Written twice is found once.
        keywords_file: UTF-8 file with more of them, one a line. Empty lines and those that begin with `#` are left
            out; a phrase that begins so is written with `\#`. The path starts from the working directory. The file is
            read once, when the guard is built.
        regexes: Regular expressions.
        exceptions: Words and phrases that excuse a match.
        fuzzy: Edits that are forgiven in a word of a keyword: 0, 1 or 2.
        ignore_case: Whether letters of both cases are equal, in keywords, exceptions and regexes alike.
        category: What a match is called; also the label that `redact` puts in its place.
        timeout_s: Processor seconds that a search for one regex may take per 100,000 characters of text. The clock is
            that of the whole process, so other threads count: a bound far above what is normal, not a deadline.

    Raises:
        ConfigurationError: nothing to look for, an empty keyword, a file that cannot be read or holds none, an
            exception that is a keyword or excuses nothing, `fuzzy` that forgives nothing, or a regex that does not
            compile, matches the empty text, or may take too long. The message names its index and position.
    """

    kind: ClassVar[str] = "blocked_patterns"
    allowed_actions: ClassVar[frozenset[Action]] = frozenset({Action.FLAG, Action.REDACT, Action.BLOCK})

    keywords: Sequence[str] = ()
    keywords_file: str | os.PathLike[str] | None = field(default=None, kw_only=True)
    regexes: Sequence[str] = field(default=(), kw_only=True)
    exceptions: Sequence[str] = field(default=(), kw_only=True)
    fuzzy: Literal[0, 1, 2] = field(default=0, kw_only=True)
    ignore_case: bool = field(default=True, kw_only=True)
    category: str = field(default="BLOCKED", kw_only=True)
    timeout_s: float = field(default=1.0, kw_only=True)
    _lines: tuple[Line, ...] = field(default=(), init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("keywords", "regexes", "exceptions"):
            settle(self, **{name: _strings(name, getattr(self, name))})
        if self.keywords_file is not None:
            path = os.fspath(self.keywords_file)
            lines = read_phrases(path, parameter="BlockedPatterns(keywords_file=...)")
            settle(self, keywords_file=path, _lines=lines)
        if not self._phrases and not self.regexes:
            raise ConfigurationError("BlockedPatterns() has nothing to look for: give it keywords or regexes")
        if not self.category:
            raise ConfigurationError("BlockedPatterns(category='') must be a word, such as 'COMPETITOR'")
        if not self.timeout_s > 0:
            raise ConfigurationError(f"BlockedPatterns(timeout_s={self.timeout_s!r}) must be above 0")
        self._check_fuzzy()
        _ = self.rules  # refuse a wrong regex here, not at the first call
        self._check_exceptions()

    def __repr__(self) -> str:
        what = f"{len(self._phrases)} keywords, {len(self.regexes)} regexes"
        return f"<BlockedPatterns {self.name}: {what}, action={str(self.action)!r}, mode={self.mode!r}>"

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """One rule for all keywords, and one for each regex."""
        rules: list[Rule] = []
        for number, source in enumerate(self.regexes):
            try:
                rules.append(self._regex_rule(number, source))
            except RecursionError:
                where = f"BlockedPatterns(regexes=...): regex {number}"
                raise ConfigurationError(f"{where} is nested too deeply; write it with fewer parentheses") from None
        if self._phrases:
            rules.insert(0, self._keyword_rule())
        return tuple(rules)

    @cached_property
    def notes(self) -> Mapping[int, tuple[Problem, ...]]:
        """What is worth knowing about regexes, by their index: quadratic time, streams that are held to their end."""
        found = ((number, lint(source, ignore_case=self.ignore_case)) for number, source in enumerate(self.regexes))
        return {number: notes for number, notes in found if notes}

    @property
    def _phrases(self) -> tuple[str, ...]:
        return (*self.keywords, *(line.phrase for line in self._lines))

    def _keyword_rule(self) -> Rule:
        return Rule(
            f"{self.name}.keywords",
            self.category,
            keywords=self._phrases,
            ignore_case=self.ignore_case,
            exceptions=tuple(self.exceptions),
            fuzzy=self.fuzzy,
        )

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
            ignore=_Excused(self.exceptions, ignore_case=self.ignore_case) if self.exceptions else None,
        )
        self._check_regex(number, source, rule)
        return rule

    def _check_regex(self, number: int, source: str, rule: Rule) -> None:
        where = f"BlockedPatterns(regexes=...): regex {number}"
        try:
            pattern = compile_pattern(source, rule)
        except ValueError as error:
            raise ConfigurationError(f"{where} is not valid: {error}") from error
        for problem in lint(source, ignore_case=self.ignore_case):
            if problem.severity == "error":
                raise ConfigurationError(f"{where}: {problem}")
        if pattern.fullmatch("", timeout=self.timeout_s):
            raise ConfigurationError(f"{where} matches the empty text, and so would match everywhere")

    def _check_fuzzy(self) -> None:
        if isinstance(self.fuzzy, bool) or self.fuzzy not in {0, 1, 2}:
            raise ConfigurationError(f"BlockedPatterns(fuzzy={self.fuzzy!r}) must be 0, 1 or 2")
        if self.fuzzy:
            near = NearWords((), edits=self.fuzzy)
            if not any(near.forgives(word) for phrase in self._phrases for word in folded_tokens(phrase)):
                raise ConfigurationError(
                    f"BlockedPatterns(fuzzy={self.fuzzy}) forgives nothing: no keyword has a word of at least "
                    f"{LETTERS[1]} letters"
                )

    def _check_exceptions(self) -> None:
        if not self.exceptions:
            return
        phrases = self._phrases
        plain = {_plain(phrase, ignore_case=self.ignore_case): at for at, phrase in reversed([*enumerate(phrases)])}
        alone = LooseKeywords(phrases, ignore_case=self.ignore_case, fuzzy=self.fuzzy) if phrases else None
        patterns = [compile_pattern(rule.pattern, rule) for rule in self.rules if rule.pattern]
        for number, exception in enumerate(self.exceptions):
            where = f"BlockedPatterns(exceptions=...): item {number}"
            at = plain.get(_plain(exception, ignore_case=self.ignore_case))
            if at is not None:
                raise ConfigurationError(
                    f"{where} is also {self._place(at)}, which could never match; drop one of them"
                )
            held = alone is not None and alone.find(exception, 0, len(exception))
            if not held and not any(pattern.fullmatch(exception, timeout=self.timeout_s) for pattern in patterns):
                raise ConfigurationError(
                    f"{where} excuses nothing: no keyword is found within it, and no regex matches all of it; drop it"
                )

    def _place(self, at: int) -> str:
        if at < len(self.keywords):
            return f"item {at} of keywords"
        return f"line {self._lines[at - len(self.keywords)].number} of keywords_file"


class _Excused:
    """Says of a match of a regex that it is on the list of exceptions."""

    __slots__ = ("_ignore_case", "_phrases")

    def __init__(self, phrases: Iterable[str], *, ignore_case: bool) -> None:
        self._ignore_case = ignore_case
        self._phrases = frozenset(_plain(phrase, ignore_case=ignore_case) for phrase in phrases)

    def __call__(self, matched: str) -> bool:
        return _plain(matched, ignore_case=self._ignore_case) in self._phrases


def _plain(phrase: str, *, ignore_case: bool) -> str:
    """Return what is the same however a phrase is spaced and, if so asked, cased."""
    spaced = " ".join(phrase.split())
    return fold(spaced) if ignore_case else spaced


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
