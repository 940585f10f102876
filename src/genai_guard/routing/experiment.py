"""What is compared, and what a caller was given: values, checked when they are built."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, NamedTuple

from genai_guard.errors import ConfigurationError
from genai_guard.frozen import FrozenDict
from genai_guard.routing import checks
from genai_guard.routing.conditions import Condition
from genai_guard.routing.fingerprint import fingerprint
from genai_guard.routing.layers import Holdout, Slot
from genai_guard.routing.migration import HASH_VERSIONS, Formula, HashVersion, check_parts, checked_params, formula_of
from genai_guard.routing.prompts import Prompt
from genai_guard.routing.ranges import Range, check_cover, checked_ranges, laid_out, sizes
from genai_guard.routing.schedule import Schedule
from genai_guard.verdicts import Mode

__all__ = ["MAX_TOTAL_WEIGHT", "NO_PARAMS", "Assignment", "Experiment", "Reason", "Variant"]

MAX_TOTAL_WEIGHT: Final = 2**31 - 1
"""Largest sum of the weights of an experiment. Far above it a weight of 1 would be less than one bucket in 2^32."""

NO_PARAMS: Final[FrozenDict[str, Any]] = FrozenDict()


class Reason(StrEnum):
    """Which rule decided, in the order in which they are asked."""

    DISABLED = "disabled"
    NOT_SCHEDULED = "not_scheduled"
    NO_UNIT = "no_unit"
    OVERRIDE = "override"
    HELD_OUT = "held_out"
    ATTRIBUTE_MISSING = "attribute_missing"
    NOT_TARGETED = "not_targeted"
    PREREQUISITE = "prerequisite"
    OTHER_SLOT = "other_slot"
    NOT_ENROLLED = "not_enrolled"
    STICKY = "sticky"
    SPLIT = "split"
    UNAVAILABLE = "unavailable"
    """A router of another system gave no answer."""


class Assignment(NamedTuple):
    """What one experiment gave to one unit. A `NamedTuple`, because every call makes one for each experiment.

    Only `OVERRIDE`, `STICKY` and `SPLIT` give a variant. Otherwise `variant` is empty, `params` too, and `propensity` is 0.

    Attributes:
        experiment: Name of the experiment.
        variant: Name of the variant; empty when the unit is not in the experiment.
        params: Keyword arguments that the variant sets.
        reason: Which rule decided.
        bucket: Hash that chose the variant, from 0 to 2^32 - 1, or what another hash version has in its place; None
            unless `reason` is `SPLIT`.
        propensity: Probability of this variant for a unit that reaches the split, so regardless of coverage, with the
            shares of now, also where a variant was kept. 1 for an override, which leaves nothing to chance; an
            analysis leaves overrides out, by their reason.
        unit: Who was assigned, as hashed; empty when the rules did not get as far as asking. Not part of the `repr`.
        mode: `shadow` when the assignment is only recorded, and `params` and `target` are not to be applied.
        target: What the variant calls in place of the wrapped function; None for that function itself.
        prompt: The prompt that the variant gives to the model; None for that of the call itself.
        config_version: Which configuration of the experiment decided: `Experiment.config_version`.
    """

    experiment: str
    variant: str
    params: Mapping[str, Any]
    reason: Reason
    bucket: int | None = None
    propensity: float = 0.0
    unit: str = ""
    mode: Mode = "enforce"
    target: Callable[..., Any] | None = None
    prompt: Prompt | None = None
    config_version: str = ""

    @property
    def enrolled(self) -> bool:
        """Whether the unit has a variant."""
        return self.variant != ""

    def __repr__(self) -> str:
        shadow = ", shadow" if self.mode == "shadow" else ""
        return f"<Assignment {self.experiment}: {self.variant or 'none'} ({self.reason}{shadow})>"


@dataclass(frozen=True, slots=True)
class Variant:
    """One of the things an experiment compares.

    Args:
        name: Name in assignments, events and metrics.
        weight: Share of the units, relative to the other variants: a whole number above zero. A float such as `50.0`,
            as some policy files have it, is taken as the integer it equals.
        params: Keyword arguments of the wrapped function that the variant sets. Copied; values are shared with every
            call, so they must not be changed afterwards.
        target: Called in place of the wrapped function, with the same arguments.
        ranges: The buckets of the variant, in place of its weight: pairs of the first one and the one after the last,
            out of 2^32. Empty for a variant that nobody gets. `rebalance` writes them.
        prompt: Prompt that the model is given, in place of the system prompt of the call or around the user's text.

    Raises:
        ConfigurationError: one of them is not what it must be.
    """

    name: str
    weight: int = field(default=1, kw_only=True)
    params: Mapping[str, Any] = field(default=NO_PARAMS, kw_only=True)
    target: Callable[..., Any] | None = field(default=None, kw_only=True, hash=False)
    ranges: Sequence[Sequence[int]] | None = field(default=None, kw_only=True)
    prompt: Prompt | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        checks.label(self.name, where="Variant")
        where = f"Variant({self.name!r})"
        checks.target(self.target, where=where)
        if self.prompt is not None and not isinstance(self.prompt, Prompt):
            raise ConfigurationError(f"{where}: prompt= must be a Prompt(...), not {type(self.prompt).__name__}")
        if self.prompt is not None and self.prompt.role == "system" and {"system", "instructions"} & {*self.params}:
            raise ConfigurationError(f"{where}: params= and prompt= both set the system prompt; keep the prompt")
        object.__setattr__(self, "weight", checks.weight(self.weight, where=where))
        object.__setattr__(self, "params", checks.params(self.params, where=where))
        if self.ranges is not None:
            object.__setattr__(self, "ranges", checked_ranges(self.ranges, where=where))


@dataclass(frozen=True, slots=True, init=False)
class Experiment:
    """A comparison of variants, and whom it is for.

    Rules are asked in this order, and the first that applies is the `Reason` of the assignment: a disabled experiment
    assigns nobody, nor does it outside of its schedule, nor if the unit is missing; an override gives its variant; a
    unit is left out that is held out, is not targeted, lacks what the experiment requires, lies in another slot of the
    layer, or lies beyond the coverage; it keeps the variant that a sticky store holds; all others are split by weight.
    Every purpose has a hash of its own, so raising the coverage adds units and moves none. Changing weights moves
    units, and `rebalance` as few as can be; changing `name`, `salt` or `by` shuffles them.

    Args:
        name: Name in assignments and events, and the salt of the hash. Letters, digits, `_`, `.` and `-`.
        arms: The variants. Their order is part of the split.
        variants: The variants, in an order that is part of the split: new ones go to the end. A keyword will do as well.
        by: What stays with its variant: `user`, `tenant`, `session`, `request`, or the name of a tag of the caller.
        coverage: Part of the units that take part, from 0 to 1. Exact to one in 2^32.
        mode: `shadow` assigns and records, and applies nothing.
        salt: Salt in place of the name, to rename an experiment without shuffling it or to shuffle without renaming.
        enabled: False takes everybody out.
        overrides: Units with a fixed variant, for instance testers, whatever the rules after it say: an allow-list.
        targeting: Condition on the caller, such as `plan == "pro" and country in ["DE", "AT"]`; empty for everybody.
        holdout: Units that are in no experiment of those that share it.
        requires: Variant that the unit must have in another experiment, by the name of that experiment.
        layer: Slot of a layer, whose experiments exclude each other.
        schedule: When the experiment runs.
        sticky: Whether units keep the variant they once had, whatever becomes of the weights. Needs a router with a
            store, `ExperimentRouter(..., sticky=...)`.
        bucket_version: Raise it to forget which variants were kept.
        total_weight: What the weights must add up to, such as 100 where they are meant as per cent; 0 for anything.
        hash_version: 1 for the hash specification in `genai_guard.routing.assignment`; or the buckets of another system,
            so that whom it has assigned stays where they are: `flagd` (version 2 of its `fractional`), `flagd_cbor` (as
            it is since 2026), `launchdarkly`, `optimizely`, `split` or `unleash`.
        hash_params: What the formula of that system needs: for flagd `flag_key`, for LaunchDarkly `prefix`, for Optimizely
            `parent_id`, for Split `seed` and `traffic_seed`, for Unleash `group_id` and `variant_group_id`.

    Raises:
        ConfigurationError: something cannot work; the message says what, and what would.
    """

    name: str
    variants: tuple[Variant, ...]
    by: str = "user"
    coverage: float = 1.0
    mode: Mode = "enforce"
    salt: str = ""
    enabled: bool = True
    overrides: Mapping[str, str] = field(default=NO_PARAMS, repr=False)
    targeting: str = ""
    holdout: Holdout | None = None
    requires: Mapping[str, str] = NO_PARAMS
    layer: Slot | None = None
    schedule: Schedule | None = None
    sticky: bool = False
    bucket_version: int = 1
    total_weight: int = 0
    hash_version: HashVersion = 1
    hash_params: Mapping[str, str | int] = NO_PARAMS

    def __init__(
        self,
        name: str,
        *arms: Variant,
        variants: Iterable[Variant] = (),
        by: str = "user",
        coverage: float = 1.0,
        mode: Mode = "enforce",
        salt: str = "",
        enabled: bool = True,
        overrides: Mapping[str, str] | Mapping[int, str] = NO_PARAMS,
        targeting: str = "",
        holdout: Holdout | None = None,
        requires: Mapping[str, str] = NO_PARAMS,
        layer: Slot | None = None,
        schedule: Schedule | None = None,
        sticky: bool = False,
        bucket_version: int = 1,
        total_weight: int = 0,
        hash_version: HashVersion = 1,
        hash_params: Mapping[str, str | int] = NO_PARAMS,
    ) -> None:
        checks.name(name, of="name", where="Experiment")
        where = f"Experiment({name!r})"
        checked = _variants(variants=(*arms, *variants), where=where)
        checks.name(by, of="by", where=where)
        if salt != "":
            checks.name(salt, of="salt", where=where)
        checks.one_of(mode, ("enforce", "shadow"), of="mode", where=where)
        checks.one_of(enabled, (True, False), of="enabled", where=where)
        checks.one_of(sticky, (True, False), of="sticky", where=where)
        checks.one_of(hash_version, HASH_VERSIONS, of="hash_version", where=where)
        checks.instance(holdout, Holdout, of="holdout", where=where)
        checks.instance(layer, Slot, of="layer", where=where)
        checks.instance(schedule, Schedule, of="schedule", where=where)
        values = {
            "name": name,
            "variants": checked,
            "by": by,
            "coverage": checks.share(coverage, of="coverage", where=where),
            "mode": mode,
            "salt": salt,
            "enabled": enabled,
            "overrides": checks.overrides(overrides, [variant.name for variant in checked], where=where),
            "targeting": _condition(targeting, where=where),
            "holdout": holdout,
            "requires": checks.requires(requires, name, where=where),
            "layer": layer,
            "schedule": schedule,
            "sticky": sticky,
            "bucket_version": checks.whole(bucket_version, of="bucket_version", least=1, where=where),
            "total_weight": checks.whole(total_weight, of="total_weight", least=0, where=where),
            "hash_version": hash_version,
            "hash_params": checked_params(hash_version, hash_params, where=where),
        }
        for field_name, value in values.items():
            object.__setattr__(self, field_name, value)
        self._check_split(where)

    @property
    def shares(self) -> dict[str, float]:
        """Share of each variant among the units that get one; together 1."""
        if self.variants[0].ranges is None:
            parts = [variant.weight for variant in self.variants]
        else:
            parts = sizes(self.layout, len(self.variants))
        total = sum(parts)
        return {variant.name: part / total for variant, part in zip(self.variants, parts, strict=True)}

    @property
    def layout(self) -> list[Range]:
        """The buckets of all variants, in their order."""
        return laid_out(self.variants, self.space)

    @property
    def formula(self) -> Formula:
        """How units are put into buckets."""
        return formula_of(self.hash_version, self.hash_params, salt=self.salt or self.name, by=self.by)

    @property
    def space(self) -> int:
        """Number of buckets."""
        return self.formula.space or _space_of(self.variants)

    @property
    def config_version(self) -> str:
        """A short hash of everything the experiment says: equal in all processes that have the same configuration."""
        return fingerprint(self)

    @property
    def split(self) -> str:
        """The shares for people, for instance `control 50 %, treatment 50 %`."""
        return ", ".join(f"{name} {100 * share:.4g} %" for name, share in self.shares.items())

    def _check_split(self, where: str) -> None:
        """Refuse weights and ranges that do not make up a whole."""
        names = [variant.name for variant in self.variants]
        by_range = [variant.name for variant in self.variants if variant.ranges is not None]
        if by_range and len(by_range) < len(names):
            odd = next(name for name in names if name not in by_range)
            raise ConfigurationError(
                f"{where}: {by_range[0]!r} has ranges and {odd!r} a weight: write ranges for all, ranges=() for one that "
                "nobody is to get, or let rebalance() write them"
            )
        if by_range:
            check_cover(self.layout, names, self.space, gaps=self.formula.gaps, where=where)
        else:
            _check_weights([variant.weight for variant in self.variants], self.total_weight, where=where)
            check_parts(
                [variant.weight for variant in self.variants], self.formula.parts, self.hash_version, where=where
            )
        if self.formula.percentile is not None and not math.isclose(self.coverage * 100, round(self.coverage * 100)):
            raise ConfigurationError(
                f"{where}: coverage={self.coverage} must be whole per cent, as {self.hash_version} enrols by them"
            )


def _condition(targeting: object, *, where: str) -> str:
    """Return a condition in the one way of writing it."""
    if not targeting:
        return ""
    try:
        return Condition(targeting).text  # type: ignore[arg-type]
    except ConfigurationError as error:
        raise ConfigurationError(f"{where}: targeting: {str(error).removeprefix('condition: ')}") from None


def _check_weights(weights: Sequence[int], wanted: int, *, where: str) -> None:
    total = sum(weights)
    if total > MAX_TOTAL_WEIGHT:
        raise ConfigurationError(f"{where}: weights add up to {total}; divide them, at most {MAX_TOTAL_WEIGHT} will do")
    if wanted and total != wanted:
        raise ConfigurationError(
            f"{where}: weights {' + '.join(map(str, weights))} add up to {total}, not to total_weight={wanted}: change "
            "one, or leave total_weight out if they are meant as relative"
        )


def _space_of(variants: Sequence[Variant]) -> int:
    """Return the number of buckets of a system that has as many as the weights add up to, or as the ranges reach."""
    if variants[0].ranges is None:
        return sum(variant.weight for variant in variants)
    return max((pair[1] for variant in variants for pair in variant.ranges or ()), default=0)


def _variants(variants: tuple[object, ...], *, where: str) -> tuple[Variant, ...]:
    checked = tuple(variant for variant in variants if isinstance(variant, Variant))
    if len(checked) < len(variants):
        wrong = next(variant for variant in variants if not isinstance(variant, Variant))
        raise ConfigurationError(f"{where}: takes Variant(...), one argument each, not {type(wrong).__name__}")
    if not checked:
        raise ConfigurationError(f"{where}: needs at least one Variant(...)")
    name, times = Counter(variant.name for variant in checked).most_common(1)[0]
    if times > 1:
        raise ConfigurationError(f"{where}: {times} variants are called {name!r}; give each its own name")
    return checked
