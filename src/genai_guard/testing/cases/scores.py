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

from collections import Counter
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from genai_guard.testing.cases.case import CaseSide
from genai_guard.testing.cases.checking import meets
from genai_guard.testing.cases.reach import Reach
from genai_guard.testing.cases.results import CaseResult, KnownRule, Report
from genai_guard.verdicts import Action
from genai_guard.wilson import Rate, wilson

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
    def is_idle(self) -> bool:
        """Whether it is nowhere, and is found nowhere."""
        return not (self.true_positives or self.false_positives or self.false_negatives)

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
        """Return the scores as a table for people, with 95 % intervals.

        Rules that no case is about, and that are never wrong, are left out.
        """
        chosen = set(kinds)
        rows = [row for row in self.rows if row.kind in chosen and not (row.kind == "rule" and row.is_idle)]
        cells = [_HEAD, *(_cells(row) for row in rows)]
        widths = [max(len(line[column]) for line in cells) for column in range(len(_HEAD))]
        return "\n".join(_aligned(line, widths) for line in cells)


def score(results: Report | Iterable[CaseResult]) -> Scores:
    """Return how well what is labelled was found. Cases that were skipped or could not be run are not counted."""
    run = [result for result in results if result.status not in {"skipped", "error"}]
    reach = Reach.of(results.known if isinstance(results, Report) else (), run)
    alike: Counter[_Labelled] = Counter()
    board = _Board()
    for result in run:
        case, each = result.case, _Labelled.of(result)
        board.count("evasion" if case.evasion else "all", case.evasion, each.is_positive, each.is_found)
        if case.evasion:
            continue
        alike[each] += 1
        if case.source:
            board.count("source", case.source, each.is_positive, each.is_found)
        _count_spans(board, result)
    _count_categories(board, alike, reach)
    _count_rules(board, alike, reach)
    _count_guards(board, alike, reach)
    return board.scores()


@dataclass(frozen=True, slots=True)
class _Labelled:
    """What a case says is there, and what was found. Most cases of a corpus are alike in this: they are counted at once."""

    side: CaseSide
    guard: str
    labels: frozenset[str]
    expected_rules: frozenset[str]
    expected_guards: frozenset[str]
    is_complete: bool
    is_positive: bool | None
    is_found: bool
    categories: frozenset[str]
    rules: frozenset[str]
    guards: frozenset[str]

    @classmethod
    def of(cls, result: CaseResult) -> _Labelled:
        case, expect, observed = result.case, result.case.expect, result.observed
        findings, spans = observed.findings, expect.spans
        named = bool(expect.labels or expect.rules or spans)
        positive = True if named or (expect.actions and Action.ALLOW not in expect.actions) else None
        nothing = expect.is_negative or (not named and () in {expect.categories, spans})
        names_all = expect.categories is not None or (spans is not None and all(span.category for span in spans))
        return cls(
            side=case.side,
            guard=case.guard,
            labels=expect.labels,
            expected_rules=frozenset(expect.rules),
            expected_guards=frozenset(span.guard for span in spans or () if span.guard),
            is_complete=expect.is_negative or (names_all and not expect.others),
            is_positive=False if nothing else positive,
            is_found=bool(findings) if expect.actions is None else observed.action not in _QUIET,
            categories=frozenset(finding.category for finding in findings),
            rules=frozenset(finding.rule for finding in findings),
            guards=frozenset(verdict.guard for verdict in observed.verdicts if verdict.action not in _QUIET),
        )

    def has(self, category: str, reach: Reach) -> bool | None:
        """Whether a category is there, as far as the case says and asks."""
        if category in self.labels:
            return True
        return False if self.is_complete and reach.asks_about(self, category) else None

    def has_rule(self, rule: KnownRule, reach: Reach) -> bool | None:
        """Whether what a rule looks for is there."""
        there = self.has(rule.category, reach)
        if there is False:
            return False if reach.asks(self, rule.guard) else None
        if not self.expected_rules:
            return there
        return True if rule.rule in self.expected_rules else None

    def has_for(self, guard: str, own: AbstractSet[str], reach: Reach) -> bool | None:
        """Whether something is there for a guard, which finds its `own` categories."""
        if self.guard:
            return self.is_positive if self.guard == guard else None
        if own & self.labels or guard in self.expected_guards:
            return True
        return False if self.is_complete and reach.asks(self, guard) else None


@dataclass(slots=True)
class _Board:
    """Counts by what is counted."""

    counts: dict[tuple[Kind, str], list[int]] = field(default_factory=dict[tuple[Kind, str], list[int]])

    def count(self, kind: Kind, name: str, is_there: bool | None, is_found: bool, times: int = 1) -> None:
        if is_there is not None:
            place = (0 if is_found else 2) if is_there else (1 if is_found else 3)
            self.counts.setdefault((kind, name), [0, 0, 0, 0])[place] += times

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


def _count_spans(board: _Board, result: CaseResult) -> None:
    expect, findings = result.case.expect, result.observed.findings
    if expect.spans is None:
        return
    for span in expect.spans:
        board.count("span", span.category or _ANY, True, any(meets(span, finding) for finding in findings))
    for finding in () if expect.others else findings:
        if not any(meets(span, finding) for span in expect.spans):
            board.count("span", finding.category, False, True)


def _count_categories(board: _Board, cases: Counter[_Labelled], reach: Reach) -> None:
    names = {name for each in cases for name in each.labels | each.categories}
    for each, times in cases.items():
        for name in names:
            board.count("category", name, each.has(name, reach), name in each.categories, times)


def _count_rules(board: _Board, cases: Counter[_Labelled], reach: Reach) -> None:
    """A rule that no case is about, and that found nothing, has no row."""
    labels = {name for each in cases for name in each.labels}
    names = {rule for each in cases for rule in each.rules | each.expected_rules}
    names |= {rule for rule, known in reach.rules.items() if known.category in labels}
    rules = [reach.rules.get(name, KnownRule("", name, "")) for name in names]
    for each, times in cases.items():
        for rule in rules:
            board.count("rule", rule.rule, each.has_rule(rule, reach), rule.rule in each.rules, times)


def _count_guards(board: _Board, cases: Counter[_Labelled], reach: Reach) -> None:
    """A guard that no case is about, and that found nothing, has no row."""
    labels = {name for each in cases for name in each.labels}
    names = {guard for guard, categories in reach.categories_of.items() if categories & labels}
    names |= {name for each in cases for name in (*each.guards, *each.expected_guards, each.guard) if name}
    for each, times in cases.items():
        for guard in names:
            own = reach.categories_of.get(guard, set[str]())
            board.count("guard", guard, each.has_for(guard, own, reach), guard in each.guards, times)


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
