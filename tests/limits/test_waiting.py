"""Waiting for room: in order, until the moment there is some, and with nothing left behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genai_guard.errors import BudgetExceeded, ConfigurationError, RateLimited, Rejected
from genai_guard.limits import Limit, MemoryStore, RateLimiter, Ticket
from limits.books import SECOND, Clock
from limits.virtual import run

TOKENS = Limit.tokens(120, per="minute")


def virtual(clock: Clock, *limits: Limit, **parameters: Any) -> RateLimiter:
    """Return a limiter whose calls wait in virtual time."""
    limiter = RateLimiter(*limits, store=MemoryStore(clock=clock, wall_clock=clock), **parameters)
    limiter._waiting_room().now = clock
    return limiter


def is_empty(limiter: RateLimiter) -> bool:
    assert limiter._room is not None
    return limiter._room.is_empty and limiter.waiting == 0


class Caller(NamedTuple):
    """A call that will wait, and when it comes."""

    at_s: float
    tokens: int = 1
    wait_s: float = 1_000
    user: str = "ann"
    priority: float = 0
    cancel_s: float | None = None
    actual: int | None = None
    hold_s: float = 0


class End(NamedTuple):
    """What became of it, and when."""

    how: str
    at_s: float


def play(clock: Clock, limiter: RateLimiter, callers: list[Caller]) -> list[End]:
    """Let callers come, and return what became of each."""
    start = clock.now

    async def call(caller: Caller) -> End:
        await asyncio.sleep(caller.at_s)
        how = "granted"
        try:
            async with asyncio.timeout(caller.cancel_s):
                ticket = await limiter.areserve(
                    tokens=caller.tokens, user=caller.user, wait_s=caller.wait_s, priority=caller.priority
                )
        except Rejected:
            how = "refused"
        except TimeoutError:
            how = "cancelled"
        end = End(how, (clock.now - start) / SECOND)
        if how == "granted" and (caller.actual is not None or caller.hold_s):
            await asyncio.sleep(caller.hold_s)
            await limiter.asettle(ticket, tokens=caller.actual)
        return end

    async def all_of_them() -> list[End]:
        return await asyncio.gather(*map(call, callers))

    ends = run(clock, all_of_them())
    assert is_empty(limiter)
    return ends


# --- When ---------------------------------------------------------------------------------------------


def test_a_call_goes_on_at_the_moment_there_is_room() -> None:
    clock = Clock()
    limiter = virtual(clock, Limit.requests(2, per="minute"))
    ends = play(clock, limiter, [Caller(0), Caller(0), Caller(1), Caller(2)])
    assert ends == [("granted", 0), ("granted", 0), ("granted", 30), ("granted", 60)]


def test_nobody_looks_twice() -> None:
    clock = Clock()
    limiter = virtual(clock, TOKENS)
    tries = 0
    reserve = limiter._now.awaited.reserve

    def counted(*what: Any) -> Any:
        nonlocal tries
        tries += 1
        return reserve(*what)

    limiter._now.awaited.reserve = counted
    ends = play(clock, limiter, [Caller(0, 120), *(Caller(1, 30) for _ in range(4))])
    assert {end.at_s for end in ends[1:]} == {65}
    assert tries <= 1 + 2 + 4  # the first of the line twice before it sleeps


def test_what_a_call_gives_back_wakes_the_next_one() -> None:
    clock = Clock()
    limiter = virtual(clock, TOKENS)
    ends = play(clock, limiter, [Caller(0, 100, actual=10, hold_s=3), Caller(1, 90)])
    assert ends[1] == ("granted", 3)


def test_a_place_in_flight_is_waited_for_until_somebody_leaves() -> None:
    clock = Clock()
    limiter = virtual(clock, Limit.concurrent(1, lease_s=600))
    ends = play(clock, limiter, [Caller(0, hold_s=5), Caller(1, wait_s=10, hold_s=1), Caller(2, wait_s=3), Caller(3)])
    assert ends == [("granted", 0), ("granted", 5), ("refused", 5), ("granted", 6)]


def test_a_place_whose_holder_has_died_is_free_when_its_lease_ends() -> None:
    clock = Clock()
    limiter = virtual(clock, Limit.concurrent(1, lease_s=60))
    assert play(clock, limiter, [Caller(0), Caller(1)])[1] == ("granted", 60)


def test_a_reset_and_other_limits_wake_those_who_wait() -> None:
    for change in (lambda it: it.reset(), lambda it: it.replace(Limit.tokens(500, per="minute"))):
        clock = Clock()
        limiter = virtual(clock, TOKENS)

        async def work(limiter: RateLimiter = limiter, change: Callable[[RateLimiter], None] = change) -> None:
            limiter.reserve(tokens=120)
            waiting = asyncio.ensure_future(limiter.areserve(tokens=120, user="ann", wait_s=1_000))
            await asyncio.sleep(1)
            assert limiter.waiting == 1
            change(limiter)
            await waiting

        start = clock.now
        run(clock, work())
        assert clock.now == start + SECOND


def test_limits_by_another_key_are_waited_for_by_that_key() -> None:
    clock = Clock()
    limiter = virtual(clock, TOKENS)

    async def work() -> None:
        limiter.reserve(tokens=120)
        long = "u" * 200
        waiting = asyncio.ensure_future(limiter.areserve(tokens=100, user=long, wait_s=1_000))
        await asyncio.sleep(1)
        limiter.replace(Limit.tokens(100, per="minute", by="user"))
        await waiting
        assert limiter.peek(user=long)[0].used == 100

    run(clock, work())
    assert is_empty(limiter)


# --- Refused ------------------------------------------------------------------------------------------


def test_who_cannot_make_it_is_refused_at_once() -> None:
    clock = Clock()
    limiter = virtual(clock, TOKENS, Limit.requests(5, per="day"))
    ends = play(
        clock,
        limiter,
        [Caller(0, 120), Caller(1, 1, wait_s=63), Caller(1, 121), Caller(2, 1, wait_s=63), Caller(3, 1, 2)],
    )
    assert ends[1:] == [("refused", 1), ("refused", 1), ("granted", 65), ("refused", 3)]


def test_the_error_says_what_was_in_the_way() -> None:
    clock = Clock()
    limiter = virtual(clock, TOKENS, max_waiting=1)

    async def work() -> None:
        limiter.reserve(tokens=120)
        waiting = asyncio.ensure_future(limiter.areserve(tokens=50, wait_s=100))
        await asyncio.sleep(0)
        with pytest.raises(RateLimited, match="120 tokens/minute: the queue is full: 1 calls wait already"):
            await limiter.areserve(tokens=1, wait_s=100)
        waiting.cancel()
        await asyncio.wait([waiting])
        with pytest.raises(RateLimited, match="retry after 65 s") as caught:
            await limiter.areserve(tokens=1, wait_s=5)
        assert caught.value.retry_after_s == 65

    run(clock, work())
    assert is_empty(limiter)


def test_a_budget_that_is_spent_says_so() -> None:
    clock = Clock()
    limiter = virtual(clock, Limit.usd(1, per="day"))
    limiter.reserve(usd=1)
    with pytest.raises(BudgetExceeded):
        limiter.reserve(usd=1, wait_s=0)
    assert is_empty(limiter)


@pytest.mark.parametrize("name", ["wait_s", "priority"])
@pytest.mark.parametrize("wrong", ["high", -(10**7), 10**7, float("nan"), True])
def test_how_long_and_how_urgent_are_numbers(name: str, wrong: Any) -> None:
    limiter = RateLimiter(TOKENS)
    limiter.reserve(tokens=120)
    with pytest.raises(ConfigurationError, match=rf"^reserve\({name}="):
        limiter.reserve(tokens=1, **{"wait_s": 1, name: wrong})
    assert is_empty(limiter)


@pytest.mark.parametrize("wrong", [0, -1, 1.5, True, None])
def test_the_bound_of_the_queue_is_a_whole_number(wrong: Any) -> None:
    with pytest.raises(ConfigurationError, match="max_waiting"):
        RateLimiter(TOKENS, max_waiting=wrong)


# --- Order --------------------------------------------------------------------------------------------


def test_a_large_call_is_not_starved_by_small_ones() -> None:
    clock = Clock()
    limiter = virtual(clock, TOKENS)
    small = [Caller(number, 10) for number in range(200)]
    ends = play(clock, limiter, [*small, Caller(20.5, 120)])
    assert ends[-1].how == "granted"
    assert ends[-1].at_s <= 20.5 + 2 * 65
    assert all(end.at_s >= ends[-1].at_s for end in ends[21:-1])


def test_one_user_s_queue_holds_up_nobody_else() -> None:
    clock = Clock()
    limiter = virtual(clock, Limit.tokens(10, per="minute", by="user"), Limit.tokens(1_000, per="minute"))
    ends = play(clock, limiter, [Caller(0, 10), Caller(1, 10), Caller(2, 10), Caller(3, 10, user="bob")])
    assert ends[-1] == ("granted", 3)
    assert ends[1].at_s < ends[2].at_s


def test_a_second_of_priority_is_a_second_in_the_queue() -> None:
    clock = Clock()
    limiter = virtual(clock, Limit.requests(1, per="minute"))
    callers = [
        Caller(0),
        Caller(1),
        Caller(5),
        Caller(10, priority=7),
        Caller(11, priority=100),
        Caller(12, priority=-100),
    ]
    ends = play(clock, limiter, callers)
    assert [end.at_s for end in ends] == [0, 120, 240, 180, 60, 300]


def test_a_call_that_does_not_wait_is_not_held_up() -> None:
    clock = Clock()
    limiter = virtual(clock, TOKENS)

    async def work() -> None:
        limiter.reserve(tokens=60)
        waiting = asyncio.ensure_future(limiter.areserve(tokens=100, wait_s=1_000))
        await asyncio.sleep(1)
        with pytest.raises(RateLimited, match="others wait"):
            await limiter.areserve(tokens=10, wait_s=1)
        with pytest.raises(RateLimited, match="others wait"):
            limiter.reserve(tokens=10, wait_s=0)
        limiter.reserve(tokens=10)
        await waiting

    run(clock, work())


callers = st.lists(
    st.builds(
        Caller,
        at_s=st.integers(0, 200),
        tokens=st.integers(1, 130),
        wait_s=st.sampled_from([0, 1, 30, 90, 400]),
        user=st.sampled_from(["ann", "bob"]),
        priority=st.just(0),
        cancel_s=st.sampled_from([None, None, None, 0, 1, 40]),
        actual=st.none() | st.integers(0, 130),
        hold_s=st.sampled_from([0, 1, 20]),
    ),
    max_size=25,
)


@settings(max_examples=60)
@given(callers)
def test_calls_of_one_queue_are_granted_in_the_order_they_came(them: list[Caller]) -> None:
    clock = Clock()
    them = [each._replace(at_s=each.at_s + index / 1_000) for index, each in enumerate(them)]  # no two at once
    them.sort(key=lambda each: each.at_s)
    ends = play(clock, virtual(clock, TOKENS), them)
    granted = [end.at_s for end in ends if end.how == "granted"]
    assert granted == sorted(granted)


@settings(max_examples=60)
@given(callers, st.lists(st.sampled_from([-50, 0, 3, 80]), min_size=25, max_size=25))
def test_nobody_waits_beyond_the_deadline_and_nothing_is_left(them: list[Caller], priorities: list[float]) -> None:
    clock = Clock()
    them = [each._replace(priority=priority) for each, priority in zip(them, priorities, strict=False)]
    limits = (
        Limit.tokens(130, per="minute", by="user"),
        Limit.tokens(200, per="minute"),
        Limit.concurrent(3, lease_s=50),
    )
    limiter = virtual(clock, *limits, Limit.requests(4, per="minute", by="user"))
    ends = play(clock, limiter, [each._replace(actual=min(each.actual or 0, each.tokens)) for each in them])
    for each, end in zip(them, ends, strict=True):
        assert end.at_s <= each.at_s + each.wait_s + 1e-6
        assert end.how != "cancelled" or each.cancel_s is not None
    clock.now += 3_600 * SECOND
    assert all(level.used == 0 for user in ("ann", "bob") for level in limiter.peek(user=user))


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(1, 120), st.integers(0, 60)), min_size=1, max_size=20))
def test_everybody_who_fits_is_served_in_bounded_time(costs: list[tuple[int, int]]) -> None:
    clock = Clock()
    them = [Caller(at_s, tokens, wait_s=10**5) for tokens, at_s in costs]
    ends = play(clock, virtual(clock, TOKENS, Limit.requests(30, per="minute")), them)
    assert all(end.how == "granted" for end in ends)
    assert max(end.at_s for end in ends) <= 60 + 65 * len(costs)


def test_a_call_cancelled_while_its_store_answers_gives_back_what_it_got() -> None:
    clock = Clock()

    class Slow:
        def __init__(self, inner: Any) -> None:
            self.inner = inner

        async def reserve(self, *what: Any) -> Any:
            denials = self.inner.reserve(*what)
            await asyncio.sleep(1)
            return denials

        async def settle(self, *what: Any) -> Any:
            return self.inner.settle(*what)

    class Store:
        def bind(self, limits: Any, _previous: Any = None, /) -> Any:
            return Slow(MemoryStore(clock=clock).bind(limits))

    limiter = RateLimiter(TOKENS, store=Store())
    limiter._waiting_room().now = clock
    counts: Any = limiter._now.awaited

    async def work() -> None:
        ticket = Ticket()
        waiting = asyncio.ensure_future(limiter.areserve(ticket, tokens=100, wait_s=1_000))
        await asyncio.sleep(0.5)
        waiting.cancel()
        await asyncio.wait([waiting])
        assert waiting.cancelled()
        assert not ticket.open
        assert counts.inner.peek({"": ""})[0].used == 0

    run(clock, work())
    assert is_empty(limiter)
