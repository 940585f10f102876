"""One process: exact under threads, bounded in memory, unmoved by clocks that step back."""

from __future__ import annotations

import gc
import sys
import time
import tracemalloc
from collections.abc import Iterator
from threading import Barrier, Thread
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genai_guard.errors import ConfigurationError, RateLimited
from genai_guard.limits import Limit, MemoryStore, RateLimiter

SECOND = 10**9
HOUR = 3_600 * SECOND


class Clock:
    """Whole nanoseconds that a test moves on, or back."""

    def __init__(self) -> None:
        self.now = 10**15

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def admits(limiter: RateLimiter, **asked: Any) -> bool:
    try:
        limiter.reserve(**asked)
    except RateLimited:
        return False
    return True


def wait_s(limiter: RateLimiter, **asked: Any) -> float | None:
    with pytest.raises(RateLimited) as caught:
        limiter.reserve(**asked)
    return caught.value.retry_after_s


# --- Threads ------------------------------------------------------------------------------------------


@pytest.fixture
def switching() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def in_threads(work: Any, threads: int = 8) -> list[Any]:
    results: list[Any] = [None] * threads
    start = Barrier(threads)

    def run(index: int) -> None:
        start.wait()
        results[index] = work(index)

    workers = [Thread(target=run, args=(index,)) for index in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return results


@pytest.mark.usefixtures("switching")
@pytest.mark.parametrize(
    "limits",
    [
        [Limit.requests(1_000, per="day")],
        [Limit.tokens(1_000, per="day")],
        [Limit.requests(5_000, per="day", by="user"), Limit.tokens(1_000, per="day"), Limit.requests(3_000, per="day")],
    ],
)
def test_eight_threads_are_admitted_exactly_as_often_as_the_limit_says(limits: list[Limit]) -> None:
    for _trial in range(5):
        limiter = RateLimiter(*limits)
        admitted = in_threads(lambda index, it=limiter: sum(admits(it, user=index, tokens=1) for _ in range(400)))
        assert sum(admitted) == 1_000


@pytest.mark.usefixtures("switching")
def test_what_eight_threads_settle_adds_up(clock: Clock) -> None:
    limiter = RateLimiter(Limit.tokens(10**9, per="day"), Limit.tokens(10**9, per="day", by="user"), clock=clock)

    def work(index: int) -> int:
        tickets = [limiter.reserve(user=index % 2, tokens=50) for _ in range(600)]
        for place, ticket in enumerate(tickets):
            limiter.settle(ticket, tokens=place % 100)
        return 6 * sum(range(100))

    total = sum(in_threads(work))
    assert [level.used for level in limiter.peek(user=0)] == [total, total // 2]


@pytest.mark.usefixtures("switching")
def test_a_ticket_settled_by_eight_threads_is_settled_once(clock: Clock) -> None:
    limiter = RateLimiter(Limit.tokens(1_000, per="day"), clock=clock)
    for _trial in range(50):
        ticket = limiter.reserve(tokens=20)
        settled = in_threads(lambda index, it=ticket: limiter.settle(it, tokens=10 + index))
        assert sum(settled) == 1
        limiter.reset()


# --- Memory -------------------------------------------------------------------------------------------


def test_the_churn_of_other_keys_changes_no_live_decision(clock: Clock) -> None:
    limits = Limit.requests(5, per="minute", by="user"), Limit.tokens(50, per="hour", by="user")
    crowd, alone = RateLimiter(*limits, clock=clock), RateLimiter(*limits, clock=clock)
    differences = 0
    for number in range(100_000):
        clock.now += SECOND // 100
        admits(crowd, user=number, tokens=1)
        if number % 100 == 0:
            differences += admits(crowd, user="ann", tokens=1) != admits(alone, user="ann", tokens=1)
    assert differences == 0
    assert crowd.peek(user="ann") == alone.peek(user="ann")


calls = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 7), st.integers(0, 60), st.integers(0, 90)), max_size=60)


@given(calls)
def test_every_key_is_limited_as_if_it_were_the_only_one(steps: list[tuple[int, int, int, int]]) -> None:
    clock = Clock()
    limits = Limit.requests(3, per="minute", by="user"), Limit.tokens(100, per="minute", by="user")
    together = RateLimiter(*limits, clock=clock)
    apart = {user: RateLimiter(*limits, clock=clock) for user in range(8)}
    for gap, user, cost, actual in steps:
        clock.now += gap * SECOND
        outcomes: list[object] = []
        for limiter in (together, apart[user]):
            try:
                ticket = limiter.reserve(user=user, tokens=cost)
                outcomes.append((limiter.settle(ticket, tokens=actual), limiter.peek(user=user)))
            except RateLimited as error:
                outcomes.append((error.limits, error.retry_after_s))
        assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize(
    "limit", [Limit.requests(1, per="second", by="user"), Limit.tokens(9, per="second", by="user")]
)
def test_keys_that_have_drained_are_forgotten(clock: Clock, limit: Limit) -> None:
    store = MemoryStore(clock=clock)
    limiter = RateLimiter(limit, store=store)
    for number in range(20_000):
        clock.now += SECOND // 100
        limiter.reserve(user=number, tokens=1)
    assert 100 <= len(store) <= 300


def test_a_key_settled_to_nothing_is_forgotten(clock: Clock) -> None:
    store = MemoryStore(clock=clock)
    limiter = RateLimiter(Limit.tokens(9, per="day", by="user"), store=store)
    for number in range(10):
        limiter.settle(limiter.reserve(user=number, tokens=9), tokens=0)
    assert len(store) == 0


