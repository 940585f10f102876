"""Feedback in policy files."""

from __future__ import annotations

from typing import Any

import pytest

from genai_guard import ConfigurationError, MetricsRecorder, Pipeline
from genai_guard.recording import Redactor
from genai_guard.recording.feedback import MemoryFeedbackStore, SqliteFeedbackStore

STORE = MemoryFeedbackStore(max_entries=7)


def told(feedback: object) -> None:
    """Listen."""
    del feedback


@pytest.mark.parametrize(
    ("store", "written"),
    [
        (SqliteFeedbackStore("f.sqlite", timeout_s=1.5), {"kind": "sqlite", "path": "f.sqlite", "timeout_s": 1.5}),
        (MemoryFeedbackStore(), {"kind": "memory"}),
        (
            SqliteFeedbackStore("f.sqlite", redact=Redactor(max_chars=100)),
            {"kind": "sqlite", "path": "f.sqlite", "redact": {"max_chars": 100}},
        ),
    ],
)
def test_a_store_of_feedback_comes_back_from_a_policy(store: Any, written: dict[str, Any]) -> None:
    pipeline = Pipeline(recorder=MetricsRecorder(feedback=store))
    policy = pipeline.policy()

    assert policy["metrics"] == {"feedback": written}
    assert Pipeline.from_policy(policy).recorder == pipeline.recorder


def test_a_listener_and_a_store_of_the_users_own_are_import_references() -> None:
    here = __name__
    policy = {"version": 1, "metrics": {"feedback": f"{here}:STORE", "on_feedback": f"{here}:told"}}
    recorder = Pipeline.from_policy(policy).recorder

    assert isinstance(recorder, MetricsRecorder)
    assert recorder.feedback_store is STORE
    assert recorder.on_feedback is told


@pytest.mark.parametrize(
    ("feedback", "message"),
    [
        ({"kind": "sqlite"}, r"metrics\.feedback\.path: is missing"),
        ({"kind": "sqlite", "path": ""}, r"metrics\.feedback\.path: .*must be the path of a file"),
        ({"kind": "memory", "max_entries": 0}, r"metrics\.feedback\.max_entries"),
        ({"kind": "sqllite", "path": "f"}, "sqlite"),
        ("policy.test_feedback:told", "must name a store of feedback"),
    ],
)
def test_mistakes_are_named_with_their_place(feedback: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Pipeline.from_policy({"version": 1, "metrics": {"feedback": feedback}})
