"""Guardrails, rate limits, A/B tests and metrics around any LLM call, in the caller's own process.

Names are imported from their modules when they are first asked for, so that `import genai_guard` costs next to nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False  # what type checkers take for true; `typing` itself takes eight milliseconds to import
if TYPE_CHECKING:
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

_HOMES = {
    "caller": "context",
    "BudgetExceeded": "errors",
    "ComponentFailed": "errors",
    "ConfigurationError": "errors",
    "GenAIGuardError": "errors",
    "GuardBlocked": "errors",
    "RateLimited": "errors",
    "Rejected": "errors",
    "Limit": "limits",
    "RateLimiter": "limits",
    "Outcome": "outcome",
    "Pipeline": "pipeline",
    "Alert": "recording",
    "InferenceLog": "recording",
    "MetricsRecorder": "recording",
    "Experiment": "routing",
    "ExperimentRouter": "routing",
    "Variant": "routing",
    "Action": "verdicts",
    "Finding": "verdicts",
    "Verdict": "verdicts",
}


if not TYPE_CHECKING:  # else every misspelt name would be one

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(__import__(f"{__name__}.{_HOMES[name]}", fromlist=[name]), name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
