"""The experiment that a canary moves, in every router that has it."""

from __future__ import annotations

import gc
from dataclasses import replace
from typing import Final
from weakref import WeakSet

from genai_guard.errors import ConfigurationError
from genai_guard.routing.assignment import SPACE
from genai_guard.routing.canary.design import Design
from genai_guard.routing.canary.intake import Place, places_of
from genai_guard.routing.canary.stages import at_percent
from genai_guard.routing.experiment import Experiment
from genai_guard.routing.router import ExperimentRouter

__all__ = ["Ramp"]


class Ramp:
    """One experiment of two variants, and the share that the second of them has.

    Args:
        name: Name of the experiment.
        design: The plan.
        control: Variant that everybody had before; the first if empty.
        canary: Variant that is tried; the other one if empty.

    Attributes:
        original: The experiment as it was given; None before a router is bound.
        places: Stage and arm of an assignment, by its variant and propensity; empty before a router is bound.
        by_request: Whether each request is a unit of its own.
        is_closed: Whether another canary may take the experiment over.
    """

    def __init__(self, name: str, design: Design, *, control: str, canary: str) -> None:
        self.name: Final = name
        self._design = design
        self._named = (control, canary)
        self._routers: list[ExperimentRouter] = []
        self.original: Experiment | None = None
        self._arms = ("", "")
        self.places: dict[str, dict[float, Place]] = {}
        self.by_request = False
        self.is_closed = False
        self._percent, self._withdrawn = 0.0, False
        _ramps.add(self)

    def bind(self, router: ExperimentRouter) -> None:
        """Take the experiment of a router.

        Raises:
            ConfigurationError: there is none of that name, it has not two variants, is not that of another router
                which is moved already, the router does not go by weights, or another canary moves it.
        """
        if self.moves(router):
            return
        if not router.weighs:
            raise ConfigurationError(
                f"Canary(experiment={self.name!r}): {type(router).__name__} does not go by weights, so nothing would be "
                "rolled back; take an ExperimentRouter"
            )
        found = next((each for each in router.experiments if each.name == self.name), None)
        if found is None:
            names = ", ".join(each.name for each in router.experiments)
            raise ConfigurationError(
                f"Canary(experiment={self.name!r}): the router has no such experiment; it has {names}"
            )
        arms = self._arms_of(found)
        if self.original is not None and found != self.original:
            raise ConfigurationError(f"Canary(experiment={self.name!r}): two routers have different ones of that name")
        self._take(router)
        self.original, self._arms, self.by_request = found, arms, found.by == "request"
        self.places = places_of(self._design, found, control=arms[0], canary=arms[1])
        self._routers.append(router)
        router.move_by(self)

    def move(self, percent: float, *, withdrawn: bool = False) -> None:
        """Give the canary to so many units; whatever else somebody changed of the experiment is kept.

        Args:
            percent: Share of the canary.
            withdrawn: Whether overrides that name the canary do not hold either.

        Raises:
            ConfigurationError: a wrapped function does not take what the canary sets.
        """
        self._percent, self._withdrawn = percent, withdrawn
        if self.original is None:
            return
        for router in self._routers:
            for now in router.experiments:  # none of that name, if somebody has taken it out
                if now.name == self.name:
                    router.update(replace(now, overrides=self.original.overrides))

    def moved(self, experiment: Experiment) -> Experiment:
        """Return an experiment that somebody gives to a router, with the share that the canary has now.

        So new settings take effect, and neither they nor a file that is read again undo a rollback.

        Raises:
            ConfigurationError: it is the experiment that is moved, and has other variants or goes by something else.
        """
        original, (control, canary) = self.original, self._arms
        if original is None or self.is_closed or experiment.name != self.name:
            return experiment
        if {each.name for each in experiment.variants} != {control, canary} or experiment.by != original.by:
            raise ConfigurationError(
                f"Experiment({self.name!r}): a canary moves it between {control!r} and {canary!r} by {original.by!r}; "
                "leave the variants and by= as they are, or close() the canary first"
            )
        overrides = {u: name for u, name in experiment.overrides.items() if not (self._withdrawn and name == canary)}
        order = [variant.name for variant in original.variants]  # or units would change sides
        variants = tuple(sorted(experiment.variants, key=lambda variant: order.index(variant.name)))
        ordered = replace(experiment, variants=variants, total_weight=0, overrides=overrides)
        return at_percent(ordered, self._percent, control=control, canary=canary)

    def moves(self, router: ExperimentRouter) -> bool:
        """Whether it moves the experiment of a router."""
        return any(each is router for each in self._routers)

    def leave(self, router: ExperimentRouter) -> None:
        """Move the experiment of a router no longer."""
        self._routers = [each for each in self._routers if each is not router]
        router.move_by(self, no_more=True)

    def _take(self, router: ExperimentRouter) -> None:
        """See to it that nobody else moves the experiment: what one rolls back, the other would give out again."""
        if _rivals(self.name, router):
            gc.collect()  # one that nobody holds is no rival
        for other in _rivals(self.name, router):
            if not other.is_closed:
                raise ConfigurationError(
                    f"Canary(experiment={self.name!r}): another canary moves it; give all pipelines of this router the "
                    "same one, or close() the other first"
                )
            other.leave(router)

    def _arms_of(self, experiment: Experiment) -> tuple[str, str]:
        names = [variant.name for variant in experiment.variants]
        if len(names) != 2:
            raise ConfigurationError(
                f"Canary(experiment={self.name!r}): needs an experiment of two variants, not of {len(names)}"
            )
        if experiment.sticky:
            raise ConfigurationError(
                f"Canary(experiment={self.name!r}): the experiment is sticky, and units would keep the control; leave "
                "sticky out: nobody who has the canary loses it as it grows"
            )
        if experiment.space != SPACE:
            raise ConfigurationError(
                f"Canary(experiment={self.name!r}): {experiment.hash_version} has {experiment.space} buckets, by which "
                "units cannot be told apart; use hash_version=1"
            )
        control, canary = self._named
        for given in filter(None, self._named):
            if given not in names:
                raise ConfigurationError(
                    f"Canary({given!r}): is no variant of {self.name!r}; it has {', '.join(names)}"
                )
        control = control or next(name for name in names if name != canary)
        canary = canary or next(name for name in names if name != control)
        if control == canary:
            raise ConfigurationError(f"Canary(control={control!r}, canary={canary!r}): must be two variants")
        return control, canary


_ramps: Final[WeakSet[Ramp]] = WeakSet()


def _rivals(name: str, router: ExperimentRouter) -> list[Ramp]:
    return [each for each in _ramps if each.name == name and each.moves(router)]
