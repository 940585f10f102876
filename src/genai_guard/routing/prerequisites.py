"""Experiments that require others: in which order they are asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from genai_guard.errors import ConfigurationError

if TYPE_CHECKING:
    from genai_guard.routing.experiment import Experiment

__all__ = ["check_prerequisites", "in_order", "needed"]


def check_prerequisites(experiments: Sequence[Experiment]) -> None:
    """Refuse what cannot be required.

    Raises:
        ConfigurationError: there is no such experiment or variant, nobody gets it because it is in shadow mode, or
            experiments require each other in a circle.
    """
    by_name = {each.name: each for each in experiments}
    for experiment in experiments:
        for other, variant in experiment.requires.items():
            _check(experiment, by_name.get(other), other, variant, list(by_name))
    in_order(experiments)


def in_order(experiments: Sequence[Experiment]) -> list[str]:
    """Return the names of the experiments, each after those that it requires.

    Raises:
        ConfigurationError: there is no such order.
    """
    by_name = {each.name: each for each in experiments}
    done: dict[str, None] = {}
    for name in by_name:
        _visit(name, by_name, done)
    return list(done)


def needed(by_name: Mapping[str, Experiment], name: str) -> tuple[str, ...]:
    """Return the names of all that an experiment requires, and that these require, each after those before it."""
    done: dict[str, None] = {}
    _visit(name, by_name, done)
    return tuple(done)[:-1]


def _visit(wanted: str, by_name: Mapping[str, Experiment], done: dict[str, None]) -> None:
    """Put an experiment behind all that it requires; without recursion, for chains may be long."""
    path: dict[str, list[str]] = {}
    stack = [wanted]
    while stack:
        name = stack[-1]
        if name not in path:
            path[name] = [each for each in by_name[name].requires if each not in done]
        rest = path[name]
        if rest:
            before = rest.pop()
            if before in path and before in stack:
                circle = [*stack[stack.index(before) :], before]
                raise ConfigurationError(f"experiments require each other in a circle: {' -> '.join(circle)}")
            if before not in done:
                stack.append(before)
        else:
            done[stack.pop()] = None


def _check(experiment: Experiment, required: Experiment | None, name: str, variant: str, names: list[str]) -> None:
    where = f"Experiment({experiment.name!r})"
    if required is None:
        raise ConfigurationError(
            f"{where}: requires {name!r}, and no experiment has that name; there are {', '.join(names)}"
        )
    variants = [each.name for each in required.variants]
    if variant not in variants:
        raise ConfigurationError(
            f"{where}: requires the variant {variant!r} of {name!r}; there are {', '.join(variants)}"
        )
    if required.mode == "shadow" and experiment.mode == "enforce":
        raise ConfigurationError(
            f"{where}: requires {name!r}, which is in shadow mode, so nobody gets its variants: "
            "put both into shadow mode, or neither"
        )
