"""An error budget that is spent too fast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import settle
from genai_guard.recording.alerts.base import Alert, Reading
from genai_guard.recording.alerts.checks import check_number, check_sample, check_window, exceeds, span
from genai_guard.recording.alerts.event import Severity
from genai_guard.recording.counts import Counts
from genai_guard.recording.facts import Facts

__all__ = ["BurnRate", "burn_rates"]

_HOUR_S: Final = 3600.0
_SHORT: Final = 12
"""How many times shorter the short window is."""


@dataclass(frozen=True, kw_only=True)
class BurnRate(Alert):
    """Fires when the error budget of an objective is spent at a multiple of the rate that it allows.

    An objective (SLO) of 0.999 allows one bad call in a thousand. A burn rate of 1 spends that budget exactly within the
    period of the objective; 14.4 over an hour spends 2 % of the budget of 30 days. The alert fires if the rate is
    exceeded in the long window, by more than chance explains, and in the short one, which is what resolves it soon after
    the end of the trouble (Google, The Site Reliability Workbook, 2018, chapter 5). `burn_rates` makes the usual three.

    Calls are bad if they end in an error, or, with `above_ms`, if they took longer; only those that reached the model
    have a duration.

    Args:
        slo: Share of the calls that must be good, for instance 0.999.
        burn: The highest rate that is all right.
        window_s: The long window, at most three days.
        short_window_s: The short window; a twelfth of the long one if None, but ten seconds at least.
        above_ms: Calls that take longer are bad, and errors do not matter; errors are bad if None.
        min_calls: With fewer calls in the long window the alert does not fire.
        confidence: How certain it must be, between 0.5 and 1; None to compare the plain shares.
    """

    kind: ClassVar[str] = "burn_rate"
    slo: float
    burn: float = 14.4
    window_s: float = _HOUR_S
    short_window_s: float | None = None
    above_ms: float | None = None
    min_calls: int = 20
    confidence: float | None = 0.95
    severity: Severity = "critical"

    def __post_init__(self) -> None:
        check_number(self, "slo", above=0.0, below=1.0)
        check_number(self, "burn", above=0.0)
        if self.burn * (1.0 - self.slo) >= 1.0:
            raise ConfigurationError(
                f"BurnRate(burn=...) must be below {1.0 / (1.0 - self.slo):g}: at an slo of {self.slo:g} no faster burn "
                "is possible, for then every call is bad"
            )
        check_window(self)
        if self.short_window_s is None:
            settle(self, short_window_s=max(10.0, self.window_s / _SHORT))
        check_window(self, "short_window_s", most=self.window_s)
        if self.above_ms is not None:
            check_number(self, "above_ms", above=0.0)
        check_sample(self)
        super().__post_init__()

    @property
    def threshold(self) -> float:
        """The burn rate."""
        return self.burn

    @property
    def slow_after_s(self) -> float | None:
        """The duration from which on a call is bad, in seconds."""
        return None if self.above_ms is None else self.above_ms / 1e3

    @property
    def looks_back_s(self) -> float:
        """The long window."""
        return self.window_s

    def read(self, facts: Facts, /) -> Reading:
        """Return the burn rate of the long window, and whether it is too high in both."""
        share, short_s = self.burn * (1.0 - self.slo), self.short_window_s or self.window_s
        bad, calls = self._bad(facts.counts(self.window_s))
        bad_now, calls_now = self._bad(facts.counts(short_s))
        firing = calls >= self.min_calls and bad_now > calls_now * share and exceeds(bad, calls, share, self.confidence)
        rate = bad / calls / (1.0 - self.slo) if calls else 0.0
        text = (
            f"{bad:,} of {calls:,} calls were bad in the last {span(self.window_s)}, and {bad_now:,} of {calls_now:,} in "
            f"the last {span(short_s)}: the error budget burns {rate:.3g} times as fast as an SLO of {self.slo:g} allows"
        )
        return Reading(firing, rate, text)

    def _bad(self, counts: Counts) -> tuple[int, int]:
        if self.slow_after_s is None:
            return counts.errors, counts.calls
        return counts.slow[self.slow_after_s], counts.reached

    def _default_name(self) -> str:
        what = "" if self.above_ms is None else f"_{self.above_ms:g}_ms"
        return f"burn_rate_{self.burn:g}_of_slo_{self.slo:g}{what}"


def burn_rates(slo: float, *, above_ms: float | None = None, by: str | tuple[str, ...] = ()) -> tuple[BurnRate, ...]:
    """Return the usual three alerts for an objective: 14.4 in 1 h and 5 min, 6 in 6 h and 30 min, 1 in 3 d and 6 h.

    They tell when 2 %, 5 % and 10 % of the budget of 30 days are spent; the first two are critical, the last a warning.

    Args:
        slo: Share of the calls that must be good, above 1 - 1 / 14.4, which is 0.931.
        above_ms: Calls that take longer are bad; errors are bad if None.
        by: Dimensions, as for any alert.

    Raises:
        ConfigurationError: the objective is none, or so low that it cannot burn 14.4 times as fast.
    """
    return (
        BurnRate(slo=slo, burn=14.4, window_s=_HOUR_S, short_window_s=300.0, above_ms=above_ms, by=by),
        BurnRate(slo=slo, burn=6.0, window_s=6 * _HOUR_S, short_window_s=1800.0, above_ms=above_ms, by=by),
        BurnRate(
            slo=slo, burn=1.0, window_s=72 * _HOUR_S, short_window_s=6 * _HOUR_S, above_ms=above_ms, by=by,
            severity="warning",
        ),
    )  # fmt: skip
