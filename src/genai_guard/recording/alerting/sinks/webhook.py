"""Alerts to any HTTP server."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from genai_guard.environment import FromEnv
from genai_guard.errors import ConfigurationError
from genai_guard.recording.alerting.sinks.base import AlertSink, check_url, described, iso
from genai_guard.recording.alerting.sinks.http import post
from genai_guard.recording.alerts import AlertEvent
from genai_guard.recording.alerts.checks import check_number

__all__ = ["Webhook"]

_NOT_YET: Final = "0001-01-01T00:00:00Z"


@dataclass(frozen=True, kw_only=True)
class Webhook(AlertSink):
    """Posts alerts as Prometheus' Alertmanager does (version 4), so that whatever takes those takes these.

    The labels are `alertname`, `severity` and those of the alert; the annotations `summary`, `value` and `threshold`.
    Answers of the 2xx are good; a 3xx or 4xx is final, but for 408, 425 and 429; anything else is tried again.

    Args:
        webhook_url: Where to, by https:// or http://. Shows in no `repr`.
        authorization: Value of the header of this name, such as `Bearer ...`, from an environment variable. Shows in no
            `repr`.
        timeout_s: Longest wait for a connection, and for each piece of the answer.
    """

    kind: ClassVar[str] = "webhook"
    webhook_url: str | FromEnv = field(repr=False)
    authorization: str | FromEnv | None = field(default=None, repr=False)
    timeout_s: float = 5.0

    def __post_init__(self) -> None:
        check_url(self, "webhook_url")
        if self.authorization is not None and not (isinstance(self.authorization, str) and self.authorization):
            raise ConfigurationError("Webhook(authorization=...) must be the text of a header")
        check_number(self, "timeout_s", above=0.0, most=60.0)
        super().__post_init__()

    def send(self, event: AlertEvent, /) -> None:
        """Post an alert.

        Raises:
            DeliveryError: it did not arrive.
        """
        headers = {} if self.authorization is None else {"Authorization": str(self.authorization)}
        post(self.webhook_url, self.payload(event), timeout_s=self.timeout_s, headers=headers)

    def payload(self, event: AlertEvent) -> dict[str, Any]:
        """Return what is sent."""
        labels = {**event.labels, "alertname": event.name, "severity": event.severity}
        annotations = {
            "summary": described(event),
            "value": f"{event.value:g}",
            "threshold": f"{event.threshold:g}",
        }
        alert = {
            "status": event.state,
            "labels": labels,
            "annotations": annotations,
            "startsAt": iso(event.fired_at_s),
            "endsAt": _NOT_YET if event.resolved_at_s is None else iso(event.resolved_at_s),
            "generatorURL": "",
            "fingerprint": event.key[:16],
        }
        return {
            "version": "4",
            "groupKey": event.key,
            "truncatedAlerts": 0,
            "status": event.state,
            "receiver": "genai_guard",
            "groupLabels": {"alertname": event.name},
            "commonLabels": labels,
            "commonAnnotations": annotations,
            "externalURL": "",
            "alerts": [alert],
        }
