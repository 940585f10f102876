"""Where the labels of axes are, and what they say."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, NamedTuple

from genai_guard.recording.report.blocks import Tick
from genai_guard.recording.report.summary import Span, Summary

__all__ = ["LinearAxis", "LogAxis", "TimeAxis", "linear_axis", "log_axis", "moment", "time_axis"]

_HIGH: Final = 1000.0
_STEPS_S: Final = (
    *(1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800),
    *(604_800, 1_209_600, 2_592_000, 7_776_000, 31_536_000),
)
_MOST_TICKS: Final = 9
_DAY_S: Final = 86_400


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
    """Return an axis from `least` to `most`, with a label at 1, 2 and 5 of each power of ten, or fewer if these are many."""
    low, high = least / 1.15, max(most, least * 1.5) * 1.15
    axis = LogAxis(low, high, ())
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for factors in ((1, 2, 5), (1, 3), (1,)):
        values = [factor * 10.0**exponent for exponent in exponents for factor in factors]
        inside = [value for value in values if low <= value <= high]
        if len(inside) <= 6:
            break
    return axis._replace(ticks=tuple(Tick(round(100 * axis.share(each), 2), write(each)) for each in inside))


def time_axis(summary: Summary) -> TimeAxis:
    """Return the axis of the slots of a summary. Times are in UTC."""
    span = summary.span
    step = next((each for each in _STEPS_S if span.seconds / each <= _MOST_TICKS), _STEPS_S[-1])
    axis = TimeAxis(span, summary.width_s, max(1, len(summary.slots)), ())
    if not span.seconds:
        return axis
    first = math.ceil(span.since_s / step) * step
    times = range(int(first), int(span.until_s) + 1, step)
    shown = [(each, axis.percent(each)) for each in times]
    return axis._replace(ticks=tuple(Tick(at, _tick(each, step, span)) for each, at in shown if at <= 97))


def _tick(time_s: float, step: int, span: Span) -> str:
    time = datetime.fromtimestamp(time_s, UTC)
    if step >= 28 * _DAY_S:
        return f"{time:%b %Y}"
    if step >= _DAY_S or (span.seconds > _DAY_S and time_s % _DAY_S == 0):
        return f"{time:%b} {time.day}"
    return f"{time:%H:%M}" if step >= 60 else f"{time:%H:%M:%S}"


def moment(time_s: float) -> str:
    """Return a time for people, in UTC."""
    return f"{datetime.fromtimestamp(time_s, UTC):%Y-%m-%d %H:%M:%S} UTC"
