"""Who is told of alerts: a sink is one file here."""

from __future__ import annotations

from genai_guard.recording.alerting.sinks.base import AlertSink
from genai_guard.recording.alerting.sinks.http import DeliveryError
from genai_guard.recording.alerting.sinks.pagerduty import PagerDuty
from genai_guard.recording.alerting.sinks.slack import Slack
from genai_guard.recording.alerting.sinks.structlog import Structlog
from genai_guard.recording.alerting.sinks.webhook import Webhook

__all__ = ["AlertSink", "DeliveryError", "PagerDuty", "Slack", "Structlog", "Webhook"]
