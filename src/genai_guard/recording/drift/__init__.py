"""What changes while nobody looks: profiles of calls, and how they differ from a baseline or from yesterday."""

from genai_guard.recording.drift.analyzing import drift, profile
from genai_guard.recording.drift.baseline import Baseline
from genai_guard.recording.drift.calls import Call
from genai_guard.recording.drift.features import FEATURES, Feature, FeatureKind, guard_hit
from genai_guard.recording.drift.metrics import DriftRow, DriftTable, ProfileRow, ProfileTable
from genai_guard.recording.drift.monitor import DriftAction, DriftEvent, DriftMonitor
from genai_guard.recording.drift.tables import Table

__all__ = [
    "FEATURES",
    "Baseline",
    "Call",
    "DriftAction",
    "DriftEvent",
    "DriftMonitor",
    "DriftRow",
    "DriftTable",
    "Feature",
    "FeatureKind",
    "ProfileRow",
    "ProfileTable",
    "Table",
    "drift",
    "guard_hit",
    "profile",
]
