"""What must not get worse: each metric says of a call whether it failed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, cast

from genai_guard.errors import ConfigurationError
from genai_guard.recording.event import Event

__all__ = [
    "DEFAULT_METRICS",
    "SERVED",
    "Blocks",
    "CanaryMetric",
    "Errors",
    "HighCost",
    "SlowCalls",
    "ThumbsDown",
    "Timeouts",
    "checked_metrics",
]

SERVED: Final = frozenset({"ok", "error", "timeout", "blocked"})
"""Statuses of calls whose duration says something about the model."""


@dataclass(frozen=True, kw_only=True)
class CanaryMetric:
    """A kind of failure. A metric of your own is a frozen dataclass that says which by `kind`, and `statuses` or `failed`.

    Args:
        name: Name in the status and in transitions; that of the kind when it is left out.
        weight: Part of the probability of a false alarm that this metric may use up, relative to the others.
        margin: To promote the canary it must have been shown that such failures are less than 1 + `margin` times as
            frequent as with the control; None asks for no proof. The smaller, and the rarer the failures, the longer
            that takes.

    Raises:
        ConfigurationError: one of them is not what it must be.
    """

    kind: ClassVar[str]
    statuses: ClassVar[frozenset[str]] = frozenset()
    """Statuses of an event that are failures, in place of a method `failed`."""

    name: str = ""
    weight: float = 1.0
    margin: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.name or self.default_name())
        _number(self, "weight", above=0.0)
        if self.margin is not None:
            _number(self, "margin", above=0.0)

    def failed(self, event: Event, /) -> bool:
        """Return whether a call failed. Asked for every call, in the thread that made it."""
        return event.status in self.statuses

    def default_name(self) -> str:
        """Return the name of a metric that was given none."""
        return self.kind


@dataclass(frozen=True, kw_only=True)
class Errors(CanaryMetric):
    """Calls whose function raised, or whose target was taken for down by a breaker."""

    kind: ClassVar[str] = "errors"
    statuses: ClassVar[frozenset[str]] = frozenset({"error", "breaker_open", "component_failed"})
    margin: float | None = 0.5


@dataclass(frozen=True, kw_only=True)
class Timeouts(CanaryMetric):
    """Calls that took longer than they might."""

    kind: ClassVar[str] = "timeouts"
    statuses: ClassVar[frozenset[str]] = frozenset({"timeout"})


@dataclass(frozen=True, kw_only=True)
class Blocks(CanaryMetric):
    """Replies that a guard blocked. Requests are judged before a variant is assigned, and say nothing about it."""

    kind: ClassVar[str] = "blocks"
    statuses: ClassVar[frozenset[str]] = frozenset({"blocked"})


@dataclass(frozen=True, kw_only=True)
class SlowCalls(CanaryMetric):
    """Calls that took longer than a threshold, which no canary can move.

    Args:
        above_s: The threshold, in seconds; None learns it from calls of the control, before the canary begins.
        percentile: Which percentile of theirs it is, when it is learned.
    """

    kind: ClassVar[str] = "slow_calls"
    above_s: float | None = None
    percentile: float = 95.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.above_s is not None:
            _number(self, "above_s", above=0.0)
        _number(self, "percentile", above=0.0, below=100.0)

    def failed(self, event: Event, /) -> bool:
        """Return whether a call took longer than `above_s`; one that is learned is kept by the canary."""
        return self.above_s is not None and event.latency_s > self.above_s and event.status in SERVED

    def threshold(self, latencies_s: Sequence[float]) -> float:
        """Return the percentile of what calls of the control took: a latency that was seen."""
        ordered = sorted(latencies_s)
        return ordered[min(len(ordered) - 1, math.ceil(len(ordered) * self.percentile / 100) - 1)]

    def default_name(self) -> str:
        """Return what is slow."""
        return f"slower_than_p{self.percentile:g}" if self.above_s is None else f"slower_than_{self.above_s:g}_s"


@dataclass(frozen=True, kw_only=True)
class HighCost(CanaryMetric):
    """Calls that cost more than a threshold. Calls without a price do not count.

    Args:
        above_usd: The threshold.
    """

    kind: ClassVar[str] = "high_cost"
    above_usd: float

    def __post_init__(self) -> None:
        super().__post_init__()
        _number(self, "above_usd", above=0.0)

    def failed(self, event: Event, /) -> bool:
        """Return whether a call cost too much."""
        return event.cost_usd is not None and event.cost_usd > self.above_usd

    def default_name(self) -> str:
        """Return what is dear."""
        return f"above_{self.above_usd:g}_usd"


@dataclass(frozen=True, kw_only=True)
class ThumbsDown(CanaryMetric):
    """Calls whose reply somebody did not like, as told by `Canary.feedback`."""

    kind: ClassVar[str] = "thumbs_down"

    def failed(self, event: Event, /) -> bool:
        """Return False: what people say comes later."""
        del event
        return False


def _number(metric: CanaryMetric, name: str, *, above: float, below: float = math.inf) -> None:
    value = getattr(metric, name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not above < value < below:
        bound = "" if below == math.inf else f" and below {below:g}"
        raise ConfigurationError(f"{type(metric).__name__}({name}={value!r}): must be a number above {above:g}{bound}")


DEFAULT_METRICS: Final[tuple[CanaryMetric, ...]] = (Errors(), Timeouts(), Blocks(), SlowCalls())

_MOST_METRICS: Final = 32


def checked_metrics(metrics: object) -> tuple[CanaryMetric, ...]:
    """Return the metrics of a canary.

    Raises:
        ConfigurationError: there are none, or two have one name.
    """
    written = tuple(cast("Sequence[object]", metrics)) if isinstance(metrics, list | tuple) else ()
    given = tuple(metric for metric in written if isinstance(metric, CanaryMetric))
    if not given or len(given) < len(written):
        raise ConfigurationError("Canary(metrics=...): takes a list of metrics such as Errors(), at least one")
    if len(given) > _MOST_METRICS:
        raise ConfigurationError(f"Canary(metrics=...): {len(given)} are more than {_MOST_METRICS}")
    names = [metric.name for metric in given]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ConfigurationError(f"Canary(metrics=...): two are called {twice!r}; give one of them another name=")
    return given
