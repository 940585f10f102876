"""What all counts of a store have in common: how the server is asked, and what is sent to it later."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from threading import Lock
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

from genai_guard.limits.buckets import Bucket
from genai_guard.limits.stores.redis.outage import Breaker, Outage, Unsent
from genai_guard.limits.stores.redis.wire import Track
from genai_guard.limits.ticket import Ticket
from genai_guard.limits.units import UNITS
from genai_guard.verdicts import OnOutage

__all__ = ["NOTHING_USED", "SLOTS", "Actual", "Arguments", "Call", "Due", "Held", "Request", "Scan", "Shared", "Work"]

T = TypeVar("T")


class Call(NamedTuple):
    """Run a script.

    Attributes:
        name: Which.
        keys: Its keys.
        args: Its arguments.
    """

    name: str
    keys: Sequence[bytes]
    args: Sequence[bytes]


class Scan(NamedTuple):
    """List keys.

    Attributes:
        pattern: Which.
    """

    pattern: bytes


Request: TypeAlias = Call | Scan | list[Call]  # several calls are not one step
Work: TypeAlias = Generator[Request, Any, T]
Actual: TypeAlias = Sequence[int | None]
Arguments: TypeAlias = Callable[[int], Sequence[bytes]]  # of a script, at a time of the server

SLOTS: Final = UNITS.index("concurrent")
NOTHING_USED: Final = (None, 0, 0, 0, 0, 0)
_AT_ONCE: Final = 32  # settlements sent with one that gets through
_TRIES: Final = 3


class Held(NamedTuple):
    """What a ticket holds.

    Attributes:
        holder: The ticket's name.
        parts: Limits, buckets and costs; -1 where a limit in shadow mode did not count the call.
        alone: What counts it in this process, and the ticket there.
        unsure: Whether it is unknown if the server has granted it.
    """

    holder: bytes
    parts: tuple[tuple[Track, Bucket, int], ...]
    alone: tuple[Any, Ticket] | None = None
    unsure: bool = False


class Due(NamedTuple):
    """A settlement to be sent."""

    held: Held
    actual: Actual


class Shared:
    """What all counts of a store have in common.

    Args:
        prefix: What keys begin with.
        on_outage: What becomes of limits that do not say.
        share: Part of an amount that one process counts to by itself.
        breaker: Says whether to ask the server.
        most_unsent: Settlements that wait for the server.
    """

    def __init__(self, *, prefix: bytes, on_outage: OnOutage, share: float, breaker: Breaker, most_unsent: int) -> None:
        self.prefix: Final = prefix
        self.on_outage: Final[OnOutage] = on_outage
        self.share: Final = share
        self.breaker: Final = breaker
        self.unsent: Final[Unsent[Due]] = Unsent(most_unsent)
        self.lock: Final = Lock()
        self._lead_s = 0.0

    def second(self) -> int:
        """Return the server's time, about."""
        return int(time.time() + self._lead_s)

    def ask(self, name: str, keys: Sequence[bytes], args: Arguments) -> Work[Any]:
        """Run a script, if the server is to be asked; `args` returns its arguments at a time.

        Raises:
            Outage: it was not asked, or did not answer.
        """
        breaker = self.breaker
        if not breaker.admits():
            raise Outage(breaker.last_error, asked=False)
        try:
            reply: Any = yield Call(name, keys, args(self.second()))
            left = _TRIES
            while not isinstance(reply, int) and reply[0] == b"again":
                left = self._note(reply, left)
                reply = yield Call(name, keys, args(self.second()))
        except BaseException as error:
            breaker.ended(error)
            raise
        breaker.succeeded()
        return reply

    def other(self, request: Request) -> Work[Any]:
        """Send what is no single script.

        Raises:
            Outage: as above.
        """
        breaker = self.breaker
        if not breaker.admits():
            raise Outage(breaker.last_error, asked=False)
        try:
            reply = yield request
        except BaseException as error:
            breaker.ended(error)
            raise
        breaker.succeeded()
        return reply

    def flush(self, most: int = _AT_ONCE) -> Work[None]:
        """Send settlements that could not be sent before; those that still cannot be are kept."""
        due = self.unsent.take(most)
        if not due:
            return
        try:
            replies: list[Any] = yield from self.other([self.settlement(each, self.second()) for each in due])
        except BaseException as error:
            self.unsent.add(due)
            if isinstance(error, Outage):
                return
            raise
        again = [place for place, reply in enumerate(replies) if not isinstance(reply, int)]
        if again:  # a period of the calendar has begun since
            self._note(replies[again[0]])
            self.unsent.add([due[place] for place in again])

    def settlement(self, due: Due, second: int) -> Call:
        """Return the script that settles something."""
        held, actual = due
        claims = [track.wire_of(bucket).claim(_used(track, actual), second) for track, bucket, _cost in held.parts]
        return Call("settle", self.keys(held), (held.holder, b"maybe" if held.unsure else b"", b"".join(claims)))

    def keys(self, held: Held) -> list[bytes]:
        """Return the key of a ticket, and of what it holds."""
        return [self.ticket_key(held.holder), *(track.key(bucket) for track, bucket, _cost in held.parts)]

    def ticket_key(self, holder: bytes = b"") -> bytes:
        """Return the key of a ticket; no limit's begins with this letter."""
        return self.prefix + b"t" + holder

    def _note(self, reply: Any, left: int = 1) -> int:
        """Note that the server's time is another than was thought; return how often that may happen yet."""
        self._lead_s = reply[1] / 1e6 - time.time()
        if not left:
            raise Outage("its clock does not stand still")
        return left - 1


def _used(track: Track, actual: Actual) -> int:
    used = 0 if track.unit == SLOTS else actual[track.unit] if track.unit < len(actual) else None
    return -1 if used is None else used
