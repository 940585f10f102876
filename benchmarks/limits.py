"""What limits cost: microseconds of CPU for a call, beside the least that any limiter has to do, in the same run.

    python benchmarks/limits.py

`bare` is GCRA in a dict under a lock: one limit, no key, no ticket, no checks. The aims are at most 1/0.6 of it for
one limit and at most 4 us for three limits reserved and settled, of which one counts tokens and one goes by user. With
eight threads the CPU time of all of them is counted; a thread that is stopped while it holds the lock makes the others
queue for a while, which shows as a jump, in the baseline too. Memory is counted for each key, beside its text.
"""

from __future__ import annotations

import gc
import statistics
import time
import tracemalloc
from collections.abc import Callable, Mapping
from threading import Barrier, Lock, Thread
from typing import Any, Final

from kit import interleave, save, synchronous, table

from genai_guard.errors import RateLimited
from genai_guard.limits import Limit, RateLimiter

PLENTY: Final = 10**9
THREADS: Final = 8
KEYS: Final = 200_000


class BareGcra:
    """The baseline."""

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


def reserve_and_settle(limiter: RateLimiter) -> Callable[[], object]:
    """Return a call that used less than it reserved, as most do."""

    def call() -> None:
        ticket = limiter.reserve(user="u-42", tokens=500)
        limiter.settle(ticket, tokens=321)

    return call


def spend(limiter: RateLimiter) -> Callable[[], object]:
    """Return a call that costs money and is in flight meanwhile."""

    def call() -> None:
        ticket = limiter.reserve(usd=0.000_5)
        limiter.settle(ticket, usd=0.000_32)

    return call


def denied(limiter: RateLimiter) -> Callable[[], object]:
    """Return a call that is refused."""
    limiter.reserve()

    def call() -> None:
        try:
            limiter.reserve()
        except RateLimited:
            return
        raise AssertionError

    return call


def cases() -> dict[str, Callable[[], object]]:
    """Return what is measured."""
    bare = BareGcra(PLENTY, 60 * 10**9)
    one = RateLimiter(Limit.requests(PLENTY, per="minute"))
    user = RateLimiter(Limit.requests(PLENTY, per="minute", by="user"))
    tokens = RateLimiter(Limit.tokens(PLENTY, per="minute"))
    pair = RateLimiter(Limit.requests(PLENTY, per="minute", by=("tenant", "model")))
    special = RateLimiter(Limit.requests(PLENTY, per="minute", by="user", overrides={"u-42": PLENTY - 1}))
    three = RateLimiter(
        Limit.requests(PLENTY, per="minute"),
        Limit.tokens(PLENTY, per="minute"),
        Limit.requests(PLENTY, per="minute", by="user"),
    )
    return {
        "nothing": lambda: None,
        "bare": lambda: bare.hit("key"),
        "one limit": one.reserve,
        "one limit by user": lambda: user.reserve(user="u-42"),
        "one limit, denied": denied(RateLimiter(Limit.requests(1, per="day"))),
        "tokens, reserve + settle": reserve_and_settle(tokens),
        "money, reserve + settle": spend(RateLimiter(Limit.usd(10**6, per="month"))),
        "calls in flight, reserve + settle": spend(RateLimiter(Limit.concurrent(8))),
        "by tenant and model": lambda: pair.reserve(tenant="acme", model="small"),
        "by user, with an override": lambda: special.reserve(user="u-42"),
        "three limits, reserve": lambda: three.reserve(user="u-42", tokens=500),
        "three limits, reserve + settle": reserve_and_settle(three),
    }


def threaded(call: Callable[[], object], *, each: int = 10_000) -> float:
    """Return the CPU microseconds of a call when eight threads make it at once."""
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


def in_threads(calls: Mapping[str, Callable[[], object]], *, rounds: int = 9) -> dict[str, float]:
    """Return the median of `threaded` for each call, measured in turns."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            times[name].append(threaded(call))
    return {name: statistics.median(values) for name, values in times.items()}


def bytes_for_a_key(limit: Limit, *, settled: bool = False) -> float:
    """Return the memory of one key of a limit, each used twice."""
    names = [f"user-{number}" for number in range(KEYS)]
    limiter = RateLimiter(limit)
    gc.collect()
    tracemalloc.start()
    for number, name in enumerate(names * 2):
        ticket = limiter.reserve(user=name, tokens=700 + number % 64, usd=0.01)
        if settled:
            limiter.settle(ticket, tokens=321 + number % 64, usd=0.005)
    size, _peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size / KEYS


def main() -> None:
    """Measure, print and save."""
    calls = cases()
    timings = interleave({name: synchronous(call) for name, call in calls.items()}, rounds=41)
    print("one thread")
    print(table(timings, baseline="bare", minus="nothing"))
    crowd = in_threads(
        {name: calls[name] for name in ("nothing", "bare", "one limit", "three limits, reserve + settle")}
    )
    floor, bare = crowd["nothing"], crowd["bare"] - crowd["nothing"]
    print(f"{THREADS} threads")
    for name, cpu_us in crowd.items():
        print(f"  {name:30}  {cpu_us:9.2f} us  {(cpu_us - floor) / bare:8.2f} x")
    memory = {
        "requests": bytes_for_a_key(Limit.requests(100, per="day", by="user")),
        "tokens": bytes_for_a_key(Limit.tokens(100_000, per="day", by="user")),
        "tokens, settled": bytes_for_a_key(Limit.tokens(100_000, per="day", by="user"), settled=True),
        "money, settled": bytes_for_a_key(Limit.usd(100, per="day", by="user"), settled=True),
        "money, two calls in flight": bytes_for_a_key(Limit.usd(100, per="day", by="user")),
    }
    print(f"memory for a key, of {KEYS:,}")
    for name, size in memory.items():
        print(f"  {name:30}  {size:9.0f} B")
    results: dict[str, Any] = {
        "one_thread_us": {name: timing.median_us for name, timing in timings.items()},
        "eight_threads_us": crowd,
        "bytes_for_a_key": memory,
    }
    print(f"saved to {save('limits', results)}")


if __name__ == "__main__":
    main()
