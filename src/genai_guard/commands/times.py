"""Moments on the command line: a date, a time, or how long ago."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from genai_guard.commands.shared import UsageError

__all__ = ["moment_of"]

_AGO: Final = re.compile(r"(\d+(?:\.\d+)?) ?(s|min|h|d)")
_SECONDS: Final = {"s": 1, "min": 60, "h": 3600, "d": 86_400}


def moment_of(text: str | None, *, now_s: float, option: str) -> float | None:
    """Return a moment in seconds since 1970; None for none.

    Args:
        text: `2026-11-20`, `2026-11-20T08:30`, with or without an offset (UTC without), or `90min`, `24h`, `7d` ago.
        now_s: When it is now.
        option: The option that it was given with.

    Raises:
        UsageError: it is none of these.
    """
    if text is None:
        return None
    if ago := _AGO.fullmatch(text):
        return now_s - float(ago[1]) * _SECONDS[ago[2]]
    try:
        given = datetime.fromisoformat(text)
        return (given if given.tzinfo else given.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise UsageError(f"{option}: takes a time such as 2026-11-20 or 2026-11-20T08:30, or 24h, 7d ago") from None
