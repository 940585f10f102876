"""Where a recorder keeps its counts, as policy files say it."""

from __future__ import annotations

from pathlib import Path

from genai_guard import Pipeline
from genai_guard.policy.dump import dump
from genai_guard.recording import MetricsHistory, MetricsRecorder


def test_a_policy_file_says_where_counts_are_kept(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("version: 1\nname: kept\nmetrics:\n  history: {path: metrics, keep_days: 7}\n", encoding="utf-8")

    pipeline = Pipeline.from_policy(policy)

    assert isinstance(pipeline.recorder, MetricsRecorder)
    assert pipeline.recorder.history == MetricsHistory("metrics", keep_days=7)
    assert dump(pipeline)["metrics"] == {"history": {"path": "metrics", "keep_days": 7}}
