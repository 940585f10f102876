from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard.recording.series import NANO
from genai_guard.recording.spending import PERIODS, Spending, Spent, Total, end_of


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("period", "now", "end"),
    [
        ("hour", "2026-11-20T10:15:30", "2026-11-20T11:00:00"),
        ("hour", "2026-12-31T23:59:59.999", "2027-01-01T00:00:00"),
        ("day", "2026-11-20T00:00:00", "2026-11-21T00:00:00"),
        ("day", "2028-02-28T12:00:00", "2028-02-29T00:00:00"),
        ("month", "2026-01-31T23:00:00", "2026-02-01T00:00:00"),
        ("month", "2026-12-01T00:00:00", "2027-01-01T00:00:00"),
    ],
)
def test_a_period_ends_where_the_calendar_says(period: str, now: str, end: str) -> None:
    assert end_of(period, at(now)) == at(end)


@given(st.sampled_from(PERIODS), st.floats(0, 4e9))
def test_a_period_ends_after_now_and_within_its_length(period: str, wall_s: float) -> None:
    longest_s = {"hour": 3600, "day": 86_400, "month": 31 * 86_400}[period]

    assert wall_s < end_of(period, wall_s) <= wall_s + longest_s


def test_spending_is_what_was_added_since_the_period_began() -> None:
    spending = Spending(["day", "hour"])
    spending.turn(at("2026-11-20T10:00:00"), Total())

    assert spending.spent("day", at("2026-11-20T10:30:00"), Total(2 * NANO, 30)) == Spent(2.0, 30)
    assert spending.spent("hour", at("2026-11-20T11:00:00"), Total(2 * NANO, 30)) == Spent(0.0, 0)
    assert spending.spent("day", at("2026-11-20T11:00:00"), Total(3 * NANO, 31)) == Spent(3.0, 31)
    assert spending.spent("day", at("2026-11-21T00:00:00"), Total(3 * NANO, 31)) == Spent(0.0, 0)


def test_a_clock_set_back_does_not_reopen_a_period() -> None:
    spending = Spending(["day"])
    spending.turn(at("2026-11-21T00:00:01"), Total(5 * NANO, 5))

    assert spending.spent("day", at("2026-11-20T23:00:00"), Total(6 * NANO, 7)) == Spent(1.0, 2)


def test_nothing_is_due_where_no_budget_asks() -> None:
    assert Spending().ends_s == float("inf")
