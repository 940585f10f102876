"""Clocks of stores: whole nanoseconds, and none that steps back where time must not."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, final

from genai_guard.errors import ConfigurationError

__all__ = ["Clock", "Forward", "checked"]

Clock: TypeAlias = Callable[[], int]
"""Whole nanoseconds since any moment."""


def checked(clock: Clock, name: str = "clock") -> Clock:
    """Return a clock that counts in whole nanoseconds.

    Raises:
        ConfigurationError: it does not.
    """
    if not callable(clock) or type(clock()) is not int:
        raise ConfigurationError(
            f"{name} must be a function that returns whole nanoseconds"
            + (" and never steps back, such as time.monotonic_ns" if name == "clock" else ", such as time.time_ns")
        )
    return clock


@final
class Forward:
    """A clock that stands still where the one it is made of steps back, and goes on from there."""

    __slots__ = ("_clock", "_lag", "_latest")

    def __init__(self, clock: Clock) -> None:
        self._clock = checked(clock)
        self._latest = clock()
        self._lag = 0

    def __call__(self) -> int:
        """Return the time, which is never less than before."""
        now = self._clock() + self._lag
        if now < self._latest:
            self._lag += self._latest - now
            return self._latest
        self._latest = now
        return now
