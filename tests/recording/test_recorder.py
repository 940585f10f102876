from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import structlog

from genai_guard.errors import ConfigurationError
from genai_guard.messages import Caller, Part, Usage
from genai_guard.recording import Alert, Event, InferenceLog, MetricsRecorder, Redactor, no_scan
from genai_guard.routing import Assignment, Reason
from genai_guard.verdicts import Action, Finding, Verdict
from recorders import Clock, Hung, Kept, call, recorder

SECRET = "sk-7f3a-SECRET"


# --- counting ----------------------------------------------------------------------------------------------------


def test_an_empty_recorder_gives_zeros(clock: Clock) -> None:
    found = recorder(clock).snapshot()

    assert (found.calls, found.error_rate, found.cost_usd, found.latency_ms.p99) == (0, 0.0, 0.0, None)


def test_a_snapshot_counts_what_was_recorded_just_before(clock: Clock) -> None:
    metrics = recorder(clock)
    metrics.record(call(latency_s=0.8, model_s=0.79, first_token_s=0.1, usage=Usage(10, 5, 2), cost_usd=0.25))

    found = metrics.snapshot()

    assert (found.calls, found.input_tokens, found.output_tokens, found.cached_tokens) == (1, 10, 5, 2)
    assert found.cost_usd == 0.25
    assert found.latency_ms.p99 == pytest.approx(800, rel=0.01)
    assert found.model_ms.p50 == pytest.approx(790, rel=0.01)
    assert found.overhead_ms.p50 == pytest.approx(10, rel=0.01)
    assert found.first_token_ms.p95 == pytest.approx(100, rel=0.01)


def test_many_threads_are_counted_exactly_once_each(clock: Clock) -> None:
    kept = Kept()
    metrics = recorder(clock, sinks=[kept], queue_size=100_000)
    barrier = threading.Barrier(8)

    def work(number: int) -> None:
        barrier.wait()
        for index in range(1000):
            metrics.record(call(model=f"m{number}", latency_s=0.1, status="ok" if index % 10 else "error"))
            if index % 250 == 0:
                metrics.snapshot()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    found = metrics.snapshot()
    assert (found.calls, found.errors) == (8000, 800)
    assert [metrics.snapshot(model=f"m{number}").calls for number in range(8)] == [1000] * 8
    assert metrics.flush()
    assert len(kept.events) == 8000
    assert metrics.dropped == {}
    assert metrics.close()


def test_a_window_forgets_what_is_older(clock: Clock) -> None:
    metrics = recorder(clock)
    for _ in range(60):
        metrics.record(call())
        clock.now_s += 60

    clock.now_s -= 60
    assert [metrics.snapshot(window_s).calls for window_s in (1, 60, 600, 3600)] == [1, 2, 11, 60]
    clock.now_s += 7200
    assert metrics.snapshot().calls == 0


def test_calls_are_sliced_by_every_declared_dimension(clock: Clock) -> None:
    metrics = recorder(clock, dimensions=("model", "variant", "tenant", "user", "tone", "region"))
    tone = Assignment("tone", "short", {}, Reason.SPLIT)
    metrics.record(call(model="large", assignments=(tone,), caller=Caller(user="u", tenant="t", tags={"region": "eu"})))
    metrics.record(call(model="small", status="error"))

    slices: list[dict[str, Any]] = [
        {"model": "large"}, {"variant": "short"}, {"tenant": "t"}, {"user": "u"}, {"tone": "short"}, {"region": "eu"},
        {"status": "error"}, {"model": "large", "status": "ok", "user": "u"}, {"variant": ""},
    ]  # fmt: skip
    for slice_ in slices:
        assert metrics.snapshot(**slice_).calls == 1, slice_
    assert metrics.snapshot(model="large", status="error").calls == 0


def test_a_breakdown_has_a_snapshot_for_each_value(clock: Clock) -> None:
    metrics = recorder(clock)
    for model, calls in (("small", 1), ("large", 3)):
        for _ in range(calls):
            metrics.record(call(model=model))

    assert [(model, found.calls) for model, found in metrics.breakdown("model").items()] == [("large", 3), ("small", 1)]


