"""An OpenTelemetry SDK that keeps what it is given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Sampler

from genai_guard.recording import MetricsRecorder, OpenTelemetry

__all__ = ["Collected"]


class Collected:
    """The spans and metrics of a recorder, and a tracer as a client library has one."""

    def __init__(self, *, sampler: Sampler = ALWAYS_ON, **settings: Any) -> None:
        self._spans = InMemorySpanExporter()
        self.tracer_provider = TracerProvider(sampler=sampler, shutdown_on_exit=False)
        self.tracer_provider.add_span_processor(SimpleSpanProcessor(self._spans))
        self._metrics = InMemoryMetricReader()
        meter_provider = MeterProvider(metric_readers=[self._metrics], shutdown_on_exit=False)
        self.telemetry = OpenTelemetry(tracer_provider=self.tracer_provider, meter_provider=meter_provider, **settings)
        self.recorder = MetricsRecorder(telemetry=self.telemetry)
        self.library = self.tracer_provider.get_tracer("library")

    def spans(self) -> Sequence[ReadableSpan]:
        """Return the finished spans of calls, in the order in which they ended."""
        return [span for span in self._all() if scope(span) == "genai_guard"]

    def inner(self) -> Sequence[ReadableSpan]:
        """Return those of the library."""
        return [span for span in self._all() if scope(span) == "library"]

    def span(self) -> ReadableSpan:
        """Return the only span of a call."""
        (span,) = self.spans()
        return span

    def points(self, name: str) -> list[Any]:
        """Return the data points of a metric."""
        data = self._metrics.get_metrics_data()
        scopes = [] if data is None else [each for one in data.resource_metrics for each in one.scope_metrics]
        return [
            point
            for each in scopes
            for metric in each.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]

    def _all(self) -> Sequence[ReadableSpan]:
        self.recorder.flush()
        return self._spans.get_finished_spans()


def scope(span: ReadableSpan) -> str:
    return span.instrumentation_scope.name if span.instrumentation_scope is not None else ""
