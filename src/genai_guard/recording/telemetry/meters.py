"""The metrics of a call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from opentelemetry import metrics

from genai_guard.recording.dimensions import REACHED, variant
from genai_guard.recording.telemetry import names
from genai_guard.recording.telemetry.attributes import Attributes, error_type

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.metrics import Counter, Histogram

    from genai_guard.recording.event import Event
    from genai_guard.recording.telemetry.settings import OpenTelemetry

__all__ = ["Meters"]

"""Stages of calls that reached the model."""


class Meters:
    """The instruments, and what is recorded with them. Durations are of the calls that reached the model."""

    __slots__ = (
        "_calls", "_cost", "_denials", "_duration", "_estimated", "_first_chunk", "_hits", "_meter",
        "_operation", "_overhead", "_tokens",
    )  # fmt: skip

    def __init__(self, settings: OpenTelemetry) -> None:
        self._operation = settings.operation
        self._estimated = settings.estimated_tokens
        self._meter = meter = metrics.get_meter(
            names.SCOPE, meter_provider=settings.meter_provider, schema_url=names.SCHEMA_URL
        )
        self._duration = self._seconds(names.OPERATION_DURATION, "Duration of an operation.")
        self._first_chunk = self._seconds(names.TIME_TO_FIRST_CHUNK, "Time to the first chunk of a stream.")
        self._overhead = self._seconds(
            names.OVERHEAD, "Time neither in the model nor waiting for a limit.", names.OVERHEAD_BOUNDS
        )
        self._tokens: Histogram = meter.create_histogram(
            names.TOKEN_USAGE,
            unit="{token}",
            description="Tokens of a call.",
            explicit_bucket_boundaries_advisory=list(names.TOKEN_BOUNDS),
        )
        self._calls = self._counter(names.CALLS, "{call}", "Calls, by how they ended.")
        self._cost = self._counter(names.COST_TOTAL, "USD", "Price of calls.")
        self._hits = self._counter(names.GUARD_HITS, "{verdict}", "What guards found.")
        self._denials = self._counter(names.LIMIT_DENIALS, "{call}", "Calls that a limit refused.")

    def record(self, event: Event, provider: str, asked: str, context: Context | None) -> None:
        """Record a call that is over."""
        common: Attributes = {names.OPERATION: self._operation, names.PROVIDER: provider}
        if asked:
            common[names.REQUEST_MODEL] = asked
        self._record_ours(event, common, context)
        if event.stage not in REACHED or event.answered_by == "cache":
            return
        if event.model:
            common[names.RESPONSE_MODEL] = event.model
        failed = error_type(event)
        self._duration.record(event.latency_s, {**common, names.ERROR_TYPE: failed} if failed else common, context)
        if event.first_token_s is not None:
            self._first_chunk.record(event.first_token_s, common, context)
        usage = event.usage
        if self._estimated or not usage.estimated:
            for kind, tokens in (("input", usage.input_tokens), ("output", usage.output_tokens)):
                if tokens:
                    self._tokens.record(tokens, {**common, names.TOKEN_TYPE: kind}, context)

    def _record_ours(self, event: Event, common: Attributes, context: Context | None) -> None:
        own = common | {names.PIPELINE: event.pipeline}
        if applied := variant(event):
            own[names.VARIANT] = applied
        self._calls.add(1, own | {names.STATUS: event.status}, context)
        self._overhead.record(
            event.latency_s - event.model_s - event.queue_s, {names.PIPELINE: event.pipeline}, context
        )
        if event.cost_usd:
            self._cost.add(event.cost_usd, own, context)
        for verdict in event.verdicts:
            hit: Attributes = {
                names.PIPELINE: event.pipeline,
                names.GUARD_NAME: verdict.guard,
                names.GUARD_ACTION: str(verdict.action),
                names.GUARD_MODE: verdict.mode,
            }
            self._hits.add(1, hit, context)
        if event.denied_by:
            self._denials.add(1, {names.PIPELINE: event.pipeline, names.LIMIT: event.denied_by}, context)

    def _seconds(self, name: str, about: str, bounds: Sequence[float] = names.SECONDS_BOUNDS) -> Histogram:
        return self._meter.create_histogram(
            name, unit="s", description=about, explicit_bucket_boundaries_advisory=list(bounds)
        )

    def _counter(self, name: str, unit: str, about: str) -> Counter:
        return self._meter.create_counter(name, unit=unit, description=about)
