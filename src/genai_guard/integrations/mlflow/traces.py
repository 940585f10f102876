"""Traces for an MLflow server, over OpenTelemetry's protocol. Needs the extra `mlflow`, and nothing of MLflow itself.

Rule 1: A call only leaves its span in a queue. What a server that is slow, down or wrong costs is spans, and these are counted.
Rule 2: What stands on spans was decided by `OpenTelemetry`: names, numbers and classes, and redacted texts if it was asked for
    them. Nothing is added here that was not there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from threading import Thread
from typing import Any, Final, NamedTuple, Self
from urllib.parse import urlsplit

from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode

from genai_guard.errors import ConfigurationError
from genai_guard.integrations.extras import missing
from genai_guard.integrations.mlflow.package import package
from genai_guard.recording.lifecycle import watch_over
from genai_guard.recording.telemetry import names

try:
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
except ImportError as error:
    raise missing("opentelemetry-sdk", extra="mlflow") from error

__all__ = ["REQUEST_TAG", "MlflowTraces", "SpanCounts"]

REQUEST_TAG: Final = names.REQUEST_ID
"""The tag of a trace that says which call it is of."""

_TAG: Final = "mlflow.traceTag."
_TYPE: Final = "mlflow.spanType"
_COST: Final = "mlflow.llm.cost"
_OUTPUTS: Final = "mlflow.spanOutputs"
_PROMPTS: Final = "mlflow.linkedPrompts"
_BATCH: Final = 512
_MOST_SPANS: Final = 1 << 64
_TAGS: Final = (names.REQUEST_ID, names.PIPELINE, names.STATUS, names.VARIANT, names.TENANT)


class SpanCounts(NamedTuple):
    """What became of the spans of calls.

    Attributes:
        ended: Spans that ended.
        sent: Those that the server has.
        failed: Those that it did not take. After `flush`, what is neither found no room in the queue.
    """

    ended: int
    sent: int
    failed: int


class MlflowTraces:
    """Sends the spans of calls to an MLflow server, as traces of one of its experiments.

    `MetricsRecorder(telemetry=OpenTelemetry(tracer_provider=traces.provider))`. Each call is a trace, or a span of the trace
    that your code has begun with the same provider, with its model, tokens, cost, session and prompt where MLflow looks for
    them. What a guard found is a span of the type `GUARDRAIL` below it, at the beginning of the call for its request and at
    the end for its reply; it took its time, but how much is not measured for each. A trace has the tags
    `genai_guard.request_id`, `genai_guard.pipeline`, `genai_guard.status`, `genai_guard.experiment.variant` and
    `genai_guard.tenant`. It has texts with `OpenTelemetry(content="redacted")`.

    Args:
        url: Address of the server, such as `http://127.0.0.1:5000`.
        experiment_id: Id of the experiment, which must exist.
        headers: Sent with every request, such as `{"Authorization": "Bearer ..."}`. Not part of the `repr`.
        service: Name of your service on spans.
        queue_size: Most spans that wait.
        delay_s: After how many seconds those that wait are sent.
        timeout_s: For how many seconds the server may take, all attempts together.

    Attributes:
        provider: What makes the spans: for `OpenTelemetry(tracer_provider=...)`, or your own tracers.

    Raises:
        ConfigurationError: one of them is not what it must be, or OpenTelemetry's SDK or exporter is not installed.
    """

    def __init__(
        self,
        url: str,
        *,
        experiment_id: str,
        headers: Mapping[str, str] | None = None,
        service: str = "genai_guard",
        queue_size: int = 2048,
        delay_s: float = 1.0,
        timeout_s: float = 10.0,
    ) -> None:
        self._address = urlsplit(url)
        if self._address.scheme not in {"http", "https"} or not self._address.hostname:
            raise ConfigurationError("MlflowTraces(url=...) must be the address of a server: http://127.0.0.1:5000")
        if not experiment_id or not isinstance(experiment_id, str):
            raise ConfigurationError('MlflowTraces(experiment_id=...) must be the id of an experiment, such as "1"')
        if queue_size < 1 or delay_s <= 0 or timeout_s <= 0:
            raise ConfigurationError("MlflowTraces(queue_size=..., delay_s=..., timeout_s=...) must be above 0")
        self.experiment_id: Final = experiment_id
        otlp = package(
            "opentelemetry.exporter.otlp.proto.http.trace_exporter", needs="opentelemetry-exporter-otlp-proto-http"
        )
        sending = otlp.OTLPSpanExporter(
            endpoint=f"{url.rstrip('/')}/v1/traces",
            headers={**(headers or {}), "x-mlflow-experiment-id": experiment_id},
            timeout=timeout_s,
        )
        self._exporter = _Exporter(sending)
        self._queue = _Queue(
            self._exporter,
            max_queue_size=queue_size,
            schedule_delay_millis=delay_s * 1e3,
            max_export_batch_size=min(_BATCH, queue_size),
        )
        self.provider: Final = TracerProvider(
            resource=Resource.create({"service.name": service}), shutdown_on_exit=False
        )
        self.provider.add_span_processor(self._queue)
        watch_over(self)

    def counts(self) -> SpanCounts:
        """Return what became of the spans so far; those of guards are not counted."""
        return SpanCounts(self._queue.ended, self._exporter.sent, self._exporter.failed)

    def flush(self) -> bool:
        """Send what waits now; return whether the server has taken it. Flush the recorder first if it writes texts."""
        failed = self._exporter.failed
        return self.provider.force_flush() and self._exporter.failed == failed

    def close(self, *, timeout_s: float = 2.0) -> bool:
        """Send what waits, and end the thread that sends; return whether that was done in time. Done at the exit as well."""
        closing = Thread(target=self.provider.shutdown, name="genai_guard traces", daemon=True)
        closing.start()
        closing.join(timeout_s)
        return not closing.is_alive()

    def after_fork(self) -> None:
        """Begin anew in a child process. Called by itself."""
        self._queue.ended = self._exporter.sent = self._exporter.failed = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<MlflowTraces to {self._address.hostname}, experiment {self.experiment_id}>"


class _Queue(BatchSpanProcessor):
    """Counts what it is given: what finds no room is dropped without a word."""

    ended = 0

    def on_end(self, span: ReadableSpan) -> None:
        if span.context is not None and span.context.trace_flags.sampled:
            self.ended += 1
        super().on_end(span)


class _Exporter(SpanExporter):
    """Sends spans as MLflow reads them, and counts."""

    def __init__(self, sending: SpanExporter) -> None:
        self._sending = sending
        self.sent = self.failed = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = SpanExportResult.FAILURE
        try:
            result = self._sending.export([each for span in spans for each in shown(span)])
        finally:
            if result is SpanExportResult.SUCCESS:
                self.sent += len(spans)
            else:
                self.failed += len(spans)
        return result

    def shutdown(self) -> None:
        self._sending.shutdown()


def shown(span: ReadableSpan) -> Iterator[ReadableSpan]:
    """Yield a span as MLflow reads it, and one for each guard that found something; spans of others as they are."""
    scope, parent = span.instrumentation_scope, span.context
    if scope is None or scope.name != names.SCOPE or parent is None:
        yield span
        return
    known = dict(span.attributes or {})
    yield _like(
        span, name=span.name, attributes={**known, **_added(known, is_root=span.parent is None)}, events=span.events
    )
    for number, event in enumerate(span.events):
        if event.name == names.GUARD_EVENT:
            yield _of_guard(span, event, parent, number)


def _added(known: Mapping[str, Any], *, is_root: bool) -> dict[str, Any]:
    """Return what MLflow looks for under names of its own."""
    added: dict[str, Any] = {}
    if is_root:
        added = {f"{_TAG}{name}": str(known[name]) for name in _TAGS if name in known}
        if names.PROMPT_NAME in known:
            prompt = {"name": known[names.PROMPT_NAME], "version": known.get(names.PROMPT_VERSION, "")}
            added[f"{_TAG}{_PROMPTS}"] = json.dumps([prompt])
    if names.COST in known:
        added[_COST] = json.dumps({"total_cost": known[names.COST]})
    return added


def _of_guard(span: ReadableSpan, event: Event, parent: SpanContext, number: int) -> ReadableSpan:
    """Return the span of a guard. How long each took is not measured, so it has a time and no length."""
    known = dict(event.attributes or {})
    found = {name.removeprefix(f"{names.GUARD_EVENT}."): value for name, value in known.items()}
    attributes = {**known, _TYPE: "GUARDRAIL", _OUTPUTS: json.dumps(found)}
    broke = known.get(names.ERROR_TYPE)
    at_ns = span.start_time if known.get(names.GUARD_SIDE) == "request" else span.end_time
    return _like(
        span,
        name=f"guard {known.get(names.GUARD_NAME, '')}",
        attributes=attributes,
        events=(),
        context=SpanContext(
            parent.trace_id, (parent.span_id + number + 1) % _MOST_SPANS or 1, False, parent.trace_flags
        ),
        parent=parent,
        kind=SpanKind.INTERNAL,
        status=Status(StatusCode.ERROR, str(broke)) if broke else Status(StatusCode.OK),
        start_time=at_ns,
        end_time=at_ns,
    )


def _like(span: ReadableSpan, **changes: Any) -> ReadableSpan:
    same: dict[str, Any] = {
        "context": span.context,
        "parent": span.parent,
        "resource": span.resource,
        "links": span.links,
        "kind": span.kind,
        "status": span.status,
        "start_time": span.start_time,
        "end_time": span.end_time,
        "instrumentation_scope": span.instrumentation_scope,
    }
    return ReadableSpan(**{**same, **changes})
