"""Alerts in the log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from genai_guard.recording.alerting.sinks.base import AlertSink
from genai_guard.recording.alerts import AlertEvent

__all__ = ["Structlog"]


@dataclass(frozen=True, kw_only=True)
class Structlog(AlertSink):
    """Logs alerts as warnings through structlog, whatever that is configured to do.

    A recorder does so by itself, under the name of the library; this is for another logger.

    Args:
        logger: Name of the logger.
    """

    kind: ClassVar[str] = "structlog"
    logger: str = "genai_guard"
    attempts: int = 1

    def send(self, event: AlertEvent, /) -> None:
        """Log an alert."""
        import structlog  # noqa: PLC0415  loaded when there is something to tell

        labels = {"labels": dict(event.labels)} if event.labels else {}
        structlog.get_logger(self.logger).warning(
            f"alert {event.state}", alert=event.name, because=event.message, value=event.value,
            threshold=event.threshold, severity=event.severity, **labels,
        )  # fmt: skip
