"""A page about what happened: traffic, latency, errors, cost, guards, variants, limits, alerts and drift."""

from __future__ import annotations

from genai_guard.recording.report.beside import Change
from genai_guard.recording.report.calls import Arm
from genai_guard.recording.report.making import ReadableLog, report, rows_between, write_report
from genai_guard.recording.report.page import Beside, render
from genai_guard.recording.report.summary import Figures, Span, Summary, summarize
from genai_guard.recording.report.trail import alerts_of, changes_of

__all__ = [
    "Arm",
    "Beside",
    "Change",
    "Figures",
    "ReadableLog",
    "Span",
    "Summary",
    "alerts_of",
    "changes_of",
    "render",
    "report",
    "rows_between",
    "summarize",
    "write_report",
]
