"""What the span of a call says, and whose child it and the library's own spans are."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanKind, StatusCode, Tracer, get_current_span

from calls import KINDS, consume, target
from collected import Collected
from genai_guard import Experiment, ExperimentRouter, Limit, Pipeline, RateLimiter, Rejected, Variant, caller
from genai_guard.guards import PII, BlockedPatterns, JSONSchema
from genai_guard.recording import Event, MetricsRecorder, OpenTelemetry
from genai_guard.recording.telemetry import names, tracing
from genai_guard.recording.telemetry.attributes import at_end
from genai_guard.resilience import Fallback, Resilience, Retry, Timeout
from genai_guard.routing import Prompt
from genai_guard.routing.shadow import Shadow
from genai_guard.verdicts import Action, Verdict


class Speaking(list[Any]):
    """Chunks of which each is asked for in a span of the client library."""

    def __init__(self, chunks: list[Any], library: Tracer) -> None:
        super().__init__(chunks)
        self._library = library

    def __iter__(self) -> Iterator[Any]:
        for chunk in super().__iter__():
            with self._library.start_as_current_span("POST"):
                pass
            yield chunk


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_library_traces_is_a_child_of_the_call(kind: str) -> None:
    sdk = Collected()
    ask = Pipeline(recorder=sdk.recorder)(target(kind, Speaking(["one", "two"], sdk.library)))
    consume(kind, ask, "hi")
    parents = [span.parent.span_id if span.parent else None for span in sdk.inner()]
    assert parents == [sdk.span().context.span_id] * 2


@pytest.mark.parametrize("kind", KINDS)
def test_so_it_is_with_timeouts_and_retries(kind: str) -> None:
    sdk = Collected()
    resilience = Resilience(timeout=Timeout(total_s=60), retry=Retry(attempts=2))
    ask = Pipeline(recorder=sdk.recorder, resilience=resilience)(target(kind, Speaking(["one", "two"], sdk.library)))
    consume(kind, ask, "hi")
    parents = [span.parent.span_id if span.parent else None for span in sdk.inner()]
    assert parents == [sdk.span().context.span_id] * 2


def test_so_it_is_with_the_target_of_a_fallback() -> None:
    sdk = Collected()

    def spare(prompt: str) -> str:
        with sdk.library.start_as_current_span("POST"):
            return "spare"

    resilience = Resilience(fallback=Fallback([spare]))
    ask = Pipeline(recorder=sdk.recorder, resilience=resilience)(target("def", [ConnectionError()]))
    assert ask("hi") == "spare"
    (inner,) = sdk.inner()
    assert inner.parent is not None
    assert inner.parent.span_id == sdk.span().context.span_id
    assert (sdk.span().attributes or {})[names.ATTEMPTS] == 2


class Beside:
    """A guard that judges while the model is called."""

    action = "block"
    beside_call = True
    blocking = True

    def check(self, text: str) -> Verdict:
        return Verdict(Action.ALLOW, text)


@pytest.mark.parametrize("kind", KINDS)
def test_so_it_is_with_a_guard_beside_the_call(kind: str) -> None:
    sdk = Collected()
    ask = Pipeline(input=[Beside()], recorder=sdk.recorder)(target(kind, Speaking(["one"], sdk.library)))
    consume(kind, ask, "hi")
    (inner,) = sdk.inner()
    assert inner.parent is not None
    assert inner.parent.span_id == sdk.span().context.span_id


def test_the_reader_of_a_stream_is_not_inside_the_span() -> None:
    sdk = Collected()
    ask = Pipeline(recorder=sdk.recorder)(target("generator", ["one", "two"]))
    assert [get_current_span().get_span_context().is_valid for _ in ask("hi")] == [False, False]


async def test_nor_is_that_of_an_asynchronous_one() -> None:
    sdk = Collected()
    ask = Pipeline(recorder=sdk.recorder)(target("async generator", ["one", "two"]))
    assert [get_current_span().get_span_context().is_valid async for _ in ask("hi")] == [False, False]


def test_the_call_is_a_child_of_what_the_caller_traces() -> None:
    sdk = Collected()
    ask = Pipeline(recorder=sdk.recorder)(target("def", ["hello"]))
    with sdk.library.start_as_current_span("handler") as handler:
        ask("hi")
    parent = sdk.span().parent
    assert parent is not None
    assert parent.span_id == handler.get_span_context().span_id


@pytest.mark.parametrize("kind", KINDS)
def test_all_kinds_of_functions_say_the_same(kind: str) -> None:
    def said(kind: str) -> tuple[Any, ...]:
        sdk = Collected()
        pipeline = Pipeline(input=[PII(action="redact")], output=[BlockedPatterns(["poison"])], recorder=sdk.recorder)
        with pytest.raises(Rejected):
            consume(kind, pipeline(target(kind, ["all ", "poison ", "end"])), "I am bob@example.com")
        span = sdk.span()
        own = {names.TARGET, names.REQUEST_ID, names.MODEL_S, names.STAGE, names.REQUEST_STREAM, names.FIRST_CHUNK}
        own |= {names.OUTPUT_TOKENS}  # a stream is cut where it is blocked
        attributes = {name: value for name, value in (span.attributes or {}).items() if name not in own}
        return span.name, span.kind, span.status.status_code, attributes, [event.name for event in span.events]

    assert said(kind) == said("def")


def test_a_span_says_what_the_conventions_want() -> None:
    sdk = Collected(provider="openai")
    pipeline = Pipeline(recorder=sdk.recorder, prices={"small": (1.0, 2.0)})

    @pipeline
    def ask(messages: list[dict[str, str]], *, model: str, temperature: float, max_tokens: int) -> dict[str, Any]:
        return {
            "model": "small-2026",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 9, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 4}},
        }

    with caller(session="s-1", tenant="acme", user="u-1"):
        ask([{"role": "user", "content": "hi"}], model="small", temperature=0.5, max_tokens=50)
    span = sdk.span()
    attributes = dict(span.attributes or {})
    assert (span.name, span.kind, span.status.status_code) == ("chat small", SpanKind.CLIENT, StatusCode.UNSET)
    assert attributes.items() >= {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "small",
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.max_tokens": 50,
        "gen_ai.response.model": "small-2026",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 9,
        "gen_ai.usage.output_tokens": 3,
        "gen_ai.usage.cache_read.input_tokens": 4,
        "gen_ai.conversation.id": "s-1",
        "genai_guard.tenant": "acme",
        "genai_guard.status": "ok",
        "genai_guard.attempts": 1,
    }.items()  # fmt: skip
    assert "u-1" not in str(attributes)


def test_a_span_lasts_as_long_as_its_call() -> None:
    sdk = Collected()
    outcome = Pipeline(recorder=sdk.recorder).run(target("def", ["hello"]), "hi")
    span = sdk.span()
    assert span.start_time is not None
    assert span.end_time is not None
    assert (span.end_time - span.start_time) / 1e9 == pytest.approx(outcome.timings.total_s, abs=2e-6)


def test_who_serves_the_model_is_known_for_the_method_of_a_library() -> None:
    def create(prompt: str) -> str:
        return "hello"

    create.__module__ = "anthropic.resources.messages"
    sdk = Collected()
    Pipeline(recorder=sdk.recorder)(create)("hi")
    assert (sdk.span().attributes or {})[names.PROVIDER] == "anthropic"


def test_a_call_that_a_guard_refuses_has_a_span_that_failed() -> None:
    sdk = Collected()
    ask = Pipeline(input=[BlockedPatterns(["poison"])], recorder=sdk.recorder)(target("def", ["hello"]))
    with pytest.raises(Rejected):
        ask("poison")
    span = sdk.span()
    attributes = dict(span.attributes or {})
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "blocked")
    assert attributes[names.ERROR_TYPE] == "GuardBlocked"
    assert attributes[names.GUARDS] == ("blocked_patterns",)


def test_a_call_that_a_limit_refuses_names_it() -> None:
    sdk = Collected()
    limiter = RateLimiter(Limit.requests(1, per="hour", name="hourly"))
    ask = Pipeline(limiter=limiter, recorder=sdk.recorder)(target("def", ["hello"]))
    ask("hi")
    with pytest.raises(Rejected):
        ask("hi")
    attributes = dict(sdk.spans()[1].attributes or {})
    assert (attributes[names.LIMIT], attributes[names.ERROR_TYPE]) == ("hourly", "RateLimited")


def test_each_guard_that_found_something_is_an_event() -> None:
    sdk = Collected()
    ask = Pipeline(input=[PII(action="redact", mode="shadow")], recorder=sdk.recorder)(target("def", ["hello"]))
    ask("bob@example.com and eve@example.com")
    (event,) = sdk.span().events
    assert (event.name, dict(event.attributes or {})) == (
        "genai_guard.guard",
        {
            "genai_guard.guard.name": "pii",
            "genai_guard.guard.action": "redact",
            "genai_guard.guard.mode": "shadow",
            "genai_guard.guard.findings": 2,
            "genai_guard.guard.side": "request",
            "genai_guard.guard.categories": ("EMAIL",),
        },
    )


def test_each_experiment_is_the_evaluation_of_a_flag() -> None:
    sdk = Collected()
    prompt = Prompt("brief", "Be brief.")
    experiment = Experiment("tone", Variant("a", prompt=prompt), Variant("b", prompt=prompt), by="user")
    pipeline = Pipeline(router=ExperimentRouter(experiment), recorder=sdk.recorder)
    with caller(user="u-1"):
        outcome = pipeline.run(target("def", ["hello"]), "hi")
    assert outcome.assignment is not None
    (event,) = sdk.span().events
    assert event.name == "feature_flag.evaluation"
    assert dict(event.attributes or {}) == {
        "feature_flag.key": "tone",
        "feature_flag.provider.name": "genai_guard",
        "feature_flag.result.reason": "split",
        "feature_flag.result.variant": outcome.assignment.variant,
        "feature_flag.version": experiment.config_version,
        "genai_guard.experiment.mode": "enforce",
    }
    assert (sdk.span().attributes or {})[names.PROMPT_NAME] == "brief"


def test_a_stream_that_is_dropped_ends_its_span_without_an_error() -> None:
    sdk = Collected()
    ask = Pipeline(recorder=sdk.recorder)(target("generator", ["one", "two"]))
    consume("generator", ask, "hi", take=1)
    span = sdk.span()
    assert ((span.attributes or {})[names.STATUS], span.status.status_code) == ("abandoned", StatusCode.UNSET)


def test_what_is_not_sampled_stays_so_for_the_library() -> None:
    sdk = Collected(sampler=ALWAYS_OFF)
    ask = Pipeline(recorder=sdk.recorder)(target("def", Speaking(["one"], sdk.library)))
    ask("hi")
    assert not sdk.spans()
    assert not sdk.inner()


def test_an_sdk_that_raises_costs_no_call(monkeypatch: pytest.MonkeyPatch) -> None:
    sdk = Collected()

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr(tracing, "at_start", broken)
    assert Pipeline(recorder=sdk.recorder)(target("def", ["hello"]))("hi") == "hello"
    assert sdk.recorder.dropped == {"telemetry.RuntimeError": 2}


def test_without_an_sdk_nothing_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    def surprise(*_: object, **__: object) -> None:
        raise AssertionError("built for nobody")

    for name in ("at_start", "at_end", "happenings"):
        monkeypatch.setattr(tracing, name, surprise)
    recorder = MetricsRecorder(telemetry=OpenTelemetry())
    assert Pipeline(recorder=recorder)(target("def", ["hello"]))("hi") == "hello"
    assert recorder.dropped == {}


def test_spans_can_be_left_out() -> None:
    sdk = Collected(traces=False)
    Pipeline(recorder=sdk.recorder)(target("def", ["hello"]))("hi")
    assert not sdk.spans()
    assert sdk.points(names.CALLS)


def test_copies_of_shadow_traffic_have_no_span() -> None:
    sdk = Collected()
    shadow = Shadow("other", target=target("def", ["copy"]), sample=1.0)
    Pipeline(recorder=sdk.recorder, shadow=shadow)(target("def", ["hello"]))("hi")
    assert shadow.close(timeout_s=30)
    assert shadow.summary().copies == 1
    assert (sdk.span().attributes or {})[names.TARGET] == "target.<locals>.whole"
    assert sum(point.value for point in sdk.points(names.CALLS)) == 1


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_asking_again_is_a_child_too(kind: str) -> None:
    sdk = Collected()
    replies = iter(["{}", '{"a": 1}'])

    def answer(prompt: str) -> str:
        with sdk.library.start_as_current_span("POST"):
            return next(replies)

    async def async_answer(prompt: str) -> str:
        return answer(prompt)

    guard = JSONSchema({"type": "object", "required": ["a"]}, max_reasks=1)
    ask = Pipeline(output=[guard], recorder=sdk.recorder)(answer if kind == "def" else async_answer)
    assert consume(kind, ask, "hi") == '{"a": 1}'
    assert [span.parent.span_id if span.parent else None for span in sdk.inner()] == [sdk.span().context.span_id] * 2


def test_what_a_call_waited_for_a_limit_is_told_apart() -> None:
    event = Event(1.7e9, "r-1", latency_s=3.0, model_s=1.0, queue_s=1.5)
    assert at_end(event)[names.LIMIT_WAIT] == 1.5
    assert names.LIMIT_WAIT not in at_end(event._replace(queue_s=0.0))


LATER = """
import time
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from genai_guard import MetricsRecorder, Pipeline
from genai_guard.recording import OpenTelemetry

