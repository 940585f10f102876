"""Guardrails, rate limits, A/B tests and metrics around any LLM call, in the caller's own process."""

from __future__ import annotations

from genai_guard.context import caller
from genai_guard.errors import (
    BudgetExceeded,
    ComponentFailed,
    ConfigurationError,
    GenAIGuardError,
    GuardBlocked,
    RateLimited,
    Rejected,
)
from genai_guard.limits import Limit, RateLimiter
from genai_guard.outcome import Outcome
from genai_guard.pipeline import Pipeline
from genai_guard.recording import Alert, InferenceLog, MetricsRecorder
from genai_guard.routing import Experiment, ExperimentRouter, Variant
from genai_guard.verdicts import Action, Finding, Verdict

__all__ = [
    "Action",
    "Alert",
    "BudgetExceeded",
    "ComponentFailed",
    "ConfigurationError",
    "Experiment",
    "ExperimentRouter",
    "Finding",
    "GenAIGuardError",
    "GuardBlocked",
    "InferenceLog",
    "Limit",
    "MetricsRecorder",
    "Outcome",
    "Pipeline",
    "RateLimited",
    "RateLimiter",
    "Rejected",
    "Variant",
    "Verdict",
    "caller",
]
