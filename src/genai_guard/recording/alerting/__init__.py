"""What becomes of alerts: their states, who is told, and what they do."""

from __future__ import annotations

from genai_guard.recording.alerting.board import AlertBoard
from genai_guard.recording.alerting.desk import AlertDesk
from genai_guard.recording.alerting.silences import Silence
from genai_guard.recording.alerts import AlertEvent

__all__ = ["AlertBoard", "AlertDesk", "AlertEvent", "Silence"]
