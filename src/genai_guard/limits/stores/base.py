"""Where usage is kept. A store is any object of this shape; it is given to the limiter, and registered nowhere."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Protocol, TypeAlias, TypeVar

from genai_guard.limits.limit import Limit
from genai_guard.limits.ticket import Buckets, Demand, Denial, Level, Ticket

__all__ = ["Answer", "Counts", "Store"]

T = TypeVar("T")
Answer: TypeAlias = T | Awaitable[T]


class Store(Protocol):
    """Keeps the usage of limits."""

    def bind(self, limits: Sequence[Limit], /) -> Counts:
        """Return the counts of these limits; whatever does not depend on a call is decided here.

        Called once, when a limiter is built. Limiters that are given the same store count equal limits together.
        """
        ...


class Counts(Protocol):
    """The usage of the limits of one limiter.

    The methods are plain, or all of them are `async def`; then the limiter serves `areserve` and `asettle` only.
    """

    def reserve(self, ticket: Ticket, buckets: Buckets, demand: Demand, /) -> Answer[Sequence[Denial]]:
        """Check every limit, then commit to every limit, in one step that no other call can come between.

        Where an enforced limit refuses, nothing is changed, and every enforced limit that refuses is returned.
        Otherwise `ticket.grant` becomes these counts and whatever they need to settle it, and `ticket.shadow_denials`
        the names of the shadow limits that refuse; by those the call is not counted.
        """
        ...

    def settle(self, ticket: Ticket, actual: tuple[int | None, ...], /) -> Answer[bool]:
        """Replace what was reserved by what was used, for each of `UNITS`; None leaves it as it was reserved.

        Never refuses. `ticket.grant` becomes `SETTLED`. A ticket that these counts did not grant, or have settled, is
        left alone, and the answer is False.
        """
        ...

    def peek(self, buckets: Buckets, /) -> Answer[Sequence[Level]]:
        """Return the level of every limit, in their order. Changes nothing."""
        ...

    def reset(self, buckets: Buckets | None, /) -> Answer[None]:
        """Forget the usage in these buckets, of the limits that go by their keys; None forgets all there is."""
        ...