ask = Pipeline(recorder=MetricsRecorder(telemetry=OpenTelemetry())).wrap(lambda prompt: "hello")
ask("before")
kept, reader = InMemorySpanExporter(), InMemoryMetricReader()
trace.set_tracer_provider(TracerProvider())
trace.get_tracer_provider().add_span_processor(SimpleSpanProcessor(kept))
metrics.set_meter_provider(MeterProvider([reader]))
time.sleep(0.15)
ask("after")
counted = [metric.name for metric in reader.get_metrics_data().resource_metrics[0].scope_metrics[0].metrics]
print([span.name for span in kept.get_finished_spans()], "gen_ai.client.operation.duration" in counted)
"""


def test_an_sdk_of_the_process_is_used_though_it_is_set_later() -> None:
    done = subprocess.run([sys.executable, "-c", LATER], text=True, capture_output=True, check=True)
    assert done.stdout == "['chat'] True\n"


def test_an_sdk_that_cannot_be_asked_for_costs_no_call(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise ImportError("no such provider")

    recorder = MetricsRecorder(telemetry=OpenTelemetry())
    ask = Pipeline(recorder=recorder)(target("def", ["hello"]))
    monkeypatch.setattr("opentelemetry.trace.get_tracer_provider", broken)
    assert ask("hi") == "hello"
    assert recorder.dropped == {"telemetry.ImportError": 2}
