"""Windows of time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from genai_guard.errors import ConfigurationError

__all__ = ["moment", "seconds_of", "start_of", "time_of"]

_WRITTEN: Final = re.compile(r"([1-9]\d{0,3}) (minute|hour|day|week)s?")
_UNITS_S: Final = {"minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
_WEEK_S: Final = 604_800
_LEAST_S: Final = 300
_MONDAY_S: Final = 4 * 86_400
"""The first Monday of 1970: weeks begin with one."""


def seconds_of(granularity: str, *, where: str) -> int:
    """Return the length of a window, such as `5 minutes`, `1 hour`, `1 day` or `2 weeks`.

    Raises:
        ConfigurationError: it is written otherwise, or shorter than five minutes.
    """
    found = _WRITTEN.fullmatch(granularity) if isinstance(granularity, str) else None
    seconds = int(found[1]) * _UNITS_S[found[2]] if found else 0
    if seconds < _LEAST_S:
        raise ConfigurationError(
            f"{where}(granularity={granularity!r}) must be 5 minutes or longer: '5 minutes', '1 hour', '1 day', '1 week'"
        )
    return seconds


def start_of(time_s: float, length_s: int) -> float:
    """Return when the window of a moment begins, in seconds since 1970: at full hours and days of UTC, and on Mondays."""
    shift = _MONDAY_S if length_s % _WEEK_S == 0 else 0
    return (time_s - shift) // length_s * length_s + shift


def time_of(row: Mapping[str, Any]) -> float | None:
    """Return when a call began, by its column `request_time`; None if that says nothing."""
    value = row.get("request_time")
    try:
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        if isinstance(value, datetime):  # a timestamp of pandas is one
            return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    except ValueError:
        return None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def moment(time_s: float) -> str:
    """Return a moment in UTC as ISO 8601 has it."""
    return datetime.fromtimestamp(time_s, UTC).isoformat()
