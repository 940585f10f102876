"""More, or less, than before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import one_of
from genai_guard.recording.alerts.base import Alert, Reading
from genai_guard.recording.alerts.checks import check_number, check_sample, check_window, span
from genai_guard.recording.alerts.measures import MEASURES, MeasureName
from genai_guard.recording.binomial import tail
from genai_guard.recording.counts import Counts
from genai_guard.recording.facts import Facts
from genai_guard.recording.windows import COUNTED_S

__all__ = ["RateOfChange"]


@dataclass(frozen=True, kw_only=True)
class RateOfChange(Alert):
    """Fires when something happens so many times as often as before, or only so many times as often.

    The window is compared with the time before it. `calls`, `tokens` and `usd` are compared per second, what calls have
    (`errors`, `blocked`, `denied`, `cancelled`, `guardrail_hits`) per call. What is counted must have changed by more
    than chance explains: given the sum of both counts, that of the window is binomial if the rates are in the ratio
    asked about (Przyborowski and Wilenski, Biometrika, 1940). Tokens and dollars do not come one by one, and their
    plain ratio is compared. It begins to look when calls have been counted for all of that time.

    Args:
        measure: What is counted.
        above: How many times as often is still all right, for instance 2.
        below: How many times as often is still enough, for instance 0.5. Give one of the two.
        window_s: The window, from 10 seconds on.
        baseline_s: The time before it; both together are at most three days.
        min_calls: With fewer calls in the time before, the alert does not fire; what has hardly been there cannot change.
        confidence: How certain it must be, between 0.5 and 1; None to compare the plain ratio.
    """

    kind: ClassVar[str] = "rate_of_change"
    measure: MeasureName = "calls"
    above: float | None = None
    below: float | None = None
    window_s: float = 300.0
    baseline_s: float = 3300.0
    min_calls: int = 20
    confidence: float | None = 0.99

    def __post_init__(self) -> None:
        one_of(self, "measure", set(MEASURES))
        if (self.above is None) is (self.below is None):
            raise ConfigurationError("Alert.rate_of_change() takes either above= or below=")
        check_number(self, "above" if self.below is None else "below", above=0.0)
        check_window(self)
        check_number(self, "baseline_s", least=self.window_s, most=COUNTED_S - self.window_s)
        check_sample(self)
        super().__post_init__()

    @property
    def threshold(self) -> float:
        """The ratio."""
        return (self.below if self.above is None else self.above) or 0.0

    @property
    def looks_back_s(self) -> float:
        """The window and the time before it."""
        return self.window_s + self.baseline_s

    @property
    def reads_when_idle(self) -> bool:
        """Whether it is about a decline."""
        return self.below is not None

    def read(self, facts: Facts, /) -> Reading:
        """Return how many times as often it happens as before, and whether that is too much or too little."""
        now, both = facts.counts(self.window_s), facts.counts(self.looks_back_s)
        measure = MEASURES[self.measure]
        count = measure.count(now)
        before = max(0, measure.count(both) - count)  # where slices are folded, the longer window may know less
        size, size_before = self._exposure(now), self._exposure(both) - self._exposure(now)
        ratio = _ratio(count, size, before, size_before)
        known = both.seconds >= self.looks_back_s and both.calls - now.calls >= self.min_calls
        firing = known and size > 0 and size_before > 0 and self._changed(count, size, before, size_before)
        text = (
            f"{ratio:.2g} times as many {self.measure.replace('_', ' ')} in the last {span(self.window_s)} as in the "
            f"{span(self.baseline_s)} before"
        )
        return Reading(firing, ratio, text)

    def _exposure(self, counts: Counts) -> float:
        """What counts are compared per: seconds, or calls."""
        return counts.seconds if self.measure in {"calls", "tokens", "usd"} else counts.calls

    def _changed(self, count: float, size: float, before: float, size_before: float) -> bool:
        rising, bound = self.above is not None, self.threshold
        if rising != (count * size_before > bound * before * size) or count * size_before == bound * before * size:
            return False
        if self.confidence is None or not MEASURES[self.measure].is_whole:
            return True
        share = bound * size / (bound * size + size_before)
        total = int(count + before)
        chance = tail(int(count), total, share) if rising else tail(int(before), total, 1.0 - share)
        return chance <= 1.0 - self.confidence

    def _default_name(self) -> str:
        return f"{self.measure}_{'above' if self.below is None else 'below'}_{self.threshold:g}_times"


def _ratio(count: float, size: float, before: float, size_before: float) -> float:
    """Return the ratio of two rates; against nothing, that against one."""
    return count * size_before / (max(before, 1.0) * size) if size > 0 else 0.0
