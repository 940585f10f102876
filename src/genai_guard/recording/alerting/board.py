"""When an alert fires, and when it is over: `ok` → `pending` → `firing` → `resolved`, told once each.

Rule 1: An alert fires when every reading of `for_s` has been too much. Until then it is pending, and nobody is told.
Rule 2: An alert that fires is told once, however often it is read.
Rule 3: It is resolved when no reading of `keep_firing_s` was too much.
Rule 4: It does not fire again before its cooldown has passed, counted from when it last fired.
Rule 5: What fires while it is silenced is told when the silence is over, if it still fires. What was told as firing is
told as resolved, silenced or not.
Rule 6: Each combination of values of `by` goes its own way.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from genai_guard.frozen import FrozenDict
from genai_guard.recording.alerting.labels import Labels
from genai_guard.recording.alerting.silences import Silence
from genai_guard.recording.alerts import Alert, AlertEvent, Reading
from genai_guard.recording.facts import Slices
from genai_guard.recording.worker import count

__all__ = ["AlertBoard", "Seat", "Step", "Watch", "step"]

_HISTORY: Final = 100
_GONE: Final = Reading(firing=False, value=0.0, message="")
_NO_LABELS: Final[Mapping[str, str]] = FrozenDict()


class Watch(NamedTuple):
    """What is remembered of an alert between two readings.

    Attributes:
        event: The alert that is pending or fires now; None when all is well.
        since_s: Monotonic time since which it has been too much, while it is pending.
        clear_s: Monotonic time since which it has not been too much, while it fires.
        fired_s: Monotonic time when it last fired.
        told: Whether somebody knows that it fires.
    """

    event: AlertEvent | None = None
    since_s: float = 0.0
    clear_s: float | None = None
    fired_s: float = float("-inf")
    told: bool = False


class Seat(NamedTuple):
    """One slice that an alert is about.

    Attributes:
        labels: The values of dimensions, as people see them.
        key: See `AlertEvent`.
        silenced: Whether nobody is to be told now.
    """

    labels: Mapping[str, str] = _NO_LABELS
    key: str = ""
    silenced: bool = False


EVERYWHERE: Final = Seat()
"""Of all calls, and not silenced."""


class Step(NamedTuple):
    """What comes of a reading.

    Attributes:
        watch: What to remember.
        event: What has happened, if anything has.
        tell: Whether to tell it.
    """

    watch: Watch
    event: AlertEvent | None = None
    tell: bool = False


def step(watch: Watch, alert: Alert, reading: Reading, *, now_s: float, wall_s: float, seat: Seat = EVERYWHERE) -> Step:
    """Return what to remember after a reading, and what to tell, if anything.

    Durations go by the monotonic time `now_s`; people are told `wall_s`, in seconds since 1970. A clock that goes back
    ends a cooldown, and begins a wait anew.
    """
    if watch.event is not None and watch.event.state == "firing":
        if reading.firing:
            return _burning(watch._replace(clear_s=None), watch.event, seat)
        return _cooling(watch, alert, watch.event, seat, now_s=now_s, wall_s=wall_s)
    if not reading.firing or 0 <= now_s - watch.fired_s < alert.cooldown_s:
        return Step(watch._replace(event=None))
    since_s = now_s if watch.event is None else min(watch.since_s, now_s)
    ripe = now_s - since_s >= alert.for_s
    event = AlertEvent(
        alert.name,
        "firing" if ripe else "pending",
        reading.message,
        reading.value,
        alert.threshold,
        alert.severity,
        alert.mode,
        wall_s if ripe or watch.event is None else watch.event.fired_at_s,
        labels=seat.labels,
        key=seat.key,
        silenced=seat.silenced,
    )
    if not ripe:
        return Step(watch._replace(event=event, since_s=since_s))
    return Step(Watch(event, fired_s=now_s, told=not seat.silenced), event, tell=not seat.silenced)


def _burning(watch: Watch, event: AlertEvent, seat: Seat) -> Step:
    if event.silenced == seat.silenced:
        return Step(watch)
    event = replace(event, silenced=seat.silenced)
    if seat.silenced or watch.told:
        return Step(watch._replace(event=event))
    return Step(watch._replace(event=event, told=True), event, tell=True)


def _cooling(watch: Watch, alert: Alert, event: AlertEvent, seat: Seat, *, now_s: float, wall_s: float) -> Step:
    clear_s = now_s if watch.clear_s is None else min(watch.clear_s, now_s)
    if now_s - clear_s < alert.keep_firing_s:
        return _burning(watch._replace(clear_s=clear_s), event, seat)
    over = replace(
        event, state="resolved", resolved_at_s=max(wall_s, event.fired_at_s), silenced=seat.silenced and not watch.told
    )
    return Step(Watch(fired_s=watch.fired_s), over, tell=watch.told)


class AlertBoard:
    """The alerts of one recorder and their states. Not safe for threads: the recorder holds its lock.

    Args:
        alerts: What to watch.
        silences: What not to tell.
    """

    __slots__ = ("_alerts", "_labels", "_over", "_watches", "failures", "silences")

    def __init__(self, alerts: Sequence[Alert], silences: Iterable[Silence] = ()) -> None:
        self._alerts = tuple(alerts)
        self._watches: dict[str, dict[tuple[str, ...], Watch]] = {alert.name: {} for alert in self._alerts}
        self._over: deque[AlertEvent] = deque(maxlen=_HISTORY)
        self._labels = Labels()
        self.failures: dict[str, int] = {}
        self.silences: tuple[Silence, ...] = tuple(silences)

    @property
    def is_busy(self) -> bool:
        """Whether any alert is pending or fires, or may fire because nothing happens."""
        return any(alert.reads_when_idle for alert in self._alerts) or any(
            watch.event is not None for watches in self._watches.values() for watch in watches.values()
        )

    @property
    def firing(self) -> bool:
        """Whether any alert fires."""
        return any(event.state == "firing" for event in self._current())

    def events(self) -> tuple[AlertEvent, ...]:
        """Return the alerts that are pending or fire and the last hundred that are over, in the order of their firing."""
        return tuple(sorted([*self._over, *self._current()], key=lambda event: event.fired_at_s))

    def update(self, facts: Slices, *, now_s: float, wall_s: float) -> tuple[AlertEvent, ...]:
        """Read every alert and return what is to be told. An alert that raises is counted and stays as it was."""
        self.silences = tuple([silence for silence in self.silences if silence.until_s > wall_s])
        told: list[AlertEvent] = []
        for alert in self._alerts:
            try:
                readings = list(self._read(alert, facts))
            except Exception as error:  # noqa: BLE001  one alert of somebody else's must not silence the others
                count(self.failures, type(error).__name__)
                continue
            told += self._take(alert, readings, now_s=now_s, wall_s=wall_s)
        return tuple(event for event in told if event.mode != "shadow")

    def _current(self) -> list[AlertEvent]:
        watches = [watch for each in self._watches.values() for watch in each.values()]
        return [watch.event for watch in watches if watch.event is not None]

    def _read(self, alert: Alert, facts: Slices) -> Iterable[tuple[tuple[str, ...], Reading]]:
        """Yield the reading of each slice, and a last one of those that are gone."""
        if not alert.by:
            yield (), alert.read(facts.within(alert.where) if alert.where else facts)
            return
        gone = dict.fromkeys(self._watches[alert.name])
        for values in facts.values(alert.by, alert.looks_back_s, alert.where):
            gone.pop(values, None)
            yield values, alert.read(facts.within({**alert.where, **dict(zip(alert.by, values, strict=True))}))
        for values in gone:
            yield values, _GONE

    def _take(
        self, alert: Alert, readings: Iterable[tuple[tuple[str, ...], Reading]], *, now_s: float, wall_s: float
    ) -> list[AlertEvent]:
        told: list[AlertEvent] = []
        watches = self._watches[alert.name]
        for values, reading in readings:
            watch = watches.get(values)
            if watch is None:
                if not reading.firing:
                    continue
                watch = Watch()
            seat = self._seat(alert, values, wall_s) if reading.firing or watch.event is not None else EVERYWHERE
            taken = step(watch, alert, reading, now_s=now_s, wall_s=wall_s, seat=seat)
            watches[values] = taken.watch
            if taken.watch.event is None and not 0 <= now_s - taken.watch.fired_s < alert.cooldown_s:
                del watches[values]
            if taken.event is not None and taken.event.state == "resolved":
                self._over.append(taken.event)
            if taken.event is not None and taken.tell:
                told.append(taken.event)
        return told

    def _seat(self, alert: Alert, values: tuple[str, ...], wall_s: float) -> Seat:
        raw = {**alert.where, **dict(zip(alert.by, values, strict=True))}
        silenced = any(silence.covers(alert.name, raw, wall_s) for silence in self.silences)
        return Seat(*self._labels.shown(alert.name, raw), silenced)
