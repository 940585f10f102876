"""Usage in the memory of this process: exact under threads, one lock, one step for all limits of a call."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any, Final, TypeAlias, final

from genai_guard.errors import ConfigurationError
from genai_guard.limits.limit import UNITS, Limit
from genai_guard.limits.states.base import SettlingMachine
from genai_guard.limits.ticket import SETTLED, Bucket, Buckets, Demand, Denial, Level, Ticket

__all__ = ["Clock", "MemoryStore"]

Clock: TypeAlias = Callable[[], int]
"""Whole nanoseconds since any moment."""

_Hold: TypeAlias = "tuple[_Lane, Bucket, Any, int]"  # with the state after the reservation, and its cost
_SWEEP: Final = 2  # keys looked at for every new one: the table stays within about twice the live keys
_SEARCH: Final = 64  # keys looked at for room in a full table


@final
class MemoryStore:
    """Keeps usage in this process. What several processes do is not added up, and a restart forgets it.

    A key costs memory only while it is in use: for each new key two others are looked at, and forgotten if they have
    drained, which changes no decision. A key in use is never forgotten. So that a flood of made-up keys cannot exhaust
    the memory, a limit keeps at most `max_keys`; when they are all in use, calls with further keys are refused by the
    limit until one has drained. Keys known already are not affected. (64 keys are looked at for one that has drained,
    each time others; settling can take the number beyond `max_keys` by the calls in flight.)

    One lock guards all limits of the store. It is held for microseconds and never over anybody's code but the clock's.
    It is not reentrant: do not reserve or settle in `__del__` or in a signal handler.

    Args:
        max_keys: Most keys of one limit. A key takes about 100 bytes for requests and 250 for tokens, beside its text.
        clock: Whole nanoseconds that never step back, `time.monotonic_ns` when None. Should it step back all the same,
            time goes on from where it was: usage drains only while the clock advances.

    Raises:
        ConfigurationError: `max_keys` is no whole number above zero, or `clock` does not count in whole nanoseconds.
    """

    def __init__(self, *, max_keys: int = 1_000_000, clock: Clock | None = None) -> None:
        if type(max_keys) is not int or max_keys < 1:
            raise ConfigurationError(f"MemoryStore(max_keys={max_keys!r}): must be a whole number above zero")
        self.max_keys = max_keys
        self._now: Clock = time.monotonic_ns if clock is None else _Forward(clock)
        self._lock = Lock()
        self._lanes: dict[Limit, _Lane] = {}

    def bind(self, limits: Sequence[Limit], /) -> MemoryCounts:
        """Return the counts of these limits, shared with whoever has bound equal ones."""
        with self._lock:
            for limit in limits:
                if limit not in self._lanes:
                    self._lanes[limit] = _Lane(limit, max_keys=self.max_keys)
            lanes = [self._lanes[limit] for limit in limits]
        return (
            _OneCount(lanes[0], lock=self._lock, now=self._now)
            if len(lanes) == 1
            else MemoryCounts(lanes, lock=self._lock, now=self._now)
        )

    def __len__(self) -> int:
        """Return the number of keys that are kept."""
        return sum(len(lane.states) for lane in tuple(self._lanes.values()))

    def __repr__(self) -> str:
        return f"<MemoryStore, {len(self)} keys>"


class MemoryCounts:
    """The usage of the limits of one limiter, in a `MemoryStore`."""

    def __init__(self, lanes: Sequence[_Lane], *, lock: Lock, now: Clock) -> None:
        self._lanes = tuple(lanes)
        self._lock = lock
        self._now = now

    def reserve(self, ticket: Ticket, buckets: Buckets, demand: Demand, /) -> Sequence[Denial]:
        """Check every limit, then commit to every limit."""
        held: list[_Hold] = []
        rare: list[tuple[_Lane, int | None]] = []
        with self._lock:
            now = self._now()
            for lane in self._lanes:
                bucket = buckets[lane.by]
                cost = demand[lane.unit]
                state = lane.states.get(bucket)
                after = lane.reserve(state, now, cost)
                if after is None or state is None:
                    wait_ns = lane.wait_ns(state, now, cost) if after is None else lane.make_room(now)
                    rare.append((lane, wait_ns))
                    if wait_ns != 0:
                        continue
                held.append((lane, bucket, after, cost))
            if rare and (denials := _refusals(ticket, rare)):
                return denials
            for lane, bucket, after, _cost in held:
                lane.states[bucket] = after
            ticket.grant = (self, held)  # last: an interrupt in between leaves usage too high, never too low
            for lane, _wait_ns in rare:
                lane.sweep(now, look=_SWEEP)
        return ()

    def settle(self, ticket: Ticket, actual: tuple[int | None, ...], /) -> bool:
        """Replace what was reserved by what was used, once."""
        with self._lock:
            grant = ticket.grant
            if grant is None or grant[0] is not self:
                return False
            ticket.grant = SETTLED
            held: Sequence[_Hold] = grant[1]
            for lane, bucket, mark, reserved in held:
                used = actual[lane.unit]
                if used is None or used == reserved or lane.settle is None:
                    continue
                now = self._now()
                state = lane.states.get(bucket)
                after = lane.settle(state, now, mark, reserved, used)
                if state is None or after is None:
                    lane.put(bucket, after, now)
                else:
                    lane.states[bucket] = after
        return True

    def peek(self, buckets: Buckets, /) -> Sequence[Level]:
        """Return the level of every limit."""
        with self._lock:
            now = self._now()
            return [lane.level(buckets[lane.by], now) for lane in self._lanes]

    def reset(self, buckets: Buckets | None, /) -> None:
        """Forget the usage in these buckets; None forgets all there is."""
        with self._lock:
            now = self._now()
            for lane in self._lanes:
                if buckets is None:
                    lane.clear(list(lane.states), now)
                elif lane.by in buckets:
                    lane.clear([buckets[lane.by]], now)


@final
class _OneCount(MemoryCounts):
    """The usage of a single limit: what nearly every call comes to, without the loop; a fifth faster."""

    def __init__(self, lane: _Lane, *, lock: Lock, now: Clock) -> None:
        super().__init__([lane], lock=lock, now=now)
        self._lane = lane
        self._by = lane.by
        self._unit = lane.unit
        self._states = lane.states
        self._take = lane.reserve
        self._kept = None if lane.settle else (self, ())

    def reserve(self, ticket: Ticket, buckets: Buckets, demand: Demand, /) -> Sequence[Denial]:
        """Commit if the bucket is known and has room; leave everything else to the loop."""
        bucket = buckets[self._by]
        cost = demand[self._unit]
        with self._lock:
            state = self._states.get(bucket)
            after = None if state is None else self._take(state, self._now(), cost)
            if after is not None:
                self._states[bucket] = after
                ticket.grant = self._kept or (self, ((self._lane, bucket, after, cost),))
                return ()
        return super().reserve(ticket, buckets, demand)


@final
class _Lane:
    """One limit and its buckets, with what a call needs of them one step away.

    Its keys are swept by going through a list of them, a few at a time, over and over.
    """

    __slots__ = ("by", "limit", "machine", "max_keys", "queue", "reserve", "settle", "states", "unit", "wait_ns")

    def __init__(self, limit: Limit, *, max_keys: int) -> None:
        self.limit = limit
        self.by = limit.by or ""
        self.unit = UNITS.index(limit.unit)
        self.machine = machine = limit.machine
        self.reserve = machine.reserve
        self.wait_ns = machine.wait_ns
        self.settle = machine.settle if isinstance(machine, SettlingMachine) else None
        self.max_keys = max_keys
        self.states: dict[Bucket, Any] = {}
        self.queue: list[Bucket] = []

    def make_room(self, now: int) -> int:
        """Return 0 if one more key may be added; else how long until one of those looked at has drained."""
        if len(self.states) < self.max_keys:
            return 0
        waits = self.sweep(now, look=_SEARCH)
        return 0 if len(self.states) < self.max_keys else max(1, min(waits))

    def sweep(self, now: int, *, look: int) -> list[int]:
        """Look at the next few keys and forget those that have drained; return how long each takes to drain."""
        waits: list[int] = []
        for _ in range(min(look, len(self.states))):
            bucket = self._next()
            wait_ns = self.machine.drain_ns(self.states[bucket], now)
            if wait_ns <= 0:
                del self.states[bucket]
            waits.append(wait_ns)
        return waits

    def put(self, bucket: Bucket, state: Any, now: int) -> None:
        """Keep a state; None for a bucket with nothing in it."""
        known = bucket in self.states
        if state is not None:
            self.states[bucket] = state
        elif known:
            del self.states[bucket]
        if not known:
            self.sweep(now, look=_SWEEP)

    def clear(self, buckets: Sequence[Bucket], now: int) -> None:
        """Forget the usage of some buckets."""
        for bucket in buckets:
            if bucket in self.states:
                self.put(bucket, self.machine.cleared(self.states[bucket], now), now)

    def level(self, bucket: Bucket, now: int) -> Level:
        """Return how full a bucket is."""
        state = self.states.get(bucket)
        used = 0 if state is None else self.machine.used(state, now)
        drain_ns = 0 if state is None else max(0, self.machine.drain_ns(state, now))
        return Level(self.limit.name, used, self.limit.capacity, drain_ns / 1e9)

    def _next(self) -> Bucket:
        while True:
            if not self.queue:
                self.queue = list(self.states)
            bucket = self.queue.pop()
            if bucket in self.states:
                return bucket


def _refusals(ticket: Ticket, rare: Sequence[tuple[_Lane, int | None]]) -> Sequence[Denial]:
    """Return what enforced limits refuse; what those in shadow mode would is noted on the ticket."""
    denials = [Denial(lane.limit, wait_ns) for lane, wait_ns in rare if wait_ns != 0]
    ticket.shadow_denials = tuple(denial.limit.name for denial in denials if denial.limit.mode == "shadow")
    return [denial for denial in denials if denial.limit.mode == "enforce"]


@final
class _Forward:
    """A clock that stands still where the one it is made of steps back, and goes on from there."""

    __slots__ = ("_clock", "_lag", "_latest")

    def __init__(self, clock: Clock) -> None:
        if not callable(clock) or type(latest := clock()) is not int:
            raise ConfigurationError(
                "clock must be a function that returns whole nanoseconds and never steps back, such as time.monotonic_ns"
            )
        self._clock = clock
        self._latest = latest
        self._lag = 0

    def __call__(self) -> int:
        now = self._clock() + self._lag
        if now < self._latest:
            self._lag += self._latest - now
            return self._latest
        self._latest = now
        return now
