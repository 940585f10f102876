"""Feedback in the shape of MLflow's assessments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from time import gmtime, strftime
from typing import Any

from genai_guard.recording.feedback.values import Feedback, Opinion, history

__all__ = ["assessments"]


def assessments(entries: Iterable[Feedback]) -> Iterator[dict[str, Any]]:
    """Yield everything that was said as MLflow writes an `Assessment` in JSON, the oldest first.

    `mlflow.entities.Assessment.from_dictionary` reads it. A correction is the expectation `expected_response`, anything
    else is feedback. A comment becomes the `rationale` of what the same source said of the same call, and is feedback of
    its own where there is nothing else. What was said anew overrides what was said before, which is no longer `valid`;
    what was withdrawn is not either. `trace_id` is the request id.
    """
    said = history(entries)
    last: dict[Opinion, Feedback] = {entry.opinion: entry for entry in said}
    holds = [entry for entry in last.values() if entry.value is not None]
    comments = {_who(entry): entry.value for entry in holds if entry.name == "comment"}
    explained = {_who(entry) for entry in holds if entry.name != "comment"}
    before: dict[Opinion, str] = {}
    for entry in said:
        if entry.value is None or (entry.name == "comment" and _who(entry) in explained):
            continue
        optional = {
            "rationale": None if entry.name == "comment" else comments.get(_who(entry)),
            "overrides": before.get(entry.opinion),
            "metadata": {"user": entry.user} if entry.user else None,
        }
        made: dict[str, Any] = _assessment(entry) | {name: value for name, value in optional.items() if value}
        before[entry.opinion] = made["assessment_id"]
        yield made | {"valid": last[entry.opinion] is entry}


def _assessment(entry: Feedback) -> dict[str, Any]:
    time = _time(entry.time_s)
    is_correction = entry.name == "correction"
    return {
        "assessment_id": _identity(entry),
        "assessment_name": "expected_response" if is_correction else entry.name,
        "trace_id": entry.request_id,
        "source": {"source_type": entry.source_type.upper(), "source_id": entry.source or "user"},
        "create_time": time,
        "last_update_time": time,
        "expectation" if is_correction else "feedback": {
            "value": list(entry.value) if isinstance(entry.value, tuple) else entry.value
        },
    }


def _who(entry: Feedback) -> tuple[str, str]:
    return entry.request_id, entry.source


def _time(time_s: float) -> str:
    """RFC 3339, with milliseconds where there are some."""
    seconds, ms = divmod(round(time_s * 1e3), 1_000)
    return strftime("%Y-%m-%dT%H:%M:%S", gmtime(seconds)) + (f".{ms:03d}Z" if ms else "Z")


def _identity(entry: Feedback) -> str:
    """The same for the same assessment, so that to import it twice is to import it once."""
    said = repr((*entry.opinion, *entry.version))
    return f"a-{blake2b(said.encode(), digest_size=16).hexdigest()}"
