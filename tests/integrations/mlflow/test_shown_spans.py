"""Spans and prompts and numbers in the words of MLflow. Without MLflow."""

from __future__ import annotations

import json
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from genai_guard import ConfigurationError, Experiment, ExperimentRouter, MetricsRecorder, Pipeline, Variant
from genai_guard.guards import PII
from genai_guard.integrations.mlflow.prompts import prompt_from, written_as_prompt
from genai_guard.integrations.mlflow.results import metrics_of, params_of
from genai_guard.integrations.mlflow.traces import shown
from genai_guard.recording import OpenTelemetry
from genai_guard.routing.analysis import analyze
from genai_guard.routing.prompts import Prompt
from genai_guard.testing import FakeLLM


def spans_of_a_call(*, within: bool = False) -> list[Any]:
    kept, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    tone = Experiment("tone", Variant("warm", prompt=Prompt("support", "Be warm.", version="3")), by="request")
    recorder = MetricsRecorder(telemetry=OpenTelemetry(provider="openai", tracer_provider=provider))
    guards: dict[str, Any] = {"input": [PII(action="redact")], "output": [PII(action="redact")]}
    pipeline = Pipeline(**guards, router=ExperimentRouter(tone), recorder=recorder, prices={"fake-model": (1e6, 1e6)})
    ask = pipeline.wrap(FakeLLM("to jo@example.com").chat.completions.create)
    messages = [{"role": "user", "content": "I am bob@example.com"}]
    if within:
        with provider.get_tracer("app").start_as_current_span("request"):
            ask(model="fake-model", messages=messages)
    else:
        ask(model="fake-model", messages=messages)
    return [each for span in kept.get_finished_spans() for each in shown(span)]


def test_what_a_guard_found_is_a_span_of_its_own_at_the_side_that_it_is_about() -> None:
    call, request, reply = spans_of_a_call()
    assert [each.attributes["mlflow.spanType"] for each in (request, reply)] == ["GUARDRAIL"] * 2
    assert {each.parent.span_id for each in (request, reply)} == {call.context.span_id}
    assert len({each.context.span_id for each in (call, request, reply)}) == 3
    assert (request.start_time, reply.end_time) == (call.start_time, call.end_time)
    found = json.loads(request.attributes["mlflow.spanOutputs"])
    assert (found["name"], found["action"], found["side"], found["categories"]) == (
        "pii",
        "redact",
        "request",
        ["EMAIL"],
    )


def test_a_trace_is_found_by_its_call_and_says_its_cost_and_prompt() -> None:
    call = spans_of_a_call()[0]
    tags = {
        name.removeprefix("mlflow.traceTag."): value for name, value in call.attributes.items() if "traceTag" in name
    }
    assert tags["genai_guard.request_id"] == call.attributes["genai_guard.request_id"]
    assert (tags["genai_guard.status"], tags["genai_guard.experiment.variant"]) == ("ok", "warm")
    assert json.loads(tags["mlflow.linkedPrompts"]) == [{"name": "support", "version": "3"}]
    assert json.loads(call.attributes["mlflow.llm.cost"])["total_cost"] > 0


def test_a_call_within_a_trace_of_the_program_leaves_the_tags_of_that_alone() -> None:
    call, _, _, outer = spans_of_a_call(within=True)
    assert (outer.name, outer.attributes) == ("request", {})
    assert [name for name in call.attributes if "traceTag" in name] == []


@pytest.mark.parametrize(
    ("template", "said", "role"),
    [
        ('You are {{ tone }}. Write {"a": {{tone}}}.', 'You are kind. Write {"a": kind}.', "system"),
        ("Q: {{input}} as {{tone}}", "Q: hi as kind", "user"),
        ([{"role": "user", "content": "{{input}} {{tone}}"}], "hi kind", "user"),
        ([{"role": "system", "content": "{x} {{tone}}"}], "{x} kind", "system"),
    ],
)
def test_a_template_of_the_registry_says_the_same_here(template: Any, said: str, role: str) -> None:
    prompt = written_as_prompt(template, name="support bot", version="3")
    values = {"tone": "kind", **({"input": "hi"} if role == "user" else {})}
    assert (prompt.render(**values), prompt.role, prompt.name, prompt.version) == (said, role, "support_bot", "3")


def test_types_and_defaults_of_variables_are_taken() -> None:
    prompt = written_as_prompt(
        "{{count}} in {{where}}", name="p", version="1", variables={"count": "integer"}, defaults={"where": "here"}
    )
    assert prompt.render(count=3) == "3 in here"


def test_what_is_no_prompt_of_a_variant_is_told() -> None:
    turns = [{"role": "system", "content": "a"}, {"role": "user", "content": "b"}]
    with pytest.raises(ConfigurationError, match="2 messages"):
        written_as_prompt(turns, name="p", version="1")
    with pytest.raises(ConfigurationError, match="prompts:/name@alias"):
        prompt_from("support")


def test_an_analysis_is_parameters_and_numbers_by_variant() -> None:
    rows = [{"variant": name, "stars": value} for name in ("control", "treatment") for value in (1.0, 2.0, 3.0) * 20]
    found = analyze(rows, metrics=["stars"], control="control")
    assert params_of(found)["control"] == "control"
    metrics = metrics_of(found)
    assert (metrics["stars/control"], metrics["stars/treatment"], metrics["stars/treatment.units"]) == (2.0, 2.0, 60.0)
    assert metrics["stars/treatment.difference"] == 0
    assert metrics["stars/treatment.relative_low"] < 0 < metrics["stars/treatment.relative_high"]
