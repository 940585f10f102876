"""Where the labels of axes are, and what they say."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, NamedTuple

from genai_guard.recording.report.blocks import Tick
from genai_guard.recording.report.summary import Span, Summary
from genai_guard.units import plain_time

__all__ = ["LinearAxis", "LogAxis", "TimeAxis", "linear_axis", "log_axis", "moment", "per", "time_axis"]

_HIGH: Final = 1000.0
_STEPS_S: Final = (
    *(1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 345_600),
    *(604_800, 1_209_600),
)
_STEPS_MONTHS: Final = (1, 2, 3, 6, 12, 24, 60, 120)
_MOST_TICKS: Final = 9
_DAY_S: Final = 86_400
_WEEK_S: Final = 7 * _DAY_S
_MONDAY_S: Final = 4 * _DAY_S
"""The first Monday after 1970-01-01."""
_UNITS: Final = {1: "second", 60: "minute", 3600: "hour", _DAY_S: "day"}


class LinearAxis(NamedTuple):
    """Values from 0 to `top`, evenly."""

    top: float
    ticks: tuple[Tick, ...]

    def y(self, value: float) -> float:
        """Return where a value is, from above, in a box 1000 high."""
        return round(_HIGH * (1 - min(value, self.top) / self.top), 1)


class LogAxis(NamedTuple):
    """Values from `low` to `high`, each power of ten as long as the next."""

    low: float
    high: float
    ticks: tuple[Tick, ...]

    def y(self, value: float) -> float:
        """Return where a value is, from above, in a box 1000 high."""
        return round(_HIGH * (1 - self.share(value)), 1)

    def share(self, value: float) -> float:
        """Return where a value is, from 0 for the lowest to 1 for the highest."""
        inside = min(max(value, self.low), self.high)
        return math.log(inside / self.low) / math.log(self.high / self.low)


class TimeAxis(NamedTuple):
    """The slots of a summary beside each other."""

    span: Span
    width_s: int
    slots: int
    ticks: tuple[Tick, ...]

    def x(self, number: int) -> float:
        """Return where a slot begins, in a box 1000 wide."""
        return round(1000 * number / self.slots, 2)

    def name(self, number: int) -> str:
        """Return what a slot is called: when it begins."""
        begins = datetime.fromtimestamp(self.span.since_s + number * self.width_s, UTC)
        if self.width_s >= _DAY_S:
            return f"{begins:%Y-%m-%d}"
        return f"{begins:%Y-%m-%d %H:%M}" if self.width_s % 60 == 0 else f"{begins:%Y-%m-%d %H:%M:%S}"

    def percent(self, time_s: float) -> float:
        """Return where a moment is, in hundredths of the width; outside of 0 to 100 if it is not shown."""
        return round(100 * (time_s - self.span.since_s) / self.span.seconds, 2)


def linear_axis(most: float, write: Callable[[float], str], *, whole: bool = False) -> LinearAxis:
    """Return an axis with room for `most`, and about four labels; without fractions if `whole`."""
    rough = (most if most > 0 else 1) / 4
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * each for each in (1, 2, 2.5, 5, 10) if size * each >= rough * 0.9999)
    if whole:
        step = max(1, math.ceil(step))
    count = max(1, math.ceil(most / step - 1e-9))
    ticks = tuple(Tick(round(100 * number / count, 2), write(step * number)) for number in range(count + 1))
    return LinearAxis(step * count, ticks)


def log_axis(least: float, most: float, write: Callable[[float], str]) -> LogAxis:
    """Return an axis from `least` to `most`, with a label at 1, 2 and 5 of each power of ten, or fewer if these are many.

    It has two labels at least: with one alone nobody could tell how long it is.
    """
    low, high = least / 1.15, max(most, least * 1.5) * 1.15
    if len(_round_values(low, high, (1, 2, 5))) < 2:
        low, high = _round_values(low / 10, low, (1, 2, 5))[-1], _round_values(high, high * 10, (1, 2, 5))[0]
    axis = LogAxis(low, high, ())
    inside: list[float] = []
    for factors in ((1, 2, 5), (1, 3), (1,)):
        inside = _round_values(low, high, factors)
        if len(inside) <= 6:
            break
    return axis._replace(ticks=tuple(Tick(round(100 * axis.share(each), 2), write(each)) for each in inside))


def _round_values(low: float, high: float, factors: tuple[int, ...]) -> list[float]:
    """Return the multiples of powers of ten that are within two values."""
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    values = (factor * 10.0**exponent for exponent in exponents for factor in factors)
    return [value for value in values if low * (1 - 1e-9) <= value <= high * (1 + 1e-9)]


def time_axis(summary: Summary) -> TimeAxis:
    """Return the axis of the slots of a summary. Times are in UTC; weeks begin on Mondays."""
    span = summary.span
    axis = TimeAxis(span, summary.width_s, max(1, len(summary.slots)), ())
    if not span.seconds:
        return axis
    shown = [(axis.percent(time_s), label) for time_s, label in _labels(span)]
    return axis._replace(ticks=tuple(Tick(at, label) for at, label in shown if at <= 97))


def _labels(span: Span) -> list[tuple[float, str]]:
    """Return moments that people think in, at most ten, and what they are called."""
    step = next((each for each in _STEPS_S if span.seconds / each <= _MOST_TICKS), None)
    if step is None:
        return [(each.timestamp(), f"{each:%b %Y}") for each in _months(span)]
    begin = _MONDAY_S if step % _WEEK_S == 0 else 0
    first = math.ceil((span.since_s - begin) / step) * step + begin
    return [(each, _tick(each, step, span)) for each in range(int(first), int(span.until_s) + 1, step)]


def _months(span: Span) -> list[datetime]:
    """Return first days of months, evenly."""
    since, until = (datetime.fromtimestamp(each, UTC) for each in span)
    first, last = since.year * 12 + since.month, until.year * 12 + until.month - 1  # the month after the first moment
    step = next((each for each in _STEPS_MONTHS if (last - first) / each <= _MOST_TICKS), _STEPS_MONTHS[-1])
    return [
        datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)
        for number in range(math.ceil(first / step) * step, last + 1, step)
    ]


def _tick(time_s: float, step: int, span: Span) -> str:
    time = datetime.fromtimestamp(time_s, UTC)
    if step >= _DAY_S or (span.seconds > _DAY_S and time_s % _DAY_S == 0):
        return f"{time:%b} {time.day}"
    return f"{time:%H:%M}" if step >= 60 else f"{time:%H:%M:%S}"


def per(width_s: float) -> str:
    """Return what values are counted in: `per minute`, `per 20 min`."""
    return f"per {_UNITS.get(int(width_s)) or plain_time(width_s)}"


def moment(time_s: float) -> str:
    """Return a time for people, in UTC."""
    return f"{datetime.fromtimestamp(time_s, UTC):%Y-%m-%d %H:%M:%S} UTC"
