"""Limits: how often calls may be made and what they may use, reserved before the call and settled after it."""

from genai_guard.limits.limit import Limit
from genai_guard.limits.limiter import RateLimiter
from genai_guard.limits.states.base import SettlingMachine, StateMachine
from genai_guard.limits.states.gcra import Gcra
from genai_guard.limits.states.ring import Ring
from genai_guard.limits.stores.base import Counts, Store
from genai_guard.limits.stores.memory import MemoryStore
from genai_guard.limits.ticket import Denial, Level, Ticket

__all__ = [
    "Counts",
    "Denial",
    "Gcra",
    "Level",
    "Limit",
    "MemoryStore",
    "RateLimiter",
    "Ring",
    "SettlingMachine",
    "StateMachine",
    "Store",
    "Ticket",
]
