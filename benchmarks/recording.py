"""What it costs to record a call, in CPU time and beside what others take, and how good the percentiles are.

    python benchmarks/recording.py [--quick]

`record` is everything a call pays: the append and its share of counting batches. `deque.append` is the floor. The others
count a latency and two numbers of tokens; `all` counts what a recorder counts of such a call, the cost, the status, the
model's time and the rest besides. One series: each call by its
model, tenant and variant. Four: the sums of all calls, of the model, the tenant and the variant, which others count four
times, and a recorder adds up when it is read. CPU time of the process, because eight threads count for each other; medians
of interleaved rounds.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from time import perf_counter, process_time, thread_time, time
from typing import Final

from ddsketch import DDSketch
from recording_peers import PEERS, Record, interpolated

from genai_guard.messages import Caller, Usage
from genai_guard.recording import Alert, AuditLog, Event, MetricsHistory, MetricsRecorder
from genai_guard.recording.audit.chain import Draft
from genai_guard.recording.audit.files import ChainWriter
from genai_guard.recording.audit.keys import Key
from genai_guard.routing import Assignment, Reason
from genai_guard.verdicts import Action, Finding, Verdict

SECRET = "correct horse battery staple"
ROUNDS = 9
CALLS = 16_000
ROWS = 4_000
CASES: Final = ((1, 1), (1, 8), (4, 1), (4, 8))
"""How many series each call counts in, and how many threads record."""


def events(count: int) -> list[Event]:
    """Return calls as a pipeline would record them: three models, two variants, lognormal latency."""
    source = random.Random(7)
    made: list[Event] = []
    for number in range(count):
        latency_s = source.lognormvariate(-0.7, 0.8)
        made.append(
            Event(
                1.7e9 + number,
                f"{number:032x}",
                "bench",
                "bench.ask",
                caller=Caller(user=f"u{number % 50}", tenant="acme"),
                model=f"m{number % 3}",
                assignments=(Assignment("split", "ab"[number % 2], {}, Reason.SPLIT, number, 0.5),),
                usage=Usage(400, 120),
                cost_usd=0.002,
                latency_s=latency_s,
                model_s=latency_s - 4e-5,
            )
        )
    return made


def four_alerts() -> list[Alert]:
    return [
        Alert.latency_p99(above_ms=60_000),
        Alert.error_rate(above=0.01),
        Alert.budget(usd=1e9),
        Alert.guardrail_hits(),
    ]


def cost_ns(record: Callable[[Event], object], calls: Sequence[Event], threads: int) -> float:
    """Return the CPU time of one call of `record`."""
    share = len(calls) // threads
    barrier = threading.Barrier(threads)

    def work(number: int) -> None:
        barrier.wait()
        for event in calls[number * share : (number + 1) * share]:
            record(event)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    began = process_time()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return (process_time() - began) / (share * threads) * 1e9


SUBJECTS: Final[Mapping[str, Callable[[], MetricsRecorder]]] = {
    "MetricsRecorder": MetricsRecorder,
    "MetricsRecorder, four alerts": lambda: MetricsRecorder(alerts=four_alerts()),
    "MetricsRecorder, by user": lambda: MetricsRecorder(dimensions=("model", "variant", "user")),
}
"""Fresh ones for each round: none may grow beyond it. Whatever is read of them comes from one series a call."""


def show_record(rounds: int) -> None:
    calls = events(CALLS)
    floor, cached = "deque.append", "prometheus-client, cached"
    costs: dict[tuple[str, int, int], list[float]] = {}
    for _ in range(rounds):
        for series, threads in CASES:
            ours: dict[str, Record] = {name: make().record for name, make in SUBJECTS.items()}
            theirs = {name: make(series) for name, make in PEERS.items()}
            for name, record in {floor: deque[Event]().append, **ours, **theirs}.items():
                given = calls if name not in theirs else calls[: CALLS // 4]
                costs.setdefault((name, series, threads), []).append(cost_ns(record, given, threads))
    heads = [f"{series} series, {threads} thr" for series, threads in CASES]
    print(f"{'ns of CPU a call':32s}" + "".join(f"{head:>17s}" for head in heads) + f"{'x cached':>10s}")
    for name in dict.fromkeys(name for name, *_ in costs):
        found = [median(costs[name, series, threads]) for series, threads in CASES]
        ratio = found[0] / median(costs[cached, 1, 1])
        print(f"{name:32s}" + "".join(f"{each:17,.0f}" for each in found) + f"{ratio:10.2f}")
    worst = max(costs["MetricsRecorder", 1, 8]) / median(costs["MetricsRecorder", 1, 1])
    print(f"worst of {rounds} rounds with 8 threads: {worst:.2f} x one thread")


DISTRIBUTIONS: Final[Mapping[str, Callable[[random.Random], float]]] = {
    "lognormal, sigma 0.8": lambda source: source.lognormvariate(-0.7, 0.8),
    "exponential, mean 0.4 s": lambda source: source.expovariate(2.5),
    "Pareto, alpha 2, from 0.1 s": lambda source: 0.1 * source.paretovariate(2),
    "uniform, 0.2 to 3 s": lambda source: source.uniform(0.2, 3.0),
    "two humps, 0.3 and 6 s": lambda source: abs(source.gauss(*((0.3, 0.05), (6.0, 0.8))[source.random() < 0.05])),
}


def show_errors(count: int) -> None:
    """How far a reported p99 is from the exact one."""
    print(f"\np99 of {count:,} latencies, off by       MetricsRecorder     ddsketch   Prometheus, GenAI buckets")
    for name, draw in DISTRIBUTIONS.items():
        source = random.Random(11)
        values = sorted(draw(source) for _ in range(count))
        recorder, sketch = MetricsRecorder(), DDSketch(0.01)
        for number, value in enumerate(source.sample(values, count)):
            recorder.record(Event(0.0, str(number), latency_s=value))
            sketch.add(value)
        exact = values[math.ceil(0.99 * count) - 1]
        ours = (recorder.snapshot().latency_ms.p99 or 0.0) / 1e3
        found = (ours, sketch.get_quantile_value(0.99) or 0.0, interpolated(values, 0.99))
        off = [abs(each - exact) / exact for each in found]
        print(f"  {name:30s} {off[0]:20.2%} {off[1]:12.2%} {off[2]:12.2%}")


def show_audit(rounds: int) -> None:
    """What a call pays for an audit, and what the thread of the audit pays for a record."""
    plain = events(CALLS)
    verdict = Verdict(Action.BLOCK, findings=(Finding("pii.email", "EMAIL", 0, 3),), guard="pii")
    blocked = [event._replace(status="blocked", verdicts=(verdict,)) for event in plain[:ROWS]]
    costs: dict[str, list[float]] = {}
    print("\naudit")
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds):
            audit = AuditLog(os.path.join(folder, str(number)), key=lambda: SECRET, queue_size=1)  # noqa: PTH118
            for name, given, calls in (("none", None, plain), ("an audit, call of no interest", audit, plain)):
                record = MetricsRecorder(audit=given).record
                costs.setdefault(name, []).append(cost_ns(record, calls, 1))
            with AuditLog(os.path.join(folder, str(number)), key=lambda: SECRET) as heard:  # noqa: PTH118
                costs.setdefault("a block, in the calling thread", []).append(heard_ns(heard.hear, blocked))
                heard.flush(timeout_s=60.0)
        for name, spent in costs.items():
            print(f"  {name:32s} {median(spent):10.0f} ns of CPU a call")
        show_records(folder)


def heard_ns(hear: Callable[[Event], None], calls: Sequence[Event]) -> float:
    """Return the CPU time of the calling thread."""
    began = thread_time()
    for event in calls:
        hear(event)
    return (thread_time() - began) / len(calls) * 1e9


def show_records(folder: str) -> None:
    from pathlib import Path  # noqa: PLC0415

    key = Key(SECRET)
    guards = [{"guard": "pii", "action": "block", "findings": [{"rule": "pii.email", "side": "request", "count": 1}]}]
    facts = {"request_id": "0" * 32, "pipeline": "bench", "target": "ask", "status": "blocked", "guards": guards}
    draft = Draft("block", 1.7e9, facts, {"user": "u-1", "session": "s-1"})
    for name, fsync, count in (("written", False, ROWS), ("written, fsync", True, 200)):
        writer = ChainWriter(Path(folder, name), max_bytes=1 << 26, fsync=fsync)
        seconds, cpu_s = perf_counter(), process_time()
        for _ in range(count):
            writer.append(draft, key=key)
        seconds, cpu_s = perf_counter() - seconds, process_time() - cpu_s
        writer.close()
        print(f"  {name:32s} {count / seconds:10,.0f} records/s  {cpu_s / count * 1e6:7.1f} us of CPU a record")
    seconds = perf_counter()
    found = AuditLog(Path(folder, "written"), key=lambda: SECRET).verify()
    print(f"  {'verified':32s} {found.records / (perf_counter() - seconds):10,.0f} records/s")


def show_reads(rounds: int) -> None:
    now = 0.0
    metrics = MetricsRecorder(alerts=four_alerts(), clock=lambda: now)
    calls = events(500)
    for number in range(360):
        now = number * 10.0
        for event in calls[:: 1 + number % 2]:
            metrics.record(event)
    print("\nreading an hour of six series")
    reads: dict[str, Callable[[], object]] = {
        "snapshot": metrics.snapshot,
        "breakdown": lambda: metrics.breakdown("model"),
        "timeseries, by minute": metrics.timeseries,
        "alerts": metrics.alerts,
    }
    for name, read in reads.items():
        read()
        costs: list[float] = []
        for _ in range(rounds):
            began = process_time()
            read()
            costs.append(process_time() - began)
        print(f"  {name:22s} {median(costs) * 1e3:10.2f} ms of CPU")


def show_history(rounds: int) -> None:
    """What the thread that keeps counts takes, and what a process takes to go on with those of three days."""
    calls = events(60)
    costs: list[float] = []
    print("\nkeeping the counts of six series")
    with tempfile.TemporaryDirectory() as folder:
        now = 0.0
        history = MetricsHistory(folder)
        metrics = MetricsRecorder(history=history, clock=lambda: now)
        for number in range(864):
            now = number * 300.0
            for event in calls:
                metrics.record(event)
            metrics.flush(timeout_s=60.0)
        for _ in range(rounds):
            began = process_time()
            metrics.flush(timeout_s=60.0)
            costs.append(process_time() - began)
        metrics.close()
        size = sum(path.stat().st_size for path in history.folder.rglob("*") if path.is_file())
        began = process_time()
        now = 0.0
        with MetricsRecorder(history=history, clock=lambda: now, wall_clock=lambda: time() + 864 * 300.0) as following:
            following.alerts()
            print(f"  {'to be known again':22s} {(process_time() - began) * 1e3:10.2f} ms of CPU, once a process")
        print(f"  {'written every 10 s':22s} {median(costs) * 1e3:10.2f} ms of CPU")
        print(f"  {'three days':22s} {size / 1e6:10.2f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few rounds, for a look")
    rounds = 3 if parser.parse_args().quick else ROUNDS
    show_record(rounds)
    show_errors(5_000 if rounds < ROUNDS else 50_000)
    show_audit(rounds)
    show_reads(rounds)
    show_history(rounds)


if __name__ == "__main__":
    main()
