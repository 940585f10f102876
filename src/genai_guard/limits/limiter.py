"""The limiter: all limits of a call in one step before it, and what it used after it."""

from __future__ import annotations

from collections.abc import Sequence
from inspect import isawaitable, iscoroutinefunction
from itertools import combinations
from operator import index
from typing import Any, Final, NoReturn, SupportsIndex, final

from genai_guard.errors import ConfigurationError, RateLimited
from genai_guard.limits.limit import Limit
from genai_guard.limits.stores.base import Store
from genai_guard.limits.stores.memory import Clock, MemoryStore
from genai_guard.limits.ticket import Bucket, Buckets, Denial, Level, Ticket
from genai_guard.verdicts import OnError

__all__ = ["RateLimiter"]

_SHARED: Final[Buckets] = {"": ""}
_LONGEST_KEY: Final = 128
_LARGEST_KEY: Final = 2**128


@final
class RateLimiter:
    """Holds calls to a set of limits, all or nothing.

        limiter = RateLimiter(Limit.requests(60, per="minute"), Limit.tokens(100_000, per="minute", by="user"))
        ticket = limiter.reserve(user="u-42", tokens=500)
        ...                                   # the call, which used 321
        limiter.settle(ticket, tokens=321)

    A call passes if every limit has room for it, and then counts in every limit; a call that is refused counts in
    none. A limit in shadow mode refuses nothing: what it would have refused is named on the ticket, and is not counted
    by it, neither then nor when the call is settled. Its usage is thus what it would be were it enforced.

    Requests stay counted whatever becomes of the call. Tokens are reserved, and replaced by what was used when the
    call is settled. A reservation never settled stands, and leaves the window with its age.

    Safe for threads and asyncio tasks alike: with a `MemoryStore` nothing here waits. Two limiters are equal if their
    limits are, wherever they keep their usage.

    Args:
        *limits: What to hold calls to, at least one.
        store: Where usage is kept; a new `MemoryStore` when None.
        clock: Clock of that `MemoryStore`. A store that is given has its own.

    Attributes:
        limits: The limits, in the order given.
        store: Where usage is kept.
        needs_tokens: Whether any of them counts tokens. If none does, `tokens=` makes no difference.
        keys: Names of the keys that limits go by. Other keys make no difference.
        on_error: `allow` if every limit lets calls through when the store fails.
        is_async: Whether the store is asynchronous: `areserve` and `asettle` are then the only way to use it.

    Raises:
        ConfigurationError: there is no limit, one is not a `Limit`, two have the same name, or one makes another
            pointless; or both `store` and `clock` are given.
    """

    def __init__(self, *limits: Limit, store: Store | None = None, clock: Clock | None = None) -> None:
        _check_limits(limits)
        if store is not None and clock is not None:
            raise ConfigurationError("RateLimiter(store=..., clock=...): give the clock to the store instead")
        self.limits: Final = limits
        self.needs_tokens: Final = any(limit.unit == "tokens" for limit in limits)
        self.keys: Final = frozenset(limit.by for limit in limits if limit.by)
        self._by: Final = tuple(self.keys)
        self.on_error: Final[OnError] = "block" if any(limit.on_error == "block" for limit in limits) else "allow"
        self.store: Final[Store] = MemoryStore(clock=clock) if store is None else store
        self._counts: Final = self.store.bind(limits)
        self.is_async: Final = iscoroutinefunction(self._counts.reserve)
        plain: Any = _Asynchronous() if self.is_async else self._counts
        self._reserve: Final = plain.reserve
        self._settle: Final = plain.settle
        self._plain: Final = plain

    def reserve(self, ticket: Ticket | None = None, /, *, requests: int = 1, tokens: int = 0, **keys: Any) -> Ticket:
        """Take one call's share of every limit, or of none.

        Args:
            ticket: An empty ticket to grant, for a caller who has to settle come what may: an interrupt can strike
                between the grant and the return. A new one when None.
            requests: Requests to count.
            tokens: Tokens to reserve. Best a high estimate, such as input plus the 95th percentile of the output:
                what is used beyond it is a debt that holds up later calls.
            **keys: Whose call it is: `user`, `tenant`, `session`, `model` or any tag that limits go by. Strings, or
                integers, which mean their digits. A key that is missing, None or empty means the bucket that all
                such calls share. A key of more than 128 characters is kept as its digest.

        Returns:
            A ticket to settle.

        Raises:
            RateLimited: a limit has no room. It names every one that has none, and the time until all of them have,
                to the nanosecond, if nothing else happens; None for a call larger than a limit.
            ConfigurationError: a cost is negative or no whole number, a key of a limit is neither string nor integer,
                or the ticket has served another call.
        """
        if ticket is None:
            ticket = Ticket()
        elif ticket.grant is not None:
            _refuse_used()
        if not (type(requests) is type(tokens) is int and requests >= 0 and tokens >= 0):
            requests, tokens = _units("requests", requests), _units("tokens", tokens)
        denials = self._reserve(ticket, self._buckets(keys) if self._by else _SHARED, (requests, tokens))
        if denials:
            raise _rejection(denials)
        return ticket

    def settle(self, ticket: Ticket, *, tokens: int | None = None) -> bool:
        """Replace what was reserved by what was used. Never refuses, whatever was used.

        What was reserved too much is free again where it was reserved: if that is longer ago than the window, there
        is nothing to free. What was used beyond the reservation counts from now on.

        Args:
            ticket: What `reserve` returned.
            tokens: Tokens the call used, 0 for a call that was not made; None if unknown, which leaves it as reserved.

        Returns:
            Whether this settled the ticket. A second time, and for a ticket that is empty or another limiter's,
            nothing happens.

        Raises:
            ConfigurationError: `tokens` is negative or no whole number, or `ticket` is not a ticket.
        """
        if tokens is not None and (type(tokens) is not int or tokens < 0):
            tokens = _units("tokens", tokens)
        if type(ticket) is not Ticket:
            raise ConfigurationError(f"settle({type(ticket).__name__}): takes the Ticket that reserve() returned")
        settled: bool = self._settle(ticket, (None, tokens))
        return settled

    async def areserve(
        self, ticket: Ticket | None = None, /, *, requests: int = 1, tokens: int = 0, **keys: Any
    ) -> Ticket:
        """Do as `reserve`, in a store of either kind.

        A caller who may be cancelled while the store is at work passes a ticket of its own, and settles it.
        """
        ticket = Ticket() if ticket is None else ticket
        if ticket.grant is not None:
            _refuse_used()
        demand = (_units("requests", requests), _units("tokens", tokens))
        answer = self._counts.reserve(ticket, self._buckets(keys), demand)
        denials = await answer if isawaitable(answer) else answer
        if denials:
            raise _rejection(denials)
        return ticket

    async def asettle(self, ticket: Ticket, *, tokens: int | None = None) -> bool:
        """Do as `settle`, in a store of either kind."""
        answer = self._counts.settle(ticket, (None, None if tokens is None else _units("tokens", tokens)))
        return await answer if isawaitable(answer) else answer

    def peek(self, **keys: Any) -> tuple[Level, ...]:
        """Return how full each limit is for a caller with these keys, in the order of the limits. Changes nothing."""
        return tuple(self._plain.peek(self._buckets(keys)))

    def reset(self, **keys: Any) -> None:
        """Forget what callers have used, and what their calls in flight have reserved.

        Args:
            **keys: Whose usage, for instance `user="u-42"`: in the limits by that key, and in no other. Without any
                key everything is forgotten, by everyone.

        Raises:
            ConfigurationError: no limit goes by such a key.
        """
        for name in keys:
            if name not in self.keys:
                known = ", ".join(sorted(self.keys)) or "none"
                raise ConfigurationError(f"reset({name}=...): no limit goes by it; keys of this limiter: {known}")
        self._plain.reset({name: _bucket(name, value) for name, value in keys.items()} if keys else None)

    def __eq__(self, other: object) -> bool:
        return self.limits == other.limits if isinstance(other, RateLimiter) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.limits)

    def __repr__(self) -> str:
        return f"RateLimiter({', '.join(map(repr, self.limits))})"

    def _buckets(self, keys: dict[str, Any]) -> Buckets:
        """Turn the keyword arguments of a call, which are nobody else's, into buckets where they stand."""
        keys[""] = ""
        for by in self._by:
            key = keys.get(by)
            if type(key) is not str or len(key) > _LONGEST_KEY:
                keys[by] = _bucket(by, key)
        return keys


