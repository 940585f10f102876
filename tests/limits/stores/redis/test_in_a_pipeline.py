"""Calls of a pipeline whose usage is on a server, awaited: nothing is left there, whatever becomes of them."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from typing import Any

import pytest

from genai_guard import Limit, Pipeline, RateLimiter
from genai_guard.limits.stores.leased import LeasedStore
from genai_guard.limits.stores.redis import AsyncRedisStore, RedisStore
from limits.stores.redis.conftest import UNHURRIED_S
from limits.stores.servers import Server

LIMITS = (Limit.requests(1_000, per="day"), Limit.tokens(1_000_000, per="day"), Limit.concurrent(5))


class Link:
    """The connection of a store, whose next answer to a script can be kept back for ever."""

    def __init__(self, store: Any) -> None:
        self.store = store
        self.send = store._link._send
        self.scripts: list[str] = []
        self.stuck_at = ""
        self.at_work = asyncio.Event()
        store._link._send = self

    async def __call__(self, request: Any) -> Any:
        name = getattr(request, "name", "several")
        self.scripts.append(name.removesuffix("_rates"))
        answer = await self.send(request)
        if self.scripts[-1] == self.stuck_at:
            self.stuck_at = ""
            self.at_work.set()
            await asyncio.sleep(3_600)
        return answer


async def stream(prompt: str) -> AsyncIterator[str]:
    for _ in range(50):
        yield "four tokens here"


async def consume(pipeline: Pipeline) -> None:
    async for _ in pipeline(stream)("hello"):
        pass


async def test_a_stream_is_reserved_extended_and_settled_on_the_server(server: Server) -> None:
    store = AsyncRedisStore(server.url, prefix="flow", timeout_s=UNHURRIED_S)
    limiter = RateLimiter(*LIMITS, store=store)
    link = Link(store)
    await consume(Pipeline(limiter=limiter, expected_output_tokens=10))
    assert link.scripts[0] == "reserve"
    assert link.scripts[-1] == "settle"
    assert 2 <= link.scripts.count("extend") <= 5
    assert [level.used for level in await limiter.apeek()] == [1, 202, 0]
    assert [row.used for row in await limiter.ausage()] == [1, 202]
    assert (await limiter.aheaders())["x-ratelimit-remaining-tokens"] == str(1_000_000 - 202)
    await limiter.areset()
    assert await limiter.ausage() == ()
    await store.close()


@pytest.mark.parametrize("script", ["reserve", "extend", "settle"])
async def test_a_call_that_is_cancelled_while_the_server_is_at_work_leaves_nothing_there(
    server: Server, script: str
) -> None:
    store = AsyncRedisStore(server.url, prefix=f"cancelled-{script}", timeout_s=1)
    limiter = RateLimiter(*LIMITS, store=store)
    link = Link(store)
    link.stuck_at = script
    call = asyncio.ensure_future(consume(Pipeline(limiter=limiter, expected_output_tokens=10)))
    await link.at_work.wait()
    call.cancel()
    await asyncio.wait([call])
    assert call.cancelled()
    gc.collect(1)
    assert await store.flush() == 0
    requests, tokens, flying = await limiter.apeek()
    assert (requests.used, flying.used) == (1, 0)
    assert tokens.used == {"reserve": 0, "settle": 202}.get(script, tokens.used)
    assert tokens.used < 210
    await store.close()


async def test_an_event_loop_is_not_held_up_by_a_store_that_blocks(server: Server) -> None:
    store = RedisStore(server.url, prefix="blocks", timeout_s=UNHURRIED_S)
    limiter = RateLimiter(*LIMITS, store=store)
    await asyncio.gather(*(consume(Pipeline(limiter=limiter, expected_output_tokens=10)) for _ in range(5)))
    assert [level.used for level in await limiter.apeek()] == [5, 5 * 202, 0]
    store.close()


async def test_leases_over_an_awaited_store_spare_most_calls_the_server(server: Server) -> None:
    store = AsyncRedisStore(server.url, prefix="leases", timeout_s=UNHURRIED_S)
    leased = LeasedStore(store, share=0.1, hold_s=60)
    limiter = RateLimiter(*LIMITS[:2], store=leased)
    link = Link(store)
    pipeline = Pipeline(limiter=limiter, expected_output_tokens=10)

    async def model(prompt: str) -> str:
        return "fine"

    assert limiter.is_async
    for _ in range(90):
        assert await pipeline(model)("hello") == "fine"
    assert link.scripts == ["reserve"]
    assert [level.used for level in await limiter.apeek()] == [100, 100_000]
    ticket = await limiter.areserve(tokens=10)
    assert await limiter.aextend(ticket, tokens=5)
    assert await limiter.aextend(ticket, tokens=200_000)
    await leased.aend()
    assert limiter.settle_later(ticket, tokens=20)
    assert not limiter.settle_later(ticket, tokens=20)
    assert await store.flush() == 0
    assert [level.used for level in await limiter.apeek()] == [100, 90 * 3 + 20]
    await store.close()


async def test_limits_that_are_replaced_give_back_leases_with_the_next_settlement(server: Server) -> None:
    store = AsyncRedisStore(server.url, prefix="replaced", timeout_s=UNHURRIED_S)
    limiter = RateLimiter(LIMITS[1], store=LeasedStore(store, share=0.1, hold_s=60))
    await limiter.asettle(await limiter.areserve(tokens=10), tokens=7)
    limiter.replace(Limit.tokens(2_000_000, per="day"))
    assert store.health.unsent == 1
    assert await store.flush() == 0
    assert [level.used for level in await limiter.apeek()] == [7]
    await store.close()
