"""What an analysis found: values that print themselves."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias

from genai_guard.routing.analysis.effects import Alternative, Interval
from genai_guard.routing.analysis.metric import Goal
from genai_guard.routing.analysis.sample_ratios import SampleRatio

__all__ = ["Analysis", "Arm", "Comparison", "Look", "Method", "Outcome"]

Method: TypeAlias = Literal["fixed", "group_sequential", "sequential", "exact"]

Outcome: TypeAlias = Literal["better", "worse", "not_worse", "inconclusive", "refused"]


class Arm(NamedTuple):
    """One variant, for one metric.

    Attributes:
        variant: Its name.
        units: Independent units with a value.
        calls: Values.
        estimate: Mean, ratio or quantile; the share of the units with an event for `exact`.
    """

    variant: str
    units: int
    calls: int
    estimate: float


class Look(NamedTuple):
    """The interval at one moment.

    Attributes:
        time: When; the number of the row for tables without times.
        units: Units of both variants so far.
        interval: The difference then; the relative one for `exact`.
    """

    time: Any
    units: int
    interval: Interval


@dataclass(frozen=True, slots=True)
class Comparison:
    """One variant against the control, for one metric.

    Attributes:
        metric: What is compared, for people.
        goal: Whether more is better.
        treatment: The one.
        control: What it is compared with.
        segment: The part of the units that it is about, `column=value`; empty for all.
        method: How it was tested.
        alternative: What was to be shown.
        margin: How much worse was still to count as not worse, in units of the metric.
        relative_margin: The same as a share of the control's value.
        alpha: Probability of a false alarm.
        difference: Treatment minus control; None when refused, and for `exact`, which knows ratios.
        relative: The same as a share of the control; None when refused, or when the control is not apart from zero.
        p: None when refused.
        p_corrected: For the number of questions; equal to `p` without a correction.
        refused: Why the method does not suit these data; empty if it does.
        notes: What is to be known about the numbers.
        history: The interval over time.
        variance_reduction: Share of the variance that the covariate took away; None without one.
    """

    metric: str
    goal: Goal
    treatment: Arm
    control: Arm
    segment: str
    method: Method
    alternative: Alternative
    margin: float
    relative_margin: float
    alpha: float
    difference: Interval | None
    relative: Interval | None
    p: float | None
    p_corrected: float | None
    refused: str = ""
    notes: tuple[str, ...] = ()
    history: tuple[Look, ...] = field(default=(), repr=False)
    variance_reduction: float | None = None

    @property
    def significant(self) -> bool:
        """Whether the corrected p-value is below alpha."""
        return self.p_corrected is not None and self.p_corrected < self.alpha

    @property
    def outcome(self) -> Outcome:
        """What it comes to: `better`, `worse`, `not_worse` than the margin allows, `inconclusive` or `refused`."""
        if self.refused:
            return "refused"
        if not self.significant:
            return "inconclusive"
        if self.margin or self.relative_margin:
            return "not_worse"
        return "better" if (self._estimate > 0) == (self.goal == "up") else "worse"

    @property
    def _estimate(self) -> float:
        shown = self.difference or self.relative
        return shown.estimate if shown is not None else 0.0

    def __str__(self) -> str:
        from genai_guard.routing.analysis.wording import sentence  # noqa: PLC0415  wording is about these values

        return sentence(self)

    def to_dict(self) -> dict[str, Any]:
        """Return it as values that JSON has; an infinite end is None."""
        return {
            "metric": self.metric,
            "goal": self.goal,
            "segment": self.segment,
            "method": self.method,
            "alternative": self.alternative,
            "margin": self.margin,
            "relative_margin": self.relative_margin,
            "alpha": self.alpha,
            "treatment": self.treatment._asdict(),
            "control": self.control._asdict(),
            "difference": _plain(self.difference),
            "relative": _plain(self.relative),
            "p": self.p,
            "p_corrected": self.p_corrected,
            "outcome": self.outcome,
            "refused": self.refused,
            "notes": list(self.notes),
            "variance_reduction": self.variance_reduction,
            "history": [
                {"time": str(look.time), "units": look.units, "interval": _plain(look.interval)}
                for look in self.history
            ],
        }


@dataclass(frozen=True, slots=True)
class Analysis:
    """All comparisons of an experiment, and what is to be known before any of them is believed.

    Printed, it is one sentence for each comparison, after the warnings. A notebook shows it as a table with pictures.

    Attributes:
        experiment: Its name; empty for a table without one.
        method: How it was tested.
        alpha: Probability of a false alarm.
        correction: How p-values are corrected for their number; None for not at all.
        comparisons: Every variant against the control, for every metric and segment.
        units: Units of each variant.
        sample_ratio: Whether they are as many as planned; None where nobody said what was.
        left_out: Rows that do not count, by reason.
        switched: Units that were given another variant later; they count for the first.
        warnings: What casts doubt on all of it.
    """

    experiment: str
    method: Method
    alpha: float
    correction: str | None
    comparisons: tuple[Comparison, ...]
    units: Mapping[str, int]
    sample_ratio: SampleRatio | None
    left_out: Mapping[str, int]
    switched: int
    warnings: tuple[str, ...]

    def __str__(self) -> str:
        from genai_guard.routing.analysis.wording import summary  # noqa: PLC0415  as above

        return summary(self)

    def __getitem__(self, metric: str) -> Comparison:
        """Return the first comparison of a metric.

        Raises:
            KeyError: there is none.
        """
        for comparison in self.comparisons:
            if comparison.metric == metric:
                return comparison
        raise KeyError(metric)

    def table(self) -> str:
        """Return the comparisons as a table of plain text."""
        from genai_guard.routing.analysis.wording import table  # noqa: PLC0415  as above

        return table(self)

    def plot(self, *, width: int = 60, ascii_only: bool = False) -> str:
        """Return the intervals over time, drawn with characters.

        Args:
            width: Columns of the picture.
            ascii_only: Use no character beyond ASCII.
        """
        from genai_guard.routing.analysis.text_plot import plot  # noqa: PLC0415  as above

        return plot(self, width=width, ascii_only=ascii_only)

    def to_html(self) -> str:
        """Return a fragment of HTML, pictures included, that loads nothing and runs nothing."""
        from genai_guard.routing.analysis.html import fragment  # noqa: PLC0415  as above

        return fragment(self)

    def _repr_html_(self) -> str:
        """Show it in a notebook."""
        return self.to_html()

    def to_dict(self) -> dict[str, Any]:
        """Return it as values that JSON has."""
        ratio = self.sample_ratio
        return {
            "experiment": self.experiment,
            "method": self.method,
            "alpha": self.alpha,
            "correction": self.correction,
            "units": dict(self.units),
            "sample_ratio": None
            if ratio is None
            else {"p": ratio.p, "mismatch": ratio.mismatch, "shares": dict(ratio.shares)},
            "left_out": dict(self.left_out),
            "switched": self.switched,
            "warnings": list(self.warnings),
            "comparisons": [each.to_dict() for each in self.comparisons],
        }


def _plain(interval: Interval | None) -> dict[str, float | None] | None:
    if interval is None:
        return None
    return {name: value if math.isfinite(value) else None for name, value in interval._asdict().items()}
