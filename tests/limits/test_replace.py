"""Limits that are changed while calls are made."""

from __future__ import annotations

import sys
from threading import Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard.errors import ConfigurationError
from genai_guard.limits import Gcra, Limit, RateLimiter
from limits.books import Book

BUILDS: list[Any] = [
    (lambda amount: Limit.requests(amount, per="hour", by="user"), {}),
    (lambda amount: Limit.requests(amount, per="day", by="user", calendar=True), {}),
    (lambda amount: Limit.tokens(amount, per="hour", by="user"), {"tokens": 1}),
    (lambda amount: Limit.usd(amount, per="day", by="user"), {"usd": 1}),
    (lambda amount: Limit.concurrent(amount, by="user"), {}),
]


@pytest.mark.parametrize(("build", "asked"), BUILDS)
@pytest.mark.parametrize(("before", "after", "more"), [(10, 15, 5), (15, 10, 0), (10, 10, 0), (20, 7, 0)])
def test_what_was_used_is_used_still(build: Any, asked: dict[str, Any], before: int, after: int, more: int) -> None:
    book = Book(build(before))
    used = book.count(user="ann", **asked)
    book.limiter.replace(build(after))
    assert book.used(user="ann") == [used]
    assert book.count(user="ann", **asked) == more
    assert book.count(user="bob", **asked) == after


@given(st.integers(1, 10**6), st.integers(1, 10**6), st.integers(1, 1_000), st.integers(0, 10**11))
def test_a_rate_that_is_changed_keeps_the_units_and_forgives_none(old: int, new: int, cost: int, later: int) -> None:
    first, second = Gcra(old, 60 * 10**9, 1_000), Gcra(new, 60 * 10**9, 1_000)
    state = first.reserve(None, 10**15, cost)
    assert state is not None
    now = 10**15 + later
    used = first.used(state, now)
    assert used <= second.used(second.decode(first.encode(state), now), now) <= used + 1
    assert first.decode(first.encode(state), now) == state


def test_a_call_in_flight_is_settled_in_what_took_the_place_of_its_limits() -> None:
    book = Book(Limit.tokens(100, per="minute"), Limit.usd(1, per="day"), Limit.concurrent(3))
    ticket = book.limiter.reserve(tokens=80, usd=0.5)
    book.limiter.replace(Limit.usd(2, per="day"), Limit.tokens(200, per="minute"))
    book.limiter.replace(Limit.tokens(300, per="minute"), Limit.usd(3, per="day"))
    assert book.limiter.extend(ticket, tokens=10)
    assert book.used() == [90, 0.5]
    assert book.limiter.settle(ticket, tokens=20, usd=0.1)
    assert not book.limiter.settle(ticket, tokens=0)
    assert book.used() == [20, 0.1]


def test_a_mode_may_change_and_twins_are_told_apart_by_their_order() -> None:
    book = Book(Limit.requests(5, per="hour"), Limit.requests(8, per="hour", mode="shadow"))
    book.count(4)
    book.limiter.replace(Limit.requests(6, per="hour"), Limit.requests(9, per="hour", burst=4))
    assert book.used() == [4, 4]


def test_a_limit_with_a_name_is_known_by_it() -> None:
    book = Book(Limit.requests(5, per="hour", name="a"), Limit.requests(6, per="hour", burst=4, name="b"))
    book.count(3)
    book.limiter.replace(
        Limit.requests(6, per="hour", burst=4, name="b"), Limit.requests(7, per="hour", burst=3, name="c")
    )
    assert book.used() == [3, 0]


def test_what_no_limit_needs_any_more_is_forgotten() -> None:
    book = Book(Limit.requests(5, per="hour", by="user"))
    for amount in range(6, 60):
        book.admits(user=amount)
        book.limiter.replace(Limit.requests(amount, per="hour", by="user"))
    store: Any = book.store
    assert len(store._lanes) == 1
    assert len(book.store) == 54


def test_another_limiter_of_the_store_keeps_its_limits() -> None:
    book = Book(Limit.requests(5, per="hour"))
    other = RateLimiter(Limit.requests(5, per="hour"), store=book.store)
    book.count(3)
    book.limiter.replace(Limit.requests(9, per="hour"))
    assert book.used() == [level.used for level in other.peek()] == [3]
    book.count(2)
    assert [level.used for level in other.peek()] == [3]


def test_limits_that_make_no_sense_change_nothing() -> None:
    book = Book(Limit.requests(5, per="hour"))
    with pytest.raises(ConfigurationError):
        book.limiter.replace()
    assert book.limiter.limits == (Limit.requests(5, per="hour"),)
    assert book.count() == 5


def test_the_keys_and_needs_of_a_limiter_are_those_of_its_limits() -> None:
    book = Book(Limit.requests(5, per="hour", by="user"))
    assert book.limiter.keys == frozenset({"user"})
    assert not book.limiter.needs_parts
    book.limiter.replace(Limit.usd(5, per="day", by=("tenant", "model")))
    assert book.limiter.keys == frozenset({"tenant", "model"})
    assert book.limiter.needs_parts


def test_calls_go_on_while_limits_are_replaced() -> None:
    limits = [
        (Limit.requests(10**6, per="hour", by="user"), Limit.usd(10**5, per="day")),
        (Limit.requests(10**6 + 1, per="hour"), Limit.concurrent(10**6, by=("tenant", "model"))),
    ]
    limiter = RateLimiter(*limits[0])
    errors: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(500):
                assert limiter.settle(limiter.reserve(user="ann", tenant="t", model="m", usd=0.1), usd=0.1)
        except BaseException as error:  # noqa: BLE001
            errors.append(error)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for turn in range(50):
            limiter.replace(*limits[turn % 2])
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert errors == []
