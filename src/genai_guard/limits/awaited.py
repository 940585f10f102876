"""What a limiter does for asyncio: the same as else, awaited."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from genai_guard.awaiting import finished
from genai_guard.limits.demands import Actual, actual_of, demand_of, refuse_ticket
from genai_guard.limits.headers import headers_of
from genai_guard.limits.refusals import rejection
from genai_guard.limits.table import UsageTable, table_of
from genai_guard.limits.ticket import SETTLED, Level, Ticket
from genai_guard.limits.units import cost_of

if TYPE_CHECKING:
    from genai_guard.errors import Rejected
    from genai_guard.limits.binding import Bound
    from genai_guard.limits.buckets import Buckets
    from genai_guard.limits.limit import Limit
    from genai_guard.limits.waiting import Room

__all__ = ["Awaited"]

T = TypeVar("T")


class Awaited(ABC):
    """What limiters do for asyncio: `a` before the name of what they do else, with a store of any kind.

    None of it blocks the event loop: an asynchronous store is awaited; one that blocks is called in a thread; a
    `MemoryStore`, which never waits, is called where one is.
    """

    limits: tuple[Limit, ...]
    is_async: bool
    wait_s: float | None
    _now: Bound
    _room: Room | None

    async def areserve(
        self, ticket: Ticket | None = None, /, *, requests: int = 1, tokens: int = 0, **keys: Any
    ) -> Ticket:
        """Do as `reserve`. Who is cancelled meanwhile has nothing reserved but the request."""
        ticket = Ticket() if ticket is None else ticket
        if type(ticket) is not Ticket or ticket.grant is not None:
            refuse_ticket(ticket, "reserve")
        demand = demand_of(cost_of("requests", requests), cost_of("tokens", tokens), keys)
        waits = keys.setdefault("wait_s", self.wait_s) is not None
        bound, room = self._now, self._room
        buckets = bound.buckets(keys)
        if room is not None:
            ticket.whose = buckets
        denials = None
        if not (waits and room is not None and room.must_wait(buckets, demand)):
            try:
                denials = await _answer(bound.awaited.reserve(ticket, buckets, demand))
            except BaseException:
                if ticket.open:
                    await self.asettle(ticket, tokens=0, input_tokens=0, output_tokens=0, usd=0)
                raise
            if not denials:
                return ticket
            if not waits:
                raise rejection(denials)
        return await self._waiting_room().areserve(ticket, demand, keys, denials)

    async def aextend(
        self, ticket: Ticket, *, tokens: int = 0, input_tokens: int = 0, output_tokens: int = 0, usd: float = 0
    ) -> bool:
        """Do as `extend`."""
        if type(ticket) is not Ticket:
            refuse_ticket(ticket, "extend")
        more = {"input_tokens": input_tokens, "output_tokens": output_tokens, "usd": usd}
        demand = demand_of(0, cost_of("tokens", tokens), more)
        denials = await _answer(self._now.awaited.extend(ticket, demand))
        if denials:
            raise rejection(denials)
        return ticket.open

    async def asettle(
        self,
        ticket: Ticket,
        *,
        tokens: int | None = None,
        input_tokens: int | None = None,
        output_tokens: int | None = None,
        usd: float | None = None,
    ) -> bool:
        """Do as `settle`. Who is cancelled meanwhile is so when it is done."""
        if type(ticket) is not Ticket:
            refuse_ticket(ticket, "settle")
        actual = actual_of(tokens, input_tokens, output_tokens, usd)
        if ticket.grant is SETTLED:
            return False
        answer = self._now.awaited.settle(ticket, actual)
        if isawaitable(answer):
            answer = await (finished(answer) if self.is_async else answer)
        return self._told(ticket, settled=answer)

    def settle_later(
        self,
        ticket: Ticket,
        *,
        tokens: int | None = None,
        input_tokens: int | None = None,
        output_tokens: int | None = None,
        usd: float | None = None,
    ) -> bool:
        """Do as `settle` where nobody can await it any more, such as after the end of an event loop.

        An asynchronous store sends it along with the next settlement; any other settles at once.

        Returns:
            As `settle`; False as well for an asynchronous store that cannot keep it: the reservation then stands until
            it ends by itself.
        """
        actual: Actual = actual_of(tokens, input_tokens, output_tokens, usd)
        bound = self._now
        settle = getattr(bound.awaited, "settle_later", None) if self.is_async else bound.plain.settle
        return settle is not None and self._told(ticket, settled=settle(ticket, actual))

    async def apeek(self, **keys: Any) -> tuple[Level, ...]:
        """Do as `peek`."""
        bound = self._now
        return tuple(await _answer(bound.awaited.peek(bound.buckets(keys))))

    async def ausage(self) -> UsageTable:
        """Do as `usage`."""
        return table_of(await _answer(self._now.awaited.usage()))

    async def aheaders(self, rejected: Rejected | None = None, /, **keys: Any) -> dict[str, str]:
        """Do as `headers`."""
        return headers_of(self.limits, await self.apeek(**keys), rejected)

    async def areset(self, **keys: Any) -> None:
        """Do as `reset`."""
        await _answer(self._now.awaited.reset(self._named(keys)))
        self._was_reset(keys)

    def _told(self, ticket: Ticket, *, settled: bool) -> bool:
        """Tell those who wait what is given back."""
        if self._room is not None:
            self._room.freed(ticket.whose)
        return settled

    @abstractmethod
    def _was_reset(self, keys: dict[str, Any]) -> None: ...

    @abstractmethod
    def _named(self, keys: dict[str, Any]) -> Buckets | None: ...

    @abstractmethod
    def _waiting_room(self) -> Room: ...


async def _answer(answer: Awaitable[T] | T) -> T:
    return cast("T", await answer) if isawaitable(answer) else answer
