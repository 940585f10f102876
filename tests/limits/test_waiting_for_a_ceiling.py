"""Waiting for room in the limits of a provider is like waiting for any other."""

from __future__ import annotations

import asyncio

from genai_guard.limits import Adaptive, Limit, MemoryStore, RateLimiter
from limits.books import Clock
from limits.virtual import run


def held(clock: Clock) -> RateLimiter:
    """Return a limiter of which nothing but the ceiling of a provider has no room."""
    adaptive = Adaptive(Limit.tokens(120, per="minute"), clock=clock)
    store = MemoryStore(clock=clock, wall_clock=clock)
    limiter = RateLimiter(Limit.tokens(10**6, per="minute"), store=store, adapt=adaptive)
    limiter._waiting_room().now = clock
    return limiter


def test_a_large_call_that_waits_for_a_ceiling_is_not_overtaken() -> None:
    clock, order = Clock(), list[str]()
    limiter = held(clock)

    async def call(name: str, tokens: int) -> None:
        await limiter.areserve(tokens=tokens, wait_s=1_000)
        order.append(name)

    async def work() -> None:
        for _ in range(12):
            await limiter.areserve(tokens=10)
            await asyncio.sleep(5)
        calls = []
        for name, tokens in (("large", 100), ("small", 10)):
            calls.append(asyncio.ensure_future(call(name, tokens)))
            await asyncio.sleep(0.5)
        await asyncio.gather(*calls)

    run(clock, work())
    assert order == ["large", "small"]
    assert limiter._waiting_room().is_empty


def test_what_is_given_back_to_a_ceiling_wakes_who_waits_for_it() -> None:
    clock = Clock()
    limiter = held(clock)

    async def work() -> None:
        ticket = await limiter.areserve(tokens=120)
        waiting = asyncio.ensure_future(limiter.areserve(tokens=50, wait_s=1_000))
        await asyncio.sleep(1)
        assert not waiting.done()
        limiter.settle(ticket, tokens=10)
        assert (await waiting).waited_s == 1

    run(clock, work())
