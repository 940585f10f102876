"""All experiments of a pipeline."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import ClassVar, Final, Protocol, TypeAlias, cast, get_args
from weakref import ref

from genai_guard.changes import Changing
from genai_guard.errors import ConfigurationError
from genai_guard.frozen import FrozenDict
from genai_guard.messages import ANONYMOUS, Caller
from genai_guard.routing.claims import check, check_removals, only_experiments
from genai_guard.routing.conditions import Attributes, Condition, Kind
from genai_guard.routing.configuration import NOTHING, Configuration, Entry
from genai_guard.routing.experiment import Assignment, Experiment
from genai_guard.routing.sticky import Steady, StickyStore

__all__ = ["ExperimentRouter", "Wrapped"]


class Wrapped(Protocol):
    """A function whose parameters experiments set."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    def accepts(self, name: str, /) -> bool:
        """Whether a call may name this keyword."""
        ...


class Mover(Protocol):
    """Decides how much of an experiment each of its variants has, whoever changes it."""

    def moved(self, experiment: Experiment, /) -> Experiment:
        """Return the experiment as it is to be; one that it does not move as it is.

        Raises:
            ConfigurationError: it cannot be moved.
        """
        ...


class ExperimentRouter(Changing):
    """Assigns callers to the variants of experiments, always the same caller to the same variant.

    Nothing is drawn and nothing is stored: an assignment is a hash of the unit. It takes no lock, and may be asked
    for from any thread or task. What a router compares may be replaced while calls run: each call sees the old
    configuration or the new one, never a part of both.

    Args:
        experiments: What to compare. Each is split on its own, independently of the others.
        attributes: What callers are known to have besides `user`, `tenant`, `session` and `request`, and what each is:
            `{"plan": "text"}`. Targeting may ask for nothing else then. Empty: it may ask for anything.
        sticky: Keeps the variants of sticky experiments.
        clock: Wall clock, in seconds since 1970, for schedules. It may run backwards: what has begun or ended has.

    Attributes:
        sticky: As calls use the store, with its health; None for none.
        weighs: Whether the weights of its experiments decide, so that changing them changes who gets what.
        by_request: Whether an experiment goes by the request, or did once: calls then need an id before they are routed.

    Raises:
        ConfigurationError: there is no experiment, or two contradict each other: they have one name, hash with one
            salt, or set the same parameter, or both have a `target` or a prompt of one role, and are not of one layer;
            slots of a layer overlap; a prerequisite cannot be met. An experiment in shadow mode sets nothing.
    """

    weighs: ClassVar[bool] = True

    def __init__(
        self,
        *experiments: Experiment,
        attributes: Attributes | None = None,
        sticky: StickyStore | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.clock: Final = clock or time.time
        self.attributes: Final = _declared(attributes or {})
        self.sticky: Final = None if sticky is None else Steady(sticky)
        self._latest_s = -math.inf
        self._forces = False
        self._configuration = self._built(experiments, where="ExperimentRouter", enabled=True)
        self.by_request = self._configuration.by_request
        self._wrapped: list[ref[Wrapped]] = []
        self._movers: list[ref[Mover]] = []
        self._writing = Lock()

    # --- what is compared -------------------------------------------------------------------------------------------

    @property
    def experiments(self) -> tuple[Experiment, ...]:
        """What is compared now."""
        return self._configuration.experiments

    @property
    def config_version(self) -> str:
        """A short hash of all that the experiments say: equal in all processes that have the same configuration."""
        return self._configuration.version

    @property
    def param_names(self) -> frozenset[str]:
        """Every parameter that some variant sets, shadow mode included."""
        return self._configuration.param_names

    @property
    def enabled(self) -> bool:
        """The switch of all experiments at once. False takes everybody out from the next call on."""
        return self._configuration.enabled

    @enabled.setter
    def enabled(self, enabled: bool) -> None:
        if type(enabled) is not bool:
            raise ConfigurationError(f"ExperimentRouter.enabled={enabled!r} must be True or False")
        with self._writing:
            self._configuration = Configuration(self.experiments, sticky=self.sticky, enabled=enabled)
            self._announce("experiments_switched", enabled=enabled)

    def replace(self, *experiments: Experiment) -> None:
        """Compare these experiments from now on; calls under way keep what they were given.

        Units stay where they are as far as the hash says so: see "What moves a user" in the explanation of assignment.

        Raises:
            ConfigurationError: the router could not have been built with them, a wrapped function does not take what
                one of them sets, or a canary moves one of them and cannot move this one. Nothing has changed.
        """
        with self._writing:
            self._put(experiments, where="replace")

    def update(self, *experiments: Experiment) -> None:
        """Put these experiments in the place of those that have their names, and leave the others alone.

        Several updates at once lose nothing: each changes what the one before it left.

        Raises:
            ConfigurationError: as for `replace`; or there is no experiment of that name.
        """
        given = only_experiments(experiments, where="update")
        fresh = {each.name: each for each in given}
        if len(fresh) < len(given):
            raise ConfigurationError("update: two experiments have one name; give each once")
        with self._writing:
            unknown = [name for name in fresh if name not in self._configuration.by_name]
            if unknown:
                raise ConfigurationError(_unknown("update: ", unknown[0], self._configuration))
            self._put([fresh.get(each.name, each) for each in self.experiments], where="update")

    def bind(self, wrapped: Wrapped) -> None:
        """Remember a function whose parameters the experiments set, as long as it lives.

        Raises:
            ConfigurationError: it does not take what one of them sets.
        """
        with self._writing:
            _check_params(self._configuration, wrapped)
            self._wrapped = [*(each for each in self._wrapped if each() is not None), ref(wrapped)]

    def move_by(self, mover: Mover, *, no_more: bool = False) -> None:
        """Let `mover`, as long as it lives, decide the shares in what is compared from the next change on; or no more."""
        with self._writing:
            self._movers = [each for each in self._movers if each() is not None and each() is not mover]
            if not no_more:
                self._movers.append(ref(mover))

    # --- who gets what ----------------------------------------------------------------------------------------------

    def route(self, caller: Caller) -> tuple[Assignment, ...]:
        """Return what each experiment gives to `caller`, in the order of the experiments.

        The unit is what the experiment's `by` names. A caller without one, say an anonymous one, gets no variant.
        """
        configuration = self._configuration
        single = configuration.single
        if configuration.is_plain and not self._forces:
            if single is None:
                return tuple([compiled.assign(unit_of(caller)) for compiled, unit_of in configuration.plan])
            compiled, unit_of = single
            return (compiled.assign(caller.user if configuration.by_user else unit_of(caller)),)
        now_s = 0.0
        if configuration.is_scheduled:  # as `_now_s`, which takes as long again as the clock
            now_s = self.clock()
            if now_s > self._latest_s:
                self._latest_s = now_s
            else:
                now_s = self._latest_s
        forced = self._forced() if self._forces else None
        if single is None:
            return configuration.route(caller, now_s, forced)
        compiled, unit_of = single
        unit = caller.user if configuration.by_user else unit_of(caller)
        return (compiled.decide(unit, caller, now_s, NOTHING, forced),)

    def assign(self, unit: str | int | None, *, experiment: str = "", caller: Caller = ANONYMOUS) -> Assignment:
        """Return what one experiment gives to `unit`.

        Args:
            unit: Non-empty text or integer; 42 and "42" are one unit. Anything else gets no variant.
            experiment: Its name; may be left out when there is only one.
            caller: What targeting, holdouts and required experiments go by, besides the unit.

        Raises:
            ConfigurationError: there is no such experiment, or several and none is named.
        """
        configuration = self._configuration
        compiled = configuration.quick.get(experiment)
        if compiled is not None and not self._forces:
            return compiled.assign(unit)
        entry = configuration.by_name.get(experiment) or _only(configuration, experiment)
        now_s = self._now_s() if configuration.is_scheduled else 0.0
        return configuration.assign(entry, unit, caller, now_s, self._forced())

    @contextmanager
    def force(self, variants: Mapping[str, str] | None = None, /, **more: str) -> Generator[None]:
        """Give everybody inside the `with` block these variants: `with router.force(checkout="treatment"): ...`.

        For tests and for people who look at one variant. Beats coverage, overrides and a missing unit, but does not
        start a disabled experiment; the reason is `OVERRIDE`. Kept in a context variable, so other threads and tasks
        are left alone. Blocks nest, and the inner one wins.

        Args:
            variants: Variant for each experiment; takes names that are no Python identifier.
            more: The same as keywords.

        Raises:
            ConfigurationError: there is no such experiment or variant.
        """
        chosen = {**(variants or {}), **more}
        for name, variant in chosen.items():
            self._check_forced(name, variant)
        self._forces = True  # for good: a task may outlive the block that it was started in
        outer = _forced.get()
        token = _forced.set({**outer, id(self): (self, {**(self._forced() or {}), **chosen})})
        try:
            yield
        finally:
            _forced.reset(token)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ExperimentRouter):
            return NotImplemented
        return (self.experiments, self.attributes) == (other.experiments, other.attributes)

    def __hash__(self) -> int:
        return hash(ExperimentRouter)  # experiments may be replaced, and equal routers hash alike

    def __repr__(self) -> str:
        return f"<ExperimentRouter {'; '.join(map(_summary, self.experiments))}>"

    def _built(self, experiments: Sequence[object], *, where: str, enabled: bool) -> Configuration:
        checked = check(experiments, where=where)
        for each in checked:
            if each.sticky and self.sticky is None:
                raise ConfigurationError(
                    f"Experiment({each.name!r}): sticky needs a store: ExperimentRouter(..., sticky=MemoryStickyStore())"
                )
            if each.targeting and self.attributes:
                Condition(each.targeting).check(self.attributes, where=f"Experiment({each.name!r})")
        return Configuration(checked, sticky=self.sticky, enabled=enabled)

    def _put(self, experiments: Sequence[object], *, where: str) -> None:
        for mover in filter(None, [each() for each in self._movers]):
            experiments = list(map(mover.moved, only_experiments(experiments, where=where)))
        fresh = self._built(experiments, where=where, enabled=self.enabled)
        check_removals(self.experiments, fresh.experiments, where=where)
        for wrapped in filter(None, [each() for each in self._wrapped]):
            _check_params(fresh, wrapped)
        self.by_request = self.by_request or fresh.by_request  # never taken back: calls under way may have looked
        old, self._configuration = self._configuration, fresh
        self._announce("experiments_replaced", before=_facts(old), after=_facts(fresh))

    def _forced(self) -> Mapping[str, str] | None:
        found = _forced.get().get(id(self))
        return None if found is None else found[1]

    def _now_s(self) -> float:
        """Return the time, which does not run backwards: what has begun or ended has, whatever becomes of the clock."""
        now_s = self.clock()
        if now_s > self._latest_s:
            self._latest_s = now_s
            return now_s
        return self._latest_s

    def _check_forced(self, name: str, variant: str) -> None:
        shares = next((each.shares for each in self.experiments if each.name == name), None)
        if shares is None:
            raise ConfigurationError(_unknown("force: ", name, self._configuration))
        if variant not in shares:
            raise ConfigurationError(f"force: {name!r} has no variant {variant!r}; there are {', '.join(shares)}")


