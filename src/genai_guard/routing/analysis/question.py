"""What is asked of every metric, and how an answer becomes a comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from genai_guard.routing.analysis.effects import (
    Alternative,
    AlwaysValid,
    Fixed,
    GroupSequential,
    Interval,
    SignificanceTest,
)
from genai_guard.routing.analysis.exposures import Exposures
from genai_guard.routing.analysis.group_bounds import Shape
from genai_guard.routing.analysis.metric import Goal, Metric
from genai_guard.routing.analysis.results import Arm, Comparison, Look, Method

__all__ = ["Answer", "Case", "Question"]


class Answer(NamedTuple):
    """What a test says.

    Attributes:
        difference: Treatment minus control; None for a test that knows ratios only.
        relative: The relative difference.
        p: The p-value.
    """

    difference: Interval | None
    relative: Interval | None
    p: float

    @property
    def main(self) -> Interval | None:
        """The interval to follow over time."""
        return self.difference or self.relative


@dataclass(frozen=True, slots=True)
class Question:
    """How to compare.

    Attributes:
        method: Which test.
        alpha: Probability of a false alarm.
        alternative: What is to be shown.
        control: The variant that the others are compared with.
        tuned_for: Units for which an always-valid interval is tightest.
        fractions: Planned looks, as shares of the planned units.
        look: Which of them this is, from 1.
        bounds: Shape of their bounds.
        shares: Planned share of each variant, if it is known.
        points: How many moments the intervals over time have.
    """

    method: Method
    alpha: float
    alternative: Literal["two-sided", "greater", "less", "better"]
    control: str
    tuned_for: float
    fractions: tuple[float, ...]
    look: int
    bounds: Shape
    shares: Mapping[str, float] | None
    points: int

    def test(self, look: int) -> SignificanceTest:
        """Return the test at a planned look; all looks are alike for the others."""
        if self.method == "group_sequential":
            return GroupSequential(self.fractions, look, self.bounds)
        return AlwaysValid(self.tuned_for) if self.method == "sequential" else Fixed()

    def direction(self, metric: Metric) -> Alternative:
        """Return what is to be shown of a metric, in terms of its numbers."""
        if self.alternative == "better" or (
            self.alternative == "two-sided" and (metric.margin or metric.relative_margin)
        ):
            return "greater" if metric.goal == "up" else "less"
        return self.alternative

    def looks(self, rows: int) -> list[tuple[int, int]]:
        """Return the number of rows at each moment of the history, and which planned look it is."""
        if self.points == 0:
            return []
        if self.method == "group_sequential":
            now = self.fractions[self.look - 1]
            return [(round(rows * each / now), number) for number, each in enumerate(self.fractions[: self.look], 1)]
        points = min(self.points, rows)
        return [(round(rows * number / points), 1) for number in range(1, points + 1)]


@dataclass(frozen=True, slots=True)
class Case:
    """One metric, asked about.

    Attributes:
        found: Who is compared.
        metric: In what.
        question: How.
        segment: Which part of the units it is; empty for all.
    """

    found: Exposures
    metric: Metric
    question: Question
    segment: str = ""

    @property
    def control(self) -> str:
        """The variant that the others are compared with."""
        return self.question.control

    @property
    def treatments(self) -> list[str]:
        """The others."""
        return [name for name in self.found.counts() if name != self.control]

    @property
    def direction(self) -> Alternative:
        """What is to be shown, in terms of the metric's numbers."""
        return self.question.direction(self.metric)

    def comparison(
        self,
        arms: Sequence[Arm],
        answer: Answer,
        *,
        notes: Sequence[str] = (),
        history: Sequence[Look] = (),
        variance_reduction: float | None = None,
    ) -> Comparison:
        """Return the comparison of two arms, treatment and control."""
        return replace(
            self.refused(arms, ""),
            difference=answer.difference,
            relative=answer.relative,
            p=answer.p,
            p_corrected=answer.p,
            notes=tuple(notes),
            history=tuple(history),
            variance_reduction=variance_reduction,
        )

    def refused(self, arms: Sequence[Arm], reason: str) -> Comparison:
        """Return the comparison of two arms without numbers, for a reason."""
        goal: Goal = self.metric.goal or "up"  # a metric settles it when it is built
        return Comparison(
            metric=self.metric.label,
            goal=goal,
            treatment=arms[0],
            control=arms[1],
            segment=self.segment,
            method=self.question.method,
            alternative=self.direction,
            margin=self.metric.margin,
            relative_margin=self.metric.relative_margin,
            alpha=self.question.alpha,
            difference=None,
            relative=None,
            p=None,
            p_corrected=None,
            refused=reason,
        )