@pytest.mark.parametrize(
    ("ask", "complaint"),
    [
        (
            lambda metrics: metrics.snapshot(user="u"),
            "'user' is not counted apart, only status, model, tenant, variant",
        ),
        (lambda metrics: metrics.snapshot(0), "window_s=0: the recorder keeps 3600 seconds"),
        (lambda metrics: metrics.snapshot(3601), "window_s=3601"),
        (lambda metrics: metrics.breakdown("user"), "'user' is not counted apart"),
    ],
)
def test_a_question_that_has_no_answer_is_refused(
    clock: Clock, ask: Callable[[MetricsRecorder], object], complaint: str
) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        ask(recorder(clock))


@pytest.mark.parametrize(
    "nonsense", [None, 3, call(latency_s=float("nan")), call(usage="x"), call(verdicts=(None,)), call(caller=None)]
)
def test_what_is_no_event_is_counted_as_lost_and_harms_nothing(clock: Clock, nonsense: Any) -> None:
    metrics = recorder(clock)
    metrics.record(nonsense)
    metrics.record(call())

    assert metrics.snapshot(status="ok").calls >= 1
    assert sum(metrics.dropped.values()) == 1


def test_a_clock_that_fails_harms_nothing_and_the_event_is_counted_as_lost() -> None:
    works = False

    def clock() -> float:
        if not works:
            raise OSError
        return 0.0

    metrics = MetricsRecorder(clock=clock)
    metrics.record(call())
    works = True
    assert metrics.dropped == {"record.OSError": 1}


def test_texts_are_not_kept_while_an_event_waits_to_be_counted(clock: Clock) -> None:
    metrics = recorder(clock)
    metrics.record(call(request=(Part(SECRET),), response=(Part(SECRET),)))

    (_, waiting), *_ = metrics._ledger._pending
    assert (waiting.request, waiting.response) == ((), ())


# --- sinks -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wants_text", [True, False])
def test_texts_go_to_sinks_that_want_them(clock: Clock, wants_text: bool) -> None:
    kept = Kept(wants_text=wants_text)
    metrics = recorder(clock, sinks=[kept])
    metrics.record(call(request=(Part("hello"),)))
    metrics.flush()

    assert metrics.wants_text is wants_text
    assert kept.events[0].request == ((Part("hello"),) if wants_text else ())


def test_a_sink_is_given_redacted_events_only(clock: Clock) -> None:
    kept = Kept(wants_text=True)
    metrics = recorder(clock, log=kept)
    found = Verdict(Action.FLAG, findings=(Finding("key", "KEY", 0, len(SECRET)),), mode="shadow")
    metrics.record(call(request=(Part(SECRET),), verdicts=(found,)))
    metrics.flush()

    assert [part.text for part in kept.events[0].request] == ["[KEY]"]


def test_a_sink_that_hangs_costs_the_calls_nothing_and_its_events_are_counted(clock: Clock, hung: Hung) -> None:
    kept = Kept()
    metrics = recorder(clock, sinks=[hung, kept], queue_size=50)
    metrics.record(call())
    hung.reached.wait()
    for _ in range(60):
        metrics.record(call())
        metrics._outlets[1].flush(until_s=float("inf"))

    assert metrics.snapshot().calls == 61
    assert metrics.dropped == {"Hung.queue_full": 10}
    assert len(kept.events) == 61
    assert not metrics.flush(timeout_s=0.01)
    assert not metrics.close(timeout_s=0.01)


def test_a_sink_that_raises_is_counted_told_once_and_harms_nothing(clock: Clock) -> None:
    class Raising:
        def write(self, event: Event, /) -> None:
            raise ConnectionError(SECRET)

    metrics = recorder(clock, sinks=[Raising()])
    with structlog.testing.capture_logs() as logs:
        for _ in range(5):
            metrics.record(call())
        metrics.flush()

    assert metrics.snapshot().calls == 5
    assert metrics.dropped == metrics.snapshot().dropped == {"Raising.ConnectionError": 5}
    assert [log["sink"] for log in logs] == ["Raising"]
    assert SECRET not in str(logs)


