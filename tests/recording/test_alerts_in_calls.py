"""Alerts around real calls: what they see, what they do, and that no call waits for it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count

import pytest
import structlog

from genai_guard import ConfigurationError, Experiment, ExperimentRouter, Limit, Pipeline, RateLimiter, Variant, caller
from genai_guard.errors import BreakerOpen, RateLimited
from genai_guard.guards import PII
from genai_guard.recording import (
    Alert,
    AlertEvent,
    Event,
    HoldCanary,
    MetricsRecorder,
    TightenLimit,
    TripBreaker,
    burn_rates,
)
from genai_guard.resilience import Breaker, Resilience
from genai_guard.routing.canary import Canary, Errors, Stage
from genai_guard.testing import FakeClock, FakeLLM
from recorders import Clock, recorder


def test_errors_trip_the_breaker_of_the_model_and_the_next_call_is_refused(clock: Clock) -> None:
    breaker = Breaker(failure_rate=1.0, minimum_calls=1000)
    metrics = recorder(
        clock, alerts=[Alert.error_rate(above=0.5, min_calls=5, by="model", on_fire=TripBreaker(breaker))]
    )

    def model(prompt: str, *, model: str) -> str:
        raise ConnectionError(prompt)

    ask = Pipeline(recorder=metrics, resilience=Resilience(breaker=breaker)).wrap(model)
    for _ in range(10):
        with pytest.raises(ConnectionError):
            ask("hello", model="large")
    metrics.flush()

    with pytest.raises(BreakerOpen):
        ask("hello", model="large")
    with pytest.raises(ConnectionError):
        ask("hello", model="small")


def test_spending_tightens_the_limit_of_the_pipeline_that_spends(clock: Clock) -> None:
    limiter = RateLimiter(Limit.requests(100, per="day", by="user", calendar=True))
    metrics = recorder(
        clock, alerts=[Alert.threshold_of(measure="calls", above=4, on_fire=TightenLimit(limiter, to=0.06))]
    )
    ask = Pipeline(limiter=limiter, recorder=metrics).wrap(FakeLLM("hello"))
    with caller(user="u1"):
        for _ in range(5):
            ask("hello")
        metrics.flush()
        ask("hello")
        with pytest.raises(RateLimited):
            ask("hello")


def test_an_alert_about_the_canary_holds_it_until_somebody_resumes(clock: Clock) -> None:
    time = FakeClock()
    router = ExperimentRouter(Experiment("model", Variant("old"), Variant("new")))
    canary = Canary(
        "model", stages=[Stage(50, min_units=1000)], metrics=[Errors(margin=0.9)], clock=time.time, check_s=None
    )
    denied = Alert.threshold_of(measure="denied", above=0.1, where={"variant": "new"}, on_fire=HoldCanary(canary))
    limiter = RateLimiter(Limit.requests(1, per="day", by="user", calendar=True))
    metrics = recorder(clock, alerts=[denied])
    ask = Pipeline(limiter=limiter, router=router, recorder=metrics, canary=canary).wrap(FakeLLM("hello"))
    for number in range(60):
        for _ in range(2):
            with caller(user=f"u{number}"), suppress(RateLimited):
                ask("hello")
    metrics.flush()
    canary.refresh()
    assert canary.state == "held"

    clock.now_s += 1000
    metrics.flush()
    assert canary.state == "held"
    assert canary.resume()
    canary.close()


def test_no_prompt_and_no_reply_is_in_what_alerts_say(clock: Clock) -> None:
    told: list[AlertEvent] = []
    metrics = recorder(clock, alerts=[Alert.guardrail_hits(by="model")], on_alert=told.append)
    ask = Pipeline(input=[PII(action="redact")], recorder=metrics).wrap(FakeLLM("planted reply"))
    ask("planted prompt of jo.harper@example.com")
    metrics.flush()

    assert [event.state for event in told] == ["firing"]
    assert "planted" not in repr(told)
    assert "harper" not in repr(told)


def test_calls_go_on_while_an_action_hangs(clock: Clock) -> None:
    reached, let_go = threading.Event(), threading.Event()

    def hang(event: AlertEvent) -> None:
        reached.set()
        let_go.wait(20)

    metrics = recorder(clock, alerts=[Alert.threshold_of(measure="calls", above=0, on_fire=hang)])
    ask = Pipeline(recorder=metrics).wrap(FakeLLM("hello"))
    ask("hello")
    assert reached.wait(10)
    assert ask("hello") == "hello"
    assert metrics.snapshot().calls == 2
    let_go.set()


def test_a_leak_is_told_in_days_and_a_burst_in_minutes(clock: Clock) -> None:
    metrics = recorder(clock, alerts=burn_rates(0.999))
    calls = count(1)

    def serve(minutes: int, *, one_error_in: int) -> list[tuple[int, str, float]]:
        """Return what changes, and in which minute: the burn rates that fire or are over."""
        changes: list[tuple[int, str, float]] = []
        known = {event.threshold for event in metrics.alerts() if event.state == "firing"}
        for minute in range(5, minutes + 1, 5):
            for _ in range(50):
                status = "error" if next(calls) % one_error_in == 0 else "ok"
                metrics.record(Event(time_s=0.0, request_id="r", status=status))
            clock.now_s += 300
            if minutes <= 120 or minute % 360 == 0:
                now = {event.threshold for event in metrics.alerts() if event.state == "firing"}
                changes += [(minute, "fires", burn) for burn in sorted(now - known)]
                changes += [(minute, "is over", burn) for burn in sorted(known - now)]
                known = now
        return changes

    day = 24 * 60
    assert serve(day, one_error_in=10**9) == []
    assert [change[1:] for change in serve(2 * day, one_error_in=400)] == [("fires", 1.0)]
    burst = serve(60, one_error_in=10)
    assert {change[1:] for change in burst} == {("fires", 14.4), ("fires", 6.0)}
    assert burst[-1][0] <= 30
    assert serve(60, one_error_in=10**9)[0] == (5, "is over", 14.4)


def test_threads_may_record_ask_and_silence_at_once() -> None:
    told: list[AlertEvent] = []
    ticks = count()
    alerts = [Alert.threshold_of(measure="calls", above=0, window_s=10, cooldown_s=0, by="model")]
    with MetricsRecorder(alerts=alerts, clock=lambda: next(ticks) * 0.5, on_alert=told.append) as metrics:

        def work(number: int) -> None:
            for step in range(150):
                metrics.record(Event(time_s=0.0, request_id="r", model=f"m{number}-{step % 20}"))
                if step % 10 == number:
                    metrics.alerts()
                    metrics.unsilence(metrics.silence(for_s=5, model="none"))

        with structlog.testing.capture_logs(), ThreadPoolExecutor(4) as pool:
            list(pool.map(work, range(4)))
            assert metrics.flush(timeout_s=20)
        assert metrics.dropped.keys() <= {"alerts_log.queue_full", "on_alert.queue_full"}

    assert {event.state for event in told} == {"firing", "resolved"}


def test_a_fork_begins_with_no_alert_and_with_the_silences_it_was_built_with(clock: Clock) -> None:
    metrics = recorder(clock, alerts=[Alert.threshold_of(measure="calls", above=0)])
    metrics.record(Event(time_s=0.0, request_id="r"))
    metrics.silence(for_s=60)
    assert metrics.alerts()

    metrics.after_fork()
    assert metrics.alerts() == []
    metrics.record(Event(time_s=0.0, request_id="r"))
    assert [event.silenced for event in metrics.alerts()] == [False]


def test_a_recorder_without_alerts_has_no_threads_for_them() -> None:
    assert MetricsRecorder()._desk.workers == ()


def test_an_action_is_checked_when_it_is_built() -> None:
    with pytest.raises(ConfigurationError):
        HoldCanary(object())  # type: ignore[arg-type]
