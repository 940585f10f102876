"""The scripts decide as the state machines do: whatever is done, at whatever time, the answers are the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genai_guard.errors import BudgetExceeded, RateLimited
from genai_guard.limits import Limit, MemoryStore, RateLimiter
from genai_guard.limits.stores.redis import RedisStore
from limits.books import SECOND, Clock
from limits.stores.redis.conftest import TimedStore

OVERRIDES: dict[str, int | None] = {"vip": 90, "free": None}


def limits_of(amount: int) -> tuple[Limit, ...]:
    """Return limits of every kind. A rate that is changed drains as before until the next call, unlike in memory."""
    return (
        Limit.requests(7, per="minute", burst=3 * amount, by="user"),
        Limit.requests(70, per="hour", mode="shadow"),
        Limit.tokens(100 * amount, per="minute", by="user", overrides=OVERRIDES),
        Limit.output_tokens(60 * amount, per="hour", by=("user", "tenant")),
        Limit.usd(amount, per="day", calendar=False),  # up to here
        Limit.usd(2 * amount, per="day", timezone="Europe/Berlin", lease_s=1_000, on_expiry="release", by="user"),
        Limit.tokens(900 * amount, per="hour", calendar=True, lease_s=50, name="quota"),
        Limit.requests(40 * amount, per="hour", calendar=True),
        Limit.concurrent(2 * amount, lease_s=40, by="user"),
    )


steps = st.one_of(
    st.tuples(st.just("wait"), st.one_of(st.integers(0, 10**6), st.integers(0, 100 * 10**6), st.integers(0, 10**11))),
    st.tuples(st.just("reserve"), st.sampled_from(["ann", "vip", "free", ""]), st.integers(0, 70), st.integers(0, 40)),
    st.tuples(st.just("reserve"), st.sampled_from(["ann", "vip", "free", ""]), st.integers(0, 70), st.integers(0, 40)),
    st.tuples(st.just("nothing"), st.integers(0, 3)),
    st.tuples(st.just("extend"), st.integers(0, 30), st.integers(0, 40)),
    st.tuples(st.just("settle"), st.integers(0, 30), st.one_of(st.none(), st.integers(0, 150))),
    st.tuples(st.just("settle"), st.integers(0, 30), st.one_of(st.none(), st.integers(0, 150))),
    st.tuples(st.just("replace"), st.sampled_from([1, 2, 5])),
    st.tuples(st.just("reset"), st.sampled_from(["ann", "vip", None])),
)


class Twin:
    """A limiter, its tickets, and what it answers."""

    def __init__(self, store: Any, most: int) -> None:
        self.most = most
        self.limiter = RateLimiter(*limits_of(1)[:most], store=store)
        self.tickets: list[Any] = []

    def do(self, step: tuple[Any, ...]) -> Any:
        try:
            return getattr(self, step[0])(*step[1:])
        except (RateLimited, BudgetExceeded) as error:
            return error.limits, error.details

    def reserve(self, user: str, tokens: int, cents: int) -> Any:
        ticket = self.limiter.reserve(user=user, tenant="t", tokens=tokens, output_tokens=tokens // 2, usd=cents / 100)
        self.tickets.append(ticket)
        return ticket.shadow_denials

    def nothing(self, tokens: int) -> Any:
        return self.limiter.reserve(requests=0, tokens=tokens).shadow_denials

    def extend(self, place: int, more: int) -> Any:
        return self._of(place, lambda ticket: self.limiter.extend(ticket, tokens=more, usd=more / 100))

    def settle(self, place: int, used: int | None) -> Any:
        usd = None if used is None else used / 100
        return self._of(place, lambda ticket: self.limiter.settle(ticket, tokens=used, output_tokens=used, usd=usd))

    def replace(self, amount: int) -> None:
        self.limiter.replace(*limits_of(amount)[: self.most])

    def reset(self, user: str | None) -> None:
        self.limiter.reset(**({} if user is None else {"user": user}))

    def seen(self) -> Any:
        rows = sorted((row.limit, row.key, row.used, row.capacity, row.resets_in_s) for row in self.limiter.usage())
        return [self.limiter.peek(user=user, tenant="t") for user in ("ann", "vip", "free", "")], rows

    def _of(self, place: int, work: Callable[[Any], Any]) -> Any:
        return work(self.tickets[place % len(self.tickets)]) if self.tickets else None


@pytest.mark.usefixtures("own_time")
@pytest.mark.parametrize("most", [5, 9])  # rates and windows alone have scripts of their own
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(steps, max_size=40))
def test_the_server_answers_as_memory_does(
    make_store: Callable[..., RedisStore], client: Any, most: int, plan: list[tuple[Any, ...]]
) -> None:
    client.flushdb()
    wall = Clock(1_793_400_000 * SECOND)  # half a day before clocks are changed in Berlin
    memory = Twin(MemoryStore(clock=wall, wall_clock=wall), most)
    store = make_store()
    server = Twin(TimedStore(store, client, wall), most)
    for step in plan:
        if step[0] == "wait":
            wall.now += step[1] * 1_000
        else:
            assert memory.do(step) == server.do(step)
        assert memory.seen() == server.seen()
    assert store.health.outages == store.health.failures == 0
