"""How the tests of law 3 measure: whether doubling a text costs more than twice, on machines that are noisy.

What grows faster than the text does so at every length. So a text is convicted only when each of three doublings costs
too much by the least cost of some rounds, while the garbage collector rests: a collection costs what all other objects
of the process cost. A process that asks for more memory beyond some length pays for that at one of the doublings, and a
machine that slows down makes some rounds worse, seldom all of them.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

__all__ = ["cost_s", "grows_faster", "undisturbed"]

T = TypeVar("T")

MAX_RATIO: Final = 2.5
"""Doubling may cost a quarter more than twice."""
VISIBLE_S: Final = 0.001
"""What takes less is measured too badly to convict anyone."""
DOUBLINGS: Final = ((1, 2, 10), (2, 4, 3), (4, 8, 3))
"""How many times as long as the shortest both texts are, and the rounds: most is decided at the first, which is cheap."""


@contextmanager
def undisturbed() -> Iterator[None]:
    """Keep the garbage collector away from what is measured."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def cost_s(run: Callable[[T], object], argument: T) -> float:
    """Return the processor time of a run, in seconds."""
    with undisturbed():
        began = time.thread_time()
        run(argument)
        return time.thread_time() - began


def grows_faster(run: Callable[[T], object], of_times: Callable[[int], T]) -> bool:
    """Say whether the cost of a run grows visibly faster than its text, however often and wherever it is measured.

    Args:
        run: What is measured; it is given the text alone.
        of_times: Returns the text for a multiple of the shortest length; for a text that is repeated, its `__mul__`.
    """
    return all(_costs_too_much(run, of_times(half), of_times(whole), rounds) for half, whole, rounds in DOUBLINGS)


def _costs_too_much(run: Callable[[T], object], half: T, whole: T, rounds: int) -> bool:
    """Whether doubling costs too much by the least of each in so many rounds; two that do not are enough to acquit."""
    least = dear = float("inf")
    for count in range(1, rounds + 1):
        least, dear = min(least, cost_s(run, half)), min(dear, cost_s(run, whole))
        if dear <= VISIBLE_S or (count > 1 and dear <= MAX_RATIO * least):
            return False
    return True
