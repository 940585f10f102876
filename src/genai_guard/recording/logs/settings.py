"""What the logs of rows have in common: which calls they keep, what of them, and for how long."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any, Final, Literal, Protocol, TypeAlias, TypeGuard

from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import one_of
from genai_guard.recording.event import Event
from genai_guard.recording.logs.sampling import STATUSES, is_sampled
from genai_guard.recording.redaction import Redactor
from genai_guard.recording.rows import row

__all__ = ["ALWAYS", "MEGABYTE", "Content", "LogSettings", "RowMaker", "check", "is_positive", "must"]

Content: TypeAlias = Literal["redacted", "none"]
"""Whether rows have the texts of a call."""

MEGABYTE: Final = 1 << 20
"""In bytes."""

ALWAYS: Final = ("blocked", "component_failed", "error", "timeout")
"""How a call ends that is kept whatever the sampling says: blocks and errors."""


class LogSettings(Protocol):
    """The parameters that all logs have."""

    @property
    def content(self) -> Content:
        """What is kept of the texts."""
        ...

    @property
    def sampling(self) -> float:
        """Share of the calls that is kept."""
        ...

    @property
    def always_keep(self) -> Collection[str]:
        """Statuses of calls that are kept all the same."""
        ...

    @property
    def max_payload_mb(self) -> float:
        """Longest request or response."""
        ...

    @property
    def max_age_days(self) -> int | None:
        """How many days rows are kept."""
        ...

    @property
    def max_total_mb(self) -> float | None:
        """How much all rows may take."""
        ...

    @property
    def redact(self) -> Redactor | None:
        """How texts are redacted."""
        ...


class RowMaker:
    """Makes the rows that a log wants of events."""

    __slots__ = ("_always", "_max_payload_bytes", "_sampling")

    def __init__(self, log: LogSettings) -> None:
        self._sampling: Final = float(log.sampling)
        self._always: Final = frozenset(log.always_keep)
        self._max_payload_bytes: Final = int(log.max_payload_mb * MEGABYTE)

    def wants(self, event: Event) -> bool:
        """Whether the call is kept."""
        return self._sampling >= 1 or event.status in self._always or is_sampled(event.request_id, self._sampling)

    def row(self, event: Event) -> dict[str, Any]:
        """Return the row of a redacted event that is kept."""
        fraction = 1.0 if event.status in self._always else self._sampling
        return row(event, sampling_fraction=fraction, max_payload_bytes=self._max_payload_bytes)


def check(log: LogSettings) -> None:
    """Refuse what is not what it must be.

    Raises:
        ConfigurationError: it says which parameter.
    """
    one_of(log, "content", {"redacted", "none"})
    share = log.sampling
    must(log, is_positive(share) and share <= 1, "sampling=...", "a share of the calls, above 0 and at most 1")
    always: object = log.always_keep
    is_list = (
        isinstance(always, Collection) and not isinstance(always, str) and all(each in STATUSES for each in always)
    )
    must(log, is_list, "always_keep=...", f"a list of {', '.join(STATUSES)}")
    must(log, is_positive(log.max_payload_mb), "max_payload_mb=...", "a number above 0")
    age: object = log.max_age_days
    is_days = isinstance(age, int) and not isinstance(age, bool) and age >= 1
    must(log, age is None or is_days, "max_age_days=...", "a whole number above 0, or None")
    must(
        log, log.max_total_mb is None or is_positive(log.max_total_mb), "max_total_mb=...", "a number above 0, or None"
    )
    must(log, isinstance(log.redact, Redactor | None), "redact=...", "a Redactor")


def must(log: object, holds: bool, parameter: str, wanted: str) -> None:
    """Refuse a parameter unless something holds.

    Raises:
        ConfigurationError: it does not.
    """
    if not holds:
        raise ConfigurationError(f"{type(log).__name__}({parameter}) must be {wanted}")


def is_positive(value: object) -> TypeGuard[float]:
    """Whether it is a finite number above zero."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf
