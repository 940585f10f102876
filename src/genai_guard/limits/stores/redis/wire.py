"""Limits as the scripts know them: keys, claims in bytes, and states decoded into those of the state machines.

The server counts time in whole microseconds, in doubles. Where a limit's own times are no whole microseconds, they
are rounded to the side that admits less: the cells of a ring and the leases get longer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b
from math import gcd
from struct import Struct, pack, unpack
from typing import Any, ClassVar, Final, NamedTuple

from genai_guard.errors import ConfigurationError
from genai_guard.limits.buckets import Bucket
from genai_guard.limits.limit import Limit
from genai_guard.limits.states.base import SettlingMachine, StateMachine
from genai_guard.limits.states.gcra import Gcra
from genai_guard.limits.states.ledger import Ledger
from genai_guard.limits.states.packing import pack as packed
from genai_guard.limits.states.ring import Ring
from genai_guard.limits.states.slots import Slots
from genai_guard.limits.ticket import Denial, Level
from genai_guard.limits.units import UNITS, shown

__all__ = ["Track", "Wire", "bucket_of_key", "tracks_of"]

_FORMAT: Final = 1  # of the states; another number is another key
_MOST: Final = (1 << 53) - 1  # what a double counts exactly, and more than any limit
_CENTURY_US: Final = 100 * 366 * 86_400 * 10**6
_CELLS: Final = 12
_US: Final = 1_000
_PACK_5: Final = Struct("<5d").pack


class Wire:
    """One amount of a limit: what the script is told of it, and what is made of the script's answer."""

    kind: ClassVar[int]

    def __init__(self, machine: StateMachine[Any], *, enforced: bool) -> None:
        self.machine = machine
        self._enforced = enforced

    def claim(self, cost: int, second: int) -> bytes:
        """Return a claim for the script.

        Args:
            cost: Units; -1 for unknown.
            second: The server's time, about.
        """
        raise NotImplementedError

    def denial(self, limit: Limit, raw: list[Any], now: int, cost: int) -> Denial:
        """Return what became of a claim that the script refused, by the state that it met."""
        state = self._state(raw, now)
        used = 0 if state is None else self.machine.used(state, now)
        return Denial(limit, self.machine.wait_ns(state, now, cost), used, self.machine.capacity)

    def level(self, limit: Limit, raw: list[Any], now: int) -> Level:
        """Return how full a bucket is."""
        used, drain_ns = self._seen(raw, now)
        shown_used, capacity = shown(limit.unit, used), shown(limit.unit, self.machine.capacity)
        return Level(limit.name, shown_used, capacity, max(0, drain_ns) / 1e9)

    def _state(self, raw: list[Any], now: int) -> Any:
        raise NotImplementedError

    def _seen(self, raw: list[Any], now: int) -> tuple[int, int]:
        state = self._state(raw, now)
        return (0, 0) if state is None else (self.machine.used(state, now), self.machine.drain_ns(state, now))


