"""A page about what happened: traffic, latency, errors, cost, guards, variants, limits, alerts and drift."""

from __future__ import annotations

from genai_guard.recording.report.beside import Change
from genai_guard.recording.report.calls import Arm
from genai_guard.recording.report.making import ReadableLog, changes_of, report, write_report
from genai_guard.recording.report.page import Beside, render
from genai_guard.recording.report.summary import Figures, Span, Summary, summarize

__all__ = [
    "Arm",
    "Beside",
    "Change",
    "Figures",
    "ReadableLog",
    "Span",
    "Summary",
    "changes_of",
    "render",
    "report",
    "summarize",
    "write_report",
]
