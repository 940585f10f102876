"""What is counted: calls that have something in common, and what alerts ask about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, NamedTuple

from genai_guard.recording.rare import ERRORS, NOTHING_RARE, Hit, Rare
from genai_guard.recording.sketch import Buckets, bucket, merge

if TYPE_CHECKING:
    from genai_guard.recording.event import Event

__all__ = ["ERRORS", "NANO", "NO_BUCKETS", "SKETCHES", "SUMS", "Hit", "Series", "Waits"]

NANO: Final = 1_000_000_000
"""Money is counted in whole billionths of a dollar: their sums are exact."""

NO_BUCKETS: Final[Buckets] = {}
"""A sketch of nothing: nobody may count in it."""

SUMS: Final = ("input_tokens", "output_tokens", "cached_tokens", "cost_nano_usd", "unpriced")
SKETCHES: Final = ("latency", "model", "overhead", "first_token", "inter_token", "queue")


class Waits(NamedTuple):
    """The buckets of what some calls wait for: a first chunk, each further one, room in a limit."""

    first_token: int | None
    inter_token: int | None
    queue: int | None

    @classmethod
    def of(cls, first_token_s: float | None, inter_token_s: float | None, queue_s: float) -> Waits:
        """Return the buckets of durations.

        Raises:
            ValueError: one is no number.
            OverflowError: one is infinite.
        """
        first = None if first_token_s is None else bucket(first_token_s)
        between = None if inter_token_s is None else bucket(inter_token_s)
        return cls(first, between, bucket(queue_s) if queue_s else None)


class Series:
    """The calls of one slice, or of many added up, that have a key in common.

    Attributes:
        overhead: Seconds spent outside of the wrapped function, of every call.
        latency: Seconds from beginning to end, of the calls that reached the model.
        model: What to add to `latency` for the seconds spent in the wrapped function, which most often are the same.
        first_token: Seconds to the first released chunk, of the calls that had one.
        inter_token: Mean seconds waited for each further one, of the calls that had any.
        queue: Seconds spent waiting for room in a limit, of the calls that waited.
        slow: For each threshold of an alert in seconds, how many that reached the model took longer; None if none did.
        unpriced: Calls with tokens but without a price.
        rare: What few calls have.
    """

    __slots__ = (*SUMS, *SKETCHES, "rare", "slow")

    def __init__(self) -> None:
        self.input_tokens = 0
        self.output_tokens = 0
        self.cached_tokens = 0
        self.cost_nano_usd = 0
        self.unpriced = 0
        self.latency: Buckets = {}
        self.model: Buckets = {}
        self.overhead: Buckets = {}
        self.first_token: Buckets = NO_BUCKETS
        self.inter_token: Buckets = NO_BUCKETS
        self.queue: Buckets = NO_BUCKETS
        self.rare = NOTHING_RARE
        self.slow: dict[float, int] | None = None

    @property
    def calls(self) -> int:
        """All of them."""
        return sum(self.overhead.values())

    @property
    def reached(self) -> int:
        """Those that reached the model."""
        return sum(self.latency.values())

    def copy(self) -> Series:
        """Return the same calls, to which no more are added."""
        made = Series()
        made.merge(self)
        return made

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
        self._merge_rare(other)

    def _merge_rare(self, other: Series) -> None:
        if other.first_token:
            self.first_token = _plus(self.first_token, other.first_token)
        if other.inter_token:
            self.inter_token = _plus(self.inter_token, other.inter_token)
        if other.queue:
            self.queue = _plus(self.queue, other.queue)
        if other.slow:
            self.slow = self.slow or {}
            merge(self.slow, other.slow)
        self.rare = self.rare.plus(other.rare)

    def count_waits(self, waits: Waits) -> None:
        """Count what a call waited for."""
        first, between, queue = waits
        if first is not None:
            self.first_token = _plus(self.first_token, {first: 1})
        if between is not None:
            self.inter_token = _plus(self.inter_token, {between: 1})
        if queue is not None:
            self.queue = _plus(self.queue, {queue: 1})

    def count_slow(self, seconds: float, thresholds_s: Iterable[float]) -> None:
        """Count a duration against every threshold."""
        slow = self.slow
        if slow is None:
            slow = self.slow = {}
        for threshold_s in thresholds_s:
            if seconds > threshold_s:
                slow[threshold_s] = slow.get(threshold_s, 0) + 1

    def count_rare(self, event: Event) -> None:
        """Count what most events do not have."""
        if self.rare is NOTHING_RARE:
            self.rare = Rare()
        self.rare.count(event)


def _plus(into: Buckets, other: Buckets) -> Buckets:
    """Add a sketch, and return where it stands."""
    if into is NO_BUCKETS:
        return dict(other)
    merge(into, other)
    return into
