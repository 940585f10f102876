"""Everything that can be counted, in a limiter."""

from __future__ import annotations

import pickle
from decimal import Decimal
from typing import Any

import pytest

from genai_guard.errors import BudgetExceeded, ConfigurationError, RateLimited
from genai_guard.limits import Limit, Ticket
from genai_guard.limits.units import money
from limits.books import DAY, SECOND, Book


def test_input_and_output_are_counted_apart_and_together() -> None:
    book = Book(
        Limit.input_tokens(100, per="minute"), Limit.output_tokens(50, per="minute"), Limit.tokens(120, per="minute")
    )
    ticket = book.limiter.reserve(input_tokens=60, output_tokens=40)
    assert book.used() == [60, 40, 100]
    assert book.refusal(input_tokens=41).limits == ("100 input tokens/minute", "120 tokens/minute")
    book.limiter.settle(ticket, input_tokens=60, output_tokens=5)
    assert book.used() == [60, 5, 65]


def test_figures_that_are_not_known_stay_as_they_were_reserved() -> None:
    book = Book(
        Limit.input_tokens(100, per="minute"), Limit.output_tokens(50, per="minute"), Limit.tokens(120, per="minute")
    )
    book.limiter.settle(book.limiter.reserve(input_tokens=60, output_tokens=40), output_tokens=5)
    assert book.used() == [60, 5, 100]


# --- Money ------------------------------------------------------------------------------------------


def test_a_budget_holds_what_a_call_may_cost_until_it_is_known_what_it_did() -> None:
    book = Book(Limit.usd(1, per="day", name="daily"))
    ticket = book.limiter.reserve(usd=0.6)
    error = book.refusal(usd=0.5)
    assert isinstance(error, BudgetExceeded)
    assert (error.budget, error.spent, error.cap, error.limits) == ("daily", 0.6, 1, ("daily",))
    book.limiter.settle(ticket, usd=0.123_456_789)
    assert book.used() == [0.123_456_789]
    assert book.admits(usd=0.876_543_211)
    assert not book.admits(usd=1e-9)


def test_dimes_add_up_to_a_dollar() -> None:
    assert Book(Limit.usd(1, per="day")).count(usd=0.1) == 10


@pytest.mark.parametrize(
    ("dollars", "nano"),
    [(0.1, 10**8), (1e-9, 1), (1e-10, 1), (0, 0), (0.29, 290_000_000), (Decimal("1.5"), 1_500_000_000), (7, 7 * 10**9)],
)
def test_money_is_kept_in_nano_dollars_rounded_up(dollars: Any, nano: int) -> None:
    assert money("usd", dollars) == nano


@pytest.mark.parametrize("wrong", [-0.1, float("nan"), float("inf"), Decimal("nan"), "1", None, True])
def test_a_cost_in_dollars_is_a_number_of_at_least_zero(wrong: Any) -> None:
    book = Book(Limit.usd(1, per="day"))
    with pytest.raises(ConfigurationError, match=r"^usd="):
        book.limiter.reserve(usd=wrong)
    ticket = book.limiter.reserve(usd=0.5)
    if wrong is not None:
        with pytest.raises(ConfigurationError, match=r"^usd="):
            book.limiter.settle(ticket, usd=wrong)
        assert ticket.open


def test_a_budget_that_never_fits_says_so() -> None:
    assert Book(Limit.usd(1, per="day")).refusal(usd=1.01).retry_after_s is None


def test_money_over_a_window_that_slides() -> None:
    book = Book(Limit.usd(1, per="day", calendar=False))
    book.limiter.settle(book.limiter.reserve(usd=0.9), usd=0.4)
    assert book.refusal(usd=0.7).retry_after_s == pytest.approx(86_400, rel=1 / 12)
    assert book.admits(usd=0.6)


def test_the_limit_that_takes_longest_decides_what_is_raised() -> None:
    book = Book(Limit.usd(1, per="day"), Limit.requests(1, per="minute"), Limit.requests(2, per="month", burst=1))
    book.limiter.reserve(usd=1)
    error = book.refusal(usd=1)
    assert isinstance(error, RateLimited)
    assert error.limit == "2 requests/month"
    assert {detail.limit: detail.retry_after_s for detail in error.details} == {
        "$1/calendar day": 3_600,
        "1 request/minute": 60,
        "2 requests/month": 15 * 86_400,
    }


def test_a_refusal_survives_a_pickle() -> None:
    book = Book(Limit.usd(1, per="day"))
    book.limiter.reserve(usd=1)
    error = book.refusal(usd=1)
    assert pickle.loads(pickle.dumps(error)).details == error.details


