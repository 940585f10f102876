"""What is said of calls, as assessments of their traces on a real server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from genai_guard import ConfigurationError, GuardBlocked, MetricsRecorder, Pipeline
from genai_guard.guards import PII, BlockedPatterns
from genai_guard.integrations.mlflow.feedback import MlflowFeedback
from genai_guard.integrations.mlflow.traces import MlflowTraces
from genai_guard.recording import OpenTelemetry
from genai_guard.recording.feedback import Feedback, MemoryFeedbackStore
from genai_guard.testing import FakeClock
from integrations.mlflow.conftest import Place


class Said(NamedTuple):
    """What MLflow has of an assessment."""

    name: str
    value: Any
    source: str
    kind: str
    valid: bool | None


class Bench(NamedTuple):
    """A pipeline whose calls are traced, and what sends what is said of them."""

    place: Place
    traces: MlflowTraces
    sender: MlflowFeedback
    recorder: MetricsRecorder
    pipeline: Pipeline

    def call(self, prompt: str = "hi") -> str:
        request_id = self.pipeline.run(lambda prompt: "fine", prompt).request_id
        self.send()
        return request_id

    def send(self) -> None:
        assert self.recorder.flush(timeout_s=30)
        assert self.traces.flush()
        self.sender.flush(timeout_s=30)

    def said(self, at: int = 0) -> list[Said]:
        return [
            Said(
                each.name,
                (each.feedback or each.expectation).value,
                each.source.source_id,
                each.source.source_type,
                each.valid,
            )
            for each in self.place.traces()[at].info.assessments
        ]


@pytest.fixture
def bench(place: Place) -> Iterator[Bench]:
    traces = MlflowTraces(place.url, experiment_id=place.experiment_id)
    sender = MlflowFeedback(experiment_id=place.experiment_id, tracking_uri=place.url)
    recorder = MetricsRecorder(
        telemetry=OpenTelemetry(tracer_provider=traces.provider),
        feedback=MemoryFeedbackStore(),
        on_feedback=sender,
        sinks=[sender],
    )
    guards: Any = [PII(action="redact"), BlockedPatterns(keywords=["falcon"])]
    yield Bench(place, traces, sender, recorder, Pipeline(input=guards, recorder=recorder))
    recorder.close()
    traces.close()


def test_users_judges_and_programs_are_sources_of_their_own_kind(bench: Bench) -> None:
    request_id = bench.call()
    bench.recorder.feedback(request_id, thumbs="up", source="u-1")
    bench.recorder.feedback(request_id, scores={"faithful": 0.5}, source="judge-2", source_type="llm_judge")
    bench.recorder.feedback(request_id, scores={"parses": True}, source="checks", source_type="code")
    bench.recorder.feedback(request_id, correction="ask bob@example.com", source="rev-3")
    bench.send()
    assert sorted(bench.said()) == [
        Said("expected_response", "ask [EMAIL]", "rev-3", "HUMAN", None),
        Said("faithful", 0.5, "judge-2", "LLM_JUDGE", True),
        Said("parses", True, "checks", "CODE", True),
        Said("thumbs", "up", "u-1", "HUMAN", True),
    ]


def test_an_opinion_overrides_the_one_before_and_is_deleted_when_withdrawn(bench: Bench) -> None:
    request_id = bench.call()
    for thumbs in ("up", "up", "down"):
        bench.recorder.feedback(request_id, thumbs=thumbs, source="u-1")
    bench.recorder.feedback(request_id, thumbs="up", source="u-2")
    bench.recorder.feedback(request_id, withdraw="thumbs", source="u-2")
    bench.send()
    assert bench.said() == [
        Said("thumbs", "up", "u-1", "HUMAN", False),
        Said("thumbs", "down", "u-1", "HUMAN", True),
    ]


def test_what_guards_found_is_an_assessment_too(bench: Bench) -> None:
    bench.call("I am bob@example.com")
    (said,) = bench.said()
    assert said == Said("guard.pii", "redact", "genai_guard.pii", "CODE", True)
    with pytest.raises(GuardBlocked):
        bench.call("falcon")
    bench.send()
    (said,) = bench.said()
    assert (said.name, said.value) == ("guard.blocked_patterns", "block")


def test_late_feedback_of_a_store_is_sent_once_however_often(bench: Bench) -> None:
    request_id = bench.call()
    late = [
        Feedback(request_id, name="thumbs", value="down", time_s=2e9, source="u-1"),
        Feedback(request_id, name="thumbs", value="up", time_s=1e9, source="u-1"),  # older, and comes later
        Feedback("nobody-knows", name="thumbs", value="up", time_s=1e9),
        Feedback("' OR tag.x = '", name="thumbs", value="up", time_s=1e9),
        Feedback(request_id[:-3], name="thumbs", value="up", time_s=1e9),
    ]
    assert bench.sender.send(late) == {"sent": 1, "known": 1, "unknown": 3}
    assert bench.sender.send(late) == {"known": 2, "unknown": 3}
    assert [said.value for said in bench.said()] == ["down"]


def test_feedback_waits_for_its_trace_and_not_for_ever(place: Place) -> None:
    clock = FakeClock()
    traces = MlflowTraces(place.url, experiment_id=place.experiment_id, delay_s=600)
    sender = MlflowFeedback(experiment_id=place.experiment_id, tracking_uri=place.url, wait_s=60, clock=clock.monotonic)
    recorder = MetricsRecorder(telemetry=OpenTelemetry(tracer_provider=traces.provider), on_feedback=sender)
    request_id = Pipeline(recorder=recorder).run(lambda prompt: "fine", "hi").request_id
    recorder.feedback(request_id, thumbs="up")
    recorder.feedback("nobody-knows", thumbs="up")
    assert recorder.flush(timeout_s=30)
    assert not sender.flush(timeout_s=30)
    traces.flush()
    clock.advance(61)
    assert sender.flush(timeout_s=30)
    assert (sender.sent, sender.lost) == (1, {"unknown": 1})
    sender.close()
    traces.close()


def test_feedback_of_a_call_within_a_trace_of_the_program_finds_that(bench: Bench) -> None:
    with bench.traces.provider.get_tracer("app").start_as_current_span("request"):
        request_id = bench.pipeline.run(lambda prompt: "fine", "hi").request_id
    bench.recorder.feedback(request_id, rating=4, source="u-1")
    bench.send()
    assert bench.said() == [Said("rating", 4, "u-1", "HUMAN", True)]


@pytest.mark.parametrize("wrong", [{"experiment_id": ""}, {"experiment_id": 1}, {"wait_s": -1}, {"queue_size": 0}])
def test_wrong_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        MlflowFeedback(**{"experiment_id": "1", **wrong})
