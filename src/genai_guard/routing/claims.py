"""What several experiments may not claim at once."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Final

from genai_guard.errors import ConfigurationError
from genai_guard.routing.experiment import Experiment
from genai_guard.routing.layers import check_holdouts, check_layers
from genai_guard.routing.prerequisites import check_prerequisites

__all__ = ["check", "check_removals", "only_experiments", "param_names"]

_CONTRADICTIONS: Final = {
    "name": "have one name; give each its own",
    "salt": "have the salt {!r}, so their splits would not be independent; give each its own",
    "param": "both set the parameter {!r}, and one would overwrite the other; join them, give them slots of one layer, "
    "or put one in shadow mode",
    "prompt": "both have a {} prompt, and one would replace the other; join them, give them slots of one layer, or put "
    "one in shadow mode",
    "target": "both have a target, and a call has only one; join them, give them slots of one layer, or put one in "
    "shadow mode",
}
_APPLIED: Final = {"param", "prompt", "target"}


def check(experiments: Sequence[object], *, where: str) -> tuple[Experiment, ...]:
    """Return the experiments.

    Raises:
        ConfigurationError: there is none, or they contradict each other.
    """
    checked = only_experiments(experiments, where=where)
    _check_claims(checked)
    check_layers(checked)
    check_holdouts(checked)
    check_prerequisites(checked)
    return checked


def only_experiments(experiments: Sequence[object], *, where: str) -> tuple[Experiment, ...]:
    """Return the experiments.

    Raises:
        ConfigurationError: there is none, or something else is among them.
    """
    checked = tuple(each for each in experiments if isinstance(each, Experiment))
    if len(checked) < len(experiments):
        wrong = next(type(each).__name__ for each in experiments if not isinstance(each, Experiment))
        raise ConfigurationError(f"{where}: takes Experiment(...), one argument each, not {wrong}")
    if not checked:
        raise ConfigurationError(f"{where}: needs at least one Experiment(...); leave the router out for none")
    return checked


def param_names(experiments: Iterable[Experiment]) -> frozenset[str]:
    """Return every parameter that some variant sets, shadow mode included."""
    return frozenset(name for each in experiments for variant in each.variants for name in variant.params)


def check_removals(before: Iterable[Experiment], after: Iterable[Experiment], *, where: str) -> None:
    """Refuse to take out a variant that units hold.

    Raises:
        ConfigurationError: there is one.
    """
    fresh = {_identity(each): each for each in after}
    for old in before:
        new = fresh.get(_identity(old))
        if new is None or not old.enabled or not old.coverage or _forgets(old, new):
            continue
        kept = {variant.name for variant in new.variants}
        gone = [name for name, share in old.shares.items() if name not in kept and (share or old.sticky)]
        if gone:
            raise ConfigurationError(_removed(old, gone[0], where=where))


def _identity(experiment: Experiment) -> Hashable:
    """Return what makes two configurations one experiment, in which units keep what they hold, whatever its name."""
    return experiment.salt or experiment.name, experiment.by, experiment.hash_version, experiment.hash_params


def _forgets(old: Experiment, new: Experiment) -> bool:
    """Whether units that were kept in a store are to be assigned anew."""
    return old.sticky and new.sticky and old.bucket_version != new.bucket_version


def _removed(experiment: Experiment, variant: str, *, where: str) -> str:
    others = ", ".join(f"{name!r}: ..." for name in experiment.shares if name != variant)
    remedy = (
        "raise bucket_version, which forgets who has which"
        if experiment.sticky
        else f"first move them, by rebalance(experiment, {{{others}, {variant!r}: 0}})"
    )
    return (
        f"{where}: the variant {variant!r} of {experiment.name!r} is gone, but units hold it: {remedy}; or disable the "
        "experiment, or give it another salt, which assigns everybody anew"
    )


def _check_claims(experiments: Iterable[Experiment]) -> None:
    """Refuse two experiments that claim what only one can have; those of one layer never apply at once."""
    owners: dict[tuple[str, str], Experiment] = {}
    for experiment in experiments:
        for claim in _claims(experiment):
            owner = owners.get(claim)
            owners[claim] = experiment
            if owner is not None and not (claim[0] in _APPLIED and _exclude_each_other(owner, experiment)):
                what, value = claim
                raise ConfigurationError(
                    f"experiments {owner.name!r} and {experiment.name!r} {_CONTRADICTIONS[what].format(value)}"
                )


def _exclude_each_other(one: Experiment, other: Experiment) -> bool:
    return one.layer is not None and other.layer is not None and one.layer.layer == other.layer.layer


def _claims(experiment: Experiment) -> Iterator[tuple[str, str]]:
    yield "name", experiment.name
    yield "salt", experiment.salt or experiment.name
    if experiment.mode == "shadow":
        return
    roles = {variant.prompt.role for variant in experiment.variants if variant.prompt is not None}
    beside = {"system", "instructions"} if "system" in roles else set[str]()  # parameters that a system prompt may set
    for role in sorted(roles):
        yield "prompt", role
    for param in sorted(param_names([experiment]) | beside):
        yield "param", param
    if any(variant.target is not None for variant in experiment.variants):
        yield "target", ""
