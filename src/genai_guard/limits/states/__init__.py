"""How usage is counted: pure state machines, one file each."""

from genai_guard.limits.states.base import SettlingMachine, StateMachine
from genai_guard.limits.states.gcra import Gcra
from genai_guard.limits.states.ledger import Ledger
from genai_guard.limits.states.ring import Ring
from genai_guard.limits.states.slots import Slots

__all__ = ["Gcra", "Ledger", "Ring", "SettlingMachine", "Slots", "StateMachine"]
