"""What others take to count a call: its latency and its tokens, by model, tenant and variant."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeAlias

from ddsketch import DDSketch
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from prometheus_client import CollectorRegistry, Counter, Histogram

from genai_guard.recording import Event
from genai_guard.recording.telemetry.names import SECONDS_BOUNDS

__all__ = ["LABELS", "PEERS", "Record", "interpolated", "labels_of"]

Record: TypeAlias = Callable[[Event], object]

LABELS = ("model", "tenant", "variant")


def labels_of(event: Event, series: int) -> Iterator[tuple[str, str, str]]:
    """Yield the series that a call counts in: its own, or the four of all calls, its model, its tenant and its variant."""
    model, tenant, variant = event.model, event.caller.tenant, event.assignments[0].variant
    if series == 1:
        yield model, tenant, variant
    else:
        yield "", "", ""
        yield model, "", ""
        yield "", tenant, ""
        yield "", "", variant


def locked_buckets(series: int) -> Record:
    """Count latencies in logarithmic buckets under a lock: what one would write by hand, and without tokens."""
    lock, counts = threading.Lock(), dict[tuple[str, str, str], dict[int, int]]()

    def record(event: Event) -> None:
        index = math.ceil(math.log(max(event.latency_s, 1e-9)) * 50)
        with lock:
            for labels in labels_of(event, series):
                buckets = counts.setdefault(labels, {})
                buckets[index] = buckets.get(index, 0) + 1

    return record


def ddsketch(series: int) -> Record:
    """Add to a sketch of the same error and to two sums, under a lock."""
    lock = threading.Lock()
    sketches: dict[tuple[str, str, str], DDSketch] = {}
    sums: dict[tuple[str, str, str], list[int]] = {}

    def record(event: Event) -> None:
        with lock:
            for labels in labels_of(event, series):
                sketch = sketches.get(labels)
                if sketch is None:
                    sketch, sums[labels] = sketches.setdefault(labels, DDSketch(0.01)), [0, 0]
                sketch.add(event.latency_s)
                tokens = sums[labels]
                tokens[0] += event.usage.input_tokens
                tokens[1] += event.usage.output_tokens

    return record


def _prometheus() -> tuple[Histogram, Counter]:
    registry = CollectorRegistry()
    latency = Histogram("latency_seconds", "Latency", LABELS, buckets=SECONDS_BOUNDS, registry=registry)
    return latency, Counter("tokens", "Tokens", (*LABELS, "type"), registry=registry)


def prometheus_labelled(series: int) -> Record:
    """Ask for the children of each metric at each call."""
    latency, tokens = _prometheus()

    def record(event: Event) -> None:
        for labels in labels_of(event, series):
            latency.labels(*labels).observe(event.latency_s)
            tokens.labels(*labels, "input").inc(event.usage.input_tokens)
            tokens.labels(*labels, "output").inc(event.usage.output_tokens)

    return record


def prometheus_cached(series: int) -> Record:
    """Keep the children of each metric."""
    latency, tokens = _prometheus()
    children: dict[tuple[str, str, str], tuple[Any, Any, Any]] = {}

    def record(event: Event) -> None:
        for labels in labels_of(event, series):
            known = children.get(labels)
            if known is None:
                known = children[labels] = (
                    latency.labels(*labels), tokens.labels(*labels, "input"), tokens.labels(*labels, "output"),
                )  # fmt: skip
            known[0].observe(event.latency_s)
            known[1].inc(event.usage.input_tokens)
            known[2].inc(event.usage.output_tokens)

    return record


def prometheus_whole(series: int) -> Record:
    """Count what a recorder counts of the plainest call, with children that are kept."""
    registry = CollectorRegistry()
    spent = [
        Histogram(f"{name}_seconds", name, LABELS, buckets=SECONDS_BOUNDS, registry=registry)
        for name in ("latency", "model", "overhead")
    ]
    sums = [Counter(name, name, LABELS, registry=registry) for name in ("input", "output", "usd")]
    metrics: list[Any] = [*spent, *sums]
    calls = Counter("calls", "calls", (*LABELS, "status"), registry=registry)
    children: dict[tuple[tuple[str, str, str], str], list[Any]] = {}

    def record(event: Event) -> None:
        for labels in labels_of(event, series):
            key = labels, event.status
            if key not in children:
                children[key] = [*(each.labels(*labels) for each in metrics), calls.labels(*labels, event.status)]
            known = children[key]
            known[0].observe(event.latency_s)
            known[1].observe(event.model_s)
            known[2].observe(event.latency_s - event.model_s)
            known[3].inc(event.usage.input_tokens)
            known[4].inc(event.usage.output_tokens)
            known[5].inc(event.cost_usd or 0.0)
            known[6].inc()

    return record


def opentelemetry_sdk(series: int) -> Record:
    """Record a histogram and a counter with attributes."""
    meter = MeterProvider([InMemoryMetricReader()]).get_meter("bench")
    latency = meter.create_histogram("latency", explicit_bucket_boundaries_advisory=list(SECONDS_BOUNDS))
    tokens = meter.create_counter("tokens")

    def record(event: Event) -> None:
        for model, tenant, variant in labels_of(event, series):
            attributes = {"model": model, "tenant": tenant, "variant": variant}
            latency.record(event.latency_s, attributes)
            tokens.add(event.usage.input_tokens, {**attributes, "type": "input"})
            tokens.add(event.usage.output_tokens, {**attributes, "type": "output"})

    return record


PEERS: Mapping[str, Callable[[int], Record]] = {
    "log buckets + lock, no tokens": locked_buckets,
    "ddsketch + lock": ddsketch,
    "prometheus-client, cached": prometheus_cached,
    "prometheus-client, cached, all": prometheus_whole,
    "prometheus-client, labelled": prometheus_labelled,
    "OpenTelemetry SDK": opentelemetry_sdk,
}


def interpolated(values: Sequence[float], share: float) -> float:
    """Return a quantile as `histogram_quantile` of Prometheus finds it in the buckets of the GenAI conventions."""
    bounds = [0.0, *SECONDS_BOUNDS]
    rank, seen = share * len(values), 0
    for below, above in pairwise(bounds):
        inside = sum(below < value <= above for value in values)
        if seen + inside >= rank:
            return below + (above - below) * (rank - seen) / inside
        seen += inside
    return bounds[-1]
