"""What a way of counting is: a pure function from one state to the next.

Rule 1: A machine holds numbers of its limit and nothing else. The state of a bucket is a value that a store keeps
    for it and hands back; its form is the machine's own business.
Rule 2: A state is never changed, only replaced. A store that throws a new state away has changed nothing.
Rule 3: `None` is the state of a bucket never used. A drained state and `None` answer every question alike, so that
    a store may forget the one for the other.
Rule 4: Time is an argument: whole nanoseconds, of any clock that never steps back if the machine's `clock` is
    `steady`, since 1970 if it is `wall`. A machine shown an earlier time than before admits no more than it would have.
Rule 5: Units and times are whole numbers, and nothing is ever rounded in favour of a call.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final, Literal, Protocol, TypeAlias, TypeVar, runtime_checkable

__all__ = ["MOST_DEBT", "MachineClock", "Mark", "SettlingMachine", "StateMachine"]

S = TypeVar("S")

MachineClock: TypeAlias = Literal["steady", "wall"]

Mark: TypeAlias = tuple[Any, ...]
"""Where a reservation stands. Its first item is all that matters, so that a state serves, and `(part,)` as well."""

MOST_DEBT: Final = 1 << 52
"""Most units that one call can use beyond its reservation. It is more than any limit, so that decisions are the same,
and exact in the numbers of every store."""


class StateMachine(Protocol[S]):
    """Counts the usage of one bucket against one limit."""

    clock: ClassVar[MachineClock]
    """Which time it is to be shown."""

    @property
    def capacity(self) -> int:
        """Most units that can be in use at once."""
        ...

    def reserve(self, state: S | None, now: int, cost: int, holder: int = 0, /) -> S | None:
        """Return the state with `cost` in it, or None if it does not fit.

        Args:
            state: The bucket as it is now.
            now: The time.
            cost: Units, zero or more.
            holder: `Ticket.id` of the call, for machines that keep who holds what; others do not look at it. A holder
                who reserves again holds more, and for as long as if everything were reserved now; one who reserves
                nothing more is never refused that.
        """
        ...

    def wait_ns(self, state: S | None, now: int, cost: int, /) -> int | None:
        """Return how long until `cost` fits if nothing else happens, to the nanosecond; None if it never can.

        Asked only when `reserve` said no.
        """
        ...

    def drain_ns(self, state: S, now: int, /) -> int:
        """Return how long until the state is as good as None; zero or less when it is."""
        ...

    def used(self, state: S, now: int, /) -> int:
        """Return the units in use, in whole units, rounded up. Debt can take it beyond the limit."""
        ...

    def cleared(self, state: S, now: int, /) -> S | None:
        """Return the state with its usage forgiven, into which no earlier reservation can be given back."""
        ...

    def encode(self, state: S, /) -> bytes:
        """Return the state in few bytes. A machine with another amount can decode it."""
        ...

    def decode(self, data: bytes, now: int, /) -> S:
        """Return the state that `encode` made bytes of, with its usage in units kept if the amount is another now."""
        ...


@runtime_checkable
class SettlingMachine(StateMachine[S], Protocol[S]):
    """A machine that can replace a reservation by what was used. One without `settle` keeps reservations as they are.

    Its states do not depend on the amount.
    """

    def part(self, state: S, /) -> int:
        """Return where in the state a reservation that was made now would stand: which cell, which period."""
        ...

    def settle(  # noqa: PLR0917  positional, because that is faster
        self, state: S | None, now: int, mark: Mark, reserved: int, actual: int, holder: int = 0, /
    ) -> S | None:
        """Return the state with `actual` units in place of `reserved`; None if nothing is left in it. Never refuses.

        Args:
            state: The bucket as it is now.
            now: The time.
            mark: What `reserve` returned when it took the reservation, or `(part,)` with what `part` says of that.
            reserved: The cost that was reserved.
            actual: The cost that arose; more than reserved is a debt.
            holder: What was passed to `reserve`.
        """
        ...
