"""Feedback in the shape of MLflow's assessments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Any

from genai_guard.recording.feedback.values import Feedback, Opinion, history

__all__ = ["assessments"]


def assessments(entries: Iterable[Feedback]) -> Iterator[dict[str, Any]]:
    """Yield everything that was said with the fields of MLflow's `Assessment`, the oldest first.

    A correction is the expectation `expected_response`, anything else is feedback. A comment becomes the `rationale` of
    what the same source said of the same call, and is feedback of its own where there is nothing else. What was said
    anew overrides what was said before, which is no longer `valid`; what was withdrawn is not either. `trace_id` is the
    request id.
    """
    said = history(entries)
    last: dict[Opinion, Feedback] = {entry.opinion: entry for entry in said}
    comments = {_who(each): each.value for each in last.values() if each.name == "comment" and each.value is not None}
    explained = {_who(each) for each in last.values() if each.name != "comment" and each.value is not None}
    before: dict[Opinion, str] = {}
    for entry in said:
        overrides = before.get(entry.opinion)
        if entry.value is None or (entry.name == "comment" and _who(entry) in explained):
            continue
        before[entry.opinion] = identity = _identity(entry)
        yield _assessment(entry) | {
            "assessment_id": identity,
            "rationale": None if entry.name == "comment" else comments.get(_who(entry)),
            "overrides": overrides,
            "valid": last[entry.opinion] is entry,
        }


def _assessment(entry: Feedback) -> dict[str, Any]:
    value = {"value": list(entry.value) if isinstance(entry.value, tuple) else entry.value}
    is_correction = entry.name == "correction"
    at_ms = round(entry.time_s * 1e3)
    return {
        "assessment_id": None,
        "trace_id": entry.request_id,
        "name": "expected_response" if is_correction else entry.name,
        "source": {"source_type": entry.source_type.upper(), "source_id": entry.source or "user"},
        "create_time_ms": at_ms,
        "last_update_time_ms": at_ms,
        "expectation": value if is_correction else None,
        "feedback": None if is_correction else value,
        "issue": None,
        "rationale": None,
        "metadata": {"user": entry.user} if entry.user else None,
        "error": None,
        "span_id": None,
        "run_id": None,
    }


def _who(entry: Feedback) -> tuple[str, str]:
    return entry.request_id, entry.source


def _identity(entry: Feedback) -> str:
    """The same for the same assessment, so that to import it twice is to import it once."""
    said = repr((*entry.opinion, *entry.version))
    return f"a-{blake2b(said.encode(), digest_size=16).hexdigest()}"
