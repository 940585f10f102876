"""Resilience: what is done about a model that is slow, fails or is down. Everything is off unless asked for."""

from genai_guard.resilience.breaker import Breaker
from genai_guard.resilience.cache import Cache
from genai_guard.resilience.fallback import Fallback, Target
from genai_guard.resilience.resilience import Resilience
from genai_guard.resilience.retry import Retry
from genai_guard.resilience.semantic import SemanticCache
from genai_guard.resilience.signs import is_outage, is_transient, may_be_elsewhere
from genai_guard.resilience.tiered import Tiered
from genai_guard.resilience.timeout import Timeout

__all__ = [
    "Breaker",
    "Cache",
    "Fallback",
    "Resilience",
    "Retry",
    "SemanticCache",
    "Target",
    "Tiered",
    "Timeout",
    "is_outage",
    "is_transient",
    "may_be_elsewhere",
]
