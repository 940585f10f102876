"""What is asked of the server, and what follows from its answers: once, for clients that block and those that are awaited.

Every operation is a generator: it yields requests, is sent the replies or thrown what went wrong, and returns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeAlias

from genai_guard.errors import ComponentFailed
from genai_guard.limits.buckets import Bucket, Buckets
from genai_guard.limits.claims import Claims
from genai_guard.limits.limit import Limit
from genai_guard.limits.stores.base import Row
from genai_guard.limits.stores.redis.outage import LimitUnavailable, Local, Outage, policy_of
from genai_guard.limits.stores.redis.shared import NOTHING_USED, SLOTS, Actual, Due, Held, Scan, Shared, Work
from genai_guard.limits.stores.redis.wire import Track, Wire, bucket_of_key, tracks_of
from genai_guard.limits.ticket import SETTLED, Demand, Denial, Level, Ticket
from genai_guard.limits.units import shown
from genai_guard.verdicts import OnOutage

__all__ = ["Steps"]

_Asked: TypeAlias = tuple[Track, Wire, int]
_Part: TypeAlias = tuple[Track, Bucket, int]

_LOOK: Final = 256  # buckets looked at in one step
_US: Final = 1_000


class Steps:
    """The operations on the limits of one limiter."""

    def __init__(self, shared: Shared, limits: Sequence[Limit], previous: Steps | None = None) -> None:
        self.shared: Final = shared
        self.limits: Final = tuple(limits)
        self.tracks: Final = tracks_of(limits, shared.prefix)
        self.owner: Final[object] = self if previous is None else previous.owner  # whose tickets these settle
        self._claims: Final = Claims(limits)
        self._by_prefix: Final = {track.prefix: track for track in self.tracks}
        self._policies: Final[Sequence[OnOutage]] = [policy_of(limit, shared.on_outage) for limit in limits]
        self._local: Local | None = None
        self._reserve: Final = "reserve_rates" if all(track.is_rate for track in self.tracks) else "reserve"

    def reserve(self, ticket: Ticket, buckets: Buckets, demand: Demand) -> Work[Sequence[Denial]]:
        """Check every limit, then commit to every limit."""
        holder = ticket.id.to_bytes(16, "big")
        keys = [self.shared.ticket_key(holder)]
        asked: list[_Asked] = []
        parts: list[_Part] = []
        for track, bucket, cost in self._claimed(buckets, demand):
            keys.append(track.key(bucket))
            wire = track.base
            asked.append((track, track.wire_of(bucket) if wire is None or track.special else wire, cost))
            if track.holds:
                parts.append((track, bucket, cost))
        held = Held(holder, tuple(parts))
        if not asked:  # by overrides, nobody limits this call
            ticket.grant = (self.owner, held)
            return ()
        try:
            reply = yield from self.shared.ask(self._reserve, keys, lambda second: (holder, _claims(asked, second)))
        except Outage as outage:
            held = held if outage.asked else held._replace(parts=())
            return self._alone(ticket, buckets, demand, [track for track, _wire, _cost in asked], held)
        except BaseException:  # an interrupt, or a task that is cancelled: what the server has granted is given back
            self.shared.unsent.add([Due(held._replace(unsure=True), NOTHING_USED)])
            raise
        if type(reply) is not int:
            denials = [(place, _denial(asked[place], raw, reply[1])) for place, raw in _pairs(reply)]
            ticket.shadow_denials = tuple(each.limit.name for _place, each in denials if each.limit.mode == "shadow")
            if reply[0] == b"no":
                return [each for _place, each in denials if each.limit.mode == "enforce"]
            shadows = {asked[place][0].prefix for place, _each in denials}
            held = Held(holder, tuple(part if part[0].prefix not in shadows else (*part[:2], -1) for part in parts))
        ticket.grant = (self.owner, held)
        return ()

    def _claimed(self, buckets: Buckets, demand: Demand) -> list[_Part]:
        """Return the limits that apply to a call, its buckets and its costs."""
        if self._claims.are_plain:
            return [(track, buckets[track.by], demand[track.unit]) for track in self.tracks]
        return [
            (self.tracks[place], bucket, cost) for place, bucket, cost, _machine in self._claims.of(buckets, demand)
        ]

    def settle(self, ticket: Ticket, actual: Actual) -> Work[bool]:
        """Replace what was reserved by what was used, once."""
        shared = self.shared
        due = self._due(ticket, actual)
        if due is not None and due.held.parts:
            parts = due.held.parts
            settle = "settle_rates" if all(track.is_rate for track, _bucket, _cost in parts) else "settle"
            try:
                yield from shared.ask(settle, shared.keys(due.held), lambda second: shared.settlement(due, second).args)
            except BaseException as error:
                shared.unsent.add([due])
                if isinstance(error, Outage):
                    return True
                raise
        if len(shared.unsent) and not shared.breaker.is_open:  # be it what this call may have been granted after all
            yield from shared.flush()
        return due is not None

    def settle_later(self, ticket: Ticket, actual: Actual) -> bool:
        """Keep a settlement, to be sent with the next one."""
        due = self._due(ticket, actual)
        if due is not None and due.held.parts:
            self.shared.unsent.add([due])
        return due is not None

    def _due(self, ticket: Ticket, actual: Actual) -> Due | None:
        """Take what a ticket holds, once; and settle what of it is in this process."""
        with self.shared.lock:
            grant = ticket.grant
            if grant is None or grant[0] is not self.owner:
                return None
            ticket.grant = SETTLED
        held: Held = self._inherited(grant[1])
        if held.alone is not None:
            held.alone[0].settle(held.alone[1], actual)
        return Due(held, actual)

    def extend(self, ticket: Ticket, demand: Demand) -> Work[Sequence[Denial]]:
        """Reserve more of every limit, or of none, and renew leases."""
        grant = ticket.grant
        if grant is None or grant[0] is not self.owner:
            return ()
        held: Held = self._inherited(grant[1])
        if held.alone is not None:
            return self._refused_alone(held.alone[0].extend(held.alone[1], demand))
        if not held.parts:
            return ()
        asked = [(track, track.wire_of(bucket), _more(track, demand, cost)) for track, bucket, cost in held.parts]
        try:
            reply = yield from self.shared.ask(
                "extend", self.shared.keys(held), lambda second: (held.holder, _claims(asked, second))
            )
        except BaseException as error:  # a task that is cancelled among them
            if (
                getattr(error, "asked", True) and ticket.grant is grant
            ):  # should it yet arrive, it is not to outlive the call
                ticket.grant = (self.owner, held._replace(unsure=True))
            if not isinstance(error, Outage):
                raise
            self._refuse([track for track, _wire, more in asked if more > 0 and track.unit != SLOTS])
            return ()
        if ticket.grant is not grant:  # settled by another thread meanwhile: nothing of it is to be left
            self.shared.unsent.add([Due(held, NOTHING_USED)])
        return [] if type(reply) is int else [_denial(asked[place], raw, reply[1]) for place, raw in _pairs(reply)]

    def peek(self, buckets: Buckets) -> Work[Sequence[Level]]:
        """Return the level of every limit; during an outage that which counts then."""
        seats = [(track, buckets[track.by]) for track in self.tracks]
        seen = [(track, bucket) for track, bucket in seats if track.wire(bucket) is not None]
        try:
            levels = iter((yield from self._look(seen)))
        except Outage:
            return self._levels_alone(buckets)
        return [
            Level(track.limit.name, 0, None, 0.0) if track.wire(bucket) is None else next(levels)
            for track, bucket in seats
        ]

    def usage(self) -> Work[Sequence[Row]]:
        """Return every bucket in use.

        Raises:
            ComponentFailed: the server cannot be reached.
        """
        try:
            found = yield from self._kept()
            rows: list[Row] = []
            for first in range(0, len(found), _LOOK):
                some = found[first : first + _LOOK]
                levels = yield from self._look(some)
                rows += [Row(track.limit, bucket, level) for (track, bucket), level in zip(some, levels, strict=True)]
        except Outage as outage:
            raise ComponentFailed("store", "limits", outage.reason) from outage
        return [row for row in rows if row.level.used]

    def reset(self, buckets: Buckets | None) -> Work[None]:
        """Forget the usage in these buckets; None forgets all there is.

        Raises:
            ComponentFailed: the server cannot be reached.
        """
        if self._local is not None:
            self._local.counts.reset(buckets)
        try:
            if buckets is None:
                found = yield from self._kept()
            else:
                found = [(track, buckets[track.by]) for track in self.tracks if track.by in buckets]
                found = [(track, bucket) for track, bucket in found if track.wire(bucket) is not None]
            for first in range(0, len(found), _LOOK):
                yield from self._run("reset", found[first : first + _LOOK])
        except Outage as outage:
            raise ComponentFailed("store", "limits", outage.reason) from outage

    def _look(self, seats: Sequence[tuple[Track, Bucket]]) -> Work[list[Level]]:
        reply: list[Any] = (yield from self._run("look", seats)) if seats else [0]
        now = reply[0] * _US
        return [
            track.wire_of(bucket).level(track.limit, raw, now)
            for (track, bucket), raw in zip(seats, reply[1:], strict=True)
        ]

    def _run(self, name: str, seats: Sequence[tuple[Track, Bucket]]) -> Work[Any]:
        keys = [self.shared.ticket_key(), *(track.key(bucket) for track, bucket in seats)]
        asked = [(track, track.wire_of(bucket), 0) for track, bucket in seats]
        return (yield from self.shared.ask(name, keys, lambda second: (_claims(asked, second),)))

    def _kept(self) -> Work[list[tuple[Track, Bucket]]]:
        """Return every bucket that the server keeps for these limits, limit by limit."""
        keys = yield from self.shared.other(Scan(_escaped(self.shared.prefix) + b"*"))
        size = len(self.tracks[0].prefix)
        found = [
            (track, bucket)
            for key in sorted(set(keys))
            if (track := self._by_prefix.get(key[:size])) is not None
            and track.wire(bucket := bucket_of_key(key[size:])) is not None
        ]
        order = {track.prefix: place for place, track in enumerate(self.tracks)}
        return sorted(found, key=lambda seat: order[seat[0].prefix])

    def _inherited(self, held: Held) -> Held:
        """Return what a ticket holds, in the limits that have taken the place of those it was granted by."""
        heirs = self._by_prefix
        parts = [(heirs.get(track.prefix, track), bucket, cost) for track, bucket, cost in held.parts]
        return held._replace(parts=tuple(parts))

    # --- While the server cannot be reached ---------------------------------------------------------------

    def _alone(
        self, ticket: Ticket, buckets: Buckets, demand: Demand, tracks: Sequence[Track], held: Held
    ) -> Sequence[Denial]:
        """Decide without the server; `held` is what it may have granted all the same."""
        held = held._replace(unsure=True)
        denials: Sequence[Denial] = ()
        try:
            self._refuse(tracks)
            inner, local = Ticket(), self._locals()
            if local is not None:
                denials = self._refused_alone(local.counts.reserve(inner, buckets, demand))
                ticket.shadow_denials = tuple(name for name in inner.shadow_denials if name in local.names)
                held = held._replace(alone=(local.counts, inner))
        except LimitUnavailable:
            self._give_back(held)
            raise
        if denials:
            self._give_back(held)
        else:
            ticket.grant = (self.owner, held)
        return denials

    def _give_back(self, held: Held) -> None:
        if held.parts:
            self.shared.unsent.add([Due(held, NOTHING_USED)])

    def _refuse(self, tracks: Sequence[Track]) -> None:
        """Refuse if one of the limits says so.

        Raises:
            LimitUnavailable: one does.
        """
        denying = {
            track.prefix
            for track, policy in zip(self.tracks, self._policies, strict=True)
            if policy == "deny" and track.enforced
        }
        if names := [track.limit.name for track in tracks if track.prefix in denying]:
            raise LimitUnavailable(names, self.shared.breaker.retry_after_s)

    def _locals(self) -> Local | None:
        if self._local is None and "local" in self._policies:
            with self.shared.lock:
                self._local = self._local or Local(self.limits, self._policies, self.shared.share)
        return self._local

    def _refused_alone(self, denials: Sequence[Denial]) -> Sequence[Denial]:
        local = self._local
        return denials if local is None else [each._replace(limit=local.original(each.limit)) for each in denials]

    def _levels_alone(self, buckets: Buckets) -> Sequence[Level]:
        local = self._locals()
        counted: Sequence[Level] = () if local is None else local.counts.peek(buckets)
        levels: list[Level] = []
        for place, (track, policy) in enumerate(zip(self.tracks, self._policies, strict=True)):
            wire = track.wire(buckets[track.by])
            if policy == "local" or wire is None or policy == "allow":
                level = counted[place] if policy == "local" else Level(track.limit.name, 0, None, 0.0)
            else:
                most = shown(track.limit.unit, wire.machine.capacity)
                level = Level(track.limit.name, most, most, self.shared.breaker.retry_after_s)
            levels.append(level)
        return levels


def _claims(asked: Sequence[_Asked], second: int) -> bytes:
    return b"".join([wire.claim(cost, second) for _track, wire, cost in asked])


def _pairs(reply: Sequence[Any]) -> Iterator[tuple[int, Any]]:
    """Return the places of the claims in a reply, and their states."""
    return ((reply[at] - 1, reply[at + 1]) for at in range(2, len(reply), 2))


def _denial(asked: _Asked, raw: list[Any], now_us: int) -> Denial:
    track, wire, cost = asked
    return wire.denial(track.limit, raw, now_us * _US, cost)


def _more(track: Track, demand: Demand, cost: int) -> int:
    """Return what a part is to be extended by: a place in flight by itself, one that does not count by nothing."""
    if cost < 0 or track.unit == SLOTS:
        return cost
    return demand[track.unit] if track.unit < len(demand) else 0


def _escaped(prefix: bytes) -> bytes:
    return b"".join(b"\\" + bytes([byte]) if byte in b"*?[]\\^" else bytes([byte]) for byte in prefix)