class _GcraWire(Wire):
    kind = 1

    def __init__(self, machine: Gcra, *, enforced: bool) -> None:
        super().__init__(machine, enforced=enforced)
        self._period_us = machine.period_ns // _US
        self._amount = machine.amount
        self._burst = machine.burst
        self._tolerance = divmod(machine.burst * self._period_us, machine.amount)
        self._one = b""
        if self._tolerance[0] > _CENTURY_US:
            raise ConfigurationError(
                f"a burst of {machine.burst} at this rate takes more than a century to drain, which is longer than a "
                "Redis store can count; lower it"
            )

    def claim(self, cost: int, second: int) -> bytes:
        del second
        if cost == 1 and self._one:  # as nearly always
            return self._one
        whole, part = (_MOST, 0) if cost > self._burst else divmod(max(0, cost) * self._period_us, self._amount)
        claim = pack("<8d", self.kind, self._enforced, 0, whole, part, *self._tolerance, self._amount)
        if cost == 1:
            self._one = claim
        return claim

    def _state(self, raw: list[Any], now: int) -> Any:
        if not raw:
            return None
        whole, part, amount = raw
        period_ns = self._period_us * _US
        common = gcd(amount, period_ns)
        state = whole * _US * (amount // common) - (-part * _US // common)
        if amount == self._amount:
            return state
        return self.machine.decode(Gcra(amount, period_ns, 1).encode(state), now)


class _RingWire(Wire):
    kind = 2

    def __init__(self, machine: Ring, *, enforced: bool) -> None:
        self._cell_us = -(-machine.period_ns // (_CELLS * _US))
        super().__init__(Ring(machine.amount, self._cell_us * _CELLS * _US), enforced=enforced)
        self._amount = machine.amount

    def claim(self, cost: int, second: int) -> bytes:
        del second
        return _PACK_5(self.kind, self._enforced, min(cost, _MOST), self._amount, self._cell_us)

    def _state(self, raw: list[Any], now: int) -> Any:
        return self.machine.decode(packed(raw), now) if raw else None


class _LedgerWire(Wire):
    kind = 3

    def __init__(self, machine: Ledger, *, enforced: bool) -> None:
        lease_us = -(-machine.lease_ns // _US)
        whole = Ledger(machine.amount, machine.calendar, lease_us * _US, machine.on_expiry)
        super().__init__(whole, enforced=enforced)
        self._calendar = machine.calendar
        self._fixed = pack("<ddd", machine.amount, lease_us, machine.on_expiry == "release")
        self._known = (0, 0, b"")  # begin and end of the period last asked for, and what the script is told of it

    def claim(self, cost: int, second: int) -> bytes:
        known = self._known
        if not known[0] <= second < known[1]:
            start, end = self._calendar.period(second * 10**9)
            following = self._calendar.period(end * 10**9)
            self._known = known = (start, end, self._fixed + pack("<dddd", start, end, *following))
        return pack("<ddd", self.kind, self._enforced, min(cost, _MOST)) + known[2]

    def _state(self, raw: list[Any], now: int) -> Any:
        if not raw:
            return None
        numbers = [int(raw[0]), int(raw[1])]
        for at in range(2, len(raw), 2):
            if len(raw[at]) == _HOLDER_SIZE:
                amount, until_us = unpack("<dd", raw[at + 1])
                numbers += int.from_bytes(raw[at]), int(amount), int(until_us) * _US
        return self.machine.decode(packed(numbers), now)


class _SlotsWire(Wire):
    kind = 4

    def __init__(self, machine: Slots, *, enforced: bool) -> None:
        self._lease_us = -(-machine.lease_ns // _US)
        super().__init__(Slots(machine.amount, self._lease_us * _US), enforced=enforced)
        self._amount = machine.amount

    def claim(self, cost: int, second: int) -> bytes:
        del second
        return _PACK_5(self.kind, self._enforced, cost, self._amount, self._lease_us)

    def denial(self, limit: Limit, raw: list[Any], now: int, cost: int) -> Denial:
        del cost
        taken, free_us, _last_us = raw
        return Denial(limit, free_us * _US - now, taken, self.machine.capacity)

    def _seen(self, raw: list[Any], now: int) -> tuple[int, int]:
        taken, _free_us, last_us = raw
        return taken, last_us * _US - now


class Track(NamedTuple):
    """One limit in the store.

    Attributes:
        limit: The limit.
        by: Its key.
        unit: Place of its unit among the costs.
        enforced: Whether it refuses.
        holds: Whether there is anything to settle.
        is_rate: Whether it is a rate or a window.
        prefix: What its keys begin with.
        base: Its amount; None if it limits nobody but those with an override.
        special: The amounts of overrides; None for no limit.
    """

    limit: Limit
    by: Any
    unit: int
    enforced: bool
    holds: bool
    is_rate: bool
    prefix: bytes
    base: Wire | None
    special: dict[Any, Wire | None]

    def wire(self, bucket: Bucket) -> Wire | None:
        """Return the amount for a bucket; None for no limit."""
        return self.special.get(bucket, self.base) if self.special else self.base

    def wire_of(self, bucket: Bucket) -> Wire:
        """Return what speaks of a bucket that is in use, whether or not it is limited any more."""
        wire = self.wire(bucket) or self.base or next(filter(None, self.special.values()), None)
        if wire is None:
            raise AssertionError("a limit without any amount")  # which `Limit` refuses
        return wire

    def key(self, bucket: Bucket) -> bytes:
        """Return the key under which the store keeps a bucket."""
        if isinstance(bucket, str):
            return b"%b=%b" % (self.prefix, bucket.encode("utf-8", "surrogatepass"))
        return self.prefix + b"#" + bucket


def bucket_of_key(rest: bytes) -> Bucket:
    """Return the bucket of a key, from what follows the prefix of its limit."""
    return rest[1:] if rest.startswith(b"#") else rest[1:].decode("utf-8", "surrogatepass")


def tracks_of(limits: Sequence[Limit], prefix: bytes) -> list[Track]:
    """Return limits as the store knows them. The n-th of the same identity has the keys of the n-th."""
    seen: Counter[Any] = Counter()
    tracks: list[Track] = []
    for limit in limits:
        tracks.append(_track(limit, prefix, seen[limit.identity]))
        seen[limit.identity] += 1
    return tracks


def _track(limit: Limit, prefix: bytes, number: int) -> Track:
    machine = limit.machine
    name = repr((_FORMAT, type(machine).__name__, number, limit.identity)).encode("utf-8", "surrogatepass")
    enforced = limit.mode == "enforce"
    holds = isinstance(machine, SettlingMachine) and not (isinstance(machine, Ledger) and not machine.lease_ns)
    return Track(
        limit,
        limit.by or "",
        UNITS.index(limit.unit),
        enforced,
        holds,
        isinstance(machine, Gcra | Ring),
        prefix + blake2b(name, digest_size=8).hexdigest().encode(),
        None if limit.amount is None else _wire(machine, enforced=enforced),
        {
            bucket: None if special is None else _wire(special, enforced=enforced)
            for bucket, special in limit.machines.items()
        },
    )


_KINDS: Final[dict[type, type[Wire]]] = {Gcra: _GcraWire, Ring: _RingWire, Ledger: _LedgerWire, Slots: _SlotsWire}
_HOLDER_SIZE: Final = 16


def _wire(machine: Any, *, enforced: bool) -> Wire:
    return _KINDS[type(machine)](machine, enforced=enforced)
