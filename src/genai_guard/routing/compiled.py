"""An experiment made ready for the hot path."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from typing import Final

from genai_guard.routing.assignment import (
    SPACE,
    boundaries,
    bucket_of,
    hash_prefix,
    identify,
    threshold,
)
from genai_guard.routing.experiment import NO_PARAMS, Assignment, Experiment, Reason
from genai_guard.verdicts import Mode

__all__ = ["CompiledExperiment"]

# Skips the constructor that NamedTuple writes in Python, and the look-up of enum members, which is one as well.
# Together they would be a third of the cost of an assignment.
_new: Final[Callable[[type[Assignment], tuple[object, ...]], Assignment]] = tuple[object, ...].__new__
_OVERRIDE: Final = Reason.OVERRIDE
_NOT_ENROLLED: Final = Reason.NOT_ENROLLED
_SPLIT: Final = Reason.SPLIT


class CompiledExperiment:
    """The rules of one experiment, with everything that does not depend on the unit worked out."""

    __slots__ = (
        "_arms",
        "_boundaries",
        "_disabled",
        "_enabled",
        "_enrol_below",
        "_enrol_prefix",
        "_index",
        "_mode",
        "_no_unit",
        "_overrides",
        "_prefix",
        "_version",
        "name",
    )

    def __init__(self, experiment: Experiment, *, enabled: bool = True) -> None:
        salt, by = experiment.salt or experiment.name, experiment.by
        variants, shares = experiment.variants, experiment.shares
        self.name = experiment.name
        self._mode: Mode = experiment.mode
        self._version = experiment.config_version
        self._enabled = experiment.enabled and enabled
        self._overrides = experiment.overrides
        self._enrol_prefix = hash_prefix(salt, purpose="enrol", by=by)
        self._enrol_below = threshold(experiment.coverage)
        self._prefix = hash_prefix(salt, purpose="variant", by=by)
        self._boundaries = boundaries([variant.weight for variant in variants])
        self._arms = [(variant.name, variant.params, shares[variant.name], variant.target) for variant in variants]
        self._index = {variant.name: index for index, variant in enumerate(variants)}
        self._disabled = self._without_variant(Reason.DISABLED)
        self._no_unit = self._without_variant(Reason.NO_UNIT)

    def assign(self, unit: object) -> Assignment:
        """Return what `unit` gets. The order of the rules is part of the contract."""
        if not self._enabled:
            return self._disabled
        text = unit if type(unit) is str else identify(unit)
        if not text:
            return self._no_unit
        if self._overrides and text in self._overrides:
            return self._fixed(self._overrides[text], text)
        data = text.encode("utf-8", "surrogatepass")
        if self._enrol_below < SPACE and bucket_of(self._enrol_prefix + data) >= self._enrol_below:
            return self._without_variant(_NOT_ENROLLED, text)
        bucket = bucket_of(self._prefix + data)
        variant, params, share, target = self._arms[bisect_right(self._boundaries, bucket)]
        return _new(
            Assignment, (self.name, variant, params, _SPLIT, bucket, share, text, self._mode, target, self._version)
        )

    def has(self, variant: str) -> bool:
        """Whether there is a variant of that name."""
        return variant in self._index

    def force(self, variant: str, unit: object) -> Assignment:
        """Return `variant`, whoever asks, unless the experiment is disabled."""
        return self._fixed(variant, identify(unit)) if self._enabled else self._disabled

    def _fixed(self, name: str, unit: str) -> Assignment:
        _, params, _, target = self._arms[self._index[name]]
        return _new(
            Assignment, (self.name, name, params, _OVERRIDE, None, 1.0, unit, self._mode, target, self._version)
        )

    def _without_variant(self, reason: Reason, unit: str = "") -> Assignment:
        return _new(Assignment, (self.name, "", NO_PARAMS, reason, None, 0.0, unit, self._mode, None, self._version))
