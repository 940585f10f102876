"""Bounds for looks that were planned: Pocock (Biometrika, 1977) and O'Brien and Fleming (Biometrics, 1979).

The probability of crossing is the integral of Armitage, McPherson and Rowe (JRSS A, 1969), look by look, by Gauss and
Legendre's rule: the density of what has not crossed is smooth, so few nodes give ten digits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, Literal, TypeAlias

from genai_guard.routing.analysis.distributions import normal_quantile, normal_tail
from genai_guard.routing.analysis.quadrature import legendre

__all__ = ["MAX_LOOKS", "Shape", "boundary", "crossing_probability", "drift_for", "fractions_of", "group_p"]

Shape: TypeAlias = Literal["pocock", "obrien_fleming"]
"""`pocock`: the same bound at every look. `obrien_fleming`: high at first, and nearly that of a fixed test at last."""

MAX_LOOKS: Final = 50

_FAR: Final = 8.5  # standard deviations beyond which there is nothing left of a normal density


def fractions_of(looks: int | Sequence[float]) -> tuple[float, ...]:
    """Return the share of the planned units at each look; equal steps for a number of looks."""
    if isinstance(looks, int):
        return tuple(look / looks for look in range(1, looks + 1))
    return tuple(float(fraction) for fraction in looks)


def boundary(fractions: Sequence[float], *, shape: Shape, alpha: float, sides: int = 2) -> tuple[float, ...]:
    """Return the bound for |z|, or for z where there is one side, at each look.

    Args:
        fractions: Share of the planned units at each look, rising, the last 1.
        shape: How the bound changes from look to look.
        alpha: Probability of crossing at any look if there is no effect.
        sides: 2 or 1.
    """
    constant = _constant(tuple(fractions), shape, alpha, sides)
    return tuple(constant * scale for scale in _scales(fractions, shape))


def group_p(z: float, *, look: int, fractions: Sequence[float], shape: Shape, sides: int = 2) -> float:
    """Return the repeated p-value: the smallest alpha whose bound is crossed at this look (Jennison and Turnbull).

    Args:
        z: Distance from the null in standard errors; for one side, positive towards the alternative.
        look: Which look this is, from 1.
        fractions: As for `boundary`.
        shape: As for `boundary`.
        sides: 2 or 1.
    """
    scales = _scales(fractions, shape)
    constant = (abs(z) if sides == 2 else z) / scales[look - 1]
    if constant <= 0:
        return 1.0
    return crossing_probability(fractions, [constant * scale for scale in scales], sides=sides)


def drift_for(fractions: Sequence[float], *, bounds: Sequence[float], power: float, sides: int = 2) -> float:
    """Return the expected z at the last look at which the bounds are crossed with probability `power`."""
    low, high = 0.0, bounds[-1] + normal_quantile(1.0 - power) + 4.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        enough = crossing_probability(fractions, bounds, drift=middle, sides=sides) >= power
        low, high = (low, middle) if enough else (middle, high)
        if high - low < 1e-10 * high:
            break
    return 0.5 * (low + high)


def crossing_probability(
    fractions: Sequence[float], bounds: Sequence[float], *, drift: float = 0.0, sides: int = 2
) -> float:
    """Return the probability that z crosses its bound at any look.

    Args:
        fractions: Share of the planned units at each look, rising.
        bounds: Bound at each look.
        drift: Expected z at a fraction of 1.
        sides: 2 or 1.
    """
    crossed, before = 0.0, 0.0
    nodes: Sequence[float] = (0.0,)  # the process so far, and how much probability is there
    masses: Sequence[float] = (1.0,)
    for fraction, bound in zip(fractions, bounds, strict=True):
        step = fraction - before
        sd, shift, root = math.sqrt(step), drift * step, math.sqrt(fraction)
        high = bound * root
        for node, mass in zip(nodes, masses, strict=True):
            over = normal_tail((high - node - shift) / sd)
            under = normal_tail((high + node + shift) / sd) if sides == 2 else 0.0
            crossed += mass * (over + under)
        floor = drift * fraction - _FAR * root
        low = max(-high, floor) if sides == 2 else floor
        ceiling = min(high, drift * fraction + _FAR * root)
        if low >= ceiling:
            break
        nodes, masses = _carried(nodes, masses, (low, ceiling), sd=sd, shift=shift)
        before = fraction
    return min(1.0, crossed)


def _carried(
    nodes: Sequence[float], masses: Sequence[float], ends: tuple[float, float], *, sd: float, shift: float
) -> tuple[list[float], list[float]]:
    """Return the process one look later, where it has not crossed."""
    half, middle = 0.5 * (ends[1] - ends[0]), 0.5 * (ends[1] + ends[0])
    points, weights = legendre(12 + math.ceil(3 * half / sd))
    later = [middle + half * point for point in points]
    exp, scale = math.exp, -0.5 / (sd * sd)
    front = half / (sd * math.sqrt(2.0 * math.pi))
    pairs = [(node + shift, mass) for node, mass in zip(nodes, masses, strict=True)]
    return later, [
        front * weight * sum(mass * exp(scale * (place - node) ** 2) for node, mass in pairs)
        for place, weight in zip(later, weights, strict=True)
    ]


def _scales(fractions: Sequence[float], shape: Shape) -> tuple[float, ...]:
    return tuple(1.0 if shape == "pocock" else 1.0 / math.sqrt(fraction) for fraction in fractions)


@lru_cache(maxsize=256)
def _constant(fractions: tuple[float, ...], shape: Shape, alpha: float, sides: int) -> float:
    """Return the factor of the bounds: the root of a smooth falling function, by secants between safe ends."""
    scales = _scales(fractions, shape)

    def excess(constant: float) -> float:
        bounds = [constant * scale for scale in scales]
        return math.log(crossing_probability(fractions, bounds, sides=sides) / alpha)

    low = normal_quantile(alpha / sides)  # a fixed test
    high = normal_quantile(alpha / sides / len(fractions)) + 1e-9  # Bonferroni's
    at_low, at_high = excess(low), excess(high)
    constant = high
    while high - low > 1e-11 and at_low > 0:
        constant = low + (high - low) * at_low / (at_low - at_high)
        value = excess(constant)
        if abs(value) < 1e-12:
            break
        if value > 0:
            low, at_low, at_high = constant, value, at_high / 2  # the Illinois rule: the other end must move too
        else:
            high, at_high, at_low = constant, value, at_low / 2
    return low if at_low <= 0 else constant
