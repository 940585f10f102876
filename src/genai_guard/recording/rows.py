"""A call as one row of a table.

Names and types are those of the Databricks AI Gateway inference table where it has the column; everything else is
our own. A row holds an event as it came out of a `Redactor`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from math import isfinite
from time import gmtime, strftime
from typing import TYPE_CHECKING, Any, Final

import mmh3

from genai_guard.messages import Part
from genai_guard.recording.dimensions import variant
from genai_guard.recording.event import Event
from genai_guard.recording.redaction import FAILED, TOO_LONG, side_of
from genai_guard.verdicts import Finding, Verdict

if TYPE_CHECKING:
    from genai_guard.routing import Assignment

__all__ = ["MAX_PAYLOAD_BYTES", "day_and_time", "encode", "hash_of_unit", "message_of", "row", "unit_hash"]

MAX_PAYLOAD_BYTES: Final = 1 << 20
"""A longer request or response is null in its row, as in the inference table, unless a log says otherwise."""

_HTTP: Final = {
    "ok": 200,
    "blocked": 400,
    "rate_limited": 429,
    "budget_exceeded": 429,
    "breaker_open": 503,
    "cancelled": 499,
    "abandoned": 499,
    "timeout": 504,
}
_as_json: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode  # `dumps` makes one each time
_WITHHELD: Final = {TOO_LONG: "MAX_{}_SIZE_EXCEEDED", FAILED: "{}_REDACTION_FAILED"}


def row(event: Event, *, sampling_fraction: float = 1.0, max_payload_bytes: int = MAX_PAYLOAD_BYTES) -> dict[str, Any]:
    """Return the row of a redacted event, with values that JSON has.

    `logging_error_codes` says why a text is null: `MAX_REQUEST_SIZE_EXCEEDED`, `MAX_RESPONSE_SIZE_EXCEEDED`,
    `REQUEST_REDACTION_FAILED` or `RESPONSE_REDACTION_FAILED`.

    Args:
        event: As it came out of a `Redactor`.
        sampling_fraction: The probability with which the call was kept.
        max_payload_bytes: A longer request or response is null.
    """
    codes: list[str] = []
    day, time = day_and_time(event.time_s)
    caller, usage = event.caller, event.usage
    return {
        "request_date": day,
        "request_time": time,
        "request_id": event.request_id,
        "client_request_id": caller.request_id or None,
        "status_code": _HTTP.get(event.status, 500),
        "sampling_fraction": sampling_fraction,
        "execution_duration_ms": round(event.latency_s * 1e3),
        "request": _payload(event.request, "REQUEST", codes, max_payload_bytes),
        "response": _payload(event.response, "RESPONSE", codes, max_payload_bytes),
        "logging_error_codes": codes,
        "served_entity_id": event.target,
        "requester": caller.user or None,
        "pipeline": event.pipeline,
        "status": event.status,
        "stage": event.stage,
        "error_type": event.error_type or None,
        "denied_by": event.denied_by or None,
        "shadow_denials": list(event.shadow_denials),
        "tenant": caller.tenant or None,
        "session": caller.session or None,
        "tags": dict(caller.tags),
        "model": event.model or None,
        "variant": variant(event) or None,
        "assignments": [_assignment(each) for each in event.assignments],
        "verdicts": [_verdict(each) for each in event.verdicts],
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cached_tokens": usage.cached_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "tokens_estimated": usage.estimated,
        "cost_usd": None if event.cost_usd is None or not isfinite(event.cost_usd) else event.cost_usd,
        "latency_ms": _ms(event.latency_s),
        "model_ms": _ms(event.model_s),
        "queue_ms": _ms(event.queue_s),
        "overhead_ms": _ms(event.latency_s - event.model_s - event.queue_s),
        "first_token_ms": None if event.first_token_s is None else _ms(event.first_token_s),
        "inter_token_ms": None if event.inter_token_s is None else _ms(event.inter_token_s),
        "streamed": event.streamed,
        "chunks": event.chunks,
        "finish_reason": event.finish_reason or None,
        "settled": event.settled,
        "attempts": event.attempts,
        "retries": event.retries,
        "answered_by": event.answered_by or None,
    }


def day_and_time(time_s: float) -> tuple[str, str]:
    """Return the day and the time of so many seconds since 1970, in UTC, as ISO 8601 has them."""
    seconds, micros = divmod(round(time_s * 1e6), 1_000_000)
    moment = gmtime(seconds)
    return strftime("%Y-%m-%d", moment), strftime("%Y-%m-%dT%H:%M:%S", moment) + f".{micros:06d}+00:00"


def encode(values: dict[str, Any]) -> bytes:
    """Return a row as one line of JSON in UTF-8. Lone surrogates, which UTF-8 has no bytes for, become `?`."""
    return _as_json(values).encode("utf-8", "replace") + b"\n"


def _payload(parts: Sequence[Part], name: str, codes: list[str], max_bytes: int) -> str | None:
    """Return the texts of one side as JSON in a string, or None and a code that says why not."""
    if not parts:
        return None
    if len(parts) == 1 and parts[0].text in _WITHHELD:
        codes.append(_WITHHELD[parts[0].text].format(name))
        return None
    payload = _as_json({"messages": [message_of(part) for part in parts]})
    if len(payload.encode("utf-8", "replace")) > max_bytes:
        codes.append(_WITHHELD[TOO_LONG].format(name))
        return None
    return payload


def message_of(part: Part) -> dict[str, str]:
    """Return a text as `request` and `response` hold it."""
    message = {"role": part.role, "content": part.text}
    if part.kind != "text":
        message["kind"] = part.kind
    if part.name:
        message["name"] = part.name
    return message


def _assignment(assignment: Assignment) -> dict[str, Any]:
    prompt = assignment.prompt
    return {
        "experiment": assignment.experiment,
        "variant": assignment.variant,
        "config_version": assignment.config_version or None,
        "reason": str(assignment.reason),
        "bucket": assignment.bucket,
        "unit_hash": unit_hash(assignment) if assignment.unit else None,
        "propensity": assignment.propensity,
        "mode": assignment.mode,
        "prompt": None
        if prompt is None
        else {"name": prompt.name, "version": prompt.version, "hash": prompt.content_hash},
    }


def unit_hash(assignment: Assignment) -> str:
    """Return what tells the units of an experiment apart and names none; what is a unit may stand in a redacted tag."""
    return hash_of_unit(assignment.experiment, assignment.unit)


def hash_of_unit(experiment: str, unit: str) -> str:
    """Return the `unit_hash` of a unit."""
    text = f"{experiment}:{unit}".encode("utf-8", "surrogatepass")
    return f"{mmh3.mmh3_x64_128_uintdigest(text, 0) >> 64:016x}"


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "guard": verdict.guard,
        "action": str(verdict.action),
        "mode": verdict.mode,
        "error": verdict.error or None,
        "findings": [_finding(each) for each in verdict.findings],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "category": finding.category,
        "side": side_of(finding.where),
        "where": finding.where,
        "start": finding.start,
        "end": finding.end,
        "score": finding.score,
        "detail": finding.detail,
    }


def _ms(seconds: float) -> float:
    return round(seconds * 1e3, 3)
