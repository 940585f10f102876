"""How well a policy finds what is labelled: counts and rates by rule, guard, category, source, span and evasion.

A case says of a category, rule or guard that it is there, that it is not, or nothing. A case is

- positive for a category that it names, by `category`, `categories` or in a span;
- positive for a rule that it names, or if it names none, for the rules of its categories;
- positive for a guard that it is about, that a span names, or that has rules of its categories;
- negative for all others if it expects `allow`, or names all that is found, without `others`.

What it says nothing of is not counted, nor is what it does not ask: guards of the other side, and of a case about one
guard all others. Cases in disguise are counted by evasion alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from genai_guard.testing.cases.case import Case
from genai_guard.testing.cases.checking import meets
from genai_guard.testing.cases.reach import Reach
from genai_guard.testing.cases.results import CaseResult, KnownRule, Report
from genai_guard.testing.cases.wilson import Rate, wilson
from genai_guard.verdicts import Action

__all__ = ["KINDS", "Kind", "Score", "Scores", "score"]

Kind: TypeAlias = Literal["all", "source", "guard", "category", "rule", "span", "evasion"]
KINDS: Final[tuple[Kind, ...]] = ("all", "source", "guard", "category", "rule", "span", "evasion")
"""What is scored, in the order of the table."""

_QUIET: Final = frozenset({Action.ALLOW, Action.ERROR})
_ANY: Final = "(any)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How well one thing is found.

    Attributes:
        kind: What kind of thing it is.
        name: Which one; empty for `all`.
        true_positives: There, and found.
        false_positives: Found, and not there.
        false_negatives: There, and not found.
        true_negatives: Neither; 0 for spans, of which a text has none that are not there.
    """

    kind: Kind
    name: str
    true_positives: int = 0
    false_positives: int = 0
    false_negatives: int = 0
    true_negatives: int = 0

    @property
    def recall(self) -> Rate:
        """Share of what is there that is found."""
        return wilson(self.true_positives, self.true_positives + self.false_negatives)

    @property
    def precision(self) -> Rate:
        """Share of what is found that is there. It depends on how many of the cases are positive."""
        return wilson(self.true_positives, self.true_positives + self.false_positives)

    @property
    def false_positive_rate(self) -> Rate:
        """Share of the cases without it in which it is found."""
        return wilson(self.false_positives, self.false_positives + self.true_negatives)


@dataclass(frozen=True, slots=True)
class Scores:
    """All scores of some cases.

    Attributes:
        rows: In the order of `KINDS`, and by name.
    """

    rows: tuple[Score, ...]

    def of(self, kind: Kind, name: str = "") -> Score:
        """Return the score of one thing; one without counts if no case says anything of it."""
        return next((row for row in self.rows if (row.kind, row.name) == (kind, name)), Score(kind=kind, name=name))

    def table(self, *, kinds: Iterable[Kind] = KINDS) -> str:
        """Return the scores as a table for people, with 95 % intervals."""
        chosen = set(kinds)
        rows = [row for row in self.rows if row.kind in chosen]
        cells = [_HEAD, *(_cells(row) for row in rows)]
        widths = [max(len(line[column]) for line in cells) for column in range(len(_HEAD))]
        return "\n".join(_aligned(line, widths) for line in cells)


def score(results: Report | Iterable[CaseResult]) -> Scores:
    """Return how well what is labelled was found. Cases that were skipped or could not be run are not counted."""
    run = [result for result in results if result.status not in {"skipped", "error"}]
    reach = Reach.of(results.known if isinstance(results, Report) else (), run)
    counted = [_Labelled.of(result) for result in run]
    plain = [each for each in counted if not each.case.evasion]
    board = _Board()
    for each in counted:
        board.count("evasion" if each.case.evasion else "all", each.case.evasion, each.is_positive, each.is_found)
    for each in plain:
        if each.case.source:
            board.count("source", each.case.source, each.is_positive, each.is_found)
        _count_spans(board, each)
    _count_categories(board, plain, reach)
    _count_rules(board, plain, reach)
    _count_guards(board, plain, reach)
    return board.scores()


@dataclass(slots=True)
class _Labelled:
    """A result, and what its case says is there."""

    result: CaseResult
    case: Case
    labels: frozenset[str]
    is_complete: bool
    is_positive: bool | None
    is_found: bool
    categories: frozenset[str]
    rules: frozenset[str]
    guards: frozenset[str]

    @classmethod
    def of(cls, result: CaseResult) -> _Labelled:
        expect, observed = result.case.expect, result.observed
        findings = observed.findings
        named = bool(expect.labels or expect.rules or expect.spans)
        positive = True if named or (expect.actions and Action.ALLOW not in expect.actions) else None
        spans_name_all = expect.spans is not None and all(span.category for span in expect.spans)
        return cls(
            result=result,
            case=result.case,
            labels=expect.labels,
            is_complete=expect.is_negative or ((expect.categories is not None or spans_name_all) and not expect.others),
            is_positive=False if expect.is_negative or (not named and expect.categories == ()) else positive,
            is_found=bool(findings) if expect.actions is None else observed.action not in _QUIET,
            categories=frozenset(finding.category for finding in findings),
            rules=frozenset(finding.rule for finding in findings),
            guards=frozenset(verdict.guard for verdict in observed.verdicts if verdict.action not in _QUIET),
        )

    def has(self, category: str, reach: Reach) -> bool | None:
        """Whether a category is there, as far as the case says and asks."""
        if category in self.labels:
            return True
        return False if self.is_complete and reach.asks_about(self.case, category) else None


