"""How a canary is doing, for people and programs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from genai_guard.routing.canary.design import Design
from genai_guard.routing.canary.progress import Progress, State, missing
from genai_guard.routing.canary.stages import Stage

__all__ = ["CanaryStatus", "MetricStatus", "Transition", "status_of", "transition"]


class Transition(NamedTuple):
    """A change of a canary. Holds numbers and names, never a unit.

    Attributes:
        experiment: Name of the experiment.
        before: State until now.
        after: State from now on.
        percent: Share of the units that the canary has from now on.
        reason: `started`, `advanced`, `proved` (not much worse), `timeout`, `sample_ratio`, `harm: ` and the name of a
            metric, `error: ` and the class of what the canary itself raised, or `by hand`.
        at_s: When, in seconds since 1970.
        message: All of it in a sentence.
    """

    experiment: str
    before: State
    after: State
    percent: float
    reason: str
    at_s: float
    message: str


class MetricStatus(NamedTuple):
    """One metric of a canary.

    Attributes:
        name: Name of the metric.
        control: Units with the control that failed, each counted once.
        canary: Units with the canary that failed.
        evidence: E-value of harm: how much more likely these counts are if the canary is worse.
        rollback_at: E-value at which the canary is rolled back.
        proof: E-value of its being not much worse; None where no proof is asked for.
        promote_at: E-value at which that is shown.
        threshold: What counts as a failure, where that was learned; None otherwise.
    """

    name: str
    control: int
    canary: int
    evidence: float
    rollback_at: float
    proof: float | None
    promote_at: float
    threshold: float | None


@dataclass(frozen=True, slots=True, repr=False)
class CanaryStatus:
    """How a canary is doing. Its `repr` is a table.

    Attributes:
        experiment: Name of the experiment.
        state: What becomes of it.
        percent: Share of the units that the canary has.
        stage: Place of the stage, from 1.
        stages: How many there are.
        reason: Why it stands there.
        since_s: When that was decided, in seconds since 1970.
        run: How often it has begun anew.
        units: Units with the control, and with the canary, in this stage.
        metrics: Each metric.
        mismatch: E-value of units not being assigned as planned.
        hold_at: E-value at which the ramp is held for that.
        missing: What the next stage still needs.
        store: `none`, `up`, or the class of what the store raised last.
    """

    experiment: str
    state: State
    percent: float
    stage: int
    stages: int
    reason: str
    since_s: float
    run: int
    units: tuple[int, int]
    metrics: tuple[MetricStatus, ...]
    mismatch: float
    hold_at: float
    missing: tuple[str, ...]
    store: str

    def __repr__(self) -> str:
        because = f" ({self.reason})" if self.reason else ""
        lines = [
            f"{self.experiment}: {self.state}{because}, stage {self.stage} of {self.stages}, canary {self.percent:g} %",
            f"units in this stage: {self.units[0]:,} control, {self.units[1]:,} canary",
            f"{'failed units':<24}{'control':>9}{'canary':>9}{'harm':>10}{'of':>7}{'proof':>10}{'of':>6}",
        ]
        lines += [_row(each) for each in self.metrics]
        lines.append(f"{'sample ratio':<24}{'':>18}{_e(self.mismatch):>10}{_e(self.hold_at):>7}")
        lines += [f"missing: {'; '.join(self.missing)}"] if self.missing else []
        lines += [f"store: {self.store}"] if self.store not in {"none", "up"} else []
        return "\n".join(lines)


def transition(experiment: str, stages: Sequence[Stage], before: Progress, after: Progress) -> Transition:
    """Return a change of a canary."""
    percent = after.percent(stages)
    was, share = f"{before.state} at {before.percent(stages):g} %", f"{after.state} at {percent:g} %"
    message = f"canary of {experiment}: {was}, now {share} ({after.reason})"
    return Transition(experiment, before.state, after.state, percent, after.reason, after.since_s, message)


def status_of(
    design: Design,
    progress: Progress,
    counts: Mapping[str, int],
    *,
    experiment: str,
    percent: float,
    now_s: float,
    more: tuple[str, ...],
    store: str,
) -> CanaryStatus:
    """Return how a canary is doing by these counts."""
    return CanaryStatus(
        experiment=experiment,
        state=progress.state,
        percent=percent,
        stage=progress.stage + 1,
        stages=len(design.stages),
        reason=progress.reason,
        since_s=progress.since_s,
        run=progress.run,
        units=design.units(progress.stage, counts),
        metrics=tuple(_metric(design, progress, index, counts) for index in range(len(design.metrics))),
        mismatch=_value(design.mismatch(counts)),
        hold_at=_value(design.mismatch_alarm),
        missing=(*more, *missing(design, progress, counts, now_s)),
        store=store,
    )


def _metric(design: Design, progress: Progress, index: int, counts: Mapping[str, int]) -> MetricStatus:
    failures, name = design.failures(index, counts), design.metrics[index].name
    proof = design.proof(index, counts)
    return MetricStatus(
        name,
        failures.control,
        failures.canary,
        _value(design.harm(index, counts)),
        _value(design.alarm[index]),
        None if proof is None else _value(proof),
        _value(design.proof_at),
        progress.thresholds.get(name),
    )


def _value(logarithm: float) -> float:
    return math.exp(min(logarithm, 700.0))


def _row(metric: MetricStatus) -> str:
    proof = ("", "") if metric.proof is None else (_e(metric.proof), _e(metric.promote_at))
    counts = f"{metric.name:<24}{metric.control:>9,}{metric.canary:>9,}"
    return f"{counts}{_e(metric.evidence):>10}{_e(metric.rollback_at):>7}{proof[0]:>10}{proof[1]:>6}".rstrip()


def _e(value: float) -> str:
    return f"{value:.3g}" if value < 1e5 else f"{value:.0e}"
