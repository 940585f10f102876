"""What tests of limits share: clocks that a test moves, a limiter on them, and what it answers."""

from __future__ import annotations

from typing import Any

import pytest

from genai_guard.errors import Rejected
from genai_guard.limits import Limit, MemoryStore, RateLimiter

SECOND = 10**9
DAY = 86_400 * SECOND


class Clock:
    """Whole nanoseconds that a test moves on, or back."""

    def __init__(self, now: int = 10**15) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


class Book:
    """A limiter whose clocks a test moves. Its day begins an hour before midnight in Berlin, in winter."""

    def __init__(self, *limits: Limit, **store: Any) -> None:
        self.clock, self.wall = Clock(), Clock(1_768_345_200 * SECOND)
        self.store = MemoryStore(clock=self.clock, wall_clock=self.wall, **store)
        self.limiter = RateLimiter(*limits, store=self.store)

    def wait(self, seconds: float) -> None:
        self.clock.now += round(seconds * SECOND)
        self.wall.now += round(seconds * SECOND)

    def used(self, **keys: Any) -> list[float]:
        return [level.used for level in self.limiter.peek(**keys)]

    def admits(self, **asked: Any) -> bool:
        try:
            self.limiter.reserve(**asked)
        except Rejected:
            return False
        return True

    def count(self, most: int = 50, /, **asked: Any) -> int:
        return sum(self.admits(**asked) for _ in range(most))

    def refusal(self, **asked: Any) -> Any:
        with pytest.raises(Rejected) as caught:
            self.limiter.reserve(**asked)
        return caught.value
