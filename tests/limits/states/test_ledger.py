"""The account of each period, against a plain one that is kept by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard.limits import Calendar, Ledger

SECOND = 10**9
DAY = 86_400 * SECOND
LEASE = 600 * SECOND

amounts = st.integers(1, 1_000)
units = st.integers(0, 1_000)
policies = st.sampled_from(["charge", "release"])
# An event: seconds since the one before, what is reserved, or which earlier call is settled and by how much.
gaps = st.one_of(st.integers(0, 400), st.integers(0, 100_000))
events = st.lists(st.tuples(gaps, st.one_of(units, st.tuples(st.integers(0, 9), units))), max_size=40)


def ledger(amount: int = 100, on_expiry: Any = "charge", lease_ns: int = LEASE) -> Ledger:
    return Ledger(amount, Calendar("day"), lease_ns, on_expiry)


@dataclass
class Account:
    """What a careful clerk would write down."""

    amount: int
    releases: bool
    spent: dict[int, int] = field(default_factory=dict)
    open: dict[int, tuple[int, int, int]] = field(default_factory=dict)  # holder: period, units, end of the lease

    def expire(self, now: int) -> None:
        for holder, (period, cost, until) in list(self.open.items()):
            if until <= now:
                del self.open[holder]
                self.spent[period] = self.spent.get(period, 0) + (0 if self.releases else cost)

    def used(self, now: int) -> int:
        period = now // DAY
        return self.spent.get(period, 0) + sum(cost for day, cost, _ in self.open.values() if day == period)

    def reserve(self, now: int, cost: int, holder: int) -> bool:
        self.expire(now)
        fits = self.used(now) + cost <= self.amount
        if fits:
            self.open[holder] = (now // DAY, cost, now + LEASE)
        return fits

    def settle(self, now: int, holder: int, day: int, reserved: int, actual: int) -> None:
        self.expire(now)
        if day < now // DAY:
            self.open.pop(holder, None)
            self.spent[now // DAY] = self.spent.get(now // DAY, 0) + max(0, actual - reserved)
        elif holder in self.open:
            del self.open[holder]
            self.spent[day] = self.spent.get(day, 0) + actual


@given(amounts, policies, events)
def test_it_decides_and_counts_as_an_account_kept_by_hand(amount: int, on_expiry: str, steps: list[Any]) -> None:
    machine, account = ledger(amount, on_expiry), Account(amount, on_expiry == "release")
    state: Any = None
    now, calls = 17 * DAY, list[tuple[int, Any, int]]()
    for holder, (gap, what) in enumerate(steps, start=1):
        now += gap * SECOND
        if isinstance(what, tuple):
            if calls:
                name, mark, reserved = calls.pop(what[0] % len(calls))
                state = machine.settle(state, now, mark, reserved, what[1], name)
                account.settle(now, name, mark[0] * SECOND // DAY, reserved, what[1])
        else:
            after = machine.reserve(state, now, what, holder)
            assert (after is not None) == account.reserve(now, what, holder)
            if after is not None:
                state = after
                calls.append((holder, after, what))
        account.expire(now)
        assert (0 if state is None else machine.used(state, now)) == account.used(now)
        assert state is None or machine.decode(machine.encode(state), now)[:2] == state[:2]


@given(amounts, st.lists(units, max_size=20))
def test_all_settled_to_nothing_is_a_fresh_account(amount: int, costs: list[int]) -> None:
    machine = ledger(amount)
    state: Any = None
    made = []
    for holder, cost in enumerate(costs):
        after = machine.reserve(state, 0, cost, holder)
        if after is not None:
            state = after
            made.append((holder, after, cost))
    for holder, mark, cost in made:
        state = machine.settle(state, 0, mark, cost, 0, holder)
    assert state is None


@given(amounts, st.integers(0, 1_000), st.integers(0, 1_000))
def test_settling_twice_is_settling_once(amount: int, cost: int, actual: int) -> None:
    machine = ledger(amount)
    mark = machine.reserve(machine.reserve(None, 0, 1, 7), 0, cost, 8)
    if mark is not None:
        once = machine.settle(mark, 0, mark, cost, actual, 8)
        assert machine.settle(once, 0, mark, cost, 0, 8) == once


@given(amounts, policies, st.lists(st.tuples(st.integers(0, 900), units), min_size=1, max_size=12), units)
def test_the_wait_is_exact_to_the_nanosecond(
    amount: int, on_expiry: str, steps: list[tuple[int, int]], cost: int
) -> None:
    machine = ledger(amount, on_expiry)
    state: Any = None
    now = 17 * DAY + 80_000 * SECOND
    for holder, (gap, held) in enumerate(steps):
        now += gap * SECOND
        state = machine.reserve(state, now, held, holder) or state
    if machine.reserve(state, now, cost, 99) is not None:
        return
    wait_ns = machine.wait_ns(state, now, cost)
    if cost > amount:
        assert wait_ns is None
    else:
        assert wait_ns is not None
        assert machine.reserve(state, now + wait_ns, cost, 99) is not None
        assert machine.reserve(state, now + wait_ns - 1, cost, 99) is None


@given(policies, st.lists(st.tuples(st.integers(0, 500), units), min_size=1, max_size=12), units)
def test_a_drained_account_is_as_good_as_none(on_expiry: str, steps: list[tuple[int, int]], cost: int) -> None:
    machine = ledger(1_000, on_expiry)
    state: Any = None
    now = 17 * DAY
    for holder, (gap, held) in enumerate(steps):
        now += gap * SECOND
        state = machine.reserve(state, now, held, holder) or state
    if state is None:
        return
    then = now + machine.drain_ns(state, now)
    fresh, drained = machine.reserve(None, then, cost, 99), machine.reserve(state, then, cost, 99)
    assert fresh is not None
    assert drained is not None
    assert (fresh[:2], fresh[-1]) == (drained[:2], drained[-1])
    assert not machine.used(state, now) or machine.used(state, then - 1) or on_expiry == "release"


@pytest.mark.parametrize(("on_expiry", "used"), [("charge", 60), ("release", 0)])
def test_a_lease_that_runs_out_is_charged_or_released(on_expiry: str, used: int) -> None:
    machine = ledger(100, on_expiry)
    state = machine.reserve(None, 0, 60, 1)
    assert state is not None
    assert machine.used(state, LEASE - 1) == 60
    assert machine.used(state, LEASE) == used


@pytest.mark.parametrize("on_expiry", ["charge", "release"])
def test_settling_after_the_lease_changes_nothing(on_expiry: str) -> None:
    machine = ledger(100, on_expiry)
    mark = machine.reserve(None, 0, 60, 1)
    other = machine.reserve(mark, LEASE, 10, 2)
    assert mark is not None
    assert other is not None
    settled = machine.settle(other, LEASE, mark, 60, 5, 1)
    assert settled is not None
    assert machine.used(settled, LEASE) == machine.used(other, LEASE)


def test_a_holder_who_reserves_again_holds_more_and_for_longer() -> None:
    machine = ledger(100)
    first = machine.reserve(None, 0, 60, 1)
    state = machine.reserve(first, LEASE // 2, 30, 1)
    assert first is not None
    assert state is not None
    assert state[-1] == {1: (90, LEASE // 2 + LEASE)}
    settled = machine.settle(state, LEASE, state, 90, 20, 1)
    assert settled is not None
    assert machine.used(settled, LEASE) == 20


def test_a_holder_who_reserves_nothing_more_is_never_refused_that() -> None:
    machine = ledger(100)
    one = machine.reserve(machine.reserve(None, 0, 60, 1), 0, 40, 2)
    assert one is not None
    debt = machine.settle(one, 0, one, 40, 400, 2)
    renewed = machine.reserve(debt, LEASE - 1, 0, 1)
    assert renewed is not None
    assert machine.reserve(debt, LEASE - 1, 0, 3) is None
    assert renewed[-1] == {1: (60, 2 * LEASE - 1)}


def test_what_an_earlier_period_reserved_is_not_given_back_to_the_next() -> None:
    machine = ledger(100)
    mark = machine.reserve(None, DAY - 1, 100, 1)
    state = machine.reserve(mark, DAY, 100, 2)
    assert mark is not None
    assert state is not None
    assert machine.settle(state, DAY, mark, 100, 0, 1) == state
    late = machine.settle(state, DAY, mark, 100, 130, 1)
    assert late is not None
    assert machine.used(late, DAY) == 130


def test_a_clock_that_steps_back_out_of_the_period_admits_no_more() -> None:
    machine = ledger(100)
    state = machine.reserve(None, 2 * DAY, 100, 1)
    assert state is not None
    assert machine.reserve(state, DAY, 1, 2) is None
    assert machine.wait_ns(state, DAY, 1) == 2 * DAY
    assert machine.reserve(state, 3 * DAY, 100, 2) is not None


def test_what_is_never_given_back_is_spent_at_once() -> None:
    machine = ledger(3, lease_ns=0)
    state = machine.reserve(None, 0, 3, 1)
    assert state is not None
    assert len(state) == 2  # nobody holds anything
    assert machine.drain_ns(state, 0) == DAY


@given(amounts, st.lists(units, max_size=6))
def test_nothing_is_left_of_an_account_that_was_closed(amount: int, costs: list[int]) -> None:
    machine = ledger(amount)
    mark = machine.reserve(None, 0, 1, 1)
    assert mark is not None
    machine.cleared(mark, 0)
    fresh = machine.reserve(None, 0, amount, 2)
    assert fresh is not None
    assert machine.settle(fresh, 0, mark, 1, 0, 1) == fresh
