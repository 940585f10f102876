"""Threads at once: every decision is one that calls in some order would have met, on every store.

Each call is somewhere between its beginning and its end, as of a linearizable object (Herlihy and Wing, 1990). So what is
surely in use at a moment stays within the limit; and a call may be refused only if all that can have been in use while it
was looked at leaves no room for it.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Barrier, Thread
from typing import Any, NamedTuple

import pytest

from genai_guard.errors import Rejected
from genai_guard.limits import Limit, MemoryStore, RateLimiter, SqliteStore
from genai_guard.limits.stores.redis import RedisStore
from limits.stores.servers import Server

ROOM, THREADS, CALLS = 20, 6, 60
UNHURRIED_S = 30.0


class Span(NamedTuple):
    start: int
    end: int


class Held(NamedTuple):
    """What a call has had, from its reservation to its settlement."""

    cost: int
    taken: Span
    given_back: Span


class Refused(NamedTuple):
    cost: int
    asked: Span


@pytest.fixture(params=["memory", "sqlite", "valkey"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    if request.param == "memory":
        yield MemoryStore()
        return
    if request.param == "sqlite":
        file = SqliteStore(tmp_path / "limits.sqlite", timeout_s=UNHURRIED_S, synchronous="off")
        yield file
        file.close()
        return
    server = Server(tmp_path)
    remote = RedisStore(server.start().url, timeout_s=UNHURRIED_S)
    yield remote
    remote.close()
    server.close()


@pytest.fixture
def switching() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("switching")
@pytest.mark.parametrize(
    ("limit", "name", "costs"),
    [
        (Limit.tokens(ROOM, per="day", timezone="UTC"), "tokens", range(1, 10)),
        (Limit.tokens(ROOM, per="day"), "tokens", range(1, 10)),
        (Limit.concurrent(3), "requests", [1]),
    ],
    ids=["quota", "window", "places"],
)
def test_every_decision_is_one_that_some_order_would_have_met(
    store: Any, limit: Limit, name: str, costs: range | list[int]
) -> None:
    limiter = RateLimiter(limit, store=store)
    held, refused = history(limiter, name, list(costs))
    room = limiter.peek()[0].capacity
    assert room is not None
    assert held
    assert refused
    for each in held:
        moment = each.taken.end
        assert sum(other.cost for other in held if other.taken.end <= moment < other.given_back.start) <= room
    for denial in refused:
        seen = denial.asked
        possible = [it.cost for it in held if it.taken.start < seen.end and it.given_back.end > seen.start]
        assert sum(possible) + denial.cost > room
    assert limiter.peek()[0].used == 0


def history(limiter: RateLimiter, name: str, costs: list[int]) -> tuple[list[Held], list[Refused]]:
    """Let threads reserve and give back, and return what each call has met."""
    held: list[Held] = []
    refused: list[Refused] = []
    barrier = Barrier(THREADS)

    def work(seed: int) -> None:
        chance = random.Random(seed)
        barrier.wait()
        for _ in range(CALLS):
            cost, start = chance.choice(costs), time.perf_counter_ns()
            try:
                ticket = limiter.reserve(**{name: cost})
            except Rejected:
                refused.append(Refused(cost, Span(start, time.perf_counter_ns())))
                continue
            taken = Span(start, time.perf_counter_ns())
            time.sleep(chance.random() / 2_000)
            start = time.perf_counter_ns()
            limiter.settle(ticket, tokens=0)
            held.append(Held(cost, taken, Span(start, time.perf_counter_ns())))

    threads = [Thread(target=work, args=(seed,)) for seed in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return held, refused
