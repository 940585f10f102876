"""Many processes and threads, one count; keys of any kind; what is kept, and for how long."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis
from redis.cluster import RedisCluster

from genai_guard.errors import RateLimited
from genai_guard.limits import Limit, RateLimiter
from genai_guard.limits.stores.leased import LeasedStore
from genai_guard.limits.stores.redis import AsyncRedisStore, RedisStore
from limits.stores.redis.conftest import UNHURRIED_S
from limits.stores.servers import PATIENCE_S, Server, eventually

EVERY_KIND = (
    Limit.requests(60, per="minute", by="user"),
    Limit.tokens(1000, per="minute", by="user"),
    Limit.usd(5, per="day", by="user"),
    Limit.concurrent(3, by="user"),
)


def admits(limiter: RateLimiter, **asked: Any) -> bool:
    try:
        limiter.reserve(**asked)
    except RateLimited:
        return False
    return True


CLIENT = """
import sys
from threading import Thread
from genai_guard.errors import RateLimited
from genai_guard.limits import Limit, RateLimiter
from genai_guard.limits.stores.redis import RedisStore

limiter = RateLimiter(
    Limit.tokens(300, per="day"), Limit.requests(500, per="day"), Limit.concurrent(10**6),
    store=RedisStore(sys.argv[1], prefix=sys.argv[2], timeout_s=30, on_outage="deny"),
)
admitted = []

def work():
    for _ in range(60):
        try:
            limiter.reserve(tokens=1)
        except RateLimited:
            continue
        admitted.append(1)

threads = [Thread(target=work) for _ in range(2)]
sys.stdin.readline()
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(admitted))
"""


def spawn(code: str, *args: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_four_processes_of_two_threads_are_admitted_exactly_as_often_as_the_limit_says(server: Server) -> None:
    clients = [spawn(CLIENT, server.url, "crowd") for _ in range(4)]
    for each in clients:
        assert each.stdin is not None
        each.stdin.write("go\n")
        each.stdin.flush()
    answers = [each.communicate(timeout=60)[0] for each in clients]
    assert sum(map(int, answers)) == 300


DYING = """
import os, signal, sys
from genai_guard.limits import Limit, RateLimiter
from genai_guard.limits.stores.redis import RedisStore

