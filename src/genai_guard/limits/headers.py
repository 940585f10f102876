"""Headers that tell clients of a web application how much is left to them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final

from genai_guard.errors import Rejected
from genai_guard.limits.limit import Limit
from genai_guard.limits.ticket import Level

__all__ = ["headers_of", "quota_headers"]

_TEXT_CHARS: Final = range(0x20, 0x7F)
"""Of a string in a structured field (RFC 9651)."""


def headers_of(limits: Sequence[Limit], levels: Sequence[Level], rejected: Rejected | None) -> dict[str, str]:
    """Return the headers for some limits, each with its level; of each unit those of the limit that has least left."""
    headers: dict[str, str] = {}
    for limit, level in _tightest(zip(limits, levels, strict=True)):
        unit = limit.unit.replace("_", "-")
        headers[f"x-ratelimit-limit-{unit}"] = _number(level.capacity or 0)
        headers[f"x-ratelimit-remaining-{unit}"] = _number(level.remaining or 0)
        headers[f"x-ratelimit-reset-{unit}"] = str(math.ceil(level.drained_s))
    retry_after_s: float | None = getattr(rejected, "retry_after_s", None)
    if retry_after_s is not None:
        headers["retry-after"] = str(math.ceil(retry_after_s))
    return headers


def quota_headers(levels: Iterable[tuple[Limit, Level]], retry_after_s: float | None = None) -> dict[str, str]:
    """Return `ratelimit-policy` and `ratelimit`: each limit, and what is left of it.

    As in draft-ietf-httpapi-ratelimit-headers-11 (23 May 2026): `q`, `w` and `qu` of a policy, `r` and `t` of what is left;
    no `pk`, which would name whoever is calling. What is counted is named by `qu` unless it is requests: the draft knows
    `concurrent-requests`, and others, such as tokens, go by the name of their unit. Money is left out: quotas are whole
    numbers there.

    Args:
        levels: The limits and how full they are.
        retry_after_s: What the answer says in `Retry-After`, after which no window may end (section 6); without it a
            window ends when all is free.
    """
    shown = [(limit, level) for limit, level in levels if limit.unit != "usd" and level.capacity is not None]
    if not shown:
        return {}
    policies, states = zip(*(_quota(limit, level, retry_after_s) for limit, level in shown), strict=True)
    return {"ratelimit-policy": ", ".join(policies), "ratelimit": ", ".join(states)}


def _quota(limit: Limit, level: Level, retry_after_s: float | None) -> tuple[str, str]:
    """Return the members of both fields."""
    name = _text(limit.name)
    unit = {"requests": "", "concurrent": "concurrent-requests"}.get(limit.unit, limit.unit.replace("_", "-"))
    seconds = _window_s(limit)
    window = f";w={seconds}" if seconds else ""
    policy = f"{name};q={int(level.capacity or 0)}{window}" + (f";qu={_text(unit)}" if unit else "")
    window_s = level.drained_s if retry_after_s is None else min(level.drained_s, retry_after_s)
    return policy, f"{name};r={int(level.remaining or 0)};t={math.ceil(window_s)}"


def _window_s(limit: Limit) -> int:
    """Return the seconds in which so much comes free as there may be; 0 where nobody can say.

    A burst comes free in another time than the amount. Whose amount is their own gets no window then.
    """
    if limit.burst is None:
        return limit.period_ns // 10**9
    if limit.amount is None or limit.overrides:
        return 0
    return math.ceil(limit.burst * limit.period_ns / (limit.amount * 10**9))


def _text(text: str) -> str:
    """Return a string of a structured field, with a question mark for each character that it cannot hold."""
    plain = "".join(char if ord(char) in _TEXT_CHARS else "?" for char in text)
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _tightest(pairs: Iterable[tuple[Limit, Level]]) -> Iterable[tuple[Limit, Level]]:
    found: dict[str, tuple[Limit, Level]] = {}
    for limit, level in pairs:
        if limit.mode == "enforce" and level.remaining is not None:
            other = found.get(limit.unit)
            if other is None or level.remaining < (other[1].remaining or 0):
                found[limit.unit] = (limit, level)
    return found.values()


def _number(value: float) -> str:
    return f"{value:.9f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
