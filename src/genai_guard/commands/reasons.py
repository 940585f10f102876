"""Why a rule fired at a place, and why one did not: the form of the text, the words before it, what was refused."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from genai_guard.commands.asking import Answer, seats_of
from genai_guard.commands.facts import RuleFacts, Source, facts_of, sources_of
from genai_guard.commands.marks import Marked, marked_spans
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
_end_of: Final[Any] = attrgetter("end")
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


class _Known:
    """What is looked up once, however many findings there are: rules by guard, and what was seen by guard and text."""

    def __init__(self, pipeline: Pipeline, side: Side) -> None:
        self.seats: Final = {seat.name: seat for seat in seats_of(pipeline, side)}
        self._described: Final = {name: _described(seat) for name, seat in self.seats.items()}
        self._seen: Final[dict[tuple[int, str], dict[tuple[int, int, str], _Seen]]] = {}

    def described(self, seat: Seat, rule_id: str) -> tuple[Source, RuleFacts] | None:
        """Return a rule, and what there is to say about it."""
        return self._described[seat.name].get(rule_id)

    def seen(self, source: Source, part: Part, finding: Finding) -> _Seen | None:
        """Return how a finding was seen, in the plainest form in which it was; None for a rule made for one call."""
        key = (id(source.guard), part.where)
        if key not in self._seen:
            self._seen[key] = _all_seen(source, part.text)
        return self._seen[key].get((finding.start, finding.end, finding.rule))


def _described(seat: Seat) -> dict[str, tuple[Source, RuleFacts]]:
    found: dict[str, tuple[Source, RuleFacts]] = {}
    for source in sources_of(seat):
        found.setdefault(source.rule.id, (source, facts_of(source)))
    return found


def _all_seen(source: Source, text: str) -> dict[tuple[int, int, str], _Seen]:
    rules: tuple[Rule, ...] = tuple(source.guard.rules)
    normalize = getattr(source.guard, "normalize", True)
    found: dict[tuple[int, int, str], _Seen] = {}
    for seen in _seen(Views(shared_scanner(rules), plain=() if normalize else range(len(rules))), text):
        found.setdefault((seen.match.start, seen.match.end, rules[seen.match.rule].id), seen)
    return found


def reasons(pipeline: Pipeline, side: Side, answer: Answer) -> Iterator[Reason]:
    """Yield the reason of each finding of an answer, in its order."""
    known = _Known(pipeline, side)
    for finding, verdict in answer.found:
        seat = known.seats.get(verdict.guard) or known.seats.get(finding.guard)
        yield _reason(Reason(finding, verdict, answer.part_of(finding), seat), known)


def near_misses(pipeline: Pipeline, side: Side, answer: Answer) -> Iterator[NearMiss]:
    """Yield what looked like a match of a rule and was refused by its check, or is an exception of the policy."""
    taken_of = {part.where: marked_spans(_findings_in(answer, part), len(part.text)) for part in answer.parts}
    for seat in seats_of(pipeline, side):
        sources = [each for each in sources_of(seat) if each.rule.pattern and (each.rule.validator or each.rule.ignore)]
        if not sources:
            continue
        scanner = shared_scanner(replace(source.rule, validator=None, ignore=None) for source in sources)
        for part in answer.parts:
            taken = taken_of[part.where]
            try:
                matches = scanner.find(part.text)
            except GenAIGuardError:  # its guard has said so
                continue
            for match in matches:
                why = _refusal(sources[match.rule], part.text[match.start : match.end])
                if why and not _overlaps(taken, match):
                    yield NearMiss(sources[match.rule].rule.id, seat.name, part, match.start, match.end, why)


def _refusal(source: Source, matched: str) -> str:
    """Return what is wrong with a match that only looks like one; nothing if nothing is."""
    rule = source.rule
    if rule.validator is not None and not rule.validator(matched):
        return ": ".join(("its check refused it", *facts_of(source).checks[:1]))
    return "it is an exception of the policy" if rule.ignore is not None and rule.ignore(matched) else ""


def _findings_in(answer: Answer, part: Part) -> list[Finding]:
    return [finding for finding, _ in answer.found if answer.part_of(finding) is part]


def _overlaps(taken: Sequence[Marked], match: Match) -> bool:
    """Whether something was found where a match is: then nobody asks why it was not."""
    at = bisect_right(taken, match.start, key=_end_of)
    return at < len(taken) and taken[at].start < match.end


def _reason(reason: Reason, known: _Known) -> Reason:
    described = None if reason.seat is None else known.described(reason.seat, reason.finding.rule)
    if described is None:
        return reason
    source, facts = described
    reason = replace(reason, facts=facts)
    seen = known.seen(source, reason.part, reason.finding)
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
