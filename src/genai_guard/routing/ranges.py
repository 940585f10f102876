"""Which buckets each variant has: consecutive ones by weight, or ranges that are written down."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from genai_guard.errors import ConfigurationError
from genai_guard.routing.assignment import boundaries

if TYPE_CHECKING:
    from genai_guard.routing.experiment import Variant

__all__ = ["NOBODY", "Range", "check_cover", "checked_ranges", "laid_out", "sizes"]

NOBODY: Final = -1
"""Stands for a variant where there is none."""


class Range(NamedTuple):
    """Buckets from `start` on, without `end`, and the index of the variant that has them."""

    start: int
    end: int
    arm: int


def checked_ranges(value: object, *, where: str) -> tuple[tuple[int, int], ...]:
    """Return ranges as tuples, in the order of their buckets.

    Raises:
        ConfigurationError: one is no pair of whole numbers, or nothing lies between the two.
    """
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise ConfigurationError(f"{where}: ranges must be a list of pairs, not {type(value).__name__}")
    return tuple(sorted(_pair(each, where=where) for each in cast("Iterable[object]", value)))


def laid_out(variants: Sequence[Variant], space: int) -> list[Range]:
    """Return the ranges of all variants in the order of their buckets."""
    if variants[0].ranges is None:
        bounds = (0, *boundaries([variant.weight for variant in variants], space))
        ranges = [Range(start, end, arm) for arm, (start, end) in enumerate(pairwise(bounds))]
        return [each for each in ranges if each.start < each.end]
    pairs = ((pair, arm) for arm, variant in enumerate(variants) for pair in variant.ranges or ())
    return sorted(Range(pair[0], pair[1], arm) for pair, arm in pairs)


def check_cover(ranges: Sequence[Range], names: Sequence[str], space: int, *, gaps: bool, where: str) -> None:
    """Refuse ranges in which a bucket has no variant, or two.

    Raises:
        ConfigurationError: there is such a bucket.
    """
    at, before = 0, NOBODY
    for each in [*ranges, Range(space, space, NOBODY)]:
        if each.start < at:
            raise ConfigurationError(_overlap(each, at, before, names, space, where=where))
        if each.start > at and not gaps:
            raise ConfigurationError(
                f"{where}: no variant has the buckets from {at} to {each.start}; every bucket from 0 to {space} needs "
                "one: let a range reach further, or let rebalance() write them"
            )
        at, before = each.end, each.arm


def _overlap(each: Range, at: int, before: int, names: Sequence[str], space: int, *, where: str) -> str:
    if each.arm == NOBODY:
        return f"{where}: {names[before]!r} has buckets up to {at}; there are {space}"
    return (
        f"{where}: {names[before]!r} and {names[each.arm]!r} both have the buckets from {each.start} to "
        f"{min(each.end, at)}: take them out of one"
    )


def sizes(ranges: Iterable[Range], count: int) -> list[int]:
    """Return the number of buckets of each of so many variants."""
    result = [0] * count
    for each in ranges:
        result[each.arm] += each.end - each.start
    return result


def _pair(value: object, *, where: str) -> tuple[int, int]:
    pair = tuple(cast("list[Any]", value)) if isinstance(value, list | tuple) else ()
    if len(pair) != 2 or any(type(bound) is not int for bound in pair) or not 0 <= pair[0] < pair[1]:
        raise ConfigurationError(
            f"{where}: ranges has {value!r}; a range is a pair of whole numbers [start, end] with start below end"
        )
    return pair[0], pair[1]
