"""Which calls a log keeps, and how tables of a sample are read as if they were whole.

A call is in the sample of a fraction if the hash of its request id is below it: every process, and every log, answers
the same, and the sample of a smaller fraction is part of that of a larger one. `sampling_fraction` of a row is the
probability with which its call was kept: 1 for those that are kept always. So `sum(1 / sampling_fraction)` over rows
estimates how many calls there were.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, TypeVar

import mmh3

__all__ = ["STATUSES", "evenly", "is_sampled", "weight"]

R = TypeVar("R", bound=Mapping[str, Any])

STATUSES: Final = (
    *("ok", "blocked", "rate_limited", "budget_exceeded", "breaker_open", "component_failed", "error", "timeout"),
    *("cancelled", "abandoned"),
)
"""How a call can end."""

_SALT: Final = "inference_log:"  # not that of an experiment: the sample must not depend on the variant


def is_sampled(request_id: str, fraction: float) -> bool:
    """Whether a call is in the sample of a fraction."""
    text = f"{_SALT}{request_id}".encode("utf-8", "surrogatepass")
    return (mmh3.mmh3_x64_128_uintdigest(text, 0) >> 64) < fraction * (1 << 64)


def weight(row: Mapping[str, Any]) -> float:
    """Return for how many calls a row stands: the inverse of its `sampling_fraction`; 1 if it has none."""
    fraction: object = row.get("sampling_fraction")
    return 1 / fraction if isinstance(fraction, int | float) and 0 < fraction <= 1 else 1.0


def evenly(rows: Iterable[R]) -> Iterator[R]:
    """Yield the rows that a log would have which keeps nothing always: a sample with one fraction, the smallest there is.

    Means, shares and quantiles of it are those of all calls. Where all rows have the same `sampling_fraction`, all of
    them are yielded. A collection is gone through twice; the rows of an iterator are held in memory.
    """
    kept = list(rows) if isinstance(rows, Iterator) else rows
    fractions = {1 / weight(row) for row in kept}
    smallest = min(fractions, default=1.0)
    if len(fractions) <= 1:
        yield from kept
    else:
        yield from (row for row in kept if "request_id" not in row or is_sampled(str(row["request_id"]), smallest))
