"""Places for calls in flight, each leased to the call that has it.

A call gives its place back when it is settled. If it never is, because the process died that had the call, the lease
runs out and the place is taken over. Whoever comes back late has nothing to give back: the place is not in its name.

A state maps each holder to the end of its lease.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from genai_guard.limits.states.base import MachineClock, Mark
from genai_guard.limits.states.packing import pack, unpack

__all__ = ["Slots"]

SlotsState: TypeAlias = tuple[Mapping[int, int]]


@dataclass(frozen=True, slots=True)
class Slots:
    """Counts calls in flight. Each step takes time in proportion to them.

    Args:
        amount: Places.
        lease_ns: How long a place is kept that is neither given back nor renewed.
    """

    clock: ClassVar[MachineClock] = "steady"

    amount: int
    lease_ns: int

    @property
    def capacity(self) -> int:
        """The amount."""
        return self.amount

    def reserve(self, state: SlotsState | None, now: int, cost: int, holder: int = 0, /) -> SlotsState | None:
        """Return the places with one for `holder`, or None if all are taken. A holder who has one keeps it for longer.

        A call takes one place, whatever its cost; one that costs nothing takes none.
        """
        held: Mapping[int, int] = {} if state is None else state[0]
        until = now + self.lease_ns
        if not cost:
            return ({**held, holder: until} if self._has(held, holder, now) else held,)
        if len(held) >= self.amount and holder not in held:
            held = _running(held, now)
            if len(held) >= self.amount:
                return None
        return ({**held, holder: until},)

    def settle(  # noqa: PLR0917  as the protocol has it
        self, state: SlotsState | None, now: int, mark: Mark, reserved: int, actual: int, holder: int = 0, /
    ) -> SlotsState | None:
        """Return the places without that of `holder`."""
        del now, mark, reserved, actual
        if state is None:
            return None
        held = state[0]
        if holder in held:
            held = {other: until for other, until in held.items() if other != holder}
        return (held,) if held else None

    def wait_ns(self, state: SlotsState | None, now: int, cost: int, /) -> int | None:
        """Return how long until so many leases have run out that there is a place. A call that ends makes one sooner."""
        del cost
        ends = sorted(_running(state[0], now).values()) if state else []
        return ends[len(ends) - self.amount] - now

    def drain_ns(self, state: SlotsState, now: int, /) -> int:
        """Return how long until the last lease has run out."""
        return max(state[0].values(), default=now) - now

    def used(self, state: SlotsState, now: int, /) -> int:
        """Return the places that are taken."""
        return len(_running(state[0], now))

    def cleared(self, state: SlotsState, now: int, /) -> None:
        """Take every place back."""

    def part(self, _state: SlotsState, /) -> int:
        """Return 0: a place is a place."""
        return 0

    def encode(self, state: SlotsState, /) -> bytes:
        """Return each holder and the end of its lease."""
        return pack(number for item in state[0].items() for number in item)

    def decode(self, data: bytes, _now: int, /) -> SlotsState:
        """Return the places; those taken do not depend on how many there are."""
        numbers = unpack(data)
        return (dict(zip(numbers[::2], numbers[1::2], strict=True)),)

    @staticmethod
    def _has(held: Mapping[int, int], holder: int, now: int) -> bool:
        return holder in held and held[holder] > now


def _running(held: Mapping[int, int], now: int) -> dict[int, int]:
    """Return the leases that have not run out."""
    return {holder: until for holder, until in held.items() if until > now}
