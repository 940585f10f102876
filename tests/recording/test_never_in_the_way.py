"""Law 11, by structure and not by time: whoever hangs is let go only after all calls have returned."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest
import structlog
from opentelemetry.sdk.trace import TracerProvider

from genai_guard import Alert, InferenceLog, MetricsRecorder, Pipeline, caller
from genai_guard.guards import PII
from genai_guard.recording import (
    AlertEvent,
    AlertSink,
    AuditLog,
    Event,
    ExposureLog,
    OpenTelemetry,
    Redactor,
    ledger,
)
from genai_guard.recording.alerts import Reading
from genai_guard.recording.audit.losses import Losses
from genai_guard.recording.facts import Facts
from genai_guard.recording.feedback import Feedback, MemoryFeedbackStore
from recorders import call

CALLS = 120
ROOM = 20
HANGING = {
    "sink", "log", "telemetry", "audit", "feedback", "on_feedback", "listener", "on_alert", "on_fire", "notify"
}  # fmt: skip


class Gate:
    """Whoever comes here waits until it is opened. Nobody waits for ever, so that a test that fails ends."""

    def __init__(self) -> None:
        self.opened = threading.Event()
        self.gave_up: list[str] = []
        self.reached: set[str] = set()

    def wait(self, who: str) -> None:
        self.reached.add(who)
        if not self.opened.wait(30):
            self.gave_up.append(who)

    def key(self) -> str:
        self.wait("audit")
        return "k" * 32

    def scan(self, who: str) -> Redactor:
        """Return a redactor that hangs."""

        def scan(text: str) -> Iterator[tuple[int, int, str]]:
            self.wait(who)
            return iter(())

        return Redactor(scan=scan)


class HungSink:
    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.taken = 0

    def write(self, event: Event, /) -> None:
        self.gate.wait("sink")
        self.taken += 1


@dataclass(frozen=True, kw_only=True)
class HungAlerts(AlertSink):
    gate: Any = field(compare=False)

    def send(self, event: AlertEvent, /) -> None:
        self.gate.wait("notify")


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    with structlog.testing.capture_logs():
        yield gate
        gate.opened.set()


def everything_hangs(gate: Gate, folder: Path) -> MetricsRecorder:
    """Return a recorder of which every single party hangs."""

    class HungStore(MemoryFeedbackStore):
        def add(self, feedback: Feedback, /) -> bool:
            gate.wait("feedback")
            return super().add(feedback)

    recorder = MetricsRecorder(
        alerts=[Alert.guardrail_hits(on_fire=lambda _: gate.wait("on_fire"))],
        on_alert=lambda _: gate.wait("on_alert"),
        notify=[HungAlerts(gate=gate)],
        log=InferenceLog(folder / "log", redact=gate.scan("log")),
        sinks=[HungSink(gate)],
        feedback=HungStore(),
        on_feedback=lambda _: gate.wait("on_feedback"),
        exposures=ExposureLog(folder / "exposures"),
        audit=AuditLog(folder / "audit", key=gate.key),
        telemetry=OpenTelemetry(
            tracer_provider=TracerProvider(shutdown_on_exit=False), content="redacted", redact=gate.scan("telemetry")
        ),
        queue_size=ROOM,
    )
    recorder.listen(lambda _: gate.wait("listener"), name="listener")
    return recorder


def until(holds: Callable[[], bool]) -> None:
    """Wait for what other threads are about to do."""
    for _ in range(3000):
        if holds():
            return
        time.sleep(0.01)
    raise AssertionError("nothing happened for half a minute")


def make_calls(recorder: MetricsRecorder) -> None:
    """Make calls of every kind, and say something of each of them."""
    pipeline = Pipeline(input=[PII(action="redact")], recorder=recorder)

    def ask(prompt: str) -> str:
        return "fine"

    async def ask_later(prompt: str) -> str:
        return "fine"

    def stream(prompt: str) -> Iterator[str]:
        yield "fine"

    for _ in range(CALLS // 3):
        with caller(user="u-1"):
            recorder.feedback(pipeline.run(ask, "I am ann@example.com").request_id, thumbs="down")
            assert list(pipeline.run(stream, "I am ann@example.com").value) == ["fine"]
            assert asyncio.run(pipeline.arun(ask_later, "I am ann@example.com")).value == "fine"


def test_while_everybody_hangs_no_call_waits(gate: Gate, tmp_path: Path) -> None:
    recorder = everything_hangs(gate, tmp_path)
    make_calls(recorder)
    assert recorder.snapshot().calls == CALLS
    assert recorder.alerts()
    until(lambda: gate.reached == HANGING)
    assert not recorder.flush(timeout_s=0.05)
    assert not recorder.close(timeout_s=0.05)
    assert (gate.gave_up, gate.opened.is_set()) == ([], False)

    lost = recorder.dropped
    assert {name for name in lost if name.endswith(".queue_full")} == {
        "HungSink.queue_full", "log.queue_full", "telemetry.queue_full", "feedback.queue_full", "on_feedback.queue_full",
    }  # fmt: skip
    assert CALLS - ROOM - 2 <= lost["HungSink.queue_full"] <= CALLS - ROOM


def test_once_they_are_let_go_everything_is_handled_or_counted(gate: Gate, tmp_path: Path) -> None:
    recorder = everything_hangs(gate, tmp_path)
    make_calls(recorder)
    gate.opened.set()
    assert recorder.close(timeout_s=60)

    lost = recorder.dropped
    (sink,) = recorder.sinks
    assert isinstance(sink, HungSink)
    assert sink.taken + lost["HungSink.queue_full"] == CALLS
    assert recorder.log is not None
    assert isinstance(recorder.log, InferenceLog)
    assert len(list(recorder.log.read())) + lost["log.queue_full"] == CALLS
    assert recorder.audit is not None
    assert recorder.audit.verify().records == CALLS


@dataclass(frozen=True, kw_only=True)
class HungAlert(Alert):
    gate: Any = field(compare=False)
    threshold: ClassVar[float] = 1.0

    def read(self, facts: Facts, /) -> Reading:
        self.gate.wait("read")
        return Reading(firing=False, value=0.0, message="")


def test_an_alert_that_hangs_while_it_is_read_holds_up_no_call_and_fills_no_memory(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "_MOST_PENDING", 500)
    recorder = MetricsRecorder(alerts=[HungAlert(gate=gate)])
    recorder.record(call())
    until(lambda: gate.reached == {"read"})
    for _ in range(2000):
        recorder.record(call())
    assert not recorder.close(timeout_s=0.01)
    assert not gate.opened.is_set()

    gate.opened.set()
    assert recorder.snapshot().calls + recorder.dropped["windows.queue_full"] == 2001
    assert recorder.snapshot().calls <= 502


def test_what_is_lost_for_years_is_counted_in_a_few_bytes() -> None:
    losses = Losses()
    for _ in range(10_000):
        losses.add("queue_full")

    assert len(losses._added) < 200
    assert losses.total() == losses.untold() == {"queue_full": 10_000}
