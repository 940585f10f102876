"""Checks of the parameters of alerts."""

from __future__ import annotations

import math
from typing import Any, TypeGuard, cast

from genai_guard.errors import ConfigurationError
from genai_guard.recording.binomial import tail
from genai_guard.recording.windows import COUNTED_S, SLICE_S

__all__ = ["check_number", "check_sample", "check_window", "dimensions_of", "exceeds", "span", "values_of"]


def check_number(
    part: object,
    name: str,
    *,
    least: float = -math.inf,
    above: float = -math.inf,
    most: float = math.inf,
    below: float = math.inf,
) -> None:
    """Refuse a parameter that is not a finite number within bounds."""
    value = getattr(part, name)
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if is_number and least <= value <= most and above < value < below:
        return
    bounds = (("at least", least), ("above", above), ("at most", most), ("below", below))
    wanted = " and ".join(f"{word} {bound:.10g}" for word, bound in bounds if math.isfinite(bound))
    given = f"{value:g}" if is_number else type(value).__name__
    raise ConfigurationError(f"{type(part).__name__}({name}=...) must be a number {wanted}, not {given}")


def check_window(part: object, name: str = "window_s", *, most: float = COUNTED_S) -> None:
    """Refuse a window for which no counts are kept."""
    check_number(part, name, least=SLICE_S, most=most)


def check_sample(part: Any) -> None:
    """Refuse a `min_calls` or `confidence` that makes no sense."""
    check_number(part, "min_calls", least=1)
    if part.confidence is not None:
        check_number(part, "confidence", least=0.5, below=1.0)


def dimensions_of(part: object, by: object) -> tuple[str, ...]:
    """Return the names of dimensions, which may be given as one string."""
    names = (by,) if isinstance(by, str) and by else by
    if isinstance(names, tuple | list) and all(isinstance(name, str) and name for name in cast("list[Any]", names)):
        found = tuple(cast("list[str]", names))
        if len(set(found)) == len(found):
            return found
    raise ConfigurationError(
        f"{type(part).__name__}(by=...) takes the name of a dimension, such as 'model', or several"
    )


def values_of(part: object, name: str) -> dict[str, str]:
    """Return the values of dimensions, checked."""
    where: object = getattr(part, name)
    if _is_dict(where) and all(isinstance(text, str) for pair in where.items() for text in pair) and all(where):
        return dict(where)
    raise ConfigurationError(
        f"{type(part).__name__}({name}=...) takes values of dimensions by their names, such as {{'model': 'large'}}"
    )


def _is_dict(value: object) -> TypeGuard[dict[Any, Any]]:
    return isinstance(value, dict)


def exceeds(hits: int, trials: int, share: float, confidence: float | None) -> bool:
    """Whether the share of hits is larger than `share`, with the confidence asked for."""
    if hits <= trials * share:
        return False
    return confidence is None or share == 0.0 or tail(hits, trials, share) <= 1.0 - confidence


def span(seconds: float) -> str:
    """Return a duration for people: `300 s`, `6 h`, `3 d`."""
    for unit, length_s in (("d", 86_400.0), ("h", 3600.0)):
        if seconds >= length_s and seconds % length_s == 0:
            return f"{seconds / length_s:g} {unit}"
    return f"{seconds:g} s"
