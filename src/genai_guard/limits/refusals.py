"""From what limits answer to the error that a caller sees."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from genai_guard.errors import BudgetExceeded, RateLimited, Rejected
from genai_guard.limits.ticket import Denial
from genai_guard.limits.units import shown

__all__ = ["Refusal", "budget_in", "rejection"]


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
    details = [_refusal(denial) for denial in denials]
    longest = details[0] if len(details) == 1 else max(details, key=_wait)
    if longest.unit != "usd":
        return RateLimited(longest.limit, longest.retry_after_s, [each.limit for each in details], details)
    spent, cap = longest.used, longest.capacity
    return BudgetExceeded(longest.limit, spent, cap, retry_after_s=longest.retry_after_s, details=details)


def budget_in(error: Exception) -> BudgetExceeded | None:
    """Return what says that a budget has no room, if one is among the limits that refused; the one that takes longest."""
    if isinstance(error, BudgetExceeded):
        return error
    budgets = [each for each in getattr(error, "details", ()) if isinstance(each, Refusal) and each.unit == "usd"]
    if not budgets:
        return None
    limit, _unit, spent, cap, wait_s = max(budgets, key=_wait)
    return BudgetExceeded(limit, spent, cap, retry_after_s=wait_s, details=budgets)


def _refusal(denial: Denial) -> Refusal:
    limit, wait_ns, used, capacity = denial
    unit = limit.unit
    wait_s = None if wait_ns is None else wait_ns / 1e9
    if unit == "usd":
        return Refusal(limit.name, unit, shown(unit, used), shown(unit, capacity), wait_s)
    return Refusal(limit.name, unit, used, capacity, wait_s)


def _wait(refusal: Refusal) -> float:
    return math.inf if refusal.retry_after_s is None else refusal.retry_after_s
