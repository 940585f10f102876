"""Several questions at once: p-values that are corrected for their number."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Final, Literal, TypeAlias

from genai_guard.errors import ConfigurationError

__all__ = ["Correction", "benjamini_hochberg", "correct", "holm"]

Correction: TypeAlias = Literal["holm", "bh"]
"""`holm`: a single false alarm among all has probability alpha at most. `bh`: of the alarms, a share alpha is false."""


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Return p-values so corrected that the chance of any false alarm stays below alpha (Holm, 1979).

    Under any dependence between them. Their order is kept.
    """
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    steps = ((len(order) - rank) * p_values[place] for rank, place in enumerate(order))
    return _placed(order, accumulate(steps, max))


def benjamini_hochberg(p_values: Sequence[float]) -> tuple[float, ...]:
    """Return p-values so corrected that of the alarms a share alpha is false (Benjamini and Hochberg, 1995).

    For p-values that are independent or positively dependent. Their order is kept.
    """
    order = sorted(range(len(p_values)), key=p_values.__getitem__, reverse=True)
    count = len(order)
    steps = (p_values[place] * (count / (count - rank)) for rank, place in enumerate(order))
    return _placed(order, accumulate(steps, min))


_CORRECTIONS: Final[Mapping[Correction, Callable[[Sequence[float]], tuple[float, ...]]]] = {
    "holm": holm,
    "bh": benjamini_hochberg,
}


def correct(p_values: Sequence[float], *, how: Correction) -> tuple[float, ...]:
    """Return corrected p-values, in the order of those given.

    Raises:
        ConfigurationError: there is no such correction.
    """
    if how not in _CORRECTIONS:
        raise ConfigurationError(f"correction={how!r} must be 'holm' or 'bh', or None")
    return _CORRECTIONS[how](p_values)


def _placed(order: Sequence[int], steps: Iterable[float]) -> tuple[float, ...]:
    corrected = [0.0] * len(order)
    for place, step in zip(order, steps, strict=True):
        corrected[place] = min(1.0, step)
    return tuple(corrected)
