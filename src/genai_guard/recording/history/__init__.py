"""Counts that outlast a process, and are added up over all of them."""

from __future__ import annotations

from genai_guard.recording.history.history import MetricsHistory

__all__ = ["MetricsHistory"]
