"""The logs that a policy may ask for."""

from __future__ import annotations

from typing import Any

import pytest

from genai_guard import ConfigurationError, InferenceLog, Pipeline
from genai_guard.recording import MetricsRecorder, SqliteInferenceLog


@pytest.mark.parametrize(
    ("written", "log"),
    [
        ({"path": "x"}, InferenceLog("x")),
        ({"path": "x", "fsync": True, "max_age_days": 30}, InferenceLog("x", fsync=True, max_age_days=30)),
        ({"path": "x", "fsync": 2.5, "always_keep": ["error"]}, InferenceLog("x", fsync=2.5, always_keep=["error"])),
        ({"kind": "sqlite", "path": "y", "sampling": 0.1}, SqliteInferenceLog("y", sampling=0.1)),
    ],
)
def test_a_log_is_read_from_a_policy_and_written_to_one(written: dict[str, Any], log: Any) -> None:
    pipeline = Pipeline.from_policy({"version": 1, "metrics": {"log": written}})

    assert isinstance(pipeline.recorder, MetricsRecorder)
    assert pipeline.recorder.log == log
    assert pipeline.policy()["metrics"]["log"] == written


def test_lines_of_json_are_meant_where_no_kind_is_named() -> None:
    read = [
        Pipeline.from_policy({"version": 1, "metrics": {"log": {**kind, "path": "x"}}})
        for kind in ({}, {"kind": "jsonl"})
    ]

    assert read[0].recorder == read[1].recorder


@pytest.mark.parametrize(
    ("log", "complaint"),
    [
        ({"kind": "sqlte", "path": "x"}, 'metrics.log.kind: must be one of "jsonl", "sqlite".*did you mean "sqlite"'),
        ({"knd": "sqlite", "path": "x"}, 'metrics.log.knd: unknown field: did you mean "kind"'),
        ({"path": "x", "fsync": "often"}, "metrics.log.fsync: must be true or false or a number"),
        ({"kind": "sqlite", "path": "x", "max_segment_mb": 3}, "metrics.log.max_segment_mb: unknown field"),
    ],
)
def test_a_log_that_is_wrong_is_named_with_its_place(log: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        Pipeline.from_policy({"version": 1, "metrics": {"log": log}})
