"""Which guards a case asks: what is not asked cannot be a false alarm, and does not count as having kept silent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from genai_guard.testing.cases.case import CaseSide
from genai_guard.testing.cases.results import CaseResult, KnownRule

__all__ = ["Asking", "Reach"]

Names = dict[str, set[str]]


class Asking(Protocol):
    """What is known of a case: whose guards it asks, and whether only one of them."""

    @property
    def side(self) -> CaseSide:
        """Whose guards; empty for both."""
        ...

    @property
    def guard(self) -> str:
        """The only guard; empty for all."""
        ...


@dataclass(slots=True)
class Reach:
    """The guards, rules and categories of a policy, as far as they are known.

    Attributes:
        guards_of: Names of the guards that have a category.
        rules: The guard and category of each rule.
        categories_of: What each guard finds.
    """

    guards_of: Names = field(default_factory=dict[str, set[str]])
    rules: dict[str, KnownRule] = field(default_factory=dict[str, KnownRule])
    categories_of: Names = field(default_factory=dict[str, set[str]])
    _sides: Names = field(default_factory=dict[str, set[str]])

    @classmethod
    def of(cls, known: Iterable[KnownRule], results: Iterable[CaseResult]) -> Reach:
        """Put together what a policy is known to have, and what was found besides."""
        reach = cls()
        for rule in known:
            reach._add(rule)
        for result in results:
            for finding in result.observed.findings:
                reach._add(KnownRule(finding.guard, finding.rule, finding.category))
        return reach

    def asks(self, case: Asking, guard: str) -> bool:
        """Whether a case asks a guard."""
        if case.guard:
            return case.guard == guard
        sides = self._sides.get(guard)
        return not case.side or not sides or case.side in sides

    def asks_about(self, case: Asking, category: str) -> bool:
        """Whether a case asks a guard that may find a category."""
        guards = self.guards_of.get(category)
        return guards is None or any(self.asks(case, guard) for guard in guards)

    def _add(self, known: KnownRule) -> None:
        if known.side:
            self._sides.setdefault(known.guard, set()).add(known.side)
        if known.rule:
            self.rules.setdefault(known.rule, known)
            self.guards_of.setdefault(known.category, set()).add(known.guard)
            self.categories_of.setdefault(known.guard, set()).add(known.category)
