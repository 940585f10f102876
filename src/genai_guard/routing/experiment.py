"""What is compared, and what a caller was given: values, checked when they are built."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, NamedTuple

from genai_guard.errors import ConfigurationError
from genai_guard.frozen import FrozenDict
from genai_guard.routing import checks
from genai_guard.routing.fingerprint import fingerprint
from genai_guard.verdicts import Mode

__all__ = ["MAX_TOTAL_WEIGHT", "NO_PARAMS", "Assignment", "Experiment", "Reason", "Variant"]

MAX_TOTAL_WEIGHT: Final = 2**31 - 1
"""Largest sum of the weights of an experiment. Far above it a weight of 1 would be less than one bucket in 2^32."""

NO_PARAMS: Final[FrozenDict[str, Any]] = FrozenDict()
_NO_OVERRIDES: Final[FrozenDict[str, str]] = FrozenDict()


class Reason(StrEnum):
    """Which rule decided, in the order in which they are asked."""

    DISABLED = "disabled"
    NO_UNIT = "no_unit"
    OVERRIDE = "override"
    NOT_ENROLLED = "not_enrolled"
    SPLIT = "split"


class Assignment(NamedTuple):
    """What one experiment gave to one unit. A `NamedTuple`, because every call makes one for each experiment.

    Only `OVERRIDE` and `SPLIT` give a variant. Otherwise `variant` is empty, `params` too, and `propensity` is 0.

    Attributes:
        experiment: Name of the experiment.
        variant: Name of the variant; empty when the unit is not in the experiment.
        params: Keyword arguments that the variant sets.
        reason: Which rule decided.
        bucket: Hash that chose the variant, from 0 to 2^32 - 1; None unless `reason` is `SPLIT`.
        propensity: Probability of this variant for a unit that reaches the split, so regardless of coverage. 1 for an
            override, which leaves nothing to chance; an analysis leaves overrides out, by their reason.
        unit: Who was assigned, as hashed; empty when the rules did not get as far as asking. Not part of the `repr`.
        mode: `shadow` when the assignment is only recorded, and `params` and `target` are not to be applied.
        target: What the variant calls in place of the wrapped function; None for that function itself.
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

    Raises:
        ConfigurationError: one of them is not what it must be.
    """

    name: str
    weight: int = field(default=1, kw_only=True)
    params: Mapping[str, Any] = field(default=NO_PARAMS, kw_only=True)
    target: Callable[..., Any] | None = field(default=None, kw_only=True, hash=False)

    def __post_init__(self) -> None:
        checks.label(self.name, where="Variant")
        where = f"Variant({self.name!r})"
        checks.target(self.target, where=where)
        object.__setattr__(self, "weight", checks.weight(self.weight, where=where))
        object.__setattr__(self, "params", checks.params(self.params, where=where))


@dataclass(frozen=True, slots=True, init=False)
class Experiment:
    """A comparison of variants, and whom it is for.

    Rules are asked in this order, and the first that applies is the `Reason` of the assignment: a disabled experiment
    assigns nobody; nor does it assign a unit that is missing; an override gives its variant; a unit beyond the
    coverage is not enrolled; all others are split by weight. Enrolment and split are hashed apart, so raising the
    coverage adds units and moves none. Changing weights moves units; changing `name`, `salt` or `by` shuffles them.

    Args:
        name: Name in assignments and events, and the salt of the hash. Letters, digits, `_`, `.` and `-`.
        arms: The variants. Their order is part of the split.
        variants: The variants, in an order that is part of the split: new ones go to the end. A keyword will do as well.
        by: What stays with its variant: `user`, `tenant`, `session`, `request`, or the name of a tag of the caller.
        coverage: Part of the units that take part, from 0 to 1. Exact to one in 2^32.
        mode: `shadow` assigns and records, and applies nothing.
        salt: Salt in place of the name, to rename an experiment without shuffling it or to shuffle without renaming.
        enabled: False takes everybody out.
        overrides: Units with a fixed variant, for instance testers, whatever the coverage.
        hash_version: Version of the hash specification in `genai_guard.routing.assignment`. There is one.

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
    overrides: Mapping[str, str] = field(default=_NO_OVERRIDES, repr=False)
    hash_version: int = 1

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
        overrides: Mapping[str, str] | Mapping[int, str] = _NO_OVERRIDES,
        hash_version: int = 1,
    ) -> None:
        checks.name(name, of="name", where="Experiment")
        where = f"Experiment({name!r})"
        checked = _variants(variants=(*arms, *variants), where=where)
        checks.name(by, of="by", where=where)
        if salt != "":
            checks.name(salt, of="salt", where=where)
        checks.one_of(mode, ("enforce", "shadow"), of="mode", where=where)
        checks.one_of(enabled, (True, False), of="enabled", where=where)
        checks.one_of(hash_version, (1,), of="hash_version", where=where)
        values = {
            "name": name,
            "variants": checked,
            "by": by,
            "coverage": checks.share(coverage, of="coverage", where=where),
            "mode": mode,
            "salt": salt,
            "enabled": enabled,
            "overrides": checks.overrides(overrides, [variant.name for variant in checked], where=where),
            "hash_version": hash_version,
        }
        for field_name, value in values.items():
            object.__setattr__(self, field_name, value)

    @property
    def shares(self) -> dict[str, float]:
        """Share of each variant among the enrolled units; together 1."""
        total = sum(variant.weight for variant in self.variants)
        return {variant.name: variant.weight / total for variant in self.variants}

    @property
    def config_version(self) -> str:
        """A short hash of everything the experiment says: equal in all processes that have the same configuration."""
        return fingerprint(self)

    @property
    def split(self) -> str:
        """The shares for people, for instance `control 50 %, treatment 50 %`."""
        return ", ".join(f"{name} {100 * share:.4g} %" for name, share in self.shares.items())


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
    total = sum(variant.weight for variant in checked)
    if total > MAX_TOTAL_WEIGHT:
        raise ConfigurationError(f"{where}: weights add up to {total}; divide them, at most {MAX_TOTAL_WEIGHT} will do")
    return checked
