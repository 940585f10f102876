"""Distributions on the standard library alone: normal, Student's t, chi-square, beta, binomial.

Tails are computed as tails, so a probability of 1e-30 has as many right digits as one of 0.3: about ten. The
incomplete beta and gamma functions are the continued fractions of the Digital Library of Mathematical Functions
(8.17.22, 8.9.2), evaluated by the method of Lentz.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import count
from statistics import NormalDist
from typing import Final

__all__ = [
    "binomial_at_most",
    "chi_square_tail",
    "log_beta",
    "log_beta_below",
    "normal_quantile",
    "normal_tail",
    "student_quantile",
    "student_tail",
]

_STANDARD: Final = NormalDist()
_TINY: Final = 1e-300
_EPSILON: Final = 1e-16


def normal_tail(z: float) -> float:
    """Return the probability that a standard normal variable exceeds `z`."""
    return 0.5 * math.erfc(z / math.sqrt(2.0))


def normal_quantile(tail: float) -> float:
    """Return what a standard normal variable exceeds with probability `tail`, strictly between 0 and 1."""
    return -_STANDARD.inv_cdf(tail)


def student_tail(t: float, *, df: float) -> float:
    """Return the probability that a variable of Student's distribution exceeds `t`; normal for infinite `df`."""
    if math.isinf(df):
        return normal_tail(t)
    if t < 0:
        return 1.0 - student_tail(-t, df=df)
    # Either argument of the beta distribution is a complement of the other: each is computed without cancellation.
    below, above = df / (df + t * t), t * t / (df + t * t)
    return 0.5 * math.exp(_log_below(df / 2, 0.5, below, above))


def student_quantile(tail: float, *, df: float) -> float:
    """Return what a variable of Student's distribution exceeds with probability `tail`, strictly between 0 and 1."""
    if tail > 0.5:
        return -student_quantile(1.0 - tail, df=df)
    start = normal_quantile(tail)
    if math.isinf(df):
        return start
    low, high = start, max(1.0, 2.0 * start)
    while student_tail(high, df=df) > tail:
        low, high = high, 2.0 * high
    # Its tail is that of the normal distribution, or heavier: the quantile lies above `low`.
    while high - low > 1e-13 * high:
        middle = 0.5 * (low + high)
        if middle in {low, high}:
            break
        low, high = (middle, high) if student_tail(middle, df=df) > tail else (low, middle)
    return 0.5 * (low + high)


def chi_square_tail(x: float, *, df: int) -> float:
    """Return the probability that a chi-square variable with `df` degrees of freedom exceeds `x`."""
    if x <= 0:
        return 1.0
    shape, half = df / 2, x / 2
    log_front = shape * math.log(half) - half - math.lgamma(shape)
    if half < shape + 1:
        term = total = 1.0 / shape
        for step in count(1):
            term *= half / (shape + step)
            total += term
            if term < total * _EPSILON:
                break
        return 1.0 - total * math.exp(log_front)
    numbers = ((-step * (step - shape), half + 2 * step + 1 - shape) for step in count(1))
    return math.exp(log_front) / _lentz(half + 1 - shape, numbers)


def log_beta(a: float, b: float) -> float:
    """Return the logarithm of the beta function."""
    if b > a:
        a, b = b, a
    if a > 1e3 * max(1.0, b):  # the difference of two large logarithms would lose digits
        return math.lgamma(b) - b * math.log(a) + _log_gamma_excess(a, b)
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def log_beta_below(x: float, *, a: float, b: float) -> float:
    """Return the logarithm of the probability that a beta variable lies below `x`; -inf for 0 and less."""
    if x <= 0:
        return -math.inf
    return 0.0 if x >= 1 else _log_below(a, b, x, 1.0 - x)


def binomial_at_most(hits: int, *, trials: int, share: float) -> float:
    """Return the probability of at most `hits` in `trials` when each comes up with probability `share`."""
    if hits < 0:
        return 0.0
    if hits >= trials:
        return 1.0
    return math.exp(log_beta_below(1.0 - share, a=trials - hits, b=hits + 1))


def _log_below(a: float, b: float, x: float, rest: float) -> float:
    """Return the logarithm of the incomplete beta function, where `rest` is `1 - x`."""
    if x <= 0:
        return -math.inf
    if rest <= 0:
        return 0.0
    log_front = a * math.log(x) + b * math.log(rest) - log_beta(a, b)
    if x < (a + 1) / (a + b + 2):
        return log_front - math.log(a) - math.log(_beta_fraction(a, b, x))
    above = math.exp(log_front - math.log(b) - math.log(_beta_fraction(b, a, rest)))
    return math.log1p(-above) if above < 1 else -math.inf


def _beta_fraction(a: float, b: float, x: float) -> float:
    return _lentz(1.0, ((number, 1.0) for number in _beta_numbers(a, b, x)))


def _beta_numbers(a: float, b: float, x: float) -> Iterator[float]:
    for step in count(1):
        half, odd = divmod(step, 2)
        if odd:
            yield -(a + half) * (a + b + half) * x / ((a + 2 * half) * (a + 2 * half + 1))
        else:
            yield half * (b - half) * x / ((a + 2 * half - 1) * (a + 2 * half))


def _lentz(first: float, parts: Iterator[tuple[float, float]]) -> float:
    """Return `first + n1 / (d1 + n2 / (d2 + ...))`."""
    value = ratio = first or _TINY
    inverse = 0.0
    for number, divisor in parts:
        inverse = 1.0 / ((divisor + number * inverse) or _TINY)
        ratio = (divisor + number / ratio) or _TINY
        step = ratio * inverse
        value *= step
        if abs(step - 1.0) < 4 * _EPSILON:
            break
    return value


def _log_gamma_excess(a: float, b: float) -> float:
    """Return `lgamma(a) - lgamma(a + b) + b log(a)` for large `a`, by the series of Stirling."""
    shift = math.log1p(b / a)
    return b - (a + b - 0.5) * shift + _stirling(a) - _stirling(a + b)


def _stirling(x: float) -> float:
    return (1 / 12 - (1 / 360 - 1 / (1260 * x * x)) / (x * x)) / x
