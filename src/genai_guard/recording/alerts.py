"""When an operator is to be told: values that say what is too much, and decide it from exact counts.

An alert reads `Facts` and returns a `Reading`. It keeps nothing between readings; `alerting` does. An alert of your
own is a subclass of `Alert` with a `read`.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Final, Literal, NamedTuple, Protocol, TypeAlias

from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import one_of, settle
from genai_guard.recording.binomial import tail
from genai_guard.recording.series import Counts
from genai_guard.recording.spending import PERIODS, Period, Spent
from genai_guard.recording.windows import KEPT_S, SLICE_S
from genai_guard.verdicts import Action, Mode

__all__ = ["Alert", "Budget", "ErrorRate", "Facts", "GuardrailHits", "LatencyP99", "Reading", "Severity"]

Severity: TypeAlias = Literal["info", "warning", "critical"]

SLOWEST: Final = 0.01
"""The share of calls above the 99th percentile."""


class Facts(Protocol):
    """What alerts are decided from."""

    def counts(self, window_s: float, /) -> Counts:
        """Return the exact counters of the last `window_s` seconds."""
        ...

    def spent(self, period: Period, /) -> Spent:
        """Return what the current period has cost so far."""
        ...


class Reading(NamedTuple):
    """What an alert sees now.

    Attributes:
        firing: Whether it is too much.
        value: What was measured, in the unit of the threshold.
        message: For people. Holds numbers and names, never a text of a call.
    """

    firing: bool
    value: float
    message: str


@dataclass(frozen=True, kw_only=True)
class Alert(ABC):
    """What every alert has, and the way to the built-in ones: `Alert.latency_p99(above_ms=500)`.

    Args:
        name: Name in messages; must be unique in a recorder. Made of what the alert watches when empty.
        severity: For whoever is told.
        mode: `shadow` shows the alert in `MetricsRecorder.alerts()`, and tells nobody.
        cooldown_s: An alert that was resolved does not fire again before this time has passed since it last fired.
    """

    kind: ClassVar[str] = "alert"
    """Name in a policy file."""

    latency_p99: ClassVar[type[LatencyP99]]
    error_rate: ClassVar[type[ErrorRate]]
    budget: ClassVar[type[Budget]]
    guardrail_hits: ClassVar[type[GuardrailHits]]

    name: str = ""
    severity: Severity = "warning"
    mode: Mode = "enforce"
    cooldown_s: float = 300.0

    def __post_init__(self) -> None:
        one_of(self, "severity", {"info", "warning", "critical"})
        one_of(self, "mode", {"enforce", "shadow"})
        _number(self, "cooldown_s", least=0.0)
        settle(self, name=self.name or self._default_name())

    @abstractmethod
    def read(self, facts: Facts, /) -> Reading:
        """Return what the alert sees. Pure: the same facts give the same reading."""

    @property
    @abstractmethod
    def threshold(self) -> float:
        """What is too much."""

    @property
    def slow_after_s(self) -> float | None:
        """A duration above which calls must be counted for this alert; None if there is none."""
        return None

    @property
    def period(self) -> Period | None:
        """A calendar period whose spending must be counted for this alert; None if there is none."""
        return None

    def _default_name(self) -> str:
        return self.kind


@dataclass(frozen=True, kw_only=True)
class LatencyP99(Alert):
    """Fires when the 99th percentile of latency is above a threshold.

    Decided from two counters: the p99 is above the threshold exactly if more than 1 % of the calls are. Only calls
    that reached the model count. One slow call alone never fires it: of fewer than a hundred calls the p99 is merely
    the slowest one.

    Args:
        above_ms: The threshold.
        window_s: How far to look back, from 10 seconds to an hour.
        min_calls: With fewer calls in the window the alert does not fire.
        confidence: Fire only if a share above 1 % is that certain, instead of at once; between 0.5 and 1.
    """

    kind: ClassVar[str] = "latency_p99"
    above_ms: float
    window_s: float = 300.0
    min_calls: int = 20
    confidence: float | None = None

    def __post_init__(self) -> None:
        _number(self, "above_ms", above=0.0)
        _sample(self)
        super().__post_init__()

    @property
    def threshold(self) -> float:
        """The share of calls that may be slower; what is read is that share too."""
        return SLOWEST

    @property
    def slow_after_s(self) -> float:
        """The threshold in seconds."""
        return self.above_ms / 1e3

    def read(self, facts: Facts, /) -> Reading:
        """Return the share of slow calls, and whether it is above 1 %."""
        counts = facts.counts(self.window_s)
        calls, slow = counts.reached, counts.slow[self.slow_after_s]
        firing = slow > 1 and calls >= self.min_calls and _above(slow, calls, SLOWEST, self.confidence)
        text = f"{slow:,} of {calls:,} calls took longer than {self.above_ms:g} ms in the last {self.window_s:g} s"
        return Reading(firing, slow / calls if calls else 0.0, text)

    def _default_name(self) -> str:
        return f"latency_p99_above_{self.above_ms:g}_ms"


@dataclass(frozen=True, kw_only=True)
class ErrorRate(Alert):
    """Fires when too many calls end as `error`, `timeout` or `component_failed`.

    A share seen in few calls says little: 1 error in 20 calls is quite likely at a true rate of 1 %. So the alert
    fires when the lower bound of Clopper and Pearson for the true rate is above the threshold. The bound holds for
    each look; whoever looks every second for a year will see the rare event.

    Args:
        above: The highest share that is all right, for instance 0.01.
        window_s: How far to look back, from 10 seconds to an hour.
        min_calls: With fewer calls in the window the alert does not fire.
        confidence: How certain it must be, between 0.5 and 1; None to compare the plain shares.
    """

    kind: ClassVar[str] = "error_rate"
    above: float
    window_s: float = 300.0
    min_calls: int = 10
    confidence: float | None = 0.95
    severity: Severity = "critical"

    def __post_init__(self) -> None:
        _number(self, "above", least=0.0, below=1.0)
        _sample(self)
        super().__post_init__()

    @property
    def threshold(self) -> float:
        """The highest share that is all right."""
        return self.above

    def read(self, facts: Facts, /) -> Reading:
        """Return the error rate, and whether it is too high."""
        counts = facts.counts(self.window_s)
        rate = counts.errors / counts.calls if counts.calls else 0.0
        firing = counts.calls >= self.min_calls and _above(counts.errors, counts.calls, self.above, self.confidence)
        text = f"{counts.errors:,} of {counts.calls:,} calls failed in the last {self.window_s:g} s"
        return Reading(firing, rate, text)

    def _default_name(self) -> str:
        return f"error_rate_above_{self.above:g}"


@dataclass(frozen=True, kw_only=True)
class Budget(Alert):
    """Fires when a budget is spent, and is resolved when the next hour, day or month begins in UTC.

    It only tells; to refuse calls, use a `Limit`. Money is that of calls whose model has a price. Sums are exact and
    begin with the process.

    Args:
        usd: What may be spent in money.
        tokens: What may be spent in tokens, input plus output. Give one of the two.
        per: `hour`, `day` or `month`.
    """

    kind: ClassVar[str] = "budget"
    usd: float | None = None
    tokens: int | None = None
    per: Period = "day"
    severity: Severity = "critical"

    def __post_init__(self) -> None:
        if (self.usd is None) is (self.tokens is None):
            raise ConfigurationError("Alert.budget() takes either usd= or tokens=")
        _number(self, "usd" if self.tokens is None else "tokens", above=0.0)
        one_of(self, "per", set(PERIODS))
        super().__post_init__()

    @property
    def threshold(self) -> float:
        """The budget."""
        return self.usd if self.usd is not None else float(self.tokens or 0)

    @property
    def period(self) -> Period:
        """The period it is for."""
        return self.per

    def read(self, facts: Facts, /) -> Reading:
        """Return what is spent, and whether that is all."""
        spent = facts.spent(self.per)
        if self.usd is not None:
            text = f"${spent.usd:,.2f} of ${self.usd:,.2f} spent this {self.per}"
            return Reading(spent.usd >= self.usd, spent.usd, text)
        text = f"{spent.tokens:,} of {self.tokens:,} tokens spent this {self.per}"
        return Reading(spent.tokens >= self.threshold, spent.tokens, text)

    def _default_name(self) -> str:
        unit = "tokens" if self.usd is None else "usd"
        return f"budget_{self.threshold:g}_{unit}_per_{self.per}"


@dataclass(frozen=True, kw_only=True)
class GuardrailHits(Alert):
    """Fires when guards found something; what is in shadow mode does not count, a guard that broke does.

    Args:
        at_least: How many verdicts.
        window_s: How far to look back, from 10 seconds to an hour.
        guard: Only those of the guard of this name.
        action: Only those with this action, for instance `block`.
    """

    kind: ClassVar[str] = "guardrail_hits"
    at_least: int = 1
    window_s: float = 300.0
    guard: str = ""
    action: Action | str = ""

    def __post_init__(self) -> None:
        _number(self, "at_least", least=1)
        _number(self, "window_s", least=SLICE_S, most=KEPT_S)
        one_of(self, "action", {"", *(action.value for action in Action)})
        settle(self, action=str(self.action))
        super().__post_init__()

    @property
    def threshold(self) -> float:
        """How many verdicts."""
        return float(self.at_least)

    def read(self, facts: Facts, /) -> Reading:
        """Return the number of hits, and whether they are enough."""
        hits: dict[str, int] = {}
        for hit, count in sorted(facts.counts(self.window_s).hits.items()):
            if hit.mode != "shadow" and self.guard in {"", hit.guard} and self.action in {"", hit.action}:
                hits[f"{hit.guard} {hit.action}"] = count
        total = sum(hits.values())
        listed = ", ".join(f"{name} {count:,}" for name, count in hits.items())
        text = f"{total:,} guardrail {'hit' if total == 1 else 'hits'} in the last {self.window_s:g} s" + (
            f": {listed}" if listed else ""
        )
        return Reading(total >= self.at_least, total, text)

    def _default_name(self) -> str:
        return "_".join(filter(None, ("guardrail_hits", self.guard, str(self.action))))


def _above(hits: int, trials: int, share: float, confidence: float | None) -> bool:
    """Whether the share of hits is larger than `share`, with the confidence asked for."""
    if hits <= trials * share:
        return False
    return confidence is None or share == 0.0 or tail(hits, trials, share) <= 1.0 - confidence


def _sample(alert: LatencyP99 | ErrorRate) -> None:
    _number(alert, "window_s", least=SLICE_S, most=KEPT_S)
    _number(alert, "min_calls", least=1)
    if alert.confidence is not None:
        _number(alert, "confidence", least=0.5, below=1.0)


def _number(
    alert: Alert,
    name: str,
    *,
    least: float = -math.inf,
    above: float = -math.inf,
    most: float = math.inf,
    below: float = math.inf,
) -> None:
    value = getattr(alert, name)
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if is_number and least <= value <= most and above < value < below:
        return
    bounds = (("at least", least), ("above", above), ("at most", most), ("below", below))
    wanted = " and ".join(f"{word} {bound:g}" for word, bound in bounds if math.isfinite(bound))
    given = f"{value:g}" if is_number else type(value).__name__
    raise ConfigurationError(f"{type(alert).__name__}({name}=...) must be a number {wanted}, not {given}")


Alert.latency_p99 = LatencyP99
Alert.error_rate = ErrorRate
Alert.budget = Budget
Alert.guardrail_hits = GuardrailHits
