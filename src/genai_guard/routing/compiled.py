"""An experiment made ready for the hot path.

`CompiledExperiment` knows the rules that every experiment has: switch, unit, overrides, coverage, split. `RuledExperiment`
knows all of them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, TypeAlias

from genai_guard.messages import Caller
from genai_guard.routing.assignment import SPACE, bucket_of, hash_prefix, identify, threshold
from genai_guard.routing.conditions import Condition, attribute_of
from genai_guard.routing.experiment import NO_PARAMS, Assignment, Experiment, Reason
from genai_guard.routing.prompts import Prompt
from genai_guard.routing.ranges import NOBODY, Range
from genai_guard.routing.sticky import Steady, StickyKey
from genai_guard.verdicts import Mode

__all__ = ["CompiledExperiment", "RuledExperiment"]

# Skips the constructor that NamedTuple writes in Python, and the look-up of enum members, which is one as well.
# Together they would be a third of the cost of an assignment.
_new: Final[Callable[[type[Assignment], tuple[object, ...]], Assignment]] = tuple[object, ...].__new__
_key: Final[Callable[[type[StickyKey], tuple[object, ...]], StickyKey]] = tuple[object, ...].__new__
_Arm: TypeAlias = tuple[str, Mapping[str, Any], float, Callable[..., Any] | None, Prompt | None]
_NO_ARM: Final[_Arm] = ("", NO_PARAMS, 0.0, None, None)
_OVERRIDE: Final = Reason.OVERRIDE
_HELD_OUT: Final = Reason.HELD_OUT
_ATTRIBUTE_MISSING: Final = Reason.ATTRIBUTE_MISSING
_NOT_TARGETED: Final = Reason.NOT_TARGETED
_PREREQUISITE: Final = Reason.PREREQUISITE
_OTHER_SLOT: Final = Reason.OTHER_SLOT
_NOT_ENROLLED: Final = Reason.NOT_ENROLLED
_STICKY: Final = Reason.STICKY
_SPLIT: Final = Reason.SPLIT


class CompiledExperiment:
    """The rules that every experiment has, with everything that does not depend on the unit worked out."""

    __slots__ = (
        "_arms",
        "_boundaries",
        "_disabled",
        "_enabled",
        "_enrol_below",
        "_enrol_prefix",
        "_mode",
        "_no_unit",
        "_overrides",
        "_prefix",
        "_variants",
        "name",
        "version",
    )

    def __init__(self, experiment: Experiment, *, enabled: bool = True) -> None:
        salt, by = experiment.salt or experiment.name, experiment.by
        self.name: Final = experiment.name
        self._mode: Mode = experiment.mode
        self.version: Final = experiment.config_version
        self._enabled = experiment.enabled and enabled
        self._overrides = experiment.overrides
        self._enrol_below = threshold(experiment.coverage)
        self._enrol_prefix = hash_prefix(salt, purpose="enrol", by=by) if self._enrol_below < SPACE else b""
        self._prefix = hash_prefix(salt, purpose="variant", by=by)
        shares = experiment.shares
        arms: list[_Arm] = [
            (each.name, each.params, shares[each.name], each.target, each.prompt) for each in experiment.variants
        ]
        layout = _whole(experiment.layout, experiment.space)
        self._boundaries = [each.end for each in layout]
        self._arms = [_NO_ARM if each.arm == NOBODY else arms[each.arm] for each in layout]
        self._variants = {arm[0]: arm for arm in arms}
        self._disabled = self._without_variant(Reason.DISABLED)
        self._no_unit = self._without_variant(Reason.NO_UNIT)

    def has(self, variant: str) -> bool:
        """Whether there is a variant of that name."""
        return variant in self._variants

    def assign(self, unit: object) -> Assignment:
        """Return what `unit` gets. The order of the rules is part of the contract."""
        if not self._enabled:
            return self._disabled
        text = unit if type(unit) is str else identify(unit)
        if not text:
            return self._no_unit
        if self._overrides and text in self._overrides:
            return self._fixed(self._overrides[text], text)
        try:
            data = text.encode()
        except UnicodeEncodeError:
            data = text.encode("utf-8", "surrogatepass")
        if self._enrol_prefix and bucket_of(self._enrol_prefix + data) >= self._enrol_below:
            return self._without_variant(_NOT_ENROLLED, text)
        bucket = bucket_of(self._prefix + data)
        variant, params, share, target, prompt = self._arms[bisect_right(self._boundaries, bucket)]
        return _new(
            Assignment,
            (self.name, variant, params, _SPLIT, bucket, share, text, self._mode, target, prompt, self.version),
        )

    def decide(
        self,
        unit: object,
        _caller: Caller,
        _now_s: float,
        _given: Mapping[str, Assignment],
        forced: Mapping[str, str] | None,
    ) -> Assignment:
        """Return what `unit` gets, or the variant that is forced, as `RuledExperiment` does."""
        if forced is not None and self._enabled and forced.get(self.name) in self._variants:
            return self._fixed(forced[self.name], identify(unit))
        return self.assign(unit)

    def _fixed(self, name: str, unit: str) -> Assignment:
        variant, params, _, target, prompt = self._variants[name]
        return _new(
            Assignment,
            (self.name, variant, params, _OVERRIDE, None, 1.0, unit, self._mode, target, prompt, self.version),
        )

    def _without_variant(self, reason: Reason, unit: str = "") -> Assignment:
        return _new(
            Assignment, (self.name, "", NO_PARAMS, reason, None, 0.0, unit, self._mode, None, None, self.version)
        )


class RuledExperiment(CompiledExperiment):
    """All the rules, of which most experiments need few.

    Args:
        experiment: The experiment.
        rivals: The other experiments of its layer. Whoever has an override in one of them is theirs.
        sticky: Keeps variants; not asked unless the experiment is sticky.
        enabled: The switch of the router.
    """

    __slots__ = (
        "_bucket",
        "_bucket_version",
        "_end_s",
        "_holdout_below",
        "_holdout_prefix",
        "_holdout_unit",
        "_is_scheduled",
        "_layer_below",
        "_layer_from",
        "_layer_prefix",
        "_not_scheduled",
        "_percent",
        "_percentile",
        "_requires",
        "_rivals",
        "_space",
        "_start_s",
        "_sticky",
        "_targeting",
        "_theirs",
    )

    def __init__(
        self,
        experiment: Experiment,
        *,
        rivals: Collection[Experiment] = (),
        sticky: Steady | None = None,
        enabled: bool = True,
    ) -> None:
        super().__init__(experiment, enabled=enabled)
        schedule, held, slot = experiment.schedule, experiment.holdout, experiment.layer
        self._start_s, self._end_s = schedule.bounds if schedule is not None else (float("-inf"), float("inf"))
        self._is_scheduled = schedule is not None
        self._not_scheduled = self._without_variant(Reason.NOT_SCHEDULED)
        self._holdout_below = threshold(held.share) if held is not None else 0
        self._holdout_prefix = hash_prefix(held.name, purpose="holdout", by=held.by) if held is not None else b""
        self._holdout_unit = attribute_of(held.by) if held is not None and held.by != experiment.by else None
        self._targeting = Condition(experiment.targeting).test if experiment.targeting else None
        self._requires = tuple(experiment.requires.items())
        self._layer_from, self._layer_below = (threshold(slot.start), threshold(slot.end)) if slot else (0, SPACE)
        self._layer_prefix = hash_prefix(slot.layer, purpose="layer", by=experiment.by) if slot else b""
        self._rivals = tuple(rival.name for rival in rivals)
        self._theirs = frozenset(unit for rival in rivals if rival.enabled for unit in rival.overrides)
        formula = experiment.formula
        self._space = experiment.space
        self._bucket = formula.bucket if experiment.hash_version != 1 else None
        self._percentile = formula.percentile
        self._percent = round(experiment.coverage * 100)
        self._sticky = sticky if experiment.sticky else None
        self._bucket_version = experiment.bucket_version

    def decide(  # noqa: C901, PLR0911, PLR0912  a straight line: a call costs as much as a rule
        self,
        unit: object,
        caller: Caller,
        now_s: float,
        given: Mapping[str, Assignment],
        forced: Mapping[str, str] | None,
    ) -> Assignment:
        """Return what `unit` gets.

        Args:
            unit: Who is assigned.
            caller: On whose behalf the call is made; the unit is part of it, or known besides.
            now_s: Seconds since 1970.
            given: What the experiments have given that this one requires.
            forced: Variants that are given whoever asks, by experiment; None for none.
        """
        if not self._enabled:
            return self._disabled
        if self._is_scheduled and not self._start_s <= now_s < self._end_s:
            return self._not_scheduled
        if forced is not None and forced.get(self.name) in self._variants:
            return self._fixed(forced[self.name], identify(unit))
        text = unit if type(unit) is str else identify(unit)
        if not text:
            return self._no_unit
        if self._overrides and text in self._overrides:
            return self._fixed(self._overrides[text], text)
        try:
            data = text.encode()
        except UnicodeEncodeError:
            data = text.encode("utf-8", "surrogatepass")
        if self._holdout_below:
            held = data if self._holdout_unit is None else _encoded(identify(self._holdout_unit(caller)))
            if held and bucket_of(self._holdout_prefix + held) < self._holdout_below:
                return self._without_variant(_HELD_OUT, text)
        if self._targeting is not None:
            met = self._targeting(caller)
            if met is not True:
                return self._without_variant(_NOT_TARGETED if met is False else _ATTRIBUTE_MISSING, text)
        if self._requires and any(given[other].variant != wanted for other, wanted in self._requires):
            return self._without_variant(_PREREQUISITE, text)
        if self._layer_prefix:
            place = bucket_of(self._layer_prefix + data)
            if (
                not self._layer_from <= place < self._layer_below
                or (self._theirs and text in self._theirs)
                or (forced is not None and self._is_forced_out(forced))
            ):
                return self._without_variant(_OTHER_SLOT, text)
        if self._percentile is not None:
            if self._percentile(data) >= self._percent:
                return self._without_variant(_NOT_ENROLLED, text)
        elif self._enrol_prefix and bucket_of(self._enrol_prefix + data) >= self._enrol_below:
            return self._without_variant(_NOT_ENROLLED, text)
        sticky = self._sticky
        if sticky is not None:
            kept = sticky.get(_key(StickyKey, (self.name, self._bucket_version, text)))
            if kept in self._variants:
                return self._kept(kept, text)
        bucket = bucket_of(self._prefix + data) if self._bucket is None else self._bucket(data, self._space)
        variant, params, share, target, prompt = self._arms[bisect_right(self._boundaries, bucket)]
        if not variant:
            return self._without_variant(_NOT_ENROLLED, text)
        if sticky is not None:
            sticky.set(_key(StickyKey, (self.name, self._bucket_version, text)), variant)
        return _new(
            Assignment,
            (self.name, variant, params, _SPLIT, bucket, share, text, self._mode, target, prompt, self.version),
        )

    def _kept(self, name: str, unit: str) -> Assignment:
        variant, params, share, target, prompt = self._variants[name]
        return _new(
            Assignment,
            (self.name, variant, params, _STICKY, None, share, unit, self._mode, target, prompt, self.version),
        )

    def _is_forced_out(self, forced: Mapping[str, str]) -> bool:
        """Whether a rival is forced, which is to be alone in the layer then."""
        return any(rival in forced for rival in self._rivals)


def _encoded(unit: str) -> bytes:
    return unit.encode("utf-8", "surrogatepass")


def _whole(layout: Sequence[Range], space: int) -> list[Range]:
    """Put ranges of nobody where buckets are left out."""
    whole: list[Range] = []
    at = 0
    for each in [*layout, Range(space, space, NOBODY)]:
        if at < each.start:
            whole.append(Range(at, each.start, NOBODY))
        at = each.end
        whole.append(each)
    return whole[:-1]
