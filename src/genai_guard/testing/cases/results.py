"""What came out of policy tests: what a policy made of a case, and where that is not what was expected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

from genai_guard.frozen import FrozenDict
from genai_guard.testing.cases.case import Case, CaseSide, ExpectedSpan
from genai_guard.verdicts import Action, Finding, Verdict

__all__ = ["Aspect", "CaseResult", "Difference", "KnownRule", "Observed", "Report", "Status"]

Aspect: TypeAlias = Literal[
    "action", "category", "rule", "span", "redacted", "redacted_reply", "variant", "limit", "error"
]
"""What a case can be wrong about."""
Status: TypeAlias = Literal["passed", "failed", "error", "skipped", "xfailed", "xpassed"]
"""`xpassed`: known to fail, and passed. `error`: the case could not be run, for instance for want of a guard."""


class KnownRule(NamedTuple):
    """A rule that a policy has, or a guard without rules.

    Attributes:
        guard: Name of the guard.
        rule: Identifier of the rule; empty for a guard that has none.
        category: What it finds; empty as well.
        side: Side of the guard; empty if that is not known.
    """

    guard: str
    rule: str
    category: str
    side: CaseSide = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What a policy made of a case.

    Attributes:
        action: The gravest action that was enforced; for a case about one guard, its action whatever its mode.
        verdicts: What the guards said, plain allowances excepted.
        texts: The texts that were judged, by `Finding.where`; the empty name for a plain text.
        after: The text after the guards; None if it was blocked.
        reply_after: The reply after the guards; None if there was none, or it was blocked.
        variants: Variant of each experiment.
        denied_by: Name of the limit that refused a call.
        denied_call: Which call it refused, from 1; 0 for none.
        error: Class name of what broke; empty if nothing did.
        elapsed_s: Seconds it took.
    """

    action: Action = Action.ALLOW
    verdicts: tuple[Verdict, ...] = ()
    texts: Mapping[str, str] = field(default_factory=FrozenDict[str, str], repr=False)
    after: str | None = field(default=None, repr=False)
    reply_after: str | None = field(default=None, repr=False)
    variants: Mapping[str, str] = field(default_factory=FrozenDict[str, str])
    denied_by: str = ""
    denied_call: int = 0
    error: str = ""
    elapsed_s: float = field(default=0.0, compare=False)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found, verdict by verdict."""
        return tuple(finding for verdict in self.verdicts for finding in verdict.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that is not as expected.

    Attributes:
        aspect: What it is about.
        expected: What was expected, in words.
        found: What came out, in words.
        missing: The expected span that was not found.
        extra: The finding that was not expected.
    """

    aspect: Aspect
    expected: str
    found: str
    missing: ExpectedSpan | None = None
    extra: Finding | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """What became of a case.

    Attributes:
        case: The case.
        status: Whether it passed.
        differences: What is not as expected; empty for a case that passed, was skipped or could not be run.
        observed: What came out; of a skipped case, nothing.
        problem: Why it could not be run; empty if it could.
    """

    case: Case
    status: Status
    differences: tuple[Difference, ...] = ()
    observed: Observed = field(default_factory=Observed)
    problem: str = ""

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong: a case that is known to fail and passes is wrong too."""
        return self.status not in {"failed", "error", "xpassed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What became of some cases.

    Attributes:
        results: One for each, in their order.
        known: The rules of the policies.
        elapsed_s: Seconds it took.
    """

    results: tuple[CaseResult, ...]
    known: tuple[KnownRule, ...] = field(default=(), repr=False)
    elapsed_s: float = field(default=0.0, compare=False)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return all(result.ok for result in self.results)

    @property
    def failures(self) -> tuple[CaseResult, ...]:
        """What is wrong."""
        return tuple(result for result in self.results if not result.ok)

    def count(self, status: Status) -> int:
        """Return how many cases have a status."""
        return sum(result.status == status for result in self.results)

    def __iter__(self) -> Iterator[CaseResult]:
        return iter(self.results)

    def __len__(self) -> int:
        return len(self.results)
