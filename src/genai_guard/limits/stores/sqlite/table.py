"""The rows of a `SqliteStore`, as one transaction sees them."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Any, Final, NamedTuple

from genai_guard.limits.buckets import Bucket
from genai_guard.limits.limit import Limit
from genai_guard.limits.states.base import StateMachine
from genai_guard.limits.states.packing import pack, unpack
from genai_guard.limits.stores.sqlite.file import Times
from genai_guard.limits.ticket import Level
from genai_guard.limits.units import UNITS, shown

__all__ = ["Lane", "Part", "Table", "lanes_of"]

_SWEEP: Final = 4  # rows looked at for every new one: the file stays within about twice the keys in use
_READ: Final = "SELECT state FROM limits_usage_1 WHERE lane = ? AND bucket = ?"
_WRITE: Final = "INSERT OR REPLACE INTO limits_usage_1 VALUES (?, ?, ?, ?)"
_DELETE: Final = "DELETE FROM limits_usage_1 WHERE lane = ? AND bucket = ?"
_START: Final = (-(2**63), b"")


class Lane(NamedTuple):
    """One limit, as the file knows it.

    Attributes:
        limit: The limit.
        id: What its rows are found by.
        by: Its key.
        unit: Place of its unit among the costs.
        clock: Which of the `Times` it wants.
        machine: What counts it for those without an override.
        special: What counts it for those with one.
    """

    limit: Limit
    id: int
    by: Any
    unit: int
    clock: int
    machine: StateMachine[Any]
    special: dict[Any, StateMachine[Any] | None]

    def machine_of(self, bucket: Bucket) -> StateMachine[Any]:
        """Return what counts a bucket that is in use."""
        return self.special.get(bucket) or self.machine

    def level(self, bucket: Bucket, state: Any, now: int) -> Level:
        """Return how full a bucket is."""
        machine = self.special.get(bucket, None if self.limit.amount is None else self.machine)
        if machine is None:
            return Level(self.limit.name, 0, None, 0.0)
        used = 0 if state is None else machine.used(state, now)
        drain_ns = 0 if state is None else max(0, machine.drain_ns(state, now))
        unit = self.limit.unit
        return Level(self.limit.name, shown(unit, used), shown(unit, machine.capacity), drain_ns / 1e9)


def lanes_of(limits: Sequence[Limit]) -> Iterator[Lane]:
    """Return the limits as the file knows them: by their identity, and the how manieth of the same."""
    seen: Counter[Any] = Counter()
    for limit in limits:
        machine = limit.machine
        name = repr((limit.identity, seen[limit.identity], type(machine).__name__))
        seen[limit.identity] += 1
        digest = blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        number = int.from_bytes(digest, signed=True)
        clock = 1 if machine.clock == "wall" else 0
        yield Lane(limit, number, limit.by or "", UNITS.index(limit.unit), clock, machine, dict(limit.machines))


class Part(NamedTuple):
    """One part of what a ticket holds.

    Attributes:
        place: In which of the limits it holds something in.
        part: Where in the state.
        reserved: Units.
    """

    place: int
    part: int
    reserved: int


class Table:
    """What one transaction has read, and is going to write.

    Attributes:
        times: When it is.
        is_new: Whether it writes rows that were not there.
    """

    def __init__(self, connection: sqlite3.Connection, times: Times) -> None:
        self.times: Final = times
        self.is_new = False
        self._connection: Final = connection
        self._states: dict[tuple[int, bytes], Any] = {}
        self._after: dict[tuple[int, bytes], tuple[Lane, StateMachine[Any], Any]] = {}

    def read(self, lane: Lane, bucket: Bucket, machine: StateMachine[Any]) -> Any:
        """Return the state of a bucket; None for one that is not in use."""
        key = lane.id, _stored(bucket)
        if key in self._states:
            return self._states[key]
        row = self._connection.execute(_READ, key).fetchone()
        state = None if row is None else machine.decode(row[0], self.times[lane.clock])
        self.is_new |= row is None
        self._states[key] = state
        return state

    def write(self, lane: Lane, bucket: Bucket, machine: StateMachine[Any], state: Any) -> None:
        """Keep a state, once `flush` is called; None for a bucket with nothing in it."""
        key = lane.id, _stored(bucket)
        self._states[key] = state
        self._after[key] = lane, machine, state

    def flush(self) -> None:
        """Write what is to be written."""
        for key, (lane, machine, state) in self._after.items():
            if state is None:
                self._connection.execute(_DELETE, key)
            else:
                now = self.times[lane.clock]
                drained = now + machine.drain_ns(state, now)
                self._connection.execute(_WRITE, (*key, machine.encode(state), drained))

    def all(self, lane: Lane) -> Iterator[tuple[Bucket, Any]]:
        """Yield every bucket of a limit, and its state."""
        rows = self._connection.execute("SELECT bucket, state FROM limits_usage_1 WHERE lane = ?", (lane.id,))
        for stored, data in rows.fetchall():
            bucket = _loaded(stored)
            yield bucket, lane.machine_of(bucket).decode(data, self.times[lane.clock])

    def parts(self, holder: int) -> list[Part]:
        """Return what a ticket holds; nothing when it is settled."""
        row = self._connection.execute("SELECT parts FROM limits_ticket_1 WHERE id = ?", (_id(holder),)).fetchone()
        numbers = [] if row is None else unpack(row[0])
        return [Part(*numbers[at : at + 3]) for at in range(0, len(numbers), 3)]

    def take(self, holder: int) -> list[Part]:
        """Return what a ticket holds, which is then settled."""
        if parts := self.parts(holder):
            self._connection.execute("DELETE FROM limits_ticket_1 WHERE id = ?", (_id(holder),))
        return parts

    def note(self, holder: int, parts: Sequence[Part], forget_ns: int) -> None:
        """Write down what a ticket holds, for so long at least."""
        packed = pack(number for part in parts for number in part)
        row = _id(holder), packed, self.times.steady + forget_ns
        self._connection.execute("INSERT OR REPLACE INTO limits_ticket_1 VALUES (?, ?, ?)", row)

    def sweep(self, after: tuple[int, bytes]) -> tuple[int, bytes]:
        """Look at the next few rows and remove those with nothing in use, of whosoever limits; return the last of them.

        By the earlier of the clocks: one that was ahead for a while has made nobody forget what is in use.
        """
        now = min(self.times)
        rows = self._connection.execute(
            "SELECT lane, bucket, drained FROM limits_usage_1 WHERE (lane, bucket) > (?, ?) ORDER BY lane, bucket LIMIT ?",
            (*after, _SWEEP),
        ).fetchall()
        for lane, bucket, drained in rows:
            if drained <= now:
                self._connection.execute(_DELETE, (lane, bucket))
        return (rows[-1][0], rows[-1][1]) if len(rows) == _SWEEP else _START

    def sweep_tickets(self, after: bytes) -> bytes:
        """Do the same for tickets that nobody has settled."""
        rows = self._connection.execute(
            "SELECT id, forgotten FROM limits_ticket_1 WHERE id > ? ORDER BY id LIMIT ?", (after, _SWEEP)
        ).fetchall()
        for holder, forgotten in rows:
            if forgotten <= self.times.steady:
                self._connection.execute("DELETE FROM limits_ticket_1 WHERE id = ?", (holder,))
        return rows[-1][0] if len(rows) == _SWEEP else b""


def _id(holder: int) -> bytes:
    return holder.to_bytes(16)


def _stored(bucket: Bucket) -> bytes:
    """Return a bucket as bytes; keys and digests of keys do not meet."""
    return b"d" + bucket if isinstance(bucket, bytes) else b"k" + bucket.encode("utf-8", "surrogatepass")


def _loaded(stored: bytes) -> Bucket:
    return stored[1:] if stored[:1] == b"d" else stored[1:].decode("utf-8", "surrogatepass")
