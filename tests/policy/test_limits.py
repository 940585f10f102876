"""Limits of every kind in policy files."""

from __future__ import annotations

from typing import Any

import pytest

from genai_guard import Limit, Pipeline, RateLimiter
from genai_guard.errors import ConfigurationError

ENTRIES: list[tuple[dict[str, Any], Limit]] = [
    ({"requests": 60, "per": "minute"}, Limit.requests(60, per="minute")),
    (
        {"requests": None, "per": "minute", "by": "user", "overrides": {"u": 5, "v": None}},
        Limit.requests(None, per="minute", by="user", overrides={"u": 5, "v": None}),
    ),
    (
        {"input_tokens": 9, "per": "month", "by": ["tenant", "model"], "calendar": True, "timezone": "Asia/Tokyo"},
        Limit.input_tokens(9, per="month", by=("tenant", "model"), calendar=True, timezone="Asia/Tokyo"),
    ),
    ({"output_tokens": 9, "per": "hour"}, Limit.output_tokens(9, per="hour")),
    ({"usd": 0.5, "per": "day"}, Limit.usd(0.5, per="day")),
    ({"usd": 7.0, "per": "day", "calendar": False, "by": "user"}, Limit.usd(7, per="day", calendar=False, by="user")),
    ({"concurrent": 8, "by": "user", "lease_s": 30.0}, Limit.concurrent(8, by="user", lease_s=30)),
]


@pytest.mark.parametrize(("entry", "limit"), ENTRIES)
def test_a_limit_is_read_and_written(entry: dict[str, Any], limit: Limit) -> None:
    pipeline = Pipeline.from_policy({"version": 1, "limits": [entry]})
    assert pipeline == Pipeline(limiter=RateLimiter(limit))
    assert pipeline.policy()["limits"] == [entry]
    assert Pipeline.from_policy(pipeline.policy()) == pipeline


def test_limits_that_yield_to_others_are_read_and_written() -> None:
    limits = [
        {"requests": None, "per": "minute", "by": "user", "overrides": {"u": 5}, "name": "named"},
        {"requests": 3, "per": "minute", "by": "user", "unless": ["named"], "name": "others"},
    ]
    assert Pipeline.from_policy({"version": 1, "limits": limits}).policy()["limits"] == limits


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"usd": 5, "per": "day", "timezone": "Europe/Berln"}, "did you mean 'Europe/Berlin'"),
        ({"usd": 5, "per": "day", "overrides": {"a": 1}}, "need one key"),
        ({"usd": "much", "per": "day"}, r"limits\[0\].usd: must be a number"),
        ({"usd": 0, "per": "day"}, "dollars above zero"),
        ({"concurrent": 5, "per": "day"}, r"limits\[0\].per: unknown field"),
        ({"requests": 5, "per": "minute", "calendar": True, "burst": 3}, "whole amount at once"),
        ({"tokens": 5, "per": "minute", "unless": "x"}, "the name of a limit before it"),
        ({"dollars": 5, "per": "day"}, "has none of"),
    ],
)
def test_a_mistake_is_named_with_the_remedy(entry: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Pipeline.from_policy({"version": 1, "limits": [entry]})
