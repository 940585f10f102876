"""The experiment that a canary moves, in every router that has it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

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

    def bind(self, router: ExperimentRouter) -> None:
        """Take the experiment of a router.

        Raises:
            ConfigurationError: there is none of that name, it has not two variants, or is not that of another router
                which is moved already.
        """
        if any(each is router for each in self._routers):
            return
        found = next((each for each in router.experiments if each.name == self.name), None)
        if found is None:
            names = ", ".join(each.name for each in router.experiments)
            raise ConfigurationError(
                f"Canary(experiment={self.name!r}): the router has no such experiment; it has {names}"
            )
        arms = self._arms_of(found)
        if self.original is not None and found != self.original:
            raise ConfigurationError(f"Canary(experiment={self.name!r}): two routers have different ones of that name")
        self.original, self._arms, self.by_request = found, arms, found.by == "request"
        self.places = places_of(self._design, found, control=arms[0], canary=arms[1])
        self._routers.append(router)

    def move(self, percent: float, *, withdrawn: bool = False) -> None:
        """Give the canary to so many units; whatever else somebody changed of the experiment is kept.

        Args:
            percent: Share of the canary.
            withdrawn: Whether overrides that name the canary do not hold either.

        Raises:
            ConfigurationError: a wrapped function does not take what the canary sets.
        """
        original, (control, canary) = self.original, self._arms
        if original is None:
            return
        wanted = at_percent(original, percent, control=control, canary=canary)
        overrides = {unit: name for unit, name in original.overrides.items() if not (withdrawn and name == canary)}
        for router in self._routers:
            now = next(each for each in router.experiments if each.name == self.name)
            router.update(replace(now, variants=wanted.variants, total_weight=0, overrides=overrides))

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
