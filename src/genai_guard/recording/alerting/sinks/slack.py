"""Alerts to a Slack channel."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from genai_guard.environment import FromEnv
from genai_guard.recording.alerting.sinks.base import AlertSink, check_url, described, title
from genai_guard.recording.alerting.sinks.http import post
from genai_guard.recording.alerts import AlertEvent
from genai_guard.recording.alerts.checks import check_number

__all__ = ["Slack"]

_COLOURS: Final = {"info": "#439fe0", "warning": "#daa038", "critical": "#a30200"}
_OVER: Final = "#2eb886"
_LONGEST_TITLE: Final = 150
_LONGEST_FIELD: Final = 2000
_LONGEST_TEXT: Final = 3000
_MOST_LABELS: Final = 8


@dataclass(frozen=True, kw_only=True)
class Slack(AlertSink):
    """Posts alerts to an incoming webhook of Slack, one message when an alert fires and one when it is over.

    Names and labels are escaped: none of them can mention a person or a channel, or be a link.

    Args:
        webhook_url: Of the incoming webhook, which is a secret. Shows in no `repr`.
        timeout_s: Longest wait for a connection, and for each piece of the answer.
    """

    kind: ClassVar[str] = "slack"
    webhook_url: str | FromEnv = field(repr=False)
    timeout_s: float = 5.0

    def __post_init__(self) -> None:
        check_url(self, "webhook_url")
        check_number(self, "timeout_s", above=0.0, most=60.0)
        super().__post_init__()

    def send(self, event: AlertEvent, /) -> None:
        """Post an alert.

        Raises:
            DeliveryError: it did not arrive.
        """
        post(self.webhook_url, self.payload(event), timeout_s=self.timeout_s)

    def payload(self, event: AlertEvent) -> dict[str, Any]:
        """Return what is sent."""
        about = {
            "Severity": event.severity,
            "Value": f"{event.value:g}",
            "Threshold": f"{event.threshold:g}",
            **dict(list(event.labels.items())[:_MOST_LABELS - 1]),
        }  # fmt: skip
        fields = [
            {"type": "mrkdwn", "text": _escaped(f"*{name}*\n{value}", _LONGEST_FIELD)} for name, value in about.items()
        ]
        at_s = event.fired_at_s if event.resolved_at_s is None else event.resolved_at_s
        when = f"{event.state.capitalize()} <!date^{int(at_s)}^{{date_short_pretty}} {{time_secs}}|at {int(at_s)}>"
        blocks = [
            {"type": "header", "text": {"type": "plain_text", "text": title(event)[:_LONGEST_TITLE], "emoji": False}},
            {"type": "section", "text": {"type": "mrkdwn", "text": _escaped(described(event), _LONGEST_TEXT)}},
            {"type": "section", "fields": fields},
            {"type": "context", "elements": [{"type": "mrkdwn", "text": when}]},
        ]
        colour = _OVER if event.state == "resolved" else _COLOURS[event.severity]
        text = _escaped(f"{title(event)}: {described(event)}", _LONGEST_TEXT)
        return {"text": text, "attachments": [{"color": colour, "blocks": blocks}]}


def _escaped(text: str, longest: int) -> str:
    """Return a text in which nothing means anything to Slack but the emphasis, cut before it is escaped by halves."""
    cut = text[: longest // 5]  # the longest stand-in for a character
    return cut.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
