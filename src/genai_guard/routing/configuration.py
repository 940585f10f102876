"""All experiments of a router, made ready for the hot path: a value that is never changed, only replaced."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final, NamedTuple, TypeAlias

from genai_guard.frozen import FrozenDict
from genai_guard.messages import Caller
from genai_guard.routing.assignment import identify
from genai_guard.routing.claims import param_names
from genai_guard.routing.compiled import CompiledExperiment, RuledExperiment
from genai_guard.routing.conditions import CALLER_FIELDS, Condition, attribute_of
from genai_guard.routing.experiment import Assignment, Experiment
from genai_guard.routing.fingerprint import fingerprint
from genai_guard.routing.prerequisites import in_order, needed
from genai_guard.routing.sticky import Steady

__all__ = ["NOTHING", "Configuration", "Entry"]

Forced: TypeAlias = Mapping[str, str] | None


class Entry(NamedTuple):
    """One experiment.

    Attributes:
        compiled: Its rules.
        unit_of: Returns the unit of a caller.
        by: Kind of the unit.
        needs: Names of the experiments that must have been asked before, in an order that will do.
    """

    compiled: CompiledExperiment
    unit_of: Callable[[Caller], object]
    by: str
    needs: tuple[str, ...]


class Configuration:
    """What a router asks.

    Attributes:
        experiments: As given.
        enabled: False takes everybody out of every experiment.
        version: A short hash of all that the experiments say.
        param_names: Every parameter that some variant sets.
        by_request: Whether an experiment asks who the request is.
        is_plain: Whether no experiment has more than the rules that each has.
        is_scheduled: Whether the time matters.
        by_user: Whether the only experiment goes by the user, as most do, who can be asked for directly.
        by_name: The experiments by their names.
        quick: The rules of experiments that have no others than each has, by their names, and the only one by no name;
            empty unless all experiments are such.
        plan: The rules of each experiment and its unit, in their order.
        single: The only entry of `plan`; None if there are several. Most routers have one experiment, and a
            comprehension costs as much as half an assignment.
    """

    __slots__ = (
        "_in_order",
        "by_name",
        "by_request",
        "by_user",
        "enabled",
        "experiments",
        "is_plain",
        "is_scheduled",
        "param_names",
        "plan",
        "quick",
        "single",
        "version",
    )

    def __init__(
        self, experiments: tuple[Experiment, ...], *, sticky: Steady | None = None, enabled: bool = True
    ) -> None:
        self.experiments: Final = experiments
        self.enabled: Final = enabled
        self.param_names: Final = param_names(experiments)
        self.by_request: Final = any(map(_needs_request, experiments))
        self.is_plain: Final = not any(map(_is_ruled, experiments))
        self.is_scheduled: Final = any(each.schedule is not None for each in experiments)
        self.by_name: Final = _entries(experiments, sticky=sticky, enabled=enabled)
        self.version: Final = fingerprint([entry.compiled.version for entry in self.by_name.values()])
        self.plan: Final = tuple((entry.compiled, entry.unit_of) for entry in self.by_name.values())
        self.single: Final = self.plan[0] if len(self.plan) == 1 else None
        self.by_user: Final = self.single is not None and experiments[0].by == "user"
        self.quick: Final = {name: entry.compiled for name, entry in self.by_name.items() if self.is_plain}
        if self.single is not None and self.is_plain:
            self.quick[""] = self.single[0]
        self._in_order: Final = [self.by_name[name] for name in in_order(experiments)]

    def route(self, caller: Caller, now_s: float, forced: Forced) -> tuple[Assignment, ...]:
        """Return what each experiment gives to a caller, in the order of the experiments."""
        given: dict[str, Assignment] = {}
        for compiled, unit_of, _, _ in self._in_order:
            given[compiled.name] = compiled.decide(unit_of(caller), caller, now_s, given, forced)
        return tuple([given[name] for name in self.by_name])

    def assign(self, entry: Entry, unit: object, caller: Caller, now_s: float, forced: Forced) -> Assignment:
        """Return what one experiment gives to a unit, and first what it requires gives to the caller."""
        caller = _with(caller, entry.by, identify(unit))
        given: dict[str, Assignment] = {}
        for name in entry.needs:
            compiled, unit_of, _, _ = self.by_name[name]
            given[name] = compiled.decide(unit_of(caller), caller, now_s, given, forced)
        return entry.compiled.decide(unit, caller, now_s, given, forced)


NOTHING: Final[Mapping[str, Assignment]] = {}
"""What a single experiment is given of others."""


def _entries(experiments: Iterable[Experiment], *, sticky: Steady | None, enabled: bool) -> dict[str, Entry]:
    by_name = {each.name: each for each in experiments}
    layers: dict[str, list[Experiment]] = {}
    for each in by_name.values():
        if each.layer is not None:
            layers.setdefault(each.layer.layer, []).append(each)
    entries: dict[str, Entry] = {}
    for name, experiment in by_name.items():
        compiled = CompiledExperiment(experiment, enabled=enabled)
        if _is_ruled(experiment):
            members = layers[experiment.layer.layer] if experiment.layer is not None else ()
            rivals = [each for each in members if each is not experiment]
            compiled = RuledExperiment(experiment, rivals=rivals, sticky=sticky, enabled=enabled)
        entries[name] = Entry(compiled, attribute_of(experiment.by), experiment.by, needed(by_name, name))
    return entries


def _is_ruled(experiment: Experiment) -> bool:
    """Whether an experiment has more than the rules that each has."""
    return bool(
        experiment.schedule is not None
        or experiment.holdout is not None
        or experiment.targeting
        or experiment.requires
        or experiment.layer is not None
        or experiment.sticky
        or experiment.hash_version != 1
    )


def _with(caller: Caller, by: str, unit: str) -> Caller:
    """Return a caller whose unit of a kind is this one."""
    if attribute_of(by)(caller) == unit:
        return caller
    field = CALLER_FIELDS.get(by)
    return replace(caller, **({field: unit} if field else {"tags": FrozenDict({**caller.tags, by: unit})}))


def _needs_request(experiment: Experiment) -> bool:
    held = experiment.holdout
    targeted = Condition(experiment.targeting).attributes if experiment.targeting else ()
    return "request" in {experiment.by, held.by if held is not None else "", *targeted}
