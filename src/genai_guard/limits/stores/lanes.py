"""One limit and its buckets in the memory of this process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal, NamedTuple, TypeAlias, final

from genai_guard.limits.buckets import Bucket
from genai_guard.limits.limit import Limit
from genai_guard.limits.states.base import SettlingMachine, StateMachine
from genai_guard.limits.ticket import Denial, Level
from genai_guard.limits.units import UNITS, shown

__all__ = ["OVERFLOW", "SWEEP", "Lane", "WhenFull"]

WhenFull: TypeAlias = Literal["deny", "share"]

SWEEP: Final = 2  # keys looked at for every new one: the table stays within about twice the live keys
OVERFLOW: Final = b"others"  # the bucket of keys for which there is no room; no key's, whose digests are longer
_SEARCH: Final = 64  # keys looked at for room in a full table


class _Entry(NamedTuple):
    bucket: Bucket
    state: Any
    denial: Denial | None


@final
class Lane:
    """One limit and its buckets, with what a call needs of them one step away.

    Its keys are swept by going through a list of them, a few at a time, over and over.
    """

    __slots__ = (
        "by", "limit", "machine", "max_keys", "on_wall", "queue", "reserve", "settle", "special", "states", "unit", "users", "when_full",
    )  # fmt: skip

    def __init__(self, limit: Limit, *, max_keys: int, when_full: WhenFull) -> None:
        self.limit = limit
        self.by: Any = limit.by or ""
        self.unit = UNITS.index(limit.unit)
        self.machine = machine = limit.machine
        self.special = limit.machines
        self.on_wall = machine.clock == "wall"
        self.reserve = machine.reserve
        self.settle = machine.settle if isinstance(machine, SettlingMachine) else None
        self.max_keys = max_keys
        self.when_full = when_full
        self.states: dict[Bucket, Any] = {}
        self.queue: list[Bucket] = []
        self.users = 0

    def machine_of(self, bucket: Bucket) -> StateMachine[Any]:
        """Return what counts a bucket that is in use."""
        return self.special.get(bucket) or self.machine if self.special else self.machine

    def enter(  # noqa: PLR0917  positional, because that is faster
        self, machine: StateMachine[Any], bucket: Bucket, after: Any, now: int, cost: int, holder: int = 0
    ) -> _Entry:
        """Return what becomes of a claim on a bucket that has no room, or is new, when there may be no room for it.

        Buckets with an override are few, and always have theirs.
        """
        state = self.states.get(bucket)
        if state is None and bucket not in self.special and (wait_ns := self._make_room(now)):
            if self.when_full == "deny":
                return _Entry(bucket, None, Denial(self.limit, wait_ns, 0, machine.capacity))
            bucket, state = OVERFLOW, self.states.get(OVERFLOW)
            after = machine.reserve(state, now, cost, holder)
        if after is not None:
            return _Entry(bucket, after, None)
        used = 0 if state is None else machine.used(state, now)
        return _Entry(bucket, None, Denial(self.limit, machine.wait_ns(state, now, cost), used, machine.capacity))

    def sweep(self, now: int, *, look: int = SWEEP) -> list[int]:
        """Look at the next few keys and forget those that have drained; return how long each takes to drain."""
        waits: list[int] = []
        for _ in range(min(look, len(self.states))):
            bucket = self._next()
            wait_ns = self.machine_of(bucket).drain_ns(self.states[bucket], now)
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
            self.sweep(now)

    def clear(self, buckets: Sequence[Bucket], now: int) -> None:
        """Forget the usage of some buckets."""
        for bucket in buckets:
            if bucket in self.states:
                self.put(bucket, self.machine_of(bucket).cleared(self.states[bucket], now), now)

    def level(self, bucket: Bucket, now: int) -> Level:
        """Return how full a bucket is."""
        machine = self.special.get(bucket, None if self.limit.amount is None else self.machine)
        if machine is None:
            return Level(self.limit.name, 0, None, 0.0)
        if bucket not in self.states and self.when_full == "share" and len(self.states) >= self.max_keys:
            bucket = OVERFLOW
        state = self.states.get(bucket)
        used = 0 if state is None else machine.used(state, now)
        drain_ns = 0 if state is None else max(0, machine.drain_ns(state, now))
        unit = self.limit.unit
        return Level(self.limit.name, shown(unit, used), shown(unit, machine.capacity), drain_ns / 1e9)

    def adopt(self, other: Lane, now: int) -> None:
        """Take over the usage of a limit that this one replaces, in units."""
        self.states.update(self._adopted(other, now))

    def _adopted(self, other: Lane, now: int) -> Iterator[tuple[Bucket, Any]]:
        for bucket, state in other.states.items():
            old, new = other.machine_of(bucket), self.machine_of(bucket)
            if new == old or self.settle is not None:
                yield bucket, state
            else:
                yield bucket, new.decode(old.encode(state), now)

    def _make_room(self, now: int) -> int:
        """Return 0 if one more key may be added; else how long until one of those looked at has drained."""
        if len(self.states) < self.max_keys:
            return 0
        waits = self.sweep(now, look=_SEARCH)
        return 0 if len(self.states) < self.max_keys else max(1, min(waits))

    def _next(self) -> Bucket:
        while True:
            if not self.queue:
                self.queue = list(self.states)
            bucket = self.queue.pop()
            if bucket in self.states:
                return bucket
