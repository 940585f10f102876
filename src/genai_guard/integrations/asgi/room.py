"""Whether the limits have room for whoever is calling, and what is left to them."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from genai_guard.context import current_caller
from genai_guard.errors import ComponentFailed, Rejected
from genai_guard.integrations.asgi.callers import keys_of
from genai_guard.limits import Limit, RateLimiter
from genai_guard.limits.headers import headers_of, quota_headers
from genai_guard.limits.refusals import rejection
from genai_guard.limits.ticket import Denial, Level
from genai_guard.outcome import new_request_id
from genai_guard.recording.event import Event
from genai_guard.recording.taking import taker

if TYPE_CHECKING:
    from genai_guard.pipeline import Pipeline

__all__ = ["check_room", "limit_headers"]


async def check_room(pipeline: Pipeline | None, /) -> None:
    """Refuse the current caller if some limit has no room at all, before anything is read or done for them.

    Nothing is reserved: the call itself asks again, and for all that it needs. What is refused here is recorded as a
    call that ended in stage `limits`; its event names no target, since none was chosen yet. Limits by what is not known
    yet, such as the model, are left to the call, and so is a limit for whose room the limiter would wait.

    Args:
        pipeline: Whose limits are asked, and whose recorder is told; None has room for everybody.

    Raises:
        RateLimited: a limit is used up.
        BudgetExceeded: a budget is.
        ComponentFailed: the store failed, and `on_error` of the limiter is `block`.
    """
    limiter = None if pipeline is None else pipeline.limiter
    if pipeline is None or limiter is None:
        return
    began_s, began = time.time(), time.perf_counter()
    try:
        levels = await _levels(limiter, keys_of(current_caller()))
    except Exception as error:
        if limiter.on_error == "allow":
            return
        failed = ComponentFailed("limiter", "limits", type(error).__name__)
        _record(pipeline, failed, began_s, began)
        raise failed from error
    full = [_denial(limit, level) for limit, level in levels if level.remaining is not None and _is_full(limit, level)]
    if not full:
        return
    longest_s = max(denial.wait_ns or 0 for denial in full) / 1e9
    if limiter.wait_s is not None and longest_s <= limiter.wait_s:
        return
    refused = rejection(full)
    _record(pipeline, refused, began_s, began)
    raise refused


async def limit_headers(
    limiter: RateLimiter | None, retry_after_s: float | None = None, /, **keys: str
) -> dict[str, str]:
    """Return headers that say what is left to a caller: those of `limiter.headers`, and `RateLimit` of the IETF's draft.

    Of the enforced limits by these keys, or by those of the current caller, and of the limits of all callers. Money is
    left out: it is no business of a client's. A store that fails costs the headers, and no answer.

    Args:
        limiter: Limits; None has nothing to say.
        retry_after_s: What the answer says in `Retry-After`, if it says so.
        keys: Whose call it is.
    """
    if limiter is None:
        return {}
    try:
        known = await _levels(limiter, keys or keys_of(current_caller()))
    except Exception:  # noqa: BLE001  whatever the store raises: what they would say is not worth an answer
        return {}
    shown = [(limit, level) for limit, level in known if limit.unit != "usd"]
    limits, levels = [limit for limit, _ in shown], [level for _, level in shown]
    return {**headers_of(limits, levels, None), **quota_headers(shown, retry_after_s)}


def _record(pipeline: Pipeline, error: Rejected | ComponentFailed, began_s: float, began: float) -> None:
    """Record a call that was not made. A canary is not told: it counts calls of variants, and none was assigned."""
    caller = current_caller()
    error.request_id = caller.request_id or new_request_id()
    event = Event(
        time_s=began_s,
        request_id=error.request_id,
        pipeline=pipeline.name,
        status=error.status,
        error_type=type(error).__name__,
        stage="limits",
        caller=caller,
        latency_s=time.perf_counter() - began,
        denied_by=getattr(error, "limit", ""),
    )
    taker(pipeline.recorder, None)(event)


async def _levels(limiter: RateLimiter, keys: Mapping[str, Any]) -> Sequence[tuple[Limit, Level]]:
    """Return the limits that are known to apply, with their levels."""
    pairs = zip(limiter.limits, await limiter.apeek(**keys), strict=False)
    return [(limit, level) for limit, level in pairs if limit.mode == "enforce" and set(_by(limit)) <= keys.keys()]


def _by(limit: Limit) -> Iterable[str]:
    return () if limit.by is None else (limit.by,) if isinstance(limit.by, str) else limit.by


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
