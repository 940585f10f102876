"""What it costs to record a call, in CPU time and beside what one would write by hand.

    python benchmarks/recording.py

`record` is everything a call pays: the append and its share of counting batches. Bare `deque.append` is the floor;
`dict + lock` counts one latency into log buckets under a lock, by model and status: much less than is recorded here.
CPU time of the process, because eight threads count for each other; medians of interleaved rounds.
"""

from __future__ import annotations

import math
import os
import random
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Sequence
from statistics import median
from time import perf_counter, process_time, thread_time

from genai_guard.messages import Caller, Part, Usage
from genai_guard.recording import Alert, AuditLog, Event, InferenceLog, MetricsRecorder, Redactor, no_scan
from genai_guard.recording.audit.chain import Draft
from genai_guard.recording.audit.files import ChainWriter
from genai_guard.recording.audit.keys import Key
from genai_guard.recording.rows import encode, row
from genai_guard.recording.segments import SegmentWriter
from genai_guard.routing import Assignment, Reason
from genai_guard.verdicts import Action, Finding, Verdict

SECRET = "correct horse battery staple"
ROUNDS = 9
CALLS = 16_000
ROWS = 4_000
TEXT = "The quick brown fox jumps over the lazy dog and asks about order 31 again. "


def events(count: int, *, text: str = "") -> list[Event]:
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
                request=(Part(text, where="messages[0].content"),) if text else (),
                response=(Part(text, "assistant", where="response"),) if text else (),
            )
        )
    return made


class LockedHistogram:
    """The obvious way: a dictionary of buckets and a lock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._series: dict[tuple[str, str], dict[int, int]] = {}

    def record(self, event: Event) -> None:
        """Count one latency."""
        with self._lock:
            buckets = self._series.setdefault((event.model, event.status), {})
            index = math.ceil(math.log(max(event.latency_s, 1e-9)) * 50)
            buckets[index] = buckets.get(index, 0) + 1


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


def subjects() -> dict[str, Callable[[Event], object]]:
    """Return fresh ones for each round: none may grow beyond it."""
    return {
        "deque.append": deque[Event]().append,
        "dict + lock": LockedHistogram().record,
        "record": MetricsRecorder().record,
        "record, four alerts": MetricsRecorder(alerts=four_alerts()).record,
        "record, by user": MetricsRecorder(dimensions=("model", "variant", "user")).record,
    }


def show_record() -> None:
    calls = events(CALLS)
    costs: dict[tuple[str, int], list[float]] = {}
    for _ in range(ROUNDS):
        for threads in (1, 8):
            for name, record in subjects().items():
                costs.setdefault((name, threads), []).append(cost_ns(record, calls, threads))
    print(f"{'ns of CPU a call':24s} {'1 thread':>12s} {'8 threads':>12s} {'worst of 8':>12s} {'x dict+lock':>12s}")
    floor = median(costs["dict + lock", 1])
    for name in subjects():
        one, eight = costs[name, 1], costs[name, 8]
        print(f"{name:24s} {median(one):12.0f} {median(eight):12.0f} {max(eight):12.0f} {median(one) / floor:12.2f}")


def show_log() -> None:
    text = TEXT * 18
    calls = events(ROWS, text=text)
    print(f"\ninference log, {len(encode(row(calls[0]))):,} bytes a row")
    with tempfile.TemporaryDirectory() as folder:
        for name, redactor in (("findings alone", Redactor(scan=no_scan)), ("and personal data", Redactor())):
            writer = InferenceLog(os.path.join(folder, name), redact=redactor).writer()  # noqa: PTH118
            seconds, cpu_s = perf_counter(), process_time()
            for event in calls:
                writer.write(redactor.event(event))
            seconds, cpu_s = perf_counter() - seconds, process_time() - cpu_s
            print(f"  {name:22s} {ROWS / seconds:10,.0f} rows/s  {cpu_s / ROWS * 1e6:7.1f} us of CPU a row")
        show_bare_write(folder, encode(row(calls[0])))


def show_bare_write(folder: str, line: bytes) -> None:
    from pathlib import Path  # noqa: PLC0415

    segment = SegmentWriter(Path(folder, "bare"), max_bytes=1 << 26)
    seconds = perf_counter()
    for _ in range(ROWS):
        segment.append(line, day="2026-11-20")
    print(f"  {'the write alone':22s} {ROWS / (perf_counter() - seconds):10,.0f} rows/s")


def show_audit() -> None:
    """What a call pays for an audit, and what the thread of the audit pays for a record."""
    plain = events(CALLS)
    verdict = Verdict(Action.BLOCK, findings=(Finding("pii.email", "EMAIL", 0, 3),), guard="pii")
    blocked = [event._replace(status="blocked", verdicts=(verdict,)) for event in plain[:ROWS]]
    costs: dict[str, list[float]] = {}
    print("\naudit")
    with tempfile.TemporaryDirectory() as folder:
        for number in range(ROUNDS):
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


def show_reads() -> None:
    now = 0.0
    metrics = MetricsRecorder(alerts=four_alerts(), clock=lambda: now)
    calls = events(500)
    for number in range(360):
        now = number * 10.0
        for event in calls[:: 1 + number % 2]:
            metrics.record(event)
    print("\nreading an hour of six series")
    for name, read in (("snapshot", metrics.snapshot), ("alerts", metrics.alerts)):
        read()
        costs: list[float] = []
        for _ in range(ROUNDS):
            began = process_time()
            read()
            costs.append(process_time() - began)
        print(f"  {name:22s} {median(costs) * 1e3:10.2f} ms of CPU")


if __name__ == "__main__":
    show_record()
    show_log()
    show_audit()
    show_reads()
