"""All experiments of a pipeline."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from operator import attrgetter
from typing import Final, TypeAlias

from genai_guard.errors import ConfigurationError
from genai_guard.messages import Caller
from genai_guard.routing.compiled import CompiledExperiment
from genai_guard.routing.experiment import Assignment, Experiment

__all__ = ["ExperimentRouter"]

UnitOf: TypeAlias = Callable[[Caller], object]

_CONTRADICTIONS: Final = {
    "name": "have one name; give each its own",
    "salt": "have the salt {!r}, so their splits would not be independent; give each its own",
    "param": "both set the parameter {!r}, and one would overwrite the other; join them, or put one in shadow mode",
    "prompt": "both have a {} prompt, and one would replace the other; join them, or put one in shadow mode",
    "target": "both have a target, and a call has only one; join them, or put one in shadow mode",
}
_FIELDS: Final = {"user": "user", "tenant": "tenant", "session": "session", "request": "request_id"}


class ExperimentRouter:
    """Assigns callers to the variants of experiments, always the same caller to the same variant.

    Nothing is drawn and nothing is stored: an assignment is a hash of the unit. It takes no lock, and may be asked
    for from any thread or task. A router does not change once it is built.

    Args:
        experiments: What to compare. Each is split on its own, independently of the others.
        clock: Wall clock, in seconds since 1970. No rule of hash version 1 asks for the time.

    Attributes:
        experiments: As given.
        param_names: Every parameter that some variant sets, shadow mode included.

    Raises:
        ConfigurationError: there is no experiment, or two contradict each other: they have one name, hash with one
            salt, set the same parameter, or both have a `target` or a prompt of one role. An experiment in shadow mode sets nothing.
    """

    def __init__(self, *experiments: Experiment, clock: Callable[[], float] | None = None) -> None:
        _check(experiments)
        _check_claims(experiments)
        self.experiments: Final = experiments
        self.param_names: Final = frozenset(name for experiment in experiments for name in _params(experiment))
        self.clock: Final = clock or time.time
        self._plan = [(CompiledExperiment(experiment), _unit_of(experiment.by)) for experiment in experiments]
        # Most routers have one experiment, and a comprehension costs as much as half an assignment.
        self._single = self._plan[0] if len(self._plan) == 1 else None
        self._by_name = {compiled.name: compiled for compiled, _ in self._plan}

    def route(self, caller: Caller) -> tuple[Assignment, ...]:
        """Return what each experiment gives to `caller`, in the order of the experiments.

        The unit is what the experiment's `by` names. A caller without one, say an anonymous one, gets no variant.
        """
        if _forced.get() is not None:
            return tuple([self._assign(compiled, unit_of(caller)) for compiled, unit_of in self._plan])
        if self._single is not None:
            compiled, unit_of = self._single
            return (compiled.assign(unit_of(caller)),)
        return tuple([compiled.assign(unit_of(caller)) for compiled, unit_of in self._plan])

    def assign(self, unit: str | int | None, *, experiment: str = "") -> Assignment:
        """Return what one experiment gives to `unit`.

        Args:
            unit: Non-empty text or integer; 42 and "42" are one unit. Anything else gets no variant.
            experiment: Its name; may be left out when there is only one.

        Raises:
            ConfigurationError: there is no such experiment, or several and none is named.
        """
        compiled = self._by_name.get(experiment)
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
        token = _forced.set({**outer, **{(self, name): variant for name, variant in chosen.items()}})
        try:
            yield
        finally:
            _forced.reset(token)

    def __eq__(self, other: object) -> bool:
        return self.experiments == other.experiments if isinstance(other, ExperimentRouter) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.experiments)

    def __repr__(self) -> str:
        return f"<ExperimentRouter {'; '.join(map(_summary, self.experiments))}>"

    def _assign(self, compiled: CompiledExperiment, unit: object) -> Assignment:
        """Assign inside of a `force` block."""
        variant = (_forced.get() or {}).get((self, compiled.name))
        return compiled.assign(unit) if variant is None else compiled.force(variant, unit)

    def _only(self, name: str) -> CompiledExperiment:
        if name == "" and self._single is not None:
            return self._single[0]
        wrong = f"no experiment is called {name!r}" if name else "several experiments, so say which by experiment="
        raise ConfigurationError(f"{wrong}; there are {', '.join(self._by_name)}")

    def _check_forced(self, name: str, variant: str) -> None:
        shares = next((each.shares for each in self.experiments if each.name == name), None)
        if shares is None:
            raise ConfigurationError(f"force: no experiment is called {name!r}; there are {', '.join(self._by_name)}")
        if variant not in shares:
            raise ConfigurationError(f"force: {name!r} has no variant {variant!r}; there are {', '.join(shares)}")


_forced: Final[ContextVar[Mapping[tuple[ExperimentRouter, str], str] | None]] = ContextVar(
    "genai_guard.routing.forced", default=None
)


def _unit_of(by: str) -> UnitOf:
    if by in _FIELDS:
        return attrgetter(_FIELDS[by])
    return lambda caller: caller.tags.get(by)


def _params(experiment: Experiment) -> set[str]:
    return {name for variant in experiment.variants for name in variant.params}


def _summary(experiment: Experiment) -> str:
    of = f" of {100 * experiment.coverage:.4g} %" if experiment.coverage < 1 else ""
    state = "" if experiment.enabled else ", disabled"
    mode = ", shadow" if experiment.mode == "shadow" else ""
    return f"{experiment.name}: {experiment.split}{of} by {experiment.by}{mode}{state}"


def _check(experiments: tuple[object, ...]) -> None:
    for each in experiments:
        if not isinstance(each, Experiment):
            kind = type(each).__name__
            raise ConfigurationError(f"ExperimentRouter: takes Experiment(...), one argument each, not {kind}")
    if not experiments:
        raise ConfigurationError("ExperimentRouter: needs at least one Experiment(...); leave the router out for none")


def _check_claims(experiments: tuple[Experiment, ...]) -> None:
    """Refuse two experiments that claim what only one can have."""
    owners: dict[tuple[str, str], str] = {}
    for experiment in experiments:
        for claim in _claims(experiment):
            if claim in owners:
                what, value = claim
                raise ConfigurationError(
                    f"experiments {owners[claim]!r} and {experiment.name!r} {_CONTRADICTIONS[what].format(value)}"
                )
            owners[claim] = experiment.name


def _claims(experiment: Experiment) -> Iterator[tuple[str, str]]:
    yield "name", experiment.name
    yield "salt", experiment.salt or experiment.name
    if experiment.mode == "shadow":
        return
    for param in sorted(_params(experiment)):
        yield "param", param
    for role in sorted({variant.prompt.role for variant in experiment.variants if variant.prompt is not None}):
        yield "prompt", role
    if any(variant.target is not None for variant in experiment.variants):
        yield "target", ""
