"""Usage in the memory of this process: exact under threads, one lock, one step for all limits of a call."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from threading import Lock
from typing import Any, Final, TypeAlias, final, get_args

from genai_guard.errors import ConfigurationError
from genai_guard.limits.claims import Claims
from genai_guard.limits.limit import Limit
from genai_guard.limits.stores.base import Counts, Row
from genai_guard.limits.stores.clocks import Clock, Forward, checked
from genai_guard.limits.stores.lanes import Lane, WhenFull
from genai_guard.limits.stores.tallies import MemoryTally
from genai_guard.limits.ticket import SETTLED, Bucket, Buckets, Demand, Denial, Level, Ticket
from genai_guard.limits.units import UNITS

__all__ = ["MemoryStore"]

_Hold: TypeAlias = tuple[Lane, Bucket, Any, int]  # with the state after the reservation, and its cost
_Rare: TypeAlias = tuple[Lane, Denial | None]
_SLOTS: Final = UNITS.index("concurrent")


@final
class MemoryStore:
    """Keeps usage in this process. What several processes do is not added up, and a restart forgets it.

    A key costs memory only while it is in use: for each new key two others are looked at, and forgotten if they have
    drained, which changes no decision. A key in use is never forgotten. So that a flood of made-up keys cannot exhaust
    the memory, a limit keeps at most `max_keys`; when they are all in use, calls with further keys are refused by the
    limit until one has drained, or share one bucket, as `when_full` says. Keys known already are not affected, nor
    are those with an override. (64 keys are looked at for one that has drained, each time others; settling can take
    the number beyond `max_keys` by the calls in flight.)

    One lock guards all limits of the store. It is held for microseconds and never over anybody's code but the clocks'.
    It is not reentrant: do not reserve or settle in `__del__` or in a signal handler.

    Args:
        max_keys: Most keys of one limit. A key takes about 80 bytes for requests and 150 for tokens and budgets, beside
            its text, and 300 more for each call in flight that a budget or quota holds something for.
        when_full: What becomes of a call with a further key: `deny` refuses it; `share` counts all such calls together.
        clock: Whole nanoseconds that never step back, `time.monotonic_ns` when None. Should it step back all the same,
            time goes on from where it was: usage drains only while the clock advances.
        wall_clock: Whole nanoseconds since 1970, for limits by the calendar; `time.time_ns` when None. Where it steps
            back out of a period, the bucket stays in that period until it is over.

    Raises:
        ConfigurationError: `max_keys` is no whole number above zero, or a clock does not count in whole nanoseconds.
    """

    def __init__(
        self,
        *,
        max_keys: int = 1_000_000,
        when_full: WhenFull = "deny",
        clock: Clock | None = None,
        wall_clock: Clock | None = None,
    ) -> None:
        if type(max_keys) is not int or max_keys < 1:
            raise ConfigurationError(f"MemoryStore(max_keys={max_keys!r}): must be a whole number above zero")
        if when_full not in get_args(WhenFull):
            raise ConfigurationError(f"MemoryStore(when_full={when_full!r}): must be 'deny' or 'share'")
        self.max_keys = max_keys
        self.when_full: WhenFull = when_full
        self._now: Clock = time.monotonic_ns if clock is None else Forward(clock)
        self._wall: Clock = time.time_ns if wall_clock is None else checked(wall_clock, "wall_clock")
        self._lock = Lock()
        self._lanes: dict[Limit, Lane] = {}
        self._tallies: dict[str, MemoryTally] = {}

    def tally(self, name: str, /) -> MemoryTally:
        """Return what canaries of this name count together."""
        return self._tallies.setdefault(name, MemoryTally())

    def bind(self, limits: Sequence[Limit], previous: Counts | None = None, /) -> MemoryCounts:
        """Return the counts of these limits, shared with whoever has bound equal ones."""
        old = previous if isinstance(previous, MemoryCounts) else None
        with self._lock:
            lanes = [self._lane(limit) for limit in limits]
            successors = {} if old is None else self._succeed(old, lanes)
        plain = Claims(limits).are_plain and not any(lane.on_wall or lane.unit == _SLOTS for lane in lanes)
        kind = MemoryCounts if not plain else _OneCount if len(lanes) == 1 else _PlainCounts
        return kind(lanes, lock=self._lock, now=self._now, wall=self._wall, old=old, successors=successors)

    def __len__(self) -> int:
        """Return the number of keys that are kept."""
        return sum(len(lane.states) for lane in tuple(self._lanes.values()))

    def __repr__(self) -> str:
        return f"<MemoryStore, {len(self)} keys>"

    def _lane(self, limit: Limit) -> Lane:
        if limit not in self._lanes:
            self._lanes[limit] = Lane(limit, max_keys=self.max_keys, when_full=self.when_full)
        lane = self._lanes[limit]
        lane.users += 1
        return lane

    def _succeed(self, old: MemoryCounts, lanes: Sequence[Lane]) -> dict[Lane, Lane]:
        """Move usage to the limits that take the place of others; return which of them do, from old to new."""
        heirs = dict(zip(_identities(lanes), lanes, strict=True))
        pairs = [
            (lane, heirs[name]) for name, lane in zip(_identities(old.lanes), old.lanes, strict=True) if name in heirs
        ]
        for lane, heir in pairs:
            if heir is not lane and heir.users == 1:  # else others have used it already, under its own name
                heir.adopt(lane, self._wall() if heir.on_wall else self._now())
        for lane in old.lanes:
            lane.users -= 1
            if not lane.users:
                del self._lanes[lane.limit]
                lane.states.clear()
        return dict(pairs)


class MemoryCounts:
    """The usage of the limits of one limiter, in a `MemoryStore`."""

    def __init__(
        self,
        lanes: Sequence[Lane],
        *,
        lock: Lock,
        now: Clock,
        wall: Clock,
        old: MemoryCounts | None = None,
        successors: dict[Lane, Lane],
    ) -> None:
        self.lanes: Final = tuple(lanes)
        self._claims: Final = Claims([lane.limit for lane in lanes])
        self._has_wall: Final = any(lane.on_wall for lane in lanes)
        self._lock = lock
        self._now = now
        self._wall = wall
        self.owner: Final = object()  # stands on tickets that are settled as they were granted
        self._later: Final = object()  # and on those that were extended
        self.owners: Final[frozenset[object]] = (frozenset() if old is None else old.owners) | {self.owner, self._later}
        earlier: dict[Lane, Lane] = {} if old is None else old.successors
        self.successors: Final[dict[Lane, Lane]] = successors | {
            lane: successors.get(heir, heir) for lane, heir in earlier.items()
        }

    def reserve(self, ticket: Ticket, buckets: Buckets, demand: Demand, /) -> Sequence[Denial]:
        """Check every limit, then commit to every limit."""
        claims = self._claims.of(buckets, demand)
        holder = ticket.id
        held: list[_Hold] = []
        rare: list[_Rare] = []
        with self._lock:
            times = self._times()
            for place, bucket, cost, machine in claims:
                lane = self.lanes[place]
                now = times[lane.on_wall]
                after = machine.reserve(lane.states.get(bucket), now, cost, holder)
                if after is None or bucket not in lane.states:
                    bucket, after, denial = lane.enter(machine, bucket, after, now, cost, holder)  # noqa: PLW2901
                    rare.append((lane, denial))
                    if denial is not None:
                        continue
                held.append((lane, bucket, after, cost))
            if rare and (denials := _refusals(ticket, rare)):
                return denials
            for lane, bucket, after, _cost in held:
                lane.states[bucket] = after
            ticket.grant = (self.owner, held)  # last: an interrupt in between leaves usage too high, never too low
            for lane, _denial in rare:
                lane.sweep(times[lane.on_wall])
        return ()

    def extend(self, ticket: Ticket, demand: Demand, /) -> Sequence[Denial]:
        """Reserve more of every limit, or of none, and renew leases."""
        with self._lock:
            if ticket.grant is None or ticket.grant[0] not in self.owners:
                return ()
            times = self._times()
            held: list[_Hold] = [(self._heir(lane), *rest) for lane, *rest in ticket.grant[1]]
            latest = {lane: index for index, (lane, *_rest) in enumerate(held)}
            parts: list[tuple[int, _Hold]] = []
            denials: list[Denial] = []
            for lane, index in latest.items():
                _lane, bucket, _mark, reserved = held[index]
                cost = reserved if lane.unit == _SLOTS else demand[lane.unit]
                machine, now, state = lane.machine_of(bucket), times[lane.on_wall], lane.states.get(bucket)
                if not cost and lane.settle is None:
                    continue
                after = machine.reserve(state, now, cost, ticket.id)
                if after is not None:
                    parts.append((index, (lane, bucket, after, cost)))
                elif lane.limit.mode == "enforce":
                    used = 0 if state is None else machine.used(state, now)
                    denials.append(Denial(lane.limit, machine.wait_ns(state, now, cost), used, machine.capacity))
            if denials:
                return denials
            for index, part in parts:
                lane, bucket, after, _cost = part
                lane.put(bucket, after, times[lane.on_wall])
                _extend(held, index, part)
            ticket.grant = (self._later, held)
        return ()

    def settle(self, ticket: Ticket, actual: tuple[int | None, ...], /) -> bool:
        """Replace what was reserved by what was used, once."""
        with self._lock:
            grant = ticket.grant
            if grant is None or grant[0] not in self.owners:
                return False
            ticket.grant = SETTLED
            times = self._times()
            is_whole = grant[0] is self.owner  # it has not been extended
            for hold, used in _whole(grant[1], actual) if is_whole else _shares(grant[1], actual):
                bucket, mark, reserved = hold[1:]
                lane = self._heir(hold[0])
                if lane.settle is not None:  # it is the same for every amount
                    now = times[lane.on_wall]
                    state = lane.states.get(bucket)
                    lane.put(bucket, lane.settle(state, now, mark, reserved, used, ticket.id), now)
        return True

    def peek(self, buckets: Buckets, /) -> Sequence[Level]:
        """Return the level of every limit."""
        with self._lock:
            times = self._times()
            return [lane.level(buckets[lane.by], times[lane.on_wall]) for lane in self.lanes]

    def usage(self) -> Sequence[Row]:
        """Return every bucket in use."""
        with self._lock:
            times = self._times()
            rows = (
                Row(lane.limit, bucket, lane.level(bucket, times[lane.on_wall]))
                for lane in self.lanes
                for bucket in lane.states
            )
            return [row for row in rows if row.level.used]

    def reset(self, buckets: Buckets | None, /) -> None:
        """Forget the usage in these buckets; None forgets all there is."""
        with self._lock:
            times = self._times()
            for lane in self.lanes:
                if buckets is None:
                    lane.clear(list(lane.states), times[lane.on_wall])
                elif lane.by in buckets:
                    lane.clear([buckets[lane.by]], times[lane.on_wall])

    def _times(self) -> tuple[int, int]:
        """Return the steady time and that of the wall, if anybody needs it."""
        return self._now(), self._wall() if self._has_wall or self.successors else 0

    def _heir(self, lane: Lane) -> Lane:
        return self.successors.get(lane, lane) if self.successors else lane


class _PlainCounts(MemoryCounts):
    """Rates that apply to every call alike, which is what most limits are: half of the work."""

    def reserve(self, ticket: Ticket, buckets: Buckets, demand: Demand, /) -> Sequence[Denial]:
        """Check every limit, then commit to every limit."""
        held: list[_Hold] = []
        rare: list[_Rare] = []
        with self._lock:
            now = self._now()
            for lane in self.lanes:
                bucket = buckets[lane.by]
                cost = demand[lane.unit]
                state = lane.states.get(bucket)
                after = lane.reserve(state, now, cost)
                if after is None or state is None:
                    bucket, after, denial = lane.enter(lane.machine, bucket, after, now, cost)
                    rare.append((lane, denial))
                    if denial is not None:
                        continue
                held.append((lane, bucket, after, cost))
            if rare and (denials := _refusals(ticket, rare)):
                return denials
            for lane, bucket, after, _cost in held:
                lane.states[bucket] = after
            ticket.grant = (self.owner, held)  # last: as above
            for lane, _denial in rare:
                lane.sweep(now)
        return ()

    def settle(self, ticket: Ticket, actual: tuple[int | None, ...], /) -> bool:
        """Replace what was reserved by what was used, once."""
        with self._lock:
            grant = ticket.grant
            if grant is not None and grant[0] is self.owner:
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
        return super().settle(ticket, actual)


@final
class _OneCount(_PlainCounts):
    """The usage of a single limit: what nearly every call comes to, without the loop; a fifth faster."""

    def __init__(self, lanes: Sequence[Lane], **parts: Any) -> None:
        super().__init__(lanes, **parts)
        self.reserve = self._compiled()  # type: ignore[method-assign]  # a closure looks nothing up

    def _compiled(self) -> Callable[[Ticket, Buckets, Demand], Sequence[Denial]]:
        """Return `reserve`: commit if the bucket is known and has room; leave everything else to the loop."""
        lane, lock, now, in_the_loop = self.lanes[0], self._lock, self._now, super().reserve
        by, unit, take, states, get = lane.by, lane.unit, lane.reserve, lane.states, lane.states.get
        owner, keeps_nothing, nothing_kept = self.owner, lane.settle is None, (self.owner, ())

        def reserve(ticket: Ticket, buckets: Buckets, demand: Demand, /) -> Sequence[Denial]:
            bucket = buckets[by]
            with lock:
                state = get(bucket)
                if state is not None:
                    cost = demand[unit]
                    after = take(state, now(), cost)
                    if after is not None:
                        states[bucket] = after
                        ticket.grant = nothing_kept if keeps_nothing else (owner, ((lane, bucket, after, cost),))
                        return ()
            return in_the_loop(ticket, buckets, demand)

        return reserve


def _identities(lanes: Iterable[Lane]) -> list[tuple[Any, int]]:
    """Return what each limit is by its identity, and the how manieth of the same."""
    seen: Counter[Any] = Counter()
    names: list[tuple[Any, int]] = []
    for lane in lanes:
        identity = lane.limit.identity
        names.append((identity, seen[identity]))
        seen[identity] += 1
    return names


def _extend(held: list[_Hold], index: int, part: _Hold) -> None:
    """Add a part to what a ticket holds: to its latest of that limit if they stand in the same place."""
    lane, bucket, after, cost = part
    _lane, _bucket, mark, reserved = held[index]
    if lane.unit == _SLOTS or not cost:
        return
    if lane.settle is not None and after[0] == mark[0]:
        held[index] = (lane, bucket, after, reserved + cost)
    else:
        held.append(part)


def _whole(held: Sequence[_Hold], actual: tuple[int | None, ...]) -> list[tuple[_Hold, int]]:
    """Return what was used of each reservation, where it is one for each limit."""
    return [(hold, used) for hold in held if (used := actual[hold[0].unit]) is not None]


def _shares(held: Sequence[_Hold], actual: tuple[int | None, ...]) -> Iterator[tuple[_Hold, int]]:
    """Spread what was used over the parts of each reservation, the earliest first; the last one bears the rest."""
    latest = {hold[0]: index for index, hold in enumerate(held)}
    spent: Counter[Lane] = Counter()
    for index, hold in enumerate(held):
        lane, _bucket, _mark, reserved = hold
        total = actual[lane.unit]
        if total is not None:
            left = total - spent[lane]
            used = left if index == latest[lane] else min(reserved, left)
            spent[lane] += used
            yield hold, used


def _refusals(ticket: Ticket, rare: Sequence[_Rare]) -> Sequence[Denial]:
    """Return what enforced limits refuse; what those in shadow mode would is noted on the ticket."""
    denials = [denial for _lane, denial in rare if denial is not None]
    ticket.shadow_denials = tuple(denial.limit.name for denial in denials if denial.limit.mode == "shadow")
    return [denial for denial in denials if denial.limit.mode == "enforce"]
