"""Checks of what a canary is given, and what its threads do."""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable
from typing import TypeAlias

from genai_guard.errors import ConfigurationError
from genai_guard.limits.stores.tallies import TallyStore
from genai_guard.recording.worker import Handler
from genai_guard.routing.canary.progress import State
from genai_guard.routing.canary.status import Transition

__all__ = ["OnTransition", "callback", "interval", "positive", "store_of", "telling", "watching"]

OnTransition: TypeAlias = Callable[[Transition], object]


def positive(name: str, value: object) -> int:
    """Return a whole number above zero."""
    if type(value) is not int or value < 1:
        raise ConfigurationError(f"Canary({name}={value!r}): must be a whole number above zero")
    return value


def interval(check_s: object) -> float | None:
    """Return seconds, or None."""
    if check_s is None:
        return None
    if isinstance(check_s, bool) or not isinstance(check_s, int | float) or not 0 < check_s < math.inf:
        raise ConfigurationError(f"Canary(check_s={check_s!r}): must be seconds above zero, or None")
    return float(check_s)


def store_of(store: object) -> TallyStore | None:
    """Return a store in which canaries can count together."""
    if store is None or isinstance(store, TallyStore):
        return store
    raise ConfigurationError(
        f"Canary(store=...): {type(store).__name__} cannot count for canaries; takes a MemoryStore, a SqliteStore or a "
        "RedisStore, also in an asynchronous program: it is asked on a thread of its own"
    )


def callback(on_transition: object) -> OnTransition | None:
    """Return a function of a transition."""
    if on_transition is not None and not callable(on_transition):
        raise ConfigurationError("Canary(on_transition=...): must be a function of one Transition")
    return on_transition


def watching(tick: weakref.WeakMethod[Callable[[], float | None]]) -> Handler:
    """Return what looks at a canary from time to time, without keeping it alive."""

    def handle(_: object) -> float | None:
        look = tick()
        return look() if look is not None else None

    return handle


def telling(on_transition: OnTransition | None) -> Handler:
    """Return what tells of transitions."""

    def handle(transition: Transition) -> None:
        import structlog  # noqa: PLC0415  loaded when there is something to tell

        log = structlog.get_logger("genai_guard")
        say = log.warning if transition.after in {State.HELD, State.ROLLED_BACK} else log.info
        say("canary", **transition._asdict())
        if on_transition is not None:
            on_transition(transition)

    return handle
