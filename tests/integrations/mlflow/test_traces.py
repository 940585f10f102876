"""Calls as traces of a real server, read back."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

from genai_guard import Experiment, ExperimentRouter, GuardBlocked, MetricsRecorder, Pipeline, Variant, caller
from genai_guard.guards import PII, BlockedPatterns
from genai_guard.integrations.mlflow.traces import MlflowTraces
from genai_guard.recording import OpenTelemetry
from genai_guard.testing import FakeLLM
from integrations.mlflow.conftest import Place

MESSAGES = [{"role": "user", "content": "I am bob@example.com"}]


def recorded(place: Place, traces: MlflowTraces, **settings: Any) -> Any:
    recorder = MetricsRecorder(telemetry=OpenTelemetry(provider="openai", tracer_provider=traces.provider, **settings))
    guards: dict[str, Any] = {
        "input": [PII(action="redact"), BlockedPatterns(keywords=["falcon"])],
        "output": [PII(action="redact")],
    }
    router = ExperimentRouter(Experiment("size", Variant("large"), by="request"))
    pipeline = Pipeline(**guards, router=router, recorder=recorder, prices={"fake-model": (1e6, 1e6)})
    return recorder, pipeline.wrap(FakeLLM("to jo@example.com").chat.completions.create)


def test_a_call_is_a_trace_with_tokens_cost_session_and_what_guards_found(place: Place) -> None:
    with MlflowTraces(place.url, experiment_id=place.experiment_id) as traces:
        recorder, ask = recorded(place, traces, content="redacted")
        with caller(user="u-1", session="s-1"):
            reply = ask(model="fake-model", messages=MESSAGES)
        recorder.flush()
        assert traces.flush()
        assert traces.counts() == (1, 1, 0)
    (trace,) = place.traces()
    usage = reply.usage
    assert trace.info.token_usage["input_tokens"] == usage.prompt_tokens
    assert trace.info.token_usage["output_tokens"] == usage.completion_tokens
    assert trace.info.trace_metadata["mlflow.trace.session"] == "s-1"
    assert trace.info.cost["total_cost"] == usage.prompt_tokens + usage.completion_tokens
    assert (trace.info.tags["genai_guard.status"], trace.info.tags["genai_guard.experiment.variant"]) == ("ok", "large")
    call, *guards = trace.data.spans
    assert (call.span_type, [each.span_type for each in guards]) == ("CHAT_MODEL", ["GUARDRAIL", "GUARDRAIL"])
    assert call.inputs[0]["parts"][0]["content"] == "I am [EMAIL]"
    assert call.outputs[0]["parts"][0]["content"] == "to [EMAIL]"
    assert [each.outputs["side"] for each in guards] == ["request", "response"]
    assert {each.parent_id for each in guards} == {call.span_id}


def test_without_being_asked_for_a_trace_has_no_texts(place: Place) -> None:
    with MlflowTraces(place.url, experiment_id=place.experiment_id) as traces:
        _, ask = recorded(place, traces)
        ask(model="fake-model", messages=MESSAGES)
        traces.flush()
    call = place.traces()[0].data.spans[0]
    assert (call.inputs, call.outputs) == (None, None)
    assert call.attributes["gen_ai.usage.output_tokens"] > 0


def test_a_refused_call_is_a_trace_that_failed_and_a_guard_that_did_not(place: Place) -> None:
    with MlflowTraces(place.url, experiment_id=place.experiment_id) as traces:
        _, ask = recorded(place, traces)
        try:
            ask(model="fake-model", messages=[{"role": "user", "content": "falcon"}])
        except GuardBlocked:
            traces.flush()
    (trace,) = place.traces()
    call, guard = trace.data.spans
    assert (trace.info.state.value, call.status.description) == ("ERROR", "blocked")
    assert (guard.name, guard.outputs["action"], guard.status.status_code.name) == (
        "guard blocked_patterns",
        "block",
        "OK",
    )


def test_a_call_within_a_trace_of_the_program_is_a_span_of_it(place: Place) -> None:
    with MlflowTraces(place.url, experiment_id=place.experiment_id) as traces:
        _, ask = recorded(place, traces)
        with traces.provider.get_tracer("app").start_as_current_span("request"):
            ask(model="fake-model", messages=MESSAGES)
        traces.flush()
    (trace,) = place.traces()
    outer, call, *guards = trace.data.spans
    assert (outer.name, call.parent_id, len(guards)) == ("request", outer.span_id, 2)


def test_the_last_call_before_the_end_of_a_program_is_sent(place: Place, tmp_path: Path) -> None:
    program = f"""
        from genai_guard import MetricsRecorder, Pipeline
        from genai_guard.integrations.mlflow.traces import MlflowTraces
        from genai_guard.recording import OpenTelemetry

        traces = MlflowTraces({place.url!r}, experiment_id={place.experiment_id!r})
        telemetry = OpenTelemetry(content="redacted", tracer_provider=traces.provider)
        recorder = MetricsRecorder(telemetry=telemetry)
        Pipeline(recorder=recorder).wrap(lambda prompt: "fine")("hi")
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=True, cwd=tmp_path, env=dict(os.environ))
    (trace,) = place.traces()
    assert trace.data.spans[0].inputs[0]["parts"][0]["content"] == "hi"
