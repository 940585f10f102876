"""OpenTelemetry: spans and metrics of calls. Nothing of it is loaded before it is asked for."""

from __future__ import annotations

from genai_guard.recording.telemetry.settings import OpenTelemetry

__all__ = ["OpenTelemetry"]