class _Asynchronous:
    """What a limiter has in place of asynchronous counts where it is used without `await`."""

    def _refuse(self, *_args: object) -> NoReturn:
        raise ConfigurationError("the store of this limiter is asynchronous: await areserve() and asettle()")

    reserve = settle = peek = reset = _refuse


def _check_limits(limits: Sequence[Any]) -> None:
    if not limits:
        raise ConfigurationError("RateLimiter(): takes at least one limit, such as Limit.requests(60, per='minute')")
    for limit in limits:
        if not isinstance(limit, Limit):
            raise ConfigurationError(
                f"RateLimiter(): takes limits, such as Limit.requests(60, per='minute'), not {type(limit).__name__}"
            )
    for first, second in combinations(limits, 2):
        if first.name == second.name:
            raise ConfigurationError(
                f"RateLimiter(): two limits have the name {first.name!r}; drop one, or give one another name="
            )
        _check_use(first, second)
        _check_use(second, first)


def _check_use(looser: Limit, tighter: Limit) -> None:
    """Refuse a limit that can never be the one to refuse."""
    alike = (looser.unit, looser.per, looser.by, looser.mode) == (tighter.unit, tighter.per, tighter.by, tighter.mode)
    if alike and looser.amount >= tighter.amount and looser.capacity >= tighter.capacity:
        raise ConfigurationError(
            f"RateLimiter(): {tighter.name!r} refuses all that {looser.name!r} would; drop one, or change by= or mode="
        )


