from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from genai_guard import ConfigurationError, MetricsRecorder, Pipeline
from genai_guard.recording import AuditLog
from genai_guard.testing import FakeLLM


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIT_KEY", "correct horse battery staple")


def policy(folder: Path, **settings: Any) -> dict[str, Any]:
    return {
        "version": 1,
        "metrics": {"audit": {"path": str(folder / "audit"), "key": {"env": "AUDIT_KEY"}, **settings}},
    }


def test_an_audit_is_read_and_written(tmp_path: Path) -> None:
    source = policy(tmp_path, anchor=str(tmp_path / "heads.jsonl"), fsync=True, anchor_every_s=30.0)
    pipeline = Pipeline.from_policy(source)

    assert isinstance(pipeline.recorder, MetricsRecorder)
    assert isinstance(pipeline.recorder.audit, AuditLog)
    assert pipeline.policy() == source
    assert Pipeline.from_policy(pipeline.policy()) == pipeline


def test_a_policy_is_recorded_when_it_is_first_used_and_not_when_it_is_only_read(tmp_path: Path) -> None:
    pipeline = Pipeline.from_policy(policy(tmp_path))
    assert isinstance(pipeline.recorder, MetricsRecorder)
    log = pipeline.recorder.audit
    assert log is not None
    assert log.flush()
    assert list(log.read()) == []

    for _ in range(2):
        pipeline.wrap(FakeLLM("hi"))("hello")
    log.close()

    (record,) = log.read()
    assert record["kind"] == "policy_loaded"
    assert len(record["facts"]["digest"]) == 64


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"key": "correct horse battery"}, r"metrics\.audit\.key: .*no place in a program or policy"),
        ({"key": {"env": "NO_SUCH_KEY"}}, r"metrics\.audit\.key\.env: .*NO_SUCH_KEY is not set"),
        ({"anchor_every_s": 0}, r"metrics\.audit\.anchor_every_s"),
    ],
)
def test_what_is_wrong_is_found_in_its_place(tmp_path: Path, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as refused:
        Pipeline.from_policy(policy(tmp_path, **settings))
    assert "horse" not in str(refused.value)


def test_a_key_from_a_function_has_no_place_in_a_policy(tmp_path: Path) -> None:
    recorder = MetricsRecorder(audit=AuditLog(tmp_path, key=lambda: "correct horse battery staple"))

    with pytest.raises(ConfigurationError, match=r"metrics\.audit.* has no place in a policy file"):
        Pipeline(recorder=recorder).policy()
