"""What is counted: calls that have something in common, and what alerts ask about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, NamedTuple

from genai_guard.recording.dimensions import OTHER
from genai_guard.recording.sketch import Buckets, Name, merge

if TYPE_CHECKING:
    from genai_guard.recording.event import Event

__all__ = ["ERRORS", "NANO", "Hit", "Series", "count_names"]

ERRORS: Final = frozenset({"error", "timeout", "component_failed", "breaker_open"})
"""The statuses that count as errors: something broke. What the policy refused or the caller gave up is not among them."""

NANO: Final = 1_000_000_000
"""Money is counted in whole billionths of a dollar: their sums are exact."""

_MOST_NAMES: Final = 64


class Hit(NamedTuple):
    """What guardrail hits are counted by: a guard, what it did, and whether that was enforced."""

    guard: str
    action: str
    mode: str


class Series:
    """The calls of one slice, or of many added up, that have a key in common.

    Attributes:
        overhead: Seconds spent outside of the wrapped function, of every call.
        latency: Seconds from beginning to end, of the calls that reached the model.
        model: What to add to `latency` for the seconds spent in the wrapped function, which most often are the same.
        first_token: Seconds to the first released chunk, of the calls that had one.
        slow: For each threshold of an alert in seconds, how many that reached the model took longer; None if none did.
        unpriced: Calls with tokens but without a price.
    """

    __slots__ = (
        "cached_tokens", "cost_nano_usd", "denials", "error_types", "first_token", "hits", "input_tokens", "latency",
        "model", "output_tokens", "overhead", "slow", "unpriced",
    )  # fmt: skip

    def __init__(self) -> None:
        self.input_tokens = 0
        self.output_tokens = 0
        self.cached_tokens = 0
        self.cost_nano_usd = 0
        self.unpriced = 0
        self.latency: Buckets = {}
        self.model: Buckets = {}
        self.overhead: Buckets = {}
        self.first_token: Buckets = {}
        self.hits: dict[Hit, int] = {}
        self.error_types: dict[str, int] = {}
        self.denials: dict[str, int] = {}
        self.slow: dict[float, int] | None = None

    @property
    def calls(self) -> int:
        """All of them."""
        return sum(self.overhead.values())

    @property
    def reached(self) -> int:
        """Those that reached the model."""
        return sum(self.latency.values())

    def merge(self, other: Series) -> None:
        """Add the calls of `other`."""
        self.input_tokens += other.input_tokens
        self.output_tokens += other.output_tokens
        self.cached_tokens += other.cached_tokens
        self.cost_nano_usd += other.cost_nano_usd
        self.unpriced += other.unpriced
        merge(self.latency, other.latency)
        merge(self.overhead, other.overhead)
        if other.model:
            merge(self.model, other.model)
        if other.first_token:
            merge(self.first_token, other.first_token)
        if other.hits or other.error_types or other.denials:
            merge(self.hits, other.hits)
            merge(self.error_types, other.error_types)
            merge(self.denials, other.denials)

    def count_slow(self, seconds: float, thresholds_s: Iterable[float]) -> None:
        """Count a duration against every threshold."""
        slow = self.slow
        if slow is None:
            slow = self.slow = {}
        for threshold_s in thresholds_s:
            if seconds > threshold_s:
                slow[threshold_s] = slow.get(threshold_s, 0) + 1


def count_names(series: Series, event: Event) -> None:
    """Count what most events do not have: the error, the limit that refused, the guards that found something.

    Of very many different names only the first are told apart: an exception class may be made up by the call.
    """
    if event.error_type and event.status in ERRORS:
        _count(series.error_types, event.error_type, OTHER)
    if event.denied_by:
        _count(series.denials, event.denied_by, OTHER)
    for verdict in event.verdicts:
        guard = verdict.guard or next((each.guard for each in verdict.findings if each.guard), "")
        action = str(verdict.action)
        _count(series.hits, Hit(guard, action, verdict.mode), Hit(OTHER, action, verdict.mode))


def _count(counts: dict[Name, int], name: Name, other: Name) -> None:
    kept = name if name in counts or len(counts) < _MOST_NAMES else other
    counts[kept] = counts.get(kept, 0) + 1
