"""What alerts do: small parts for `on_fire=`, each of which says what becomes of it when the alert is resolved.

Rule 1: One object may serve several alerts, and all slices of one. It acts when the first of them fires, and undoes that
when the last is resolved.
Rule 2: What somebody else has changed meanwhile is left as it is.
Rule 3: A part may be given by a function that returns it, for pipelines that are built later, from a policy for instance.
Rule 4: All of it happens on a thread of its own. What goes wrong is counted as `on_fire`, and harms no call.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Protocol, runtime_checkable

from genai_guard.errors import ConfigurationError
from genai_guard.guards.base import settle
from genai_guard.limits import Limit, RateLimiter
from genai_guard.recording.alerts import AlertAction, AlertEvent
from genai_guard.resilience import Breaker

__all__ = ["HoldCanary", "Holdable", "TightenLimit", "Together", "TripBreaker"]


@runtime_checkable
class Holdable(Protocol):
    """What can be held where it is, such as a `Canary`."""

    def hold(self) -> bool:
        """Stay; return whether that changes anything."""
        ...

    def resume(self) -> bool:
        """Go on; return whether that changes anything."""
        ...


class Together:
    """Does several things, in this order; one that raises does not keep the others from it.

    Args:
        *actions: What to do.

    Raises:
        ConfigurationError: one of them is no function of an `AlertEvent`.
    """

    __slots__ = ("actions",)

    def __init__(self, *actions: AlertAction) -> None:
        if not actions or not all(callable(action) for action in actions):
            raise ConfigurationError("Together(...) takes functions of one AlertEvent")
        self.actions = actions

    def __call__(self, event: AlertEvent, /) -> None:
        """Do them.

        Raises:
            ExceptionGroup: what they raised.
        """
        errors: list[Exception] = []
        for action in self.actions:
            try:
                action(event)
            except Exception as error:  # noqa: BLE001  raised below, with the others
                errors.append(error)
        if len(errors) == 1:
            raise errors[0]
        if errors:
            raise ExceptionGroup("several actions failed", errors)


@dataclass(frozen=True, eq=False)
class _WhileFiring(ABC):
    """Begins with the first alert that fires, and ends with the last."""

    _firing: set[str] = field(default_factory=set[str], init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def __call__(self, event: AlertEvent, /) -> None:
        """Act, or undo it."""
        with self._lock:
            if event.state == "firing":
                if not self._firing:
                    self._begin()
                self._firing.add(event.key)
            elif event.key in self._firing:
                self._firing.discard(event.key)
                if not self._firing:
                    self._end()

    @abstractmethod
    def _begin(self) -> None: ...

    @abstractmethod
    def _end(self) -> None: ...


@dataclass(frozen=True, eq=False)
class HoldCanary(_WhileFiring):
    """Holds a canary at its stage. When the alert is resolved it is left on hold, for somebody to look at.

    Args:
        canary: The `Canary`, or anything with `hold()` and `resume()`; or a function that returns it.
        resume: Go on when the alert is resolved, if it was this that held it.
    """

    canary: Holdable | Callable[[], Holdable]
    resume: bool = field(default=False, kw_only=True)
    _held: list[Holdable] = field(default_factory=list[Holdable], init=False, repr=False)

    def __post_init__(self) -> None:
        if not (isinstance(self.canary, Holdable) or callable(self.canary)):
            raise ConfigurationError("HoldCanary(canary=...) must be a Canary, or have hold() and resume()")

    def _begin(self) -> None:
        canary = self.canary if isinstance(self.canary, Holdable) else self.canary()
        self._held[:] = [canary] if canary.hold() else []

    def _end(self) -> None:
        if self.resume and self._held:
            self._held.pop().resume()


class _Tight(NamedTuple):
    """What was tightened, and what its limits were before."""

    limiter: RateLimiter
    before: Mapping[Limit, Limit]


@dataclass(frozen=True, eq=False)
class TightenLimit(_WhileFiring):
    """Lowers limits to a share of their amount, and restores them when the alert is resolved.

    Amounts, bursts and overrides are lowered, to one unit at least; what has been used stays used. Limits that were
    replaced meanwhile are left as they are. For several alerts on one limiter use one such object: two would not know of
    each other.

    Args:
        limiter: Whose limits; or a function that returns it, such as `lambda: pipeline.limiter`.
        to: The share of the amount that is left, between 0 and 1.
        names: Only the limits of these names; all of them if empty.

    Raises:
        ConfigurationError: the share is none, or there is no limit of that name.
    """

    limiter: RateLimiter | Callable[[], RateLimiter]
    to: float = field(default=0.5, kw_only=True)
    names: tuple[str, ...] = field(default=(), kw_only=True)
    _tight: list[_Tight] = field(default_factory=list[_Tight], init=False, repr=False)

    def __post_init__(self) -> None:
        if isinstance(self.to, bool) or not isinstance(self.to, int | float) or not 0 < self.to < 1:
            raise ConfigurationError("TightenLimit(to=...) must be a number above 0 and below 1")
        names = (self.names,) if isinstance(self.names, str) else tuple(self.names)
        settle(self, names=names)
        if isinstance(self.limiter, RateLimiter):
            self._check_names(self.limiter)
        elif not callable(self.limiter):
            raise ConfigurationError("TightenLimit(limiter=...) must be a RateLimiter, or a function that returns one")

    def _begin(self) -> None:
        limiter = self.limiter if isinstance(self.limiter, RateLimiter) else self.limiter()
        self._check_names(limiter)
        limits = limiter.limits
        tight = [self._tightened(limit) if not self.names or limit.name in self.names else limit for limit in limits]
        renamed = {old.name: new.name for old, new in zip(limits, tight, strict=True)}
        tight = [replace(limit, unless=tuple(renamed.get(name, name) for name in limit.unless)) for limit in tight]
        limiter.replace(*tight)
        self._tight[:] = [_Tight(limiter, dict(zip(tight, limits, strict=True)))]

    def _end(self) -> None:
        limiter, before = self._tight.pop()
        limiter.replace(*[before.get(limit, limit) for limit in limiter.limits])

    def _check_names(self, limiter: RateLimiter) -> None:
        known = [limit.name for limit in limiter.limits]
        for name in self.names:
            if name not in known:
                raise ConfigurationError(
                    f"TightenLimit(names=...): there is no limit {name!r}, only {', '.join(map(repr, known))}"
                )

    def _tightened(self, limit: Limit) -> Limit:
        less = _cents if limit.unit == "usd" else _whole
        overrides: Mapping[str, float | None] = {
            value: None if amount is None else less(amount, self.to) for value, amount in limit.overrides.items()
        }
        was_named = replace(limit, name="").name != limit.name  # usage goes by names that were given
        return replace(
            limit,
            amount=None if limit.amount is None else less(limit.amount, self.to),
            burst=None if limit.burst is None else int(_whole(limit.burst, self.to)),
            overrides=overrides,
            name=limit.name if was_named else "",
        )


@dataclass(frozen=True, eq=False)
class TripBreaker:
    """Opens a circuit breaker. Nothing is undone: it closes by itself, when its probes go well after `open_s`.

    Args:
        breaker: Which; or a function that returns it, such as `lambda: pipeline.resilience.breaker`.
        target: Whose circuit: a model, or a target of a `Fallback`. The value of the alert's label `model` if empty.
    """

    breaker: Breaker | Callable[[], Breaker]
    target: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        if not (isinstance(self.breaker, Breaker) or callable(self.breaker)):
            raise ConfigurationError("TripBreaker(breaker=...) must be a Breaker, or a function that returns one")

    def __call__(self, event: AlertEvent, /) -> None:
        """Open it, when the alert fires."""
        if event.state == "firing":
            breaker = self.breaker if isinstance(self.breaker, Breaker) else self.breaker()
            breaker.trip(self.target or event.labels.get("model", ""))


def _whole(amount: float, share: float) -> float:
    return max(1, int(amount * share))


def _cents(amount: float, share: float) -> float:
    return max(1e-9, round(amount * share, 9))
