"""What several experiments may not claim at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from genai_guard.errors import ConfigurationError
from genai_guard.routing.experiment import Experiment

__all__ = ["check", "param_names"]

_CONTRADICTIONS: Final = {
    "name": "have one name; give each its own",
    "salt": "have the salt {!r}, so their splits would not be independent; give each its own",
    "param": "both set the parameter {!r}, and one would overwrite the other; join them, or put one in shadow mode",
    "target": "both have a target, and a call has only one; join them, or put one in shadow mode",
}


def check(experiments: Sequence[object], *, where: str) -> tuple[Experiment, ...]:
    """Return the experiments.

    Raises:
        ConfigurationError: there is none, or they contradict each other.
    """
    checked = tuple(each for each in experiments if isinstance(each, Experiment))
    if len(checked) < len(experiments):
        wrong = next(type(each).__name__ for each in experiments if not isinstance(each, Experiment))
        raise ConfigurationError(f"{where}: takes Experiment(...), one argument each, not {wrong}")
    if not checked:
        raise ConfigurationError(f"{where}: needs at least one Experiment(...); leave the router out for none")
    _check_claims(checked)
    return checked


def param_names(experiments: Iterable[Experiment]) -> frozenset[str]:
    """Return every parameter that some variant sets, shadow mode included."""
    return frozenset(name for each in experiments for variant in each.variants for name in variant.params)


def _check_claims(experiments: Iterable[Experiment]) -> None:
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
    for param in sorted(param_names([experiment])):
        yield "param", param
    if any(variant.target is not None for variant in experiment.variants):
        yield "target", ""
