"""What has been spent in the current hour, day and month."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from time import gmtime
from typing import Final, Literal, NamedTuple, TypeAlias

from genai_guard.recording.series import NANO

__all__ = ["PERIODS", "Period", "Spending", "Spent", "Total", "end_of"]

Period: TypeAlias = Literal["hour", "day", "month"]
"""A calendar period in UTC."""


class Total(NamedTuple):
    """What has been spent since the beginning."""

    nano_usd: int = 0
    tokens: int = 0


NOTHING: Final = Total()

_HOUR_S: Final = 3600.0
_DAY_S: Final = 86_400.0


class Spent(NamedTuple):
    """What one period has cost so far."""

    usd: float = 0.0
    tokens: int = 0


def _hour(wall_s: float) -> float:
    return (wall_s // _HOUR_S + 1) * _HOUR_S


def _day(wall_s: float) -> float:
    return (wall_s // _DAY_S + 1) * _DAY_S


def _month(wall_s: float) -> float:
    """Go on day by day to the first of a month."""
    end_s = _day(wall_s)
    while gmtime(end_s).tm_mday != 1:
        end_s += _DAY_S
    return end_s


_ENDS: Final[dict[str, Callable[[float], float]]] = {"hour": _hour, "day": _day, "month": _month}

PERIODS: Final = tuple(_ENDS)


def end_of(period: str, wall_s: float) -> float:
    """Return when the period that holds `wall_s` ends, both in seconds since 1970."""
    return _ENDS[period](wall_s)


class Spending:
    """How much of an ever growing total falls into the current period, for each period that a budget asks about.

    Totals begin with the process. A clock set back across the end of a period does not reopen it: what is spent then
    counts for the later one.

    Attributes:
        ends_s: When the first of the current periods ends; at that time `turn` must be called before the total grows.
    """

    __slots__ = ("_before", "_ends_s", "ends_s")

    def __init__(self, periods: Iterable[str] = ()) -> None:
        self._ends_s = dict.fromkeys(periods, -math.inf)
        self._before = dict.fromkeys(self._ends_s, NOTHING)
        self.ends_s = -math.inf if self._ends_s else math.inf

    def turn(self, wall_s: float, total: Total) -> None:
        """Begin every period anew that ended by `wall_s`, when the total was `total`."""
        for period, ends_s in self._ends_s.items():
            if wall_s >= ends_s:
                self._ends_s[period] = end_of(period, wall_s)
                self._before[period] = total
        self.ends_s = min(self._ends_s.values(), default=math.inf)

    def restore(self, wall_s: float, total: Total, earlier: Mapping[str, Total]) -> None:
        """Add what was spent in the current periods before the total began."""
        self.turn(wall_s, total)
        for period, spent in earlier.items():
            if period in self._before:
                nano_usd, tokens = self._before[period]
                self._before[period] = Total(nano_usd - spent.nano_usd, tokens - spent.tokens)

    def spent(self, period: str, wall_s: float, total: Total) -> Spent:
        """Return what the period that holds `wall_s` has cost so far, when the total is `total`."""
        self.turn(wall_s, total)
        before = self._before[period]
        return Spent((total.nano_usd - before.nano_usd) / NANO, total.tokens - before.tokens)
