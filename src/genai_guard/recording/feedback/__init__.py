"""What users and reviewers say of replies: taken, counted and kept. `feedback.export` joins it to the calls."""

from __future__ import annotations

from genai_guard.recording.feedback.counting import FeedbackCounts
from genai_guard.recording.feedback.desk import FeedbackDesk, OnFeedback
from genai_guard.recording.feedback.memory import MemoryFeedbackStore
from genai_guard.recording.feedback.sqlite import SqliteFeedbackStore
from genai_guard.recording.feedback.store import FeedbackStore
from genai_guard.recording.feedback.values import Feedback, Source, Value, history, latest

__all__ = [
    "Feedback",
    "FeedbackCounts",
    "FeedbackDesk",
    "FeedbackStore",
    "MemoryFeedbackStore",
    "OnFeedback",
    "Source",
    "SqliteFeedbackStore",
    "Value",
    "history",
    "latest",
]
