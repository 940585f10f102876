"""The alerts of one recorder: what reads them, who is told, and what they do."""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Final

from genai_guard.errors import ConfigurationError
from genai_guard.recording.alerting.board import AlertBoard
from genai_guard.recording.alerting.delivery import Delivery
from genai_guard.recording.alerting.silences import Silence
from genai_guard.recording.alerting.sinks import AlertSink, Structlog
from genai_guard.recording.alerts import Alert, AlertAction, AlertEvent
from genai_guard.recording.ledger import Ledger, Moment
from genai_guard.recording.worker import TICK, Handler, Worker

__all__ = ["AlertDesk", "checked_alerts", "checked_silences", "checked_sinks"]

_TICK_S: Final = 1.0
_ALERTS_WAITING: Final = 256
_LOG: Final = Structlog()


class AlertDesk:
    """Reads alerts once a second while there is a reason to, and hands what happens to those who are told.

    Args:
        alerts: What to watch.
        ledger: What they are decided from. Its lock guards all that is remembered here.
        on_alert: A function that is told.
        sinks: Others that are told.
        silences: What not to tell.
    """

    def __init__(
        self,
        alerts: tuple[Alert, ...],
        *,
        ledger: Ledger,
        on_alert: AlertAction | None = None,
        sinks: Iterable[AlertSink] = (),
        silences: Iterable[Silence] = (),
    ) -> None:
        self._alerts = alerts
        self._ledger = ledger
        self._silences = tuple(silences)
        self._watcher: Worker | None = None
        if alerts:
            self._watcher = Worker("alerts", _watching(weakref.WeakMethod(self._tick)), size=_ALERTS_WAITING)
        self._told = tuple(_told(alerts, on_alert, sinks))
        self._begin()

    def _begin(self) -> None:
        self._board = AlertBoard(self._alerts, self._silences)
        self._seen = 0
        self._busy = False
        self._look_at_s = -math.inf

    @property
    def workers(self) -> tuple[Worker | Delivery, ...]:
        """Whatever has a thread."""
        first = () if self._watcher is None else (self._watcher,)
        return (*first, *[delivery for _, delivery in self._told])

    @property
    def failures(self) -> Mapping[str, int]:
        """How often alerts raised when they were read, by class of what they raised."""
        return self._board.failures

    def wake(self) -> None:
        """Have the alerts read soon."""
        if self._watcher is not None:
            self._watcher.put(TICK)

    def heed(self, now_s: float) -> None:
        """Have the alerts read within a second."""
        if self._watcher is not None and now_s >= self._look_at_s:
            self._look_at_s = now_s + _TICK_S
            self._watcher.put(TICK)

    def events(self) -> list[AlertEvent]:
        """Read the alerts, and return those that are pending or fire and the last hundred that are over."""

        def read(moment: Moment) -> list[AlertEvent]:
            self._read(moment)
            return list(self._board.events())

        events = self._ledger.read(read)
        self._go_on()
        return events

    def silence(self, silence: Silence) -> None:
        """Tell nobody of certain alerts for a while, those that expire later included."""

        def add(moment: Moment) -> None:
            self._board.silences = (*self._board.silences, silence)
            self._read(moment)

        self._ledger.read(add)

    def unsilence(self, silence: Silence | None) -> None:
        """End a silence, or all of them."""

        def remove(moment: Moment) -> None:
            left = () if silence is None else [each for each in self._board.silences if each != silence]
            self._board.silences = tuple(left)
            self._read(moment)

        self._ledger.read(remove)

    def try_to_read(self, timeout_s: float) -> None:
        """Read the alerts, unless somebody else is at it for longer."""
        with suppress(TimeoutError):
            self._ledger.read(self._read, timeout_s=max(0.0, timeout_s))
        self._go_on()

    def after_fork(self) -> None:
        """Begin anew in a child; its threads are begun anew by whoever holds `workers`."""
        self._begin()

    def _go_on(self) -> None:
        """Have what was found by somebody who asked looked after."""
        if self._busy:
            self.wake()

    def _tick(self) -> float | None:
        """Read the alerts; ask for the next tick unless nothing happened since the last one."""
        counted = self._ledger.read(self._read)
        idle = counted == self._seen and not self._busy
        self._seen = counted
        return None if idle else _TICK_S

    def _read(self, moment: Moment) -> int:
        for event in self._board.update(moment, now_s=moment.now_s, wall_s=moment.wall_s):
            self._tell(event)
        self._busy = self._board.is_busy  # asked here, where nobody changes it
        return moment.counted

    def _tell(self, event: AlertEvent) -> None:
        for wanted, delivery in self._told:
            if wanted(event) and (refused := delivery.put(event)):
                self._ledger.miss(f"{delivery.name}.{refused}")


