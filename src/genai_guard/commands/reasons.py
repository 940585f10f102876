"""Why a rule fired at a place, and why one did not: the form of the text, the words before it, what was refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal, NamedTuple, TypeAlias

from genai_guard.commands.asking import Answer, seats_of
from genai_guard.commands.facts import RuleFacts, Source, facts_of, sources_of
from genai_guard.errors import GenAIGuardError
from genai_guard.guards.base import Side
from genai_guard.guards.seat import Seat
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
        seat: The guard; None if it is none of the pipeline's.
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
    seat: Seat | None = None
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


_AllSeen: TypeAlias = dict[tuple[int, str], dict[tuple[int, int, int], _Seen]]
"""What was seen, by guard and text, and there by place and rule."""


def reasons(pipeline: Pipeline, side: Side, answer: Answer) -> Iterator[Reason]:
    """Yield the reason of each finding of an answer, in its order."""
    seats = {seat.name: seat for seat in seats_of(pipeline, side)}
    seen: _AllSeen = {}
    for finding, verdict in answer.found:
        seat = seats.get(verdict.guard) or seats.get(finding.guard)
        yield _reason(Reason(finding, verdict, answer.part_of(finding), seat), seen)


def near_misses(pipeline: Pipeline, side: Side, answer: Answer) -> Iterator[NearMiss]:
    """Yield what looked like a match of a rule and was refused by its check, or is an exception of the policy."""
    for seat in seats_of(pipeline, side):
        sources = [each for each in sources_of(seat) if each.rule.pattern and (each.rule.validator or each.rule.ignore)]
        if not sources:
            continue
        scanner = shared_scanner(replace(source.rule, validator=None, ignore=None) for source in sources)
        for part in answer.parts:
            try:
                matches = scanner.find(part.text)
            except GenAIGuardError:  # its guard has said so
                continue
            for match in matches:
                why = _refusal(sources[match.rule], part.text[match.start : match.end])
                if why and not _is_found(answer, part, match):
                    yield NearMiss(sources[match.rule].rule.id, seat.name, part, match.start, match.end, why)


def _refusal(source: Source, matched: str) -> str:
    """Return what is wrong with a match that only looks like one; nothing if nothing is."""
    rule = source.rule
    if rule.validator is not None and not rule.validator(matched):
        return ": ".join(("its check refused it", *facts_of(source).checks[:1]))
    return "it is an exception of the policy" if rule.ignore is not None and rule.ignore(matched) else ""


def _is_found(answer: Answer, part: Part, match: Match) -> bool:
    """Whether something was found where a match is: then nobody asks why it was not."""
    return any(
        finding.start < match.end and match.start < finding.end and answer.part_of(finding) is part
        for finding, _ in answer.found
    )


def _reason(reason: Reason, known: _AllSeen) -> Reason:
    sources = [] if reason.seat is None else [*sources_of(reason.seat)]
    source = next((each for each in sources if each.rule.id == reason.finding.rule), None)
    if source is None:
        return reason
    reason = replace(reason, facts=facts_of(source))
    seen = _first_seen(source, reason.part, reason.finding, known)
    if seen is None:
        return reason
    reads = seen.match.reads if seen.form != "raw" else None
    matched = reason.finding.of(reason.part.text) if reads is None else reads
    keyword = _keyword(source.rule, matched)
    return replace(
        reason,
        form=seen.form,
        reads=reads,
        named_by=_named_by(source.rule, seen.text),
        keyword=keyword,
        phrase=source.rule.keywords[keyword - 1] if keyword else "",
    )


def _first_seen(source: Source, part: Part, finding: Finding, known: _AllSeen) -> _Seen | None:
    """Return how a finding was seen, in the plainest form in which it was. A text is searched once, and kept in `known`."""
    rules: tuple[Rule, ...] = tuple(source.guard.rules)
    if source.rule not in rules:  # a rule that is made for one call
        return None
    key = (id(source.guard), part.where)
    if key not in known:
        normalize = getattr(source.guard, "normalize", True)
        views = Views(shared_scanner(rules), plain=() if normalize else range(len(rules)))
        found = known[key] = {}
        for seen in _seen(views, part.text):
            found.setdefault(seen.match[:3], seen)
    return known[key].get((finding.start, finding.end, rules.index(source.rule)))


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
