"""What passes between a limiter and its store: a claim, a refusal, a level."""

from __future__ import annotations

import itertools
import os
from typing import Any, Final, NamedTuple, TypeAlias, final

from genai_guard.limits.buckets import Bucket, Buckets
from genai_guard.limits.limit import Limit

__all__ = ["SETTLED", "Bucket", "Buckets", "Demand", "Denial", "Grant", "Level", "Ticket"]

Demand: TypeAlias = tuple[int, ...]
"""What a call asks for: one cost for each of `UNITS`, in their order. It may end after the last that a limit counts."""

Grant: TypeAlias = tuple[object, Any]
"""Who granted a ticket, and what they need to settle it."""

SETTLED: Final[Grant] = (None, None)


@final
class Ticket:
    """One call's claim on every limit.

    A ticket is empty until a limiter grants it, and settling an empty one does nothing. So it can be made, and its
    settlement seen to, before there is anything to settle: `limiter.reserve(ticket, ...)`.

    Attributes:
        shadow_denials: Names of the limits in shadow mode that would have refused the call.
        upstream: For the ceilings of a provider: what it holds of them.
        grant: For stores: None while the ticket is empty, `SETTLED` at its end.
        whose: For those who wait: in which buckets something is given back with it, if that was noted.
        waited_s: Seconds for which the call has waited for room.
    """

    # Class attributes and no __init__: an empty ticket costs half of a slotted one, and every call makes one.
    shadow_denials: tuple[str, ...] = ()
    grant: Grant | None = None
    upstream: Any = None
    whose: Buckets | None = None
    waited_s: float = 0.0
    _id: int = 0

    @property
    def id(self) -> int:
        """A number below 2**128 that no other ticket has, of any process: what is reserved is in its name."""
        if not self._id:
            self._id = _prefix + next(_numbers)
        return self._id

    @property
    def open(self) -> bool:
        """Whether the ticket was granted and is not settled yet."""
        return self.grant is not None and self.grant is not SETTLED

    def __repr__(self) -> str:
        return f"<Ticket, {'open' if self.open else 'settled' if self.grant else 'empty'}>"


class Denial(NamedTuple):
    """One limit's refusal.

    Attributes:
        limit: The limit.
        wait_ns: Nanoseconds until the call fits if nothing else happens; None if it never can.
        used: Units in use in the bucket; money in nano-dollars.
        capacity: Units that can be in use at once, by this call's key.
    """

    limit: Limit
    wait_ns: int | None
    used: int = 0
    capacity: int = 0


class Level(NamedTuple):
    """How full one limit is for one caller.

    Attributes:
        limit: Name of the limit.
        used: Units in use, reservations included, rounded up; money in dollars. Debt can take it beyond the capacity.
        capacity: Units that can be in use at once; None for no limit.
        drained_s: Seconds until nothing is in use if nothing else happens.
    """

    limit: str
    used: float
    capacity: float | None
    drained_s: float

    @property
    def remaining(self) -> float | None:
        """Units that would be granted now; None for no limit."""
        return None if self.capacity is None else max(0, self.capacity - self.used)


def _begin_ids() -> None:
    global _prefix  # noqa: PLW0603  a forked child needs another
    _prefix = int.from_bytes(os.urandom(11)) << 40


_numbers: Final = itertools.count(1)
_prefix = 0
_begin_ids()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_ids)
