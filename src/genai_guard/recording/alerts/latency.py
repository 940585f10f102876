"""Too many slow calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from genai_guard.recording.alerts.base import Alert, Reading
from genai_guard.recording.alerts.checks import check_number, check_sample, check_window, exceeds, span
from genai_guard.recording.facts import Facts

__all__ = ["LatencyP99"]

SLOWEST: Final = 0.01
"""The share of calls above the 99th percentile."""


@dataclass(frozen=True, kw_only=True)
class LatencyP99(Alert):
    """Fires when the 99th percentile of latency is above a threshold.

    Decided from two counters: the p99 is above the threshold exactly if more than 1 % of the calls are. Only calls
    that reached the model count. One slow call alone never fires it: of fewer than a hundred calls the p99 is merely
    the slowest one.

    Args:
        above_ms: The threshold.
        window_s: How far to look back, from 10 seconds to three days.
        min_calls: With fewer calls in the window the alert does not fire.
        confidence: Fire only if a share above 1 % is that certain, instead of at once; between 0.5 and 1.
    """

    kind: ClassVar[str] = "latency_p99"
    above_ms: float
    window_s: float = 300.0
    min_calls: int = 20
    confidence: float | None = None

    def __post_init__(self) -> None:
        check_number(self, "above_ms", above=0.0)
        check_window(self)
        check_sample(self)
        super().__post_init__()

    @property
    def threshold(self) -> float:
        """The share of calls that may be slower; what is read is that share too."""
        return SLOWEST

    @property
    def slow_after_s(self) -> float:
        """The threshold in seconds."""
        return self.above_ms / 1e3

    @property
    def looks_back_s(self) -> float:
        """The window."""
        return self.window_s

    def read(self, facts: Facts, /) -> Reading:
        """Return the share of slow calls, and whether it is above 1 %."""
        counts = facts.counts(self.window_s)
        calls, slow = counts.reached, counts.slow[self.slow_after_s]
        firing = slow > 1 and calls >= self.min_calls and exceeds(slow, calls, SLOWEST, self.confidence)
        text = f"{slow:,} of {calls:,} calls took longer than {self.above_ms:g} ms in the last {span(self.window_s)}"
        return Reading(firing, slow / calls if calls else 0.0, text)

    def _default_name(self) -> str:
        return f"latency_p99_above_{self.above_ms:g}_ms"