@pytest.mark.parametrize(
    "limit", [Limit.requests(2, per="minute", by="user"), Limit.tokens(2, per="minute", by="user")]
)
def test_a_full_table_refuses_new_keys_and_never_gives_up_a_live_one(clock: Clock, limit: Limit) -> None:
    store = MemoryStore(clock=clock, max_keys=10)
    limiter = RateLimiter(limit, store=store)
    assert [admits(limiter, user=number, tokens=1) for number in range(12)] == [True] * 10 + [False] * 2
    assert [admits(limiter, user=number, tokens=1) for number in range(10)] == [True] * 10
    assert [admits(limiter, user=number, tokens=1) for number in range(10)] == [False] * 10
    assert len(store) == 10


def test_a_full_table_tells_when_there_will_be_room(clock: Clock) -> None:
    limiter = RateLimiter(Limit.requests(1, per="minute", by="user"), store=MemoryStore(clock=clock, max_keys=3))
    for number in range(3):
        limiter.reserve(user=number)
        clock.now += SECOND
    assert wait_s(limiter, user="new") == 57
    clock.now += 57 * SECOND - 1
    assert wait_s(limiter, user="new") == 1e-9
    clock.now += 1
    limiter.reserve(user="new")


def test_a_shadow_limit_that_is_full_refuses_nothing(clock: Clock) -> None:
    limit = Limit.requests(1, per="minute", by="user", mode="shadow")
    limiter = RateLimiter(limit, store=MemoryStore(clock=clock, max_keys=1))
    assert limiter.reserve(user="ann").shadow_denials == ()
    assert limiter.reserve(user="bob").shadow_denials == (limit.name,)


def test_settling_counts_even_where_there_is_no_room(clock: Clock) -> None:
    limiter = RateLimiter(Limit.tokens(9, per="second", by="user"), store=MemoryStore(clock=clock, max_keys=1))
    ticket = limiter.reserve(user="ann", tokens=1)
    clock.now += HOUR
    limiter.reserve(user="bob", tokens=1)
    assert limiter.settle(ticket, tokens=5)
    assert limiter.peek(user="ann")[0].used == 4
    assert wait_s(limiter, user="cho", tokens=1) == limiter.peek(user="bob")[0].drained_s


@pytest.mark.parametrize(
    ("limit", "most"), [(Limit.requests(9, per="hour", by="user"), 100), (Limit.tokens(9, per="hour", by="user"), 150)]
)
def test_a_key_costs_few_bytes_beside_its_text(limit: Limit, most: int) -> None:
    names = [f"user-{number}" for number in range(25_000)]
    limiter = RateLimiter(limit)
    gc.collect()
    tracemalloc.start()
    for name in names:
        limiter.reserve(user=name, tokens=2)
    size, _peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size / len(names) < most


# --- Clocks -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [Limit.requests(5, per="minute"), Limit.tokens(5, per="minute")])
def test_a_clock_that_steps_back_an_hour_admits_no_more_and_blocks_no_longer(clock: Clock, limit: Limit) -> None:
    limiter = RateLimiter(limit, clock=clock)
    assert sum(admits(limiter, tokens=1) for _ in range(20)) == 5
    before = wait_s(limiter, tokens=1)
    clock.now -= HOUR
    assert wait_s(limiter, tokens=1) == before
    assert before is not None
    clock.now += round(before * SECOND) - 1
    assert not admits(limiter, tokens=1)
    clock.now += 1
    assert admits(limiter, tokens=1)


@settings(max_examples=50)
@given(st.lists(st.one_of(st.integers(0, 30 * SECOND), st.integers(-HOUR, 0)), max_size=80))
def test_only_time_that_passes_lets_calls_through(steps: list[int]) -> None:
    clock = Clock()
    limiter = RateLimiter(Limit.requests(6, per="minute"), clock=clock)
    admitted = passed = 0
    for step in steps:
        clock.now += step
        passed += max(0, step)
        admitted += sum(admits(limiter) for _ in range(8))
        assert admitted * 10 * SECOND <= 6 * 10 * SECOND + passed


def test_the_clock_is_the_monotonic_one_unless_said_otherwise() -> None:
    limiter = RateLimiter(Limit.requests(1, per="second"))
    limiter.reserve()
    started = time.monotonic_ns()
    waited_s = wait_s(limiter)
    assert waited_s is not None
    assert 0 < waited_s <= 1
    while time.monotonic_ns() < started + 1_000:
        pass
    later_s = wait_s(limiter)
    assert later_s is not None
    assert later_s < waited_s


# --- One store, several limiters ----------------------------------------------------------------------


def test_limiters_of_one_store_count_equal_limits_together(clock: Clock) -> None:
    store = MemoryStore(clock=clock)
    first = RateLimiter(Limit.requests(2, per="minute"), store=store)
    second = RateLimiter(Limit.requests(2, per="minute"), Limit.tokens(9, per="minute"), store=store)
    first.reserve()
    second.reserve()
    assert not admits(first)
    assert not admits(second)
    assert admits(RateLimiter(Limit.requests(2, per="hour"), store=store))


def test_a_store_tells_how_many_keys_it_keeps_and_nothing_of_them(clock: Clock) -> None:
    store = MemoryStore(clock=clock)
    RateLimiter(Limit.requests(2, per="minute", by="user"), store=store).reserve(user="ann")
    assert repr(store) == "<MemoryStore, 1 keys>"


# --- Bad input ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [0, -1, 1.5, None, True])
def test_the_number_of_keys_is_a_whole_number_above_zero(wrong: Any) -> None:
    with pytest.raises(ConfigurationError, match="max_keys"):
        MemoryStore(max_keys=wrong)


@pytest.mark.parametrize("wrong", [5, "now", time.monotonic, lambda: None])
def test_a_clock_counts_whole_nanoseconds(wrong: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"whole nanoseconds.*time\.monotonic_ns"):
        MemoryStore(clock=wrong)
