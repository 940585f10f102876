"""Headers that tell clients of a web application how much is left to them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from genai_guard.errors import Rejected
from genai_guard.limits.limit import Limit
from genai_guard.limits.ticket import Level

__all__ = ["headers_of"]


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
