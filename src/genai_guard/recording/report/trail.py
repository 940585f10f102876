"""What an audit tells of the time that a report is about: changes, and alerts where they were recorded. Unverified."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, Final

from genai_guard.errors import ConfigurationError
from genai_guard.recording.alerts.event import SEVERITIES, AlertEvent
from genai_guard.recording.report.beside import Change

__all__ = ["Trail", "alerts_of", "changes_of"]

Trail = str | os.PathLike[str]

_ALERT: Final = "alert"
_OF_CALLS: Final = frozenset({"block", "redaction", "guard_failure", "override", "erasure", "recovered", "gap"})
"""Kinds of records that tell of calls, or of the audit itself, and not of a change."""
_FACTS: Final = tuple(each.name for each in fields(AlertEvent))
_TEXTS: Final = ("name", "message", "mode", "key")
_STATES: Final = ("pending", "firing", "resolved")


def changes_of(audit: Trail) -> Iterator[Change]:
    """Yield what an audit tells of changes: of policies, limits, experiments, and whatever else was recorded by hand.

    Raises:
        ConfigurationError: the folder holds no audit.
        OSError: it cannot be read.
    """
    for record in _records(audit):
        time_s = _time_s(record.get("time"))
        kind = record.get("kind")
        if isinstance(kind, str) and kind != _ALERT and kind not in _OF_CALLS and time_s is not None:
            yield Change(time_s, kind, _said(kind, record.get("facts") or {}))


def alerts_of(audit: Trail) -> list[AlertEvent]:
    """Return the alerts that were recorded in an audit: `audit.record("alert", **dataclasses.asdict(event))`.

    Of an alert that was recorded when it fired and again when it was resolved, the latter is returned.

    Raises:
        ConfigurationError: the folder holds no audit.
        OSError: it cannot be read.
    """
    last: dict[tuple[str, float], AlertEvent] = {}
    for record in _records(audit):
        if record.get("kind") == _ALERT and (event := _alert(record.get("facts") or {})) is not None:
            last[event.key or f"{event.name} {sorted(event.labels.items())}", event.fired_at_s] = event
    return sorted(last.values(), key=lambda each: each.fired_at_s)


def _records(audit: Trail) -> Iterator[Mapping[str, Any]]:
    from pathlib import Path  # noqa: PLC0415  see segments

    from genai_guard.recording.audit.files import records, segments  # noqa: PLC0415  most reports have no audit

    if not segments(Path(audit)):
        raise ConfigurationError(f"{os.fspath(audit)}: holds no audit")
    yield from records(Path(audit))


def _alert(facts: Mapping[str, Any]) -> AlertEvent | None:
    """Return the alert that the facts of a record tell of; None if they tell of none."""
    given: dict[str, Any] = {name: facts[name] for name in _FACTS if name in facts}
    labels: Any = given.get("labels") or {}
    given = {"message": "", "mode": "enforce", **given, "labels": labels, "silenced": bool(given.get("silenced"))}
    resolved_at_s = given.get("resolved_at_s")
    is_whole = (
        all(isinstance(given.get(name, ""), str) for name in _TEXTS)
        and all(_is_number(given.get(name)) for name in ("value", "threshold", "fired_at_s"))
        and (resolved_at_s is None or _is_number(resolved_at_s))
        and bool(given.get("name"))
        and given.get("state") in _STATES
        and given.get("severity") in SEVERITIES
        and isinstance(labels, dict)
    )
    return AlertEvent(**given) if is_whole else None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _said(kind: str, facts: Mapping[str, Any]) -> str:
    """Return what of the facts of a change is a name or a number."""
    if kind == "canary_transition":
        return "{experiment}: {before} to {after}, {percent} %".format_map(_Facts(facts))
    if kind == "policy_loaded":
        return "{pipeline}, {source}".format_map(_Facts(facts))
    return ""


class _Facts(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return "?"


def _time_s(value: object) -> float | None:
    try:
        return datetime.fromisoformat(value).timestamp() if isinstance(value, str) else None
    except ValueError:
        return None
