"""A cache of replies in memory: the same call is made once, also while it is being made."""

from __future__ import annotations

import enum
import pickle
import sys
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from genai_guard.errors import ConfigurationError
from genai_guard.resilience.checks import check_count, check_seconds

if TYPE_CHECKING:
    from concurrent.futures import Future

    from genai_guard.resilience.keys import Key

__all__ = ["Cache", "Claim", "Failure", "Kept", "Landing", "kept"]

_OVERHEAD: Final = 400
"""Bytes of an entry besides its reply, roughly."""


class Kept(NamedTuple):
    """A reply as it is kept: text as it is, all else pickled, so that no two callers share an object."""

    data: str | bytes

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        return sys.getsizeof(self.data) + _OVERHEAD

    @property
    def reply(self) -> Any:
        """The reply, a new object each time."""
        return self.data if isinstance(self.data, str) else pickle.loads(self.data)  # noqa: S301  written below, in this process


class Failure(enum.Enum):
    """Why there is no reply to share."""

    FAILED = enum.auto()
    """The call failed, or its reply is not fit for others."""
    GONE = enum.auto()
    """Whoever made the call went away."""


Landing: TypeAlias = Kept | Failure
"""What a call under way ends with."""


class Claim(NamedTuple):
    """What a cache answers: a reply, or the call that is under way.

    Attributes:
        kept: The reply.
        flight: Where the reply will land.
        leads: Whether it is the asker who makes the call, and has to land it.
    """

    kept: Kept | None
    flight: Future[Landing] | None = None
    leads: bool = False


class _Entry(NamedTuple):
    kept: Kept
    expires: float
    holds: object


def kept(reply: object) -> Kept | None:
    """Return a reply as it is kept; None if it cannot be."""
    if type(reply) is str:
        return Kept(reply)
    try:
        return Kept(pickle.dumps(reply, pickle.HIGHEST_PROTOCOL))
    except Exception:  # noqa: BLE001  any object may refuse, in any way
        return None


@dataclass(frozen=True)
class Cache:
    """Answer a call with the reply to the same call before it.

    Two calls are the same if they go to the same function with the same arguments, as the model would get them (model,
    messages, parameters, tools), for the same tenant, in the same variants of the experiments, by pipelines of the same
    name, under the same `version`. A call with arguments that have no place in JSON is not cached, such as one with
    functions for tools. Give a method of one client object, or one function: a new `lambda` for every call never hits.

    What is kept is the reply as the model wrote it, after the output guards let it pass; they judge it again for each
    caller. Never kept: errors, what a guard blocked, what was cut off, what a fallback answered, and streams.

    While a call is under way, the same calls wait for its reply, each until its own deadline. If it fails they are made
    after all; if its caller went away, one of them takes over.

    A hit reserves nothing in the limits and costs nothing. On the event it is `answered_by` the `cache`.

    In memory only, for one process. Safe for threads and tasks.

    Args:
        ttl_s: Seconds for which a reply is kept.
        max_bytes: Bytes that all replies may take together, roughly; the ones used longest ago make room.
        version: Of whatever else replies depend on, such as the policy or a prompt template; another version, another
            cache.
        clock: Monotonic seconds.

    Raises:
        ConfigurationError: a number makes no sense.
    """

    ttl_s: float = 300.0
    max_bytes: int = field(default=64 * 1024 * 1024, kw_only=True)
    version: str = field(default="", kw_only=True)
    clock: Callable[[], float] = field(default=time.monotonic, kw_only=True, compare=False, repr=False)
    _lock: Lock = field(default_factory=Lock, init=False, compare=False, repr=False)
    _entries: OrderedDict[Key, _Entry] = field(
        default_factory=OrderedDict["Key", _Entry], init=False, compare=False, repr=False
    )
    _flights: dict[Key, Future[Landing]] = field(
        default_factory=dict["Key", "Future[Landing]"], init=False, compare=False, repr=False
    )
    _used: list[int] = field(default_factory=lambda: [0], init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        check_seconds("Cache(ttl_s", self.ttl_s)
        check_count("Cache(max_bytes", self.max_bytes)
        if not isinstance(self.version, str):
            raise ConfigurationError(f"Cache(version=...): takes text, not {type(self.version).__name__}")

    @property
    def size_bytes(self) -> int:
        """Bytes that the replies take, roughly."""
        return self._used[0]

    def __len__(self) -> int:
        return len(self._entries)

    def __bool__(self) -> bool:
        return True

    def clear(self) -> None:
        """Forget every reply."""
        with self._lock:
            self._entries.clear()
            self._used[0] = 0

    def claim(self, key: Key) -> Claim:
        """Return the reply to a call, or the call that is under way, or make the asker the one who makes it."""
        from concurrent.futures import Future  # noqa: PLC0415  only caches need it

        with self._lock:
            entry = self._entries.get(key)
            if entry is not None and entry.expires > self.clock():
                self._entries.move_to_end(key)
                return Claim(entry.kept)
            flight = self._flights.get(key)
            if flight is not None:
                return Claim(None, flight)
            flight = self._flights[key] = Future()
            flight.set_running_or_notify_cancel()  # so that a waiter who is cancelled does not cancel it
            return Claim(None, flight, leads=True)

    def land(self, key: Key, flight: Future[Landing], landing: Landing, holds: object) -> None:
        """End a call that was claimed, with a reply to keep if there is one.

        `holds` is kept as long as the reply is: what the key names by its identity.
        """
        with self._lock:
            del self._flights[key]
            self._drop(key)
            if isinstance(landing, Kept) and landing.size <= self.max_bytes:
                self._entries[key] = _Entry(landing, self.clock() + self.ttl_s, holds)
                self._used[0] += landing.size
                while self._used[0] > self.max_bytes:
                    self._drop(next(iter(self._entries)))
        flight.set_result(landing)

    def forget(self, key: Key) -> None:
        """Forget the reply to a call."""
        with self._lock:
            self._drop(key)

    def _drop(self, key: Key) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._used[0] -= entry.kept.size
