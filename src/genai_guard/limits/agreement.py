"""Whether limits make sense together."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

from genai_guard.errors import ConfigurationError
from genai_guard.limits.limit import Limit

__all__ = ["check_limits"]


def check_limits(limits: Sequence[Any]) -> None:
    """Refuse limits that make no sense together.

    Raises:
        ConfigurationError: there is none, one is no `Limit`, two have one name, one makes another pointless, or one
            yields to a limit that is not there.
    """
    if not limits:
        raise ConfigurationError("RateLimiter(): takes at least one limit, such as Limit.requests(60, per='minute')")
    for limit in limits:
        if not isinstance(limit, Limit):
            raise ConfigurationError(
                f"RateLimiter(): takes limits, such as Limit.requests(60, per='minute'), not {type(limit).__name__}"
            )
    for first, second in combinations(limits, 2):
        if first.name == second.name:
            raise ConfigurationError(
                f"RateLimiter(): two limits have the name {first.name!r}; drop one, or give one another name="
            )
        _check_use(first, second)
        _check_use(second, first)
    for index, limit in enumerate(limits):
        for name in limit.unless:
            _check_precedence(limit, name, limits[:index])


def _check_use(looser: Limit, tighter: Limit) -> None:
    """Refuse a limit that can never be the one to refuse."""
    if looser.amount is None or tighter.amount is None or _scope(looser) != _scope(tighter):
        return
    if looser.amount >= tighter.amount and looser.capacity >= tighter.capacity:
        raise ConfigurationError(
            f"RateLimiter(): {tighter.name!r} refuses all that {looser.name!r} would; drop one, or change by= or mode="
        )


def _scope(limit: Limit) -> tuple[Any, ...]:
    """Return what a limit has in common with those that it can be compared to by the amount."""
    zone = limit.timezone if limit.calendar else ""
    differing = tuple(limit.overrides.items()) or limit.unless
    return (limit.unit, limit.per, limit.by, limit.mode, limit.calendar, zone, differing)


def _check_precedence(limit: Limit, name: str, earlier: Sequence[Limit]) -> None:
    found = next((other for other in earlier if other.name == name), None)
    if found is None:
        known = ", ".join(repr(other.name) for other in earlier) or "none"
        raise ConfigurationError(
            f"RateLimiter(): {limit.name!r} has unless={name!r}, which must be the name of a limit before it: {known}"
        )
    if not found.overrides:
        raise ConfigurationError(
            f"RateLimiter(): {limit.name!r} has unless={name!r}, a limit without overrides=, to which nothing yields"
        )