def _units(unit: str, count: object) -> int:
    """Return a cost as an integer; numbers of other kinds, such as numpy's, are welcome while they are whole."""
    if isinstance(count, bool) or not isinstance(count, SupportsIndex):
        raise ConfigurationError(f"{unit}= takes a whole number, not {type(count).__name__}")
    whole = index(count)
    if whole < 0:
        raise ConfigurationError(f"{unit}={whole}: must not be negative")
    return whole


def _bucket(by: str, key: object) -> Bucket:
    """Return whose usage counts together for any value of a key."""
    if key is None:
        return ""
    if type(key) is int and -_LARGEST_KEY < key < _LARGEST_KEY:
        return str(key)
    if not isinstance(key, str):
        raise ConfigurationError(f"{by}= takes a string or an integer, not {type(key).__name__}")
    if len(key) <= _LONGEST_KEY:
        return str.__str__(key)
    from hashlib import blake2b  # noqa: PLC0415  long keys are rare, and it takes a millisecond to import

    return blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _refuse_used() -> NoReturn:
    raise ConfigurationError("the ticket has served a call before; every call takes its own")


def _rejection(denials: Sequence[Denial]) -> RateLimited:
    """Return the error for some refusals; the one that takes longest to clear is in front."""
    longest = max(denials, key=lambda denial: float("inf") if denial.wait_ns is None else denial.wait_ns)
    wait_s = None if longest.wait_ns is None else longest.wait_ns / 1e9
    return RateLimited(longest.limit.name, wait_s, [denial.limit.name for denial in denials])
