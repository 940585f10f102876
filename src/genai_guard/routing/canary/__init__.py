"""A new variant for more and more units, and back if it does harm."""

from genai_guard.routing.canary.canary import Canary
from genai_guard.routing.canary.metrics import (
    Blocks,
    CanaryMetric,
    Errors,
    HighCost,
    SlowCalls,
    ThumbsDown,
    Timeouts,
)
from genai_guard.routing.canary.progress import State
from genai_guard.routing.canary.stages import Stage
from genai_guard.routing.canary.status import CanaryStatus, MetricStatus, Transition

__all__ = [
    "Blocks",
    "Canary",
    "CanaryMetric",
    "CanaryStatus",
    "Errors",
    "HighCost",
    "MetricStatus",
    "SlowCalls",
    "Stage",
    "State",
    "ThumbsDown",
    "Timeouts",
    "Transition",
]
