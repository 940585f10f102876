"""Spans around calls of the model, and the metrics of a call. Loaded with the first `OpenTelemetry` that is used.

Rule 1: Nothing is built before somebody listens: without an SDK there is neither a span nor an attribute.
Rule 2: A span is made current around the wrapped function and around each chunk of its stream, and put back in the same
    context: never across a `yield` to whoever reads the stream.
Rule 3: What an SDK raises is counted, never felt.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from opentelemetry import metrics, trace
from opentelemetry.context import Context, attach, detach
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from genai_guard.recording.redaction import Redactor
from genai_guard.recording.telemetry import names
from genai_guard.recording.telemetry.attributes import Attributes, at_end, at_start, error_type, happenings
from genai_guard.recording.telemetry.content import content
from genai_guard.recording.telemetry.meters import Meters
from genai_guard.recording.telemetry.providers import is_real, served_by
from genai_guard.recording.telemetry.settings import evaluations_by
from genai_guard.recording.worker import Worker

if TYPE_CHECKING:
    from genai_guard.outcome import Call
    from genai_guard.recording.event import Event
    from genai_guard.recording.telemetry.evaluations import Evaluations
    from genai_guard.recording.telemetry.settings import OpenTelemetry

__all__ = ["Spanned", "Tracing"]


_LOOK_S: Final = 0.1
"""How long it may take until an SDK is noticed that was set after the first call."""


class Spanned(NamedTuple):
    """The span of a call.

    Attributes:
        span: The span.
        context: A context in which it is the current one.
    """

    span: Span
    context: Context

    def around(self, fn: Callable[..., Any], *, is_async: bool) -> Callable[..., Any]:
        """Return `fn` with the span as the current one while it runs."""
        return (_awaited if is_async else _called)(self.context, fn)

    def within(self, chunks: Any, *, is_async: bool) -> Any:
        """Return an iterator that asks for each of the chunks with the span as the current one."""
        return _AsyncChunks(self.context, chunks) if is_async else _Chunks(self.context, chunks)


class Tracing:
    """Makes the spans and metrics of calls.

    Args:
        settings: What is made.
        provider: Who serves the model.
        meters: The instruments.
        worker: Ends spans that carry texts; None if none does.
        miss: Told the reason whenever something is lost.
        evaluations: Emits what is said of calls, and so has to know their spans; None if nobody wants it.
    """

    __slots__ = (
        "_look_at_s", "_meters", "_miss", "_provider", "_settings", "_tracer", "evaluations", "has_meters",
        "has_spans", "worker",
    )  # fmt: skip

    def __init__(
        self,
        settings: OpenTelemetry,
        *,
        provider: str,
        meters: Meters | None,
        worker: Worker | None,
        miss: Callable[[str], None],
        evaluations: Evaluations | None = None,
    ) -> None:
        self.worker: Final = worker
        self.evaluations: Final = evaluations
        self._settings = settings
        self._provider = provider
        self._meters = meters
        self._miss = miss
        self._look_at_s = -math.inf
        self.has_spans = self.has_meters = False
        self._tracer = trace.get_tracer(
            names.SCOPE, tracer_provider=settings.tracer_provider, schema_url=names.SCHEMA_URL
        )

    @property
    def workers(self) -> tuple[Worker, ...]:
        """Those that the recorder is to flush and close."""
        return () if self.worker is None else (self.worker,)

    @classmethod
    def of(cls, settings: OpenTelemetry, *, queue_size: int, miss: Callable[[str], None]) -> Tracing:
        """Return what the settings ask for."""
        worker = None
        if settings.wants_text:
            finish = partial(_finish_with_texts, settings.redact or Redactor())
            worker = Worker("telemetry", finish, size=queue_size)
        meters = Meters(settings) if settings.metrics else None
        evaluations = evaluations_by(settings, of="MetricsRecorder")
        return cls(
            settings, provider=settings.provider, meters=meters, worker=worker, miss=miss, evaluations=evaluations
        )

    def bind(self, fn: Callable[..., Any]) -> Tracing:
        """Return the same for the calls of one function, whose module may say who serves the model."""
        provider = self._provider or served_by(fn)
        return Tracing(
            self._settings, provider=provider, meters=self._meters, worker=self.worker, miss=self._miss,
            evaluations=self.evaluations,
        )  # fmt: skip

    def begin(self, call: Call, kwargs: Mapping[str, Any]) -> None:
        """Start the span of a call, if anybody listens."""
        try:
            if call.started >= self._look_at_s:
                self._look(call.started)
            if self.has_spans:
                span = self._start(call, at_start(call.asked, call.request.max_tokens, kwargs))
                call.span = Spanned(span, trace.set_span_in_context(span))
        except Exception as error:  # noqa: BLE001  an SDK is never in the way
            self._miss(f"telemetry.{type(error).__name__}")

    def end(self, call: Call, event: Event) -> None:
        """Report a call that is over."""
        try:
            if call.started >= self._look_at_s:  # one that was refused has not begun
                self._look(call.started)
            if self.has_spans:
                self._end(call, event)
            if self._meters is not None and self.has_meters:
                context = None if call.span is None else call.span.context
                self._meters.record(event, self._provider, call.asked, context)
        except Exception as error:  # noqa: BLE001  as above
            self._miss(f"telemetry.{type(error).__name__}")

    def _look(self, now_s: float) -> None:
        """See whether the process has an SDK by now: what the API has in its place does nothing.

        Asking the API takes longer than all else that there is to do without one, so it is not asked every time.
        """
        settings = self._settings
        self.has_spans = settings.traces and is_real(settings.tracer_provider or trace.get_tracer_provider())
        self.has_meters = settings.metrics and is_real(settings.meter_provider or metrics.get_meter_provider())
        is_settled = self.has_spans is settings.traces and self.has_meters is settings.metrics
        self._look_at_s = math.inf if is_settled else now_s + _LOOK_S

    def _start(self, call: Call, attributes: Attributes) -> Span:
        operation = self._settings.operation
        return self._tracer.start_span(
            f"{operation} {call.asked}" if call.asked else operation,
            kind=SpanKind.CLIENT,
            attributes={names.OPERATION: operation, names.PROVIDER: self._provider, **attributes},
            start_time=int(call.time_s * 1e9),
        )

    def _end(self, call: Call, event: Event) -> None:
        """End the span of a call; one that a guard refused before there was any gets it now."""
        if call.span is None:
            asked = call.asked or call.request.model
            span = self._start(call, at_start(asked, call.request.max_tokens, {}))
        else:
            span = call.span.span
        if self.evaluations is not None:
            self.evaluations.remember(event.request_id, span.get_span_context())
        ended_ns = int((call.time_s + event.latency_s) * 1e9)
        if self.worker is None or not span.is_recording():
            _finish(span, event, ended_ns)
        elif refused := self.worker.put((span, event, ended_ns)):
            self._miss(f"{self.worker.name}.{refused}")
            _finish(span, event, ended_ns)


def _finish(span: Span, event: Event, ended_ns: int, texts: Attributes | None = None) -> None:
    if span.is_recording():
        span.set_attributes({**at_end(event), **(texts or {})})
        for name, attributes in happenings(event):
            span.add_event(name, attributes, ended_ns)
        if error_type(event):
            span.set_status(Status(StatusCode.ERROR, event.status))
    span.end(ended_ns)


def _finish_with_texts(redactor: Redactor, item: tuple[Span, Event, int]) -> None:
    span, event, ended_ns = item
    texts: Attributes = {}
    try:
        texts = content(redactor.event(event))
    finally:
        _finish(span, event, ended_ns, texts)


# --- current while the model works --------------------------------------------------------------------------------------


def _called(context: Context, fn: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        token = attach(context)
        try:
            return fn(*args, **kwargs)
        finally:
            detach(token)

    return call


def _awaited(context: Context, fn: Callable[..., Any]) -> Callable[..., Any]:
    async def call(*args: Any, **kwargs: Any) -> Any:
        token = attach(context)
        try:
            return await fn(*args, **kwargs)
        finally:
            detach(token)

    return call


class _Chunks(Iterator[Any]):
    __slots__ = ("_chunks", "_context")

    def __init__(self, context: Context, chunks: Iterator[Any]) -> None:
        self._context = context
        self._chunks = chunks

    def __next__(self) -> Any:
        token = attach(self._context)
        try:
            return next(self._chunks)
        finally:
            detach(token)


class _AsyncChunks(AsyncIterator[Any]):
    __slots__ = ("_chunks", "_context")

    def __init__(self, context: Context, chunks: AsyncIterator[Any]) -> None:
        self._context = context
        self._chunks = chunks

    async def __anext__(self) -> Any:
        token = attach(self._context)
        try:
            return await anext(self._chunks)
        finally:
            detach(token)
