"""Waiting for room in threads, beside tasks, and over processes."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Barrier, Event, Thread

import pytest

from genai_guard.errors import RateLimited
from genai_guard.limits import Limit, RateLimiter, SqliteStore


def is_empty(limiter: RateLimiter) -> bool:
    assert limiter._room is not None
    return limiter._room.is_empty and limiter.waiting == 0


def until_waiting(limiter: RateLimiter, calls: int) -> None:
    for _ in range(5_000):
        if limiter.waiting >= calls:
            return
        time.sleep(0.001)
    raise AssertionError("the call does not wait")


@pytest.fixture
def switching() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_threads_take_their_places_in_the_order_they_came() -> None:
    limiter = RateLimiter(Limit.concurrent(1))
    first = limiter.reserve()
    order: list[int] = []

    def call(number: int) -> None:
        ticket = limiter.reserve(wait_s=30)
        order.append(number)
        limiter.settle(ticket)

    threads = [Thread(daemon=True, target=call, args=(number,)) for number in range(6)]
    for number, thread in enumerate(threads):
        thread.start()
        until_waiting(limiter, number + 1)
    limiter.settle(first)
    for thread in threads:
        thread.join(timeout=60)
    assert order == [0, 1, 2, 3, 4, 5]
    assert is_empty(limiter)
    assert limiter.peek()[0].used == 0


@pytest.mark.usefixtures("switching")
def test_many_threads_share_few_places_and_none_is_forgotten() -> None:
    limiter = RateLimiter(Limit.concurrent(2), Limit.concurrent(1, by="user", name="own"))
    start = Barrier(8)
    running: list[int] = []
    most = 0

    def call(number: int) -> None:
        nonlocal most
        start.wait()
        for _ in range(25):
            ticket = limiter.reserve(user=number % 3, wait_s=30)
            running.append(number)
            most = max(most, len(running))
            time.sleep(0.000_3)
            running.remove(number)
            limiter.settle(ticket)

    threads = [Thread(daemon=True, target=call, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert most <= 2
    assert is_empty(limiter)


def test_threads_and_tasks_wait_in_one_queue() -> None:
    limiter = RateLimiter(Limit.concurrent(1))
    first = limiter.reserve()
    order: list[str] = []

    def call() -> None:
        ticket = limiter.reserve(wait_s=30)
        order.append("thread")
        limiter.settle(ticket)

    async def work() -> None:
        thread = Thread(daemon=True, target=call)
        thread.start()
        until_waiting(limiter, 1)
        waiting = asyncio.ensure_future(limiter.areserve(wait_s=30))
        await asyncio.sleep(0)
        until_waiting(limiter, 2)
        limiter.settle(first)
        ticket = await waiting
        order.append("task")
        thread.join(timeout=60)
        limiter.settle(ticket)

    asyncio.run(work())
    assert order == ["thread", "task"]
    assert is_empty(limiter)


def test_an_interrupted_thread_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    limiter = RateLimiter(Limit.concurrent(1))
    first = limiter.reserve()

    def strike(_self: object, _timeout_s: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Event, "wait", strike)
    with pytest.raises(KeyboardInterrupt):
        limiter.reserve(wait_s=30)
    assert is_empty(limiter)
    limiter.settle(first)
    assert limiter.peek()[0].used == 0


def test_processes_wait_for_what_a_file_says(tmp_path: Path) -> None:
    path = tmp_path / "limits.sqlite"
    first, second = (RateLimiter(Limit.concurrent(1), store=SqliteStore(path, timeout_s=5)) for _ in range(2))
    ticket = first.reserve()
    thread = Thread(daemon=True, target=lambda: second.settle(second.reserve(wait_s=30)))
    thread.start()
    until_waiting(second, 1)
    first.settle(ticket)
    thread.join(timeout=60)
    assert not thread.is_alive()
    assert first.peek()[0].used == 0


def test_who_never_waits_has_no_room_for_it() -> None:
    limiter = RateLimiter(Limit.tokens(120, per="minute"))
    limiter.settle(limiter.reserve(tokens=120, wait_s=5), tokens=120)
    with pytest.raises(RateLimited):
        limiter.reserve(tokens=1, wait_s=None)
    assert limiter._room is None
    assert limiter.waiting == 0
