"""What a call waits for what is recorded of it: nothing, whatever becomes of sinks, disks, webhooks and exporters.

    python benchmarks/in_the_way.py [--quick]

Wall time of whole calls, from several threads at once, around a model that takes 50 milliseconds: less than a real one, so
that what is measured shows. Everything is switched on: guards, alerts, a log with texts, an audit, spans with texts.
Conditions take turns within a round, in one process; what is left in queues is written before the next one begins.
Figures are those of all rounds together, and each is compared with that of the healthy condition. `own time` is that of
the pipeline, without the model.
"""

from __future__ import annotations

import argparse
import logging
import os
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import Any

import structlog
from kit import SAMPLES
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from genai_guard import Alert, InferenceLog, MetricsRecorder, Pipeline, caller
from genai_guard.guards import PII
from genai_guard.recording import AuditLog, Event, OpenTelemetry, Webhook
from genai_guard.recording.rows import encode, row

__all__ = ["CONDITIONS", "calls", "main", "measured"]

MODEL_S = 0.05
THREADS = 4
PROMPT, REPLY = SAMPLES["hits"]


class Hung:
    """A sink that never comes back."""

    wants_text = True

    def write(self, event: Event, /) -> None:
        del event
        threading.Event().wait()


class FullDisk:
    """A log on a disk without room: the operating system refuses every row."""

    wants_text = True

    def __init__(self) -> None:
        self._fd = os.open("/dev/full", os.O_WRONLY)

    def write(self, event: Event, /) -> None:
        os.write(self._fd, encode(row(event)))

    def close(self) -> None:
        os.close(self._fd)


class Exporter(SpanExporter):
    """Takes its time for each batch."""

    def __init__(self, takes_s: float) -> None:
        self._takes_s = takes_s
        self._end = threading.Event()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        del spans
        self._end.wait(self._takes_s)
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        self._end.set()


class _Answer(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  its name there
        pass


@contextmanager
def webhook() -> Iterator[str]:
    """Yield the address of a server that answers."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def silence() -> Iterator[str]:
    """Yield the address of a server that takes connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def pipeline(folder: Path, url: str, *, export_s: float = 0.0, sinks: Sequence[Any] = (), log: Any = None) -> Pipeline:
    """Return a pipeline with everything on, all of it well unless something is given that is not."""
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(Exporter(export_s), schedule_delay_millis=100))
    recorder = MetricsRecorder(
        dimensions=("model", "user"),
        alerts=[
            Alert.latency_p99(above_ms=500),
            Alert.guardrail_hits(by="user", cooldown_s=0, window_s=10),
        ],
        notify=[Webhook(webhook_url=url, timeout_s=60)],
        log=InferenceLog(folder / "log") if log is None else log,
        sinks=sinks,
        audit=AuditLog(folder / "audit", key=lambda: "k" * 32),
        telemetry=OpenTelemetry(tracer_provider=provider, content="redacted"),
    )
    return Pipeline(input=[PII(action="redact")], output=[PII(action="redact")], recorder=recorder)


Condition = Callable[[Path, ExitStack], Pipeline]

CONDITIONS: Mapping[str, Condition] = {
    "healthy": lambda folder, stack: pipeline(folder, stack.enter_context(webhook())),
    "healthy as well": lambda folder, stack: pipeline(folder, stack.enter_context(webhook())),
    "a sink hangs": lambda folder, stack: pipeline(folder, stack.enter_context(webhook()), sinks=[Hung()]),
    "the disk is full": lambda folder, stack: pipeline(folder, stack.enter_context(webhook()), log=FullDisk()),
    "the webhook is dead": lambda folder, stack: pipeline(folder, stack.enter_context(silence())),
    "the exporter takes 5 s": lambda folder, stack: pipeline(folder, stack.enter_context(webhook()), export_s=5.0),
}
"""How each pipeline is made. The first is what the others are compared with; the second says what such a comparison is worth."""


def model(prompt: str) -> str:
    """Answer after a while."""
    del prompt
    time.sleep(MODEL_S)
    return REPLY


def calls(guarded: Pipeline, count: int) -> list[tuple[float, float]]:
    """Make so many calls from each of several threads; return what each took, and how much of it the pipeline did."""

    def one(number: int) -> tuple[float, float]:
        began = time.perf_counter()
        with caller(user=f"u{number % 40}"):
            outcome = guarded.run(model, PROMPT)
        return time.perf_counter() - began, outcome.timings.overhead_s

    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(one, range(count * THREADS)))


def measured(rounds: int, count: int) -> dict[str, list[tuple[float, float]]]:
    """Measure all conditions in turns, in the opposite order every other time."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in CONDITIONS}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        made = {name: build(Path(folder) / str(at), stack) for at, (name, build) in enumerate(CONDITIONS.items())}
        for each in made.values():
            calls(each, 10)  # what is made at the first call is not what a call costs
        for number in range(rounds):
            for name in list(made)[:: 1 if number % 2 else -1]:
                found[name] += calls(made[name], count)
                _recorder(made[name]).flush(timeout_s=0.3)
        for each in made.values():
            _recorder(each).close(timeout_s=0.5)
    return found


def _recorder(guarded: Pipeline) -> MetricsRecorder:
    recorder = guarded.recorder
    assert isinstance(recorder, MetricsRecorder)
    return recorder


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="What calls wait for what is recorded of them.")
    parser.add_argument("--quick", action="store_true", help="few rounds")
    args = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    found = measured(2 if args.quick else 15, 10 if args.quick else 25)
    figures = {
        name: (median(w for w, _ in all_of), _p99(all_of), median(o for _, o in all_of))
        for name, all_of in found.items()
    }
    well = figures["healthy"]
    print(f"{'condition':24}  {'median':>8}  differs by  {'p99':>8}  differs by  own time")
    for name, (middle, high, own) in figures.items():
        print(
            f"{name:24}  {middle * 1e3:5.1f} ms  {middle / well[0] - 1:+10.1%}  "
            f"{high * 1e3:5.1f} ms  {high / well[1] - 1:+10.1%}  {own * 1e6:5.0f} us"
        )


def _p99(took: Sequence[tuple[float, float]]) -> float:
    return sorted(whole for whole, _ in took)[int(len(took) * 0.99)]


if __name__ == "__main__":
    main()