# --- Calendar -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "asked"),
    [
        (Limit.requests(3, per="day", calendar=True, timezone="Europe/Berlin"), {}),
        (Limit.tokens(3, per="day", calendar=True, timezone="Europe/Berlin"), {"tokens": 1}),
        (Limit.usd(3, per="day", timezone="Europe/Berlin"), {"usd": 1}),
    ],
)
def test_a_day_of_the_calendar_begins_at_its_midnight(limit: Limit, asked: dict[str, Any]) -> None:
    book = Book(limit)
    book.wall.now -= 60 * SECOND  # a minute before midnight in Berlin: the book begins at 23:00 UTC
    assert book.count(5, **asked) == 3
    assert book.refusal(**asked).retry_after_s == 60
    book.wait(60 - 1e-9)
    assert book.count(5, **asked) == 0
    book.wait(1e-9)
    assert book.count(5, **asked) == 3
    assert book.refusal(**asked).retry_after_s == 86_400


def test_rates_go_by_the_steady_clock_and_calendars_by_the_wall() -> None:
    book = Book(Limit.requests(2, per="minute"), Limit.requests(5, per="day", calendar=True))
    assert book.count() == 2
    book.wall.now += DAY
    assert book.used() == [2, 0]
    assert book.count() == 0
    book.clock.now += 60 * SECOND
    assert book.count() == 2


@pytest.mark.parametrize("step", [-3_600, 3_600, -86_400, 86_400])
def test_a_wall_clock_that_steps_away_and_back_admits_no_more_than_it_shows_days(step: int) -> None:
    book = Book(Limit.requests(5, per="day", calendar=True))
    admitted = book.count()
    book.wall.now += step * SECOND
    admitted += book.count()
    book.wall.now -= step * SECOND
    admitted += book.count()
    assert admitted == (10 if step > 0 else 5)


# --- Calls in flight ------------------------------------------------------------------------------------


def test_calls_in_flight_are_those_reserved_and_not_settled() -> None:
    book = Book(Limit.concurrent(2, by="user"))
    first, _second = book.limiter.reserve(user="ann"), book.limiter.reserve(user="ann")
    assert not book.admits(user="ann")
    assert book.admits(user="bob")
    assert book.limiter.settle(first)
    assert not book.limiter.settle(first)
    assert book.count(user="ann") == 1


def test_the_place_of_a_call_that_was_never_settled_is_taken_over() -> None:
    book = Book(Limit.concurrent(1, lease_s=30))
    lost = book.limiter.reserve()
    assert book.refusal().retry_after_s == 30
    book.wait(30)
    book.limiter.reserve()
    assert book.limiter.settle(lost)
    assert not book.admits()


def test_settling_with_unknown_figures_gives_the_place_back() -> None:
    book = Book(Limit.concurrent(1), Limit.tokens(10, per="minute"))
    book.limiter.settle(book.limiter.reserve(tokens=4))
    assert book.used() == [0, 4]


def test_what_is_no_call_takes_no_place() -> None:
    book = Book(Limit.concurrent(1))
    book.limiter.reserve(requests=0)
    assert book.used() == [0]


# --- Leases of budgets ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("on_expiry", "used"), [("charge", 0.6), ("release", 0)])
def test_what_a_budget_held_for_a_call_that_died_is_charged_or_released(on_expiry: Any, used: float) -> None:
    book = Book(Limit.usd(1, per="month", lease_s=60, on_expiry=on_expiry))
    ticket = book.limiter.reserve(usd=0.6)
    book.wait(60)
    assert book.used() == [used]
    book.limiter.settle(ticket, usd=0.1)
    assert book.used() == [used]


def test_a_cost_that_is_unknown_stays_held_until_the_lease_ends() -> None:
    book = Book(Limit.usd(1, per="month", lease_s=60, on_expiry="release"))
    book.limiter.settle(book.limiter.reserve(usd=0.6))
    assert book.used() == [0.6]
    book.wait(60)
    assert book.used() == [0]


# --- Extend -------------------------------------------------------------------------------------------


def test_a_stream_that_outgrows_its_estimate_reserves_more_in_every_limit_or_in_none() -> None:
    book = Book(Limit.output_tokens(100, per="minute"), Limit.tokens(60, per="minute"), Limit.requests(5, per="minute"))
    ticket = book.limiter.reserve(output_tokens=40)
    assert book.limiter.extend(ticket, output_tokens=20)
    before = book.used()
    with pytest.raises(RateLimited) as caught:
        book.limiter.extend(ticket, output_tokens=1)
    assert caught.value.limits == ("60 tokens/minute",)
    assert book.used() == before == [60, 60, 1]
    book.limiter.settle(ticket, output_tokens=50, tokens=50)
    assert book.used() == [50, 50, 1]