@dataclass(slots=True)
class _Board:
    """Counts by what is counted."""

    counts: dict[tuple[Kind, str], list[int]] = field(default_factory=dict[tuple[Kind, str], list[int]])

    def count(self, kind: Kind, name: str, is_there: bool | None, is_found: bool) -> None:
        if is_there is not None:
            place = (0 if is_found else 2) if is_there else (1 if is_found else 3)
            self.counts.setdefault((kind, name), [0, 0, 0, 0])[place] += 1

    def scores(self) -> Scores:
        ordered = sorted(self.counts.items(), key=lambda item: (KINDS.index(item[0][0]), item[0][1]))
        return Scores(
            tuple(
                Score(
                    kind=kind,
                    name=name,
                    true_positives=counts[0],
                    false_positives=counts[1],
                    false_negatives=counts[2],
                    true_negatives=counts[3],
                )
                for (kind, name), counts in ordered
            )
        )


def _count_spans(board: _Board, each: _Labelled) -> None:
    expect = each.case.expect
    if expect.spans is None:
        return
    findings = each.result.observed.findings
    for span in expect.spans:
        board.count("span", span.category or _ANY, True, any(meets(span, finding) for finding in findings))
    for finding in () if expect.others else findings:
        if not any(meets(span, finding) for span in expect.spans):
            board.count("span", finding.category, False, True)


def _count_categories(board: _Board, cases: Sequence[_Labelled], reach: Reach) -> None:
    names = {name for each in cases for name in each.labels | each.categories}
    for each in cases:
        for name in names:
            board.count("category", name, each.has(name, reach), name in each.categories)


def _count_rules(board: _Board, cases: Sequence[_Labelled], reach: Reach) -> None:
    """A rule that no case is about, and that found nothing, has no row."""
    labels = {name for each in cases for name in each.labels}
    names = {rule for each in cases for rule in each.rules | set(each.case.expect.rules)}
    names |= {rule for rule, known in reach.rules.items() if known.category in labels}
    for rule in names:
        known = reach.rules.get(rule, KnownRule("", rule, ""))
        for each in cases:
            there = each.has(known.category, reach)
            if there is False and not reach.asks(each.case, known.guard):
                there = None
            if each.case.expect.rules and there is not False:
                there = True if rule in each.case.expect.rules else None
            board.count("rule", rule, there, rule in each.rules)


def _count_guards(board: _Board, cases: Sequence[_Labelled], reach: Reach) -> None:
    """A guard that no case is about, and that found nothing, has no row."""
    labels = {name for each in cases for name in each.labels}
    names = {guard for guard, categories in reach.categories_of.items() if categories & labels}
    for each in cases:
        names |= {*each.guards, each.case.guard, *(span.guard for span in each.case.expect.spans or ())}
    for guard in names - {""}:
        own = reach.categories_of.get(guard, set[str]())
        for each in cases:
            board.count("guard", guard, _is_for(each, guard, own, reach), guard in each.guards)


def _is_for(each: _Labelled, guard: str, own: set[str], reach: Reach) -> bool | None:
    """Whether a case is positive for a guard."""
    if each.case.guard:
        return each.is_positive if each.case.guard == guard else None
    if own & each.labels or any(span.guard == guard for span in each.case.expect.spans or ()):
        return True
    return False if each.is_complete and reach.asks(each.case, guard) else None


# --- the table --------------------------------------------------------------------------------------------------------

_HEAD: Final = ("", "there", "missed", "not there", "false", "recall", "precision", "false positives")
_NUMBERS: Final = range(1, 5)


def _cells(row: Score) -> tuple[str, ...]:
    there, not_there = row.recall.trials, row.false_positive_rate.trials
    return (
        f"{row.kind} {row.name}".strip(),
        str(there),
        str(row.false_negatives),
        "-" if row.kind == "span" else str(not_there),
        str(row.false_positives),
        str(row.recall),
        str(row.precision),
        "-" if row.kind == "span" else str(row.false_positive_rate),
    )


def _aligned(line: tuple[str, ...], widths: list[int]) -> str:
    cells = zip(line, widths, strict=True)
    shown = (
        cell.rjust(width) if column in _NUMBERS else cell.ljust(width) for column, (cell, width) in enumerate(cells)
    )
    return "  ".join(shown).rstrip()
