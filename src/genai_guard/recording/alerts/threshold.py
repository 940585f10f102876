"""Too much or too little of something."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import one_of
from genai_guard.recording.alerts.base import Alert, Reading
from genai_guard.recording.alerts.checks import check_number, check_sample, check_window, exceeds, span
from genai_guard.recording.alerts.measures import MEASURES, MeasureName
from genai_guard.recording.counts import Counts
from genai_guard.recording.facts import Facts
from genai_guard.recording.windows import KEPT_S

__all__ = ["Threshold"]


@dataclass(frozen=True, kw_only=True)
class Threshold(Alert):
    """Fires when something that is counted is above a threshold, or below one.

    `errors`, `blocked`, `denied` and `cancelled` are measured as a share of the calls, and must be beyond the threshold
    by more than chance explains, as in `ErrorRate`. `calls`, `tokens`, `usd` and `guardrail_hits` are the sums of the
    window; what is too little of them is known when calls have been counted for the whole window.

    Args:
        measure: What is counted.
        above: The most that is all right.
        below: The least that is all right. Give one of the two.
        window_s: How far to look back, from 10 seconds to three days.
        min_calls: With fewer calls in the window a share does not fire.
        confidence: How certain a share must be, between 0.5 and 1; None to compare the plain shares.
    """

    kind: ClassVar[str] = "threshold"
    measure: MeasureName
    above: float | None = None
    below: float | None = None
    window_s: float = 300.0
    min_calls: int = 10
    confidence: float | None = 0.95

    def __post_init__(self) -> None:
        one_of(self, "measure", set(MEASURES))
        if (self.above is None) is (self.below is None):
            raise ConfigurationError("Alert.threshold_of() takes either above= or below=")
        bound = "above" if self.below is None else "below"
        if MEASURES[self.measure].is_share:
            check_number(self, bound, least=0.0, most=1.0)
        else:
            check_number(self, bound, least=0.0)
        check_window(self)
        check_sample(self)
        super().__post_init__()

    @property
    def threshold(self) -> float:
        """The most or least that is all right."""
        return (self.below if self.above is None else self.above) or 0.0

    @property
    def looks_back_s(self) -> float:
        """The window; an hour at least, where those with no calls in the window may be the ones."""
        return self.window_s if self.below is None else max(self.window_s, KEPT_S)

    @property
    def reads_when_idle(self) -> bool:
        """Whether too little is too little."""
        return self.below is not None

    def read(self, facts: Facts, /) -> Reading:
        """Return the share or sum, and whether it is too much or too little."""
        counts = facts.counts(self.window_s)
        count, past = MEASURES[self.measure].count(counts), f"in the last {span(self.window_s)}"
        if MEASURES[self.measure].is_share:
            text = f"{int(count):,} of {counts.calls:,} calls were {self.measure} {past}"
            if self.measure == "errors":
                text = f"{int(count):,} of {counts.calls:,} calls failed {past}"
            return Reading(self._beyond(int(count), counts), count / counts.calls if counts.calls else 0.0, text)
        amount = f"${count:,.2f}" if self.measure == "usd" else f"{int(count):,} {self.measure.replace('_', ' ')}"
        if self.above is not None:
            return Reading(count > self.above, count, f"{amount} {past}")
        return Reading(counts.seconds >= self.window_s and count < self.threshold, count, f"{amount} {past}")

    def _beyond(self, count: int, counts: Counts) -> bool:
        if counts.calls < self.min_calls:
            return False
        if self.above is not None:
            return self.above < 1.0 and exceeds(count, counts.calls, self.above, self.confidence)
        below = self.threshold
        return below > 0.0 and exceeds(counts.calls - count, counts.calls, 1.0 - below, self.confidence)

    def _default_name(self) -> str:
        return f"{self.measure}_{'above' if self.below is None else 'below'}_{self.threshold:g}"
