"""A limiter whose store waits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from genai_guard.errors import ConfigurationError, RateLimited
from genai_guard.limits import Denial, Limit, MemoryStore, RateLimiter, Ticket
from slow_stores import AwaitedStore, BlockingStore


class AsyncCounts:
    """Counts over a network, as far as the limiter can see."""

    def __init__(self, limits: Sequence[Limit]) -> None:
        self.inner = MemoryStore(clock=lambda: 0).bind(limits)

    async def reserve(self, ticket: Ticket, buckets: Any, demand: Any, /) -> Sequence[Denial]:
        denials = self.inner.reserve(ticket, buckets, demand)
        ticket.grant = ticket.grant and (self, ticket.grant)
        return denials

    async def settle(self, ticket: Ticket, actual: Any, /) -> bool:
        if ticket.grant is None or ticket.grant[0] is not self:
            return False
        ticket.grant = ticket.grant[1]
        return self.inner.settle(ticket, actual)

    async def extend(self, ticket: Ticket, demand: Any, /) -> Sequence[Denial]:
        if ticket.grant is None or ticket.grant[0] is not self:
            return ()
        ticket.grant = ticket.grant[1]
        denials = self.inner.extend(ticket, demand)
        ticket.grant = (self, ticket.grant)
        return denials

    async def usage(self) -> Any:
        return self.inner.usage()

    async def peek(self, buckets: Any, /) -> Any:
        return self.inner.peek(buckets)

    async def reset(self, buckets: Any, /) -> None:
        self.inner.reset(buckets)


class AsyncStore:
    def bind(self, limits: Sequence[Limit], _previous: object = None, /) -> AsyncCounts:
        return AsyncCounts(limits)


@pytest.mark.parametrize("store", [AsyncStore, MemoryStore])
async def test_a_limiter_can_be_awaited_with_either_kind_of_store(store: Any) -> None:
    limiter = RateLimiter(Limit.tokens(10, per="minute"), store=store())
    ticket = await limiter.areserve(tokens=10)
    with pytest.raises(RateLimited):
        await limiter.areserve(tokens=1)
    with pytest.raises(ConfigurationError):
        await limiter.areserve(ticket)
    with pytest.raises(RateLimited):
        await limiter.aextend(ticket, tokens=1)
    assert await limiter.aextend(ticket)
    assert await limiter.asettle(ticket, tokens=4)
    assert not await limiter.aextend(ticket)
    assert not await limiter.asettle(ticket)
    await limiter.areserve(Ticket(), tokens=6)


@pytest.mark.parametrize("store", [AwaitedStore, BlockingStore, MemoryStore])
async def test_every_question_can_be_awaited_with_any_kind_of_store(store: Any) -> None:
    limiter = RateLimiter(Limit.tokens(10, per="minute", by="user"), store=store())
    await limiter.asettle(await limiter.areserve(user="ann", tokens=8), tokens=6)
    assert [level.remaining for level in await limiter.apeek(user="ann")] == [4]
    assert [(row.key, row.used) for row in await limiter.ausage()] == [("ann", 6)]
    headers = await limiter.aheaders(RateLimited("x", 3.0), user="ann")
    assert (headers["x-ratelimit-remaining-tokens"], headers["retry-after"]) == ("4", "3")
    await limiter.areset(user="ann")
    assert await limiter.ausage() == ()
    with pytest.raises(ConfigurationError, match="no limit goes by it"):
        await limiter.areset(tenant="acme")


@pytest.mark.parametrize("store", [AwaitedStore, BlockingStore, MemoryStore])
async def test_who_cannot_await_settles_later(store: Any) -> None:
    limiter = RateLimiter(Limit.tokens(10, per="minute"), store=store())
    ticket = await limiter.areserve(tokens=10)
    assert limiter.settle_later(ticket, tokens=3)
    assert not limiter.settle_later(ticket, tokens=3)
    assert (await limiter.apeek())[0].used == 3


@pytest.mark.parametrize("method", ["reserve", "peek", "reset"])
def test_an_asynchronous_store_must_be_awaited(method: str) -> None:
    limiter = RateLimiter(Limit.tokens(10, per="minute"), store=AsyncStore())
    assert limiter.is_async
    with pytest.raises(ConfigurationError, match="await areserve"):
        getattr(limiter, method)()
    with pytest.raises(ConfigurationError, match="await areserve"):
        limiter.settle(Ticket())
