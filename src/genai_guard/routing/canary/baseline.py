"""What calls are like before a canary begins, from which thresholds are learned. No call of a canary is in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from genai_guard.frozen import FrozenDict
from genai_guard.recording.event import Event
from genai_guard.routing.canary.metrics import SERVED, SlowCalls

__all__ = ["Baseline"]


class Baseline:
    """How long calls took.

    Args:
        metrics: What is to be learned.
        calls: From how many calls.

    Attributes:
        latencies_s: How long they took.
    """

    def __init__(self, metrics: Sequence[SlowCalls], *, calls: int) -> None:
        self._metrics: Final = tuple(metrics)
        self._calls: Final = calls if metrics else 0
        self.latencies_s: list[float] = []

    @property
    def is_complete(self) -> bool:
        """Whether there is nothing left to learn."""
        return len(self.latencies_s) >= self._calls

    @property
    def missing(self) -> tuple[str, ...]:
        """What is left, in words."""
        seen = f"{len(self.latencies_s):,} of {self._calls:,}"
        return () if self.is_complete else (f"{seen} calls of the control to learn from",)

    def add(self, event: Event) -> bool:
        """Take a call of the control; return whether it was the last one that was needed."""
        if self.is_complete or event.status not in SERVED:
            return False
        self.latencies_s.append(event.latency_s)
        return self.is_complete

    def fits(self, thresholds: Iterable[str]) -> bool:
        """Whether these metrics have learned theirs."""
        return {metric.name for metric in self._metrics} <= set(thresholds)

    def thresholds(self) -> FrozenDict[str, float]:
        """Return what was learned, by the name of the metric."""
        return FrozenDict({metric.name: metric.threshold(self.latencies_s) for metric in self._metrics})

    def restore(self, latencies_s: Iterable[float]) -> None:
        """Go on from these calls."""
        self.latencies_s = [float(value) for value in latencies_s]