def test_rows_go_to_the_inference_log(clock: Clock, tmp_path: Path) -> None:
    log = InferenceLog(tmp_path / "log", redact=Redactor(scan=no_scan))
    with recorder(clock, log=log) as metrics:
        for number in range(200):
            metrics.record(call(request_id=f"r{number}", request=(Part("hi"),)))

    assert [values["request_id"] for values in log.read()] == [f"r{number}" for number in range(200)]


def test_a_log_that_cannot_be_written_harms_nothing(clock: Clock, tmp_path: Path) -> None:
    log = InferenceLog(tmp_path / "log")
    (tmp_path / "log").write_text("a file took its place")
    metrics = recorder(clock, log=log)
    with structlog.testing.capture_logs() as logs:
        for _ in range(3):
            metrics.record(call())
        metrics.flush()

    assert metrics.snapshot().calls == 3
    assert sum(metrics.dropped.values()) == 3
    assert len(logs) == 1


def test_building_a_recorder_starts_no_thread_and_writes_no_file(clock: Clock, tmp_path: Path) -> None:
    before = threading.active_count()
    recorder(clock, log=InferenceLog(tmp_path / "log"), alerts=[Alert.guardrail_hits()], on_alert=print)

    assert threading.active_count() == before
    assert list(tmp_path.iterdir()) == []


def test_closing_closes_sinks_once_and_counts_what_comes_after(clock: Clock) -> None:
    kept = Kept()
    metrics = recorder(clock, sinks=[kept])
    metrics.record(call())

    assert metrics.close()
    assert metrics.close()
    metrics.record(call())

    assert (kept.closed, len(kept.events)) == (1, 1)
    assert metrics.snapshot().calls == 2
    assert metrics.dropped == {"Kept.closed": 1}


def test_a_forgotten_recorder_hands_on_what_waits_and_ends_its_threads() -> None:
    kept, closed = Kept(), threading.Event()
    kept.close = closed.set  # type: ignore[method-assign]
    metrics = MetricsRecorder(sinks=[kept], alerts=[Alert.guardrail_hits()], on_alert=print)
    metrics.record(call())
    del metrics

    assert closed.wait(10)
    assert len(kept.events) == 1


# --- the value ---------------------------------------------------------------------------------------------------


def test_recorders_of_the_same_configuration_are_equal() -> None:
    def build(**values: Any) -> MetricsRecorder:
        return MetricsRecorder(alerts=[Alert.budget(usd=1)], log=InferenceLog("x"), **values)

    assert build() == build(dimensions=("model", "tenant", "variant", "status"))
    assert hash(build()) == hash(build())
    assert build() != build(max_series=10)
    assert build() != MetricsRecorder(log=InferenceLog("x"))
    assert build() != "a recorder"


def test_its_repr_is_short() -> None:
    assert repr(MetricsRecorder(alerts=[Alert.budget(usd=1)])) == (
        "<MetricsRecorder by status, model, tenant, variant, 1 alerts>"
    )


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"alerts": [Alert.budget(usd=1), Alert.budget(usd=1)]}, "two alerts are called 'budget_1_usd_per_day'"),
        ({"alerts": ["p99"]}, "type str is no alert"),
        ({"log": "inference/"}, r"type str has no method write\(event\).*InferenceLog"),
        ({"sinks": [print]}, r"MetricsRecorder\(sinks=\.\.\.\)"),
        ({"log": Kept}, "has no method"),
        ({"dimensions": "model"}, "takes names"),
        ({"max_series": 0}, "max_series"),
        ({"queue_size": 1.5}, "queue_size"),
        ({"on_alert": "mail"}, "on_alert"),
    ],
)
def test_a_wrong_recorder_is_refused_when_it_is_built(values: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        MetricsRecorder(**values)


def test_a_sink_that_can_forget_a_user_is_asked_to(clock: Clock) -> None:
    class Forgetting(Kept):
        def erase(self, *, user: str) -> int:
            return len([event for event in self.events if event.caller.user == user])

    metrics = recorder(clock, sinks=[Forgetting(), Kept()])
    metrics.record(call(caller=Caller(user="u-1")))

    assert metrics.erase(user="u-1") == {"Forgetting": 1}
