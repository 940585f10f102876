"""Calls that wait for room in their limits: how long, in which order, and what is told of it."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest

from calls import KINDS, Events, consume, target
from genai_guard import ConfigurationError, Limit, Pipeline, RateLimited, RateLimiter, caller
from genai_guard.errors import CallTimeout
from genai_guard.limits import MemoryStore
from genai_guard.resilience import Resilience, Retry, Timeout
from limits.books import SECOND, Clock
from limits.virtual import run
from slow_stores import AwaitedStore

CHUNKS = ["The sea ", "is blue."]
ONE = Limit.requests(1, per="minute")


def world(*limits: Limit, store: Any = None, **parts: Any) -> tuple[Pipeline, Events, RateLimiter]:
    events = Events()
    wait_s = parts.pop("wait_s", 1_000)
    limiter = RateLimiter(*limits, store=store, wait_s=wait_s)
    return Pipeline(limiter=limiter, recorder=events, **parts), events, limiter


def virtual(clock: Clock, *limits: Limit, **parts: Any) -> tuple[Pipeline, Events, RateLimiter]:
    """Return the same in virtual time."""
    pipeline, events, limiter = world(*limits, store=MemoryStore(clock=clock, wall_clock=clock), **parts)
    limiter._waiting_room().now = clock
    return pipeline, events, limiter


def taken(limiter: RateLimiter, clock: Clock) -> None:
    """Take a place, and give it back when somebody has waited for it for five seconds of a clock."""
    limiter._waiting_room().now = clock
    ticket = limiter.reserve()

    def give_back() -> None:
        while not limiter.waiting:
            time.sleep(0.001)
        clock.now += 5 * SECOND
        limiter.settle(ticket)

    threading.Thread(target=give_back, daemon=True).start()


@pytest.mark.parametrize("kind", KINDS)
def test_a_call_waits_for_room_and_tells_how_long(kind: str) -> None:
    pipeline, events, limiter = world(Limit.concurrent(1))
    fn = pipeline(target(kind, CHUNKS))
    assert consume(kind, fn, "hi") == "".join(CHUNKS)
    taken(limiter, Clock())
    assert consume(kind, fn, "hi") == "".join(CHUNKS)
    assert [event.queue_s for event in events] == [0, 5]
    assert limiter.waiting == 0


def test_an_outcome_tells_how_long_the_call_has_waited() -> None:
    pipeline, _, limiter = world(Limit.concurrent(1))
    taken(limiter, Clock())
    outcome = pipeline.run(lambda prompt: prompt, "hi")
    assert outcome.timings.queue_s == 5
    assert outcome.timings.overhead_s == pytest.approx(
        outcome.timings.total_s - outcome.timings.model_s - outcome.timings.queue_s
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_call_that_has_waited_in_vain_is_refused(kind: str) -> None:
    pipeline, events, limiter = world(Limit.concurrent(1), wait_s=0.03)
    limiter.reserve()
    with pytest.raises(RateLimited) as caught:
        consume(kind, pipeline(target(kind, CHUNKS)), "hi")
    assert (events[0].status, events[0].denied_by, events[0].stage) == ("rate_limited", caught.value.limit, "limits")
    assert 0.02 < events[0].queue_s <= events[0].latency_s  # a busy machine only waits longer


@pytest.mark.parametrize("kind", KINDS)
def test_a_call_that_cannot_have_room_in_time_is_refused_at_once(kind: str) -> None:
    pipeline, events, _ = world(ONE, wait_s=30)
    fn = pipeline(target(kind, CHUNKS))
    consume(kind, fn, "hi")
    with pytest.raises(RateLimited):
        consume(kind, fn, "hi")
    assert events[1].queue_s < 20


def test_the_event_loop_goes_on_while_calls_wait() -> None:
    clock = Clock()
    pipeline, events, limiter = virtual(clock, ONE)

    async def model(prompt: str) -> str:
        return prompt

    async def work() -> None:
        fn = pipeline(model)
        calls = [asyncio.ensure_future(fn(f"{number}")) for number in range(4)]
        await asyncio.sleep(1)
        assert (sum(call.done() for call in calls), limiter.waiting) == (1, 3)
        assert await asyncio.gather(*calls) == ["0", "1", "2", "3"]

    run(clock, work())
    assert [event.queue_s for event in events] == [0, 60, 120, 180]


@pytest.mark.parametrize("store", [MemoryStore, AwaitedStore])
def test_the_tag_priority_of_a_caller_says_who_goes_first(store: Any) -> None:
    clock = Clock()
    inner = MemoryStore(clock=clock, wall_clock=clock)
    pipeline, _, limiter = world(ONE, store=inner if store is MemoryStore else AwaitedStore(inner))
    limiter._waiting_room().now = clock
    order: list[str] = []

    async def model(prompt: str) -> str:
        order.append(prompt)
        return prompt

    async def call(name: str, priority: str | None) -> None:
        with caller(user=name, tags={} if priority is None else {"priority": priority}):
            await pipeline(model)(name)

    async def work() -> None:
        await call("first", None)
        calls = []
        for name, priority in (("low", "-5"), ("none", None), ("high", "5.5")):
            calls.append(asyncio.ensure_future(call(name, priority)))
            await asyncio.sleep(1)
        await asyncio.gather(*calls)

    run(clock, work())
    assert order == ["first", "high", "none", "low"]


def test_a_priority_that_is_no_number_is_an_error() -> None:
    pipeline, _, limiter = world(Limit.concurrent(1), wait_s=0)
    limiter.reserve()
    with caller(tags={"priority": "urgent"}), pytest.raises(ConfigurationError, match=r"priority.*number of seconds"):
        pipeline.run(lambda prompt: prompt, "hi")


@pytest.mark.parametrize("wrong", [-1, "2", True, 10**7])
def test_how_long_calls_wait_is_a_number(wrong: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"RateLimiter\(wait_s=.*or None"):
        RateLimiter(ONE, wait_s=wrong)


def test_a_call_of_the_limiter_can_say_otherwise() -> None:
    limiter = RateLimiter(Limit.concurrent(1), wait_s=60)
    limiter.reserve()
    for wait_s in (None, 0, 0.01):
        with pytest.raises(RateLimited):
            limiter.reserve(wait_s=wait_s)
    with pytest.raises(RateLimited):
        asyncio.run(limiter.areserve(wait_s=None))


def test_a_call_that_is_cancelled_while_it_waits_leaves_nothing_behind() -> None:
    clock = Clock()
    pipeline, events, limiter = virtual(clock, Limit.concurrent(1))
    seen: list[str] = []

    async def work() -> None:
        ticket = limiter.reserve()
        call = asyncio.ensure_future(pipeline(target("async def", CHUNKS, seen))("hi"))
        await asyncio.sleep(7)
        call.cancel()
        await asyncio.wait([call])
        limiter.settle(ticket)

    run(clock, work())
    assert (events[0].status, events[0].queue_s, seen, limiter.waiting) == ("cancelled", 7, [], 0)
    assert limiter.peek()[0].used == 0


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_nobody_waits_longer_than_the_call_may_take(kind: str) -> None:
    pipeline, events, limiter = world(Limit.concurrent(1), resilience=Resilience(timeout=Timeout(0.05)))
    limiter.reserve()
    with pytest.raises((RateLimited, CallTimeout)):
        consume(kind, pipeline(target(kind, CHUNKS)), "hi")
    assert events[0].queue_s < 5  # of a thousand that the limiter allows


def test_the_waits_of_all_attempts_are_added() -> None:
    asked = 0

    def model(prompt: str) -> str:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise ConnectionError
        return prompt

    clock = Clock()
    resilience = Resilience(retry=Retry(2, first_wait_s=0.001), sleep=lambda _: taken(limiter, clock))
    pipeline, events, limiter = world(Limit.concurrent(1), resilience=resilience)
    taken(limiter, clock)
    assert pipeline(model)("hi") == "hi"
    assert events[0].attempts == 2
    assert events[0].queue_s == 10
