"""Alerts that nobody is told of for a while."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Final, Self

from genai_guard.errors import ConfigurationError
from genai_guard.frozen import FrozenDict
from genai_guard.guards.base import settle
from genai_guard.recording.alerts.checks import values_of

__all__ = ["Silence"]

_ANY: Final[Mapping[str, str]] = FrozenDict()


@dataclass(frozen=True, kw_only=True)
class Silence:
    """Until a time, nobody is told of certain alerts, and they do nothing. They show in `MetricsRecorder.alerts()`.

    What still fires afterwards is told then.

    Args:
        until: When it ends, as ISO 8601 with an offset: `2026-12-01T06:00:00Z`.
        name: Of which alerts: their name, or a pattern with `*` and `?`.
        labels: Of which slices: values that the alert must have in its dimensions.

    Raises:
        ConfigurationError: the time is none, or has no offset.
    """

    until: str
    name: str = "*"
    labels: Mapping[str, str] = _ANY
    until_s: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        settle(self, labels=FrozenDict(values_of(self, "labels")), until_s=_seconds(self.until))

    @classmethod
    def ending(cls, until_s: float, *, name: str = "*", labels: Mapping[str, str] = _ANY) -> Self:
        """Return a silence until a time in seconds since 1970."""
        return cls(until=datetime.fromtimestamp(until_s, UTC).isoformat(), name=name, labels=labels)

    def covers(self, name: str, labels: Mapping[str, str], wall_s: float, /) -> bool:
        """Whether it is about the alert of this name with these labels, at this time."""
        return (
            wall_s < self.until_s
            and fnmatchcase(name, self.name)
            and all(labels.get(dimension) == value for dimension, value in self.labels.items())
        )


def _seconds(until: object) -> float:
    try:
        when = datetime.fromisoformat(until) if isinstance(until, str) else None
    except ValueError:
        when = None
    if when is None or when.tzinfo is None:
        raise ConfigurationError("Silence(until=...) must be a time with an offset, such as '2026-12-01T06:00:00Z'")
    return when.timestamp()
