"""`MetricsRecorder`: takes one event a call, and answers for what happened.

Rule 1: `record` appends to queues and returns. It never raises, never waits and performs no I/O.
Rule 2: Sinks, alerts and callbacks live on threads of their own, behind bounded queues.
Rule 3: What is lost on the way is counted.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable
from functools import partial
from time import monotonic, time
from types import TracebackType
from typing import Final, Self, TypeVar

from genai_guard.errors import ConfigurationError
from genai_guard.recording.alerting import AlertDesk, Silence
from genai_guard.recording.alerting.delivery import Delivery
from genai_guard.recording.alerting.desk import checked_alerts, checked_silences, checked_sinks
from genai_guard.recording.alerting.sinks import AlertSink
from genai_guard.recording.alerts import Alert, AlertAction, AlertEvent
from genai_guard.recording.audit.log import AuditLog, AuditTap
from genai_guard.recording.checks import callable_or_none, must_be, positive
from genai_guard.recording.dimensions import DIMENSIONS, checked
from genai_guard.recording.event import Event
from genai_guard.recording.exposures import ExposureLog
from genai_guard.recording.feedback import FeedbackDesk, FeedbackStore, OnFeedback
from genai_guard.recording.feedback.counting import FeedbackSeries
from genai_guard.recording.feedback.erasing import erase
from genai_guard.recording.history import MetricsHistory
from genai_guard.recording.history.keeping import Keeping
from genai_guard.recording.ledger import Clock, Ledger, Moment
from genai_guard.recording.lifecycle import watch_over
from genai_guard.recording.listening import Listener, Tap
from genai_guard.recording.readings import Readings
from genai_guard.recording.review.queue import ReviewQueue
from genai_guard.recording.sinks import Erasable, Log, Sink, outlet, sink_of
from genai_guard.recording.sketch import merge
from genai_guard.recording.telemetry import OpenTelemetry
from genai_guard.recording.telemetry.settings import tracing_by
from genai_guard.recording.windows import Windows
from genai_guard.recording.worker import Worker

__all__ = ["MetricsRecorder"]

T = TypeVar("T")

_TICK_S: Final = 1.0


class MetricsRecorder(Readings):
    """Counts calls, watches alerts, and hands events to an inference log.

    Safe for threads, and for a fork: a child begins with empty windows and segments of its own, so that sums over all
    processes count every call once.

    Args:
        alerts: What to watch. Read once a second while there are calls or one of them is not well, and by `alerts()`.
        log: An `InferenceLog`, or any sink.
        on_alert: Called with an `AlertEvent` when an alert fires and when it is resolved, on a thread of its own. Both
            are logged as a warning through structlog besides.
        notify: Who else is told of alerts: `Webhook`, `Slack`, `PagerDuty` or an `AlertSink` of your own, each on a
            thread of its own.
        silences: Alerts that nobody is told of for a while; see `silence()` for those that are not known before.
        sinks: Whatever else takes events; see `Sink`.
        feedback: Where `recorder.feedback(request_id, thumbs="down")` keeps what users and reviewers say of replies; see
            `FeedbackDesk`.
        on_feedback: Called with each new `Feedback`, redacted, on a thread of its own.
        review: Where calls are put that people are to look at; see `ReviewQueue`.
        exposures: Where the first call of each unit of an experiment is noted.
        audit: Where every block, redaction, override and change is recorded.
        telemetry: Spans and metrics for OpenTelemetry.
        history: Where counts are kept, so that alerts and budgets know those of the process before.
        dimensions: By what calls are counted apart: `model`, `variant`, `tenant`, `user`, `session`, `pipeline`,
            `target`, `stage`, the name of an experiment (for its variant) or of a tag. `status` always is.
        max_series: Most combinations of their values counted apart at a time; what is beyond counts as `__other__`.
        queue_size: Most events that wait for one sink; what finds no room is dropped and counted.
        clock: Monotonic seconds.
        wall_clock: Seconds since 1970, for the periods of budgets and the times of alerts.

    Raises:
        ConfigurationError: one of them is not what it must be, or two alerts have the same name.
    """

    def __init__(
        self,
        *,
        alerts: Iterable[Alert] = (),
        log: Log | Sink | None = None,
        on_alert: AlertAction | None = None,
        notify: Iterable[AlertSink] = (),
        silences: Iterable[Silence] = (),
        sinks: Iterable[Sink] = (),
        feedback: FeedbackStore | None = None,
        on_feedback: OnFeedback | None = None,
        review: ReviewQueue | None = None,
        exposures: ExposureLog | None = None,
        audit: AuditLog | None = None,
        telemetry: OpenTelemetry | None = None,
        history: MetricsHistory | None = None,
        dimensions: Iterable[str] = DIMENSIONS,
        max_series: int = 1000,
        queue_size: int = 1000,
        clock: Clock | None = None,
        wall_clock: Clock | None = None,
    ) -> None:
        self.log: Final = log
        self.on_alert: Final = callable_or_none(on_alert)
        self.notify: Final = checked_sinks(notify)
        self.silences: Final = checked_silences(silences)
        self.sinks: Final = tuple(sinks)
        self.feedback_store: Final = feedback
        self.on_feedback: Final = on_feedback
        self.review: Final = must_be(ReviewQueue, review, "review")
        self.exposures: Final = must_be(ExposureLog, exposures, "exposures")
        self.audit: Final = must_be(AuditLog, audit, "audit")
        self.telemetry: Final = telemetry
        self.history: Final = must_be(MetricsHistory, history, "history")
        declared = checked(dimensions)
        self.watched: Final = checked_alerts(alerts, declared)
        self.max_series: Final = positive("max_series", max_series)
        self.queue_size: Final = positive("queue_size", queue_size)
        self._clock: Clock = clock or monotonic
        self._wall_clock: Clock = wall_clock or time
        thresholds_s = {alert.slow_after_s for alert in self.watched if alert.slow_after_s is not None}
        said = FeedbackSeries(places=len(declared), max_series=self.max_series)
        ledger = Ledger(
            partial(Windows, declared, thresholds_s=sorted(thresholds_s), max_series=self.max_series),
            feedback=said,
            periods={alert.period for alert in self.watched if alert.period},
            clock=self._clock,
            wall_clock=self._wall_clock,
        )
        super().__init__(declared, ledger=ledger)
        self._keeping = None if history is None else Keeping(
            history, dimensions=declared, max_series=self.max_series, ledger=ledger
        )  # fmt: skip
        named = [("log", sink_of(log, parameter="log"))] if log is not None else []
        named += [(type(sink).__name__, sink_of(sink, parameter="sinks")) for sink in self.sinks]
        reviewing = None if review is None else review.writer()
        named += [] if reviewing is None else [("review", reviewing)]
        self.tracing: Final = tracing_by(telemetry, queue_size=self.queue_size, miss=self._ledger.miss)
        self.wants_text: Final = any(
            getattr(each, "wants_text", False) for each in (telemetry, *(sink for _, sink in named))
        )
        self._outlets = tuple(outlet(name, sink, size=self.queue_size) for name, sink in named)
        self._desk = AlertDesk(
            self.watched, ledger=self._ledger, on_alert=self.on_alert, sinks=self.notify, silences=self.silences
        )
        self.feedback: Final = FeedbackDesk(
            feedback, on_feedback=on_feedback, dimensions=self.dimensions, series=said, heard=self._desk.heed,
            is_watched=any(alert.reads_feedback for alert in self.watched),
            queue_size=self.queue_size, clock=self._clock, wall_clock=wall_clock or time, miss=self._ledger.miss,
        )  # fmt: skip
        if reviewing is not None and review is not None and review.thumbs_down is not None:
            self.feedback.listen(reviewing.hear, name="review")
        if self.tracing is not None and self.tracing.evaluations is not None:
            self.feedback.listen(self.tracing.evaluations.said, name="evaluations", remembers=False)
        self._taps: tuple[Tap | AuditTap, ...] = tuple([each.tap() for each in (exposures, audit) if each is not None])
        self._tapping = threading.Lock()
        self._look_at_s = self._first_look_s
        watch_over(self)

    def record(self, event: Event) -> None:
        """Take one event; the texts of its request and response go to sinks alone, and only redacted."""
        try:
            now_s = self._clock()
            for worker in self._outlets:
                if refused := worker.put(event):
                    self._ledger.miss(f"{worker.name}.{refused}")
            event = self._ledger.add(now_s, event)
            if self.feedback.is_wanted:
                self.feedback.remember(event)
            for tap in self._taps:
                if refused := tap.put(event):
                    self._ledger.miss(f"{tap.name}.{refused}")
            if now_s >= self._look_at_s:
                self._look_at_s = now_s + _TICK_S
                self._desk.wake()
                if self._keeping is not None:
                    self._keeping.wake()
        except Exception as error:  # noqa: BLE001  whatever is wrong with an event or a clock, the call goes on
            self._ledger.miss(f"record.{type(error).__name__}")

    def listen(self, listener: Listener, *, name: str = "") -> Callable[[], None]:
        """Tell `listener` the event of every call from now on; return what ends that.

        It is told one event at a time, in the order of recording, on a thread of its own, some twenty milliseconds
        later under load. Events are as recorded, so not redacted, but have no texts. What it raises is counted in
        `dropped` and told once, and so is what finds no room among 10 000 that wait.

        Args:
            listener: Called with an `Event`.
            name: Stands in `dropped` and on the thread; the name of the function unless given.

        Raises:
            ConfigurationError: it cannot be called.
        """
        if not callable(listener):
            raise ConfigurationError("MetricsRecorder.listen(...) takes a function of one Event")
        tap = Tap(listener, name=name or getattr(listener, "__name__", type(listener).__name__))
        with self._tapping:
            self._taps = (*self._taps, tap)

        def stop() -> None:
            with self._tapping:
                self._taps = tuple(each for each in self._taps if each is not tap)
            tap.close(until_s=monotonic())

        return stop

    def alerts(self) -> list[AlertEvent]:
        """Read the alerts, and return those that are pending or fire and the last hundred that are over, oldest first."""
        return self._desk.events()

    def silence(self, name: str = "*", *, for_s: float, **labels: str) -> Silence:
        """Tell nobody of certain alerts for a while, nor have them do anything; return what `unsilence` takes.

        `recorder.silence("error_rate*", for_s=3600, model="large")`. What still fires afterwards is told then.

        Args:
            name: Of which alerts: their name, or a pattern with `*` and `?`.
            for_s: For how long.
            labels: Of which slices: values that the alert must have in its dimensions.

        Raises:
            ConfigurationError: the time is not above zero.
        """
        if isinstance(for_s, bool) or not isinstance(for_s, int | float) or not 0 < for_s < math.inf:
            raise ConfigurationError("MetricsRecorder.silence(for_s=...) must be a number of seconds above 0")
        silence = Silence.ending(self._wall_clock() + for_s, name=name, labels=labels)
        self._desk.silence(silence)
        return silence

    def unsilence(self, silence: Silence | None = None) -> None:
        """End a silence before its time, or all of them. What still fires is told."""
        self._desk.unsilence(silence)

    @property
    def dropped(self) -> dict[str, int]:
        """What was lost since the beginning, by sink and reason.

        `log.queue_full`: the sink was too slow. `log.closed`: the recorder was closed. `log.OSError`: the sink raised
        this. `Slack.http_404`, `on_fire.KeyError`: an alert was not told, or did not act. `malformed`: no event of this
        library. Empty when all is well.
        """
        return self._ledger.read(self._losses)

    def flush(self, *, timeout_s: float = 2.0) -> bool:
        """Count what is pending, read the alerts, and wait for all sinks; return whether that was done in time."""
        until_s = monotonic() + timeout_s
        self._desk.try_to_read(timeout_s)
        in_time = [worker.flush(until_s=until_s) for worker in self._workers]
        return all(in_time)

    def close(self, *, timeout_s: float = 2.0) -> bool:
        """Flush, then end all threads and close all sinks; return whether that was done in time.

        The recorder still counts afterwards, and what its sinks then miss. Done at the exit of the process as well. The
        audit stays open: others may have to record there.
        """
        until_s = monotonic() + timeout_s
        if self._keeping is not None:
            self._keeping.leave()
        self._desk.try_to_read(timeout_s)
        in_time = [worker.close(until_s=until_s) for worker in self._workers]
        return all(in_time)

    def erase(self, *, user: str) -> dict[str, int]:
        """Take a user out of everything that was written, and return by log how many rows were about that user.

        Feedback and rows of the inference log and of the exposures are overwritten; audit records stay, and no longer say who they
        are about. Sinks that have an `erase` are asked to, by their class. Waits for what is queued in this process. The windows
        are left alone: they end within the hour.

        Raises:
            ConfigurationError: there is no such user to be named.
            OSError: a file could not be read or written. Once the cause is gone, another call finishes it.
            sqlite3.Error: so it is with that of the feedback.
        """
        self.flush(timeout_s=60.0)
        self.feedback.forget(user)
        said = {} if self.feedback_store is None else {"feedback": erase(self.feedback_store, self.log, user=user)}
        logs: dict[str, object] = {
            "log": self.log,
            "review": self.review,
            "exposures": self.exposures,
            "audit": self.audit,
        }
        logs |= {type(sink).__name__: sink for sink in self.sinks}
        return said | {name: log.erase(user=user) for name, log in logs.items() if isinstance(log, Erasable)}

    def after_fork(self) -> None:
        """Begin anew in a child process: what was recorded before is the parent's. Called by itself."""
        self._ledger.begin()
        self.feedback.begin()
        if self.review is not None:
            self.review.begin()
        self._tapping = threading.Lock()
        self._desk.after_fork()
        self._look_at_s = self._first_look_s
        for worker in self._workers:
            worker.after_fork()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.close()

    def __eq__(self, other: object) -> bool:
        return self._config == other._config if isinstance(other, MetricsRecorder) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.watched, self.dimensions, self.max_series))

    def __repr__(self) -> str:
        log = f", {self.log!r}" if self.log is not None else ""
        return f"<MetricsRecorder by {', '.join(self.dimensions)}, {len(self.watched)} alerts{log}>"

    @property
    def _config(self) -> tuple[object, ...]:
        return (
            self.watched, self.log, self.on_alert, self.notify, self.silences, self.sinks, self.feedback_store,
            self.on_feedback, self.review, self.exposures, self.audit, self.telemetry, self.history, self.dimensions,
            self.max_series, self.queue_size,
        )  # fmt: skip

    @property
    def _workers(self) -> tuple[Worker | Delivery | Tap | AuditTap | Keeping, ...]:
        tracing = () if self.tracing is None else self.tracing.workers
        keeping = () if self._keeping is None else (self._keeping,)
        return (*self._outlets, *self.feedback.workers, *self._desk.workers, *self._taps, *tracing, *keeping)

    @property
    def _first_look_s(self) -> float:
        return -math.inf if self.watched or self._keeping is not None else math.inf

    def _losses(self, moment: Moment) -> dict[str, int]:
        lost = dict(moment.lost)
        for worker in self._workers:
            merge(lost, {f"{worker.name}.{kind}": times for kind, times in worker.failures.items()})
        merge(lost, {f"alerts.{name}": times for name, times in self._desk.failures.items()})
        return dict(sorted(lost.items()))
