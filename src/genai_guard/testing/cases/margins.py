"""How high a threshold may be for a guard to find something in a case.

A finding's score is what the threshold is compared with in most guards, but not in all: a guard may combine the scores
of several findings. So a score is only taken for a guess, which two questions confirm; where they do not, the threshold is
searched by halving. Guards that ask a model or wait for something are asked once, and taken by their word.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Final, Self

from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import Guard
from genai_guard.guards.seat import Seat
from genai_guard.pipeline import Pipeline
from genai_guard.testing.cases.bench import Bench
from genai_guard.testing.cases.case import Case
from genai_guard.testing.cases.knobs import Knob
from genai_guard.verdicts import Finding

__all__ = ["Margin", "Margins"]

_HALVINGS: Final = 12
_A_LITTLE: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Margin:
    """How high a threshold may be for a case.

    Attributes:
        case: The case.
        low: Something is found at this threshold; 0 if nothing is at any.
        high: Nothing is found above this one.
        categories: What is found at the lowest threshold.
    """

    case: Case
    low: float
    high: float
    categories: frozenset[str]


class Margins:
    """Measures the margins of cases for one threshold of a guard, the others of which are closed.

    Args:
        knob: The threshold.
        others: The other thresholds of the guard.

    Raises:
        ConfigurationError: the guard takes no threshold that is low enough.
    """

    def __init__(self, knob: Knob, others: Sequence[Knob]) -> None:
        self._knob = knob.alone(others)
        self._elsewhere = frozenset(_folded(other.key) for other in others if other.key and not knob.key)
        self._is_slow = not Seat.of(knob.guard).inline
        self._lowest = self._knob.lowest()
        self._benches: dict[float, Bench | None] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def of(self, case: Case) -> Margin:
        """Return the margin of a case."""
        findings = self._own(self._findings(case, self._lowest))
        categories = frozenset(finding.category for finding in findings)
        if not findings:
            return Margin(case, 0.0, 0.0, categories)
        guess = max(finding.score for finding in findings)
        if self._is_slow or (self._finds(case, guess) and not self._finds(case, guess + _A_LITTLE)):
            return Margin(case, guess, guess, categories)
        return Margin(case, *self._searched(case), categories)

    def are_found(self, guard: Guard, margins: Iterable[Margin]) -> list[bool]:
        """Return of each case whether a guard finds something in it that the threshold decides about."""
        bench = _bench_of(self._knob, guard)
        with bench.running():
            return [bool(self._own(bench.observe(_alone(each.case)).findings)) for each in margins]

    def _searched(self, case: Case) -> tuple[float, float]:
        """Return two thresholds that are close, of which only the lower one finds something."""
        low, high = self._lowest, 1.0
        if self._finds(case, high):
            return high, high
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            if self._finds(case, middle):
                low = middle
            else:
                high = middle
        return low, high

    def _finds(self, case: Case, threshold: float) -> bool:
        return bool(self._own(self._findings(case, threshold)))

    def _findings(self, case: Case, threshold: float) -> Sequence[Finding]:
        """Return what is found at a threshold; nothing at one that the guard does not take, as too high."""
        bench = self._bench(threshold)
        return () if bench is None else bench.observe(_alone(case)).findings

    def _bench(self, threshold: float) -> Bench | None:
        if threshold not in self._benches:
            try:
                bench = _bench_of(self._knob, self._knob.turned(threshold))
                self._stack.enter_context(bench.running())
            except ConfigurationError:
                bench = None
            self._benches[threshold] = bench
        return self._benches[threshold]

    def _own(self, findings: Iterable[Finding]) -> list[Finding]:
        """Return the findings that the threshold decides about."""
        key = _folded(self._knob.key)
        return [
            finding
            for finding in findings
            if (not key or _folded(finding.category) == key) and _folded(finding.category) not in self._elsewhere
        ]


def _bench_of(knob: Knob, guard: Guard) -> Bench:
    return Bench(Pipeline(input=[guard]) if knob.side == "input" else Pipeline(output=[guard]))


def _alone(case: Case) -> Case:
    return replace(case, guard="", calls=1)


def _folded(word: str) -> str:
    return word.casefold().replace("-", "_")
