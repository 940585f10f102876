"""The steps of a ramp, and how an experiment looks at each of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeAlias, cast, get_args

from genai_guard.errors import ConfigurationError
from genai_guard.routing.experiment import Experiment, Variant

__all__ = ["DEFAULT_STAGES", "OnTimeout", "Stage", "at_percent", "checked_stages", "share_of"]

OnTimeout: TypeAlias = Literal["hold", "advance", "rollback"]
_PARTS: Final = 100_000
"""Weights of a split add up to this: a share is exact to a thousandth of a percent."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of a ramp.

    The next stage begins when both minima are reached and nothing speaks against the canary. Before a stage of 100 %,
    which leaves no control to compare with, it must besides have been shown that the canary is not much worse.

    Args:
        percent: Share of the units that the canary gets, above 0 and at most 100, in thousandths at the finest.
        min_units: Units that the canary must have served in this stage.
        min_s: Seconds that the stage must last.
        timeout_s: Seconds after which `on_timeout` says what becomes of a stage that is not over; None for never.
        on_timeout: `hold` waits for somebody to decide; `advance` goes on without what is missing, which at the stage
            before 100 % means without proof; `rollback` gives everybody the control.

    Raises:
        ConfigurationError: one of them is not what it must be.
    """

    percent: float
    min_units: int = field(default=100, kw_only=True)
    min_s: float = field(default=600.0, kw_only=True)
    timeout_s: float | None = field(default=None, kw_only=True)
    on_timeout: OnTimeout = field(default="hold", kw_only=True)

    def __post_init__(self) -> None:
        parts = _number(self.percent, "percent", least=0.001, most=100.0) * 1000
        if abs(parts - round(parts)) > 1e-6:
            raise ConfigurationError(f"Stage(percent={self.percent!r}): three decimals at most")
        if type(self.min_units) is not int or self.min_units < 0:
            raise ConfigurationError(f"Stage(min_units={self.min_units!r}): must be a whole number, zero or more")
        _number(self.min_s, "min_s", least=0.0)
        if self.timeout_s is not None and _number(self.timeout_s, "timeout_s", least=0.0) < self.min_s:
            raise ConfigurationError(f"Stage(timeout_s={self.timeout_s!r}): must not be less than min_s={self.min_s:g}")
        if self.on_timeout not in get_args(OnTimeout):
            raise ConfigurationError(f"Stage(on_timeout={self.on_timeout!r}): must be 'hold', 'advance' or 'rollback'")


def _number(value: object, name: str, *, least: float, most: float = math.inf) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not (math.isfinite(value) and value >= least):
        raise ConfigurationError(f"Stage({name}={value!r}): must be a number, {least:g} or more")
    if value > most:
        raise ConfigurationError(f"Stage({name}={value!r}): must be {most:g} at most")
    return float(value)


DEFAULT_STAGES: Final = (Stage(1), Stage(5), Stage(25), Stage(50), Stage(100, min_units=0, min_s=0))


def checked_stages(stages: object) -> tuple[Stage, ...]:
    """Return the stages of a canary.

    Raises:
        ConfigurationError: there are none, or too many, or they do not rise.
    """
    written = tuple(cast("Sequence[object]", stages)) if isinstance(stages, list | tuple) else ()
    given = tuple(stage for stage in written if isinstance(stage, Stage))
    if not given or len(given) < len(written):
        raise ConfigurationError("Canary(stages=...): takes a list of Stage(...), at least one")
    if len(given) > _MOST_STAGES:
        raise ConfigurationError(f"Canary(stages=...): {len(given)} are more than {_MOST_STAGES}")
    percents = [stage.percent for stage in given]
    if percents != sorted(set(percents)):
        listed = ", ".join(f"{percent:g}" for percent in percents)
        raise ConfigurationError(f"Canary(stages=...): percents must rise from stage to stage, not {listed}")
    return given


def share_of(percent: float) -> float:
    """Return the probability with which a unit is assigned to the canary."""
    return round(percent * 1000) / _PARTS


def at_percent(experiment: Experiment, percent: float, *, control: str, canary: str) -> Experiment:
    """Return an experiment that gives the canary to so many units.

    Of two variants that divide the buckets between them, one grows at the edge where the other shrinks: whoever has the
    canary at one percentage has it at every higher one, and which they are does not depend on how one came there.
    """
    parts = round(percent * 1000)
    shares = {control: _PARTS - parts, canary: parts}
    everything = ((0, experiment.space),)

    def moved(variant: Variant) -> Variant:
        weight = shares[variant.name]
        if 0 < parts < _PARTS:
            return replace(variant, weight=weight, ranges=None)
        return replace(variant, ranges=everything if weight else ())

    return replace(experiment, variants=tuple(map(moved, experiment.variants)), total_weight=0)


_MOST_STAGES: Final = 100
