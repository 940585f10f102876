"""A recorder with everything that there is, from a policy file and back; secrets stay in the environment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from genai_guard import Alert, ConfigurationError, InferenceLog, MetricsRecorder, Pipeline
from genai_guard.environment import env
from genai_guard.policy import json_schema
from genai_guard.policy.references import imported
from genai_guard.recording import (
    AuditLog,
    Event,
    ExposureLog,
    MetricsHistory,
    OpenTelemetry,
    PagerDuty,
    Redactor,
    Silence,
    Slack,
    StructlogSink,
    Webhook,
    no_scan,
)
from genai_guard.recording.feedback import SqliteFeedbackStore
from genai_guard.recording.review import Labels, ReviewQueue, Selection

VALIDATOR = Draft202012Validator(json_schema())


class Counting:
    """A sink of the user's own."""

    def write(self, event: Event, /) -> None:
        """Take one event."""
        del event


SINK = Counting()


def told(something: object) -> None:
    """Listen."""
    del something


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("HOOK_URL", "ROUTING_KEY", "AUDIT_KEY"):
        monkeypatch.setenv(name, f"https://planted.example/{name.lower()}-{'x' * 32}")


def full() -> MetricsRecorder:
    """A recorder with something in every parameter. An object of the user's own is one that a policy has named."""
    sink = imported(f"{__name__}:SINK")
    return MetricsRecorder(
        alerts=[Alert.error_rate(above=0.02), Alert.thumbs_down_rate(above=0.3, by="variant", on_fire=told)],
        log=InferenceLog("inference", fsync=True),
        on_alert=told,
        notify=[
            Slack(webhook_url=env("HOOK_URL")),
            Webhook(webhook_url=env("HOOK_URL")),
            PagerDuty(routing_key=env("ROUTING_KEY")),
        ],
        silences=[Silence(until="2030-01-01T00:00:00Z", name="error_rate*")],
        sinks=[StructlogSink(level="debug"), sink],
        feedback=SqliteFeedbackStore("feedback.sqlite", redact=Redactor(scan=no_scan)),
        on_feedback=told,
        review=ReviewQueue(
            "review.sqlite",
            selections=[
                Selection(rule="pii.*", action="redact", where={"variant": "b"}, share=0.2, priority=3),
                Selection(found=False, share=0.01),
            ],
            thumbs_down=None,
            reviews_each=2,
            labels=Labels(positive=("harmful",), negative=("fine",)),
            redact=Redactor(keep=("pii.*",)),
            telemetry=OpenTelemetry(),
        ),
        exposures=ExposureLog("exposures"),
        audit=AuditLog("audit", key=env("AUDIT_KEY"), anchor="heads.jsonl"),
        telemetry=OpenTelemetry(content="redacted", evaluations=False),
        history=MetricsHistory("metrics"),
        dimensions=("model", "variant", "region"),
        max_series=77,
        queue_size=7,
    )


def test_everything_a_recorder_can_be_comes_back_from_a_policy() -> None:
    pipeline = Pipeline(recorder=full())
    written = json.dumps(pipeline.policy())
    again = Pipeline.from_policy(json.loads(written))

    assert again.recorder == pipeline.recorder
    assert again.policy() == pipeline.policy()
    assert VALIDATOR.is_valid(json.loads(written))
    metrics = pipeline.policy()["metrics"]
    missing = {"clock", "wall_clock"}
    assert set(metrics) | missing == set(MetricsRecorder.__init__.__annotations__) - {"return"}


def test_secrets_are_named_and_not_written() -> None:
    written = json.dumps(Pipeline(recorder=full()).policy())

    assert "planted" not in written
    assert {name for name in ("HOOK_URL", "ROUTING_KEY", "AUDIT_KEY") if f'{{"env": "{name}"}}' in written} == {
        "HOOK_URL", "ROUTING_KEY", "AUDIT_KEY",
    }  # fmt: skip


def test_a_sink_is_written_by_its_kind_or_as_a_reference() -> None:
    metrics = Pipeline(recorder=full()).policy()["metrics"]

    assert metrics["sinks"] == [{"sink": "structlog", "level": "debug"}, f"{__name__}:SINK"]
    assert metrics["feedback"]["redact"] == {"scan": "genai_guard.recording.redaction:no_scan"}


@pytest.mark.parametrize("log", [{"sink": "structlog"}, f"{__name__}:SINK"])
def test_a_log_may_be_any_sink(log: Any) -> None:
    policy = {"version": 1, "metrics": {"log": log}}
    pipeline = Pipeline.from_policy(policy)

    assert pipeline.policy() == policy
    assert VALIDATOR.is_valid(policy)


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        ({"sinks": [{"sink": "struclog"}]}, r"metrics\.sinks\[0\]\.sink: .*did you mean \"structlog\""),
        ({"sinks": [f"{__name__}:VALIDATOR"]}, r"metrics\.sinks\[0\]: must name a sink of events"),
        ({"log": {"pth": "x"}}, r"metrics\.log\.pth: unknown field: did you mean \"path\"\?"),
        ({"review": {"path": ""}}, r"metrics\.review\.path: "),
        ({"review": {"path": "q", "selections": [{"share": 0}]}}, r"metrics\.review\.selections\[0\]\.share: "),
        ({"review": {"path": "q", "labels": {"positive": []}}}, r"metrics\.review\.labels\.positive: "),
        ({"review": {"path": "q", "redact": {"keep": 7}}}, r"metrics\.review\.redact\.keep: must be a list"),
        ({"alerts": [{"alert": "thumbs_down_rate", "above": 2}]}, r"metrics\.alerts\[0\]\.above: "),
    ],
)
def test_mistakes_are_named_with_their_place(metrics: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Pipeline.from_policy({"version": 1, "metrics": metrics})


def test_what_has_no_name_has_no_place() -> None:
    with pytest.raises(ConfigurationError, match=r"metrics\.sinks\[0\]: Counting has no place in a policy file"):
        Pipeline(recorder=MetricsRecorder(sinks=[Counting()])).policy()
