"""What a replay says limits would have done, against what they do."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genai_guard import Limit
from genai_guard.limits.simulation import Row, Traffic, replay
from genai_guard.prices import Price, Prices


def traffic(*rows: Row) -> Traffic:
    return Traffic(rows, ["time_s"])


def at(*times: float, user: str = "u", **figures: float) -> list[Row]:
    return [Row(time, "m", keys={"user": user, "model": "m"}, **figures) for time in times]  # type: ignore[arg-type]


def test_calls_beyond_a_limit_are_refused() -> None:
    result = replay(traffic(*at(0, 1, 2, 61)), [Limit.requests(2, per="minute")])
    assert (result.calls, result.admitted, result.refused) == (4, 3, 1)
    only = result.limits[0]
    assert (only.refused, only.peak, only.capacity, only.longest_wait_s) == (1, 2, 2, 28)


def test_keys_are_counted_apart_and_the_fullest_is_named() -> None:
    rows = [*at(0, 1, 2, user="busy"), *at(3, user="calm")]
    only = replay(traffic(*rows), [Limit.requests(4, per="hour", by="user")]).limits[0]
    assert (only.keys, only.peak, only.peak_key) == (2, 3, "busy")


def test_tokens_are_reserved_as_estimated_and_settled_as_used() -> None:
    rows = at(0, 1, 2, input_tokens=50, output_tokens=10)
    assert replay(traffic(*rows), [Limit.tokens(210, per="minute")], expected_output_tokens=100).admitted == 2
    assert replay(traffic(*rows), [Limit.tokens(210, per="minute")], expected_output_tokens=30).admitted == 3


def test_a_stated_maximum_goes_before_the_estimate() -> None:
    rows = at(0, input_tokens=50, output_tokens=10, max_tokens=20)
    assert replay(traffic(*rows), [Limit.tokens(100, per="minute")], expected_output_tokens=256).admitted == 1


def test_calls_in_flight_are_over_after_their_duration() -> None:
    rows = at(0, 5, 10, duration_s=10)
    result = replay(traffic(*rows), [Limit.concurrent(1)])
    assert (result.admitted, result.refused) == (2, 1)


def test_money_is_what_the_model_costs_or_what_the_file_says() -> None:
    rows = [*at(0, input_tokens=1_000_000), *at(1, usd=2.5)]
    result = replay(traffic(*rows), [Limit.usd(10, per="day")], prices=Prices({"m": (1.5, 3)}))
    assert result.usd == pytest.approx(4.0)
    assert result.limits[0].peak == pytest.approx(4.0, abs=0.01)


def test_models_without_a_price_are_refused_where_prices_say_so() -> None:
    prices = Prices({"other": Price(1, 1)}, unknown_model="error")
    result = replay(traffic(*at(0, 1)), [Limit.usd(10, per="day")], prices=prices)
    assert (result.unpriced, result.admitted, result.refused) == (2, 0, 2)


def test_a_limit_in_shadow_mode_refuses_nobody_and_is_counted() -> None:
    limits = [Limit.requests(1, per="minute", mode="shadow"), Limit.requests(10, per="minute")]
    result = replay(traffic(*at(0, 1, 2)), limits)
    assert (result.admitted, result.limits[0].refused, result.limits[1].refused) == (3, 2, 0)


def test_a_call_that_may_wait_comes_back_when_the_limit_said() -> None:
    limits = [Limit.requests(1, per="minute")]
    result = replay(traffic(*at(0, 30)), limits, wait_s=30)
    assert (result.admitted, result.waits_s, result.limits[0].held_up) == (2, [30.0], 1)
    assert replay(traffic(*at(0, 30)), limits, wait_s=29.9).admitted == 1


def test_a_call_waits_for_one_in_flight() -> None:
    result = replay(traffic(*at(0, 1, duration_s=10)), [Limit.concurrent(1)], wait_s=20)
    assert result.admitted == 2
    assert 9 <= result.waits_s[0] < 10


def test_a_call_larger_than_a_limit_does_not_wait() -> None:
    result = replay(traffic(*at(0, input_tokens=500)), [Limit.tokens(100, per="minute")], wait_s=1_000)
    assert (result.admitted, result.limits[0].never) == (0, 1)


def test_spans_hold_the_fullest_key_and_are_empty_without_calls() -> None:
    only = replay(traffic(*at(0, 1, 100)), [Limit.requests(10, per="minute")], spans=10).limits[0]
    assert only.usage[0] == pytest.approx(0.2)
    assert only.usage[1:9] == [None] * 8
    assert only.usage[9] == pytest.approx(0.1)


def test_a_single_call_is_traffic_too() -> None:
    assert replay(traffic(*at(5)), [Limit.requests(1, per="second")]).admitted == 1


@settings(max_examples=60, deadline=None)
@given(
    times=st.lists(st.integers(0, 600), min_size=1, max_size=60),
    amount=st.integers(1, 10),
    wait_s=st.sampled_from([0, 20, 300]),
)
def test_no_more_than_the_limit_and_its_burst_are_ever_admitted(times: list[int], amount: int, wait_s: int) -> None:
    result = replay(traffic(*at(*sorted(times))), [Limit.requests(amount, per="minute")], wait_s=wait_s)
    assert result.admitted + result.refused == result.calls == len(times)
    length_s = max(times) - min(times) + wait_s
    assert result.admitted <= amount + amount * length_s / 60
    assert all(0 < wait <= wait_s for wait in result.waits_s)
