"""A clock that stands still until a test moves it."""

from __future__ import annotations

import math
import types
from collections.abc import Generator
from threading import Lock
from typing import Final

from genai_guard.errors import ConfigurationError

__all__ = ["FakeClock", "loop_turn"]

_START_NS: Final = 1_000 * 10**9
"""Not zero: code that takes 0 for "never" shall fail in a test, not in production."""


class FakeClock:
    """Time, under the names of the module `time`: `monotonic_ns`, `monotonic`, `time` and `sleep`.

    Each method is a clock to hand on: `RateLimiter(..., clock=clock.monotonic_ns)`,
    `MetricsRecorder(clock=clock.monotonic, wall_clock=clock.time)`. All of them move together; the wall clock can be set
    apart by `shift_wall`, as an operator or a time server would. May be used from several threads.
    """

    def __init__(self, *, wall_s: float = 1_767_225_600.0) -> None:
        """Start at a moment.

        Args:
            wall_s: Wall clock at the start, in seconds since 1970; 2026-01-01 00:00 UTC unless said.
        """
        self._ns = _START_NS
        self._wall_ns = _nanoseconds(wall_s)
        self._lock = Lock()

    def monotonic_ns(self) -> int:
        """Return nanoseconds since some moment. Never goes back."""
        return self._ns

    def monotonic(self) -> float:
        """Return the same in seconds."""
        return self._ns / 1e9

    def time(self) -> float:
        """Return the wall clock, in seconds since 1970."""
        return self._wall_ns / 1e9

    def advance(self, seconds: float) -> None:
        """Let time pass.

        Raises:
            ConfigurationError: `seconds` is negative or not finite.
        """
        if not (math.isfinite(seconds) and seconds >= 0):
            raise ConfigurationError(f"FakeClock.advance({seconds!r}): takes seconds, zero or more")
        passed = _nanoseconds(seconds)
        with self._lock:
            self._ns += passed
            self._wall_ns += passed

    def sleep(self, seconds: float) -> None:
        """Let time pass, where `time.sleep` is expected."""
        self.advance(seconds)

    async def asleep(self, seconds: float) -> None:
        """Let time pass and other tasks run once, where `asyncio.sleep` is expected."""
        self.advance(seconds)
        await loop_turn()

    def shift_wall(self, seconds: float) -> None:
        """Set the wall clock forward, or back by a negative number; the monotonic clocks do not notice."""
        with self._lock:
            self._wall_ns += _nanoseconds(seconds)

    def __repr__(self) -> str:
        return f"<FakeClock {(self._ns - _START_NS) / 1e9:g} s after its start>"


def _nanoseconds(seconds: float) -> int:
    return round(seconds * 1e9)


@types.coroutine
def loop_turn() -> Generator[None, None, None]:
    """Yield to the event loop once: what `asyncio.sleep(0)` is, without importing asyncio."""
    yield
