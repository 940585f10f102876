"""Shares of limits leased to a process, so that most calls do not ask the store at all.

A process reserves for many calls at once, and counts its own against that by itself. What is leased is reserved already,
wherever it is used: nothing is granted twice. The price is in time and in waste. What is leased now may be used a moment
later, so that on an interval of any length up to what was leased just before it comes on top; and what is leased to one
process is not there for the others.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Generator, Sequence
from inspect import iscoroutinefunction
from itertools import islice
from threading import Lock
from typing import Any, Final, TypeAlias, TypeVar, final
from weakref import WeakSet

from genai_guard.errors import ConfigurationError
from genai_guard.limits.buckets import Bucket, Buckets
from genai_guard.limits.demands import Actual
from genai_guard.limits.limit import Limit
from genai_guard.limits.stores.base import Answer, Counts, Store
from genai_guard.limits.ticket import SETTLED, Demand, Denial, Ticket
from genai_guard.limits.units import UNITS

__all__ = ["LeasedStore"]

T = TypeVar("T")
_Key: TypeAlias = tuple[Bucket, ...]
_Work: TypeAlias = Generator[tuple[Any, ...], Any, T]
_SWEEP: Final = 2  # leases looked at for each new one


@final
class LeasedStore:
    """Keeps usage in another store, and leases parts of it in advance.

    A call is counted in this process if there is enough left of what it has leased for the same keys, and costs
    microseconds. Otherwise the store is asked for as much as `share` of each limit, and if that is refused, for the call
    alone. A lease is used for `hold_s`; then tokens and money that are left of it are given back, and requests are lost.

    On an interval of any length at most `share` of the amount comes on top for each lease that was open when it began:
    one for each process and each combination of keys in use. Calls may be refused while others have as much left.

    It is for limits with few buckets that are used all the time, such as those of a model or of everybody together. Where
    each user makes a call now and then, leases are a waste.

    In asyncio, use it over an asynchronous store: a call that is counted here then awaits nothing.

    Args:
        store: Where usage is kept.
        share: Part of an amount that is leased at once.
        hold_s: Seconds for which it is used.
        now: Seconds that never step back.

    Raises:
        ConfigurationError: `share` or `hold_s` is out of range; and, when a limiter is built, if a limit is of calls in
            flight or in shadow mode: these must be asked of the store.
    """

    def __init__(
        self, store: Store, *, share: float = 0.01, hold_s: float = 1.0, now: Callable[[], float] = time.monotonic
    ) -> None:
        for name, value, most in (("share", share, 0.5), ("hold_s", hold_s, 60)):
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= most:
                raise ConfigurationError(f"LeasedStore({name}={value!r}): must be above zero, at most {most}")
        self.store: Final = store
        self._share: Final = share
        self._hold_s: Final = hold_s
        self._now: Final = now
        self._bound: Final[WeakSet[_LeasedCounts]] = WeakSet()

    def end(self) -> None:
        """Give back what is left of every lease. For the end of a process; over an asynchronous store await `aend`."""
        for counts in tuple(self._bound):
            counts.end(counts.taken())

    async def aend(self) -> None:
        """Do as `end`."""
        for counts in tuple(self._bound):
            await _adrive(counts.ending(counts.taken()))

    def bind(self, limits: Sequence[Limit], previous: Counts | None = None, /) -> Counts:
        """Return the counts of these limits."""
        for limit in limits:
            if limit.unit == "concurrent" or limit.mode == "shadow":
                what = "calls in flight" if limit.unit == "concurrent" else "limits in shadow mode"
                raise ConfigurationError(f"LeasedStore: {limit.name!r}: {what} cannot be leased; use the store itself")
        old = previous if isinstance(previous, _LeasedCounts) else None
        counts = self.store.bind(limits, None if old is None else old.counts)
        kind = _AsyncLeasedCounts if iscoroutinefunction(counts.reserve) else _LeasedCounts
        bound = kind(counts, limits, old, share=self._share, hold_s=self._hold_s, now=self._now)
        if old is not None:
            bound.end(old.taken())
        self._bound.add(bound)
        return bound


@final
class _Lease:
    """What is reserved in advance.

    Attributes:
        ticket: In the name of which; None where there is nothing to lease for a while.
        whole: How much of each unit.
        left: How much of that is left; below zero when calls have used more than they reserved.
        until: When it is used no longer.
        calls: How many hold a part of it.
        ended: Whether it is used no longer; given back is it when the last call is settled.
    """

    __slots__ = ("calls", "ended", "left", "ticket", "until", "whole")

    def __init__(self, ticket: Ticket | None, whole: list[int], until: float) -> None:
        self.ticket = ticket
        self.whole = whole
        self.left = list(whole)
        self.until = until
        self.calls = 0
        self.ended = False


class _LeasedCounts:
    """The usage of the limits of one limiter.

    What may have to ask the store is a generator: it yields what to call, and is sent the answer or thrown what went
    wrong. So it is written once, for stores that block and those that are awaited.
    """

    def __init__(
        self,
        counts: Any,
        limits: Sequence[Limit],
        old: _LeasedCounts | None,
        *,
        share: float,
        hold_s: float,
        now: Callable[[], float],
    ) -> None:
        self.counts: Final[Any] = counts
        self.owner: Final[object] = self if old is None else old.owner
        self._by: Final[tuple[Any, ...]] = tuple({limit.by or "": None for limit in limits})
        self._units: Final = tuple({UNITS.index(limit.unit): None for limit in limits})
        self._hold_s: Final = hold_s
        self._now: Final = now
        self._lock: Final = Lock()
        self._leases: Final[OrderedDict[_Key, _Lease]] = OrderedDict()
        self._asking: Final[set[_Key]] = set()
        self._size: Final = [_size(limits, unit, share) for unit in UNITS]

    def reserve(self, ticket: Ticket, buckets: Buckets, demand: Demand, /) -> Any:
        """Count a call against a lease, or else in the store."""
        return _drive(self._reserve(ticket, buckets, demand))

    def extend(self, ticket: Ticket, demand: Demand, /) -> Any:
        """Take more of the lease, or else add to it in the store."""
        return _drive(self._extend(ticket, demand))

    def settle(self, ticket: Ticket, actual: Actual, /) -> Any:
        """Put what was used in the place of what was taken."""
        held, over = self._put_back(ticket, actual)
        if held and over is None:
            return True
        return _drive(self._settle(ticket, actual, over))

    def peek(self, buckets: Buckets, /) -> Any:
        """Return the level of every limit; what is leased is in use."""
        return self.counts.peek(buckets)

    def usage(self) -> Any:
        """Return every bucket in use."""
        return self.counts.usage()

    def reset(self, buckets: Buckets | None, /) -> Any:
        """Forget the usage in these buckets, and every lease."""
        with self._lock:
            self._leases.clear()
        return self.counts.reset(buckets)

    def _reserve(self, ticket: Ticket, buckets: Buckets, demand: Demand) -> _Work[Sequence[Denial]]:
        key = tuple([buckets[by] for by in self._by])
        with self._lock:
            lease = self._leases.get(key)
            known = lease is not None and self._now() < lease.until
            if lease is not None and known and self._granted(ticket, lease, demand):
                return ()
            asks = key not in self._asking and not (known and lease is not None and lease.ticket is None)
            if asks:
                self._asking.add(key)
        if asks:
            try:
                yield from self._renew(key, buckets, demand)
            finally:
                self._asking.discard(key)
            with self._lock:
                lease = self._leases.get(key)
                if lease is not None and self._granted(ticket, lease, demand):
                    return ()
        denials: Sequence[Denial] = yield (self.counts.reserve, ticket, buckets, demand)
        return denials

    def _granted(self, ticket: Ticket, lease: _Lease, demand: Demand) -> bool:
        if lease.ticket is None or not self._take(lease, demand):
            return False
        lease.calls += 1
        ticket.grant = (self.owner, (lease, demand))
        return True

    def _extend(self, ticket: Ticket, demand: Demand) -> _Work[Sequence[Denial]]:
        grant = ticket.grant
        if grant is None or grant[0] is not self.owner:
            denials: Sequence[Denial] = yield (self.counts.extend, ticket, demand)
            return denials
        lease, before = grant[1]
        with self._lock:
            enough = self._take(lease, demand)
        if not enough:
            denials = yield (self.counts.extend, lease.ticket, demand)
            if denials:
                return denials
            with self._lock:
                for unit, cost in enumerate(demand):
                    lease.whole[unit] += cost
        merged = [a + b for a, b in zip(_wide(before), _wide(demand), strict=True)]
        ticket.grant = (self.owner, (lease, merged))
        return ()

    def _put_back(self, ticket: Ticket, actual: Actual) -> tuple[bool, _Lease | None]:
        """Put what was used in the place of what was taken of a lease; return whether it was, and the lease if it is over."""
        with self._lock:
            grant = ticket.grant
            if grant is None or grant[0] is not self.owner:
                return False, None
            ticket.grant = SETTLED
            lease, taken = grant[1]
            for unit, used in enumerate(actual):
                if used is not None:
                    lease.left[unit] += _wide(taken)[unit] - used
            lease.calls -= 1
            return True, lease if lease.ended and not lease.calls else None

    def _settle(self, ticket: Ticket, actual: Actual, over: _Lease | None) -> _Work[bool]:
        if over is None:
            settled: bool = yield (self.counts.settle, ticket, actual)
            return settled
        yield from self._give_back(over)
        return True

    def taken(self) -> Sequence[_Lease]:
        """Return every lease, none of which is used for further calls."""
        with self._lock:
            ended = list(self._leases.values())
            self._leases.clear()
        return ended

    def end(self, leases: Sequence[_Lease]) -> None:
        """Give back what is left of leases; those with calls in flight are given back by the last of these."""
        _drive(self.ending(leases))

    def ending(self, leases: Sequence[_Lease]) -> _Work[None]:
        """Do what `end` does."""
        with self._lock:
            for lease in leases:
                lease.ended = True
            over = [lease for lease in leases if not lease.calls]
        for lease in over:
            yield from self._give_back(lease)

    def _take(self, lease: _Lease, demand: Demand) -> bool:
        for unit in self._units:
            if unit < len(demand) and demand[unit] > lease.left[unit]:
                return False
        for unit, cost in enumerate(demand):
            lease.left[unit] -= cost
        return True

    def _renew(self, key: _Key, buckets: Buckets, demand: Demand) -> _Work[None]:
        """Ask the store for a lease, and give back what is left of the one before, and of some that are over."""
        whole = [max(size, cost) for size, cost in zip(self._size, _wide(demand), strict=True)]
        whole[-1] = 0
        ticket: Ticket | None = Ticket()
        if (yield (self.counts.reserve, ticket, buckets, tuple(whole))):
            ticket = None
        now = self._now()
        with self._lock:
            ended = [self._leases.pop(key)] if key in self._leases else []
            oldest = list(islice(self._leases, _SWEEP))
            ended += [self._leases.pop(other) for other in oldest if self._leases[other].until <= now]
            self._leases[key] = _Lease(ticket, whole, now + self._hold_s)
        yield from self.ending(ended)

    def _give_back(self, lease: _Lease) -> _Work[None]:
        if lease.ticket is not None:
            yield (self.counts.settle, lease.ticket, _used(lease))


@final
class _AsyncLeasedCounts(_LeasedCounts):
    """The same over an asynchronous store."""

    async def reserve(self, ticket: Ticket, buckets: Buckets, demand: Demand, /) -> Sequence[Denial]:
        return await _adrive(self._reserve(ticket, buckets, demand))

    async def extend(self, ticket: Ticket, demand: Demand, /) -> Sequence[Denial]:
        return await _adrive(self._extend(ticket, demand))

    def settle(self, ticket: Ticket, actual: Actual, /) -> Answer[bool]:
        held, over = self._put_back(ticket, actual)
        return True if held and over is None else _adrive(self._settle(ticket, actual, over))

    def settle_later(self, ticket: Ticket, actual: Actual, /) -> bool:
        held, over = self._put_back(ticket, actual)
        if over is not None and over.ticket is not None:
            self._note(over.ticket, _used(over))
        return held or self._note(ticket, actual)

    def end(self, leases: Sequence[_Lease]) -> None:
        """Give back what is left of leases with the next settlement."""
        for _settle, ticket, used in self.ending(leases):
            self._note(ticket, used)

    def _note(self, ticket: Ticket, actual: Actual) -> bool:
        note = getattr(self.counts, "settle_later", None)
        return note is not None and note(ticket, actual)


def _drive(work: _Work[T]) -> T:
    """Run an operation on a store that blocks."""
    try:
        run, *args = next(work)
        while True:
            try:
                answer = run(*args)
            except BaseException as error:  # noqa: BLE001  the operation decides
                run, *args = work.throw(error)
            else:
                run, *args = work.send(answer)
    except StopIteration as done:
        result: T = done.value
        return result


async def _adrive(work: _Work[T]) -> T:
    """Run an operation on a store that is awaited."""
    try:
        run, *args = next(work)
        while True:
            try:
                answer = await run(*args)
            except BaseException as error:  # noqa: BLE001  as above
                run, *args = work.throw(error)
            else:
                run, *args = work.send(answer)
    except StopIteration as done:
        result: T = done.value
        return result


def _used(lease: _Lease) -> Actual:
    """Return what of a lease is used, in the order of `UNITS`."""
    return (None, *[max(0, whole - left) for whole, left in zip(lease.whole, lease.left, strict=True)][1:])


def _size(limits: Sequence[Limit], unit: str, share: float) -> int:
    """Return how much of a unit is leased: a share of the smallest limit of it."""
    capacities = [limit.capacity for limit in limits if limit.unit == unit and limit.amount is not None]
    return max(1, int(share * min(capacities))) if capacities else 0


def _wide(demand: Sequence[int]) -> Sequence[int]:
    """Return costs for all units."""
    return demand if len(demand) == len(UNITS) else (*demand, *([0] * (len(UNITS) - len(demand))))
