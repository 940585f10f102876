"""The server stalls, dies and comes back: calls are decided in bounded time, as each limit says, and nothing leaks."""

from __future__ import annotations

import time
from threading import Thread
from typing import Any

import pytest

from genai_guard.errors import ComponentFailed, RateLimited, Rejected
from genai_guard.limits import Limit, RateLimiter
from genai_guard.limits.stores.redis import LimitUnavailable, RedisStore
from limits.stores.redis.conftest import count
from limits.stores.servers import Server, eventually

QUICK_S = 0.05
NOW_S = 0.001  # to try again at once
NEVER_S = 3_600.0  # not within a test


class Counted:
    """How often a store has asked the server."""

    def __init__(self, store: RedisStore) -> None:
        self.asked = 0
        link: Any = store._link
        self._send, link.send = link.send, self._counted

    def _counted(self, request: Any) -> Any:
        self.asked += 1
        return self._send(request)


# --- What limits say ----------------------------------------------------------------------------------


def test_a_limit_that_allows_lets_calls_through(fragile: Server) -> None:
    store = RedisStore(fragile.url, retry_s=NEVER_S)
    limiter = RateLimiter(Limit.requests(2, per="day", on_outage="allow"), store=store)
    fragile.kill()
    assert count(limiter) == 40


@pytest.mark.parametrize(
    ("limit", "options"),
    [
        (Limit.requests(20, per="day", on_outage="deny"), {}),
        (Limit.requests(20, per="day"), {"on_outage": "deny"}),
        (Limit.usd(20, per="day"), {}),
        (Limit.usd(20, per="day"), {"on_outage": "allow"}),
    ],
)
def test_a_limit_that_denies_says_that_its_store_is_not_there(
    fragile: Server, limit: Limit, options: dict[str, Any]
) -> None:
    limiter = RateLimiter(limit, store=RedisStore(fragile.url, retry_s=NEVER_S, **options))
    limiter.reserve()
    fragile.kill()
    with pytest.raises(LimitUnavailable, match="the store cannot be reached") as caught:
        limiter.reserve(usd=0.01)
    assert caught.value.http_status == 503
    assert caught.value.limits == (limit.name,)
    assert isinstance(caught.value, RateLimited)
    assert caught.value.retry_after_s is not None


@pytest.mark.parametrize(("limit", "share", "most"), [
    (Limit.requests(100, per="day", on_outage="local"), 0.1, 10),
    (Limit.requests(100, per="day"), 0.25, 25),
    (Limit.requests(100, per="day", calendar=True), 0.25, 25),
    (Limit.concurrent(100), 0.25, 25),
    (Limit.tokens(100, per="day"), 0.25, 25),
    (Limit.usd(1, per="day", on_outage="local"), 0.25, 25),
    (Limit.requests(5, per="day"), 0.1, 1),
])  # fmt: skip
def test_a_share_of_a_limit_is_counted_in_this_process(fragile: Server, limit: Limit, share: float, most: int) -> None:
    limiter = RateLimiter(limit, store=RedisStore(fragile.url, local_share=share, retry_s=NEVER_S))
    fragile.kill()
    assert count(limiter, tokens=1, usd=0.01) == most
    with pytest.raises(Rejected) as caught:
        limiter.reserve(tokens=1, usd=0.01)
    refused: Any = caught.value
    assert refused.limits == (limit.name,)
    assert [level.limit for level in limiter.peek()] == [limit.name]
    assert limiter.peek()[0].remaining == 0


def test_what_is_settled_during_an_outage_is_free_in_this_process(fragile: Server) -> None:
    limiter = RateLimiter(Limit.concurrent(10), store=RedisStore(fragile.url, local_share=0.1, retry_s=NEVER_S))
    fragile.kill()
    for _ in range(5):
        assert limiter.settle(limiter.reserve())


def test_on_error_of_a_limit_goes_before_the_default_of_the_store(fragile: Server) -> None:
    limits = Limit.usd(1, per="day", on_error="allow"), Limit.requests(1, per="day", on_error="allow")
    limiter = RateLimiter(*limits, store=RedisStore(fragile.url, on_outage="deny", retry_s=NEVER_S))
    fragile.kill()
    assert count(limiter, usd=1) == 40


