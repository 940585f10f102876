"""When an experiment runs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from genai_guard.errors import ConfigurationError

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["Schedule"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """From when until when an experiment runs; outside of it, nobody is assigned.

    Args:
        start: First moment, in ISO 8601 such as `2026-12-01T09:00`; a date alone is its midnight. Empty: from the
            beginning. An hour that the clock repeats in autumn is taken the first time.
        end: First moment that no longer belongs to it; empty: without end.
        timezone: Time zone of moments that state no offset, such as `Europe/Berlin`.

    Raises:
        ConfigurationError: a moment cannot be read, its time zone is not known, or nothing lies between the two.
    """

    start: str = ""
    end: str = ""
    timezone: str = ""

    def __post_init__(self) -> None:
        start_s, end_s = self.bounds
        if not start_s < end_s:
            raise ConfigurationError(f"Schedule: end={self.end!r} must be later than start={self.start!r}")

    @property
    def bounds(self) -> tuple[float, float]:
        """Seconds since 1970 of both moments, the second one excluded; infinite where one is left out."""
        start_s = self._moment("start", self.start).timestamp() if self.start else -math.inf
        end_s = self._moment("end", self.end).timestamp() if self.end else math.inf
        return start_s, end_s

    def _moment(self, of: str, text: object) -> datetime:
        from datetime import datetime  # noqa: PLC0415  who has no schedule need not wait for it

        from genai_guard.limits.calendars import zone_of  # noqa: PLC0415  as above

        try:
            moment = datetime.fromisoformat(text) if isinstance(text, str) else None
        except ValueError:
            moment = None
        if moment is None:
            raise ConfigurationError(f"Schedule: {of}={text!r} must be a text in ISO 8601, such as '2026-12-01T09:00'")
        if moment.tzinfo is not None:
            return moment
        if not self.timezone:
            raise ConfigurationError(
                f"Schedule: {of}={text!r} does not say where: add timezone='Europe/Berlin', or an offset such as +01:00"
            )
        return moment.replace(tzinfo=zone_of(self.timezone))
