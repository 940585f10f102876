"""Who is calling, out of a request; and whether the limits have room for them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from genai_guard.context import current_caller
from genai_guard.errors import ConfigurationError
from genai_guard.limits import Limit, RateLimiter
from genai_guard.limits.headers import headers_of, quota_headers
from genai_guard.limits.refusals import rejection
from genai_guard.limits.ticket import Denial, Level
from genai_guard.messages import Caller

__all__ = [
    "AmbiguousCallerError",
    "Callers",
    "Scope",
    "Who",
    "check_room",
    "header_of",
    "limit_headers",
    "request_id_of",
]

Scope: TypeAlias = Mapping[str, Any]
Who: TypeAlias = str | Callable[[Scope], str | int | None] | None
"""Where one thing about a caller is found: the name of a header, or a function of the scope; None for nowhere."""

_LONGEST: Final = 256
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+=@-]{0,127}")
_FIELDS: Final = ("user", "tenant", "session", "request_id")


class AmbiguousCallerError(Exception):
    """A header that says who is calling came twice, or is too long to be a name."""


class Callers:
    """Reads from the scope of a request what `caller(...)` takes.

    Headers say what whoever sets them wants: take a name from one only where a proxy of yours sets it, and removes that
    of the client. A function of the scope can go by what an authentication has put there.

    Args:
        user: Where the user is found.
        tenant: Where the tenant is found.
        session: Where the session is found.
        request_id: Where the id of the request is found. It becomes that of the event of each call; what does not look
            like an id is left out.

    Raises:
        ConfigurationError: one of them is neither the name of a header nor a function.
    """

    def __init__(self, *, user: Who = None, tenant: Who = None, session: Who = None, request_id: Who = None) -> None:
        given = {"user": user, "tenant": tenant, "session": session, "request_id": request_id}
        self._sources = tuple((name, _source(name, who)) for name, who in given.items() if who is not None)

    def of(self, scope: Scope) -> dict[str, Any]:
        """Return the arguments of `caller(...)` that are known.

        Raises:
            AmbiguousCallerError: a header came twice, or holds more than 256 characters.
        """
        found: dict[str, Any] = {}
        for name, source in self._sources:
            value = source(scope)
            if value is None or value == "":
                continue
            value = request_id_of(value) if name == "request_id" else value
            if value is not None:
                found[name] = value
        return found


def request_id_of(value: object) -> str | None:
    """Return what looks like the id of a request: at most 128 letters, digits and some signs; else None."""
    return value if isinstance(value, str) and _REQUEST_ID.fullmatch(value) else None


def header_of(scope: Scope, name: bytes) -> str | None:
    """Return the value of a header, whose name is in lower case; None if it is not there.

    Raises:
        AmbiguousCallerError: it came twice, as when a client sends what a proxy adds, or is longer than 256 characters.
    """
    found = None
    for key, value in scope.get("headers", ()):
        if key == name:
            if found is not None or len(value) > _LONGEST:
                raise AmbiguousCallerError(name.decode("latin-1"))
            found = value
    return None if found is None else found.decode("latin-1").strip()


async def check_room(limiter: RateLimiter | None, /, **keys: str) -> None:
    """Refuse a caller for whom some limit has no room at all, before anything is read or done for them.

    Nothing is reserved: the call itself asks again, and for all that it needs. Limits by what is not among the keys,
    such as the model, are left to it.

    Args:
        limiter: Limits; None has room for everybody.
        keys: Whose call it is; that of the current caller where there are none.

    Raises:
        RateLimited: a limit is used up.
        BudgetExceeded: a budget is.
        Exception: whatever the store of the limiter raises.
    """
    if limiter is None:
        return
    shown = await _levels(limiter, keys or keys_of(current_caller()))
    full = [_denial(limit, level) for limit, level in shown if level.remaining is not None and _is_full(limit, level)]
    if full:
        raise rejection(full)


async def limit_headers(limiter: RateLimiter | None, /, **keys: str) -> dict[str, str]:
    """Return headers that say what is left to a caller: those of `limiter.headers`, and `RateLimit` of the IETF's draft.

    Of the enforced limits by these keys, or by those of the current caller, and of the limits of all callers. Money is
    left out: it is no business of a client's. A store that fails costs the headers, and no answer.
    """
    if limiter is None:
        return {}
    try:
        known = await _levels(limiter, keys or keys_of(current_caller()))
    except Exception:  # noqa: BLE001  whatever the store raises: what they would say is not worth an answer
        return {}
    shown = [(limit, level) for limit, level in known if limit.unit != "usd"]
    limits, levels = [limit for limit, _ in shown], [level for _, level in shown]
    return {**headers_of(limits, levels, None), **quota_headers(shown)}


async def _levels(limiter: RateLimiter, keys: Mapping[str, str]) -> Sequence[tuple[Limit, Level]]:
    """Return the limits that are known to apply, with their levels."""
    pairs = zip(limiter.limits, await limiter.apeek(**keys), strict=False)
    return [(limit, level) for limit, level in pairs if limit.mode == "enforce" and set(_by(limit)) <= keys.keys()]


def _by(limit: Limit) -> Iterable[str]:
    return () if limit.by is None else (limit.by,) if isinstance(limit.by, str) else limit.by


def keys_of(caller: Caller) -> dict[str, str]:
    """Return what limits may go by, of a caller."""
    return {**caller.tags, **{name: value for name in _FIELDS[:3] if (value := caller.value(name))}}


def _is_full(limit: Limit, level: Level) -> bool:
    return (level.remaining or 0) < (1 if limit.unit != "usd" else 1e-9)


def _denial(limit: Limit, level: Level) -> Denial:
    """Return the refusal of a limit that is full. It is never too early to come back when all is free again."""
    used, capacity = level.used, level.capacity or 0
    wait_s = level.drained_s
    if limit.unit == "requests" and not limit.calendar:  # they come free one by one, at a steady rate
        wait_s *= (used - capacity + 1) / used
    scale = 10**9 if limit.unit == "usd" else 1
    return Denial(limit, math.ceil(wait_s * 1e9), round(used * scale), round(capacity * scale))


def _source(name: str, who: object) -> Callable[[Scope], Any]:
    if isinstance(who, str) and who:
        header = who.lower().encode("latin-1", "replace")
        return lambda scope: header_of(scope, header)
    if callable(who):
        return who
    raise ConfigurationError(f"{name}={who!r}: must be the name of a header, or a function of the scope")
