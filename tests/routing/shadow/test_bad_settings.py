"""What no shadow can be made of is refused, with what would do."""

from __future__ import annotations

from typing import Any

import pytest

from calls import target
from genai_guard import ConfigurationError, Limit, MetricsRecorder, Pipeline
from genai_guard.routing.shadow import Shadow

CHUNKS = ["The sea ", "is blue ", "and wide."]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": "a:b"}, "must consist of letters"),
        ({"params": {}}, "give it a target or params"),
        ({"params": {"no name": 1}}, "cannot be the name of a keyword"),
        ({"target": "x"}, "target must be callable"),
        ({"sample": 5}, "sample=5 must be a number from 0 to 1; 10 % is 0.1"),
        ({"by": "a b"}, "by='a b' must consist"),
        ({"salt": "a:b"}, "salt='a:b' must consist"),
        ({"max_concurrent": 0}, "max_concurrent=0 must be a whole number above 0"),
        ({"deadline_s": 0}, "deadline_s=0 must be a number of seconds above 0"),
        ({"limits": Limit.requests(1, per="day")}, "limits must be a list of limits"),
        ({"limits": ["x"]}, "limits must be a list of limits"),
        ({"compare": ["length"]}, "must be a list of some of length_chars, latency_ms"),
        ({"compare": "similarity"}, "must be a list of some of"),
        ({"comparer": 1}, "comparer must be a function"),
        ({"on_result": 1}, "on_result must be a function"),
        ({"recorder": 1}, "recorder must be a MetricsRecorder of its own"),
        ({"enabled": 1}, "enabled=1 must be True or False"),
    ],
)
def test_what_cannot_work_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Shadow(**{"name": "large", "params": {"model": "large"}, **settings})


def test_a_target_of_another_kind_is_refused_when_wrapped() -> None:
    with pytest.raises(ConfigurationError, match=r"Shadow\('large'\): its target must be asynchronous, as .* is"):
        Pipeline(shadow=Shadow("large", target=target("def", CHUNKS)))(target("async def", CHUNKS))


def test_a_parameter_that_the_function_does_not_take_is_refused_when_wrapped() -> None:
    with pytest.raises(ConfigurationError, match=r"Shadow\('large'\) sets model, which .* does not take"):
        Pipeline(shadow=Shadow("large", params={"model": "large"}))(target("def", CHUNKS))


def test_a_budget_without_prices_is_refused_when_wrapped() -> None:
    shadow = Shadow("large", target=target("def", CHUNKS), limits=[Limit.usd(1, per="day")])
    with pytest.raises(ConfigurationError, match="a limit of usd counts nothing without prices"):
        Pipeline(shadow=shadow)(target("def", CHUNKS))


def test_the_recorder_of_the_pipeline_is_refused() -> None:
    recorder = MetricsRecorder()
    with pytest.raises(ConfigurationError, match="its recorder must be another one"):
        Pipeline(recorder=recorder, shadow=Shadow("large", params={"model": "large"}, recorder=recorder))


def test_only_a_shadow_will_do() -> None:
    with pytest.raises(ConfigurationError, match="takes a Shadow, not str"):
        Pipeline(shadow="large")  # type: ignore[arg-type]


def test_shadows_of_equal_settings_are_equal() -> None:
    assert Shadow("large", params={"model": "large"}) == Shadow("large", params={"model": "large"})
    assert Shadow("large", params={"model": "large"}) != Shadow("large", params={"model": "huge"})
    assert len({Shadow("large", params={"model": "large"}), Shadow("large", params={"model": "large"})}) == 1
