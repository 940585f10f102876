"""A sticky store as calls use it: it fails none, and keeps none waiting for a store that is down."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Final, Literal, NamedTuple, final

from genai_guard.errors import ConfigurationError
from genai_guard.routing.sticky.base import StickyKey, StickyStore
from genai_guard.routing.sticky.memory import MemoryStickyStore

__all__ = ["Steady", "StickyHealth"]


class StickyHealth(NamedTuple):
    """How a sticky store is doing.

    Attributes:
        state: `up`; `down` while it is not asked; `failing` while it is asked, and has failed last time.
        failed: Times that it was asked, and failed.
        skipped: Times that it was not asked, because it was down. Units went by their hash then, as they did above.
        last_error: The kind of the last failure; empty if there was none.
    """

    state: Literal["up", "failing", "down"]
    failed: int
    skipped: int
    last_error: str


@final
class Steady:
    """A store that never raises, with a memory in front of it.

    What has been read or set is kept in memory, so a unit costs one question a process. Whatever the store raises is
    counted; it is as if nothing were known of the unit then. After `failures` in a row the store is left alone for
    `retry_s`, and then tried by one call. What could not be set is not set later: the next call of the unit that the
    memory has forgotten tries again. What is removed from the store elsewhere stays in memory: another bucket version
    forgets for sure.

    Args:
        store: The store.
        cached_units: Most variants in memory.
        failures: Failures in a row after which the store is left alone.
        retry_s: Seconds until it is tried again.

    Raises:
        ConfigurationError: `store` has no `get` and `set`.
    """

    def __init__(
        self, store: StickyStore, *, cached_units: int = 10_000, failures: int = 3, retry_s: float = 1.0
    ) -> None:
        if not isinstance(store, StickyStore):
            raise ConfigurationError(
                f"sticky: must be a store, such as SqliteStickyStore('sticky.sqlite'), not {type(store).__name__}"
            )
        from genai_guard.limits.stores.redis.outage import Breaker  # noqa: PLC0415  asyncio comes with it

        self.store: Final = store
        self._near: Final = store if isinstance(store, MemoryStickyStore) else MemoryStickyStore(max_units=cached_units)
        self._breaker: Final = Breaker(failures, retry_s)
        self._lock: Final = Lock()
        self._failed = 0
        self._skipped = 0

    def get(self, key: StickyKey, /) -> str:
        """Return the name of the variant that a unit has; empty when none is known."""
        variant = self._near.get(key)
        if variant or self._near is self.store:
            return variant
        found = self._ask(self.store.get, key)
        if found:
            self._near.set(key, found)
        return found

    def set(self, key: StickyKey, variant: str, /) -> None:
        """Keep the name of a variant."""
        self._near.set(key, variant)
        if self._near is not self.store:
            self._ask(self.store.set, key, variant)

    @property
    def health(self) -> StickyHealth:
        """How the store is doing."""
        breaker = self._breaker
        state: Literal["up", "failing", "down"] = "down" if breaker.is_open else "failing" if breaker.failures else "up"
        return StickyHealth(state, self._failed, self._skipped, breaker.last_error)

    def __repr__(self) -> str:
        return f"<Steady {self.store!r}, {self.health.state}>"

    def _ask(self, do: Callable[..., str | None], *args: object) -> str:
        """Return what the store says; an empty text when it fails, says nothing, or is not asked."""
        if not self._breaker.admits():
            with self._lock:
                self._skipped += 1
            return ""
        try:
            answer = _text(do(*args))
        except Exception as error:  # noqa: BLE001  whatever a store does, it must not fail the call
            from genai_guard.limits.stores.redis.outage import Outage  # noqa: PLC0415  as above

            self._breaker.ended(Outage(type(error).__name__))
            with self._lock:
                self._failed += 1
            return ""
        except BaseException as error:
            self._breaker.ended(error)
            raise
        self._breaker.succeeded()
        return answer


def _text(answer: object) -> str:
    if answer is None:
        return ""
    if not isinstance(answer, str):
        raise TypeError("a sticky store must return the name of a variant")
    return answer
