"""From what limits answer to the error that a caller sees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from genai_guard.errors import BudgetExceeded, RateLimited, Rejected
from genai_guard.limits.ticket import Denial
from genai_guard.limits.units import shown

__all__ = ["Refusal", "rejection"]


class Refusal(NamedTuple):
    """What one limit refused.

    Attributes:
        limit: Name of the limit.
        unit: What it counts.
        used: Units in use; money in dollars.
        capacity: Units that can be in use at once.
        retry_after_s: Seconds until the call fits into this limit if nothing else happens; None if it never can.
    """

    limit: str
    unit: str
    used: float
    capacity: float
    retry_after_s: float | None


def rejection(denials: Sequence[Denial]) -> Rejected:
    """Return the error for some refusals; the one that takes longest to clear is in front."""
    longest = max(denials, key=lambda denial: float("inf") if denial.wait_ns is None else denial.wait_ns)
    wait_s = _seconds(longest)
    details = [_refusal(denial) for denial in denials]
    if longest.limit.unit != "usd":
        return RateLimited(longest.limit.name, wait_s, [refusal.limit for refusal in details], details)
    spent, cap = shown("usd", longest.used), shown("usd", longest.capacity)
    return BudgetExceeded(longest.limit.name, spent, cap, retry_after_s=wait_s, details=details)


def _refusal(denial: Denial) -> Refusal:
    unit = denial.limit.unit
    used, capacity = shown(unit, denial.used), shown(unit, denial.capacity)
    return Refusal(denial.limit.name, unit, used, capacity, _seconds(denial))


def _seconds(denial: Denial) -> float | None:
    return None if denial.wait_ns is None else denial.wait_ns / 1e9
