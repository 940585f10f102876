"""The limiter: all limits of a call in one step before it, and what it used after it."""

from __future__ import annotations

from inspect import iscoroutinefunction
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, final

from genai_guard.changes import Changing
from genai_guard.errors import ConfigurationError, Rejected
from genai_guard.limits.adapted import adapted
from genai_guard.limits.adaptive import Adaptive
from genai_guard.limits.agreement import (
    OnOverrun,
    check_limits,
    check_parts,
    checked_overrun,
    checked_room,
    checked_wait,
)
from genai_guard.limits.awaited import Awaited
from genai_guard.limits.binding import Bound
from genai_guard.limits.buckets import Buckets
from genai_guard.limits.demands import actual_of, demand_of, refuse_ticket
from genai_guard.limits.estimates import OutputEstimates
from genai_guard.limits.headers import headers_of
from genai_guard.limits.limit import Limit
from genai_guard.limits.refusals import rejection
from genai_guard.limits.stores.base import Counts, Store
from genai_guard.limits.stores.clocks import Clock
from genai_guard.limits.stores.memory import MemoryStore
from genai_guard.limits.table import UsageTable, table_of
from genai_guard.limits.ticket import Demand, Level, Ticket
from genai_guard.limits.units import NONE, ONE, cost_of
from genai_guard.verdicts import OnError

if TYPE_CHECKING:
    from genai_guard.limits.waiting import Room

__all__ = ["RateLimiter"]

_making: Final = Lock()
_SHARED: Final[Buckets] = {"": ""}