def test_a_limit_in_shadow_mode_denies_nothing(fragile: Server) -> None:
    limits = Limit.usd(1, per="day", mode="shadow"), Limit.requests(10, per="day", mode="shadow")
    limiter = RateLimiter(*limits, store=RedisStore(fragile.url, local_share=0.1, retry_s=NEVER_S))
    fragile.kill()
    assert limiter.reserve(usd=5).shadow_denials == ()
    assert limiter.reserve(usd=5).shadow_denials == (limits[1].name,)


def test_a_limit_yields_to_another_during_an_outage_as_well(fragile: Server) -> None:
    limits = (
        Limit.requests(1, per="day", by="user", overrides={"vip": 100}, name="users", on_outage="allow"),
        Limit.requests(20, per="day", by="tenant", unless="users"),
    )
    limiter = RateLimiter(*limits, store=RedisStore(fragile.url, local_share=0.1, retry_s=NEVER_S))
    fragile.kill()
    assert count(limiter, user="vip", tenant="t") == 40
    assert count(limiter, user="ann", tenant="t") == 2


def test_levels_tell_what_a_caller_would_get(fragile: Server) -> None:
    limits = Limit.usd(2, per="day"), Limit.requests(9, per="day", on_outage="allow"), Limit.tokens(100, per="day")
    limiter = RateLimiter(*limits, store=RedisStore(fragile.url, local_share=0.1, retry_s=NEVER_S))
    fragile.kill()
    assert [level.remaining for level in limiter.peek()] == [0, None, 10]
    assert limiter.headers()["x-ratelimit-remaining-tokens"] == "10"


@pytest.mark.parametrize("work", ["usage", "reset"])
def test_what_only_the_server_can_do_fails(fragile: Server, work: str) -> None:
    limiter = RateLimiter(Limit.requests(1, per="day"), store=RedisStore(fragile.url))
    fragile.kill()
    with pytest.raises(ComponentFailed, match="store failed in stage limits: ConnectionError"):
        getattr(limiter, work)()


# --- Time ---------------------------------------------------------------------------------------------


def test_a_server_that_hangs_is_waited_for_no_longer_than_said(fragile: Server) -> None:
    store = RedisStore(fragile.url, timeout_s=QUICK_S, retry_s=NEVER_S, failures=1)
    limiter = RateLimiter(Limit.requests(10**6, per="day", on_outage="allow"), store=store)
    limiter.reserve()
    fragile.stall()
    started = time.monotonic()
    limiter.reserve()
    assert QUICK_S * 0.9 <= time.monotonic() - started < QUICK_S + 1  # a busy machine is forgiven a second
    assert store.health[:4] == ("down", 1, 1, "TimeoutError")


@pytest.mark.parametrize("ill", ["kill", "stall"])
def test_a_dead_server_is_not_asked_again_and_again(fragile: Server, ill: str) -> None:
    store = RedisStore(fragile.url, timeout_s=QUICK_S, retry_s=NEVER_S, failures=3)
    limiter = RateLimiter(Limit.tokens(10**6, per="day", on_outage="allow"), Limit.concurrent(10**6), store=store)
    limiter.reserve()
    counted = Counted(store)
    getattr(fragile, ill)()
    for _ in range(50):
        limiter.settle(limiter.reserve(tokens=5), tokens=4)
    assert counted.asked == 3
    assert store.health.state == "down"


def test_only_one_call_tries_whether_the_server_is_back(fragile: Server) -> None:
    store = RedisStore(fragile.url, timeout_s=0.5, retry_s=NOW_S, failures=1)
    limiter = RateLimiter(Limit.requests(10**6, per="day", on_outage="allow"), store=store)
    fragile.stall()
    limiter.reserve()
    counted = Counted(store)
    probe = Thread(target=lambda: eventually(lambda: limiter.reserve().open and counted.asked))
    probe.start()
    eventually(lambda: counted.asked)
    for _ in range(20):
        limiter.reserve()
    assert counted.asked == 1 or not probe.is_alive()
    probe.join()
