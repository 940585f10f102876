"""Where usage is kept. A store is any object of this shape; it is given to the limiter, and registered nowhere."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import NamedTuple, Protocol, TypeAlias, TypeVar

from genai_guard.limits.buckets import Bucket, Buckets
from genai_guard.limits.limit import Limit
from genai_guard.limits.ticket import Demand, Denial, Level, Ticket

__all__ = ["Answer", "Counts", "Row", "Store"]

T = TypeVar("T")
Answer: TypeAlias = T | Awaitable[T]


class Row(NamedTuple):
    """The usage of one bucket.

    Attributes:
        limit: The limit.
        bucket: Whose usage it is.
        level: How full it is.
    """

    limit: Limit
    bucket: Bucket
    level: Level


class Store(Protocol):
    """Keeps the usage of limits."""

    def bind(self, limits: Sequence[Limit], previous: Counts | None = None, /) -> Counts:
        """Return the counts of these limits; whatever does not depend on a call is decided here.

        Called when a limiter is built, and when its limits are replaced. Limiters that are given the same store count
        equal limits together.

        Args:
            limits: The limits.
            previous: The counts that the new ones replace. Usage of a limit goes on in the one of the same
                `identity`, its n-th occurrence in the n-th; and tickets that the old counts granted are settled by the
                new ones.
        """
        ...


class Counts(Protocol):
    """The usage of the limits of one limiter.

    The methods are plain, or all of them are `async def`; then the limiter serves `areserve`, `asettle` and so on only.
    Plain ones are called in a thread where a limiter is awaited, unless they are of a `MemoryStore`. Asynchronous counts
    may have a plain method `settle_later(ticket, actual)` as well, for calls that end where nobody can await anything: it
    keeps the settlement, to be sent with the next one, and answers as `settle`.
    """

    def reserve(self, ticket: Ticket, buckets: Buckets, demand: Demand, /) -> Answer[Sequence[Denial]]:
        """Check every limit, then commit to every limit, in one step that no other call can come between.

        Where an enforced limit refuses, nothing is changed, and every enforced limit that refuses is returned.
        Otherwise `ticket.grant` becomes these counts and whatever they need to settle it, and `ticket.shadow_denials`
        the names of the shadow limits that refuse; by those the call is not counted.
        """
        ...

    def extend(self, ticket: Ticket, demand: Demand, /) -> Answer[Sequence[Denial]]:
        """Reserve more of every limit in which the ticket has a reservation, or of none, and renew its leases.

        Places for calls in flight are kept, or taken anew if they were lost. A ticket that these counts did not grant,
        or have settled, is left alone.
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

    def usage(self) -> Answer[Sequence[Row]]:
        """Return every bucket in use, limit by limit. Changes nothing."""
        ...

    def reset(self, buckets: Buckets | None, /) -> Answer[None]:
        """Forget the usage in these buckets, of the limits that go by their keys; None forgets all there is."""
        ...
