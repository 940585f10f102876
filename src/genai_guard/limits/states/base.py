"""What a way of counting is: a pure function from one state to the next.

Rule 1: A machine holds numbers of its limit and nothing else. The state of a bucket is a value that a store keeps
    for it and hands back; its form is the machine's own business.
Rule 2: A state is never changed, only replaced. A store that throws a new state away has changed nothing.
Rule 3: `None` is the state of a bucket never used. A drained state and `None` answer every question alike, so that
    a store may forget the one for the other.
Rule 4: Time is an argument: whole nanoseconds of any monotonic clock. A machine shown an earlier time than before
    admits no more than it would have.
"""

from __future__ import annotations

from typing import Protocol, TypeVar, runtime_checkable

__all__ = ["SettlingMachine", "StateMachine"]

S = TypeVar("S")


class StateMachine(Protocol[S]):
    """Counts the usage of one bucket against one limit."""

    def reserve(self, state: S | None, now: int, cost: int, /) -> S | None:
        """Return the state with `cost` in it, or None if it does not fit."""
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


@runtime_checkable
class SettlingMachine(StateMachine[S], Protocol[S]):
    """A machine that can replace a reservation by what was used. One without `settle` keeps reservations as they are."""

    def settle(self, state: S | None, now: int, mark: S, reserved: int, actual: int, /) -> S | None:
        """Return the state with `actual` units in place of `reserved`; None if nothing is left in it. Never refuses.

        Args:
            state: The bucket as it is now.
            now: The time.
            mark: What `reserve` returned when it took the reservation.
            reserved: The cost that was reserved.
            actual: The cost that arose; more than reserved is a debt.
        """
        ...
