"""What the tests of the recorder share: clocks, sinks, and the shortest way to an event."""

from __future__ import annotations

import threading
from typing import Any

from genai_guard.messages import Caller, Part, Usage
from genai_guard.recording import Event, MetricsRecorder, Redactor, no_scan
from genai_guard.routing import Experiment, ExperimentRouter, Variant
from genai_guard.verdicts import Action, Finding, Verdict

DAY_S = 86_400.0


class Clock:
    """Both clocks of a recorder: monotonic from 0, the wall from a midnight on."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.midnight_s = 20_000 * DAY_S
        self.recorders: list[MetricsRecorder] = []

    def __call__(self) -> float:
        return self.now_s

    def wall(self) -> float:
        return self.midnight_s + self.now_s


class Kept:
    """A sink that keeps what it gets."""

    redact = Redactor(scan=no_scan)

    def __init__(self, *, wants_text: bool = False) -> None:
        self.wants_text = wants_text
        self.events: list[Event] = []
        self.closed = 0

    def write(self, event: Event, /) -> None:
        self.events.append(event)

    def close(self) -> None:
        self.closed += 1


class Hung:
    """A sink that hangs until it is let go."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.let_go = threading.Event()

    def write(self, event: Event, /) -> None:
        self.reached.set()
        self.let_go.wait()


def call(**values: Any) -> Event:
    return Event(time_s=1.7e9, request_id=values.pop("request_id", "r"), **values)


def recorder(clock: Clock, **values: Any) -> MetricsRecorder:
    clock.recorders.append(MetricsRecorder(clock=clock, wall_clock=clock.wall, **values))
    return clock.recorders[-1]


def full_call() -> Event:
    """An event with something in every column."""
    router = ExperimentRouter(Experiment("tone", Variant("plain"), Variant("warm"), by="user"))
    return call(
        pipeline="shop", target="app:ask", status="blocked", error_type="GuardBlocked", stage="input", model="large",
        caller=Caller(user="ann", tenant="acme", session="s", request_id="mine", tags={"team": "blau ü"}),
        assignments=(router.assign("ann"),),
        verdicts=(Verdict(Action.REDACT, guard="pii", findings=(Finding("pii.email", "EMAIL", 0, 5, detail="x"),)),),
        usage=Usage(input_tokens=3, output_tokens=4, cached_tokens=1, reasoning_tokens=2, estimated=True),
        cost_usd=0.25, latency_s=1.5, model_s=1.0, first_token_s=0.5, inter_token_s=0.01, queue_s=0.1, streamed=True, chunks=7,
        finish_reason="stop", denied_by="limit", attempts=2, retries=1, answered_by="cache",
        request=(Part("hello ü \ud800 \0 'quoted'"),), response=(Part("x" * (1 << 21)),),
    )  # fmt: skip


def later(clock: Clock, *, after_s: float = 0.0) -> Clock:
    """The clocks of the next process: time goes on, and its monotonic clock begins anew."""
    found = Clock()
    found.midnight_s = clock.wall() + after_s
    found.recorders = clock.recorders
    return found
