"""How usage is counted: pure state machines, one file each."""

from genai_guard.limits.states.base import SettlingMachine, StateMachine
from genai_guard.limits.states.gcra import Gcra
from genai_guard.limits.states.ring import Ring

__all__ = ["Gcra", "Ring", "SettlingMachine", "StateMachine"]
