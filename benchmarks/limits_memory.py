"""What limits in memory cost: the calls that `limits.py` measures, and the memory of a key."""

from __future__ import annotations

import itertools
import json
import random
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from threading import Barrier, Lock, Thread
from typing import Any, Final

from genai_guard.errors import RateLimited
from genai_guard.limits import Limit, RateLimiter

__all__ = ["PLENTY", "BareGcra", "async_cases", "cases", "key_cases", "limits_of", "memory", "threaded"]

PLENTY: Final = 10**9
THREADS: Final = 8
TURN_US: Final = 30_000
"""How long each of the threads is at it: several times the interval at which Python lets another one run."""

Call = Callable[[], object]


class BareGcra:
    """The baseline: one limit, no ticket, no checks of what is passed."""

    def __init__(self, amount: int, period_ns: int) -> None:
        self.interval_ns = max(1, period_ns // amount)
        self.tolerance_ns = amount * self.interval_ns
        self.arrivals: dict[str, int] = {}
        self.lock = Lock()
        self.clock = time.monotonic_ns

    def hit(self, key: str, cost: int = 1) -> int:
        """Return 0 for a call that fits, else the nanoseconds to wait."""
        with self.lock:
            now = self.clock()
            arrival = max(self.arrivals.get(key, 0), now) + cost * self.interval_ns
            excess = arrival - now - self.tolerance_ns
            if excess > 0:
                return excess
            self.arrivals[key] = arrival
            return 0


def limits_of(count: int) -> tuple[Limit, ...]:
    """Return one, three or eight limits of requests and tokens."""
    shared = (Limit.requests(PLENTY, per="minute"), Limit.tokens(PLENTY, per="minute"))
    by_key = (Limit.requests(PLENTY, per="minute", by=key) for key in ("user", "tenant", "model"))
    tokens = (Limit.tokens(PLENTY, per="minute", by=key) for key in ("user", "tenant", "model"))
    return (*shared, *by_key, *tokens)[:count]


def reserve_and_settle(limiter: RateLimiter) -> Call:
    """Return a call that used less than it reserved, as most do."""

    def call() -> None:
        ticket = limiter.reserve(user="u-42", tokens=500)
        limiter.settle(ticket, tokens=321)

    return call


def spend(limiter: RateLimiter) -> Call:
    """Return a call that costs money and is in flight meanwhile."""

    def call() -> None:
        ticket = limiter.reserve(usd=0.000_5)
        limiter.settle(ticket, usd=0.000_32)

    return call


def denied(limiter: RateLimiter) -> Call:
    """Return a call that is refused."""
    limiter.reserve()

    def call() -> None:
        try:
            limiter.reserve()
        except RateLimited:
            return
        raise AssertionError

    return call


def cases() -> dict[str, Call]:
    """Return what is measured in one thread, with one key."""
    bare = BareGcra(PLENTY, 60 * 10**9)
    by_user = RateLimiter(Limit.requests(PLENTY, per="minute", by="user"))
    pair = RateLimiter(Limit.requests(PLENTY, per="minute", by=("tenant", "model")))
    special = RateLimiter(Limit.requests(PLENTY, per="minute", by="user", overrides={"u-42": PLENTY - 1}))
    three = RateLimiter(*limits_of(3))
    return {
        "nothing": lambda: None,
        "bare": lambda: bare.hit("key"),
        "one limit": RateLimiter(*limits_of(1)).reserve,
        "one limit by user": lambda: by_user.reserve(user="u-42"),
        "one limit, denied": denied(RateLimiter(Limit.requests(1, per="day"))),
        "by user, with an override": lambda: special.reserve(user="u-42"),
        "by tenant and model": lambda: pair.reserve(tenant="acme", model="small"),
        "tokens, reserve + settle": reserve_and_settle(RateLimiter(Limit.tokens(PLENTY, per="minute"))),
        "money, reserve + settle": spend(RateLimiter(Limit.usd(10**6, per="month"))),
        "calls in flight, reserve + settle": spend(RateLimiter(Limit.concurrent(8))),
        "three limits, reserve": lambda: three.reserve(user="u-42", tokens=500),
        "three limits, reserve + settle": reserve_and_settle(three),
    }


def key_cases(count: int, *, seed: int) -> dict[str, Call]:
    """Return what is measured with many keys, whose turns come at random."""
    names = [f"user-{number}" for number in range(count)]
    random.Random(seed).shuffle(names)
    slow = Limit.requests(1_000, per="day", by="user")  # a key is in use until its next turn
    bare, one, three = BareGcra(1_000, 86_400 * 10**9), RateLimiter(slow), RateLimiter(*limits_of(2), slow)
    turn = itertools.cycle(names).__next__

    def call() -> None:
        ticket = three.reserve(user=turn(), tokens=500)
        three.settle(ticket, tokens=321)

    for name in names:
        bare.hit(name)
        one.reserve(user=name)
        three.reserve(user=name, tokens=500)
    return {
        "nothing": turn,
        "bare": lambda: bare.hit(turn()),
        "one limit by user": lambda: one.reserve(user=turn()),
        "three limits, reserve + settle": call,
    }


def async_cases() -> dict[str, Callable[[], Awaitable[object]]]:
    """Return what is measured in an event loop."""
    bare, one, three = BareGcra(PLENTY, 60 * 10**9), RateLimiter(*limits_of(1)), RateLimiter(*limits_of(3))

    async def nothing() -> None:
        pass

    async def hit() -> None:
        bare.hit("key")

    async def plain() -> None:
        one.reserve()

    async def both() -> None:
        ticket = await three.areserve(user="u-42", tokens=500)
        await three.asettle(ticket, tokens=321)

    return {
        "nothing": nothing,
        "bare": hit,
        "one limit, reserve() in a task": plain,
        "one limit, await areserve()": one.areserve,
        "three limits, areserve + asettle": both,
    }


def threaded(calls: Mapping[str, Call], cost_us: Mapping[str, float], *, rounds: int) -> dict[str, float]:
    """Return the CPU microseconds of each call when eight threads make it at once: medians of turns.

    Args:
        calls: What to measure.
        cost_us: What each costs in one thread.
        rounds: How many turns there are.
    """
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            times[name].append(_at_once(call, each=round(TURN_US / cost_us[name])))
    return {name: statistics.median(values) for name, values in times.items()}


def _at_once(call: Call, *, each: int) -> float:
    spent: list[int] = []
    start = Barrier(THREADS)

    def work() -> None:
        start.wait()
        before = time.thread_time_ns()
        for _ in range(each):
            call()
        spent.append(time.thread_time_ns() - before)

    threads = [Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(spent) / (each * THREADS) / 1e3


# --- the memory of a key, each kind in a process of its own -----------------------------------------------------------

KINDS: Final[dict[str, Callable[[], Limit]]] = {
    "requests": lambda: Limit.requests(100, per="day", by="user"),
    "tokens": lambda: Limit.tokens(100_000, per="day", by="user"),
    "money": lambda: Limit.usd(100, per="day", by="user", timezone="UTC"),
}


def memory(kind: str, keys: int) -> dict[str, float]:
    """Return bytes for a key, beside its text, after each was used and settled: as allocated, and as the process grew."""
    command = [sys.executable, str(Path(__file__)), kind, str(keys)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _fill(kind: str, keys: int) -> float:
    limiter = RateLimiter(KINDS[kind]())
    names = [f"user-{number}" for number in range(keys)]
    before = _resident() or tracemalloc.get_traced_memory()[0]
    for number, name in enumerate(names):
        ticket = limiter.reserve(user=name, tokens=700 + number % 64, usd=0.01)
        limiter.settle(ticket, tokens=321 + number % 64, usd=0.005)
    size = ((_resident() or tracemalloc.get_traced_memory()[0]) - before) / keys
    if len(limiter.store) != keys:  # type: ignore[arg-type]  # a MemoryStore
        raise AssertionError("keys have been forgotten that are in use")
    return size


def _resident() -> int:
    """Return the bytes that this process holds; 0 where the system does not say so."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    except OSError:
        return 0
    import resource  # noqa: PLC0415  not on Windows

    return int(pages) * resource.getpagesize()


def _report(arguments: list[str]) -> dict[str, Any]:
    if not _resident():
        tracemalloc.start()
    return {"bytes": _fill(arguments[0], int(arguments[1]))}


if __name__ == "__main__":
    print(json.dumps(_report(sys.argv[1:])))
