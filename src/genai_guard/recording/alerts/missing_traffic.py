"""Calls that do not come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from genai_guard.recording.alerts.base import Alert, Reading
from genai_guard.recording.alerts.checks import check_number, check_window, span
from genai_guard.recording.facts import Facts
from genai_guard.recording.windows import KEPT_S

__all__ = ["MissingTraffic"]


@dataclass(frozen=True, kw_only=True)
class MissingTraffic(Alert):
    """Fires when fewer calls come than should, and is resolved when enough do.

    It begins to look when calls have been counted for a whole window: a recorder that never had a call is silent. With
    `by` it is about the values that had a call within the last hour; one that had none for longer is taken for gone,
    and its alert is resolved.

    Args:
        window_s: How long to wait for them, from 10 seconds to an hour.
        at_least: How many calls.
    """

    kind: ClassVar[str] = "missing_traffic"
    window_s: float = 300.0
    at_least: int = 1

    def __post_init__(self) -> None:
        check_window(self, most=KEPT_S)
        check_number(self, "at_least", least=1)
        super().__post_init__()

    @property
    def threshold(self) -> float:
        """How many calls."""
        return float(self.at_least)

    @property
    def reads_when_idle(self) -> bool:
        """It does."""
        return True

    def read(self, facts: Facts, /) -> Reading:
        """Return the number of calls, and whether they are too few."""
        counts = facts.counts(self.window_s)
        text = f"{counts.calls:,} {'call' if counts.calls == 1 else 'calls'} in the last {span(self.window_s)}"
        return Reading(counts.seconds >= self.window_s and counts.calls < self.at_least, counts.calls, text)
