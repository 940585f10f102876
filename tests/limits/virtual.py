"""An event loop whose time passes when everybody sleeps, and only then."""

from __future__ import annotations

import asyncio
import math
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

from limits.books import SECOND, Clock

T = TypeVar("T")


class _Selector(selectors.DefaultSelector):
    clock: Clock

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "everybody sleeps, and nobody will wake them"
            self.clock.now += math.ceil(timeout * SECOND)
        return ready


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self, clock: Clock) -> None:
        selector = _Selector()
        selector.clock = self._virtual = clock
        super().__init__(selector)

    def time(self) -> float:
        return self._virtual.now / SECOND


def run(clock: Clock, work: Coroutine[Any, Any, T]) -> T:
    """Run something in virtual time."""
    loop = _Loop(clock)
    try:
        return loop.run_until_complete(asyncio.wait_for(work, None))
    finally:
        loop.close()
