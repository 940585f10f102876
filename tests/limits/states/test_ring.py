"""The sliding window, against a list of everything that was ever reserved."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard.limits import Ring

SECOND = 10**9
CELL = 5 * SECOND
WINDOW = 60 * SECOND

State = tuple[int, int, int]
machines = st.builds(Ring, st.integers(1, 1_000), st.sampled_from([12, 60, 1_000, SECOND, WINDOW]))
units = st.integers(0, 1_000)
# A call: how long after the one before (in cells), what it reserves, what share of it is used, when it is settled.
calls = st.lists(
    st.tuples(st.floats(0, 15), units, st.sampled_from([0, 0.1, 0.5, 1]), st.floats(0, 30)), min_size=1, max_size=40
)


@dataclass
class Call:
    at: int
    reserved: int
    counted: int = field(init=False)
    mark: State | None = None

    def __post_init__(self) -> None:
        self.counted = self.reserved


def run(machine: Ring, steps: list[tuple[float, int, float, float]], overrun: float = 1) -> list[Call]:
    """Return the calls admitted, each with the units that count in the end."""
    cell = -(-machine.period_ns // 12)
    state: State | None = None
    now, made, due = 0, list[Call](), list[tuple[int, Call, int]]()
    for gap, cost, share, later in steps:
        now += int(gap * cell)
        for item in sorted((item for item in due if item[0] <= now), key=lambda item: item[0]):
            when, call, used = item
            assert call.mark is not None
            state = machine.settle(state, when, call.mark, call.reserved, used)
            call.counted = used
            due.remove(item)
        after = machine.reserve(state, now, cost)
        if after is not None:
            state = after
            made.append(Call(now, cost))
            made[-1].mark = after
            due.append((now + int(later * cell), made[-1], int(cost * share * overrun)))
    return made


@given(machines, calls)
def test_no_interval_of_a_window_s_length_holds_more_than_the_amount(
    machine: Ring, steps: list[tuple[float, int, float, float]]
) -> None:
    made = run(machine, steps)
    for first in made:
        inside = [call.counted for call in made if first.at <= call.at <= first.at + machine.period_ns]
        assert sum(inside) <= machine.amount


@pytest.mark.parametrize("start", [0, 40, 82, 83, 165])
def test_a_window_that_twelve_does_not_divide_is_kept_in_full(start: int) -> None:
    machine = Ring(1, 1_000)
    assert machine.reserve(machine.reserve(None, start, 1), start + 1_000, 1) is None


@given(machines, st.lists(st.tuples(st.integers(0, 40), units), max_size=40))
def test_it_admits_what_thirteen_cells_have_room_for(machine: Ring, steps: list[tuple[int, int]]) -> None:
    cell = -(-machine.period_ns // 12)
    state: State | None = None
    kept: list[tuple[int, int]] = []
    now = 0
    for gap, cost in steps:
        now += gap * cell // 10
        room = machine.amount - sum(cost for epoch, cost in kept if epoch >= now // cell - 12)
        after = machine.reserve(state, now, cost)
        assert (after is not None) == (cost <= room)
        if after is not None:
            state = after
            kept.append((now // cell, cost))
            assert machine.used(state, now) == machine.amount - room + cost


@given(machines, st.lists(st.tuples(st.integers(0, 20), units), min_size=1, max_size=20), units)
def test_the_wait_is_exact_to_the_nanosecond(machine: Ring, steps: list[tuple[int, int]], cost: int) -> None:
    state: State | None = None
    now = 0
    for gap, held in steps:
        now += gap * machine.period_ns // 100
        state = machine.reserve(state, now, held) or state
    if machine.reserve(state, now, cost) is not None:
        return
    wait_ns = machine.wait_ns(state, now, cost)
    if cost > machine.amount:
        assert wait_ns is None
    else:
        assert wait_ns is not None
        assert machine.reserve(state, now + wait_ns, cost) is not None
        assert machine.reserve(state, now + wait_ns - 1, cost) is None


@given(machines, st.lists(st.tuples(st.integers(0, 20), units), max_size=20))
def test_all_settled_to_nothing_is_a_fresh_ring(machine: Ring, steps: list[tuple[int, int]]) -> None:
    state: State | None = None
    now, marks = 0, list[tuple[State, int]]()
    for gap, cost in steps:
        now += gap * machine.period_ns // 100
        after = machine.reserve(state, now, cost)
        if after is not None:
            state = after
            marks.append((after, cost))
    for mark, cost in marks:
        state = machine.settle(state, now, mark, cost, 0)
    assert machine.reserve(state, now, machine.amount) is not None
    assert not any(cost for _mark, cost in marks) or state is None


@given(machines, st.lists(st.tuples(st.integers(0, 60), units), max_size=20), units)
def test_a_drained_ring_is_as_good_as_none(machine: Ring, steps: list[tuple[int, int]], cost: int) -> None:
    state: State | None = None
    now = 0
    for gap, held in steps:
        now += gap * machine.period_ns // 100
        state = machine.reserve(state, now, held) or state
    if state is None or not machine.used(state, now):
        return
    then = now + machine.drain_ns(state, now)
    assert machine.used(state, then) == 0 < machine.used(state, then - 1)
    assert machine.reserve(state, then, cost) == machine.reserve(None, then, cost)


@given(machines, st.integers(0, 2**50), units, units, st.integers(0, 3_600 * SECOND))
def test_an_earlier_time_admits_no_more(machine: Ring, now: int, held: int, cost: int, back: int) -> None:
    state = machine.reserve(None, now, held)
    if machine.reserve(state, now, cost) is None:
        assert machine.reserve(state, now - back, cost) is None


def test_a_late_refund_gives_nothing_back() -> None:
    """The refund trap: at 100 units a second A reserves all, then B does, then A turns out to have used nothing."""
    machine = Ring(1_000, 10 * SECOND)
    first = machine.reserve(None, 0, 1_000)
    assert first is not None
    second = machine.reserve(first, 11 * SECOND, 1_000)
    assert second is not None
    settled = machine.settle(second, 11 * SECOND, first, 1_000, 0)
    assert machine.reserve(settled, 11 * SECOND, 1) is None


def test_a_refund_within_the_window_goes_to_the_cell_it_came_from() -> None:
    machine = Ring(100, WINDOW)
    first = machine.reserve(None, 0, 60)
    assert first is not None
    state = machine.reserve(first, 2 * CELL, 40)
    state = machine.settle(state, 3 * CELL, first, 60, 10)
    assert state is not None
    assert machine.used(state, 12 * CELL) == 50
    assert machine.used(state, 13 * CELL) == 40


@pytest.mark.parametrize(("at", "used"), [(12 * CELL, 70), (13 * CELL, 20), (15 * CELL, 20), (16 * CELL, 0)])
def test_an_overrun_is_a_debt_of_the_present(at: int, used: int) -> None:
    machine = Ring(50, WINDOW)
    first = machine.reserve(None, 0, 50)
    assert first is not None
    state = machine.settle(first, 3 * CELL, first, 50, 70)
    assert state is not None
    assert machine.used(state, at) == used


def test_a_call_waits_until_a_debt_is_paid() -> None:
    machine = Ring(50, WINDOW)
    first = machine.reserve(None, 0, 0)
    assert first is not None
    state = machine.settle(first, 0, first, 0, 10**30)
    assert machine.reserve(state, 13 * CELL - 1, 0) is None
    assert machine.wait_ns(state, 7, 0) == 13 * CELL - 7
    assert machine.reserve(state, 13 * CELL, 50) is not None


def test_an_overrun_counts_though_the_ring_was_forgotten_meanwhile() -> None:
    machine = Ring(50, WINDOW)
    mark = machine.reserve(None, 0, 50)
    assert mark is not None
    state = machine.settle(None, 99 * WINDOW, mark, 50, 70)
    assert state is not None
    assert machine.used(state, 99 * WINDOW) == 20


def test_a_refund_before_its_reservation_changes_nothing() -> None:
    machine = Ring(50, WINDOW)
    mark = machine.reserve(None, WINDOW, 10)
    state = machine.reserve(None, 0, 30)
    assert mark is not None
    assert machine.settle(state, 0, mark, 10, 0) == state


@given(units, units, st.integers(0, 13))
def test_nothing_reserved_before_a_ring_was_cleared_is_given_back_after_it(old: int, new: int, cells: int) -> None:
    machine = Ring(1_000, WINDOW)
    mark = machine.reserve(None, 0, old)
    assert mark is not None
    state = machine.reserve(machine.cleared(mark, 0), cells * CELL, new)
    assert state is not None
    state = machine.settle(state, cells * CELL, mark, old, 0)
    assert (0 if state is None else machine.used(state, cells * CELL)) == new


def test_a_ring_stays_cleared_when_all_that_came_after_is_given_back() -> None:
    machine = Ring(1_000, WINDOW)
    old = machine.reserve(None, 0, 60)
    assert old is not None
    between = machine.reserve(machine.cleared(old, 0), 0, 50)
    assert between is not None
    state = machine.reserve(machine.settle(between, 0, between, 50, 0), 0, 40)
    state = machine.settle(state, 0, old, 60, 0)
    assert state is not None
    assert machine.used(state, 0) == 40


def test_a_cleared_ring_has_all_its_room() -> None:
    machine = Ring(50, WINDOW)
    state = machine.reserve(None, 0, 50)
    assert state is not None
    state = machine.cleared(state, 0)
    assert state is not None
    assert machine.cleared(state, 0) == state
    assert machine.reserve(state, 0, 50) is not None
    assert machine.drain_ns(state, 0) == CELL
    assert machine.drain_ns(state, CELL) == 0


@given(machines, st.lists(st.tuples(st.integers(0, 20), units), max_size=20))
def test_a_ring_in_bytes_is_the_same_ring_whatever_the_amount(machine: Ring, steps: list[tuple[int, int]]) -> None:
    state: State | None = None
    now = 0
    for gap, held in steps:
        now += gap * machine.period_ns // 100
        state = machine.reserve(state, now, held) or state
        if state is not None:
            data = machine.encode(state)
            assert Ring(machine.amount + 5, machine.period_ns).decode(data, now) == state
            assert machine.settle(state, now, (machine.part(state),), held, 0) == machine.settle(
                state, now, state, held, 0
            )


def test_a_ring_in_one_cell_takes_few_bytes() -> None:
    machine = Ring(10**6, WINDOW)
    state = machine.reserve(None, 1_700_000_000 * SECOND, 4_096)
    assert state is not None
    assert len(machine.encode(state)) <= 8
