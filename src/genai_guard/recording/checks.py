"""Checks of the parameters of a recorder."""

from __future__ import annotations

from typing import TypeVar

from genai_guard.errors import ConfigurationError
from genai_guard.recording.alerts import AlertAction

__all__ = ["callable_or_none", "must_be", "positive"]

T = TypeVar("T")


def callable_or_none(on_alert: AlertAction | None) -> AlertAction | None:
    """Refuse an `on_alert` that cannot be called."""
    if on_alert is not None and not callable(on_alert):
        raise ConfigurationError("MetricsRecorder(on_alert=...) must be a function of one AlertEvent")
    return on_alert


def must_be(kind: type[T], given: object, name: str) -> T | None:
    """Refuse a part of another kind."""
    if given is not None and not isinstance(given, kind):
        raise ConfigurationError(f"MetricsRecorder({name}=...) must be an {kind.__name__}, not {type(given).__name__}")
    return given


def positive(name: str, value: object) -> int:
    """Refuse what is no whole number above 0."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigurationError(f"MetricsRecorder({name}=...) must be a whole number above 0")
    return value
