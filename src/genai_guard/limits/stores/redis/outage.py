"""What becomes of calls while the server cannot be reached: bounded in time, and as each limit says."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from threading import Lock
from typing import Any, Final, Generic, Literal, NamedTuple, TypeAlias, TypeVar

from genai_guard.errors import RateLimited
from genai_guard.limits.limit import Limit
from genai_guard.limits.stores.memory import MemoryStore
from genai_guard.verdicts import OnOutage

__all__ = ["Breaker", "LimitUnavailable", "Local", "Outage", "StoreHealth", "Unsent", "policy_of"]

T = TypeVar("T")


class Outage(Exception):  # noqa: N818  internal, never seen by callers
    """The server did not answer in time, or not with what was asked for; or it was not asked.

    Attributes:
        reason: What went wrong.
        asked: Whether it may have done what was asked for all the same.
    """

    def __init__(self, reason: str, *, asked: bool = True) -> None:
        self.reason = reason
        self.asked = asked
        super().__init__(reason)


class LimitUnavailable(RateLimited):
    """The store of a limit cannot be reached, and its `on_outage` is `deny`. A web application would answer 503.

    Attributes:
        limit: Name of the first such limit.
        retry_after_s: Seconds until the store is tried again.
        limits: Names of all of them.
    """

    http_status = 503

    def __init__(self, limits: Sequence[str], retry_after_s: float) -> None:
        super().__init__(limits[0], retry_after_s, limits)
        self.args = (f"{' and '.join(limits)}: the store cannot be reached; retry after {retry_after_s:.3g} s",)


class StoreHealth(NamedTuple):
    """How a store is doing.

    Attributes:
        state: `up`; `down` while it is not asked; `failing` while it is asked, and has failed last time.
        failures: How often in a row it has failed.
        outages: How often it has gone down.
        last_error: The kind of the last failure; empty if there was none.
        unsent: Settlements that wait for it.
        lost: Settlements that did not wait, because there were too many; what they had reserved stays reserved.
    """

    state: Literal["up", "failing", "down"]
    failures: int
    outages: int
    last_error: str
    unsent: int
    lost: int


class Breaker:
    """Says whether to ask the server. After some failures in a row it is left alone, and then asked by one call only.

    Args:
        failures: How many.
        retry_s: How long it is left alone.
    """

    def __init__(self, failures: int, retry_s: float) -> None:
        self._most: Final = failures
        self._retry_s: Final = retry_s
        self._lock: Final = Lock()
        self._until = 0.0
        self._probing = False
        self.failures = 0
        self.outages = 0
        self.last_error = ""

    @property
    def is_open(self) -> bool:
        """Whether the server is left alone."""
        return self.failures >= self._most

    @property
    def retry_after_s(self) -> float:
        """How long until it is asked again."""
        return max(0.001, self._until - time.monotonic())

    def admits(self) -> bool:
        """Return whether to ask; whoever is let through says how it went."""
        if self.failures < self._most:
            return True
        with self._lock:
            if self._probing or time.monotonic() < self._until:
                return False
            self._probing = True
            return True

    def succeeded(self) -> None:
        """Note an answer."""
        if self.failures:
            with self._lock:
                self.failures, self._probing = 0, False

    def ended(self, error: BaseException) -> None:
        """Note that there was none; and what the server has to do with it."""
        with self._lock:
            self._probing = False
            if isinstance(error, Outage):
                self.failures += 1
                self.outages += self.failures == self._most
                self._until = time.monotonic() + self._retry_s
                self.last_error = error.reason


class Unsent(Generic[T]):
    """What is to be sent later, up to a number; of more the oldest is lost."""

    def __init__(self, most: int) -> None:
        self._most: Final = most
        self._lock: Final = Lock()
        self._items: deque[T] = deque()
        self.lost = 0

    def add(self, items: Sequence[T]) -> None:
        """Keep items."""
        with self._lock:
            self._items.extend(items)
            while len(self._items) > self._most:
                self._items.popleft()
                self.lost += 1

    def take(self, most: int) -> list[T]:
        """Return the oldest items, which are then the caller's to send."""
        with self._lock:
            return [self._items.popleft() for _ in range(min(most, len(self._items)))]

    def __len__(self) -> int:
        return len(self._items)


Policies: TypeAlias = Sequence[OnOutage]


def policy_of(limit: Limit, default: OnOutage) -> OnOutage:
    """Return what becomes of a limit's calls during an outage."""
    if limit.on_outage is not None:
        return limit.on_outage
    if limit.on_error == "allow":
        return "allow"
    return "deny" if limit.unit == "usd" else default


class Local:
    """Limits as this process counts them while the server cannot be reached: a share of each amount.

    Limits that are not counted so stand among them in shadow mode, for the sake of those that yield to them.
    """

    def __init__(self, limits: Sequence[Limit], policies: Policies, share: float) -> None:
        self.limits: Final = tuple(limits)
        self._scaled: Final = [
            _scaled(limit, share if policy == "local" else 1, shadow=policy != "local")
            for limit, policy in zip(limits, policies, strict=True)
        ]
        self._originals: Final = {scaled.name: limit for scaled, limit in zip(self._scaled, limits, strict=True)}
        self.names: Final = frozenset(
            limit.name for limit, policy in zip(limits, policies, strict=True) if policy == "local"
        )
        self.counts: Final[Any] = MemoryStore().bind(self._scaled)

    def original(self, limit: Limit) -> Limit:
        """Return the limit that one of these is a share of."""
        return self._originals[limit.name]


def _scaled(limit: Limit, share: float, *, shadow: bool) -> Limit:
    def part(amount: float | None) -> Any:
        if amount is None or share == 1:
            return amount
        return max(1e-9, amount * share) if limit.unit == "usd" else max(1, int(amount * share))

    return replace(
        limit,
        amount=part(limit.amount),
        burst=part(limit.burst),
        overrides={value: part(amount) for value, amount in limit.overrides.items()},
        mode="shadow" if shadow else limit.mode,
    )
