"""What `OpenTelemetry` takes, in Python and in policies."""

from __future__ import annotations

from typing import Any

import pytest

from genai_guard import ConfigurationError, Pipeline
from genai_guard.recording import MetricsRecorder, OpenTelemetry, Redactor


@pytest.mark.parametrize(
    "wrong",
    [
        {"content": "all"},
        {"operation": "talk"},
        {"traces": 1},
        {"metrics": "yes"},
        {"redact": str},
        {"provider": None},
        {"tracer_provider": object()},
        {"meter_provider": object()},
    ],
)
def test_a_wrong_setting_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        OpenTelemetry(**wrong)


def test_a_recorder_takes_nothing_else() -> None:
    with pytest.raises(ConfigurationError, match="telemetry"):
        MetricsRecorder(telemetry=True)  # type: ignore[arg-type]


def test_a_policy_switches_it_on_and_is_written_back() -> None:
    written = {
        "version": 1,
        "metrics": {"telemetry": {"content": "redacted", "provider": "openai", "redact": {"max_chars": 1000}}},
    }
    pipeline = Pipeline.from_policy(written)
    assert isinstance(pipeline.recorder, MetricsRecorder)
    assert pipeline.recorder.telemetry == OpenTelemetry(
        content="redacted", provider="openai", redact=Redactor(max_chars=1000)
    )
    assert pipeline.policy()["metrics"] == written["metrics"]