limiter = RateLimiter(
    Limit.concurrent(2, lease_s=0.5), Limit.usd(10, per="day", lease_s=0.5, on_expiry="release"),
    store=RedisStore(sys.argv[1], prefix=sys.argv[2], timeout_s=30),
)
tickets = [limiter.reserve(usd=5) for _ in range(2)]
print(os.getpid(), flush=True)
sys.stdin.readline()
"""


def test_what_a_killed_process_held_is_free_when_its_leases_have_run_out(server: Server) -> None:
    store = RedisStore(server.url, prefix="dying", timeout_s=UNHURRIED_S)
    limiter = RateLimiter(
        Limit.concurrent(2, lease_s=0.5), Limit.usd(10, per="day", lease_s=0.5, on_expiry="release"), store=store
    )
    process = spawn(DYING, server.url, "dying")
    assert process.stdout is not None
    os.kill(int(process.stdout.readline()), signal.SIGKILL)
    process.communicate(timeout=PATIENCE_S)
    eventually(lambda: [level.used for level in limiter.peek()] == [0, 0])
    assert admits(limiter, usd=10)
    store.close()


def test_threads_share_a_store(make_store: Callable[..., RedisStore]) -> None:
    limiter = RateLimiter(Limit.tokens(100, per="day"), store=make_store())
    with ThreadPoolExecutor(8) as pool:
        admitted = list(pool.map(lambda _: admits(limiter, tokens=1), range(300)))
    assert sum(admitted) == 100


def test_a_ticket_settled_by_many_threads_is_settled_once(make_store: Callable[..., RedisStore]) -> None:
    limiter = RateLimiter(Limit.tokens(1000, per="day"), Limit.concurrent(5), store=make_store())
    with ThreadPoolExecutor(8) as pool:
        for _ in range(10):
            ticket = limiter.reserve(tokens=20)
            settled = list(pool.map(lambda used, it=ticket: limiter.settle(it, tokens=used), range(10, 18)))
            assert sum(settled) == 1
            limiter.reset()


def test_a_stream_that_is_extended_while_it_is_settled_leaves_nothing_behind(
    make_store: Callable[..., RedisStore],
) -> None:
    store = make_store()
    limiter = RateLimiter(Limit.concurrent(5), store=store)
    link: Any = store._link
    send = link.send
    ticket = limiter.reserve()

    def settle_first(request: Any) -> Any:
        link.send = send
        limiter.settle(ticket)
        return send(request)

    link.send = settle_first
    limiter.extend(ticket)
    store.flush()
    assert limiter.peek()[0].used == 0


@pytest.mark.parametrize("limits", [EVERY_KIND[:1], EVERY_KIND[:3], [
    *EVERY_KIND, *(limit for key in "abcd" for limit in [Limit.requests(60, per="minute", by=key)]),
]])  # fmt: skip
def test_every_step_is_one_round_trip_however_many_limits(
    make_store: Callable[..., RedisStore], limits: list[Limit]
) -> None:
    store = make_store()
    limiter = RateLimiter(*limits, store=store)
    ticket = limiter.reserve(user="ann")
    limiter.extend(ticket)
    limiter.settle(ticket, tokens=0, usd=0)  # from now on the server has the scripts
    client: Any = store._link.client
    before = client.info("commandstats")
    ticket = limiter.reserve(user="ann", tokens=5, usd=1)
    limiter.extend(ticket, tokens=5)
    limiter.settle(ticket, tokens=5, usd=1)
    after = client.info("commandstats")
    asked = 1 if len(limits) == 1 else 3  # requests have nothing to settle
    assert after["cmdstat_evalsha"]["calls"] - before["cmdstat_evalsha"]["calls"] == asked
    assert after["cmdstat_eval"]["calls"] == before["cmdstat_eval"]["calls"]


def test_whatever_is_kept_is_forgotten_in_time_and_a_ticket_when_it_is_settled(
    make_store: Callable[..., RedisStore], client: Any
) -> None:
    store = make_store(prefix="ttl")
    limiter = RateLimiter(*EVERY_KIND, Limit.requests(9, per="hour", calendar=True), store=store)
    tickets = [limiter.reserve(user="ann", tokens=5, usd=1) for _ in range(2)]
    limiter.extend(tickets[0], tokens=5)
    limiter.settle(tickets[1], tokens=2, usd=0.5)
    keys = list(client.scan_iter(match="{ttl}:*"))
    assert len(keys) == 6
    assert all(0 < client.pttl(key) <= 86_401_000 for key in keys)
    limiter.settle(tickets[0], tokens=0, usd=0)
    assert not list(client.scan_iter(match="{ttl}:t*"))


@pytest.mark.parametrize(
    ("limit", "most"),
    [(Limit.requests(9, per="hour", by="user"), 150), (Limit.tokens(9**9, per="hour", by="user"), 190)],
)
def test_a_key_takes_few_bytes(make_store: Callable[..., RedisStore], client: Any, limit: Limit, most: int) -> None:
    limiter = RateLimiter(limit, store=make_store(prefix=f"size_of_{limit.unit}"))
    limiter.reserve(user="u-42", tokens=50_000)
    (key,) = client.scan_iter(match=f"{{size_of_{limit.unit}}}:*u-42")
    assert client.memory_usage(key) < most


NASTY = ["ann", "a:b", "{x}", "*", "a\nb\r\n", "\0", "\ud800", "ä", "=", "#", "x" * 10**6, "x" * 10**6 + "y"]


def test_every_key_has_a_bucket_of_its_own_whatever_is_in_it(make_store: Callable[..., RedisStore]) -> None:
    limiter = RateLimiter(Limit.requests(2, per="day", by="user"), store=make_store(prefix="a*[b]?\\"))
    for user in NASTY:
        assert [admits(limiter, user=user) for _ in range(3)] == [True, True, False]
    assert len(limiter.usage()) == len(NASTY)
    for user in NASTY:
        limiter.reset(user=user)
    assert limiter.usage() == ()


def test_limits_that_differ_in_the_amount_alone_count_together_and_others_do_not(
    make_store: Callable[..., RedisStore],
) -> None:
    store = make_store()
    first = RateLimiter(Limit.tokens(100, per="day", by="user"), store=store)
    first.reserve(user="ann", tokens=60)
    assert RateLimiter(Limit.tokens(50, per="day", by="user"), store=store).peek(user="ann")[0].used == 60
    for other in (
        Limit.tokens(100, per="hour", by="user"),
        Limit.tokens(100, per="day", by="tenant"),
        Limit.output_tokens(100, per="day", by="user"),
        Limit.tokens(100, per="day", by="user", calendar=True),
        Limit.tokens(100, per="day", by="user", name="mine"),
    ):
        assert RateLimiter(other, store=store).peek(user="ann", tenant="ann")[0].used == 0
    apart = RateLimiter(Limit.tokens(100, per="day", by="user"), store=make_store())
    assert apart.peek(user="ann")[0].used == 0


def test_usage_and_reset_reach_as_many_keys_as_there_are(make_store: Callable[..., RedisStore]) -> None:
    limiter = RateLimiter(Limit.requests(2, per="day", by="user"), Limit.tokens(9, per="day"), store=make_store())
    for number in range(300):
        limiter.reserve(user=number)
    limiter.reserve(tokens=5)
    assert len(limiter.usage()) == 302
    limiter.reset()
    assert limiter.usage() == ()


def test_processes_that_lease_ask_the_server_now_and_then_and_exceed_no_limit(
    make_store: Callable[..., RedisStore],
) -> None:
    stores = [make_store(prefix="leased") for _ in range(3)]
    limits = Limit.requests(2_000, per="day"), Limit.tokens(10**6, per="day")
    limiters = [RateLimiter(*limits, store=LeasedStore(store, share=0.05, hold_s=60)) for store in stores]
    client: Any = stores[0]._link.client
    before = client.info("stats")["total_commands_processed"]
    admitted = sum(admits(limiter, tokens=100) for _ in range(600) for limiter in limiters)
    assert admitted == 1_800
    assert client.info("stats")["total_commands_processed"] - before < 400  # of which a script is several
    assert sum(admits(limiter, tokens=100) for _ in range(100) for limiter in limiters) == 200


# --- asyncio, cluster ---------------------------------------------------------------------------------


async def test_an_awaited_store_counts_with_the_others(server: Server, make_store: Callable[..., RedisStore]) -> None:
    plain = RateLimiter(*EVERY_KIND, store=make_store(prefix="mixed"))
    store = AsyncRedisStore(server.url, prefix="mixed", timeout_s=UNHURRIED_S)
    limiter = RateLimiter(*EVERY_KIND, store=store)
    ticket = await limiter.areserve(user="ann", tokens=400, usd=2)
    assert [level.used for level in plain.peek(user="ann")] == [1, 400, 2, 1]
    assert await limiter.aextend(ticket, tokens=100)
    with pytest.raises(RateLimited):
        await limiter.areserve(user="ann", tokens=600)
    assert plain.peek(user="ann")[1].used == 500
    assert await limiter.asettle(ticket, tokens=10, usd=0.5)
    assert not await limiter.asettle(ticket, tokens=10)
    assert [level.used for level in plain.peek(user="ann")] == [1, 10, 0.5, 0]
    counts: Any = limiter._now.awaited
    assert [level.used for level in await counts.peek({"user": "ann", "": ""})] == [1, 10, 0.5, 0]
    assert len(await counts.usage()) == 3
    await counts.reset(None)
    assert plain.usage() == ()
    await store.close()


async def test_a_reservation_that_is_cancelled_leaves_nothing_behind(server: Server) -> None:
    store = AsyncRedisStore(server.url, prefix="cancelled", timeout_s=UNHURRIED_S)
    limiter = RateLimiter(Limit.concurrent(5), Limit.tokens(100, per="day"), store=store)
    link: Any = store._link
    send = link.send
    at_work = asyncio.Event()

    async def never_answers(request: Any) -> Any:
        await send(request)
        at_work.set()
        await asyncio.sleep(3_600)

    link.send = never_answers
    task = asyncio.create_task(limiter.areserve(tokens=50))
    await at_work.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    link.send = send
    counts: Any = limiter._now.awaited
    assert [level.used for level in await counts.peek({"": ""})] == [1, 50]
    assert await store.flush() == 0
    assert [level.used for level in await counts.peek({"": ""})] == [0, 0]
    await store.close()


def test_on_a_cluster_all_keys_are_in_one_slot(tmp_path: Any) -> None:
    node = Server(tmp_path, cluster=True)
    try:
        node.start()
        with redis.Redis.from_url(node.url) as admin:
            admin.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16_383)
            eventually(lambda: admin.cluster("INFO")["cluster_state"] == "ok")
        cluster = RedisCluster.from_url(node.url, socket_timeout=UNHURRIED_S, socket_connect_timeout=UNHURRIED_S)
        limiter = RateLimiter(*EVERY_KIND, store=RedisStore(cluster, timeout_s=UNHURRIED_S, on_outage="deny"))
        ticket = limiter.reserve(user="ann", tokens=5, usd=1)
        assert limiter.extend(ticket, tokens=5)
        assert limiter.settle(ticket, tokens=3, usd=1)
        assert [row.used for row in limiter.usage()] == [1, 3, 1]
        limiter.reset(user="ann")
        assert limiter.usage() == ()
        cluster.close()
    finally:
        node.close()
