from __future__ import annotations

import threading

import pytest
import structlog

from genai_guard.messages import Usage
from genai_guard.recording import Alert, AlertEvent, MetricsRecorder
from genai_guard.verdicts import Action, Verdict
from recorders import DAY_S, Clock, call, recorder

SECRET = "sk-7f3a-SECRET"


# --- alerts ------------------------------------------------------------------------------------------------------


def states(metrics: MetricsRecorder) -> list[tuple[str, str]]:
    return [(alert.name, alert.state) for alert in metrics.alerts()]


def test_the_four_alerts_fire_and_are_resolved(clock: Clock) -> None:
    metrics = recorder(
        clock,
        alerts=[
            Alert.latency_p99(above_ms=500),
            Alert.error_rate(above=0.01),
            Alert.budget(usd=50),
            Alert.guardrail_hits(),
        ],
    )
    assert metrics.alerts() == []

    hit = (Verdict(Action.REDACT, guard="pii"),)
    for number in range(100):
        metrics.record(call(latency_s=0.6, status="error" if number < 5 else "ok", cost_usd=0.5, verdicts=hit))
    assert states(metrics) == [
        ("latency_p99_above_500_ms", "firing"),
        ("error_rate_above_0.01", "firing"),
        ("budget_50_usd_per_day", "firing"),
        ("guardrail_hits", "firing"),
    ]

    clock.now_s += 400
    assert set(states(metrics)) == {
        ("latency_p99_above_500_ms", "resolved"),
        ("error_rate_above_0.01", "resolved"),
        ("budget_50_usd_per_day", "firing"),
        ("guardrail_hits", "resolved"),
    }

    clock.now_s += DAY_S
    assert {state for _, state in states(metrics)} == {"resolved"}


@pytest.mark.parametrize(("slow", "fires"), [(10, False), (11, True)])
def test_the_p99_alert_counts_exactly(clock: Clock, slow: int, fires: bool) -> None:
    metrics = recorder(clock, alerts=[Alert.latency_p99(above_ms=500)])
    for number in range(1000):
        metrics.record(call(latency_s=0.500001 if number < slow else 0.5))

    assert bool(metrics.alerts()) is fires


@pytest.mark.parametrize(("calls", "fires"), [(499, False), (500, True)])
def test_a_budget_counts_exactly(clock: Clock, calls: int, fires: bool) -> None:
    metrics = recorder(clock, alerts=[Alert.budget(usd=50)])
    for _ in range(calls):
        metrics.record(call(cost_usd=0.1))

    assert bool(metrics.alerts()) is fires


def test_what_is_spent_after_midnight_counts_for_the_next_day_however_late_it_is_read(clock: Clock) -> None:
    metrics = recorder(clock, alerts=[Alert.budget(tokens=100, per="day"), Alert.budget(tokens=100, per="hour")])
    clock.now_s = DAY_S - 1
    metrics.record(call(usage=Usage(99, 0)))
    clock.now_s = DAY_S + 1
    metrics.record(call(usage=Usage(0, 99)))

    assert metrics.alerts() == []

    metrics.record(call(usage=Usage(1, 0)))
    assert len(metrics.alerts()) == 2


def test_an_alert_is_told_to_the_callback_and_the_log_once(clock: Clock) -> None:
    told: list[AlertEvent] = []
    metrics = recorder(clock, alerts=[Alert.budget(usd=1)], on_alert=told.append)
    with structlog.testing.capture_logs() as logs:
        for _ in range(200):
            metrics.record(call(cost_usd=1.0))
        metrics.flush()
        clock.now_s += DAY_S
        metrics.flush()
        metrics.flush()

    assert [event.state for event in told] == ["firing", "resolved"]
    assert [(log["event"], log["alert"]) for log in logs] == [
        ("alert firing", "budget_1_usd_per_day"),
        ("alert resolved", "budget_1_usd_per_day"),
    ]


def test_an_alert_is_told_without_anybody_asking(clock: Clock) -> None:
    told = threading.Event()
    metrics = recorder(clock, alerts=[Alert.budget(usd=1)], on_alert=lambda _: told.set())
    metrics.record(call(cost_usd=1.0))

    assert told.wait(10)


def test_a_callback_that_raises_or_hangs_harms_nothing(clock: Clock) -> None:
    called, let_go = threading.Event(), threading.Event()

    def hang(event: AlertEvent) -> None:
        called.set()
        let_go.wait()
        raise ValueError(event.name)

    metrics = recorder(clock, alerts=[Alert.budget(usd=1)], on_alert=hang)
    with structlog.testing.capture_logs() as logs:
        metrics.record(call(cost_usd=1.0))
        assert called.wait(10)
        metrics.record(call(cost_usd=1.0))
        assert metrics.snapshot().calls == 2
        let_go.set()
        assert metrics.flush()

    assert metrics.dropped == {"on_alert.ValueError": 1}
    assert {log["event"] for log in logs} == {"alert firing", "recording failed; calls go on"}


def test_a_callback_may_ask_the_recorder(clock: Clock) -> None:
    asked: list[int] = []
    metrics: MetricsRecorder = recorder(
        clock, alerts=[Alert.budget(usd=1)], on_alert=lambda _: asked.append(metrics.snapshot().calls)
    )
    metrics.record(call(cost_usd=1.0))

    assert metrics.flush()
    assert asked == [1]
