"""Many callers of several processes at ten times what limits allow: what is admitted is what the limits allow.

    python benchmarks/load_limits.py                       30 s on a Valkey server, and 30 s on a file of SQLite
    python benchmarks/load_limits.py --quick               3 s each
    python benchmarks/load_limits.py --store sqlite --seconds 60 --processes 8
    python benchmarks/load_limits.py --url redis://localhost:6379/0

Half of the calls go by a rate of requests, the other half by a quota of tokens for the day, which they use less of than
they reserve.

The rate admits, in a run that starts with an empty bucket, a burst and what has drained meanwhile: at most
`burst + rate * (end of the last admitted call - start of the first)`. It has room for no more than the call that was
refused last, so at least `burst - 1 + rate * (start of the last refused call - end of the first admitted one)`. The two
differ by what drains while a call takes its time. On every interval within the run there are at most `burst + rate * length`
calls that began and ended in it. The quota admits an exact number.

Exits with 1 if more or less was admitted, or a call has failed, or calls came at less than five times the limit.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import random
import sys
import tempfile
import time
from bisect import insort
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any, Final, NamedTuple

from kit import save

from genai_guard.errors import GenAIGuardError, RateLimited
from genai_guard.limits import Limit, RateLimiter, Store
from genai_guard.limits.stores.redis import LimitUnavailable, RedisStore
from genai_guard.limits.stores.sqlite import SqliteStore

TIMES: Final = 10
RESERVED, USED = 5, 4
SEED: Final = 5
PATIENCE_S: Final = 5.0
"""A store that takes longer has failed the call."""


class Load(NamedTuple):
    """What is done.

    Attributes:
        store: `valkey` or `sqlite`.
        place: URL of the server, or the file.
        rate: Requests a second that are allowed, and so many calls a second the quota is good for.
        seconds: For how long.
        processes: How many.
        threads: Of each process.
        zone: Time zone of the quota, whose day does not end meanwhile.
    """

    store: str
    place: str
    rate: int
    seconds: float
    processes: int
    threads: int
    zone: str

    @property
    def quota(self) -> int:
        """Tokens of the quota."""
        return round(self.rate * self.seconds) * USED

    @property
    def quota_calls(self) -> int:
        """Calls that it admits: as long as there is room for what one of them reserves, the others being settled."""
        return (self.quota - RESERVED) // USED + 1


class Made(NamedTuple):
    """One call.

    Attributes:
        limit: Which of the two it went by.
        outcome: `admitted`, `refused`, or what it failed with.
        start: When it began, on the clock of the machine.
        end: When it knew.
    """

    limit: str
    outcome: str
    start: float
    end: float


# --- the callers ------------------------------------------------------------------------------------------------------

_gate: list[Any] = []


def _enter(gate: Any) -> None:
    _gate.append(gate)


def _store(load: Load) -> Any:
    if load.store == "sqlite":
        return SqliteStore(load.place, timeout_s=PATIENCE_S)
    return RedisStore(load.place, prefix="load", timeout_s=PATIENCE_S, on_outage="deny")


def _limiters(load: Load, store: Store) -> dict[str, RateLimiter]:
    return {
        "rate": RateLimiter(Limit.requests(60 * load.rate, per="minute", burst=load.rate, by="user"), store=store),
        "quota": RateLimiter(Limit.tokens(load.quota, per="day", by="user", timezone=load.zone), store=store),
    }


def _process(load: Load, number: int) -> list[Made]:
    """Make the calls of one process."""
    store = _store(load)
    try:
        limiters = _limiters(load, store)
        limiters["rate"].peek(user="ann")  # connected before anybody begins
        _gate[0].wait()
        begun = time.monotonic()
        numbers = range(number * load.threads, (number + 1) * load.threads)
        with ThreadPoolExecutor(load.threads) as threads:
            return list(
                chain.from_iterable(threads.map(lambda who: list(_thread(load, limiters, begun, who)), numbers))
            )
    finally:
        store.close()


def _thread(load: Load, limiters: dict[str, RateLimiter], begun: float, number: int) -> Iterator[Made]:
    """Make the calls of one thread, each at its time, or as soon as the one before it has ended."""
    pause_s = load.processes * load.threads / (2 * TIMES * load.rate)  # there are two limits
    due = begun + pause_s * random.Random(f"{SEED}.{number}").random()
    turn = number
    while due < begun + load.seconds:
        time.sleep(max(0.0, due - time.monotonic()))
        name = ("rate", "quota")[turn % 2]
        start = time.monotonic()
        outcome = _call(name, limiters[name])
        yield Made(name, outcome, start, time.monotonic())
        due, turn = due + pause_s, turn + 1


def _call(name: str, limiter: RateLimiter) -> str:
    try:
        ticket = limiter.reserve(user="ann", tokens=RESERVED)
        if name == "quota":
            limiter.settle(ticket, tokens=USED)
    except LimitUnavailable as error:
        return type(error).__name__
    except RateLimited:
        return "refused"
    except GenAIGuardError as error:
        return type(error).__name__
    return "admitted"


# --- the report -------------------------------------------------------------------------------------------------------


def bounds(load: Load, made: list[Made]) -> tuple[int, int]:
    """Return the least and the most that the rate can have admitted; see above."""
    admitted = [call for call in made if call.limit == "rate" and call.outcome == "admitted"]
    refused = [call for call in made if call.limit == "rate" and call.outcome == "refused"]
    if not admitted or not refused:
        return load.rate, load.rate
    spans = max(call.end for call in admitted) - min(call.start for call in admitted)
    sure = max(call.start for call in refused) - min(call.end for call in admitted)
    return math.floor(load.rate - 1 + load.rate * sure), math.floor(load.rate + load.rate * spans)


def excess(load: Load, made: list[Made]) -> float:
    """Return by how many calls the rate exceeded its bound on the interval where it came closest; below zero for none."""
    ends: list[float] = []
    most = -float(load.rate)
    for call in sorted(made, key=lambda it: -it.start):
        if call.limit == "rate" and call.outcome == "admitted":
            insort(ends, call.end)
            fullest = max(number - load.rate * end for number, end in enumerate(ends, 1))
            most = max(most, fullest + load.rate * call.start - load.rate)
    return most


def report(load: Load, made: list[Made]) -> dict[str, Any]:
    """Print what came of it, and return it; `wrong` says what is not as it has to be."""
    counts = Counter((call.limit, call.outcome) for call in made)
    failed = sum(count for (_limit, outcome), count in counts.items() if outcome not in {"admitted", "refused"})
    least, most = bounds(load, made)
    rate, quota, over = counts["rate", "admitted"], counts["quota", "admitted"], excess(load, made)
    spent_s = max(call.end for call in made) - min(call.start for call in made)
    times = len(made) / spent_s / (2 * load.rate)
    waits = sorted(1e3 * (call.end - call.start) for call in made)
    p50, p99, worst = waits[len(waits) // 2], waits[len(waits) * 99 // 100], waits[-1]
    print(f"  calls       {len(made):,} in {spent_s:.1f} s, {times:.1f} times what is allowed; {failed} failed")
    print(
        f"  rate        {rate:,} admitted; the limit allows {least:,} to {most:,}; {counts['rate', 'refused']:,} refused"
    )
    print(
        f"  quota       {quota:,} admitted; the limit allows {load.quota_calls:,}; {counts['quota', 'refused']:,} refused"
    )
    print(f"  intervals   on the fullest of them the rate admitted {-over:.2f} calls fewer than it allows")
    print(f"  latency     p50 {p50:.2f} ms, p99 {p99:.2f} ms, worst {worst:.1f} ms")
    wrong = {
        "the rate admitted another number": not least <= rate <= most,
        "the rate was exceeded on an interval": over > 0,
        "the quota admitted another number": quota != load.quota_calls,
        f"calls have failed: {sorted({outcome for _limit, outcome in counts} - {'admitted', 'refused'})}": failed > 0,
        "too few calls were made to tell; lower --rate": times < TIMES / 2,
    }
    said = [what for what, is_so in wrong.items() if is_so]
    print(*(f"  WRONG: {what}" for what in said), sep="\n", end="\n" if said else "")
    return {
        **load._asdict(), "calls": len(made), "failed": failed, "rate_admitted": rate, "rate_allowed": [least, most], "excess": over,
        "quota_admitted": quota, "quota_allowed": load.quota_calls, "times": times,
        "latency_ms": {"p50": p50, "p99": p99, "worst": worst}, "wrong": said,
    }  # fmt: skip


def run(load: Load) -> dict[str, Any]:
    """Let all processes make their calls."""
    print(
        f"{load.store}: {load.processes} processes x {load.threads} threads, {load.seconds:g} s, "
        f"{load.rate} calls a second allowed by each of two limits",
        flush=True,
    )
    context = multiprocessing.get_context("spawn")
    gate = context.Barrier(load.processes)
    with ProcessPoolExecutor(load.processes, context, _enter, (gate,)) as pool:
        made = list(chain.from_iterable(pool.map(_process, [load] * load.processes, range(load.processes))))
    return report(load, made)


@contextmanager
def _place(store: str, given: str) -> Iterator[str]:
    if store == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield str(Path(folder) / "limits.sqlite")
        return
    from limits_stores import serving  # noqa: PLC0415  a server is not always to be started

    with nullcontext(given) if given else serving() as url:
        store_of_all = RedisStore(url, prefix="load", timeout_s=PATIENCE_S)
        yield url
        store_of_all.close()


def main() -> int:
    """Run, print, save; return the exit code."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--store", choices=("valkey", "sqlite", "both"), default="both")
    options.add_argument("--seconds", type=float, default=30.0)
    options.add_argument("--processes", type=int, default=4)
    options.add_argument("--threads", type=int, default=8)
    options.add_argument("--rate", type=int, default=100, help="calls a second that each limit allows")
    options.add_argument(
        "--url", default="", help="a server to use instead of one that is started; with no usage on it"
    )
    options.add_argument("--quick", action="store_true", help="3 s, at a lower rate")
    chosen = options.parse_args()
    seconds, rate = (3.0, min(chosen.rate, 20)) if chosen.quick else (chosen.seconds, chosen.rate)
    zone = "UTC" if datetime.now(UTC).hour < 22 else "Etc/GMT+6"
    found: list[dict[str, Any]] = []
    for store in ("valkey", "sqlite") if chosen.store == "both" else (chosen.store,):
        with _place(store, chosen.url) as place:
            load = Load(store, place, rate, seconds, chosen.processes, chosen.threads, zone)
            found.append(run(load))
    print(f"saved to {save('load_limits', {'runs': found})}")
    return int(any(each["wrong"] for each in found))


if __name__ == "__main__":
    sys.exit(main())
