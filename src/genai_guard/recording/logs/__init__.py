"""Logs of rows: where they are kept, how they are asked, and how a sample of them is read."""

from __future__ import annotations

from genai_guard.recording.logs.base import LogRow, RowLog, Sealed
from genai_guard.recording.logs.columns import LOG_COLUMNS, Column
from genai_guard.recording.logs.querying import CallCount, count_by, latest, matching
from genai_guard.recording.logs.retention import Pruned
from genai_guard.recording.logs.sampling import evenly, weight
from genai_guard.recording.logs.sqlite import SqliteInferenceLog

__all__ = [
    "LOG_COLUMNS",
    "CallCount",
    "Column",
    "LogRow",
    "Pruned",
    "RowLog",
    "Sealed",
    "SqliteInferenceLog",
    "count_by",
    "evenly",
    "latest",
    "matching",
    "weight",
]
