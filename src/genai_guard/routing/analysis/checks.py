"""Checks of what is asked of an analysis. Each raises `ConfigurationError` with the remedy."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from genai_guard.errors import ConfigurationError
from genai_guard.routing.analysis.exposures import Seen
from genai_guard.routing.analysis.group_bounds import MAX_LOOKS, fractions_of
from genai_guard.routing.analysis.metric import Metric, number_in

__all__ = ["columns", "looks", "metrics", "settings", "shares"]

_METHODS: Final = ("fixed", "group_sequential", "sequential", "exact")
_ALTERNATIVES: Final = ("two-sided", "greater", "less", "better")


def metrics(
    given: Iterable[str | Metric] | str | Metric,
    *,
    ratio: tuple[str, str] | None,
    quantile: float | None,
    cuped: str | Mapping[Any, float] | None,
    margin: float,
    relative_margin: float,
) -> tuple[Metric, ...]:
    """Return the metrics, with what was said for all that are given by name."""
    listed = (given,) if isinstance(given, str | Metric) else tuple(given)
    common: dict[str, Any] = {"margin": margin, "relative_margin": relative_margin}
    found = [
        each if isinstance(each, Metric) else Metric(each, quantile=quantile, cuped=cuped, **common) for each in listed
    ]
    if ratio is not None:
        found.append(Metric(" per ".join(ratio), ratio=ratio, cuped=cuped, **common))
    if not found:
        raise ConfigurationError("analyze(...) needs metrics=[...], names of columns or Metric(...), or ratio=...")
    labels = [each.label for each in found]
    if twice := next((label for label in labels if labels.count(label) > 1), None):
        raise ConfigurationError(f"metrics has {twice!r} twice")
    return tuple(found)


def settings(method: str, *, alpha: float, alternative: str, points: int, planned_units: int | None) -> None:
    """Refuse what no method can work with."""
    _one_of(method, _METHODS, "method")
    _one_of(alternative, _ALTERNATIVES, "alternative")
    if not (isinstance(alpha, float) and 0 < alpha < 0.5):
        raise ConfigurationError(f"alpha={alpha!r} must lie between 0 and 0.5; 5 % is 0.05")
    if not (type(points) is int and 0 <= points <= 1000):
        raise ConfigurationError(f"points={points!r} must be a whole number from 0 to 1000")
    if planned_units is not None and not (type(planned_units) is int and planned_units > 0):
        raise ConfigurationError(f"planned_units={planned_units!r} must be a whole number above zero")


def looks(method: str, *, looks: int | Sequence[float] | None, look: int | None, bounds: str) -> tuple[float, ...]:
    """Return the planned looks as shares of the planned units; none for other methods."""
    if method != "group_sequential":
        if looks is not None or look is not None:
            raise ConfigurationError(f"looks and look belong to method='group_sequential', not to {method!r}")
        return ()
    _one_of(bounds, ("obrien_fleming", "pocock"), "bounds")
    if looks is None or look is None:
        raise ConfigurationError(
            "method='group_sequential' needs looks, how many were planned, and look, which this is"
        )
    whole = type(looks) is int
    number = looks if isinstance(looks, int) else len(looks)
    if not 2 <= number <= MAX_LOOKS:
        raise ConfigurationError(f"looks must be from 2 to {MAX_LOOKS}")
    fractions = fractions_of(looks)
    if not whole and not (fractions[0] > 0 and fractions[-1] == 1 and all(a < b for a, b in pairwise(fractions))):
        raise ConfigurationError("looks must be rising shares of the planned units, the last 1")
    if not (type(look) is int and 1 <= look <= number):
        raise ConfigurationError(f"look={look!r} must be a whole number from 1 to {number}")
    return fractions


def columns(metrics: Sequence[Metric], rows: Sequence[Seen]) -> None:
    """Refuse a metric of which no row has a value."""
    for metric in metrics:
        wanted = (*metric.columns, metric.cuped) if isinstance(metric.cuped, str) else metric.columns
        for column in wanted:
            if all(number_in(seen.row, column) is None for seen in rows):
                raise ConfigurationError(f"no row has a number in {column!r}; there are {_numeric(rows)}")


def shares(given: Mapping[str, float], variants: Iterable[str]) -> None:
    """Refuse planned shares that are not of the variants."""
    if unknown := [name for name in variants if name not in given]:
        raise ConfigurationError(f"shares lacks the variant {unknown[0]!r}")
    if not all(isinstance(share, int | float) and 0 < share < math.inf for share in given.values()):
        raise ConfigurationError("shares must be numbers above zero")


def _numeric(rows: Sequence[Seen]) -> str:
    names: dict[str, None] = {}
    for seen in rows[:1000]:
        names |= dict.fromkeys(name for name, value in seen.row.items() if isinstance(value, int | float))
    shown = sorted(names)
    return ", ".join(shown[:20]) + (", ..." if len(shown) > 20 else "") or "none with numbers"


def _one_of(value: object, allowed: Sequence[str], of: str) -> None:
    if value not in allowed:
        raise ConfigurationError(f"{of}={value!r} must be {', '.join(map(repr, allowed[:-1]))} or {allowed[-1]!r}")
