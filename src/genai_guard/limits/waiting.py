"""Calls that wait for room: in line for each key, woken at the moment there is room, with nobody looking twice.

Rule 1: A call waits for the buckets that have refused it. Each has a line, in the order in which calls came, and a call
    that asks for a bucket goes behind those in its line, whatever it costs. So large calls are not starved by small ones.
Rule 2: A call tries when nobody is ahead of it in any line. The order is one for all lines, so that two calls cannot
    wait for each other.
Rule 3: A call that tries in vain sleeps until its limits said there would be room, or something is given back to what
    it waits for, or whoever was ahead of it has gone. There is no clock tick and no thread beside the callers' own.
Rule 4: Whatever ends the waiting, the call leaves all lines, and wakes whom it was ahead of.
"""

from __future__ import annotations

import itertools
import random
import threading
import time
from bisect import bisect_left, insort
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager, suppress
from inspect import isawaitable
from typing import Any, Final, Protocol, TypeAlias

from genai_guard.awaiting import finished
from genai_guard.errors import ConfigurationError, RateLimited
from genai_guard.limits.binding import Bound, Serving
from genai_guard.limits.buckets import Bucket, Buckets
from genai_guard.limits.claims import Claims
from genai_guard.limits.limit import Limit
from genai_guard.limits.refusals import rejection
from genai_guard.limits.ticket import Demand, Denial, Ticket

__all__ = ["Asked", "Room", "Waiter"]

Place: TypeAlias = tuple[str, Bucket]
"""A limit, by its name, and a bucket of it."""

_Denials: TypeAlias = Sequence[Denial] | None

_LONGEST_S: Final = 10**6
_LONGEST_TAG: Final = 32
_SECOND: Final = 10**9
_NOTHING_USED: Final = (None, 0, 0, 0, 0, 0)
_JITTER_NS: Final = 50_000_000
_LOOK_AGAIN_NS: Final = 100_000_000


class Signal(Protocol):
    """What a call sleeps on."""

    def set(self) -> None:
        """Wake it, or let it not fall asleep."""
        ...

    def clear(self) -> None:
        """Forget that it was to be woken."""
        ...


class Waiter:
    """A call that waits.

    Attributes:
        rank: Its place in every line; the number makes it the only one.
        deadline: When it gives up.
        at: When it tries again, if nothing wakes it before; None if that is not known.
        signal: What it sleeps on.
        standing: The lines it is in.
    """

    __slots__ = ("at", "deadline", "rank", "signal", "standing")

    def __init__(self, rank: tuple[float, int], deadline: int, signal: Signal) -> None:
        self.rank: Final = rank
        self.deadline: Final = deadline
        self.at: int | None = None
        self.signal: Final = signal
        self.standing: set[Place] = set()


class Asked:
    """What a call asks for.

    Attributes:
        buckets: Whose call it is.
        demand: What it costs.
        bound: The limits that the buckets are for.
    """

    __slots__ = ("bound", "buckets", "demand", "keys")

    def __init__(self, keys: Mapping[Any, Any], demand: Demand, bound: Bound) -> None:
        self.keys: Final = keys
        self.demand: Final = demand
        self.bound = bound
        self.buckets = bound.again(keys)

    def of(self, bound: Bound) -> dict[Any, Any]:
        """Return whose call it is, as limits want to know it that may have been replaced meanwhile."""
        if bound is not self.bound:
            self.bound, self.buckets = bound, bound.again(self.keys)
        return self.buckets


