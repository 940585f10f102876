"""All experiments of a pipeline."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import Final, Protocol
from weakref import ref

from genai_guard.errors import ConfigurationError
from genai_guard.messages import Caller
from genai_guard.routing.claims import check
from genai_guard.routing.compiled import CompiledExperiment
from genai_guard.routing.configuration import Configuration
from genai_guard.routing.experiment import Assignment, Experiment

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


class ExperimentRouter:
    """Assigns callers to the variants of experiments, always the same caller to the same variant.

    Nothing is drawn and nothing is stored: an assignment is a hash of the unit. It takes no lock, and may be asked
    for from any thread or task. What a router compares may be replaced while calls run: each call sees the old
    configuration or the new one, never a part of both.

    Args:
        experiments: What to compare. Each is split on its own, independently of the others.
        clock: Wall clock, in seconds since 1970. No rule of hash version 1 asks for the time.

    Attributes:
        by_request: Whether an experiment goes by the request, or did once: calls then need an id before they are routed.

    Raises:
        ConfigurationError: there is no experiment, or two contradict each other: they have one name, hash with one
            salt, set the same parameter, or both have a `target`. An experiment in shadow mode sets nothing.
    """

    def __init__(self, *experiments: Experiment, clock: Callable[[], float] | None = None) -> None:
        self.clock: Final = clock or time.time
        self._configuration = Configuration(check(experiments, where="ExperimentRouter"))
        self.by_request = self._configuration.by_request
        self._wrapped: list[ref[Wrapped]] = []
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
            self._configuration = Configuration(self.experiments, enabled=enabled)

    def replace(self, *experiments: Experiment) -> None:
        """Compare these experiments from now on; calls under way keep what they were given.

        Units stay where they are as far as the hash says so: see "What moves a user" in the explanation of assignment.

        Raises:
            ConfigurationError: the router could not have been built with them, or a wrapped function does not take
                what one of them sets. Nothing has changed.
        """
        with self._writing:
            self._put(check(experiments, where="replace"))

    def update(self, *experiments: Experiment) -> None:
        """Put these experiments in the place of those that have their names, and leave the others alone.

        Several updates at once lose nothing: each changes what the one before it left.

        Raises:
            ConfigurationError: as for `replace`; or there is no experiment of that name.
        """
        fresh = {each.name: each for each in check(experiments, where="update")}
        with self._writing:
            unknown = [name for name in fresh if name not in self._configuration.by_name]
            if unknown:
                raise ConfigurationError(self._unknown("update", unknown[0]))
            self._put(check([fresh.get(each.name, each) for each in self.experiments], where="update"))

    def bind(self, wrapped: Wrapped) -> None:
        """Remember a function whose parameters the experiments set, as long as it lives.

        Raises:
            ConfigurationError: it does not take what one of them sets.
        """
        with self._writing:
            _check_params(self._configuration, wrapped)
            self._wrapped = [*(each for each in self._wrapped if each() is not None), ref(wrapped)]

    # --- who gets what ----------------------------------------------------------------------------------------------

    def route(self, caller: Caller) -> tuple[Assignment, ...]:
        """Return what each experiment gives to `caller`, in the order of the experiments.

        The unit is what the experiment's `by` names. A caller without one, say an anonymous one, gets no variant.
        """
        configuration = self._configuration
        if _forced.get() is not None:
            return tuple([self._assign(compiled, unit_of(caller)) for compiled, unit_of in configuration.plan])
        if configuration.single is not None:
            compiled, unit_of = configuration.single
            return (compiled.assign(unit_of(caller)),)
        return tuple([compiled.assign(unit_of(caller)) for compiled, unit_of in configuration.plan])

    def assign(self, unit: str | int | None, *, experiment: str = "") -> Assignment:
        """Return what one experiment gives to `unit`.

        Args:
            unit: Non-empty text or integer; 42 and "42" are one unit. Anything else gets no variant.
            experiment: Its name; may be left out when there is only one.

        Raises:
            ConfigurationError: there is no such experiment, or several and none is named.
        """
        compiled = self._configuration.by_name.get(experiment)
        if compiled is None:
            compiled = self._only(experiment)
        return compiled.assign(unit) if _forced.get() is None else self._assign(compiled, unit)

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
        outer = _forced.get() or {}
        token = _forced.set({**outer, **{(id(self), name): variant for name, variant in chosen.items()}})
        try:
            yield
        finally:
            _forced.reset(token)

    def __eq__(self, other: object) -> bool:
        return self.experiments == other.experiments if isinstance(other, ExperimentRouter) else NotImplemented

    def __hash__(self) -> int:
        return hash(ExperimentRouter)  # experiments may be replaced, and equal routers hash alike

    def __repr__(self) -> str:
        return f"<ExperimentRouter {'; '.join(map(_summary, self.experiments))}>"

    def _put(self, experiments: tuple[Experiment, ...]) -> None:
        fresh = Configuration(experiments, enabled=self.enabled)
        for wrapped in filter(None, [each() for each in self._wrapped]):
            _check_params(fresh, wrapped)
        self.by_request = self.by_request or fresh.by_request  # never taken back: calls under way may have looked
        self._configuration = fresh

    def _assign(self, compiled: CompiledExperiment, unit: object) -> Assignment:
        """Assign inside of a `force` block."""
        variant = (_forced.get() or {}).get((id(self), compiled.name))
        if variant is None or not compiled.has(variant):
            return compiled.assign(unit)
        return compiled.force(variant, unit)

    def _only(self, name: str) -> CompiledExperiment:
        single = self._configuration.single
        if name == "" and single is not None:
            return single[0]
        if name:
            raise ConfigurationError(self._unknown("", name))
        raise ConfigurationError(f"several experiments, so say which by experiment=; there are {self._names()}")

    def _check_forced(self, name: str, variant: str) -> None:
        shares = next((each.shares for each in self.experiments if each.name == name), None)
        if shares is None:
            raise ConfigurationError(self._unknown("force", name))
        if variant not in shares:
            raise ConfigurationError(f"force: {name!r} has no variant {variant!r}; there are {', '.join(shares)}")

    def _unknown(self, what: str, name: str) -> str:
        return f"{what}{': ' if what else ''}no experiment is called {name!r}; there are {self._names()}"

    def _names(self) -> str:
        return ", ".join(self._configuration.by_name)


_forced: Final[ContextVar[Mapping[tuple[int, str], str] | None]] = ContextVar(
    "genai_guard.routing.forced", default=None
)


def _check_params(configuration: Configuration, wrapped: Wrapped) -> None:
    unknown = sorted(name for name in configuration.param_names if not wrapped.accepts(name))
    if unknown:
        raise ConfigurationError(
            f"an experiment sets {', '.join(unknown)}, which {wrapped.name} does not take: "
            "add the parameter, or take it out of the variants' params"
        )


def _summary(experiment: Experiment) -> str:
    of = f" of {100 * experiment.coverage:.4g} %" if experiment.coverage < 1 else ""
    state = "" if experiment.enabled else ", disabled"
    mode = ", shadow" if experiment.mode == "shadow" else ""
    return f"{experiment.name}: {experiment.split}{of} by {experiment.by}{mode}{state}"
