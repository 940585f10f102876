"""When an alert fires, and when it is over: `ok` → `firing` → `resolved`, told once each.

Rule 1: An alert that fires is told once, however often it is read.
Rule 2: It is resolved when a reading no longer fires.
Rule 3: It does not fire again before its cooldown has passed, counted from when it last fired.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, NamedTuple

from genai_guard.recording.alerts import Alert, Facts, Reading, Severity
from genai_guard.recording.worker import count
from genai_guard.verdicts import Mode

__all__ = ["AlertBoard", "AlertEvent", "Watch", "step"]

_HISTORY: Final = 100


@dataclass(frozen=True, slots=True)
class AlertEvent:
    """An alert that fired, and what became of it. Holds numbers and names, never a text of a call.

    Attributes:
        name: Name of the alert.
        state: `firing` or `resolved`.
        message: What was seen when it fired.
        value: What was measured then, in the unit of the threshold.
        threshold: What is too much.
        severity: As the alert says.
        mode: `shadow` when nobody is told.
        fired_at_s: Wall clock when it fired, in seconds since 1970.
        resolved_at_s: Wall clock when it was over; None while it fires.
    """

    name: str
    state: Literal["firing", "resolved"]
    message: str
    value: float
    threshold: float
    severity: Severity
    mode: Mode
    fired_at_s: float
    resolved_at_s: float | None = None


class Watch(NamedTuple):
    """What is remembered of an alert between two readings.

    Attributes:
        event: The alert that fires now; None when all is well.
        quiet_until_s: Monotonic time before which it does not fire.
    """

    event: AlertEvent | None = None
    quiet_until_s: float = float("-inf")


def step(
    watch: Watch, alert: Alert, reading: Reading, *, now_s: float, wall_s: float
) -> tuple[Watch, AlertEvent | None]:
    """Return what to remember after a reading, and what to tell, if anything.

    Cooldowns go by the monotonic time `now_s`; people are told `wall_s`, in seconds since 1970.
    """
    if watch.event is not None:
        if reading.firing:
            return watch, None
        over = replace(watch.event, state="resolved", resolved_at_s=wall_s)
        return Watch(None, watch.quiet_until_s), over
    if not reading.firing or now_s < watch.quiet_until_s:
        return watch, None
    event = AlertEvent(
        alert.name, "firing", reading.message, reading.value, alert.threshold, alert.severity, alert.mode, wall_s
    )
    return Watch(event, now_s + alert.cooldown_s), event


class AlertBoard:
    """The alerts of one recorder and their states. Not safe for threads: the recorder holds its lock.

    Args:
        alerts: What to watch.
    """

    __slots__ = ("_alerts", "_over", "_watches", "failures")

    def __init__(self, alerts: Sequence[Alert]) -> None:
        self._alerts = tuple(alerts)
        self._watches = dict.fromkeys((alert.name for alert in self._alerts), Watch())
        self._over: deque[AlertEvent] = deque(maxlen=_HISTORY)
        self.failures: dict[str, int] = {}

    @property
    def firing(self) -> bool:
        """Whether any alert fires."""
        return any(watch.event is not None for watch in self._watches.values())

    def events(self) -> tuple[AlertEvent, ...]:
        """Return the alerts that fire and the last hundred that are over, in the order in which they fired."""
        now = [watch.event for watch in self._watches.values() if watch.event is not None]
        return tuple(sorted([*self._over, *now], key=lambda event: event.fired_at_s))

    def update(self, facts: Facts, *, now_s: float, wall_s: float) -> tuple[AlertEvent, ...]:
        """Read every alert and return what is to be told. An alert that raises is counted and stays as it was."""
        told: list[AlertEvent] = []
        for alert in self._alerts:
            try:
                reading = alert.read(facts)
            except Exception as error:  # noqa: BLE001  one alert of somebody else's must not silence the others
                count(self.failures, type(error).__name__)
                continue
            self._watches[alert.name], event = step(
                self._watches[alert.name], alert, reading, now_s=now_s, wall_s=wall_s
            )
            if event is not None:
                told.append(event)
                if event.state == "resolved":
                    self._over.append(event)
        return tuple(event for event in told if event.mode != "shadow")