class Room:
    """The calls that wait for the limits of one limiter.

    Args:
        current: Returns the limits as they are now, with their counts.
        most: How many calls there may be.
        wait_s: How long a call waits that does not say; None if it does not.
        is_shared: Whether other processes use the limits too, which do not tell what they give back.

    Attributes:
        now: Whole nanoseconds that never step back, as those who sleep count them.
    """

    def __init__(
        self, current: Callable[[], Bound], *, most: int, wait_s: float | None = None, is_shared: bool = False
    ) -> None:
        self.now: Callable[[], int] = time.monotonic_ns
        self._current: Final = current
        self._most: Final = most
        self._wait_s: Final = wait_s
        self._is_shared: Final = is_shared
        self._lock: Final = threading.Lock()  # held over nothing but these lines
        self._lines: Final[dict[Place, list[Waiter]]] = {}
        self._present: Final[set[Waiter]] = set()
        self._numbers: Final = itertools.count()
        self._held: tuple[Claims, Sequence[Limit]] = Claims(()), ()

    def adopt(self, bound: Bound) -> Serving:
        """Wait for these limits from now on: who waits already tries at once.

        Returns:
            What calls that begin look at: those that would wait see who does, and those who wait know what is given back.
        """
        reserve_now, settle_now, wait_s = bound.plain.reserve, bound.plain.settle, self._wait_s

        def reserve(ticket: Ticket, keys: Any, demand: Demand) -> Any:
            if keys.get("wait_s", wait_s) is not None and self.must_wait(keys, demand):
                return True  # instead of denials: the limiter will send it here
            ticket.whose = keys
            return reserve_now(ticket, keys, demand)

        def settle(ticket: Ticket, actual: Any) -> Any:
            settled = settle_now(ticket, actual)
            self.freed(ticket.whose)
            return settled

        self._held = Claims(bound.limits), bound.limits
        bound.settle = settle
        self.freed()
        return reserve, bound.buckets, bound.width

    def __len__(self) -> int:
        """Return how many calls wait."""
        return len(self._present)

    @property
    def is_empty(self) -> bool:
        """Whether nobody waits, and nothing is left of those who did."""
        return not self._present and not self._lines

    # --- What a limiter calls -------------------------------------------------------------------------

    def reserve(self, ticket: Ticket, demand: Demand, keys: Mapping[Any, Any], denials: _Denials = None) -> Ticket:
        """Wait for room, in this thread.

        Args:
            ticket: What is granted.
            demand: What the call costs.
            keys: Whose call it is, how long it waits, and how urgent it is.
            denials: What it has been refused with just now; None if it has not tried.

        Raises:
            Rejected: there is none in time, or too many wait already.
            ConfigurationError: `wait_s` or `priority` is no number, or out of range.
        """
        signal = threading.Event()
        asked = Asked(keys, demand, self._current())
        with self._waiter(ticket, keys, signal) as waiter:
            try:
                while True:
                    if self._is_behind(waiter, asked):
                        denials = None
                    elif not denials:
                        denials = self._now(ticket, asked).plain.reserve(ticket, asked.buckets, demand)
                    sleep_s, denials = self._next(waiter, asked, denials), None
                    if sleep_s is None:
                        return ticket
                    signal.wait(sleep_s)
            except BaseException:
                if ticket.open:
                    self._current().plain.settle(ticket, _NOTHING_USED)
                raise

    async def areserve(
        self, ticket: Ticket, demand: Demand, keys: Mapping[Any, Any], denials: _Denials = None
    ) -> Ticket:
        """Wait for room, in this task; as `reserve`."""
        signal = _TaskSignal()
        asked = Asked(keys, demand, self._current())
        with self._waiter(ticket, keys, signal) as waiter:
            try:
                while True:
                    if self._is_behind(waiter, asked):
                        denials = None
                    elif not denials:
                        answer = self._now(ticket, asked).awaited.reserve(ticket, asked.buckets, demand)
                        denials = await answer if isawaitable(answer) else answer
                    sleep_s, denials = self._next(waiter, asked, denials), None
                    if sleep_s is None:
                        return ticket
                    await signal.wait(sleep_s)
            except BaseException:
                if ticket.open and isawaitable(settled := self._current().awaited.settle(ticket, _NOTHING_USED)):
                    await finished(settled)
                raise

    def _now(self, ticket: Ticket, asked: Asked) -> Bound:
        """Return the limits for one more attempt."""
        bound = self._current()
        ticket.whose = asked.of(bound)
        return bound

    def freed(self, whose: Buckets | None = None) -> None:
        """Wake the first in each line for which something may have been given back; None for all lines."""
        if not self._lines:
            return
        with self._lock:
            if whose is None:
                lines = list(self._lines.values())
            else:
                places = [(limit.name, whose[by]) for limit in self._held[1] if (by := _key(limit)) in whose]
                lines = [self._lines[place] for place in places if place in self._lines]
            for line in lines:
                line[0].signal.set()

    def must_wait(self, buckets: Buckets, demand: Demand) -> bool:
        """Return whether a call would overtake somebody."""
        return bool(self._lines) and any(place in self._lines for place in self._places(buckets, demand))

    # --- Lines ----------------------------------------------------------------------------------------

    @contextmanager
    def _waiter(self, ticket: Ticket, keys: Mapping[Any, Any], signal: Signal) -> Generator[Waiter]:
        wait_s = _number("wait_s", keys["wait_s"], 0)
        priority = _number("priority", keys.get("priority", 0), -_LONGEST_S)
        now = self.now()
        rank = (now - priority * _SECOND, next(self._numbers))
        waiter = Waiter(rank, now + round(wait_s * _SECOND), signal)
        try:
            with self._lock:
                if len(self._present) >= self._most:
                    reason = f"the queue is full: {self._most} calls wait already"
                    raise RateLimited(self._held[1][0].name, None, reason=reason)
                self._present.add(waiter)
            yield waiter
        finally:
            ticket.waited_s = (self.now() - now) / _SECOND
            self._leave(waiter)

    def _is_behind(self, waiter: Waiter, asked: Asked) -> bool:
        """Return whether somebody is ahead of a call, and let it stand behind them."""
        waiter.signal.clear()
        with self._lock:
            ahead = [
                place
                for place in self._places(asked.buckets, asked.demand)
                if place in self._lines and self._lines[place][0].rank < waiter.rank
            ]
            self._stand(waiter, ahead)
            if not ahead:
                return False
            now = self.now()
            due = [head.at for head in (self._lines[place][0] for place in ahead) if head.at is not None]
            if now >= waiter.deadline or max(due, default=now) > waiter.deadline:
                wait_s = max(0, max(due, default=now) - now) / _SECOND
                raise RateLimited(ahead[0][0], wait_s, reason="others wait for it, and it would take too long")
            waiter.at = None
            return True

    def _next(self, waiter: Waiter, asked: Asked, denials: Sequence[Denial] | None) -> float | None:
        """Return how long to sleep after an attempt; None if it has been granted. Without an attempt denials is None.

        Raises:
            Rejected: the call cannot have room before its deadline.
        """
        now = self.now()
        if denials is None:
            return max(0, waiter.deadline - now) / _SECOND
        if not denials:
            return None
        until = self._when(denials, now)
        if until is None or until > waiter.deadline or now >= waiter.deadline:
            raise rejection(denials)
        refused = {(denial.limit.name, asked.buckets[_key(denial.limit)]) for denial in denials}
        with self._lock:
            if self._stand(waiter, refused):
                return 0  # something may have been given back before it stood here, of which nobody told
            waiter.at = until if until > now else None
        return max(0, min(self._jittered(until, now, denials), waiter.deadline) - now) / _SECOND

    def _when(self, denials: Sequence[Denial], now: int) -> int | None:
        """Return when there will be room, if not before; now if that is not known, and None if never.

        Of calls in flight nobody knows when they end: what their limit says is when the first lease runs out.
        """
        waits = [denial.wait_ns for denial in denials if denial.limit.unit != "concurrent"]
        known = [wait for wait in waits if wait is not None]
        return now + max(known, default=0) if len(known) == len(waits) else None

    def _jittered(self, until: int, now: int, denials: Sequence[Denial]) -> int:
        """Return when to try, so that processes do not all come at once; until then sleeps who is told of all."""
        flying = [denial.wait_ns or 0 for denial in denials if denial.limit.unit == "concurrent"]
        if not self._is_shared:
            return max(until, now + max(flying, default=0))
        spread = random.random()  # noqa: S311  no secret
        if flying:
            until = max(until, now + min(max(flying), round(_LOOK_AGAIN_NS * (0.5 + spread))))
        return until + round(min(_JITTER_NS, (until - now) / 10) * spread)

    def _stand(self, waiter: Waiter, places: Iterable[Place]) -> bool:
        """Put a call into lines; return whether there is one it was not in."""
        new = [place for place in places if place not in waiter.standing]
        for place in new:
            waiter.standing.add(place)
            insort(self._lines.setdefault(place, []), waiter, key=_rank)
        return bool(new)

    def _leave(self, waiter: Waiter) -> None:
        with self._lock:
            self._present.discard(waiter)
            for place in waiter.standing:
                line = self._lines.get(place, [])
                at = bisect_left(line, waiter.rank, key=_rank)
                if line[at : at + 1] == [waiter]:  # an interrupt may have come before it stood there
                    del line[at]
                if line:
                    line[0].signal.set()
                else:
                    self._lines.pop(place, None)

    def _places(self, buckets: Buckets, demand: Demand) -> list[Place]:
        claims, limits = self._held
        try:
            asked = claims.of(buckets, demand)
        except LookupError:  # the limits have been replaced, and go by other keys: an attempt will tell
            return []
        return [(limits[it.place].name, it.bucket) for it in asked if limits[it.place].mode == "enforce"]


