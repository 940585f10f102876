"""Counts over the turns of a session, for one case at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from genai_guard.guards.base import Guard
from genai_guard.guards.conditions import When
from genai_guard.guards.escalation import Escalate
from genai_guard.guards.tallies import MemoryTally

__all__ = ["CaseTally", "counting_in"]


class CaseTally:
    """A tally in memory that a new case begins anew, in place of the one that the policy has."""

    def __init__(self) -> None:
        self._tally = MemoryTally()

    def reset(self) -> None:
        """Forget everything."""
        self._tally = MemoryTally()

    def add(self, key: bytes, mark: bytes, now: float, within_s: float, /) -> int:
        """Note a mark and return how many there are; see `Tally`."""
        return self._tally.add(key, mark, now, within_s)


def counting_in(guard: Guard, tally: CaseTally, clock: Callable[[], float]) -> Guard:
    """Return a guard whose escalations count in another tally, by another clock."""
    if isinstance(guard, When):
        return replace(guard, then=counting_in(guard.then, tally, clock))
    if isinstance(guard, Escalate):
        return replace(guard, then=counting_in(guard.then, tally, clock), tally=tally, clock=clock)
    return guard
