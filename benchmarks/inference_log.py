"""What a row costs, by where it is written to, and what it costs to export it.

    python benchmarks/inference_log.py

Rows are of calls whose texts differ, some 2.7 KB each, and are not searched for personal data: that costs the same
everywhere. CPU time is that of the process, and rows per second are by the clock on the wall; medians of interleaved
rounds. To wait for the disk is to wait for this disk. `nothing` makes the row and its line, and writes neither.
"""

from __future__ import annotations

import argparse
import importlib.util
import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any, TypeAlias

from genai_guard.messages import Caller, Part, Usage
from genai_guard.recording import Event, InferenceLog, Redactor, SqliteInferenceLog, no_scan
from genai_guard.recording.exports import csv_lines, export_delta, export_parquet
from genai_guard.recording.rows import encode, row

ROWS = 4_000
SLOW_ROWS = 400
ROUNDS = 5
PLAIN = Redactor(scan=no_scan)
WORDS = (
    *("account", "address", "answer", "because", "before", "between", "change", "customer", "deliver", "email"),
    *("invoice", "letter", "market", "number", "order", "paper", "please", "price", "question", "receive", "refund"),
    *("request", "return", "shipping", "status", "support", "thank", "ticket", "today", "total", "week", "yesterday"),
)

Cost: TypeAlias = tuple[float, float]
"""Microseconds of CPU a row, and rows per second."""


def events(count: int) -> list[Event]:
    """Return calls with a kilobyte of words on either side, each its own."""
    source = random.Random(11)

    def text() -> str:
        return " ".join(source.choices(WORDS, k=160))

    return [
        Event(
            1.7e9 + number, f"{source.getrandbits(128):032x}", "bench", "bench.ask",
            caller=Caller(user=f"u{number % 50}", tenant="acme"), model=f"m{number % 3}", usage=Usage(400, 120),
            cost_usd=0.002, latency_s=0.5, model_s=0.4, request=(Part(text()),), response=(Part(text(), "assistant"),),
        )
        for number in range(count)
    ]  # fmt: skip


def spent(work: Callable[[], object], rows: int) -> Cost:
    seconds, cpu_s = perf_counter(), process_time()
    work()
    seconds, cpu_s = perf_counter() - seconds, process_time() - cpu_s
    return cpu_s / rows * 1e6, rows / seconds


def written(log: Any, calls: list[Event], *, together: int = 0) -> Cost:
    """Write calls as a recorder's thread does, committing after so many where the log does not by itself."""
    writer = log.writer()

    def work() -> None:
        for number, event in enumerate(calls, start=1):
            writer.write(event)
            if together and number % together == 0:
                writer.tick()
        writer.flush()

    try:
        return spent(work, len(calls))
    finally:
        writer.close()


def made(calls: list[Event]) -> Cost:
    return spent(lambda: [encode(row(event)) for event in calls], len(calls))


def sinks(folder: Path, calls: list[Event]) -> dict[str, Callable[[], Cost]]:
    few = calls[:SLOW_ROWS]

    def lines(name: str, fsync: bool | float, those: list[Event]) -> Callable[[], Cost]:
        return lambda: written(InferenceLog(folder / name, redact=PLAIN, fsync=fsync), those)

    def sqlite(name: str, together: int, those: list[Event], *, fsync: bool = False) -> Callable[[], Cost]:
        return lambda: written(SqliteInferenceLog(folder / name, redact=PLAIN, fsync=fsync), those, together=together)

    return {
        "nothing": lambda: made(calls),
        "JSON lines": lines("never", False, calls),
        "JSON lines, fsync every second": lines("second", 1.0, calls),
        "JSON lines, fsync every row": lines("row", True, few),
        "SQLite, 500 a commit": sqlite("many", 500, calls),
        "SQLite, a row a commit": sqlite("one", 1, few),
        "SQLite, a row a commit, fsync": sqlite("synced", 1, few, fsync=True),
    }


def exports(folder: Path, calls: list[Event]) -> dict[str, Callable[[], Cost]]:
    log = InferenceLog(folder / "exported", redact=PLAIN)
    written(log, calls)
    number = iter(range(1_000_000))
    found: dict[str, Callable[[], Cost]] = {
        "read": lambda: spent(lambda: sum(1 for _ in log.read()), len(calls)),
        "CSV": lambda: spent(lambda: sum(map(len, csv_lines(log.read()))), len(calls)),
    }
    for name, module, export in (("Parquet", "pyarrow", export_parquet), ("Delta", "deltalake", export_delta)):
        if importlib.util.find_spec(module) is None:
            print(f"{name} is left out: {module} is not installed")
            continue
        take: Callable[..., Any] = export

        def work(name: str = name, take: Callable[..., Any] = take) -> Cost:
            return spent(lambda: take(log, folder / f"{name}{next(number)}"), len(calls))

        work()  # pyarrow imports the half of what it needs when it is first used
        found[name] = work
    return found


def show(title: str, subjects: dict[str, Callable[[], Cost]], *, rounds: int) -> None:
    costs: dict[str, list[Cost]] = {}
    for _ in range(rounds):
        for name, measure in subjects.items():
            costs.setdefault(name, []).append(measure())
    print(f"\n{title:32s} {'us of CPU a row':>16s} {'rows/s':>10s}")
    for name, found in costs.items():
        print(f"{name:32s} {median(cpu for cpu, _ in found):16.1f} {median(rate for _, rate in found):10,.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="one round of fewer rows")
    quick: bool = parser.parse_args().quick
    calls = events(ROWS // 10 if quick else ROWS)
    rounds = 1 if quick else ROUNDS
    print(f"{len(encode(row(calls[0]))):,} bytes a row, {len(calls):,} rows")
    with tempfile.TemporaryDirectory() as folder:
        show("written to", sinks(Path(folder), calls), rounds=rounds)
        show("exported to", exports(Path(folder), calls), rounds=rounds)


if __name__ == "__main__":
    main()