def test_each_part_of_a_reservation_is_given_back_where_it_was_taken() -> None:
    book = Book(Limit.tokens(100, per="minute"))
    ticket = book.limiter.reserve(tokens=40)
    book.wait(15)
    book.limiter.extend(ticket, tokens=50)
    book.limiter.settle(ticket, tokens=95)
    assert book.used() == [95]
    book.wait(50)  # the first part has left the window
    assert book.used() == [55]


def test_an_extended_call_that_used_little_gives_back_all_the_rest() -> None:
    book = Book(Limit.tokens(100, per="minute"), Limit.usd(1, per="day"))
    ticket = book.limiter.reserve(tokens=40, usd=0.5)
    book.wait(15)
    book.limiter.extend(ticket, tokens=50, usd=0.3)
    book.limiter.settle(ticket, tokens=10, usd=0.05)
    assert book.used() == [10, 0.05]


def test_a_stream_that_goes_on_keeps_its_place_and_its_hold() -> None:
    book = Book(Limit.concurrent(1, lease_s=60), Limit.usd(1, per="month", lease_s=60, on_expiry="release"))
    ticket = book.limiter.reserve(usd=0.6)
    for _ in range(10):
        book.wait(59)
        assert book.limiter.extend(ticket)
    assert book.refusal(usd=0.6).limits == ("1 call at once", "$1/calendar month")
    assert book.limiter.settle(ticket, usd=0.2)
    assert book.used() == [0, 0.2]


def test_a_ticket_that_is_not_open_is_not_extended() -> None:
    book = Book(Limit.tokens(100, per="minute"))
    ticket = book.limiter.reserve(tokens=40)
    book.limiter.settle(ticket, tokens=1)
    assert not book.limiter.extend(ticket, tokens=5)
    assert not book.limiter.extend(Ticket(), tokens=5)
    assert book.used() == [1]


def test_a_limit_in_shadow_mode_does_not_stop_an_extension() -> None:
    book = Book(Limit.tokens(50, per="minute", mode="shadow"), Limit.tokens(100, per="minute"))
    ticket = book.limiter.reserve(tokens=40)
    assert book.limiter.extend(ticket, tokens=40)
    book.limiter.settle(ticket, tokens=80)
    assert book.used()[1] == 80


# --- Bad input ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Limit.usd(0, per="day"), r"amount=0\): must be a number of dollars above zero"),
        (lambda: Limit.usd(1e7, per="day"), "at most"),
        (lambda: Limit.usd(float("nan"), per="day"), "number of dollars"),
        (lambda: Limit.usd(True, per="day"), "number of dollars"),
        (lambda: Limit(unit="concurrent", amount=1, per="day"), "have no period"),
        (lambda: Limit(unit="tokens", amount=1), "per=None"),
        (lambda: Limit.tokens(1, per="day", timezone="Europe/Berlin"), "only with calendar=True"),
        (lambda: Limit.tokens(1, per="day", calendar=True, timezone="Mars"), "no such time zone"),
        (lambda: Limit.tokens(1, per="day", calendar=True, timezone=5), "Europe/Berlin"),  # type: ignore[arg-type]
        (lambda: Limit.tokens(1, per="day", calendar="yes"), "True or False"),  # type: ignore[arg-type]
        (lambda: Limit.requests(1, per="day", calendar=True, burst=5), "whole amount at once"),
        (lambda: Limit.concurrent(1, lease_s=0), "above zero"),
        (lambda: Limit.usd(1, per="day", on_expiry="forget"), "'charge', 'release'"),  # type: ignore[arg-type]
        (lambda: Limit.concurrent(1, by=("user", "user")), "twice"),
        (lambda: Limit.concurrent(1, by=()), "or several"),
        (lambda: Limit.concurrent(1, by=("user", "")), "name of a tag"),
    ],
)
def test_a_parameter_that_cannot_be_is_refused_with_the_remedy(build: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        build()


@pytest.mark.parametrize(
    ("limit", "name", "text"),
    [
        (Limit.usd(0.5, per="day"), "$0.5/calendar day", "Limit.usd(0.5, per='day')"),
        (Limit.usd(5, per="day", calendar=False), "$5/day", "Limit.usd(5, per='day', calendar=False)"),
        (Limit.concurrent(8, by="user"), "8 calls at once by user", "Limit.concurrent(8, by='user')"),
        (
            Limit.input_tokens(5, per="month", calendar=True, timezone="Asia/Tokyo", by=["tenant", "model"]),
            "5 input tokens/calendar month in Asia/Tokyo by tenant and model",
            "Limit.input_tokens(5, per='month', by=('tenant', 'model'), calendar=True, timezone='Asia/Tokyo')",
        ),
    ],
)
def test_a_limit_names_itself_and_its_repr_builds_it_again(limit: Limit, name: str, text: str) -> None:
    assert (limit.name, repr(limit)) == (name, text)
    assert eval(text) == limit == pickle.loads(pickle.dumps(limit))
