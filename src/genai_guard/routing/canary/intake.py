"""From an event to what counts: at which stage it was assigned, to which variant, and by which metrics it failed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TypeAlias

from genai_guard.recording.event import Event
from genai_guard.routing.canary.design import CANARY, CONTROL, Design
from genai_guard.routing.canary.metrics import SERVED, CanaryMetric, HighCost, SlowCalls, ThumbsDown
from genai_guard.routing.canary.stages import at_percent
from genai_guard.routing.experiment import Experiment

__all__ = ["Intake", "Place", "places_of"]

Place: TypeAlias = tuple[int, int]
"""A stage, and `CONTROL` or `CANARY`."""


class Intake:
    """What is asked of every event, worked out for the thresholds that hold.

    Args:
        design: The plan.
        thresholds: What was learned, by the name of the metric.

    Attributes:
        slow_s: A call that took no longer has not failed by being slow.
        cost_usd: A call that cost no more has not failed by its cost.
        asks: Whether a metric has to look at every call.
    """

    __slots__ = ("_others", "_slow", "_statuses", "asks", "cost_usd", "slow_s")

    def __init__(self, design: Design, thresholds: Mapping[str, float]) -> None:
        self._statuses: dict[str, int] = {}
        self._slow: list[tuple[float, int]] = []
        self._others: list[tuple[CanaryMetric, int]] = []
        self.cost_usd = math.inf
        for index, metric in enumerate(design.metrics):
            bit = 1 << index
            if metric.statuses:
                for status in metric.statuses:
                    self._statuses[status] = self._statuses.get(status, 0) | bit
            elif isinstance(metric, SlowCalls):
                above_s = metric.above_s if metric.above_s is not None else thresholds.get(metric.name, math.inf)
                self._slow.append((above_s, bit))
            elif not isinstance(metric, ThumbsDown):
                self._others.append((metric, bit))
                self.cost_usd = min(self.cost_usd, metric.above_usd if isinstance(metric, HighCost) else math.inf)
        self.slow_s = min((above_s for above_s, _ in self._slow), default=math.inf)
        self.asks = any(not isinstance(metric, HighCost) for metric, _ in self._others)

    def failed(self, event: Event) -> int:
        """Return a bit for each metric by which a call failed."""
        status, latency_s = event[4], event[13]
        failed = self._statuses.get(status, 0)
        if latency_s > self.slow_s and status in SERVED:
            for above_s, bit in self._slow:
                failed |= bit if latency_s > above_s else 0
        for metric, bit in self._others:
            failed |= bit if metric.failed(event) else 0
        return failed


def places_of(design: Design, experiment: Experiment, *, control: str, canary: str) -> dict[str, dict[float, Place]]:
    """Return the stage and arm of an assignment, by its variant and propensity."""
    places: dict[str, dict[float, Place]] = {control: {}, canary: {}}
    for place, stage in enumerate(design.stages):
        shares = at_percent(experiment, stage.percent, control=control, canary=canary).shares
        for name, arm in ((control, CONTROL), (canary, CANARY)):
            if shares[name]:
                places[name][shares[name]] = (place, arm)
    return places
