"""Calls that people look at: chosen, claimed, judged; how far reviewers agree, and how often the rules are right."""

from __future__ import annotations

from genai_guard.recording.review.agreement import Agreement, agreement, cohens_kappa, krippendorffs_alpha
from genai_guard.recording.review.estimates import Estimate, Misses, ReviewReport, RulePrecision, report
from genai_guard.recording.review.queue import DEFAULT_SELECTIONS, ReviewQueue
from genai_guard.recording.review.selection import Choice, Selection, choose
from genai_guard.recording.review.table import NewItem
from genai_guard.recording.review.values import Fired, Labels, Review, ReviewItem, ReviewStats, ReviewStatus

__all__ = [
    "DEFAULT_SELECTIONS",
    "Agreement",
    "Choice",
    "Estimate",
    "Fired",
    "Labels",
    "Misses",
    "NewItem",
    "Review",
    "ReviewItem",
    "ReviewQueue",
    "ReviewReport",
    "ReviewStats",
    "ReviewStatus",
    "RulePrecision",
    "Selection",
    "agreement",
    "choose",
    "cohens_kappa",
    "krippendorffs_alpha",
    "report",
]