def _watching(tick: weakref.WeakMethod[Callable[[], float | None]]) -> Handler:
    """Return what reads the alerts once a second; it does not keep the recorder alive."""

    def handle(_: object) -> float | None:
        look = tick()
        return look() if look is not None else None

    return handle


def _told(
    alerts: Collection[Alert], on_alert: AlertAction | None, sinks: Iterable[AlertSink]
) -> Iterator[tuple[Callable[[AlertEvent], bool], Delivery]]:
    """Yield whoever is told, and what of. Each has a thread, which begins with the first alert."""
    if alerts:
        yield (lambda _: True), Delivery("alerts_log", _LOG.send)
    actions = {alert.name: alert.on_fire for alert in alerts if alert.on_fire is not None}
    if actions:
        yield (lambda event: event.name in actions), Delivery("on_fire", lambda event: actions[event.name](event))
    if on_alert is not None:
        yield (lambda _: True), Delivery("on_alert", on_alert)
    names: dict[str, int] = {}
    for sink in sinks:
        kind = type(sink).__name__
        names[kind] = number = names.get(kind, 0) + 1
        yield sink.wants, Delivery(kind if number == 1 else f"{kind}_{number}", sink.send, attempts=sink.attempts)


def checked_alerts(alerts: Iterable[object], dimensions: Iterable[str]) -> tuple[Alert, ...]:
    """Return the alerts of a recorder.

    Raises:
        ConfigurationError: one is none, two have the same name, or one goes by a dimension that is not counted apart.
    """
    watched: list[Alert] = []
    for alert in alerts:
        if not isinstance(alert, Alert):
            raise ConfigurationError(
                f"MetricsRecorder(alerts=...): an object of type {type(alert).__name__} is no alert; "
                "build one with Alert.latency_p99(), error_rate(), budget() or guardrail_hits()"
            )
        watched.append(alert)
    names = [alert.name for alert in watched]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ConfigurationError(f"two alerts are called {twice!r}: give one of them another name=")
    known = tuple(dimensions)
    for alert in watched:
        for name in (*alert.where, *alert.by):
            if name not in known:
                raise ConfigurationError(
                    f"MetricsRecorder(dimensions=...) lacks {name!r}, which the alert {alert.name!r} goes by"
                )
    return tuple(watched)


def checked_sinks(sinks: Iterable[object]) -> tuple[AlertSink, ...]:
    """Return the sinks of a recorder.

    Raises:
        ConfigurationError: one is none.
    """
    checked: list[AlertSink] = []
    for sink in sinks:
        if not isinstance(sink, AlertSink):
            raise ConfigurationError(
                f"MetricsRecorder(notify=...): an object of type {type(sink).__name__} is no AlertSink, such as "
                "Webhook(), Slack() or PagerDuty(); give a function as on_alert="
            )
        checked.append(sink)
    return tuple(checked)


def checked_silences(silences: Iterable[object]) -> tuple[Silence, ...]:
    """Return the silences of a recorder.

    Raises:
        ConfigurationError: one is none.
    """
    given = tuple(silences)
    found = [each for each in given if isinstance(each, Silence)]
    if len(found) < len(given):
        raise ConfigurationError("MetricsRecorder(silences=...) takes Silence(until=...)")
    return tuple(found)
