"""What alerts are decided from, as they see it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from genai_guard.recording.counts import Counts
from genai_guard.recording.spending import Period, Spent

if TYPE_CHECKING:
    from genai_guard.recording.feedback.counting import FeedbackCounts

__all__ = ["Facts", "Slices"]


class Facts(Protocol):
    """What alerts are decided from: of all calls, or of a slice of them."""

    def counts(self, window_s: float, /) -> Counts:
        """Return the exact counters of the last `window_s` seconds, at most three days."""
        ...

    def feedback(self, window_s: float, /) -> FeedbackCounts:
        """Return what was said in the last `window_s` seconds, at most three days."""
        ...

    def spent(self, period: Period, /) -> Spent:
        """Return what the current period has cost so far. Of all calls, always."""
        ...


class Slices(Facts, Protocol):
    """Facts that can be told apart by dimensions."""

    def within(self, where: Mapping[str, str], /) -> Facts:
        """Return what is known of the calls with these values of dimensions."""
        ...

    def values(self, by: Sequence[str], window_s: float, /, where: Mapping[str, str]) -> Iterable[tuple[str, ...]]:
        """Return the values that the calls of the last `window_s` seconds with `where` have in the dimensions `by`."""
        ...
