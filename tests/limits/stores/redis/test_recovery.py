"""The server comes back: it is used again, what waited for it is sent, and nothing is left behind."""

from __future__ import annotations

import time
from threading import Thread
from typing import Any

import pytest

from genai_guard.errors import ConfigurationError
from genai_guard.limits import Limit, RateLimiter, Ticket
from genai_guard.limits.stores.redis import AsyncRedisStore, LimitUnavailable, RedisStore
from genai_guard.limits.stores.redis.outage import Outage
from limits.stores.redis.conftest import UNHURRIED_S, count
from limits.stores.servers import Server, eventually

QUICK_S = 0.05
NOW_S = 0.001  # to try again at once
NEVER_S = 3_600.0  # not within a test


def test_a_server_that_is_started_anew_is_used_again(fragile: Server) -> None:
    store = RedisStore(fragile.url, timeout_s=UNHURRIED_S, retry_s=NOW_S)
    limiter = RateLimiter(Limit.requests(50, per="day", on_outage="deny"), Limit.tokens(50, per="day"), store=store)
    assert count(limiter, 5) == 5
    fragile.kill()
    assert count(limiter, 5) == 0
    fragile.start()
    eventually(lambda: count(limiter, 1))
    assert store.health.state == "up"
    assert count(limiter, 100) == 49  # the server kept nothing


def test_a_server_that_was_replaced_between_two_calls_costs_no_call(fragile: Server) -> None:
    store = RedisStore(fragile.url, timeout_s=UNHURRIED_S)
    limiter = RateLimiter(Limit.requests(50, per="day", on_outage="deny"), store=store)
    limiter.reserve()
    fragile.kill()
    fragile.start()
    assert count(limiter, 50) == 50
    assert store.health.failures == store.health.outages == 0


def test_scripts_that_were_flushed_are_sent_again(fragile: Server) -> None:
    store = RedisStore(fragile.url, timeout_s=UNHURRIED_S)
    limiter = RateLimiter(Limit.tokens(50, per="day", on_outage="deny"), store=store)
    flush = store._link.client.script_flush
    flush()
    ticket = limiter.reserve(tokens=30)
    flush()
    limiter.extend(ticket, tokens=10)
    flush()
    assert limiter.settle(ticket, tokens=20)
    flush()
    assert limiter.peek()[0].used == 20
    flush()
    limiter.reset()
    assert limiter.usage() == ()
    assert store.health.failures == 0


def test_settlements_wait_for_the_server(fragile: Server) -> None:
    store = RedisStore(fragile.url, timeout_s=UNHURRIED_S, retry_s=NEVER_S, failures=1)
    limiter = RateLimiter(Limit.tokens(1000, per="day"), Limit.concurrent(9), Limit.usd(9, per="day"), store=store)
    tickets = [limiter.reserve(tokens=100, usd=1) for _ in range(5)]
    link: Any = store._link
    send, link.send = link.send, lambda _request: _fail()
    for ticket in tickets:
        assert limiter.settle(ticket, tokens=10, usd=0.1)
        assert not limiter.settle(ticket, tokens=10, usd=0.1)
    assert store.health.unsent == 5
    link.send = send
    store._shared.breaker.succeeded()
    assert [level.used for level in limiter.peek()] == [500, 5, 5]
    assert store.flush() == 0
    assert [level.used for level in limiter.peek()] == [50, 0, 0.5]


def test_a_settlement_that_gets_through_takes_others_along(fragile: Server) -> None:
    store = RedisStore(fragile.url, timeout_s=UNHURRIED_S, failures=10)
    limiter = RateLimiter(Limit.tokens(1000, per="day"), Limit.concurrent(9), store=store)
    tickets = [limiter.reserve(tokens=100) for _ in range(5)]
    link: Any = store._link
    send, link.send = link.send, lambda _request: _fail()
    for ticket in tickets[1:]:
        assert limiter.settle(ticket, tokens=10)
    link.send = send
    assert limiter.settle(tickets[0], tokens=10)
    assert [level.used for level in limiter.peek()] == [50, 0]
    assert store.health.unsent == 0


