"""Who is told of alerts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar, Final

from genai_guard.environment import FromEnv, is_elsewhere
from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import one_of
from genai_guard.recording.alerts import AlertEvent, Severity
from genai_guard.recording.alerts.checks import check_number
from genai_guard.recording.alerts.event import SEVERITIES

__all__ = ["AlertSink", "check_url", "described", "iso", "title"]


@dataclass(frozen=True, kw_only=True)
class AlertSink(ABC):
    """Takes alerts, one at a time, on a thread of its own.

    A sink of your own is a subclass with a `send`. What that raises is tried again; what is given up is counted in
    `MetricsRecorder.dropped`, and while it hangs, alerts wait in a bounded queue.

    Args:
        min_severity: Alerts that are less severe are none of its business.
        attempts: How often to try, the first time included. The waits between are 1, 2, 4 seconds and so on, less up to
            half of it by chance, and at most a minute; what comes later waits behind it.
    """

    kind: ClassVar[str] = "sink"
    """Name in a policy file."""

    min_severity: Severity = "info"
    attempts: int = 5

    def __post_init__(self) -> None:
        one_of(self, "min_severity", set(SEVERITIES))
        check_number(self, "attempts", least=1, most=20)

    @abstractmethod
    def send(self, event: AlertEvent, /) -> object:
        """Tell of an alert. `event.state` is `firing` or `resolved`.

        Raises:
            Exception: that did not work. A `DeliveryError` may say that it never will.
        """

    def wants(self, event: AlertEvent) -> bool:
        """Whether an alert is severe enough."""
        return SEVERITIES.index(event.severity) >= SEVERITIES.index(self.min_severity)


SECRET_URL: Final = "is no URL: must begin with https:// or http://"  # noqa: S105  words about one


def check_url(part: object, name: str) -> None:
    """Refuse what is no URL, without saying what it is: such URLs are secrets."""
    url = getattr(part, name)
    if is_elsewhere() and isinstance(url, FromEnv):
        return
    if not isinstance(url, str) or not url.startswith(("https://", "http://")) or url.split() != [url]:
        raise ConfigurationError(f"{type(part).__name__}({name}=...) {SECRET_URL}")


def title(event: AlertEvent) -> str:
    """Return one line: `FIRING: error_rate_above_0.01 (model large)`."""
    return f"{event.state.upper()}: {event.name}{_listed(event.labels)}"


def described(event: AlertEvent) -> str:
    """Return what was seen."""
    return event.message or f"{event.value:g}, threshold {event.threshold:g}"


def iso(wall_s: float) -> str:
    """Return a time in seconds since 1970 as ISO 8601, in UTC."""
    return datetime.fromtimestamp(wall_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _listed(labels: Mapping[str, str]) -> str:
    return f" ({', '.join(f'{name} {value}' for name, value in labels.items())})" if labels else ""
