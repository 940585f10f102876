"""Who is kept apart: layers, in which experiments exclude each other, and holdouts, which are in no experiment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from genai_guard.errors import ConfigurationError
from genai_guard.routing import checks
from genai_guard.routing.assignment import threshold

if TYPE_CHECKING:
    from genai_guard.routing.experiment import Experiment

__all__ = ["Holdout", "Slot", "check_holdouts", "check_layers"]


@dataclass(frozen=True, slots=True)
class Slot:
    """The part of a layer that an experiment has to itself: no unit is in two experiments of one layer.

    Every unit has one place in a layer, from 0 to 1, by a hash of its own. An experiment takes the units whose place
    lies in its slot, so a slot that grows at either end moves nobody.

    Args:
        layer: Name of the layer, the same for all experiments that are to exclude each other.
        start: Where the slot begins.
        end: Where it ends; whoever is there is not in it.

    Raises:
        ConfigurationError: the name cannot be hashed, or nothing lies between start and end.
    """

    layer: str
    start: float = field(kw_only=True)
    end: float = field(kw_only=True)

    def __post_init__(self) -> None:
        checks.name(self.layer, of="layer", where="Slot")
        where = f"Slot({self.layer!r})"
        object.__setattr__(self, "start", checks.share(self.start, of="start", where=where))
        object.__setattr__(self, "end", checks.share(self.end, of="end", where=where))
        if not self.start < self.end:
            raise ConfigurationError(f"{where}: end={self.end} must be above start={self.start}")


@dataclass(frozen=True, slots=True)
class Holdout:
    """Units that are in no experiment of those that share it, to be compared with all the others.

    Args:
        name: Name of the holdout, which is the salt of its hash. Experiments with an equal holdout share it.
        share: Part of the units that are held out. Raising it adds some and releases none.
        by: Kind of unit that is held out: as for experiments. It may be another than theirs: with `user`, none of the
            sessions of a user who is held out is in an experiment by `session`.

    Raises:
        ConfigurationError: one of them is not what it must be.
    """

    name: str
    share: float = field(kw_only=True)
    by: str = field(default="user", kw_only=True)

    def __post_init__(self) -> None:
        checks.name(self.name, of="name", where="Holdout")
        where = f"Holdout({self.name!r})"
        checks.name(self.by, of="by", where=where)
        object.__setattr__(self, "share", checks.share(self.share, of="share", where=where))


def check_layers(experiments: Iterable[Experiment]) -> None:
    """Refuse experiments that are said to exclude each other and cannot.

    Raises:
        ConfigurationError: slots overlap, experiments of one layer go by different units, or overrides put a unit into
            two of them.
    """
    for layer, members in _layers(experiments).items():
        ordered = sorted(members, key=_start)
        for first, second in pairwise(ordered):
            _check_neighbours(layer, first, second, free=_free(ordered))
        _check_overrides(layer, ordered)


def check_holdouts(experiments: Iterable[Experiment]) -> None:
    """Refuse holdouts that have one name and differ.

    Raises:
        ConfigurationError: there are two of that kind.
    """
    known: dict[str, tuple[Holdout, str]] = {}
    for experiment in experiments:
        held = experiment.holdout
        if held is not None:
            first, owner = known.setdefault(held.name, (held, experiment.name))
            if first != held:
                raise ConfigurationError(
                    f"experiments {owner!r} and {experiment.name!r} have different holdouts called {held.name!r}: "
                    "give both the same, or each its own name"
                )


def _layers(experiments: Iterable[Experiment]) -> dict[str, list[Experiment]]:
    layers: dict[str, list[Experiment]] = {}
    for experiment in experiments:
        if experiment.layer is not None:
            layers.setdefault(experiment.layer.layer, []).append(experiment)
    return layers


def _start(experiment: Experiment) -> float:
    return experiment.layer.start if experiment.layer is not None else 0.0


def _end(experiment: Experiment) -> float:
    return experiment.layer.end if experiment.layer is not None else 1.0


def _check_neighbours(layer: str, first: Experiment, second: Experiment, *, free: str) -> None:
    if first.by != second.by:
        raise ConfigurationError(
            f"experiments {first.name!r} by {first.by} and {second.name!r} by {second.by} cannot exclude each other in "
            f"the layer {layer!r}: let them go by the same unit, or give one of them another layer"
        )
    if threshold(_start(second)) < threshold(_end(first)):  # 0.1 + 0.2 is not beyond 0.3
        raise ConfigurationError(
            f"experiments {first.name!r} and {second.name!r} overlap in the layer {layer!r}, from {_start(second):g} "
            f"to {min(_end(first), _end(second)):g}: make their slots smaller; {free}"
        )


def _free(ordered: Iterable[Experiment]) -> str:
    """Say which parts of a layer nobody has."""
    gaps: list[str] = []
    at = 0.0
    for start, end in [*((_start(each), _end(each)) for each in ordered), (1.0, 1.0)]:
        if at < start:
            gaps.append(f"{at:g} to {start:g}")
        at = max(at, end)
    return f"free is {' and '.join(gaps)}" if gaps else "nothing is free"


def _check_overrides(layer: str, members: Iterable[Experiment]) -> None:
    owners: dict[str, str] = {}
    for unit, name in _overridden(members):
        owner = owners.setdefault(unit, name)
        if owner != name:
            raise ConfigurationError(
                f"experiments {owner!r} and {name!r} exclude each other in the layer {layer!r}, but both have an "
                "override for the same unit: take it out of one"
            )


def _overridden(members: Iterable[Experiment]) -> Iterator[tuple[str, str]]:
    for member in members:
        if member.enabled:
            yield from ((unit, member.name) for unit in member.overrides)
