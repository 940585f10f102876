"""Law 12: what was planted in prompts, replies, arguments and exceptions stands in no file of the server."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from genai_guard import Experiment, ExperimentRouter, MetricsRecorder, Pipeline, Variant, caller
from genai_guard.guards import PII, Secrets
from genai_guard.integrations.mlflow.feedback import MlflowFeedback
from genai_guard.integrations.mlflow.results import log_analysis
from genai_guard.integrations.mlflow.traces import MlflowTraces
from genai_guard.recording import OpenTelemetry
from genai_guard.routing.analysis import analyze
from integrations.mlflow.conftest import Place
from integrations.mlflow.policies import CODE, POLICY

PLANTED = ["quiet.harper@example.com", "4111 1111 1111 1111", "AKIAQ3EGRX7Z2PLM4KTB"]
TEXT = f"Take {', and '.join(PLANTED)}."


def reply(messages: list[dict[str, Any]]) -> dict[str, Any]:
    if "raise" in messages[-1]["content"]:
        raise RuntimeError(TEXT)
    call = {"id": "c-1", "type": "function", "function": {"name": "send", "arguments": f'{{"to": "{PLANTED[0]}"}}'}}
    return {"choices": [{"index": 0, "message": {"role": "assistant", "content": TEXT, "tool_calls": [call]}}]}


def found_in(place: Place) -> list[str]:
    """Every file of the server, its database and its log among them, that has something planted."""
    return [
        f"{path.relative_to(place.files)}: {planted}"
        for path in place.files.rglob("*")
        if path.is_file()
        for planted in PLANTED
        if planted.encode() in path.read_bytes()
    ]


def test_nothing_planted_is_in_any_file_of_the_server(
    place: Place, asked: Any, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    import mlflow

    from genai_guard.integrations.mlflow.agent import GuardedAgent, log_agent
    from genai_guard.integrations.mlflow.model import GuardedModel, log_model

    caplog.set_level(logging.DEBUG)
    traces = MlflowTraces(place.url, experiment_id=place.experiment_id)
    sender = MlflowFeedback(experiment_id=place.experiment_id, tracking_uri=place.url)
    recorder = MetricsRecorder(
        telemetry=OpenTelemetry(content="redacted", tracer_provider=traces.provider), on_feedback=sender, sinks=[sender]
    )
    guards: list[Any] = [PII(action="flag"), Secrets(action="flag")]  # they let it pass; the server must not see it
    router = ExperimentRouter(Experiment("size", Variant("large"), by="request"))
    pipeline = Pipeline(input=guards, output=guards, router=router, recorder=recorder)
    answers: list[dict[str, Any]] = []
    for text in (TEXT, f"raise {TEXT}"):
        turn = [{"role": "user", "content": text}]
        with caller(request_id=f"r-{len(answers)}"):
            answers += GuardedModel(pipeline, reply).predict(None, [{"messages": turn}])
        answers.append(GuardedAgent(pipeline, reply).predict({"input": turn}).model_dump())
    recorder.feedback(answers[0]["request_id"], correction=TEXT, comment=TEXT, scores={"said": TEXT}, source="u-1")
    for model in (log_model(POLICY, "asked:answer", code_paths=CODE), log_agent(POLICY, "asked:chat", code_paths=CODE)):
        mlflow.pyfunc.load_model(model.model_uri).predict(
            {"input": [{"role": "user", "content": TEXT}], "prompt": TEXT}
        )
    rows = [{"variant": each, "stars": number % 5, "text": TEXT} for each in ("a", "b") for number in range(50)]
    log_analysis(analyze(rows, metrics=["stars"], control="a"), experiment_id=place.experiment_id)
    assert recorder.flush(timeout_s=60)
    assert traces.flush()
    assert sender.flush(timeout_s=60)
    mlflow.flush_trace_async_logging()
    for each in (recorder, sender, traces):
        each.close()

    said = [each.name for trace in place.traces() for each in trace.info.assessments]
    assert {"expected_response", "comment", "said", "guard.pii"} <= set(said)  # it was sent
    assert len(place.traces()) == 4
    assert found_in(place) == []
    shown = f"{caplog.text} {capfd.readouterr()} {traces!r} {sender!r} {recorder.dropped}"
    assert [planted for planted in PLANTED if planted in shown] == []
