"""Too many thumbs down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from genai_guard.recording.alerts.base import Alert, Reading
from genai_guard.recording.alerts.checks import check_number, exceeds, span
from genai_guard.recording.facts import Facts
from genai_guard.recording.feedback.counting import FEEDBACK_KEPT_S, SLICE_S
from genai_guard.recording.windows import COUNTED_S

__all__ = ["ThumbsDownRate"]


@dataclass(frozen=True, kw_only=True)
class ThumbsDownRate(Alert):
    """Fires when too many of the thumbs that users gave are down.

    As with errors, it takes the lower bound of Clopper and Pearson to be above the threshold. What counts is when a thumb
    was given, not when the call was made. Who gives thumbs is not everybody: it compares a product with itself, and
    no two groups of users.

    With `by` it is about the values that had a call within the last three days; calls that the process does not
    remember any more have none.

    Args:
        above: The highest share that is all right, for instance 0.2.
        window_s: How far to look back, from a minute to three days; the minute in which it begins counts whole.
        min_thumbs: With fewer thumbs in the window the alert does not fire.
        confidence: How certain it must be, between 0.5 and 1; None to compare the plain shares.
    """

    kind: ClassVar[str] = "thumbs_down_rate"
    above: float
    window_s: float = 3600.0
    min_thumbs: int = 10
    confidence: float | None = 0.95

    def __post_init__(self) -> None:
        check_number(self, "above", least=0.0, below=1.0)
        check_number(self, "window_s", least=SLICE_S, most=FEEDBACK_KEPT_S)
        check_number(self, "min_thumbs", least=1)
        if self.confidence is not None:
            check_number(self, "confidence", least=0.5, below=1.0)
        super().__post_init__()

    @property
    def threshold(self) -> float:
        """The highest share that is all right."""
        return self.above

    @property
    def looks_back_s(self) -> float:
        """Feedback may come long after its call."""
        return COUNTED_S

    @property
    def reads_feedback(self) -> bool:
        """It goes by nothing else."""
        return True

    def read(self, facts: Facts, /) -> Reading:
        """Return the share of thumbs that are down, and whether it is too high."""
        counts = facts.feedback(self.window_s)
        thumbs = counts.up + counts.down
        firing = thumbs >= self.min_thumbs and exceeds(counts.down, thumbs, self.above, self.confidence)
        text = f"{counts.down:,} of {thumbs:,} thumbs were down in the last {span(self.window_s)}"
        return Reading(firing, counts.thumbs_down_rate or 0.0, text)

    def _default_name(self) -> str:
        return f"thumbs_down_rate_above_{self.above:g}"
