"""Amounts for single values of a key, keys several at once, and limits that yield to others."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard.errors import ConfigurationError
from genai_guard.limits import Limit
from genai_guard.limits.buckets import joined, split
from limits.books import Book

# --- Overrides ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("user", "admitted"), [("ann", 3), ("u-42", 7), ("vip", 50), (None, 3)])
def test_a_value_with_an_override_has_its_own_amount(user: Any, admitted: int) -> None:
    book = Book(Limit.requests(3, per="minute", by="user", overrides={"u-42": 7, "vip": None}))
    assert book.count(user=user) == admitted


def test_without_an_amount_only_the_values_named_are_limited() -> None:
    book = Book(Limit.tokens(None, per="minute", by="user", overrides={"u-42": 5}))
    assert book.count(user="ann", tokens=9) == 50
    assert book.count(user="u-42", tokens=1) == 5
    assert [level.capacity for user in ("ann", "u-42") for level in book.limiter.peek(user=user)] == [None, 5]


def test_settling_extending_and_waiting_go_by_the_override() -> None:
    book = Book(Limit.usd(1, per="day", by="user", overrides={"u-42": 3}))
    ticket = book.limiter.reserve(user="u-42", usd=2)
    assert book.limiter.extend(ticket, usd=1)
    assert book.refusal(user="u-42", usd=3.5).retry_after_s is None
    book.limiter.settle(ticket, usd=2.5)
    assert book.used(user="u-42") == [2.5]


def test_an_override_of_a_long_key_is_found() -> None:
    book = Book(Limit.requests(1, per="minute", by="user", overrides={"x" * 500: 4}))
    assert book.count(user="x" * 500) == 4


# --- Several keys at once -------------------------------------------------------------------------------


def test_each_combination_of_keys_is_counted_by_itself() -> None:
    book = Book(Limit.requests(2, per="minute", by=("tenant", "model")))
    assert book.count(tenant="acme", model="small") == 2
    assert book.count(tenant="acme", model="large") == 2
    assert book.count(tenant="umbrella", model="small") == 2
    assert book.count() == book.count(model="small") == 2
    assert book.limiter.keys == {"tenant", "model"}


texts = st.text(max_size=200) | st.sampled_from(["", ":", "1:1:", "a\0", ":" * 3, "\ud800"])


@given(st.lists(texts, min_size=2, max_size=3), st.lists(texts, min_size=2, max_size=3))
def test_no_two_combinations_share_a_bucket(first: list[str], second: list[str]) -> None:
    names = ["a", "b", "c"][: len(first)]
    if len(first) == len(second):
        keys = [joined(names, dict(zip(names, values, strict=True))) for values in (first, second)]
        assert (keys[0] == keys[1]) == (first == second)


@given(st.lists(st.text(max_size=20), min_size=2, max_size=3))
def test_a_bucket_shows_the_values_it_is_made_of(values: list[str]) -> None:
    names = ["a", "b", "c"][: len(values)]
    bucket = joined(names, dict(zip(names, values, strict=True)))
    assert split(bucket, len(names)) == (values if any(values) else [""])


def test_a_combination_is_reset_when_all_of_its_keys_are_given() -> None:
    book = Book(Limit.requests(2, per="minute", by=("tenant", "model")), Limit.requests(3, per="minute", by="tenant"))
    book.count(tenant="acme", model="small")
    book.limiter.reset(tenant="acme")
    assert book.used(tenant="acme", model="small") == [2, 0]
    book.limiter.reset(tenant="acme", model="small")
    assert book.used(tenant="acme", model="small") == [0, 0]


# --- Precedence -----------------------------------------------------------------------------------------


def hierarchy() -> Book:
    """A limit for a user beats that for the group, which beats the default."""
    return Book(
        Limit.requests(None, per="minute", by="user", overrides={"u-42": 9, "vip": None}, name="users"),
        Limit.requests(None, per="minute", by="group", overrides={"gold": 5}, unless="users", name="groups"),
        Limit.requests(2, per="minute", by="user", unless=["users", "groups"], name="default"),
    )


@pytest.mark.parametrize(
    ("caller", "admitted"),
    [
        ({"user": "u-42", "group": "gold"}, 9),
        ({"user": "vip", "group": "gold"}, 50),
        ({"user": "ann", "group": "gold"}, 5),
        ({"user": "ann", "group": "silver"}, 2),
        ({"user": "ann"}, 2),
        ({}, 2),
    ],
)
def test_user_beats_group_beats_default(caller: dict[str, str], admitted: int) -> None:
    assert hierarchy().count(**caller) == admitted


def test_a_group_shares_its_limit_and_those_who_are_exempt_do_not_use_it() -> None:
    book = hierarchy()
    assert book.count(user="u-42", group="gold") == 9
    assert book.count(3, user="ann", group="gold") == 3
    assert book.refusal(user="bob", group="gold", requests=3).limits == ("groups",)
    assert book.count(user="bob", group="gold") == 2


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ([Limit.requests(1, per="day", unless="users")], "the name of a limit before it: none"),
        (
            [Limit.requests(1, per="day", unless="b"), Limit.requests(1, per="hour", by="user", name="b")],
            "a limit before it",
        ),
        (
            [Limit.requests(1, per="hour", by="user", name="b"), Limit.requests(1, per="day", unless="b")],
            "without overrides",
        ),
    ],
)
def test_a_limit_yields_to_one_before_it_that_has_overrides(limits: list[Limit], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Book(*limits)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"overrides": {"u": 0}}, "overrides=0.*whole number"),
        ({"overrides": {"u": 1.5}}, "overrides=1.5"),
        ({"overrides": {"": 1}}, "not empty"),
        ({"overrides": {5: 1}}, "strings"),
        ({"overrides": ["u"]}, "must map"),
        ({"overrides": {"u": 1}, "by": None}, "need one key"),
        ({"overrides": {"u": 1}, "by": ("user", "model")}, "need one key"),
        ({"unless": ""}, "name of another limit"),
        ({"unless": 5}, "name of another limit"),
        ({"amount": None}, "without overrides"),
    ],
)
def test_overrides_that_make_no_sense_are_refused(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Limit.requests(**{"amount": 5, "per": "minute", "by": "user", **parameters})


def test_a_long_value_among_several_keys_is_kept_as_its_digest() -> None:
    book = Book(Limit.requests(1, per="minute", by=("tenant", "user")))
    assert book.count(tenant="acme", user="x" * 10**6) == 1
    assert book.count(tenant="acme", user="x" * (10**6 + 1)) == 1
    (row, _other) = book.limiter.usage()
    tenant, user = row.key.split(", ")
    assert tenant == "acme"
    assert len(user) == 34
