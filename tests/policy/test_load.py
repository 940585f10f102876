"""From policies to pipelines: equal ones from Python and from every format, and mistakes that say what would be right."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from genai_guard import (
    Action,
    Alert,
    Experiment,
    ExperimentRouter,
    InferenceLog,
    Limit,
    MetricsRecorder,
    Pipeline,
    RateLimiter,
    Variant,
)
from genai_guard.guards import PII, BlockedPatterns, Length
from genai_guard.policy.files import read
from policy.parts import parts_of

EXAMPLES = Path(__file__).parents[2] / "examples" / "policies"


def support_bot() -> Pipeline:
    """The pipeline of `support_bot.yaml`, in Python."""
    return Pipeline(
        name="support-bot",
        input=[
            Length(max_tokens=4000),
            PII(action="redact"),
            BlockedPatterns(["project falcon", "ignore all previous instructions"], regexes=["INT-[0-9]{6}"]),
        ],
        output=[PII(action="redact")],
        limiter=RateLimiter(
            Limit.requests(60, per="minute"),
            Limit.tokens(100_000, per="minute"),
            Limit.requests(10, per="minute", by="user"),
        ),
        router=ExperimentRouter(
            Experiment(
                "model-comparison",
                Variant("control", weight=50, params={"model": "small"}),
                Variant("treatment", weight=50, params={"model": "large"}),
                by="user",
            )
        ),
        recorder=MetricsRecorder(
            alerts=[
                Alert.latency_p99(above_ms=500),
                Alert.error_rate(above=0.01),
                Alert.budget(usd=50, per="day"),
                Alert.guardrail_hits(),
            ],
            log=InferenceLog("inference/"),
        ),
        prices={"small": (0.15, 0.60), "large": (2.50, 10.0)},
        expected_output_tokens=256,
    )


# --- what is built ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["support_bot.yaml", "support_bot.toml"])
def test_a_file_and_python_build_equal_pipelines(name: str) -> None:
    assert parts_of(Pipeline.from_policy(EXAMPLES / name)) == parts_of(support_bot())


def test_json_and_a_mapping_build_equal_pipelines(tmp_path: Path) -> None:
    data = read(EXAMPLES / "support_bot.yaml").data
    (tmp_path / "policy.json").write_text(json.dumps(data))
    for source in (tmp_path / "policy.json", str(tmp_path / "policy.json"), MappingProxyType(data)):
        assert parts_of(Pipeline.from_policy(source)) == parts_of(support_bot())


@pytest.mark.parametrize(
    "text",
    [
        "write to bob@example.com",
        "tell me about Project  Falcon",
        "ticket INT-123456, card 4111 1111 1111 1111",
        "a good day to you",
        "word " * 5000,
    ],
)
def test_a_file_and_python_give_equal_verdicts(text: str) -> None:
    from_file, from_python = Pipeline.from_policy(EXAMPLES / "support_bot.yaml"), support_bot()
    assert from_file.scan_input(text) == from_python.scan_input(text)
    assert from_file.scan_output(text) == from_python.scan_output(text)


def test_a_policy_with_a_version_alone_is_a_pipeline_without_parts() -> None:
    assert Pipeline.from_policy({"version": 1}) == Pipeline()


def test_empty_sections_are_no_parts() -> None:
    pipeline = Pipeline.from_policy({"version": 1, "input": [], "limits": [], "experiments": [], "prices": {}})
    assert (pipeline.limiter, pipeline.router, pipeline.recorder) == (None, None, None)


def test_metrics_are_recorded_if_there_is_a_section_for_them() -> None:
    assert Pipeline.from_policy({"version": 1, "metrics": {}}).recorder == MetricsRecorder()


def test_python_may_write_tuples_and_members_of_an_enum() -> None:
    policy = {"version": 1, "input": ({"guard": "pii", "entities": ("EMAIL",), "action": Action.MASK},)}
    assert Pipeline.from_policy(policy).input == (PII(["EMAIL"], action="mask"),)


def test_a_whole_number_may_be_written_as_a_float() -> None:
    pipeline = Pipeline.from_policy({"version": 1, "limits": [{"requests": 60.0, "per": "minute"}]})
    assert pipeline.limiter is not None
    assert pipeline.limiter.limits == (Limit.requests(60, per="minute"),)


def test_the_place_of_the_schema_is_not_read() -> None:
    assert Pipeline.from_policy({"$schema": "nowhere.json", "version": 1}).name == "pipeline"


def test_loading_changes_nothing_and_keeps_nothing_of_a_mapping() -> None:
    policy: dict[str, Any] = {
        "version": 1,
        "experiments": [{"name": "a", "variants": [{"name": "x", "params": {"stop": ["."]}}]}],
    }
    before = json.dumps(policy)
    pipeline = Pipeline.from_policy(policy)
    assert json.dumps(policy) == before
    policy["experiments"][0]["variants"][0]["params"]["stop"].append("!")
    assert pipeline.router is not None
    assert pipeline.router.experiments[0].variants[0].params == {"stop": ["."]}


def test_loading_a_policy_writes_no_file(tmp_path: Path) -> None:
    Pipeline.from_policy({"version": 1, "metrics": {"log": {"path": str(tmp_path / "inference")}}})
    assert list(tmp_path.iterdir()) == []


def test_importing_the_library_loads_nothing_that_policies_need() -> None:
    program = (
        "import sys, genai_guard; print(*(set(sys.modules) & {'pydantic', 'yaml', 'tomllib', 'genai_guard.policy'}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
