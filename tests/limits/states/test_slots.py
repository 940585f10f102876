"""Places for calls in flight, against a set of those who are."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard.limits import Slots

LEASE = 600

amounts = st.integers(1, 5)
# An event: time since the one before, who, and whether the call begins, goes on or ends.
events = st.lists(
    st.tuples(st.integers(0, 300), st.integers(1, 8), st.sampled_from(["begin", "renew", "end"])), max_size=60
)


def run(machine: Slots, steps: list[tuple[int, int, str]]) -> tuple[Any, int, dict[int, int]]:
    """Return the state, the time and who is in flight until when, having compared every decision."""
    state: Any = None
    now, flying = 1_000, dict[int, int]()
    for gap, holder, what in steps:
        now += gap
        alive = {name: until for name, until in flying.items() if until > now}
        if what == "end":
            state = machine.settle(state, now, (0,), 1, 0, holder)
            flying.pop(holder, None)
        elif what == "renew":
            state = machine.reserve(state, now, 0, holder)
            if holder in alive:
                flying[holder] = now + LEASE
        else:
            after = machine.reserve(state, now, 1, holder)
            fits = holder in flying or len(alive) < machine.amount
            assert (after is not None) >= (holder in alive or len(alive) < machine.amount)
            assert fits or after is None
            if after is not None:
                state, flying[holder] = after, now + LEASE
        running = sum(until > now for until in flying.values())
        assert running <= machine.amount
        assert (machine.used(state, now) if state else 0) == running
    return state, now, flying


@given(amounts, events)
def test_there_are_never_more_calls_in_flight_than_places(amount: int, steps: list[tuple[int, int, str]]) -> None:
    state, now, _flying = run(Slots(amount, LEASE), steps)
    if state is not None:
        assert Slots(amount, LEASE).decode(Slots(amount, LEASE).encode(state), now) == state


@given(amounts, events, st.integers(9, 12))
def test_the_wait_is_exact_to_the_nanosecond(amount: int, steps: list[tuple[int, int, str]], holder: int) -> None:
    machine = Slots(amount, LEASE)
    state, now, _flying = run(machine, steps)
    if machine.reserve(state, now, 1, holder) is None:
        wait_ns = machine.wait_ns(state, now, 1)
        assert wait_ns is not None
        assert machine.reserve(state, now + wait_ns, 1, holder) is not None
        assert machine.reserve(state, now + wait_ns - 1, 1, holder) is None


@given(amounts, events)
def test_drained_places_are_all_free(amount: int, steps: list[tuple[int, int, str]]) -> None:
    machine = Slots(amount, LEASE)
    state, now, _flying = run(machine, steps)
    if state is not None and machine.used(state, now):
        then = now + machine.drain_ns(state, now)
        assert machine.used(state, then) == 0 < machine.used(state, then - 1)


@given(amounts, events)
def test_all_who_end_leave_nothing(amount: int, steps: list[tuple[int, int, str]]) -> None:
    machine = Slots(amount, LEASE)
    state, now, _flying = run(machine, steps)
    for holder in range(1, 9):
        state = machine.settle(state, now, (0,), 1, 0, holder)
    assert state is None


def test_a_place_whose_lease_ran_out_is_taken_over_and_a_late_release_changes_nothing() -> None:
    machine = Slots(1, LEASE)
    first = machine.reserve(None, 0, 1, 1)
    assert machine.reserve(first, LEASE - 1, 1, 2) is None
    second = machine.reserve(first, LEASE, 1, 2)
    assert second is not None
    assert machine.settle(second, LEASE, (0,), 1, 0, 1) == second
    assert machine.reserve(second, LEASE, 1, 3) is None


def test_a_call_that_goes_on_keeps_its_place() -> None:
    machine = Slots(1, LEASE)
    state = machine.reserve(None, 0, 1, 1)
    for now in range(LEASE // 2, 5 * LEASE, LEASE // 2):
        state = machine.reserve(state, now, 1, 1)
        assert machine.reserve(state, now, 1, 2) is None


def test_a_call_that_lost_its_place_takes_another_if_there_is_one() -> None:
    machine = Slots(1, LEASE)
    taken = machine.reserve(machine.reserve(None, 0, 1, 1), LEASE, 1, 2)
    assert machine.reserve(taken, LEASE, 1, 1) is None
    assert machine.reserve(machine.settle(taken, LEASE, (0,), 1, 0, 2), LEASE, 1, 1) is not None


@pytest.mark.parametrize("state", [None, ({1: LEASE},)])
def test_what_costs_nothing_takes_no_place(state: Any) -> None:
    assert Slots(1, LEASE).reserve(state, 0, 0, 2) == (state or ({},))


def test_fewer_places_than_are_taken_admit_nobody_until_enough_are_free() -> None:
    wide, narrow = Slots(3, LEASE), Slots(1, LEASE)
    state: Any = None
    for holder in (1, 2, 3):
        state = wide.reserve(state, holder, 1, holder)
    assert narrow.reserve(state, 4, 1, 4) is None
    assert narrow.wait_ns(state, 4, 1) == LEASE - 1


def test_places_taken_back_are_free_and_settling_them_changes_nothing() -> None:
    machine = Slots(1, LEASE)
    state = machine.reserve(None, 0, 1, 1)
    assert state is not None
    machine.cleared(state, 0)
    fresh = machine.reserve(None, 0, 1, 2)
    assert machine.settle(fresh, 0, (0,), 1, 0, 1) == fresh
