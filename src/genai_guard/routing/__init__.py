"""Which variant a caller gets: deterministic A/B routing."""

from genai_guard.routing.experiment import Assignment, Experiment, Reason, Variant
from genai_guard.routing.layers import Holdout, Slot
from genai_guard.routing.prompts import Prompt
from genai_guard.routing.rebalancing import Move, Rebalance, rebalance
from genai_guard.routing.router import ExperimentRouter
from genai_guard.routing.schedule import Schedule

__all__ = [
    "Assignment",
    "Experiment",
    "ExperimentRouter",
    "Holdout",
    "Move",
    "Prompt",
    "Reason",
    "Rebalance",
    "Schedule",
    "Slot",
    "Variant",
    "rebalance",
]
