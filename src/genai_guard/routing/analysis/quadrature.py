"""Integrals of smooth functions, by the rule of Gauss and Legendre."""

from __future__ import annotations

import math
from functools import lru_cache

__all__ = ["legendre"]


@lru_cache(maxsize=64)
def legendre(count: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return nodes and weights on the interval from -1 to 1, found by Newton's method."""
    points: list[float] = []
    weights: list[float] = []
    for number in range(1, count + 1):
        x = math.cos(math.pi * (number - 0.25) / (count + 0.5))
        slope = 1.0
        for _ in range(100):
            before, value = 1.0, x
            for degree in range(2, count + 1):
                before, value = value, ((2 * degree - 1) * x * value - (degree - 1) * before) / degree
            slope = count * (x * value - before) / (x * x - 1.0)
            x -= value / slope
            if abs(value / slope) < 1e-15:
                break
        points.append(x)
        weights.append(2.0 / ((1.0 - x * x) * slope * slope))
    return tuple(points), tuple(weights)
