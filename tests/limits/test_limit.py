"""What can be limited, and what cannot."""

from __future__ import annotations

import math
import pickle
from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest

from genai_guard.errors import ConfigurationError
from genai_guard.limits import Gcra, Limit, Ring


@pytest.mark.parametrize(
    ("limit", "name", "text"),
    [
        (Limit.requests(60, per="minute"), "60 requests/minute", "Limit.requests(60, per='minute')"),
        (Limit.requests(1, per="second"), "1 request/second", "Limit.requests(1, per='second')"),
        (
            Limit.requests(10, per="minute", by="user", burst=3),
            "10 requests/minute by user",
            "Limit.requests(10, per='minute', by='user', burst=3)",
        ),
        (
            Limit.tokens(100_000, per="day", by="team", mode="shadow", on_error="allow", name="team quota"),
            "team quota",
            "Limit.tokens(100000, per='day', by='team', mode='shadow', on_error='allow', name='team quota')",
        ),
    ],
)
def test_a_limit_names_itself_and_its_repr_builds_it_again(limit: Limit, name: str, text: str) -> None:
    assert limit.name == name
    assert repr(limit) == text
    assert eval(text) == limit


def test_equal_limits_are_equal_and_hash_alike() -> None:
    assert Limit.tokens(5, per="hour") == Limit(unit="tokens", amount=5, per="hour", name="5 tokens/hour")
    assert len({Limit.tokens(5, per="hour"), Limit.tokens(5, per="hour"), Limit.requests(5, per="hour")}) == 2


def test_a_limit_is_frozen_and_survives_a_pickle() -> None:
    limit = Limit.requests(60, per="minute")
    with pytest.raises(FrozenInstanceError):
        limit.amount = 61  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(limit)) == limit
    assert replace(limit, mode="shadow").mode == "shadow"


def test_the_unit_decides_how_it_is_counted() -> None:
    assert Limit.requests(6, per="minute", burst=2).machine == Gcra(6, 60 * 10**9, 2)
    assert Limit.requests(6, per="second").machine == Gcra(6, 10**9, 6)
    assert Limit.tokens(6, per="hour").machine == Ring(6, 3_600 * 10**9)
    assert Limit.tokens(6, per="day").machine == Ring(6, 86_400 * 10**9)


@pytest.mark.parametrize("wrong", [0, -1, 1.5, 60.0, math.nan, math.inf, "60", None, True, 10**12 + 1])
@pytest.mark.parametrize("name", ["amount", "burst"])
def test_an_amount_is_a_whole_number_above_zero(name: str, wrong: Any) -> None:
    if name == "burst" and wrong is None:
        return
    with pytest.raises(ConfigurationError, match=rf"Limit\({name}=.*whole number from 1 to 10\*\*12"):
        Limit.requests(**{"amount": 60, "per": "minute", name: wrong})


def test_a_float_that_is_whole_is_told_what_to_write() -> None:
    with pytest.raises(ConfigurationError, match=r"such as 60$"):
        Limit.requests(60.0, per="minute")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"per": "week"}, "per='week'.*'second', 'minute', 'hour', 'day', 'month'"),
        ({"per": None}, "per=None.*'minute'"),
        ({"per": ["minute"]}, "per=.*'minute'"),
        ({"unit": "dollars"}, "unit='dollars'.*'requests', 'tokens'"),
        ({"mode": "off"}, "mode='off'.*'enforce', 'shadow'"),
        ({"on_error": "ignore"}, "on_error='ignore'.*'block', 'allow'"),
        ({"by": ""}, "by=''.*'user'"),
        ({"by": 7}, "by=7.*'user'"),
        ({"by": "tokens"}, "by='tokens'.*another name"),
        ({"name": 7}, "name=7.*string"),
        ({"unit": "tokens", "burst": 5}, "burst=5.*only requests"),
    ],
)
def test_a_parameter_that_cannot_be_is_refused_with_the_remedy(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Limit(**{"unit": "requests", "amount": 60, "per": "minute", **parameters})
