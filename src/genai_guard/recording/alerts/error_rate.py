"""Too many errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from genai_guard.recording.alerts.base import Alert, Reading
from genai_guard.recording.alerts.checks import check_number, check_sample, check_window, exceeds, span
from genai_guard.recording.alerts.event import Severity
from genai_guard.recording.facts import Facts

__all__ = ["ErrorRate"]


@dataclass(frozen=True, kw_only=True)
class ErrorRate(Alert):
    """Fires when too many calls end as `error`, `timeout` or `component_failed`.

    A share seen in few calls says little: 1 error in 20 calls is quite likely at a true rate of 1 %. So the alert
    fires when the lower bound of Clopper and Pearson for the true rate is above the threshold. The bound holds for
    each look; whoever looks every second for a year will see the rare event.

    Args:
        above: The highest share that is all right, for instance 0.01.
        window_s: How far to look back, from 10 seconds to three days.
        min_calls: With fewer calls in the window the alert does not fire.
        confidence: How certain it must be, between 0.5 and 1; None to compare the plain shares.
    """

    kind: ClassVar[str] = "error_rate"
    above: float
    window_s: float = 300.0
    min_calls: int = 10
    confidence: float | None = 0.95
    severity: Severity = "critical"

    def __post_init__(self) -> None:
        check_number(self, "above", least=0.0, below=1.0)
        check_window(self)
        check_sample(self)
        super().__post_init__()

    @property
    def threshold(self) -> float:
        """The highest share that is all right."""
        return self.above

    @property
    def looks_back_s(self) -> float:
        """The window."""
        return self.window_s

    def read(self, facts: Facts, /) -> Reading:
        """Return the error rate, and whether it is too high."""
        counts = facts.counts(self.window_s)
        rate = counts.errors / counts.calls if counts.calls else 0.0
        firing = counts.calls >= self.min_calls and exceeds(counts.errors, counts.calls, self.above, self.confidence)
        text = f"{counts.errors:,} of {counts.calls:,} calls failed in the last {span(self.window_s)}"
        return Reading(firing, rate, text)

    def _default_name(self) -> str:
        return f"error_rate_above_{self.above:g}"
