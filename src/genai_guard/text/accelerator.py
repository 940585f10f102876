"""The accelerator: one automaton of RE2 for all rules says which of them can match an ASCII text.

It reads a text once, at the same speed however many rules there are, ten thousand keywords included. What it says is
a superset: `genai_guard.text.candidates` and the patterns themselves decide as ever, about those rules alone, so what is
found is the same with it and without it.

Needs the package `google-re2`, that is `pip install 'genai_guard[fast]'`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from typing import Any, Final

from genai_guard.errors import ConfigurationError
from genai_guard.text.compiled import CompiledRule
from genai_guard.text.gates import BEYOND_ASCII
from genai_guard.text.supersets import superset_of, supersets_of_keywords

__all__ = ["Accelerator", "accelerate"]

MAX_BYTES: Final = 64 * 1024 * 1024
"""Memory that the automaton may take, its cache of states included. Most rule sets need a few megabytes."""
_END: Final = r"\z"


class Accelerator:
    """Says which rules can match an ASCII text.

    Safe to share between threads; lets other threads run while it reads.

    Args:
        match: Returns the numbers of the patterns that match, the last of which always does.
        owners: The rule of each pattern but the last.
        always: Rules without a pattern here.
    """

    __slots__ = ("_always", "_match", "_owners")

    def __init__(
        self, match: Callable[[bytes], Sequence[int] | None], owners: Sequence[int], always: Iterable[int]
    ) -> None:
        self._match: Final = match
        self._owners: Final = tuple(owners)
        self._always: Final = frozenset(always)

    @property
    def always(self) -> frozenset[int]:
        """The rules that no pattern here stands for, and that have to be looked for in every text."""
        return self._always

    def screen(self, text: str) -> frozenset[int] | None:
        """Return the rules that can match `text`; None if that is not known, for instance as the text is not ASCII."""
        if not text.isascii():
            return None
        hits, owners, last = self._match(text.encode()), self._owners, len(self._owners)
        if not hits or hits[-1] != last:
            return None  # the pattern of the end did not match: the automaton gave up
        if len(hits) == 1:
            return self._always
        return self._always.union([owners[hit] for hit in hits[:-1]])


def accelerate(compiled: Iterable[CompiledRule], *, required: bool) -> Accelerator | None:
    """Return an accelerator for the rules; None without the package, or if it would gain nothing.

    Args:
        compiled: The rules.
        required: Whether to refuse to go on without the package.

    Raises:
        ConfigurationError: the package is required, and not installed.
    """
    try:
        re2: Any = import_module("re2")  # when a scanner is built, and not before
    except ImportError as error:
        if required:
            raise ConfigurationError(
                "Scanner(engine='fast') needs the package google-re2: pip install 'genai_guard[fast]'"
            ) from error
        return None
    compiled = tuple(compiled)
    patterns = [(each.number, source) for each in compiled for source in _patterns(each)]
    few = [(number, source) for number, source in patterns if not compiled[number].keywords]
    for chosen in (patterns, few) if len(few) < len(patterns) else (patterns,):
        accelerator = _build(re2, compiled, chosen)
        if accelerator is not None:
            return accelerator
    return None


def _patterns(compiled: CompiledRule) -> Iterable[str]:
    if compiled.rule.fuzzy or not _may_be_ascii(compiled):
        return ()
    if compiled.keywords:
        return supersets_of_keywords(compiled.rule)
    source = superset_of(compiled.rule)
    return () if source is None else (source,)


def _build(re2: Any, compiled: Sequence[CompiledRule], patterns: Sequence[tuple[int, str]]) -> Accelerator | None:
    """Return an accelerator of the patterns; None if they take more memory than they may, or there are none."""
    options = re2.Options()
    options.max_mem = MAX_BYTES
    options.log_errors = False
    options.encoding = re2.Options.Encoding.LATIN1
    automaton = re2.Set.SearchSet(options)
    owners: list[int] = []
    refused: set[int] = set()
    for number, source in patterns:
        try:
            automaton.Add(source)
        except re2.error:
            refused.add(number)
        else:
            owners.append(number)
    if not owners:
        return None
    automaton.Add(_END)
    try:
        automaton.Compile()
    except re2.error:
        return None
    match = automaton.Match
    empty = match(b"")
    if not empty or empty[-1] != len(owners):
        return None
    if len(empty) > 1:  # what matches the empty text says nothing
        idle = {owners[int(hit)] for hit in empty[:-1]}
        return _build(re2, compiled, [each for each in patterns if each[0] not in idle])
    covered = {*owners} - refused
    never = {each.number for each in compiled if not _may_be_ascii(each)}
    return Accelerator(match, owners, {each.number for each in compiled} - covered - never)


def _may_be_ascii(compiled: CompiledRule) -> bool:
    """Whether a match may consist of ASCII alone, as far as that is promised."""
    rule = compiled.rule
    if compiled.keywords and not rule.fuzzy:
        return next(iter(supersets_of_keywords(rule)), None) is not None
    if rule.gate in BEYOND_ASCII:
        return False
    return not rule.literals or any(literal.isascii() for literal in rule.literals)
