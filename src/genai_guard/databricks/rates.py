"""Limits as rate limits of the AI Gateway, which counts calls and tokens: of a minute, and of services also of an hour."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final, NamedTuple

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


class Rate(NamedTuple):
    """What somebody may have in a period.

    Attributes:
        by_user: Whether each user has it, or all together.
        principal: The user that has it in place of what each user has; empty for all.
        per: `minute` or `hour`.
        requests: Calls; None for any number.
        tokens: Tokens; None for any number.
    """

    by_user: bool
    principal: str
    per: str
    requests: int | None
    tokens: int | None


def rates_of(pipeline: Pipeline, notes: Notes, *, periods: Collection[str]) -> list[Rate]:
    """Return the limits that can be expressed; of several for the same key and period the tightest.

    A rate of a user takes the place of all that each user has. So it says the calls and the tokens, whichever is
    overridden.
    """
    sides: dict[tuple[bool, str], dict[str, Limit]] = {}
    limiter = pipeline.limiter
    for number, limit in enumerate(() if limiter is None else limiter.limits):
        where = f"limits[{number}] {limit.name}"
        why = _why_not(limit, periods)
        if why:
            notes.miss(where, "the limit", why)
            continue
        sides.setdefault((limit.by == "user", str(limit.per)), {})[where] = limit
        names = unsaid(limit, _SAID)
        if names:
            notes.differ(where, ", ".join(names), _ITS_OWN)
    found = [rate for side, limits in sides.items() for rate in _rates(*side, limits, notes)]
    if isinstance(limiter, RateLimiter):
        if found:
            notes.differ("limits", "how they are counted", f"{_ITS_OWN}; bursts and waiting are its own")
            if any(rate.by_user for rate in found):
                notes.differ("limits", "users", "they are who calls the endpoint, and not whom caller(user=...) names")
        for name in unsaid(limiter, ("limits", "store")):
            notes.miss("limiter", name, "the gateway has no such setting")
    return found


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


def _rates(by_user: bool, per: str, limits: Mapping[str, Limit], notes: Notes) -> Iterator[Rate]:
    overridden = dict.fromkeys(str(key) for limit in limits.values() for key in limit.overrides)
    for principal in ("", *overridden):
        requests, tokens = (_tightest(limits.values(), unit, principal) for unit in ("requests", "tokens"))
        if requests is not None or tokens is not None:
            yield Rate(by_user, principal, per, requests, tokens)
        elif principal:
            where = next(where for where, limit in limits.items() if principal in map(str, limit.overrides))
            notes.miss(where, "an override without a limit", "the gateway has limits, and no exceptions from them")


def _tightest(limits: Iterable[Limit], unit: str, principal: str) -> int | None:
    amounts = [
        {str(key): amount for key, amount in limit.overrides.items()}.get(principal, limit.amount)
        for limit in limits
        if limit.unit == unit
    ]
    return min((int(amount) for amount in amounts if amount is not None), default=None)
