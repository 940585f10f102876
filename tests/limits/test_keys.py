"""Whose usage is counted together."""

from __future__ import annotations

from typing import Any

import pytest

from genai_guard.errors import ConfigurationError, RateLimited
from genai_guard.limits import Limit, RateLimiter


def refused(limiter: RateLimiter, **asked: Any) -> RateLimited:
    with pytest.raises(RateLimited) as caught:
        limiter.reserve(**asked)
    return caught.value


def by_user(amount: int = 1) -> RateLimiter:
    return RateLimiter(Limit.requests(amount, per="minute", by="user"), clock=lambda: 0)


def test_callers_without_the_key_share_one_bucket() -> None:
    limiter = by_user(3)
    limiter.reserve()
    limiter.reserve(user=None)
    limiter.reserve(user="", tenant="acme")
    refused(limiter)
    assert limiter.reserve(user="ann").open


def test_a_number_and_its_digits_are_one_user() -> None:
    limiter = by_user(2)
    limiter.reserve(user=42)
    limiter.reserve(user="42")
    assert refused(limiter, user=42).retry_after_s == 30


class Name(str):
    __slots__ = ()

    def __str__(self) -> str:
        return "somebody else"


def test_a_kind_of_string_is_the_string_it_holds() -> None:
    limiter = by_user()
    limiter.reserve(user="ann")
    assert refused(limiter, user=Name("ann")).retry_after_s == 60


@pytest.mark.parametrize("key", [1.5, True, b"ann", ["ann"], 2**128, float("nan"), object()])
def test_a_key_of_another_type_is_refused_without_its_value(key: object) -> None:
    with pytest.raises(ConfigurationError, match=r"^user= takes a string or an integer, not \w+$"):
        by_user().reserve(user=key)


def test_a_key_that_no_limit_goes_by_makes_no_difference() -> None:
    assert by_user().reserve(user="ann", tenant=object(), self="x", ticket="y").open


@pytest.mark.parametrize("key", ["a|b", "a:b\x00", "\ud800", "é" * 128, "x" * 10**6, "\udfff" * 200])
def test_any_string_is_a_key(key: str) -> None:
    limiter = by_user()
    limiter.reserve(user=key)
    refused(limiter, user=key)
    assert limiter.reserve(user=f"{key}.").open


def test_a_long_key_is_kept_as_its_digest() -> None:
    limiter = by_user()
    limiter.reserve(user="x" * 10**6)
    store: Any = limiter.store
    (lane,) = store._lanes.values()
    assert [type(key) for key in lane.states] == [bytes]
    assert len(next(iter(lane.states))) == 16


def test_a_tag_and_a_user_of_the_same_name_are_two() -> None:
    limiter = RateLimiter(
        Limit.requests(1, per="minute", by="user"), Limit.requests(1, per="minute", by="team"), clock=lambda: 0
    )
    limiter.reserve(user="ann", team="bob")
    limiter.reserve(user="bob", team="ann")
    assert refused(limiter, user="ann", team="cho").limits == ("1 request/minute by user",)
