"""The ceiling of a provider: never above the configured amount, down at once, up slowly, and waits to the nanosecond."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from genai_guard.limits.states.ceiling import Ceiling, CeilingState
from genai_guard.limits.upstream import Remaining

PERIOD = 60 * 10**9
AMOUNTS = st.integers(1, 10_000)
TIMES = st.integers(0, 3 * PERIOD)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["reserve", "refused", "paused", "told", "settle"]),
        st.integers(0, PERIOD),
        st.integers(0, 5_000),
    ),
    max_size=30,
)


def run(ceiling: Ceiling, steps: list[tuple[str, int, int]]) -> tuple[CeilingState | None, int, list[tuple[int, int]]]:
    """Return the state after some steps, the time, and what was admitted when."""
    state: CeilingState | None = None
    now = 10**12
    admitted: list[tuple[int, int]] = []
    for kind, passed, figure in steps:
        now += passed
        if kind == "reserve":
            after = ceiling.reserve(state, now, figure)
            if after is not None:
                state = after
                admitted.append((now, figure))
        elif kind == "refused":
            state = ceiling.refused(state, now)
        elif kind == "paused":
            state = ceiling.paused(state, now, figure * 10**7)
        elif kind == "told":
            state = ceiling.told(state, now, Remaining(figure, None if figure % 2 else figure * 10**7))
        elif state is not None and admitted and state.ring is not None:
            state = ceiling.settle(state, now, state.ring[0], admitted[-1][1], admitted[-1][1])
        assert 1 <= ceiling.amount_at(state, now) <= ceiling.amount
    return state, now, admitted


@settings(deadline=None, max_examples=150)
@given(amount=AMOUNTS, steps=STEPS)
def test_no_window_ever_has_more_than_the_configured_amount(amount: int, steps: list[tuple[str, int, int]]) -> None:
    _, _, admitted = run(Ceiling(amount, PERIOD), steps)
    for at, _ in admitted:
        assert sum(cost for when, cost in admitted if at <= when < at + PERIOD) <= amount


@settings(deadline=None, max_examples=150)
@given(amount=AMOUNTS, steps=STEPS)
def test_after_enough_quiet_all_is_as_it_was(amount: int, steps: list[tuple[str, int, int]]) -> None:
    ceiling = Ceiling(amount, PERIOD)
    state, now, _ = run(ceiling, steps)
    rested = max(now, state.until_ns if state else 0) + 22 * PERIOD
    assert ceiling.amount_at(state, rested) == amount
    assert ceiling.reserve(state, rested, amount) is not None
    assert state is None or ceiling.is_idle(state, rested)


@settings(deadline=None, max_examples=300)
@given(amount=AMOUNTS, steps=STEPS, cost=st.integers(0, 10_000))
def test_a_wait_is_exact_to_the_nanosecond(amount: int, steps: list[tuple[str, int, int]], cost: int) -> None:
    ceiling = Ceiling(amount, PERIOD)
    state, now, _ = run(ceiling, steps)
    wait = ceiling.wait_ns(state, now, cost)
    if wait is None:
        assert cost > amount
        return
    assert ceiling.reserve(state, now + wait, cost) is not None
    if wait:
        assert ceiling.reserve(state, now + wait - 1, cost) is None


@given(pauses=st.lists(st.tuples(TIMES, TIMES), min_size=1, max_size=8))
def test_nobody_calls_before_the_longest_pause_is_over(pauses: list[tuple[int, int]]) -> None:
    ceiling, state, now, end = Ceiling(100, PERIOD), None, 0, 0
    for passed, for_ns in pauses:
        now += passed
        state = ceiling.paused(state, now, for_ns)
        end = max(end, now + for_ns)
    if end > now:
        assert ceiling.reserve(state, end - 1, 1) is None
    assert ceiling.reserve(state, end, 1) is not None


def test_a_refusal_lowers_the_amount_once_in_a_period() -> None:
    ceiling = Ceiling(1_000, PERIOD)
    state = ceiling.refused(None, 0)
    assert ceiling.amount_at(state, 0) == 700
    state = ceiling.refused(state, PERIOD - 1)
    assert ceiling.amount_at(state, PERIOD - 1) == 700
    state = ceiling.refused(state, PERIOD)
    assert ceiling.amount_at(state, PERIOD) == 490


def test_each_quiet_period_gives_back_a_twentieth_of_the_configured_amount() -> None:
    ceiling = Ceiling(1_000, PERIOD)
    state = ceiling.refused(None, 0)
    assert [ceiling.amount_at(state, periods * PERIOD) for periods in range(8)] == [
        *(700, 750, 800, 850, 900, 950, 1_000, 1_000)
    ]
    assert ceiling.amount_at(state, PERIOD - 1) == 700


def test_a_refusal_that_lowers_nothing_breaks_the_quiet_all_the_same() -> None:
    ceiling = Ceiling(1_000, PERIOD)
    state = ceiling.refused(ceiling.refused(None, 0), PERIOD - 1)
    assert ceiling.amount_at(state, 2 * PERIOD - 2) == 700
    assert ceiling.amount_at(state, 2 * PERIOD - 1) == 750


def test_many_refusals_leave_something() -> None:
    ceiling = Ceiling(1_000, PERIOD)
    state: CeilingState | None = None
    for period in range(100):
        state = ceiling.refused(state, period * PERIOD)
    assert ceiling.amount_at(state, 99 * PERIOD) >= 10


def test_a_pause_is_no_quiet() -> None:
    ceiling = Ceiling(1_000, PERIOD)
    state = ceiling.refused(ceiling.paused(None, 0, 3 * PERIOD), 0)
    assert ceiling.amount_at(state, 3 * PERIOD) == 700
    assert ceiling.amount_at(state, 4 * PERIOD) == 750


def test_less_that_is_left_wins_until_it_is_whole_again() -> None:
    ceiling = Ceiling(1_000, PERIOD)
    state = ceiling.told(None, 0, Remaining(5, 10**9))
    after = ceiling.reserve(state, 0, 4)
    assert after is not None
    state = after
    assert ceiling.reserve(state, 0, 2) is None
    assert ceiling.wait_ns(state, 0, 2) == 10**9
    assert ceiling.reserve(state, 10**9, 2) is not None


def test_more_that_is_left_changes_nothing() -> None:
    ceiling = Ceiling(10, PERIOD)
    state = ceiling.told(None, 0, Remaining(10**9, PERIOD))
    assert ceiling.reserve(state, 0, 11) is None


def test_a_clock_that_steps_back_gives_nothing_back() -> None:
    ceiling = Ceiling(1_000, PERIOD)
    state = ceiling.refused(None, 10 * PERIOD)
    assert ceiling.amount_at(state, 0) == 700
