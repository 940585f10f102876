"""All experiments of a router, made ready for the hot path: a value that is never changed, only replaced."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Final, TypeAlias

from genai_guard.messages import Caller
from genai_guard.routing.claims import param_names
from genai_guard.routing.compiled import CompiledExperiment
from genai_guard.routing.experiment import Experiment
from genai_guard.routing.fingerprint import fingerprint

__all__ = ["Configuration"]

UnitOf: TypeAlias = Callable[[Caller], object]

_FIELDS: Final = {"user": "user", "tenant": "tenant", "session": "session", "request": "request_id"}


class Configuration:
    """What a router asks.

    Attributes:
        experiments: As given.
        enabled: False takes everybody out of every experiment.
        version: A short hash of all that the experiments say.
        param_names: Every parameter that some variant sets.
        plan: Each experiment, and what it takes as the unit of a caller.
        single: The only entry of `plan`; None if there are several. Most routers have one experiment, and a
            comprehension costs as much as half an assignment.
        by_request: Whether an experiment goes by the request.
        by_name: The experiments by their names.
    """

    __slots__ = ("by_name", "by_request", "enabled", "experiments", "param_names", "plan", "single", "version")

    def __init__(self, experiments: tuple[Experiment, ...], *, enabled: bool = True) -> None:
        self.experiments: Final = experiments
        self.enabled: Final = enabled
        self.version: Final = fingerprint([each.config_version for each in experiments])
        self.param_names: Final = param_names(experiments)
        self.plan: Final = tuple(
            (CompiledExperiment(experiment, enabled=enabled), _unit_of(experiment.by)) for experiment in experiments
        )
        self.single: Final = self.plan[0] if len(self.plan) == 1 else None
        self.by_request: Final = any(each.by == "request" for each in experiments)
        self.by_name: Final = {compiled.name: compiled for compiled, _ in self.plan}


def _unit_of(by: str) -> UnitOf:
    if by in _FIELDS:
        return attrgetter(_FIELDS[by])
    return lambda caller: caller.tags.get(by)