def test_no_more_settlements_wait_than_said_and_those_lost_are_counted(fragile: Server) -> None:
    store = RedisStore(fragile.url, timeout_s=UNHURRIED_S, retry_s=NEVER_S, failures=1, max_unsent=3)
    limiter = RateLimiter(Limit.tokens(1000, per="day"), store=store)
    tickets = [limiter.reserve(tokens=100) for _ in range(5)]
    link: Any = store._link
    send, link.send = link.send, lambda _request: _fail()
    for ticket in tickets:
        limiter.settle(ticket, tokens=0)
    assert store.health[4:] == (3, 2)
    link.send = send
    store._shared.breaker.succeeded()
    store.flush()
    assert limiter.peek()[0].used == 200  # what was lost stays reserved


def _fail() -> Any:
    raise Outage("TimeoutError")


@pytest.mark.parametrize("settled_first", [True, False])
def test_a_reservation_whose_answer_was_lost_leaks_nothing(fragile: Server, *, settled_first: bool) -> None:
    store = RedisStore(fragile.url, timeout_s=UNHURRIED_S, failures=10)
    limiter = RateLimiter(Limit.concurrent(10), Limit.tokens(1000, per="day"), store=store)
    link: Any = store._link
    requests: list[Any] = []
    send = link.send

    def lose(request: Any) -> Any:
        requests.append(request)
        return _fail()

    link.send = lose
    ticket = limiter.reserve(tokens=50)
    link.send = send
    late = [lambda: limiter.settle(ticket, tokens=20), lambda: send(requests[0])]
    for step in late if settled_first else reversed(late):
        step()
    assert [level.used for level in limiter.peek()] == [0, 0 if settled_first else 20]


def test_an_extension_that_arrives_after_its_call_has_ended_leaks_nothing(fragile: Server) -> None:
    store = RedisStore(fragile.url, timeout_s=UNHURRIED_S, failures=10)
    limiter = RateLimiter(Limit.concurrent(10), Limit.tokens(1000, per="day"), store=store)
    ticket = limiter.reserve(tokens=50)
    link: Any = store._link
    requests: list[Any] = []
    send = link.send

    def lose(request: Any) -> Any:
        requests.append(request)
        return _fail()

    link.send = lose
    assert limiter.extend(ticket, tokens=10)
    link.send = send
    assert limiter.extend(ticket, tokens=5)
    assert [level.used for level in limiter.peek()] == [1, 55]
    assert limiter.settle(ticket, tokens=20)
    send(requests[0])
    assert [level.used for level in limiter.peek()] == [0, 20]


def test_a_stream_goes_on_with_what_budgets_hold_for_it_when_more_is_refused(fragile: Server) -> None:
    store = RedisStore(fragile.url, timeout_s=UNHURRIED_S, retry_s=NEVER_S, failures=1)
    limiter = RateLimiter(Limit.usd(10, per="day"), Limit.tokens(1000, per="day"), store=store)
    ticket = limiter.reserve(usd=2, tokens=5)
    link: Any = store._link
    send, link.send = link.send, lambda _request: _fail()
    assert limiter.extend(ticket, tokens=5)
    with pytest.raises(LimitUnavailable):
        limiter.extend(ticket, usd=1)
    link.send = send
    store._shared.breaker.succeeded()
    assert limiter.settle(ticket, usd=1, tokens=7)
    assert [level.used for level in limiter.peek()] == [1, 7]


def test_an_answer_that_was_lost_is_asked_for_again_without_counting_twice(fragile: Server) -> None:
    store = RedisStore(fragile.url, timeout_s=UNHURRIED_S)
    limits = Limit.requests(10, per="day"), Limit.concurrent(10), Limit.tokens(1000, per="day"), Limit.usd(9, per="day")
    limiter = RateLimiter(*limits, store=store)
    link: Any = store._link
    send = link.send

    def twice(request: Any) -> Any:
        send(request)
        return send(request)

    link.send = twice
    ticket = limiter.reserve(tokens=50, usd=2)
    link.send = send
    assert [level.used for level in limiter.peek()] == [1, 1, 50, 2]
    link.send = twice
    assert limiter.settle(ticket, tokens=70, usd=3)
    assert [level.used for level in limiter.peek()] == [1, 0, 70, 3]