def _key(limit: Limit) -> Any:
    return limit.by or ""


def _rank(waiter: Waiter) -> tuple[float, int]:
    return waiter.rank


def _number(name: str, value: object, least: int) -> float:
    if name == "priority" and isinstance(value, str) and len(value) <= _LONGEST_TAG:  # a tag of the caller
        with suppress(ValueError):
            value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= _LONGEST_S:
        raise ConfigurationError(f"reserve({name}=...): must be a number of seconds from {least} to 10**6")
    return value


class _TaskSignal:
    """What a task sleeps on; any thread can wake it."""

    def __init__(self) -> None:
        import asyncio  # noqa: PLC0415  whoever is here has imported it

        self._timeout: Any = asyncio.timeout
        self._loop: Final = asyncio.get_running_loop()
        self._event: Final = asyncio.Event()

    def set(self) -> None:
        """Wake it."""
        with suppress(RuntimeError):  # the loop is closed, and the task with it
            self._loop.call_soon_threadsafe(self._event.set)

    def clear(self) -> None:
        """Forget that it was to be woken."""
        self._event.clear()

    async def wait(self, timeout_s: float) -> None:
        """Sleep until it is woken, but no longer."""
        with suppress(TimeoutError):
            async with self._timeout(timeout_s):
                await self._event.wait()
