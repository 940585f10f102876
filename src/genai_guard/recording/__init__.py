"""What happened: metrics, alerts and the inference log."""

from __future__ import annotations

from genai_guard.recording.alerting import Silence
from genai_guard.recording.alerting.actions import HoldCanary, TightenLimit, Together, TripBreaker
from genai_guard.recording.alerting.sinks import AlertSink, DeliveryError, PagerDuty, Slack, Structlog, Webhook
from genai_guard.recording.alerts import (
    Alert,
    AlertAction,
    AlertEvent,
    Budget,
    BurnRate,
    ErrorRate,
    Facts,
    GuardrailHits,
    LatencyP99,
    MissingTraffic,
    RateOfChange,
    Reading,
    Threshold,
    ThumbsDownRate,
    burn_rates,
)
from genai_guard.recording.audit import AuditLog, Head, Problem, Verification, read_anchors
from genai_guard.recording.event import Event
from genai_guard.recording.exposures import Exposure, ExposureLog, Exposures
from genai_guard.recording.history import MetricsHistory
from genai_guard.recording.inference_log import InferenceLog
from genai_guard.recording.logs import RowLog, SqliteInferenceLog
from genai_guard.recording.opening import open_log
from genai_guard.recording.recorder import MetricsRecorder
from genai_guard.recording.redaction import Redactor, no_scan
from genai_guard.recording.sinks import Log, Recorder, Sink
from genai_guard.recording.snapshot import Quantiles, Snapshot
from genai_guard.recording.structured_log import StructlogSink, redact_processor
from genai_guard.recording.telemetry import OpenTelemetry
from genai_guard.recording.timeseries import Breakdown, TimeSeries

__all__ = [
    "Alert",
    "AlertAction",
    "AlertEvent",
    "AlertSink",
    "AuditLog",
    "Breakdown",
    "Budget",
    "BurnRate",
    "DeliveryError",
    "ErrorRate",
    "Event",
    "Exposure",
    "ExposureLog",
    "Exposures",
    "Facts",
    "GuardrailHits",
    "Head",
    "HoldCanary",
    "InferenceLog",
    "LatencyP99",
    "Log",
    "MetricsHistory",
    "MetricsRecorder",
    "MissingTraffic",
    "OpenTelemetry",
    "PagerDuty",
    "Problem",
    "Quantiles",
    "RateOfChange",
    "Reading",
    "Recorder",
    "Redactor",
    "RowLog",
    "Silence",
    "Sink",
    "Slack",
    "Snapshot",
    "SqliteInferenceLog",
    "Structlog",
    "StructlogSink",
    "Threshold",
    "ThumbsDownRate",
    "TightenLimit",
    "TimeSeries",
    "Together",
    "TripBreaker",
    "Verification",
    "Webhook",
    "burn_rates",
    "no_scan",
    "open_log",
    "read_anchors",
    "redact_processor",
]
