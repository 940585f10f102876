"""Why a rule fired at a place, and why one did not: the form of the text, the words before it, what was refused."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, Literal, NamedTuple, TypeAlias

from genai_guard.commands.asking import Answer, guards_of, name_of
from genai_guard.commands.facts import RuleFacts, facts_of, rules_of
from genai_guard.errors import GenAIGuardError
from genai_guard.guards.base import Guard, Side
from genai_guard.messages import Part
from genai_guard.pipeline import Pipeline
from genai_guard.text.rules import Match, Rule
from genai_guard.text.scanner import shared_scanner
from genai_guard.text.views import Views
from genai_guard.text.words import folded_tokens
from genai_guard.verdicts import Finding, Verdict

__all__ = ["FormName", "NearMiss", "Reason", "near_misses", "reasons"]

FormName: TypeAlias = Literal["raw", "canonical", "letters", ""]
"""In which form of a text something was found: as it is written; with disguises undone; with spaced-out words closed and
digits read as letters. Empty where that is not known."""

_FORMS: Final[tuple[FormName, ...]] = ("canonical", "letters", "letters")
_BEFORE: Final = 120
"""Characters before a match in which the word that names it is looked for."""
_WORD: Final = re.compile("[a-z0-9_]+")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a guard found something.

    Attributes:
        finding: What it found.
        verdict: What it said.
        part: The text it is in.
        guard: The guard; None if it is no guard of its own, such as the limiter.
        facts: What there is to say about the rule; None for a guard that does not work by rules.
        form: In which form of the text it was found.
        reads: What it reads in that form, where that is not what is written there.
        named_by: Words of the rule that stand in the match or before it.
        keyword: Which of the rule's keywords it is, counted from 1; 0 if that is not known.
        phrase: That keyword.
    """

    finding: Finding
    verdict: Verdict
    part: Part
    guard: Guard | None = None
    facts: RuleFacts | None = None
    form: FormName = ""
    reads: str | None = None
    named_by: tuple[str, ...] = ()
    keyword: int = 0
    phrase: str = ""


class NearMiss(NamedTuple):
    """What looked like a match and is none.

    Attributes:
        rule: Identifier of the rule.
        guard: Name of its guard.
        part: The text.
        start: First character.
        end: One past the last.
        why: What refused it.
    """

    rule: str
    guard: str
    part: Part
    start: int
    end: int
    why: str


class _Seen(NamedTuple):
    """A match, and the form of the text that it was found in."""

    form: FormName
    match: Match
    text: str
    """What precedes it in that form, and itself."""


def reasons(pipeline: Pipeline, side: Side, answer: Answer) -> Iterator[Reason]:
    """Yield the reason of each finding of an answer, in its order."""
    guards = {name_of(guard): guard for guard in guards_of(pipeline, side)}
    for finding, verdict in answer.found:
        guard = guards.get(verdict.guard) or guards.get(finding.guard)
        yield _reason(Reason(finding, verdict, answer.part_of(finding), guard))


def near_misses(pipeline: Pipeline, side: Side, answer: Answer) -> Iterator[NearMiss]:
    """Yield what looked like a match of a rule and was refused by its check, or is an exception of the policy."""
    for guard in guards_of(pipeline, side):
        rules = [rule for rule in rules_of(guard) if rule.pattern and (rule.validator or rule.ignore)]
        if not rules:
            continue
        scanner = shared_scanner(replace(rule, validator=None, ignore=None) for rule in rules)
        for part in answer.parts:
            try:
                matches = scanner.find(part.text)
            except GenAIGuardError:  # its guard has said so
                continue
            for match in matches:
                why = _refusal(guard, rules[match.rule], part.text[match.start : match.end])
                if why and not _is_found(answer, part, match):
                    yield NearMiss(rules[match.rule].id, name_of(guard), part, match.start, match.end, why)


def _refusal(guard: Guard, rule: Rule, matched: str) -> str:
    """Return what is wrong with a match that only looks like one; nothing if nothing is."""
    if rule.validator is not None and not rule.validator(matched):
        return ": ".join(("its check refused it", *facts_of(guard, rule).checks[:1]))
    return "it is an exception of the policy" if rule.ignore is not None and rule.ignore(matched) else ""


def _is_found(answer: Answer, part: Part, match: Match) -> bool:
    """Whether something was found where a match is: then nobody asks why it was not."""
    return any(
        finding.start < match.end and match.start < finding.end and answer.part_of(finding) is part
        for finding, _ in answer.found
    )


def _reason(reason: Reason) -> Reason:
    guard, finding = reason.guard, reason.finding
    number = next((at for at, rule in enumerate(rules_of(guard)) if rule.id == finding.rule), -1) if guard else -1
    if guard is None or number < 0:
        return reason
    rule = rules_of(guard)[number]
    seen = _first_seen(guard, number, reason.part.text, finding)
    reason = replace(reason, facts=facts_of(guard, rule))
    if seen is None:
        return reason
    reads = seen.match.reads if seen.form != "raw" else None
    matched = reason.part.text[finding.start : finding.end] if reads is None else reads
    keyword = _keyword(rule, matched)
    return replace(
        reason,
        form=seen.form,
        reads=reads,
        named_by=_named_by(rule, seen.text),
        keyword=keyword,
        phrase=rule.keywords[keyword - 1] if keyword else "",
    )


def _first_seen(guard: Guard, number: int, text: str, finding: Finding) -> _Seen | None:
    """Return how a finding was seen, in the plainest form in which it was."""
    for seen in _seen(_views(guard, rules_of(guard)), text):
        if seen.match[:3] == (finding.start, finding.end, number):
            return seen
    return None


@lru_cache(maxsize=64)
def _cached_views(rules: tuple[Rule, ...], *, normalize: bool) -> Views:
    return Views(shared_scanner(rules), plain=() if normalize else range(len(rules)))


def _views(guard: Guard, rules: Sequence[Rule]) -> Views:
    return _cached_views(tuple(rules), normalize=getattr(guard, "normalize", True))


def _seen(views: Views, text: str) -> Iterator[_Seen]:
    """Yield the matches in each form of a text."""
    for match in views.scanner.find(text):
        yield _Seen("raw", match, text[max(match.start - _BEFORE, 0) : match.end])
    forms = views.forms(text)[0] if views.views else ()
    for view, form, name in zip(views.views, forms, _FORMS, strict=False):
        if form is not None and form.text != text:
            for match in view.scanner.find(form.text):
                start, end = form.original_span(match.start, match.end)
                placed = Match(start, end, view.numbers[match.rule], form.text[match.start : match.end])
                yield _Seen(name, placed, form.text[max(match.start - _BEFORE, 0) : match.end])


def _named_by(rule: Rule, text: str) -> tuple[str, ...]:
    """Return the words of a rule that stand in the text before a match and in itself, the nearest last."""
    if rule.keywords:
        return ()
    words = frozenset((*rule.words, *rule.starts))
    return tuple(dict.fromkeys(word for word in _WORD.findall(text.lower()) if word in words))


def _keyword(rule: Rule, matched: str) -> int:
    """Return which keyword reads like a match, counted from 1; 0 if none does to the letter."""
    if not rule.keywords:
        return 0
    tokens = folded_tokens(matched)
    return next((at for at, phrase in enumerate(rule.keywords, 1) if folded_tokens(phrase) == tokens), 0)