_Forced: TypeAlias = Mapping[int, tuple[ExperimentRouter, Mapping[str, str]]]
_NOTHING: Final[_Forced] = FrozenDict()
_forced: Final[ContextVar[_Forced]] = ContextVar("genai_guard.routing.forced", default=_NOTHING)
"""Variants that are forced, by the identity of the router, which is kept so that no other one gets the same."""


def _declared(attributes: Mapping[str, object]) -> Attributes:
    if not isinstance(attributes, Mapping):
        kind = type(attributes).__name__
        raise ConfigurationError(
            f"ExperimentRouter: attributes must be a mapping such as {{'plan': 'text'}}, not {kind}"
        )
    kinds = get_args(Kind)
    for name, kind in attributes.items():
        if kind not in kinds:
            words = " or ".join(map(repr, kinds))
            raise ConfigurationError(f"ExperimentRouter: attributes[{name!r}]={kind!r} must be {words}")
    return FrozenDict(cast("Attributes", attributes))


def _only(configuration: Configuration, name: str) -> Entry:
    if name:
        raise ConfigurationError(_unknown("", name, configuration))
    if configuration.single is None:
        names = ", ".join(configuration.by_name)
        raise ConfigurationError(f"several experiments, so say which by experiment=; there are {names}")
    return next(iter(configuration.by_name.values()))


def _unknown(what: str, name: str, configuration: Configuration) -> str:
    return f"{what}no experiment is called {name!r}; there are {', '.join(configuration.by_name)}"


def _check_params(configuration: Configuration, wrapped: Wrapped) -> None:
    unknown = sorted(name for name in configuration.param_names if not wrapped.accepts(name))
    if unknown:
        raise ConfigurationError(
            f"an experiment sets {', '.join(unknown)}, which {wrapped.name} does not take: "
            "add the parameter, or take it out of the variants' params"
        )


def _facts(configuration: Configuration) -> dict[str, object]:
    return {"version": configuration.version, "experiments": list(map(_summary, configuration.experiments))}


def _summary(experiment: Experiment) -> str:
    of = f" of {100 * experiment.coverage:.4g} %" if experiment.coverage < 1 else ""
    state = "" if experiment.enabled else ", disabled"
    mode = ", shadow" if experiment.mode == "shadow" else ""
    return f"{experiment.name}: {experiment.split}{of} by {experiment.by}{mode}{state}"
