"""Alerts to PagerDuty."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from genai_guard.environment import FromEnv
from genai_guard.errors import ConfigurationError
from genai_guard.recording.alerting.sinks.base import AlertSink, check_url, described, iso, title
from genai_guard.recording.alerting.sinks.http import post
from genai_guard.recording.alerts import AlertEvent
from genai_guard.recording.alerts.checks import check_number

__all__ = ["PagerDuty"]

_LONGEST_SUMMARY: Final = 1024


@dataclass(frozen=True, kw_only=True)
class PagerDuty(AlertSink):
    """Triggers an incident when an alert fires and resolves it when that is over, by the Events API v2.

    The deduplication key is that of the alert and its labels: many processes that see the same thing make one incident.
    The first of them that is well again resolves it.

    Args:
        routing_key: Integration key of the service, which is a secret. Shows in no `repr`.
        source: What is in trouble, for instance the name of the service.
        events_url: Where events go; `https://events.eu.pagerduty.com/v2/enqueue` in the EU.
        timeout_s: Longest wait for a connection, and for each piece of the answer.
    """

    kind: ClassVar[str] = "pagerduty"
    routing_key: str | FromEnv = field(repr=False)
    source: str = "genai_guard"
    events_url: str = "https://events.pagerduty.com/v2/enqueue"
    timeout_s: float = 5.0

    def __post_init__(self) -> None:
        if not isinstance(self.routing_key, str) or not self.routing_key:
            raise ConfigurationError("PagerDuty(routing_key=...) must be the integration key of a service")
        if not isinstance(self.source, str) or not self.source:
            raise ConfigurationError("PagerDuty(source=...) must name what is in trouble")
        check_url(self, "events_url")
        check_number(self, "timeout_s", above=0.0, most=60.0)
        super().__post_init__()

    def send(self, event: AlertEvent, /) -> None:
        """Send an alert.

        Raises:
            DeliveryError: it did not arrive.
        """
        post(self.events_url, self.payload(event), timeout_s=self.timeout_s)

    def payload(self, event: AlertEvent) -> dict[str, Any]:
        """Return what is sent."""
        head = {"routing_key": str(self.routing_key), "dedup_key": event.key}
        if event.state == "resolved":
            return {**head, "event_action": "resolve"}
        return {
            **head,
            "event_action": "trigger",
            "client": "genai_guard",
            "payload": {
                "summary": f"{title(event)}: {described(event)}"[:_LONGEST_SUMMARY],
                "source": self.source,
                "severity": event.severity,
                "timestamp": iso(event.fired_at_s),
                "component": "genai_guard",
                "class": event.name,
                "custom_details": {
                    "value": f"{event.value:g}",
                    "threshold": f"{event.threshold:g}",
                    "labels": dict(event.labels),
                },
            },
        }
