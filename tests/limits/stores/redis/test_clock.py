"""The server's clock is the only one, and when it steps back nobody gains by it."""

from __future__ import annotations

import time
from typing import Any

import pytest

from genai_guard.limits import Limit
from limits.books import Book

pytestmark = pytest.mark.usefixtures("books")

LIMITS = [
    Limit.requests(5, per="minute"),
    Limit.tokens(5, per="minute"),
    Limit.tokens(5, per="hour", calendar=True),
    Limit.requests(5, per="minute", calendar=True),
    Limit.usd(5, per="day", calendar=False),
    Limit.concurrent(5, lease_s=60),
]


@pytest.mark.parametrize("limit", LIMITS, ids=repr)
@pytest.mark.parametrize("step_s", [1, 61, 3_600, 90_000])
def test_a_clock_that_steps_back_admits_no_more(limit: Limit, step_s: int) -> None:
    book = Book(limit)
    assert book.count(tokens=1, usd=1) == 5
    book.wait(-step_s)
    assert book.count(tokens=1, usd=1) == 0
    book.wait(step_s)
    assert book.count(tokens=1, usd=1) == 0


@pytest.mark.parametrize("limit", LIMITS, ids=repr)
def test_what_was_reserved_before_a_step_back_can_be_settled_after_it(limit: Limit) -> None:
    book = Book(limit)
    tickets = [book.limiter.reserve(tokens=1, usd=1) for _ in range(5)]
    book.wait(-7)
    for ticket in tickets:
        assert book.limiter.settle(ticket, tokens=0, usd=0)
    assert book.count(tokens=1, usd=1) == (0 if limit.unit == "requests" else 5)


@pytest.mark.parametrize("lead_s", [-100_000, -70, 70, 100_000])
def test_a_client_whose_clock_is_wrong_gains_nothing(monkeypatch: pytest.MonkeyPatch, lead_s: float) -> None:
    book = Book(Limit.requests(5, per="minute"), Limit.tokens(5, per="hour", calendar=True), Limit.usd(9, per="day"))
    assert book.count(tokens=1, usd=1) == 5
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + lead_s)
    assert book.count(tokens=1, usd=1) == 0


def test_a_period_that_begins_between_two_calls_is_the_server_s_to_tell() -> None:
    book = Book(Limit.tokens(5, per="second", calendar=True), Limit.usd(9, per="day"))
    for _ in range(4):
        assert book.count(tokens=1) == 5
        book.wait(1)
    for seconds in (3_600, 86_400 * 40, 0.5):
        book.wait(seconds)
        ticket: Any = book.limiter.reserve(tokens=2, usd=1)
        book.wait(3)
        assert book.limiter.extend(ticket, tokens=1)
        book.wait(3)
        assert book.limiter.settle(ticket, tokens=2, usd=1)
