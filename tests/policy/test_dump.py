"""From pipelines to policies: minimal, canonical, and honest about what has no place in a file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from genai_guard import (
    ConfigurationError,
    Experiment,
    ExperimentRouter,
    InferenceLog,
    Limit,
    MetricsRecorder,
    Pipeline,
    RateLimiter,
    Variant,
)
from genai_guard.guards import PII, BlockedPatterns, Length, guard
from genai_guard.guards.custom import FunctionGuard
from genai_guard.policy import dump
from genai_guard.policy.schema import EXAMPLE
from genai_guard.recording import GuardrailHits, Redactor
from genai_guard.verdicts import Action, Verdict


def test_a_pipeline_without_parts_is_a_version() -> None:
    assert Pipeline().policy() == {"version": 1}


def test_defaults_and_derived_names_are_left_out() -> None:
    pipeline = Pipeline(
        name="pipeline",
        input=[PII(action="redact", mode="enforce", name="pii"), Length(max_chars=5, on_error="block")],
        limiter=RateLimiter(Limit.requests(5, per="day", by="user", name="5 requests/day by user")),
        recorder=MetricsRecorder(dimensions=("model", "variant", "tenant"), max_series=1000),
        expected_output_tokens=256,
    )
    assert pipeline.policy() == {
        "version": 1,
        "input": [{"guard": "pii"}, {"guard": "length", "max_chars": 5}],
        "limits": [{"requests": 5, "per": "day", "by": "user"}],
        "metrics": {},
    }


def test_sections_and_fields_come_in_one_order() -> None:
    policy = Pipeline.from_policy(dict(reversed(EXAMPLE.items()))).policy()
    assert list(policy) == [section for section in EXAMPLE if section in policy]
    assert list(policy["limits"][2]) == ["requests", "per", "by"]
    assert list(policy["experiments"][0]) == ["name", "variants"]


def test_a_policy_that_is_written_is_plain_json() -> None:
    policy = Pipeline.from_policy(EXAMPLE).policy()
    assert json.loads(json.dumps(policy, allow_nan=False)) == policy


def test_what_is_written_from_a_file_and_from_python_is_equal() -> None:
    limiter = RateLimiter(Limit.tokens(9, per="hour"))
    from_python = Pipeline(input=[BlockedPatterns(("a", "b"), category="X")], limiter=limiter)
    from_file = Pipeline.from_policy(
        {
            "version": 1,
            "limits": [{"per": "hour", "tokens": 9}],
            "input": [{"keywords": ["a", "b"], "category": "X", "guard": "blocked_patterns", "action": "block"}],
        }
    )
    assert from_python.policy() == from_file.policy()


def test_every_parameter_of_a_part_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HASH_KEY", "k" * 16)
    policy: dict[str, Any] = {
        "version": 1,
        "input": [
            {
                "guard": "pii",
                "entities": ["EMAIL"],
                "action": "hash",
                "hash_key": {"env": "HASH_KEY"},
                "on_error": "allow",
            }
        ],
        "experiments": [
            {
                "name": "a",
                "variants": [{"name": "x", "weight": 3, "params": {"stop": [".", {"deep": None}], "n": 1.5}}],
                "by": "plan",
                "coverage": 0.5,
                "mode": "shadow",
                "salt": "s",
                "enabled": False,
                "overrides": {"u-1": "x"},
            }
        ],
        "metrics": {
            "alerts": [{"alert": "error_rate", "above": 0.5, "confidence": None, "severity": "info"}],
            "log": {"path": "logs", "content": "none", "redact": {"max_chars": 9}},
            "dimensions": ["status", "plan"],
        },
        "prices": {"m": {"input_usd": 1.0, "output_usd": 2.0, "cached_usd": 0.5}},
    }
    assert Pipeline.from_policy(policy).policy() == policy


# --- what has no place in a file -------------------------------------------------------------------------------------


@guard
def polite(text: str) -> bool:
    return "please" in text


def local_guard() -> FunctionGuard:
    @guard(name="polite")
    def here(text: str) -> bool:
        return "please" in text

    return here


@dataclass(frozen=True, kw_only=True)
class Shouting(PII):
    """A guard of somebody's own that looks like a built-in one."""

    kind: ClassVar[str] = "shouting"


class Plain:
    def check(self, text: str) -> Verdict:
        return Verdict(Action.ALLOW, text)


class Reader:
    def read(self, *_: Any) -> None: ...


def reject(rejection: object) -> str:
    return "no"


@pytest.mark.parametrize(
    ("pipeline", "place"),
    [
        (Pipeline(input=[PII(), local_guard()]), "input[1]: polite"),
        (Pipeline(output=[Shouting()]), "output[0]: shouting"),
        (Pipeline(output=[Plain()]), "output[0]: Plain"),
        (Pipeline(on_reject=reject), "on_reject: reject"),
        (Pipeline(reader=Reader()), "reader: Reader"),  # type: ignore[arg-type]
        (
            Pipeline(router=ExperimentRouter(Experiment("a", Variant("x", target=lambda: None)))),
            "experiments[0].variants[0].target: <lambda>",
        ),
        (Pipeline(recorder=MetricsRecorder(on_alert=lambda _: None)), "metrics.on_alert: <lambda>"),
        (
            Pipeline(recorder=MetricsRecorder(log=InferenceLog("x", redact=Redactor(scan=lambda _: ())))),
            "metrics.log.redact.scan: <lambda>",
        ),
    ],
)
def test_a_part_without_a_place_in_a_file_is_named(pipeline: Pipeline, place: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        pipeline.policy()
    assert str(raised.value) == f"{place} has no place in a policy file; build the pipeline in Python"


def test_a_value_that_a_file_cannot_say_is_named() -> None:
    pipeline = Pipeline(router=ExperimentRouter(Experiment("a", Variant("x", params={"stop": (".",)}))))
    with pytest.raises(ConfigurationError, match=r"^experiments\[0\]\.variants\[0\]: x has no place in a policy file"):
        dump(pipeline)


def test_a_log_of_ones_own_has_no_place_in_a_file() -> None:
    class Sink:
        def write(self, event: object, /) -> None: ...

    with pytest.raises(ConfigurationError, match=r"^metrics\.log: Sink has no place"):
        dump(Pipeline(recorder=MetricsRecorder(log=Sink())))


def test_the_shape_of_an_alert_of_ones_own_is_not_guessed() -> None:
    class Quiet(GuardrailHits):
        """An alert that is no dataclass of its own."""

    with pytest.raises(ConfigurationError, match=r"^metrics\.alerts\[0\]: guardrail_hits has no place"):
        dump(Pipeline(recorder=MetricsRecorder(alerts=[Quiet()])))


def test_a_guard_that_a_module_holds_is_written_as_a_reference() -> None:
    policy = Pipeline(input=[PII(), polite]).policy()
    assert policy["input"][1] == f"{__name__}:polite"
    assert Pipeline.from_policy(policy).input[1] is polite
