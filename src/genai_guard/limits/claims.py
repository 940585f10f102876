"""Which limits apply to a call, in which bucket, and what each of them is asked for: the same for every store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from genai_guard.limits.buckets import Bucket, Buckets
from genai_guard.limits.limit import Limit
from genai_guard.limits.states.base import StateMachine
from genai_guard.limits.ticket import Demand
from genai_guard.limits.units import UNITS

__all__ = ["Claim", "Claims"]


class Claim(NamedTuple):
    """What one limit is asked for.

    Attributes:
        place: That of the limit among those of the limiter.
        bucket: Whose usage it is.
        cost: Units.
        machine: What counts them: that of the limit, or of an override.
    """

    place: int
    bucket: Bucket
    cost: int
    machine: StateMachine[Any]


class Claims:
    """Resolves the overrides and precedences of some limits, which is decided once but for the call's own keys.

    Attributes:
        are_plain: Whether every limit applies to every call, by one machine.
    """

    def __init__(self, limits: Sequence[Limit]) -> None:
        self._rows: Final = tuple(_Row.of(place, limit, limits) for place, limit in enumerate(limits))
        self.are_plain: Final = not any(row.special or row.unless for row in self._rows)

    def of(self, buckets: Buckets, demand: Demand) -> list[Claim]:
        """Return the claims of a call on the limits that apply to it, in their order."""
        return [
            Claim(row.place, bucket, demand[row.unit], machine)
            for row in self._rows
            if (machine := row.special.get(bucket := buckets[row.by], row.machine)) is not None
            and not (row.unless and any(buckets[by] in named for by, named in row.unless))
        ]


class _Row(NamedTuple):
    """One limit.

    Attributes:
        place: Its place.
        by: Its key.
        unit: Place of its unit among the costs.
        machine: What counts it; None if it limits nobody but those with an override.
        special: What counts it for buckets with an override; None for no limit.
        unless: Keys and buckets to which it does not apply.
    """

    place: int
    by: Any
    unit: int
    machine: StateMachine[Any] | None
    special: dict[Any, StateMachine[Any] | None]
    unless: tuple[tuple[Any, frozenset[Any]], ...]

    @classmethod
    def of(cls, place: int, limit: Limit, limits: Sequence[Limit]) -> _Row:
        yields_to = [other for other in limits if other.name in limit.unless]
        return cls(
            place,
            limit.by or "",
            UNITS.index(limit.unit),
            None if limit.amount is None else limit.machine,
            dict(limit.machines),
            tuple((other.by, frozenset(other.machines)) for other in yields_to),
        )
