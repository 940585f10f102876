"""Feedback joined to the calls it is about: for analyses, for training, for tools in which people label, for MLflow."""

from __future__ import annotations

from genai_guard.recording.feedback.export.assessments import assessments
from genai_guard.recording.feedback.export.examples import chat_examples, openai_preferences, preferences
from genai_guard.recording.feedback.export.joining import CallFeedback, feedback_by, joined, outcomes
from genai_guard.recording.feedback.export.labelling import (
    LABEL_STUDIO_CONFIG,
    label_studio_tasks,
    read_label_studio,
    write_csv,
)

__all__ = [
    "LABEL_STUDIO_CONFIG",
    "CallFeedback",
    "assessments",
    "chat_examples",
    "feedback_by",
    "joined",
    "label_studio_tasks",
    "openai_preferences",
    "outcomes",
    "preferences",
    "read_label_studio",
    "write_csv",
]
