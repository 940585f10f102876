"""Canaries, and events of calls, as a pipeline would record them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from genai_guard.limits import MemoryStore
from genai_guard.messages import Caller
from genai_guard.recording.event import Event
from genai_guard.routing import Experiment, ExperimentRouter, Variant
from genai_guard.routing.canary import Canary, Errors, Stage
from genai_guard.testing import FakeClock

QUICK = (Stage(10, min_units=20, min_s=60), Stage(50, min_units=50, min_s=60))
"""Two stages, and no store or thread."""


def make_router(*, by: str = "user", **more: Any) -> ExperimentRouter:
    return ExperimentRouter(Experiment("model", Variant("old"), Variant("new"), by=by, **more))


def make_canary(clock: FakeClock | None = None, **more: Any) -> Canary:
    options: dict[str, Any] = {"stages": QUICK, "metrics": [Errors()], "check_s": None}
    return Canary("model", **options | more, clock=None if clock is None else clock.time)


def event(router: ExperimentRouter, unit: str, **more: Any) -> Event:
    more.setdefault("request_id", unit)
    return Event(0.0, assignments=router.route(Caller(user=unit, request_id=unit)), **more)


def units_of(router: ExperimentRouter, variant: str, count: int, *, prefix: str = "u") -> list[str]:
    """Units that have a variant now."""
    found: list[str] = []
    number = 0
    while len(found) < count:
        unit = f"{prefix}{number}"
        number += 1
        if router.assign(unit).variant == variant:
            found.append(unit)
    return found


def fail(canary: Canary, router: ExperimentRouter, units: Iterable[str]) -> None:
    for unit in units:
        canary.record(event(router, unit, status="error"))


def serve(canary: Canary, router: ExperimentRouter, units: Iterable[str]) -> None:
    for unit in units:
        canary.record(event(router, unit))


def people(count: int, *, prefix: str = "p") -> list[str]:
    return [f"{prefix}{number}" for number in range(count)]


def begin(router: ExperimentRouter, clock: FakeClock | None = None, **more: Any) -> Canary:
    canary = make_canary(clock, **more)
    canary.bind(router)
    canary.refresh()
    return canary


def shares(router: ExperimentRouter) -> dict[str, float]:
    return {name: share for name, share in router.experiments[0].shares.items() if share}


class Fragile:
    """A memory store that can be switched off, or does what it was asked for and does not say so, or fails in one thing."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.down = False
        self.mute = False
        self.fails = ""

    def lose(self) -> None:
        """Forget everything."""
        for tally in self.store._tallies.values():
            tally.forget()

    def tally(self, name: str) -> Any:
        real, store = self.store.tally(name), self

        class Proxy:
            def __getattr__(self, method: str) -> Any:
                def call(*args: Any) -> Any:
                    if store.down or store.fails == method:
                        raise ConnectionError
                    answer = getattr(real, method)(*args)
                    if store.mute:
                        raise TimeoutError
                    return answer

                return call

        return Proxy()
