"""Which variant a caller gets: deterministic A/B routing."""

from genai_guard.routing.experiment import Assignment, Experiment, Reason, Variant
from genai_guard.routing.router import ExperimentRouter
from genai_guard.routing.shadow import Shadow, ShadowResult, ShadowSummary

__all__ = [
    "Assignment",
    "Experiment",
    "ExperimentRouter",
    "Reason",
    "Shadow",
    "ShadowResult",
    "ShadowSummary",
    "Variant",
]
