"""Where periods of the calendar begin and end."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard.errors import ConfigurationError
from genai_guard.limits import Calendar

SECOND = 10**9
HOUR = 3_600
ZONES = [
    "UTC", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "America/Havana", "Africa/Cairo",
    "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Kwajalein", "Asia/Beirut",
]  # fmt: skip
EVEN = [zone for zone in ZONES if zone not in {"Australia/Lord_Howe", "Asia/Kathmandu"}]  # they shift by minutes
moments = st.integers(0, 4_000_000_000)


def at(text: str, zone: str, fold: int = 0) -> int:
    """Return a local time in seconds since 1970."""
    local = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)
    return round(local.astimezone(UTC).timestamp())


def period(per: Any, zone: str, second: int) -> tuple[int, int]:
    return Calendar(per, zone).period(second * SECOND)


@pytest.mark.parametrize(
    ("zone", "noon", "hours"),
    [
        ("Europe/Berlin", "2026-03-28T12:00", 24),
        ("Europe/Berlin", "2026-03-29T12:00", 23),
        ("Europe/Berlin", "2026-10-25T12:00", 25),
        ("America/New_York", "2026-03-08T12:00", 23),
        ("America/New_York", "2026-11-01T12:00", 25),
        ("Australia/Lord_Howe", "2026-04-05T12:00", 24.5),
        ("Australia/Lord_Howe", "2026-10-04T12:00", 23.5),
        ("America/Sao_Paulo", "2018-11-04T12:00", 23),  # midnight was skipped
        ("America/Sao_Paulo", "2018-02-17T12:00", 25),  # and came late
        ("America/Havana", "2026-11-01T12:00", 25),  # it comes twice
        ("Asia/Kolkata", "2026-03-29T12:00", 24),
        ("Pacific/Apia", "2011-12-29T12:00", 24),  # the 30th was left out
    ],
)
def test_a_day_is_as_long_as_its_clocks_make_it(zone: str, noon: str, hours: float) -> None:
    start, end = period("day", zone, at(noon, zone))
    assert end - start == hours * HOUR
    assert period("day", zone, start) == (start, end) == period("day", zone, end - 1)
    assert period("day", zone, end)[0] == end
    assert period("day", zone, start - 1)[1] == start


@pytest.mark.parametrize(
    ("zone", "inside", "start", "end"),
    [
        ("UTC", "2026-02-28T23:59:59", "2026-02-01", "2026-03-01"),
        ("UTC", "2028-02-29T00:00", "2028-02-01", "2028-03-01"),
        ("Europe/Berlin", "2026-03-31T23:30", "2026-03-01", "2026-04-01"),
        ("Europe/Berlin", "2026-12-31T23:30", "2026-12-01", "2027-01-01"),
        ("Asia/Kathmandu", "2026-01-01T00:00", "2026-01-01", "2026-02-01"),
    ],
)
def test_a_month_goes_from_its_first_day_to_the_next(zone: str, inside: str, start: str, end: str) -> None:
    assert period("month", zone, at(inside, zone)) == (at(start, zone), at(end, zone))


def test_the_hour_that_comes_twice_is_two_hours() -> None:
    first, second = (at("2026-10-25T02:30", "Europe/Berlin", fold) for fold in (0, 1))
    assert period("hour", "Europe/Berlin", first)[1] == period("hour", "Europe/Berlin", second)[0]


@given(st.sampled_from(["second", "minute", "hour", "day", "month"]), st.sampled_from(ZONES), moments)
def test_every_moment_lies_in_its_period_and_the_next_one_begins_where_it_ends(
    per: str, zone: str, second: int
) -> None:
    start, end = period(per, zone, second)
    assert start <= second < end
    if per in {"day", "month"} or zone in EVEN:
        assert period(per, zone, end)[0] == end
        assert period(per, zone, start) == (start, end) == period(per, zone, end - 1)


@given(st.sampled_from(["minute", "hour"]), moments, st.integers(0, 7_200))
def test_periods_never_go_back(per: str, second: int, later: int) -> None:
    zone = "Australia/Lord_Howe"
    assert period(per, zone, second)[0] <= period(per, zone, second + later)[0]


@given(st.sampled_from(ZONES), moments)
def test_a_day_holds_one_date(zone: str, second: int) -> None:
    start, end = period("day", zone, second)
    dates = [
        datetime.fromtimestamp(moment, UTC).astimezone(ZoneInfo(zone)).date() for moment in (start, second, end - 1)
    ]
    after = datetime.fromtimestamp(end, UTC).astimezone(ZoneInfo(zone)).date()
    assert len(set(dates)) == 1
    assert after > dates[0]
    assert after - dates[0] <= timedelta(days=2)


def test_a_calendar_that_has_looked_elsewhere_says_the_same() -> None:
    calendar = Calendar("day", "Europe/Berlin")
    moments_ns = [at(f"2026-{month:02}-15T12:00", "Europe/Berlin") * SECOND for month in (1, 7, 1, 12)]
    assert [calendar.period(now) for now in moments_ns] == [
        Calendar("day", "Europe/Berlin").period(now) for now in moments_ns
    ]
    assert pickle.loads(pickle.dumps(calendar)) == calendar == Calendar("day", "Europe/Berlin")


@pytest.mark.parametrize(
    ("wrong", "remedy"),
    [
        ("Europe/Berln", "did you mean 'Europe/Berlin'"),
        ("europe/berlin", "did you mean 'Europe/Berlin'"),
        ("Berlin", "did you mean 'Europe/Berlin'"),
        ("New York", "did you mean 'America/New_York'"),
        ("../etc/passwd", "IANA"),
        ("", "IANA"),
    ],
)
def test_a_time_zone_that_does_not_exist_is_refused_with_the_one_that_was_meant(wrong: str, remedy: str) -> None:
    with pytest.raises(ConfigurationError, match=f"there is no such time zone.*{remedy}"):
        Calendar("day", wrong)
