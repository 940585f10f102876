"""The generic cell rate algorithm: a rate with a burst, in one integer for each bucket.

The state is the theoretical arrival time: when the bucket would be empty if nothing more arrived. A request moves it
one interval on, and fits if it then lies no further ahead than a full bucket takes to drain. This is the leaky bucket
as a meter, ITU-T I.371 annex A.

On every interval of length t the admitted units are at most `burst + amount * t / period_ns`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import gcd
from typing import ClassVar

from genai_guard.limits.states.base import MachineClock
from genai_guard.limits.states.packing import pack, unpack

__all__ = ["Gcra"]


@dataclass(frozen=True, slots=True)
class Gcra:
    """Counts requests, which are never given back: time has drained them already.

    Arithmetic is exact at every rate. Where an interval is no whole number of nanoseconds, as for 7 a minute, time
    is counted in a fraction of them.

    Args:
        amount: Units that drain in one period.
        period_ns: The period.
        burst: Units that fit into an empty bucket at once.
    """

    clock: ClassVar[MachineClock] = "steady"

    amount: int
    period_ns: int
    burst: int
    _interval: int = field(init=False, repr=False, compare=False)
    _ticks: int = field(init=False, repr=False, compare=False)
    _tolerance: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        common = gcd(self.amount, self.period_ns)
        object.__setattr__(self, "_ticks", self.amount // common)  # in a nanosecond
        object.__setattr__(self, "_interval", self.period_ns // common)  # ticks from one unit to the next
        object.__setattr__(self, "_tolerance", self.burst * self._interval)

    @property
    def capacity(self) -> int:
        """The burst."""
        return self.burst

    def reserve(self, state: int | None, now: int, cost: int, _holder: int = 0, /) -> int | None:
        """Return the arrival time after `cost` more units, or None if it is too far ahead."""
        tick = now if self._ticks == 1 else now * self._ticks  # as of most rates, and faster
        arrival = (tick if state is None or state < tick else state) + cost * self._interval
        return arrival if arrival - tick <= self._tolerance else None

    def wait_ns(self, state: int | None, now: int, cost: int, /) -> int | None:
        """Return how long until `cost` fits; None for more than a burst."""
        if cost > self.burst:
            return None
        tick = now * self._ticks
        arrival = (tick if state is None else max(tick, state)) + cost * self._interval
        return -((tick + self._tolerance - arrival) // self._ticks)

    def drain_ns(self, state: int, now: int, /) -> int:
        """Return how long until the bucket is empty."""
        return -((now * self._ticks - state) // self._ticks)

    def used(self, state: int, now: int, /) -> int:
        """Return the units that have not drained yet."""
        return max(0, -((now * self._ticks - state) // self._interval))

    def cleared(self, state: int, now: int, /) -> None:
        """Forget the bucket: nothing is ever given back to it."""

    def encode(self, state: int, /) -> bytes:
        """Return the arrival time, with what its ticks and intervals are."""
        return pack((self._ticks, self._interval, state))

    def decode(self, data: bytes, now: int, /) -> int:
        """Return the arrival time; of another rate that after which as many units have drained as had to there."""
        ticks, interval, state = unpack(data)
        if (ticks, interval) == (self._ticks, self._interval):
            return state
        ahead = max(0, state - now * ticks)
        return now * self._ticks - (-ahead * self._interval // interval)
