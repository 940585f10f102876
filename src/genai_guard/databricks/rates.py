"""Limits as rate limits of the AI Gateway, which counts calls and tokens: of a minute, and of services also of an hour."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from genai_guard.databricks.parts import unsaid
from genai_guard.databricks.values import Notes
from genai_guard.limits import Limit, RateLimiter
from genai_guard.pipeline import Pipeline

__all__ = ["Rate", "rates_of"]

_UNITS: Final = {
    "concurrent": "the gateway does not count calls in flight",
    "input_tokens": "the gateway counts input and output tokens together",
    "output_tokens": "the gateway counts input and output tokens together",
    "usd": "the gateway has no budgets in money",
}
_SAID: Final = ("unit", "amount", "per", "by", "overrides", "name", "lease_s", "on_expiry")
_ITS_OWN: Final = "the gateway counts by itself, in minutes"


@dataclass(slots=True)
class Rate:
    """What somebody may have in a period.

    Attributes:
        by_user: Whether each user has it, or all together.
        principal: The user that has it; empty for all.
        per: `minute` or `hour`.
        requests: Calls; None for any number.
        tokens: Tokens; None for any number.
    """

    by_user: bool
    principal: str
    per: str
    requests: int | None = None
    tokens: int | None = None


def rates_of(pipeline: Pipeline, notes: Notes, *, periods: Collection[str]) -> list[Rate]:
    """Return the limits that can be expressed; of several for the same key and period the tightest."""
    found: dict[tuple[bool, str, str], Rate] = {}
    limiter = pipeline.limiter
    for number, limit in enumerate(() if limiter is None else limiter.limits):
        where = f"limits[{number}] {limit.name}"
        why = _why_not(limit, periods)
        if why:
            notes.miss(where, "the limit", why)
        else:
            _add(limit, where, found, notes)
    if isinstance(limiter, RateLimiter):
        if found:
            notes.differ("limits", "how they are counted", f"{_ITS_OWN}; bursts and waiting are its own")
            if any(rate.by_user for rate in found.values()):
                notes.differ("limits", "users", "they are who calls the endpoint, and not whom caller(user=...) names")
        for name in unsaid(limiter, ("limits", "store")):
            notes.miss("limiter", name, "the gateway has no such setting")
    return list(found.values())


def _why_not(limit: Limit, periods: Collection[str]) -> str:
    if limit.unit in _UNITS:
        return _UNITS[limit.unit]
    if limit.per not in periods:
        return f"the gateway counts by the {' or the '.join(periods)}, and not by the {limit.per}"
    if limit.mode == "shadow":
        return "it only records, and the gateway enforces all that it has"
    if limit.by not in {None, "user"}:
        keys = limit.by if isinstance(limit.by, str) else " and ".join(limit.by or ())
        return f"the gateway counts by endpoint and by user, and not by {keys}"
    return "" if not limit.unless else "the gateway cannot let one limit take the place of another"


def _add(limit: Limit, where: str, found: dict[tuple[bool, str, str], Rate], notes: Notes) -> None:
    by_user = limit.by == "user"
    amounts = {"": limit.amount, **{str(key): amount for key, amount in limit.overrides.items()}}
    for principal, amount in amounts.items():
        if amount is not None:
            rate = found.setdefault((by_user, principal, str(limit.per)), Rate(by_user, principal, str(limit.per)))
            earlier = getattr(rate, limit.unit)
            setattr(rate, limit.unit, int(amount if earlier is None else min(earlier, amount)))
        elif principal:
            notes.miss(where, "an override without a limit", "the gateway has limits, and no exceptions from them")
    names = unsaid(limit, _SAID)
    if names:
        notes.differ(where, ", ".join(names), _ITS_OWN)