def test_a_call_refused_without_the_server_is_given_back_on_it(fragile: Server) -> None:
    store = RedisStore(fragile.url, timeout_s=UNHURRIED_S, failures=10)
    limiter = RateLimiter(Limit.usd(10, per="day"), store=store)
    link: Any = store._link
    send = link.send

    def lose(request: Any) -> Any:
        send(request)
        return _fail()

    link.send = lose
    with pytest.raises(LimitUnavailable):
        limiter.reserve(usd=3)
    link.send = send
    assert limiter.peek()[0].used == 3
    store.flush()
    assert limiter.peek()[0].used == 0


@pytest.mark.parametrize(("ill", "well"), [("stall", "go_on"), ("kill", "start")])
def test_an_outage_in_mid_load_leaves_nothing_behind(fragile: Server, ill: str, well: str) -> None:
    store = RedisStore(fragile.url, timeout_s=QUICK_S, retry_s=NOW_S)
    limiter = RateLimiter(
        Limit.concurrent(10**4, on_outage="allow"), Limit.tokens(10**9, per="day", on_outage="allow"), store=store
    )
    errors: list[BaseException] = []
    done: list[int] = []
    ending: list[bool] = []

    def work() -> None:
        try:
            while not ending:
                assert limiter.settle(limiter.reserve(tokens=100), tokens=7)
                done.append(1)
        except BaseException as error:  # noqa: BLE001  to be shown by the test
            errors.append(error)

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        getattr(fragile, ill)()
        eventually(lambda: store.health.state == "down")
        getattr(fragile, well)()
        eventually(lambda: store.health.state == "up")
    ending.append(True)
    for thread in threads:
        thread.join()
    assert errors == []
    eventually(lambda: store.flush() == 0)
    unhurried = RateLimiter(*limiter.limits, store=RedisStore(fragile.url, timeout_s=UNHURRIED_S))
    places, tokens = unhurried.peek()
    assert places.used == 0
    assert tokens.used <= 7 * len(done)
    assert tokens.used % 7 == 0


def test_no_more_are_admitted_than_the_limit_says_while_the_server_hangs_again_and_again(fragile: Server) -> None:
    store = RedisStore(fragile.url, timeout_s=QUICK_S, retry_s=NOW_S, on_outage="deny")
    limiter = RateLimiter(Limit.requests(3_000, per="day"), Limit.tokens(10**9, per="day"), store=store)
    admitted: list[int] = []
    full: list[bool] = []

    def work() -> None:
        while not full:
            admitted.append(count(limiter, 20, tokens=1))

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        fragile.stall()
        eventually(lambda: store.health.state == "down")
        fragile.go_on()
        eventually(lambda: store.health.state == "up")
    unhurried = RateLimiter(*limiter.limits, store=RedisStore(fragile.url, timeout_s=UNHURRIED_S))
    eventually(lambda: unhurried.peek()[0].remaining == 0)
    full.append(True)
    for thread in threads:
        thread.join()
    assert 300 < sum(admitted) <= 3_000  # those whose answer was lost are counted, and were not admitted


# --- asyncio ------------------------------------------------------------------------------------------


async def test_an_awaited_store_decides_in_time_and_comes_back(fragile: Server) -> None:
    store = AsyncRedisStore(fragile.url, timeout_s=QUICK_S, retry_s=NOW_S, failures=1)
    limiter = RateLimiter(Limit.concurrent(10, on_outage="allow"), Limit.usd(9, per="day"), store=store)
    fragile.stall()
    started = time.monotonic()
    with pytest.raises(LimitUnavailable):
        await limiter.areserve(usd=1)
    assert time.monotonic() - started < QUICK_S + 1  # a busy machine is forgiven a second
    fragile.go_on()
    ticket = Ticket()
    while not ticket.open:
        try:
            await limiter.areserve(ticket, usd=1)
        except LimitUnavailable:
            continue
    assert await limiter.asettle(ticket, usd=0.5)
    while await store.flush():  # a busy server may take longer than the store waits
        pass
    await store.close()
    levels = RateLimiter(*limiter.limits, store=RedisStore(fragile.url, timeout_s=UNHURRIED_S)).peek()
    assert [level.used for level in levels] == [0, 0.5]


def test_a_server_that_is_not_there_is_said_so_at_the_start(fragile: Server) -> None:
    store = RedisStore(fragile.url)
    store.check()
    fragile.kill()
    with pytest.raises(ConfigurationError, match=rf"redis://127\.0\.0\.1:{fragile.port}/0.*ConnectionError"):
        store.check()
