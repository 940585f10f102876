"""Which variant a caller gets: deterministic A/B routing."""

from genai_guard.routing.experiment import Assignment, Experiment, Reason, Variant
from genai_guard.routing.router import ExperimentRouter

__all__ = ["Assignment", "Experiment", "ExperimentRouter", "Reason", "Variant"]
