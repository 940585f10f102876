"""What people are told of an alert."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from genai_guard.frozen import FrozenDict
from genai_guard.verdicts import Mode

__all__ = ["SEVERITIES", "AlertAction", "AlertEvent", "Severity"]

Severity: TypeAlias = Literal["info", "warning", "critical"]

SEVERITIES: Final[tuple[Severity, ...]] = ("info", "warning", "critical")
"""The least severe first."""

_NO_LABELS: Final[Mapping[str, str]] = FrozenDict()


@dataclass(frozen=True, slots=True)
class AlertEvent:
    """An alert that fired, and what became of it. Holds numbers and names, never a text of a call.

    Attributes:
        name: Name of the alert.
        state: `pending` (its `for_s` is not over), `firing` or `resolved`.
        message: What was seen when it fired.
        value: What was measured then, in the unit of the threshold.
        threshold: What is too much.
        severity: As the alert says.
        mode: `shadow` when nobody is told.
        fired_at_s: Wall clock when it fired, or began to be pending, in seconds since 1970.
        resolved_at_s: Wall clock when it was over; None while it fires.
        labels: The dimensions of the slice that it is about and their values, redacted; empty for all calls.
        key: Tells what belongs together: the same for the same alert and labels, in every process. Where a label was
            redacted, in this process.
        silenced: Whether a silence keeps it from being told.
    """

    name: str
    state: Literal["pending", "firing", "resolved"]
    message: str
    value: float
    threshold: float
    severity: Severity
    mode: Mode
    fired_at_s: float
    resolved_at_s: float | None = None
    labels: Mapping[str, str] = _NO_LABELS
    key: str = ""
    silenced: bool = False


AlertAction: TypeAlias = Callable[[AlertEvent], object]
"""What an alert does: called when it fires and when it is resolved; `event.state` says which."""
