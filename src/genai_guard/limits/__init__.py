"""Limits: what calls may use, and how often they may be made, reserved before the call and settled after it."""

from genai_guard.limits.calendars import Calendar
from genai_guard.limits.claims import Claim, Claims
from genai_guard.limits.estimates import OutputEstimates
from genai_guard.limits.limit import Limit
from genai_guard.limits.limiter import RateLimiter
from genai_guard.limits.refusals import Refusal
from genai_guard.limits.states.base import SettlingMachine, StateMachine
from genai_guard.limits.states.gcra import Gcra
from genai_guard.limits.states.ledger import Ledger
from genai_guard.limits.states.ring import Ring
from genai_guard.limits.states.slots import Slots
from genai_guard.limits.stores.base import Counts, Row, Store
from genai_guard.limits.stores.memory import MemoryStore
from genai_guard.limits.table import UsageRow, UsageTable
from genai_guard.limits.ticket import Denial, Level, Ticket

__all__ = [
    "Calendar",
    "Claim",
    "Claims",
    "Counts",
    "Denial",
    "Gcra",
    "Ledger",
    "Level",
    "Limit",
    "MemoryStore",
    "OutputEstimates",
    "RateLimiter",
    "Refusal",
    "Ring",
    "Row",
    "SettlingMachine",
    "Slots",
    "StateMachine",
    "Store",
    "Ticket",
    "UsageRow",
    "UsageTable",
]
