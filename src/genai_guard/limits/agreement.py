"""Whether limits make sense together."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any, Literal, TypeAlias, get_args

from genai_guard.errors import ConfigurationError
from genai_guard.limits.adaptive import Adaptive
from genai_guard.limits.limit import Limit

__all__ = ["OnOverrun", "check_limits", "check_parts", "checked_overrun", "checked_room", "checked_wait"]

OnOverrun: TypeAlias = Literal["debt", "stop"]


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


def check_parts(store: object, adapt: object) -> None:
    """Refuse what is no store, and what are no limits of a provider.

    Raises:
        ConfigurationError: one of them is something else.
    """
    if store is not None and not callable(getattr(store, "bind", None)):
        raise ConfigurationError(
            "RateLimiter(store=...): takes a store, such as RedisStore('redis://localhost:6379/0'), "
            f"not {type(store).__name__}"
        )
    if adapt is not None and not isinstance(adapt, Adaptive):
        raise ConfigurationError(
            f"RateLimiter(adapt=...): takes Adaptive(Limit.requests(500, per='minute')), not {type(adapt).__name__}"
        )


def checked_room(max_waiting: object) -> int:
    """Return how many calls may wait.

    Raises:
        ConfigurationError: it is no whole number above zero.
    """
    if type(max_waiting) is not int or max_waiting < 1:
        raise ConfigurationError(f"RateLimiter(max_waiting={max_waiting!r}): must be a whole number above zero")
    return max_waiting


def checked_wait(wait_s: object) -> float | None:
    """Return how long calls wait for room; None if they do not.

    Raises:
        ConfigurationError: it is no number of seconds.
    """
    if wait_s is None:
        return None
    if isinstance(wait_s, bool) or not isinstance(wait_s, int | float) or not 0 <= wait_s <= 10**6:
        raise ConfigurationError(
            f"RateLimiter(wait_s={wait_s!r}): must be a number of seconds from 0 to 10**6, or None"
        )
    return wait_s


def checked_overrun(on_overrun: OnOverrun) -> OnOverrun:
    """Return what becomes of streams that outgrow a budget.

    Raises:
        ConfigurationError: it is none of the words.
    """
    if on_overrun not in get_args(OnOverrun):
        raise ConfigurationError(f"RateLimiter(on_overrun={on_overrun!r}): must be 'debt' or 'stop'")
    return on_overrun