@final
class RateLimiter(Awaited, Changing):
    """Holds calls to a set of limits, all or nothing.

        limiter = RateLimiter(Limit.requests(60, per="minute"), Limit.tokens(100_000, per="minute", by="user"))
        ticket = limiter.reserve(user="u-42", tokens=500)
        ...                                   # the call, which used 321
        limiter.settle(ticket, tokens=321)

    A call passes if every limit has room for it, and then counts in every limit; a call that is refused counts in
    none. A limit in shadow mode refuses nothing: what it would have refused is named on the ticket, and is not counted
    by it, neither then nor when the call is settled. Its usage is thus what it would be were it enforced.

    Requests stay counted whatever becomes of the call. Tokens and money are reserved, and replaced by what was used
    when the call is settled; a place for a call in flight is given back then. A reservation never settled leaves the
    window with its age, or, of a budget, quota or call in flight, ends with its lease.

    Safe for threads and asyncio tasks alike: with a `MemoryStore` nothing here waits. With another store, in asyncio,
    `await` what has an `a` before its name: `areserve`, `aextend`, `asettle`, `apeek`, `ausage`, `aheaders`, `areset`.
    Two limiters are equal if their limits and rules are, wherever they keep their usage.

    Args:
        *limits: What to hold calls to, at least one.
        store: Where usage is kept; a new `MemoryStore` when None.
        clock: Clock of that `MemoryStore`. A store that is given has its own.
        adapt: Limits of the provider, which it may lower; see `Adaptive`.
        wait_s: How long a call waits for room that does not say so itself, as with `reserve(wait_s=...)`; None if it does
            not wait.
        max_waiting: Most calls that wait for room at once; a further one is refused.
        on_overrun: What becomes of a stream in a pipeline that has outgrown its estimate when a budget has no room for
            more: it goes on, and what it has used beyond is a `debt` that later calls wait for; or `stop` ends it with
            `BudgetExceeded`. Limits other than of money never end a stream.

    Attributes:
        limits: The limits, in the order given.
        store: Where usage is kept.
        estimates: What replies have been like, by model.
        adapt: Limits of the provider.
        needs_tokens: Whether any of them counts tokens. If none does, `tokens=` makes no difference.
        needs_parts: Whether any of them counts input, output or money, for which their sum will not do.
        keys: Names of the keys that limits go by. Other keys make no difference.
        on_error: `allow` if every limit lets calls through when the store fails.
        wait_s: How long a call waits that does not say.
        on_overrun: What becomes of streams that outgrow a budget.
        is_async: Whether the store is asynchronous: `areserve`, `asettle` and so on are then the only way to use it.
        may_wait: Whether a call may have to wait, for room or for the store.
        lease_s: The shortest lease of all limits.

    Raises:
        ConfigurationError: there is no limit, one is not a `Limit`, two have the same name, or one makes another
            pointless; `store` or `adapt` is something else; or both `store` and `clock` are given.
    """

    limits: tuple[Limit, ...]
    needs_tokens: bool
    needs_parts: bool
    keys: frozenset[str]
    on_error: OnError
    is_async: bool
    may_wait: bool
    lease_s: float
    _room: Room | None = None  # made when a call has to wait, and from then on told of all that is given back

    def __init__(
        self,
        *limits: Limit,
        store: Store | None = None,
        clock: Clock | None = None,
        adapt: Adaptive | None = None,
        wait_s: float | None = None,
        max_waiting: int = 1_000,
        on_overrun: OnOverrun = "debt",
    ) -> None:
        check_limits(limits)
        check_parts(store, adapt)
        if store is not None and clock is not None:
            raise ConfigurationError("RateLimiter(store=..., clock=...): give the clock to the store instead")
        self.store: Final[Store] = MemoryStore(clock=clock) if store is None else store
        self.wait_s = checked_wait(wait_s)
        self.max_waiting: Final = checked_room(max_waiting)
        self.on_overrun: Final = checked_overrun(on_overrun)
        self.estimates: Final = OutputEstimates()
        self.adapt: Final = adapt
        self._adopt(limits, self.store.bind(limits))

    def replace(self, *limits: Limit) -> None:
        """Hold calls to other limits from now on, and remember what has been used.

        Usage goes on, in units, in the limit of the same unit, key, period and name, if it has been given one: the
        amount, the burst and the mode may differ. Calls in flight are settled in what has taken the place of their
        limits. A call that another thread is reserving at this moment may be counted by the old limits alone.

        Raises:
            ConfigurationError: as for a new limiter; then nothing has changed.
        """
        check_limits(limits)
        before = self.limits
        self._adopt(limits, self.store.bind(limits, self._kept))
        self._announce("limits_replaced", before=list(map(repr, before)), after=list(map(repr, limits)))

    def _adopt(self, limits: tuple[Limit, ...], counts: Counts) -> None:
        self.limits = limits
        self._kept = counts
        if self.adapt is not None:
            counts, limits = adapted(counts, self.adapt), (*limits, *self.adapt.named)
        self.needs_tokens = any(limit.unit in {"tokens", "input_tokens", "output_tokens"} for limit in limits)
        self.needs_parts = any(limit.unit in {"input_tokens", "output_tokens", "usd"} for limit in limits)
        names = {limit.by for limit in limits if limit.by}
        self.keys = frozenset(name for by in names for name in ((by,) if isinstance(by, str) else by))
        self.on_error = "block" if any(limit.on_error == "block" for limit in limits) else "allow"
        self.is_async = iscoroutinefunction(counts.reserve)
        blocks = not self.is_async and not isinstance(self.store, MemoryStore)
        self.may_wait = self.is_async or blocks or self.wait_s is not None
        self.lease_s = min(limit.lease_s for limit in limits)
        self._now = bound = Bound(limits, names, counts, is_async=self.is_async, blocks=blocks)
        self._settling = (bound.settle, bound.width)
        self._serving = bound.serving  # last, and at once: calls that begin look at nothing else
        if self._room is not None:
            self._serving = self._room.adopt(bound)
            self._settling = (bound.settle, bound.width)

    def reserve(self, ticket: Ticket | None = None, /, *, requests: int = 1, tokens: int = 0, **keys: Any) -> Ticket:
        """Take one call's share of every limit, or of none.

        Args:
            ticket: An empty ticket to grant, for a caller who has to settle come what may: an interrupt can strike
                between the grant and the return. A new one when None.
            requests: Requests to count. A call of none takes no place among the calls in flight.
            tokens: Tokens to reserve; input and output when left out. Best a high estimate, such as input plus the 95th
                percentile of the output: what is used beyond it is a debt that holds up later calls.
            **keys: What else it costs: `input_tokens` and `output_tokens`, those of the request and of the reply, and
                `usd`, dollars to hold. And whose call it is: `user`, `tenant`, `session`, `model` or any tag that
                limits go by. Strings, or integers, which mean their digits. A key that is missing, None or empty means
                the bucket that all such calls share. A key of more than 128 characters is kept as its digest.
                With `wait_s` a call that finds no room waits so many seconds for it, behind those who do already;
                `priority` is by how many seconds it is ahead of others. Both are looked at if it has to wait.

        Returns:
            A ticket to settle.

        Raises:
            RateLimited: a limit has no room. It names every one that has none, and the time until all of them have,
                to the nanosecond, if nothing else happens; None for a call larger than a limit.
            BudgetExceeded: the one that takes longest to have room is one of money; otherwise as above.
            ConfigurationError: a cost is negative or no whole number, a key of a limit is neither string nor integer,
                or the ticket has served another call.
        """
        reserve, buckets, width = self._serving
        if ticket is None:
            ticket = Ticket()
        elif type(ticket) is not Ticket or ticket.grant is not None:
            refuse_ticket(ticket, "reserve")
        if (requests is not ONE or tokens is not NONE) and not (
            type(requests) is type(tokens) is int and requests >= 0 and tokens >= 0
        ):
            requests, tokens = cost_of("requests", requests), cost_of("tokens", tokens)
        # Costs that few limits count are among the keys: to fill in their defaults would cost everybody 15 ns each.
        if not width or (width == 1 and "input_tokens" not in keys and "output_tokens" not in keys):
            demand: Demand = (requests, tokens)
        else:
            demand = demand_of(requests, tokens, keys)
        denials = reserve(ticket, _SHARED if buckets is None else buckets(keys), demand)
        if denials:
            if keys.setdefault("wait_s", self.wait_s) is not None:
                tried = None if denials is True else denials  # True stands for somebody who waits already
                return self._waiting_room().reserve(ticket, demand_of(requests, tokens, keys), keys, tried)
            raise rejection(denials)
        return ticket

    def extend(
        self, ticket: Ticket, *, tokens: int = 0, input_tokens: int = 0, output_tokens: int = 0, usd: float = 0
    ) -> bool:
        """Reserve more for a call that has outgrown its estimate, in every limit or in none, and renew its leases.

        A stream that calls it from time to time, if only with nothing more, keeps its place among the calls in flight
        and its hold on budgets for however long it takes.

        Args:
            ticket: What `reserve` returned.
            tokens: Tokens more; input and output when left out.
            input_tokens: Those of the request.
            output_tokens: Those of the reply.
            usd: Dollars more.

        Returns:
            Whether the ticket is open; for another nothing happens.

        Raises:
            Rejected: as for `reserve`. What the ticket had before it has still.
            ConfigurationError: a cost is negative or no whole number, or `ticket` is not a ticket.
        """
        if type(ticket) is not Ticket:
            refuse_ticket(ticket, "extend")
        tokens = cost_of("tokens", tokens)
        demand = demand_of(0, tokens, {"input_tokens": input_tokens, "output_tokens": output_tokens, "usd": usd})
        if denials := self._now.plain.extend(ticket, demand):
            raise rejection(denials)
        return ticket.open

    def settle(
        self,
        ticket: Ticket,
        tokens: int | None = None,
        input_tokens: int | None = None,
        output_tokens: int | None = None,
        usd: float | None = None,
    ) -> bool:
        """Replace what was reserved by what was used. Never refuses, whatever was used.

        What was reserved too much is free again where it was reserved: if that is longer ago than the window, there
        is nothing to free. What was used beyond the reservation counts from now on. Places of calls in flight are free.

        Args:
            ticket: What `reserve` returned.
            tokens: Tokens the call used, 0 for a call that was not made; None if unknown, which leaves it as reserved.
                Input and output together when both are given instead.
            input_tokens: Those of the request, as above.
            output_tokens: Those of the reply, as above.
            usd: Dollars, as above. What a budget holds stays held until the lease ends.

        Returns:
            Whether this settled the ticket. A second time, and for a ticket that is empty or another limiter's,
            nothing happens.

        Raises:
            ConfigurationError: a figure is negative or no whole number, or `ticket` is not a ticket.
        """
        if tokens is not None and (type(tokens) is not int or tokens < 0):
            tokens = cost_of("tokens", tokens)
        if type(ticket) is not Ticket:
            refuse_ticket(ticket, "settle")
        settle, width = self._settling
        actual = (
            (None, tokens)
            if width < 2 and input_tokens is output_tokens is None
            else actual_of(tokens, input_tokens, output_tokens, usd)
        )
        settled: bool = settle(ticket, actual)
        return settled

    def peek(self, **keys: Any) -> tuple[Level, ...]:
        """Return how full each limit is for a caller with these keys, in the order of the limits. Changes nothing."""
        return tuple(self._now.plain.peek(self._now.buckets(keys)))

    def usage(self) -> UsageTable:
        """Return every key in use and how full each limit is for it; printed, it is a table. Changes nothing.

        It holds the values of keys, such as names of users. With a million keys it takes seconds, for which a
        `MemoryStore` holds its lock.
        """
        return table_of(self._now.plain.usage())

    def headers(self, rejected: Rejected | None = None, /, **keys: Any) -> dict[str, str]:
        """Return headers for the answer of a web application: how much is left to a caller, and when there is more.

        Args:
            rejected: What a limit refused the call with, for `retry-after`: the latest that there is room. For a place
                among the calls in flight that is the end of a lease, and most come free long before.
            **keys: Whose call it is, as for `reserve`.

        Returns:
            For requests, tokens and so on `x-ratelimit-limit-requests`, `x-ratelimit-remaining-requests` and
            `x-ratelimit-reset-requests` of the enforced limit that has least left, the last in whole seconds until all
            is free.
        """
        return headers_of(self.limits, self.peek(**keys), rejected)

    def reset(self, **keys: Any) -> None:
        """Forget what callers have used, and what their calls in flight have reserved.

        Args:
            **keys: Whose usage, for instance `user="u-42"`: in the limits by that key, and in no other. Limits by
                several keys are meant when all of them are given. Without any key everything is forgotten, by everyone.

        Raises:
            ConfigurationError: no limit goes by such a key.
        """
        self._now.plain.reset(self._named(keys))
        self._was_reset(keys)

    def _was_reset(self, keys: dict[str, Any]) -> None:
        if self._room is not None:
            self._room.freed()
        self._announce("limits_reset", **keys)

    def _named(self, keys: dict[str, Any]) -> Buckets | None:
        """Return the buckets that are meant by keys; None for all of them."""
        for name in keys:
            if name not in self.keys:
                known = ", ".join(sorted(self.keys)) or "none"
                raise ConfigurationError(f"reset({name}=...): no limit goes by it; keys of this limiter: {known}")
        return self._now.named(keys) if keys else None

    @property
    def waiting(self) -> int:
        """How many calls wait for room."""
        return 0 if self._room is None else len(self._room)

    def _waiting_room(self) -> Room:
        """Return where calls wait. Who never waits does not pay for it."""
        if self._room is None:
            from genai_guard.limits.waiting import Room  # noqa: PLC0415  few wait

            with _making:
                if self._room is None:
                    is_shared = not isinstance(self.store, MemoryStore)
                    room = Room(lambda: self._now, most=self.max_waiting, wait_s=self.wait_s, is_shared=is_shared)
                    self._serving = room.adopt(self._now)
                    self._settling = (self._now.settle, self._now.width)
                    self._room = room
        return self._room

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RateLimiter):
            return NotImplemented
        rules = [(each.wait_s, each.max_waiting, each.on_overrun) for each in (self, other)]
        return self.limits == other.limits and self.adapt == other.adapt and rules[0] == rules[1]

    def __hash__(self) -> int:
        return hash(self.limits)

    def __repr__(self) -> str:
        return f"RateLimiter({', '.join(map(repr, self.limits))})"
