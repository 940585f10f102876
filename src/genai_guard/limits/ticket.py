"""What passes between a limiter and its store: a claim, a refusal, a level."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple, TypeAlias, final

from genai_guard.limits.limit import Limit

__all__ = ["SETTLED", "Bucket", "Buckets", "Demand", "Denial", "Grant", "Level", "Ticket"]

Bucket: TypeAlias = str | bytes
"""Whose usage is counted together: the value of a key, or its digest where it is long. `""` is the shared bucket."""

Buckets: TypeAlias = Mapping[str, Bucket]
"""Bucket by key. The limits without a key have `""` for theirs."""

Demand: TypeAlias = tuple[int, ...]
"""What a call asks for: one cost for each of `UNITS`, in their order."""

Grant: TypeAlias = tuple[object, Any]
"""The counts that granted a ticket, and what they need to settle it."""

SETTLED: Final[Grant] = (None, None)


@final
class Ticket:
    """One call's claim on every limit.

    A ticket is empty until a limiter grants it, and settling an empty one does nothing. So it can be made, and its
    settlement seen to, before there is anything to settle: `limiter.reserve(ticket, ...)`.

    Attributes:
        shadow_denials: Names of the limits in shadow mode that would have refused the call.
        grant: For stores: None while the ticket is empty, `SETTLED` at its end.
    """

    # Class attributes and no __init__: an empty ticket costs half of a slotted one, and every call makes one.
    shadow_denials: tuple[str, ...] = ()
    grant: Grant | None = None

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
    """

    limit: Limit
    wait_ns: int | None


class Level(NamedTuple):
    """How full one limit is for one caller.

    Attributes:
        limit: Name of the limit.
        used: Units in use, reservations included, rounded up. Debt can take it beyond the capacity.
        capacity: Units that can be in use at once.
        drained_s: Seconds until nothing is in use if nothing else happens.
    """

    limit: str
    used: int
    capacity: int
    drained_s: float

    @property
    def remaining(self) -> int:
        """Units that would be granted now."""
        return max(0, self.capacity - self.used)
