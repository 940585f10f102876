"""The alert for thumbs down: enough of them, and not by chance, of all calls or of a variant."""

from __future__ import annotations

from typing import Any

import pytest

from genai_guard import ConfigurationError, MetricsRecorder, Pipeline
from genai_guard.recording import Alert, ThumbsDownRate
from genai_guard.recording.alert_rules import unwritten
from genai_guard.routing import Assignment
from genai_guard.routing.experiment import Reason
from recorders import Clock, call, recorder


def thumbs(made: MetricsRecorder, variant: str, *, up: int = 0, down: int = 0) -> None:
    """Record calls of a variant, each with a thumb."""
    assignment = Assignment("tone", variant, {}, reason=Reason.SPLIT)
    for number, way in enumerate(["up"] * up + ["down"] * down):
        name = f"{variant}-{number}"
        made.record(call(request_id=name, assignments=(assignment,)))
        made.feedback(name, thumbs=way)  # type: ignore[arg-type]


def firing(made: MetricsRecorder) -> list[str]:
    return [event.message for event in made.alerts() if event.state == "firing"]


@pytest.mark.parametrize(
    ("up", "down", "fires"),
    [
        (0, 4, False),  # too few
        (7, 3, False),  # three of ten are likely with one in five
        (50, 50, True),
        (80, 20, False),
    ],
)
def test_it_fires_when_the_share_is_too_high_with_certainty(up: int, down: int, fires: bool) -> None:
    made = recorder(Clock(), alerts=[Alert.thumbs_down_rate(above=0.2, min_thumbs=5)])
    thumbs(made, "a", up=up, down=down)

    assert bool(firing(made)) is fires


def test_it_goes_by_variant_and_forgets_with_the_window() -> None:
    clock = Clock()
    made = recorder(clock, alerts=[Alert.thumbs_down_rate(above=0.2, by="variant", window_s=600, min_thumbs=30)])
    thumbs(made, "a", up=30)
    thumbs(made, "b", up=10, down=20)

    (event,) = made.alerts()
    assert dict(event.labels) == {"variant": "b"}
    assert event.value == pytest.approx(2 / 3)
    assert event.message == "20 of 30 thumbs were down in the last 600 s"
    clock.now_s += 661
    assert firing(made) == []
    assert made.flush(timeout_s=60)


def test_a_thumb_that_is_taken_back_does_not_count() -> None:
    made = recorder(Clock(), alerts=[ThumbsDownRate(above=0.2, where={"variant": "a"}, confidence=None)])
    thumbs(made, "b", down=30)
    thumbs(made, "a", up=7, down=3)
    assert firing(made) != []

    made.feedback("a-9", withdraw="thumbs")
    made.feedback("a-8", thumbs="up")
    assert firing(made) == []


def test_somebody_is_told_though_no_call_comes_any_more() -> None:
    told: list[Any] = []
    made = recorder(Clock(), alerts=[ThumbsDownRate(above=0.2)], on_alert=told.append)
    for number in range(20):
        made.feedback(f"late-{number}", thumbs="down")

    assert made.flush(timeout_s=60)
    assert [event.name for event in told] == ["thumbs_down_rate_above_0.2"]


def test_feedback_wakes_those_who_watch() -> None:
    clock = Clock()
    made = recorder(clock, alerts=[ThumbsDownRate(above=0.2, confidence=None, min_thumbs=1)])
    made.feedback("late", thumbs="down")

    watcher = next(each for each in made._workers if each.name == "alerts")
    assert watcher.flush(until_s=float("inf"))
    assert made._desk._board.firing


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"above": 1.0}, "above"),
        ({"above": 0.2, "window_s": 30}, "window_s"),
        ({"above": 0.2, "window_s": 1e9}, "window_s"),
        ({"above": 0.2, "min_thumbs": 0}, "min_thumbs"),
        ({"above": 0.2, "confidence": 1.0}, "confidence"),
    ],
)
def test_wrong_settings_are_refused(settings: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        ThumbsDownRate(**settings)


def test_a_policy_has_it_and_prometheus_has_no_rule_for_it() -> None:
    alert = ThumbsDownRate(above=0.2, by="variant", min_thumbs=20)
    pipeline = Pipeline(recorder=MetricsRecorder(alerts=[alert]))

    policy = pipeline.policy()
    assert policy["metrics"]["alerts"] == [
        {"alert": "thumbs_down_rate", "above": 0.2, "min_thumbs": 20, "by": ["variant"]}
    ]
    assert Pipeline.from_policy(policy).recorder == pipeline.recorder
    assert isinstance(pipeline.recorder, MetricsRecorder)
    assert unwritten(pipeline.recorder) == (alert.name,)
