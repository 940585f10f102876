"""What can be counted in a window, by the name that alerts call it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from genai_guard.recording.counts import Counts

__all__ = ["MEASURES", "Measure", "MeasureName"]

MeasureName: TypeAlias = Literal["blocked", "calls", "cancelled", "denied", "errors", "guardrail_hits", "tokens", "usd"]


@dataclass(frozen=True, slots=True)
class Measure:
    """One of the things that are counted.

    Attributes:
        count: Returns it.
        is_share: Whether calls have it or not, so that it has a share of them.
        is_whole: Whether it is a number of things that happen one by one, so that chance has a say in it.
    """

    count: Callable[[Counts], float]
    is_share: bool = False
    is_whole: bool = True


def _ended(*statuses: str) -> Callable[[Counts], float]:
    return lambda counts: sum([counts.statuses.get(status, 0) for status in statuses])


MEASURES: Final[Mapping[str, Measure]] = {
    "blocked": Measure(_ended("blocked"), is_share=True),
    "calls": Measure(lambda counts: counts.calls),
    "cancelled": Measure(_ended("cancelled", "abandoned"), is_share=True),
    "denied": Measure(_ended("rate_limited", "budget_exceeded"), is_share=True),
    "errors": Measure(lambda counts: counts.errors, is_share=True),
    "guardrail_hits": Measure(
        lambda counts: sum([count for hit, count in counts.hits.items() if hit.mode != "shadow"])
    ),
    "tokens": Measure(lambda counts: counts.tokens, is_whole=False),
    "usd": Measure(lambda counts: counts.usd, is_whole=False),
}
