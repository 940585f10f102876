"""Limits of the provider, which it lowers by what it says: one ceiling for all who share it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from threading import Lock
from typing import Any, Final, NamedTuple, TypeAlias, final

from genai_guard.errors import ConfigurationError
from genai_guard.limits.buckets import Bucket, Buckets, By, bucket_of, joined
from genai_guard.limits.hearsay import Hearsay, Word
from genai_guard.limits.limit import Limit
from genai_guard.limits.states.ceiling import Ceiling, CeilingState
from genai_guard.limits.stores.clocks import Clock, Forward
from genai_guard.limits.stores.tallies import TallyStore
from genai_guard.limits.ticket import Demand, Denial, Ticket
from genai_guard.limits.units import UNITS
from genai_guard.limits.upstream import Signal, signal_of

__all__ = ["Adaptive", "CeilingLevel"]

_ADAPTABLE: Final = frozenset({"requests", "tokens", "input_tokens", "output_tokens"})
_SELDOM_S: Final = 60.0
_LOOKED_AT: Final = 64  # buckets, for one that may be forgotten
_Key: TypeAlias = tuple[int, Bucket]
_Held: TypeAlias = tuple[_Key, int, int]  # with the part of the ring, and the units


class CeilingLevel(NamedTuple):
    """How a ceiling stands for one caller.

    Attributes:
        limit: Its name.
        configured: Units that may be in use at once while all is well.
        amount: Units that may be in use at once now.
        paused_s: Seconds for which the provider wants no calls.
    """

    limit: str
    configured: int
    amount: int
    paused_s: float


@final
class Adaptive:
    """Holds calls to what the provider allows, and to less while it refuses some.

        upstream = Adaptive(Limit.requests(500, per="minute", by="model"), Limit.tokens(200_000, per="minute", by="model"))
        limiter = RateLimiter(Limit.requests(20, per="minute", by="user"), adapt=upstream)

    A call needs room here as in the limits, and is refused by `RateLimited` otherwise. A pipeline tells what it hears
    from the wrapped function: from exceptions with status 429, 503 or 529, and from replies and streams whose headers
    can be reached. Who uses a limiter without a pipeline calls `hear`.

    - A 429 lowers every ceiling of the call to 0.7 of what it is, once in its period. Every period without one adds 5 %
      of the configured amount, until that is reached. It goes down to 1 % at least.
    - `Retry-After` is a floor: nobody who shares the ceiling calls before. More than a day counts as a day.
    - A header that says how much is left holds if it is less than what is left here.

    Safe for threads; nothing here waits. State is that of this object, in this process: limiters that share it share the
    ceilings. With a `store`, what the provider says to one process, a refusal or a time without calls, lowers the ceilings
    of all that have the same limits and store, within `share_every_s`; units in use are counted by each for itself. A
    clock that is ahead of another by a second shifts a pause by that second.

    Args:
        *limits: The limits that the provider states, at least one: of requests or tokens, that roll.
        store: Where processes tell each other: a `MemoryStore`, `SqliteStore` or `RedisStore`. No call waits for it, and one
            that fails is asked again.
        share_every_s: Seconds between two questions to the store, while calls are made.
        clock: Whole nanoseconds since any moment.
        wall_clock: Seconds since 1970, for dates in headers.
        max_keys: Most buckets that are kept. Calls with further keys share one.

    Attributes:
        named: The limits by the names that errors say, which begin with `upstream`.
        store: As given.
        share_every_s: As given.
        hearsay: What is shared with other processes; None without a store.

    Raises:
        ConfigurationError: there is no limit, or one cannot be adapted; processes cannot meet in such a store.
    """

    __slots__ = (
        *("_applied", "_ceilings", "_lock", "_now", "_rows", "_states", "_wall"),
        *("hearsay", "limits", "max_keys", "named", "share_every_s", "store"),
    )

    def __init__(
        self,
        *limits: Limit,
        clock: Clock = time.monotonic_ns,
        wall_clock: Callable[[], float] = time.time,
        max_keys: int = 10_000,
        store: TallyStore | None = None,
        share_every_s: float = 1.0,
    ) -> None:
        if not limits:
            raise ConfigurationError("Adaptive(): takes at least one limit that the provider states")
        _check_sharing(store, share_every_s)
        if type(max_keys) is not int or max_keys < 1:
            raise ConfigurationError(f"Adaptive(max_keys={max_keys!r}): must be a whole number above zero")
        for limit in limits:
            _check(limit)
        self.limits: Final = limits
        self.named: Final = tuple(replace(limit, name=f"upstream {limit.name}") for limit in limits)
        self.max_keys: Final = max_keys
        self._ceilings: Final = tuple(Ceiling(int(limit.amount or 1), limit.period_ns) for limit in self.limits)
        self._rows: Final[tuple[tuple[Any, int], ...]] = tuple(
            (limit.by or "", UNITS.index(limit.unit)) for limit in limits
        )
        self._states: Final[dict[_Key, CeilingState]] = {}
        self._lock: Final = Lock()
        self._now: Final = Forward(clock)
        self._wall: Final = wall_clock
        self._applied: dict[str, float] = {}
        self.store: Final = store
        self.share_every_s: Final = share_every_s
        self.hearsay: Final = None if store is None else self._shared(store)

    def hear(self, answer: object, /, **keys: Any) -> None:
        """Take what the provider says with a reply or an exception. Never raises.

        Args:
            answer: What was returned or raised; its headers are looked for where client libraries have them.
            **keys: Whose call it was, as for `RateLimiter.reserve`.
        """
        signal = signal_of(answer, self._wall())
        if signal.refused or signal.retry_after_ns is not None or signal.remaining:
            self._hear(signal, self._buckets(keys))

    def ceilings(self, **keys: Any) -> tuple[CeilingLevel, ...]:
        """Return how each ceiling stands for a caller with these keys. Changes nothing."""
        buckets = self._buckets(keys)
        with self._lock:
            now = self._now()
            found: list[CeilingLevel] = []
            for place, (limit, ceiling) in enumerate(zip(self.named, self._ceilings, strict=True)):
                state = self._states.get((place, buckets[self._rows[place][0]]))
                paused_ns = 0 if state is None else max(0, state.until_ns - now)
                found.append(CeilingLevel(limit.name, ceiling.amount, ceiling.amount_at(state, now), paused_ns / 1e9))
        return tuple(found)

    def reserve(self, ticket: Ticket, buckets: Buckets, demand: Demand, /) -> Sequence[Denial]:
        """Check every ceiling, then commit to every ceiling; for limiters."""
        after: list[tuple[_Key, CeilingState, int]] = []
        denials: list[Denial] = []
        if self.hearsay is not None:
            self.hearsay.keep_up()
        with self._lock:
            now = self._now()
            for place, (by, unit) in enumerate(self._rows):
                ceiling, key = self._ceilings[place], self._key(place, buckets[by], now)
                state, cost = self._states.get(key), demand[unit]
                reserved = ceiling.reserve(state, now, cost)
                if reserved is None:
                    wait_ns, used = ceiling.wait_ns(state, now, cost), ceiling.used(state, now)
                    denials.append(Denial(self.named[place], wait_ns, used, ceiling.amount_at(state, now)))
                else:
                    after.append((key, reserved, cost))
            if denials:
                return denials
            held: list[_Held] = []
            for key, reserved, cost in after:
                self._states[key] = reserved
                held.append((key, reserved.ring[0] if reserved.ring else 0, cost))
            ticket.upstream = held
        return ()

    def settle(self, ticket: Ticket, actual: tuple[int | None, ...], /) -> None:
        """Replace what was reserved by what was used, once; for limiters."""
        with self._lock:
            held: list[_Held] = ticket.upstream or []
            ticket.upstream = None
            now = self._now()
            for key, part, cost in held:
                unit = self._rows[key[0]][1]
                used = actual[unit] if unit < len(actual) else None
                if used is not None and (key in self._states or used > cost):
                    self._states[key] = self._ceilings[key[0]].settle(self._states.get(key), now, part, cost, used)

    def cancel(self, ticket: Ticket, /) -> None:
        """Give everything back for a call that was not made, its request included; for limiters."""
        self.settle(ticket, (0,) * len(UNITS))

    def _hear(self, signal: Signal, buckets: Buckets) -> None:
        with self._lock:
            now = self._now()
            for place, (by, unit) in enumerate(self._rows):
                ceiling, key = self._ceilings[place], self._key(place, buckets[by], now)
                state = self._states.get(key)
                if signal.retry_after_ns is not None:
                    state = ceiling.paused(state, now, signal.retry_after_ns)
                if signal.refused:
                    state = ceiling.refused(state, now)
                remaining = signal.remaining.get(UNITS[unit])
                if remaining is not None:
                    state = ceiling.told(state, now, remaining)
                if state is not None:
                    self._states[key] = state
        if self.hearsay is not None and (signal.refused or signal.retry_after_ns is not None):
            self._tell(self.hearsay, signal, buckets)

    def _tell(self, hearsay: Hearsay, signal: Signal, buckets: Buckets) -> None:
        wall_s = self._wall()
        word = Word(wall_s + (signal.retry_after_ns or 0) / 1e9, wall_s if signal.refused else 0.0)
        for place, (by, _) in enumerate(self._rows):
            text = _written(place, buckets[by])
            self._applied[text] = max(word.refused_s, self._applied.get(text, 0.0))
            hearsay.tell(text, word)

    def _take(self, words: Mapping[str, Word]) -> None:
        """Obey what other processes heard; called on a thread of `hearsay`."""
        with self._lock:
            now, wall_s = self._now(), self._wall()
            for text, word in words.items():
                place, bucket = _read(text)
                if place >= len(self._ceilings):
                    continue
                ceiling, key = self._ceilings[place], self._key(place, bucket, now)
                state = self._states.get(key)
                if word.until_s > wall_s:
                    state = ceiling.paused(state, now, int((word.until_s - wall_s) * 1e9))
                if word.refused_s > self._applied.get(text, 0.0):
                    state = ceiling.refused(state, now)
                if state is not None:
                    self._states[key] = state
            self._applied = {text: max(word.refused_s, self._applied.get(text, 0.0)) for text, word in words.items()}

    def _shared(self, store: TallyStore) -> Hearsay:
        identity = repr([limit.identity for limit in self.limits]).encode("utf-8", "surrogatepass")
        name = f"ceilings {blake2b(identity, digest_size=16).hexdigest()}"
        lasts_s = max(limit.period_ns for limit in self.limits) / 1e9
        return Hearsay(store, name, take=self._take, every_s=self.share_every_s, lasts_s=lasts_s, wall=self._wall)

    def _key(self, place: int, bucket: Bucket, now: int) -> _Key:
        """Return where the state of a bucket is; that of all others if there are too many."""
        key = (place, bucket)
        if key in self._states or len(self._states) < self.max_keys:
            return key
        looked_at = [*zip(self._states, range(_LOOKED_AT), strict=False)]
        for (old_place, old_bucket), _ in looked_at:
            old = self._states.pop((old_place, old_bucket))
            if not self._ceilings[old_place].is_idle(old, now):
                self._states[old_place, old_bucket] = old  # at the end: the next time others are looked at
            elif len(self._states) < self.max_keys:
                return key
        return place, ""

    def _buckets(self, keys: dict[str, Any]) -> Buckets:
        buckets: dict[By, Bucket] = {"": ""}
        for by, _ in self._rows:
            if by:
                buckets[by] = bucket_of(by, keys.get(by)) if isinstance(by, str) else joined(by, keys)
        return buckets

    def __eq__(self, other: object) -> bool:
        return self.limits == other.limits if isinstance(other, Adaptive) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.limits)

    def __repr__(self) -> str:
        return f"Adaptive({', '.join(map(repr, self.limits))})"


def _written(place: int, bucket: Bucket) -> str:
    """Return the name of a bucket in the document that processes share."""
    return f"{place} {bucket}" if isinstance(bucket, str) else f"{place}:{bucket.hex()}"


def _read(text: str) -> tuple[int, Bucket]:
    """Return the bucket of such a name; one beyond all if it is none."""
    place, is_text, bucket = text.partition(" ")
    if is_text and place.isdigit():
        return int(place), bucket
    place, _, digest = text.partition(":")
    try:
        return int(place), bytes.fromhex(digest)
    except ValueError:
        return sys.maxsize, ""


def _check_sharing(store: object, every_s: float) -> None:
    if store is not None and not isinstance(store, TallyStore):
        raise ConfigurationError(
            "Adaptive(store=...): takes a MemoryStore, SqliteStore or RedisStore, in which processes can meet, not "
            f"{type(store).__name__}"
        )
    if type(every_s) not in {int, float} or not 0 < every_s <= _SELDOM_S:
        raise ConfigurationError(
            f"Adaptive(share_every_s={every_s!r}): must be above 0 and at most {_SELDOM_S:g} seconds"
        )


def _check(limit: Limit) -> None:
    if not isinstance(limit, Limit) or limit.unit not in _ADAPTABLE or limit.calendar or limit.amount is None:
        what = repr(limit.name) if isinstance(limit, Limit) else type(limit).__name__
        raise ConfigurationError(f"Adaptive({what}): takes limits of requests or tokens, with an amount, that roll")
    if limit.overrides or limit.unless or limit.mode != "enforce" or limit.burst not in {None, limit.amount}:
        raise ConfigurationError(f"Adaptive({limit.name!r}): has no overrides, burst or shadow mode")
