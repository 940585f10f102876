"""What every alert has, and what it answers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

from genai_guard.errors import ConfigurationError
from genai_guard.frozen import FrozenDict
from genai_guard.guards.base import one_of, settle
from genai_guard.recording.alerts.checks import check_number, dimensions_of, values_of
from genai_guard.recording.alerts.event import AlertAction, Severity
from genai_guard.recording.facts import Facts
from genai_guard.recording.spending import Period
from genai_guard.recording.windows import KEPT_S
from genai_guard.verdicts import Mode

if TYPE_CHECKING:
    from genai_guard.recording.alerts.budget import Budget
    from genai_guard.recording.alerts.burn_rate import BurnRate
    from genai_guard.recording.alerts.error_rate import ErrorRate
    from genai_guard.recording.alerts.guardrail_hits import GuardrailHits
    from genai_guard.recording.alerts.latency import LatencyP99
    from genai_guard.recording.alerts.missing_traffic import MissingTraffic
    from genai_guard.recording.alerts.rate_of_change import RateOfChange
    from genai_guard.recording.alerts.threshold import Threshold
    from genai_guard.recording.alerts.thumbs_down_rate import ThumbsDownRate

__all__ = ["Alert", "Reading"]

_EVERYTHING: Final[Mapping[str, str]] = FrozenDict()


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
        mode: `shadow` shows the alert in `MetricsRecorder.alerts()`, tells nobody and does nothing.
        for_s: Fire only after it has been too much for this long; until then the alert is `pending`.
        keep_firing_s: Be resolved only after it has not been too much for this long.
        cooldown_s: An alert that was resolved does not fire again before this time has passed since it last fired.
        by: Dimensions of the recorder, for instance `model`: one alert for each of their values, each with a state of
            its own and the values in its labels.
        where: Values of dimensions, for instance `{"model": "large"}`: only such calls are looked at.
        on_fire: Called when it fires and again when it is resolved, on a thread of its own: see `TightenLimit`,
            `TripBreaker`, `HoldCanary` and `Together`, or write a function of one `AlertEvent`.
    """

    kind: ClassVar[str] = "alert"
    """Name in a policy file."""

    sliceable: ClassVar[bool] = True
    """Whether it may be by dimensions."""

    latency_p99: ClassVar[type[LatencyP99]]
    error_rate: ClassVar[type[ErrorRate]]
    budget: ClassVar[type[Budget]]
    guardrail_hits: ClassVar[type[GuardrailHits]]
    threshold_of: ClassVar[type[Threshold]]
    rate_of_change: ClassVar[type[RateOfChange]]
    missing_traffic: ClassVar[type[MissingTraffic]]
    burn_rate: ClassVar[type[BurnRate]]
    thumbs_down_rate: ClassVar[type[ThumbsDownRate]]

    name: str = ""
    severity: Severity = "warning"
    mode: Mode = "enforce"
    for_s: float = 0.0
    keep_firing_s: float = 0.0
    cooldown_s: float = 300.0
    by: str | Sequence[str] = ()
    where: Mapping[str, str] = _EVERYTHING
    on_fire: AlertAction | None = None

    def __post_init__(self) -> None:
        one_of(self, "severity", {"info", "warning", "critical"})
        one_of(self, "mode", {"enforce", "shadow"})
        for name in ("for_s", "keep_firing_s", "cooldown_s"):
            check_number(self, name, least=0.0)
        by, where = dimensions_of(self, self.by), FrozenDict(values_of(self, "where"))
        if (by or where) and not self.sliceable:
            raise ConfigurationError(f"{type(self).__name__}(by=...): what it counts is not kept by dimensions")
        if where.keys() & set(by):
            raise ConfigurationError(f"{type(self).__name__}(by=...): where= leaves one value of it")
        if self.on_fire is not None and not callable(self.on_fire):
            raise ConfigurationError(f"{type(self).__name__}(on_fire=...) must be a function of one AlertEvent")
        settle(self, by=by, where=where, name=self.name or self._full_name(by, where))

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

    @property
    def looks_back_s(self) -> float:
        """The values of `by` that are watched are those of this many seconds."""
        return KEPT_S

    @property
    def reads_feedback(self) -> bool:
        """Whether it goes by what is said of calls, which are remembered for that."""
        return False

    @property
    def reads_when_idle(self) -> bool:
        """Whether it may fire because nothing happens."""
        return False

    def _default_name(self) -> str:
        return self.kind

    def _full_name(self, by: Sequence[str], where: Mapping[str, str]) -> str:
        sliced = [f"{name}_{value}" for name, value in where.items()] + [f"by_{name}" for name in by]
        return "_".join([self._default_name(), *sliced])
