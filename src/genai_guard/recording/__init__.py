"""What happened: metrics, alerts and the inference log."""

from __future__ import annotations

from genai_guard.recording.alerting import AlertEvent
from genai_guard.recording.alerts import Alert, Budget, ErrorRate, Facts, GuardrailHits, LatencyP99, Reading
from genai_guard.recording.event import Event
from genai_guard.recording.exposures import Exposure, ExposureLog, Exposures
from genai_guard.recording.inference_log import InferenceLog
from genai_guard.recording.recorder import MetricsRecorder
from genai_guard.recording.redaction import Redactor, no_scan
from genai_guard.recording.sinks import Log, Recorder, Sink
from genai_guard.recording.snapshot import Quantiles, Snapshot
from genai_guard.recording.structured_log import StructlogSink, redact_processor
from genai_guard.recording.telemetry import OpenTelemetry

__all__ = [
    "Alert",
    "AlertEvent",
    "Budget",
    "ErrorRate",
    "Event",
    "Exposure",
    "ExposureLog",
    "Exposures",
    "Facts",
    "GuardrailHits",
    "InferenceLog",
    "LatencyP99",
    "Log",
    "MetricsRecorder",
    "OpenTelemetry",
    "Quantiles",
    "Reading",
    "Recorder",
    "Redactor",
    "Sink",
    "Snapshot",
    "StructlogSink",
    "no_scan",
    "redact_processor",
]
