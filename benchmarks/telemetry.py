"""What traces and metrics add to a call, and what a scrape of Prometheus takes.

    python benchmarks/telemetry.py [--quick]

A call is `hi` -> `ok` through a pipeline that records it: the least there is. "No SDK" is what everybody pays who switched
telemetry on and has nothing to listen. Spans of the SDK are made and thrown away: an exporter's work comes on top, on a
thread of its own with a batch processor. CPU time, medians of interleaved rounds; `added` is against the recorder alone.

Needs `opentelemetry-sdk` and `prometheus-client`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from statistics import median
from time import process_time
from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Sampler
from prometheus_client import CollectorRegistry, generate_latest

from genai_guard import MetricsRecorder, Pipeline
from genai_guard.messages import Caller, Usage
from genai_guard.recording import Event, OpenTelemetry
from genai_guard.recording.prometheus import PrometheusCollector
from genai_guard.testing import FakeClock


class Nowhere(SpanExporter):
    """Throws spans away."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Do so."""
        del spans
        return SpanExportResult.SUCCESS


def sdk(*, sampler: Sampler = ALWAYS_ON, **settings: Any) -> OpenTelemetry:
    tracer_provider = TracerProvider(sampler=sampler)
    tracer_provider.add_span_processor(SimpleSpanProcessor(Nowhere()))
    return OpenTelemetry(
        tracer_provider=tracer_provider,
        meter_provider=MeterProvider(metric_readers=[InMemoryMetricReader()]),
        **settings,
    )


def call_with(telemetry: OpenTelemetry | None) -> Callable[[str], str]:
    def ask(prompt: str) -> str:
        del prompt
        return "ok"

    return Pipeline(recorder=MetricsRecorder(telemetry=telemetry)).wrap(ask)


def show_calls(rounds: int, calls: int) -> None:
    subjects = {
        "recorder alone": call_with(None),
        "no SDK": call_with(OpenTelemetry()),
        "SDK, not sampled": call_with(sdk(sampler=ALWAYS_OFF, metrics=False)),
        "SDK, traces": call_with(sdk(metrics=False)),
        "SDK, metrics": call_with(sdk(traces=False)),
        "SDK, both": call_with(sdk()),
    }
    costs: dict[str, list[float]] = {name: [] for name in subjects}
    for _ in range(rounds):
        for name, ask in subjects.items():
            began = process_time()
            for _ in range(calls):
                ask("hi")
            costs[name].append((process_time() - began) / calls * 1e6)
    alone = costs["recorder alone"]
    print(f"{'us of CPU a call':20s} {'median':>9s} {'added':>9s}")
    for name, each in costs.items():
        added = median(one - other for one, other in zip(each, alone, strict=True))
        print(f"{name:20s} {median(each):9.2f} {added:9.2f}")


def show_scrapes(rounds: int) -> None:
    print(f"\n{'a scrape':20s} {'samples':>9s} {'ms of CPU':>9s}")
    for tenants in (1, 10, 100, 700):
        clock = FakeClock()
        recorder = MetricsRecorder(clock=clock.monotonic, wall_clock=clock.time)
        registry = CollectorRegistry()
        registry.register(PrometheusCollector(recorder))
        costs: list[float] = []
        text = b""
        for number in range(rounds):
            for tenant in range(tenants):
                for step in range(5):
                    recorder.record(event(number * 5 + step, f"t{tenant}"))
            clock.sleep(15)
            began = process_time()
            text = generate_latest(registry)
            costs.append(process_time() - began)
        samples = sum(not line.startswith(b"#") for line in text.splitlines())
        print(f"{tenants:4d} tenants {samples:17,d} {median(costs) * 1e3:9.2f}")


def event(number: int, tenant: str) -> Event:
    seconds = 0.2 + number % 17 / 10
    return Event(
        1.7e9,
        f"r{number}",
        model="m",
        caller=Caller(tenant=tenant),
        usage=Usage(10, 5),
        latency_s=seconds,
        model_s=seconds,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    show_calls(*(5, 500) if quick else (41, 2000))
    show_scrapes(5 if quick else 41)


if __name__ == "__main__":
    main()
