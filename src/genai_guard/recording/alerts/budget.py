"""Too much spent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import one_of
from genai_guard.recording.alerts.base import Alert, Reading
from genai_guard.recording.alerts.checks import check_number
from genai_guard.recording.alerts.event import Severity
from genai_guard.recording.facts import Facts
from genai_guard.recording.spending import PERIODS, Period

__all__ = ["Budget"]


@dataclass(frozen=True, kw_only=True)
class Budget(Alert):
    """Fires when a budget is spent, and is resolved when the next hour, day or month begins in UTC.

    It only tells; to refuse calls, use a `Limit`. Money is that of calls whose model has a price. Sums are exact,
    begin with the process, and are those of all calls: it takes neither `by` nor `where`. For a slice of the calls,
    use `Alert.threshold_of(measure="usd", ...)`, whose window may be as long as three days.

    Args:
        usd: What may be spent in money.
        tokens: What may be spent in tokens, input plus output. Give one of the two.
        per: `hour`, `day` or `month`.
    """

    kind: ClassVar[str] = "budget"
    sliceable: ClassVar[bool] = False
    usd: float | None = None
    tokens: int | None = None
    per: Period = "day"
    severity: Severity = "critical"

    def __post_init__(self) -> None:
        if (self.usd is None) is (self.tokens is None):
            raise ConfigurationError("Alert.budget() takes either usd= or tokens=")
        check_number(self, "usd" if self.tokens is None else "tokens", above=0.0)
        one_of(self, "per", set(PERIODS))
        super().__post_init__()

    @property
    def threshold(self) -> float:
        """The budget."""
        return self.usd if self.usd is not None else float(self.tokens or 0)

    @property
    def period(self) -> Period:
        """The period it is for."""
        return self.per

    def read(self, facts: Facts, /) -> Reading:
        """Return what is spent, and whether that is all."""
        spent = facts.spent(self.per)
        if self.usd is not None:
            text = f"${spent.usd:,.2f} of ${self.usd:,.2f} spent this {self.per}"
            return Reading(spent.usd >= self.usd, spent.usd, text)
        text = f"{spent.tokens:,} of {self.tokens:,} tokens spent this {self.per}"
        return Reading(spent.tokens >= self.threshold, spent.tokens, text)

    def _default_name(self) -> str:
        unit = "tokens" if self.usd is None else "usd"
        return f"budget_{self.threshold:g}_{unit}_per_{self.per}"
