"""The metrics of calls."""

from __future__ import annotations

from typing import Any

import pytest

from calls import consume, target
from collected import Collected
from genai_guard import Limit, Pipeline, RateLimiter, Rejected
from genai_guard.guards import PII, BlockedPatterns
from genai_guard.messages import Usage
from genai_guard.recording.telemetry import names


def counted(prompt: str, model: str = "small") -> dict[str, Any]:
    return {
        "model": "small-2026",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 3},
    }


def test_the_duration_of_a_call_has_the_models_and_the_buckets_of_the_conventions() -> None:
    sdk = Collected(provider="openai")
    Pipeline(recorder=sdk.recorder)(counted)("hi")
    (point,) = sdk.points("gen_ai.client.operation.duration")
    assert dict(point.attributes) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "small",
        "gen_ai.response.model": "small-2026",
    }
    assert point.explicit_bounds == names.SECONDS_BOUNDS
    assert point.count == 1


def test_tokens_are_reported_by_type() -> None:
    sdk = Collected()
    Pipeline(recorder=sdk.recorder)(counted)("hi")
    points = sdk.points("gen_ai.client.token.usage")
    assert {point.attributes["gen_ai.token.type"]: point.sum for point in points} == {"input": 9, "output": 3}
    assert points[0].explicit_bounds == tuple(float(bound) for bound in names.TOKEN_BOUNDS)


@pytest.mark.parametrize(("wanted", "expected"), [(False, 0), (True, 2)])
def test_estimated_tokens_are_reported_only_if_asked_for(wanted: bool, expected: int) -> None:
    sdk = Collected(estimated_tokens=wanted)
    Pipeline(recorder=sdk.recorder)(target("def", ["hello"]))("hi")
    assert len(sdk.points(names.TOKEN_USAGE)) == expected


def test_streams_have_a_time_to_the_first_chunk() -> None:
    sdk = Collected()
    consume("generator", Pipeline(recorder=sdk.recorder)(target("generator", ["one", "two"])), "hi")
    (point,) = sdk.points("gen_ai.client.operation.time_to_first_chunk")
    assert point.count == 1


def test_what_never_reached_the_model_has_no_duration() -> None:
    sdk = Collected()
    ask = Pipeline(input=[BlockedPatterns(["poison"])], recorder=sdk.recorder)(target("def", ["hello"]))
    with pytest.raises(Rejected):
        ask("poison")
    assert not sdk.points(names.OPERATION_DURATION)
    (point,) = sdk.points("genai_guard.calls")
    assert (point.attributes[names.STATUS], point.value) == ("blocked", 1)


def test_a_failure_has_its_class_on_the_duration() -> None:
    sdk = Collected()
    with pytest.raises(ConnectionError):
        Pipeline(recorder=sdk.recorder)(target("def", [ConnectionError()]))("hi")
    (point,) = sdk.points(names.OPERATION_DURATION)
    assert point.attributes["error.type"] == "ConnectionError"


def test_guards_limits_and_cost_are_counted() -> None:
    sdk = Collected()
    limiter = RateLimiter(Limit.requests(1, per="hour", name="hourly"))
    pipeline = Pipeline(
        input=[PII(action="redact")], limiter=limiter, recorder=sdk.recorder, prices={"small": (1e6, 1e6)}
    )
    ask = pipeline(counted)
    ask("bob@example.com")
    with pytest.raises(Rejected):
        ask("hi")
    (hit,) = sdk.points("genai_guard.guard.hits")
    (denial,) = sdk.points("genai_guard.limit.denials")
    (cost,) = sdk.points("genai_guard.cost.total")
    assert (hit.attributes[names.GUARD_NAME], hit.attributes[names.GUARD_ACTION], hit.value) == ("pii", "redact", 1)
    assert (denial.attributes[names.LIMIT], denial.value) == ("hourly", 1)
    assert cost.value == pytest.approx(Usage(9, 3).total_tokens)


def test_a_point_knows_the_span_it_belongs_to() -> None:
    sdk = Collected()
    Pipeline(recorder=sdk.recorder)(counted)("hi")
    (point,) = sdk.points(names.OPERATION_DURATION)
    assert [exemplar.span_id for exemplar in point.exemplars] == [sdk.span().context.span_id]


def test_metrics_can_be_left_out() -> None:
    sdk = Collected(metrics=False)
    Pipeline(recorder=sdk.recorder)(counted)("hi")
    assert not sdk.points(names.CALLS)
    assert sdk.spans()
