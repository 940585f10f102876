"""Circuit breakers: a target that fails is left alone for a while."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Final, NamedTuple

from genai_guard.errors import BreakerOpen, CallTimeout, ConfigurationError, GenAIGuardError
from genai_guard.resilience.checks import check_count, check_seconds, check_share
from genai_guard.resilience.circuit import Circuit, Terms
from genai_guard.resilience.signs import is_outage, status_of

__all__ = ["Breaker", "Permit"]

_MOST_TARGETS: Final = 1024


class Permit(NamedTuple):
    """Leave to make one call, to be given back with what came of it."""

    target: str
    circuit: Circuit
    generation: int


@dataclass(frozen=True)
class Breaker:
    """Stop calling a target that fails, and try it again with a few calls after a while.

    A call counts as failed if the provider is to blame: a 5xx, no connection, a timeout. A 4xx is an answer; 429 counts
    as neither, and so does what this library refuses by itself, and a call that is cancelled. A stream has gone well
    when its first chunk is there.

    Each target is judged by itself: each model that is asked for, each target of a `Fallback`. The lock is held for as
    long as it takes to count, never while a call is made. One breaker may serve several pipelines.

    Args:
        failure_rate: Share of the calls of a window from which on the circuit opens.
        minimum_calls: Calls that a window must hold for that.
        window_s: Seconds that are looked back on.
        open_s: Seconds for which no call is let through.
        probes: Calls that are let through after that, exactly. If all of them go well the circuit closes; if one
            fails it opens again. Others are refused meanwhile, at once.
        when: Tells whether an exception counts as a failure; `is_outage` when None.
        clock: Monotonic seconds.

    Raises:
        ConfigurationError: a number makes no sense.
    """

    failure_rate: float = 0.5
    minimum_calls: int = field(default=10, kw_only=True)
    window_s: float = field(default=30.0, kw_only=True)
    open_s: float = field(default=15.0, kw_only=True)
    probes: int = field(default=1, kw_only=True)
    when: Callable[[Exception], bool] | None = field(default=None, kw_only=True)
    clock: Callable[[], float] = field(default=time.monotonic, kw_only=True, compare=False, repr=False)
    _terms: Terms = field(init=False, compare=False, repr=False)
    _lock: Lock = field(init=False, compare=False, repr=False)
    _circuits: OrderedDict[str, Circuit] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        check_share("Breaker(failure_rate", self.failure_rate)
        check_count("Breaker(minimum_calls", self.minimum_calls)
        check_seconds("Breaker(window_s", self.window_s)
        check_seconds("Breaker(open_s", self.open_s)
        check_count("Breaker(probes", self.probes)
        if self.when is not None and not callable(self.when):
            raise ConfigurationError("Breaker(when=...): takes a function of one exception")
        terms = Terms(self.failure_rate, self.minimum_calls, self.window_s, self.open_s, self.probes)
        object.__setattr__(self, "_terms", terms)
        object.__setattr__(self, "_lock", Lock())
        object.__setattr__(self, "_circuits", OrderedDict())

    def admit(self, target: str = "") -> Permit:
        """Return leave to call a target; give it back to `release`, come what may.

        Raises:
            BreakerOpen: it is left alone for now.
        """
        with self._lock:
            now = self.clock()
            circuit = self._circuit(target)
            generation = circuit.admit(self._terms, now)
            if generation is not None:
                return Permit(target, circuit, generation)
            wait_s = circuit.retry_after_s(self._terms, now)
        raise BreakerOpen(target, wait_s)

    def release(self, permit: Permit, *, went_well: bool | None) -> None:
        """Take what came of a call; None for what says nothing about the target."""
        with self._lock:
            permit.circuit.take(self._terms, permit.generation, went_well, self.clock())

    def trip(self, target: str = "") -> None:
        """Leave a target alone from now on, as if it had failed too often; it is tried again after `open_s`."""
        with self._lock:
            self._circuit(target).trip(self.clock())

    def state(self, target: str = "") -> str:
        """Return `closed`, `open` or `half-open`."""
        with self._lock:
            circuit = self._circuits.get(target)
            return "closed" if circuit is None else circuit.state

    def verdict(self, error: BaseException) -> bool | None:
        """Return what an exception says about a target: False that it fails, True that it answers, None nothing."""
        if not isinstance(error, Exception):
            return None
        if isinstance(error, GenAIGuardError):
            return False if isinstance(error, CallTimeout) else None
        if is_outage(error) if self.when is None else self.when(error):
            return False
        status = status_of(error)
        return True if status is not None and status != 429 else None

    def _circuit(self, target: str) -> Circuit:
        circuit = self._circuits.get(target)
        if circuit is None:
            circuit = self._circuits[target] = Circuit()
            if len(self._circuits) > _MOST_TARGETS:
                self._forget(target)
        return circuit

    def _forget(self, target: str) -> None:
        """Make room: drop the oldest that is closed, which loses a window of counts; else the oldest of all."""
        closed = (name for name, circuit in self._circuits.items() if circuit.state == "closed" and name != target)
        del self._circuits[next(closed, next(iter(self._circuits)))]
