"""The rate with a burst, against a bucket kept in exact fractions."""

from __future__ import annotations

from fractions import Fraction
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard.limits import Gcra

SECOND = 10**9

machines = st.builds(
    Gcra,
    st.integers(1, 5_000),
    st.sampled_from([7, 1_000, SECOND, 60 * SECOND, 86_400 * SECOND]),
    st.integers(1, 5_000),
)
arrivals = st.lists(st.tuples(st.one_of(st.integers(0, 50), st.integers(0, 2**50)), st.integers(0, 40)), max_size=60)


def admitted(machine: Gcra, steps: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return (time, cost) of what is admitted out of (gap, cost)."""
    state: int | None = None
    passed = []
    for now, cost in zip(accumulate(gap for gap, _cost in steps), (cost for _gap, cost in steps), strict=True):
        after = machine.reserve(state, now, cost)
        if after is not None:
            state = after
            passed.append((now, cost))
    return passed


@given(machines, arrivals)
def test_no_interval_holds_more_than_the_burst_and_what_drains_in_it(
    machine: Gcra, steps: list[tuple[int, int]]
) -> None:
    passed = admitted(machine, steps)
    for first, (start, _cost) in enumerate(passed):
        for last in range(first, len(passed)):
            units = sum(cost for _now, cost in passed[first : last + 1])
            drained = machine.amount * (passed[last][0] - start)
            assert units * machine.period_ns <= machine.burst * machine.period_ns + drained


@given(machines, arrivals)
def test_it_admits_what_an_exact_bucket_admits(machine: Gcra, steps: list[tuple[int, int]]) -> None:
    level, before, expected, now = Fraction(0), 0, [], 0
    for gap, cost in steps:
        now += gap
        level = max(Fraction(0), level - Fraction(machine.amount * (now - before), machine.period_ns))
        before = now
        if level + cost <= machine.burst:
            level += cost
            expected.append((now, cost))
    assert admitted(machine, steps) == expected


@given(machines, st.integers(0, 2**60), st.integers(1, 5_000), st.integers(1, 5_000))
def test_the_wait_is_exact_to_the_nanosecond(machine: Gcra, now: int, held: int, cost: int) -> None:
    state = machine.reserve(None, now, min(held, machine.burst))
    if machine.reserve(state, now, cost) is not None:
        return
    wait_ns = machine.wait_ns(state, now, cost)
    if cost > machine.burst:
        assert wait_ns is None
    else:
        assert wait_ns is not None
        assert machine.reserve(state, now + wait_ns, cost) is not None
        assert machine.reserve(state, now + wait_ns - 1, cost) is None


def test_more_than_a_burst_never_fits() -> None:
    assert Gcra(10, SECOND, burst=3).reserve(None, 0, 4) is None
    assert Gcra(10, SECOND, burst=3).wait_ns(None, 0, 4) is None


@given(machines, st.integers(0, 2**60), st.integers(1, 5_000), st.integers(0, 5_000))
def test_a_drained_bucket_is_as_good_as_none(machine: Gcra, now: int, held: int, cost: int) -> None:
    state = machine.reserve(None, now, min(held, machine.burst))
    assert state is not None
    then = now + machine.drain_ns(state, now)
    assert then > now
    assert machine.drain_ns(state, then) <= 0 < machine.drain_ns(state, then - 1)
    assert machine.reserve(state, then, cost) == machine.reserve(None, then, cost)


@given(machines, st.integers(0, 2**60), st.integers(1, 5_000), st.integers(1, 5_000), st.integers(0, 3_600 * SECOND))
def test_an_earlier_time_admits_no_more(machine: Gcra, now: int, held: int, cost: int, back: int) -> None:
    state = machine.reserve(None, now, min(held, machine.burst))
    if machine.reserve(state, now, cost) is None:
        assert machine.reserve(state, now - back, cost) is None


@pytest.mark.parametrize(("after_s", "used"), [(0, 3), (0.5, 3), (1, 2), (2.5, 1), (3, 0), (99, 0)])
def test_used_counts_whole_units(after_s: float, used: int) -> None:
    machine = Gcra(60, 60 * SECOND, burst=10)
    state = machine.reserve(None, 0, 3)
    assert state is not None
    assert machine.used(state, int(after_s * SECOND)) == used


def test_a_rate_that_no_nanosecond_divides_is_kept_exactly() -> None:
    machine = Gcra(7, 60 * SECOND, burst=1)
    state, now = None, 0
    for _ in range(7 * 60 * 24):
        after = machine.reserve(state, now, 1)
        assert after is not None
        now += machine.wait_ns(after, now, 1) or 0
        state = after
    assert abs(now - 86_400 * SECOND) < 7 * 60 * 24  # one nanosecond each, for rounding up to whole ones


def test_nothing_is_left_of_a_cleared_bucket() -> None:
    machine = Gcra(1, SECOND, burst=1)
    state = machine.reserve(None, 0, 1)
    assert state is not None
    machine.cleared(state, 0)
    assert machine.reserve(None, 0, 1) is not None
