"""How often rules are right, and how much they miss, by what reviewers said. Pure.

Judged calls stand for those that were not looked at. Each weighs what one over its probability to be in the queue is
(Horvitz and Thompson), times how many of the items of its kind were in the queue for each that was judged: reviewers
begin with what is urgent.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from genai_guard.errors import ConfigurationError
from genai_guard.recording.review.agreement import Agreement, agreement
from genai_guard.recording.review.values import CALL, Labels, ReviewItem
from genai_guard.wilson import score_interval

__all__ = ["Estimate", "Misses", "ReviewReport", "RulePrecision", "report"]

_Kind: TypeAlias = tuple[float, int]
"""Items that are looked at alike: of one propensity and one priority."""

_DEFAULT: Final = Labels()


class Estimate(NamedTuple):
    """A share of all calls of some kind, as those that were judged tell it.

    Attributes:
        value: The share; not a number (`nan`) without judgements.
        low: Lower end of the interval; 0 without judgements.
        high: Its upper end; 1 without judgements.
        judged: How many judgements it rests on.
        effective: As many judgements of equal weight would say as much.
        total: How many calls of that kind there were, by estimate.
    """

    value: float
    low: float
    high: float
    judged: int
    effective: float
    total: float

    def __str__(self) -> str:
        if not self.judged:
            return "-"
        return f"{100 * self.value:.1f} % ({100 * self.low:.1f}-{100 * self.high:.1f})"


@dataclass(frozen=True, slots=True, kw_only=True)
class RulePrecision:
    """How often a rule is right when it finds something.

    Attributes:
        guard: Name of its guard.
        rule: The rule.
        items: How many items it fired in.
        right: In how many it was judged to be right.
        wrong: In how many not.
        precision: The share of all calls in which it fired that it was right in, those outside the queue included.
    """

    guard: str
    rule: str
    items: int
    right: int
    wrong: int
    precision: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Misses:
    """What guards do not find, by the sample of calls in which they found nothing.

    Attributes:
        rate: Share of those calls in which there was something.
        recall: Share of the calls with something that guards found it in; not a number (`nan`) where it cannot be told.
        recall_low: A lower bound for it; the confidence is divided between both samples.
    """

    rate: Estimate
    recall: float
    recall_low: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewReport:
    """What the judgements of a queue say. Printed, it is a table.

    Attributes:
        rules: Every rule that fired, the one that fires most often first.
        misses: What guards do not find.
        agreement: How far reviewers agree.
        confidence: Of the intervals.
    """

    rules: tuple[RulePrecision, ...]
    misses: Misses
    agreement: Agreement
    confidence: float

    def __str__(self) -> str:
        head = ("guard", "rule", "items", "right", "wrong", "precision")
        lines = [head, *(_cells(each) for each in self.rules)]
        widths = [max(len(line[place]) for line in lines) for place in range(len(head))]
        table = ["  ".join([_set(cell, widths[at], at) for at, cell in enumerate(line)]).rstrip() for line in lines]
        notes = self.notes()
        return "\n".join([*table, *([""] if notes else []), *notes])

    def notes(self) -> list[str]:
        """Return what is said besides of each rule, a line each."""
        misses, agreed = self.misses, self.agreement
        notes: list[str] = []
        if misses.rate.judged:
            notes.append(f"missed in {misses.rate} of the calls in which nothing was found")
        if not math.isnan(misses.recall):
            notes.append(f"recall {100 * misses.recall:.1f} %, at least {100 * misses.recall_low:.1f} %")
        if agreed.units:
            alpha = "" if math.isnan(agreed.alpha) else f", alpha {agreed.alpha:.2f}"
            notes.append(f"reviewers agree in {100 * agreed.share:.1f} % of {agreed.units:,} judged twice{alpha}")
        return notes


def report(items: Iterable[ReviewItem], *, labels: Labels = _DEFAULT, confidence: float = 0.95) -> ReviewReport:
    """Return how often each rule is right, how much is missed, and how far reviewers agree.

    Intervals are Wilson's, for as many judgements of equal weight as say as much as those that there are (Kish). Items
    of which only the request id is known are left out: nobody knows what fired there.

    Args:
        items: All of a queue, judged or not: `queue.items()`.
        labels: Those of the queue.
        confidence: Probability that an interval covers the true share.

    Raises:
        ConfigurationError: the confidence is not between 0 and 1.
    """
    if not 0 < confidence < 1:
        raise ConfigurationError("report(confidence=...) must be between 0 and 1")
    every = [each for each in items if len(each.row) > 1]
    return ReviewReport(
        rules=tuple(sorted(_rules(every, labels, confidence), key=lambda each: (-each.precision.total, each.rule))),
        misses=_misses(every, labels, confidence),
        agreement=agreement(every),
        confidence=confidence,
    )


def _rules(items: Sequence[ReviewItem], labels: Labels, confidence: float) -> Iterable[RulePrecision]:
    fired_in: dict[tuple[str, str], list[ReviewItem]] = {}
    for item in items:
        for each in item.fired:
            fired_in.setdefault((each.guard, each.rule), []).append(item)
    for (guard, rule), found in fired_in.items():
        senses = [labels.decided(item, rule) for item in found]
        yield RulePrecision(
            guard=guard,
            rule=rule,
            items=len(found),
            right=senses.count(True),
            wrong=senses.count(False),
            precision=_estimate(found, lambda item, rule=rule: labels.decided(item, rule), confidence),  # type: ignore[misc]
        )


def _misses(items: Sequence[ReviewItem], labels: Labels, confidence: float) -> Misses:
    silent = [item for item in items if not item.fired]
    spoke = [item for item in items if item.fired]
    rate = _estimate(silent, lambda item: labels.decided(item, CALL), confidence)
    each = (1 + confidence) / 2  # of the error, half for either sample
    found, missed = (_estimate(some, lambda item: _is_positive(item, labels), each) for some in (spoke, silent))
    if not (missed.judged and found.judged):
        return Misses(rate=rate, recall=math.nan, recall_low=0.0)
    return Misses(
        rate=rate,
        recall=_ratio(found.value * found.total, missed.value * missed.total),
        recall_low=_ratio(found.low * found.total, missed.high * missed.total),
    )


def _is_positive(item: ReviewItem, labels: Labels) -> bool | None:
    """Whether there was something to find in a call, by any of the rules that fired."""
    senses = [labels.decided(item, rule) for rule in item.subjects]
    return True if True in senses else None if None in senses else False


def _ratio(found: float, missed: float) -> float:
    return found / (found + missed) if found + missed else math.nan


def _estimate(items: Sequence[ReviewItem], decide: Callable[[ReviewItem], bool | None], confidence: float) -> Estimate:
    """Return the share of calls that are so, of all those that the items stand for."""
    senses = [(item, decide(item)) for item in items]
    there = Counter(_kind(item) for item in items)
    judged = Counter(_kind(item) for item, sense in senses if sense is not None)
    total = sum(1.0 / item.propensity for item in items)
    weighed = [
        (there[_kind(item)] / judged[_kind(item)] / item.propensity, sense)
        for item, sense in senses
        if sense is not None
    ]
    if not weighed:
        return Estimate(math.nan, 0.0, 1.0, 0, 0.0, total)
    weight = sum(each for each, _ in weighed)
    share = min(1.0, sum(each for each, sense in weighed if sense) / weight)
    effective = min(float(len(weighed)), weight * weight / sum(each * each for each, _ in weighed))
    low, high = score_interval(share, effective, confidence=confidence)
    return Estimate(share, low, high, len(weighed), effective, total)


def _kind(item: ReviewItem) -> _Kind:
    return round(item.propensity, 9), item.priority


def _cells(each: RulePrecision) -> tuple[str, ...]:
    return (
        each.guard,
        each.rule,
        *(f"{number:,}" for number in (each.items, each.right, each.wrong)),
        str(each.precision),
    )


def _set(cell: str, width: int, place: int) -> str:
    return cell.rjust(width) if 2 <= place <= 4 else cell.ljust(width)
