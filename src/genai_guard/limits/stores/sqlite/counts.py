"""The usage of the limits of one limiter, in a `SqliteStore`."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

from genai_guard.errors import ComponentFailed
from genai_guard.limits.buckets import Bucket, Buckets
from genai_guard.limits.claims import Claims
from genai_guard.limits.limit import Limit
from genai_guard.limits.states.base import SettlingMachine, StateMachine
from genai_guard.limits.stores.base import Row
from genai_guard.limits.stores.sqlite.file import Times, UsageFile
from genai_guard.limits.stores.sqlite.table import Lane, Part, Table, lanes_of
from genai_guard.limits.ticket import SETTLED, Demand, Denial, Level, Ticket
from genai_guard.limits.units import UNITS

__all__ = ["SqliteCounts"]

_Actual: TypeAlias = tuple[int | None, ...]
_Held: TypeAlias = Sequence[tuple[Lane, Bucket]]
"""In which limits a ticket holds something, and in whose name. How much is in the file."""

_SLOTS: Final = UNITS.index("concurrent")
_DAY_NS: Final = 86_400 * 10**9
_MOST_OWED: Final = 10_000


class SqliteCounts:
    """The usage of the limits of one limiter, in a `SqliteStore`."""

    def __init__(self, file: UsageFile, limits: Sequence[Limit], old: SqliteCounts | None) -> None:
        self.file: Final = file
        self.lanes: Final = tuple(lanes_of(limits))
        self.owner: Final[object] = self if old is None else old.owner
        self._claims: Final = Claims(limits)
        self._by_id: Final = {lane.id: lane for lane in self.lanes}
        self.owed: Final[dict[int, tuple[_Held, _Actual]]] = (
            {} if old is None else old.owed
        )  # settlements to be written
        self._forget_ns: Final = _DAY_NS + max(
            max(limit.period_ns, round(limit.lease_s * 10**9)) for limit in limits
        )  # a ticket that is older than all it could give back
        self._swept: tuple[int, bytes] = (-(2**63), b"")
        self._swept_ticket = b""

    def reserve(self, ticket: Ticket, buckets: Buckets, demand: Demand, /) -> Sequence[Denial]:
        """Check every limit, then commit to every limit."""
        self._pay()
        claims = self._claims.of(buckets, demand)

        def work(connection: sqlite3.Connection, times: Times) -> tuple[bool, Sequence[Denial]]:
            table = Table(connection, times)
            held: list[tuple[Lane, Bucket]] = []
            parts: list[Part] = []
            denials: list[Denial] = []
            for place, bucket, cost, machine in claims:
                lane = self.lanes[place]
                now = times[lane.clock]
                state = table.read(lane, bucket, machine)
                after = machine.reserve(state, now, cost, ticket.id)
                if after is None:
                    denials.append(_denial(lane, machine, state, now, cost))
                    continue
                table.write(lane, bucket, machine, after)
                if isinstance(machine, SettlingMachine):
                    parts.append(Part(len(held), machine.part(after), cost))
                    held.append((lane, bucket))
            ticket.shadow_denials = tuple(it.limit.name for it in denials if it.limit.mode == "shadow")
            if enforced := [it for it in denials if it.limit.mode == "enforce"]:
                return False, enforced
            table.flush()
            if held:
                table.note(ticket.id, parts, self._forget_ns)
            if table.is_new:
                self._sweep(table)
            ticket.grant = (self.owner, held)  # before the commit: after an interrupt the file knows whether it holds
            return True, ()

        try:
            return self.file.change(work)
        except Exception:
            ticket.grant = None
            raise

    def extend(self, ticket: Ticket, demand: Demand, /) -> Sequence[Denial]:
        """Reserve more of every limit, or of none, and renew leases."""
        grant = ticket.grant
        if grant is None or grant[0] is not self.owner or not grant[1]:
            return ()
        held: _Held = grant[1]

        def work(connection: sqlite3.Connection, times: Times) -> tuple[bool, Sequence[Denial]]:
            table = Table(connection, times)
            parts = table.parts(ticket.id)
            denials: list[Denial] = []
            for place, latest in {part.place: index for index, part in enumerate(parts)}.items():
                lane, bucket = self._heir(held[place][0]), held[place][1]
                reserved = parts[latest].reserved
                cost = reserved if lane.unit == _SLOTS else demand[lane.unit]
                machine, now = lane.machine_of(bucket), times[lane.clock]
                state = table.read(lane, bucket, machine)
                after = machine.reserve(state, now, cost, ticket.id)
                if after is None:
                    if lane.limit.mode == "enforce":
                        denials.append(_denial(lane, machine, state, now, cost))
                    continue
                table.write(lane, bucket, machine, after)
                if isinstance(machine, SettlingMachine) and cost and lane.unit != _SLOTS:
                    _add(parts, latest, machine.part(after), cost)
            if denials or not parts:
                return False, denials
            table.flush()
            table.note(ticket.id, parts, self._forget_ns)
            return True, ()

        return self.file.change(work)

    def settle(self, ticket: Ticket, actual: _Actual, /) -> bool:
        """Replace what was reserved by what was used, once."""
        with self.file.lock:  # of threads that settle at once, one does
            grant = ticket.grant
            if grant is None or grant[0] is not self.owner:
                return False
            ticket.grant = SETTLED
        if not grant[1]:
            return True
        try:
            self._pay()
            return self.file.change(
                lambda connection, times: self._settle(connection, times, ticket.id, grant[1], actual)
            )
        except ComponentFailed:
            if len(self.owed) >= _MOST_OWED:
                ticket.grant = grant
                raise
            self.owed[ticket.id] = grant[1], actual
            return True
        except BaseException:
            ticket.grant = grant  # whoever was interrupted may settle again: the file knows whether it was done
            raise

    def peek(self, buckets: Buckets, /) -> Sequence[Level]:
        """Return the level of every limit."""

        def work(connection: sqlite3.Connection, times: Times) -> tuple[bool, Sequence[Level]]:
            table = Table(connection, times)
            levels: list[Level] = []
            for lane in self.lanes:
                bucket = buckets[lane.by]
                state = table.read(lane, bucket, lane.machine_of(bucket))
                levels.append(lane.level(bucket, state, times[lane.clock]))
            return False, levels

        return self.file.look(work)

    def usage(self) -> Sequence[Row]:
        """Return every bucket in use."""

        def work(connection: sqlite3.Connection, times: Times) -> tuple[bool, Sequence[Row]]:
            rows = (
                Row(lane.limit, bucket, lane.level(bucket, state, times[lane.clock]))
                for lane in self.lanes
                for bucket, state in Table(connection, times).all(lane)
            )
            return False, [row for row in rows if row.level.used]

        return self.file.look(work)

    def reset(self, buckets: Buckets | None, /) -> None:
        """Forget the usage in these buckets; None forgets all there is."""

        def work(connection: sqlite3.Connection, times: Times) -> tuple[bool, None]:
            table = Table(connection, times)
            for lane in self.lanes:
                if buckets is None:
                    names = [bucket for bucket, _state in table.all(lane)]
                else:
                    names = [buckets[lane.by]] if lane.by in buckets else []
                for bucket in names:
                    machine = lane.machine_of(bucket)
                    if (state := table.read(lane, bucket, machine)) is not None:
                        table.write(lane, bucket, machine, machine.cleared(state, times[lane.clock]))
            table.flush()
            return True, None

        self._pay()
        self.file.change(work)

    def _settle(
        self,
        connection: sqlite3.Connection,
        times: Times,
        holder: int,
        held: _Held,
        actual: _Actual,
    ) -> tuple[bool, bool]:
        table = Table(connection, times)
        parts = table.take(holder)
        for (place, part, reserved), used in _shares(parts, [actual[lane.unit] for lane, _bucket in held]):
            lane, bucket = self._heir(held[place][0]), held[place][1]
            machine = lane.machine_of(bucket)
            if isinstance(machine, SettlingMachine):
                state = table.read(lane, bucket, machine)
                after = machine.settle(state, times[lane.clock], (part,), reserved, used, holder)
                table.write(lane, bucket, machine, after)
        table.flush()
        return bool(parts), bool(parts)

    def _pay(self) -> None:
        """Settle what could not be settled when it was due."""
        for holder, (held, actual) in tuple(self.owed.items()) if self.owed else ():
            self.file.change(
                lambda connection, times, holder=holder, held=held, actual=actual: self._settle(  # type: ignore[misc]
                    connection, times, holder, held, actual
                )
            )
            self.owed.pop(holder, None)

    def _heir(self, lane: Lane) -> Lane:
        return self._by_id.get(lane.id, lane)

    def _sweep(self, table: Table) -> None:
        self._swept = table.sweep(self._swept)
        self._swept_ticket = table.sweep_tickets(self._swept_ticket)


def _denial(lane: Lane, machine: StateMachine[Any], state: Any, now: int, cost: int) -> Denial:
    used = 0 if state is None else machine.used(state, now)
    return Denial(lane.limit, machine.wait_ns(state, now, cost), used, machine.capacity)


def _add(parts: list[Part], latest: int, part: int, cost: int) -> None:
    """Add a part to what a ticket holds: to its latest of that limit if they stand in the same place."""
    place, last, reserved = parts[latest]
    if part == last:
        parts[latest] = Part(place, last, reserved + cost)
    else:
        parts.append(Part(place, part, cost))


def _shares(parts: Sequence[Part], totals: Sequence[int | None]) -> list[tuple[Part, int]]:
    """Spread what was used over the parts of each reservation, the earliest first; the last one bears the rest."""
    latest = {part.place: index for index, part in enumerate(parts)}
    left = list(totals)
    shares: list[tuple[Part, int]] = []
    for index, part in enumerate(parts):
        rest = left[part.place]
        if rest is not None:
            used = rest if index == latest[part.place] else min(part.reserved, rest)
            left[part.place] = rest - used
            shares.append((part, used))
    return shares
