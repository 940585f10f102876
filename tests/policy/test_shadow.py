from __future__ import annotations

from typing import Any

import pytest

from genai_guard import ConfigurationError, Limit, Pipeline
from genai_guard.routing.shadow import Shadow


def policy(**settings: Any) -> dict[str, Any]:
    return {"version": 1, "shadow": {"name": "large", "params": {"model": "large"}, **settings}}


def test_a_shadow_is_read_and_written() -> None:
    source = policy(sample=0.1, limits=[{"requests": 5, "per": "day"}], compare=["similarity"], recorder={})
    pipeline = Pipeline.from_policy(source)

    assert pipeline.shadow is not None
    assert pipeline.shadow.limits == (Limit.requests(5, per="day"),)
    assert pipeline.policy() == source
    assert Pipeline.from_policy(pipeline.policy()) == pipeline


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sample": 5}, r"shadow\.sample: Shadow\('large'\): sample=5\.0 must be a number from 0 to 1"),
        ({"params": {}}, r"shadow\.params: Shadow\('large'\): give it a target or params"),
        ({"compare": ["length"]}, r"shadow\.compare\[0\]: must be one of \"length_chars\""),
        ({"limits": [{"usd": 5}]}, r"shadow\.limits\[0\]\.per: is missing"),
    ],
)
def test_what_is_wrong_is_found_in_its_place(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Pipeline.from_policy(policy(**settings))


def test_a_function_without_an_import_reference_has_no_place() -> None:
    with pytest.raises(ConfigurationError, match=r"shadow\.target: .* has no place in a policy file"):
        Pipeline(shadow=Shadow("large", target=lambda prompt: prompt)).policy()
