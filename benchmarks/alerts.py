"""What alerts cost those who call and those who read, whatever becomes of their sinks.

    python benchmarks/alerts.py

The first table is the time of a call around a function that takes two milliseconds, with a sink that answers, one that
refuses, and one that hangs; rounds are interleaved, medians are told. The second is the CPU time of one reading.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from time import monotonic, perf_counter, process_time, sleep

from genai_guard import Pipeline
from genai_guard.messages import Caller
from genai_guard.recording import Alert, AlertEvent, AlertSink, DeliveryError, Event, MetricsRecorder, burn_rates

ROUNDS = 60
CALLS = 20
OPEN = threading.Event()


@dataclass(frozen=True, kw_only=True)
class Probe(AlertSink):
    """A sink that does as it is told."""

    do: Callable[[], object]

    def send(self, event: AlertEvent, /) -> None:
        """Take an alert."""
        del event
        self.do()


def refuse() -> None:
    """Be down."""
    raise DeliveryError("http_503")


def ask(prompt: str) -> str:
    """Answer after a while."""
    sleep(0.002)
    return prompt


@contextmanager
def calls(do: Callable[[], object] | None) -> Iterator[Callable[[str], str]]:
    """Return a guarded call with alerts that are read a hundred times as often as they would be."""
    alerts = [
        Alert.threshold_of(measure="calls", above=number * 5, window_s=10, cooldown_s=0, name=f"alert {number}")
        for number in range(20)
    ]
    recorder = MetricsRecorder(
        alerts=[] if do is None else alerts,
        notify=[] if do is None else [Probe(do=do)],
        clock=lambda: monotonic() * 100,  # so that windows fill and empty, and alerts are read each ten milliseconds
    )
    yield Pipeline(recorder=recorder).wrap(ask)
    OPEN.set()
    recorder.close(timeout_s=0.2)
    OPEN.clear()


def show_calls() -> None:
    """Print the time of a call by what its sink does."""
    times: dict[str, list[float]] = {}
    with (
        calls(None) as none,
        calls(lambda: None) as good,
        calls(refuse) as dead,
        calls(lambda: OPEN.wait(60)) as hung,
    ):
        for _ in range(ROUNDS):
            for name, call in (("no alerts", none), ("a good sink", good), ("a dead one", dead), ("a hung one", hung)):
                began = perf_counter()
                for _ in range(CALLS):
                    call("hello")
                times.setdefault(name, []).append((perf_counter() - began) / CALLS)
    floor = median(times["no alerts"])
    print("a call of 2 ms, with twenty alerts that fire and end again and again")
    for name, taken in times.items():
        print(f"  {name:24s} {median(taken) * 1e3:8.3f} ms  x {median(taken) / floor:.3f}")


def show_reads() -> None:
    """Print the CPU time of one reading, and of the first in a new slice of ten seconds."""
    print("\nreading an hour of calls")
    few = [
        Alert.latency_p99(above_ms=60_000),
        Alert.error_rate(above=0.01),
        Alert.budget(usd=1e9),
        Alert.guardrail_hits(),
    ]
    sliced = [Alert.error_rate(above=0.01, by="user"), *burn_rates(0.999, by="user")]
    for name, alerts, users in (
        ("four alerts", few, 1),
        ("three burn rates", burn_rates(0.999), 1),
        ("four by user, 750 users", sliced, 10_000),
    ):
        usual, first = reading(alerts, users)
        print(f"  {name:24s} {usual * 1e3:8.2f} ms of CPU, {first * 1e3:8.2f} in a new slice")


def reading(alerts: Sequence[Alert], users: int) -> tuple[float, float]:
    """Return what a reading takes, and the first of a slice."""
    now_s = 0.0
    recorder = MetricsRecorder(alerts=alerts, dimensions=("model", "user"), clock=lambda: now_s)
    recorder._look_at_s = 1e18  # noqa: SLF001  nobody else reads meanwhile
    events = [
        Event(0.0, "r", model=f"m{number % 6}", caller=Caller(user=f"u{number % users}"), latency_s=0.2)
        for number in range(60 if users == 1 else 2000)
    ]
    for now_s in range(0, 4000, 10):
        for event in events[:: 1 if now_s % 50 == 0 else 4]:
            recorder.record(event)
    recorder.alerts()
    usual: list[float] = []
    first: list[float] = []
    for _ in range(9):
        now_s += 10
        recorder.record(events[0])
        for costs in (first, usual):
            began = process_time()
            recorder.alerts()
            costs.append(process_time() - began)
    recorder.close()
    return median(usual), median(first)


if __name__ == "__main__":
    show_calls()
    show_reads()
