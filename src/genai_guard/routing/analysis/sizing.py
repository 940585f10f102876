"""How many units a comparison takes, what it can show with those there are, and how probably it does."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from genai_guard.errors import ConfigurationError
from genai_guard.routing.analysis.always_valid import always_valid_critical, information
from genai_guard.routing.analysis.distributions import normal_quantile, normal_tail
from genai_guard.routing.analysis.effects import Alternative
from genai_guard.routing.analysis.group_bounds import Shape, boundary, crossing_probability, drift_for, fractions_of

__all__ = ["Plan", "power"]

Planned: TypeAlias = Literal["fixed", "group_sequential", "sequential"]

_MOST_UNITS: Final = 1e13


@dataclass(frozen=True, slots=True)
class Plan:
    """A comparison of one treatment with a control, before it begins.

    Attributes:
        units: Units of both variants together.
        control: Of these, units of the control.
        treatment: Of these, units of the treatment.
        mde: The difference that is to be found: the minimum detectable effect.
        relative_mde: The same as a share of the baseline; infinite for a baseline of zero.
        power: Probability of finding it.
        alpha: Probability of finding one where none is.
        method: How it will be tested.
    """

    units: int
    control: int
    treatment: int
    mde: float
    relative_mde: float
    power: float
    alpha: float
    method: Planned

    def __str__(self) -> str:
        return (
            f"{self.units:,} units ({self.control:,} control, {self.treatment:,} treatment) show a difference of "
            f"{self.mde:+.4g} ({100 * self.relative_mde:+.3g} %) with probability {self.power:.3g} at alpha "
            f"{self.alpha:g}, method {self.method}."
        )


@dataclass(frozen=True, slots=True)
class _Terms:
    """What does not change while a number is looked for."""

    baseline: float
    sd: float | None
    share: float
    margin: float
    alpha: float
    sides: int
    method: Planned
    fractions: tuple[float, ...]
    bounds: tuple[float, ...]
    tuned_for: float | None

    def variance(self, mde: float) -> float:
        """Return the variance of the difference, times the units of both variants."""
        if self.sd is not None:
            return self.sd**2 / self.share + self.sd**2 / (1.0 - self.share)
        treated = self.baseline + mde
        return treated * (1.0 - treated) / self.share + self.baseline * (1.0 - self.baseline) / (1.0 - self.share)

    def drift(self, mde: float, units: float) -> float:
        """Return how many standard errors the difference lies from the null."""
        return (abs(mde) + self.margin) / math.sqrt(self.variance(mde) / units)

    def needed(self, power: float, units: float) -> float:
        """Return the drift that is found with probability `power`."""
        if self.method == "group_sequential":
            return drift_for(self.fractions, bounds=self.bounds, power=power, sides=self.sides)
        return self.critical(units) + normal_quantile(1.0 - power)

    def critical(self, units: float) -> float:
        """Return the bound at the last look."""
        if self.method == "sequential":
            info = information(units, tuned_for=self.tuned_for or units, alpha=self.alpha, sides=self.sides)
            return always_valid_critical(info, alpha=self.alpha, sides=self.sides)
        return normal_quantile(self.alpha / self.sides)

    def power(self, mde: float, units: float) -> float:
        """Return the probability of finding a difference."""
        drift = self.drift(mde, units)
        if self.method == "group_sequential":
            return crossing_probability(self.fractions, self.bounds, drift=drift, sides=self.sides)
        return normal_tail(self.critical(units) - drift)


def power(
    baseline: float,
    *,
    sd: float | None = None,
    mde: float | None = None,
    relative_mde: float | None = None,
    units: int | None = None,
    power: float = 0.8,
    alpha: float = 0.05,
    alternative: Alternative = "two-sided",
    margin: float = 0.0,
    share: float = 0.5,
    comparisons: int = 1,
    method: Planned = "fixed",
    looks: int | Sequence[float] | None = None,
    bounds: Shape = "obrien_fleming",
    tuned_for: float | None = None,
) -> Plan:
    """Plan a comparison: the units for an effect, the effect for the units, or the power of both.

    By the normal approximation, with the variances of both variants: for two shares
    `(z_alpha + z_power)^2 (p1 q1 / share + p0 q0 / (1 - share)) / (p1 - p0)^2` (Fleiss, Statistical Methods for Rates and
    Proportions). `sequential` counts the last look alone, so its power is a lower bound.

    Args:
        baseline: Mean of the control; its share, strictly between 0 and 1, when `sd` is None.
        sd: Standard deviation of a unit's values; of the residuals with a covariate. None for shares.
        mde: The difference to find; negative for a decrease.
        relative_mde: The same as a share of the baseline.
        units: Units of both variants together.
        power: Probability of finding the difference; not used when both a difference and units are given.
        alpha: Probability of finding one where none is.
        alternative: What is to be shown.
        margin: How much worse is still not worse: with it the difference to find may be 0.
        share: Share of the treatment.
        comparisons: Between how many alpha is divided.
        method: How it will be tested; `exact` has no plan, since it may be looked at until it says something.
        looks: For `group_sequential`: how many, or at which shares of the units.
        bounds: For `group_sequential`: shape of the bounds.
        tuned_for: For `sequential`: units for which intervals are tightest; the planned ones when None.

    Raises:
        ConfigurationError: a value is not what it must be, or nothing, or everything, is to be found.
    """
    effect = _effect(baseline, mde, relative_mde)
    _check(baseline, sd=sd, units=units, effect=effect, margin=margin, comparisons=comparisons, method=method)
    for name, value in (("power", power), ("alpha", alpha), ("share", share)):
        if not (isinstance(value, float) and 0 < value < 1):
            raise ConfigurationError(f"{name}={value!r} must lie between 0 and 1")
    sides = 2 if alternative == "two-sided" else 1
    if sides == 2 and margin:
        raise ConfigurationError("a margin needs alternative='greater' or 'less': the direction that is good")
    level = alpha / comparisons
    fractions = _fractions(method, looks)
    limits = boundary(fractions, shape=bounds, alpha=level, sides=sides) if fractions else ()
    terms = _Terms(baseline, sd, share, margin, level, sides, method, fractions, limits, tuned_for)
    if effect is None:
        count = float(units or 0)
        effect = _smallest(terms, power, count, down=alternative == "less")
    else:
        count = float(units) if units is not None else _fewest(terms, power, effect)
    whole = units if units is not None else math.ceil(count - 1e-9 * count)
    treated = round(whole * share)
    plan = Plan(
        units=whole,
        control=whole - treated,
        treatment=treated,
        mde=effect,
        relative_mde=effect / baseline if baseline else math.copysign(math.inf, effect),
        power=power,
        alpha=alpha,
        method=method,
    )
    both = units is not None and not (mde is None and relative_mde is None)
    return replace(plan, power=terms.power(effect, count)) if both else plan


def _fewest(terms: _Terms, power: float, mde: float) -> float:
    """Return the units at which a difference is found with the power that is wanted."""
    if terms.drift(mde, 1.0) == 0:
        raise ConfigurationError("a difference of zero takes a margin: it cannot be found otherwise")
    if terms.method != "sequential" or terms.tuned_for is None:  # the bound does not depend on the units
        return (terms.needed(power, 1.0) / terms.drift(mde, 1.0)) ** 2
    return _root(lambda units: terms.drift(mde, units) - terms.needed(power, units), 1.0, _MOST_UNITS, geometric=True)


def _smallest(terms: _Terms, power: float, units: float, *, down: bool) -> float:
    """Return the difference that so many units find with the power that is wanted."""
    needed = terms.needed(power, units)
    if terms.sd is not None:
        size = needed * math.sqrt(terms.variance(0.0) / units) - terms.margin
        return -max(0.0, size) if down else max(0.0, size)
    sign, most = (-1.0, terms.baseline) if down else (1.0, 1.0 - terms.baseline)
    if terms.drift(sign * most * (1.0 - 1e-12), units) < needed:
        raise ConfigurationError(f"{units:,.0f} units are too few to find any difference of shares with this power")
    if terms.drift(0.0, units) >= needed:
        return 0.0
    return sign * _root(lambda size: terms.drift(sign * size, units) - needed, 0.0, most * (1.0 - 1e-12))


def _root(function: Callable[[float], float], low: float, high: float, *, geometric: bool = False) -> float:
    """Return where a rising function becomes zero."""
    for _ in range(200):
        middle = math.sqrt(low * high) if geometric else 0.5 * (low + high)
        if middle in {low, high}:
            break
        low, high = (low, middle) if function(middle) >= 0 else (middle, high)
    return high


def _effect(baseline: float, mde: float | None, relative: float | None) -> float | None:
    if mde is not None and relative is not None:
        raise ConfigurationError("mde and relative_mde exclude each other")
    return mde if relative is None else relative * baseline


def _fractions(method: str, looks: int | Sequence[float] | None) -> tuple[float, ...]:
    if method != "group_sequential":
        return ()
    if looks is None:
        raise ConfigurationError("method='group_sequential' needs looks: how many are planned")
    return fractions_of(looks)


def _check(
    baseline: float,
    *,
    sd: float | None,
    units: int | None,
    effect: float | None,
    margin: float,
    comparisons: int,
    method: str,
) -> None:
    if method not in {"fixed", "group_sequential", "sequential"}:
        raise ConfigurationError(f"method={method!r} must be 'fixed', 'group_sequential' or 'sequential'")
    if not math.isfinite(baseline) or (sd is None and not 0 < baseline < 1):
        raise ConfigurationError(f"baseline={baseline!r} must be a share between 0 and 1, or say sd=... for a mean")
    if sd is not None and not 0 < sd < math.inf:
        raise ConfigurationError(f"sd={sd!r} must be a number above zero")
    if units is None and effect is None:
        raise ConfigurationError(
            "say what is given: mde=... or relative_mde=... for the units, units=... for the effect"
        )
    if units is not None and not (type(units) is int and units >= 2):
        raise ConfigurationError(f"units={units!r} must be a whole number, two or more")
    if effect is not None and not math.isfinite(effect):
        raise ConfigurationError("mde must be a number")
    if effect is not None and sd is None and not 0 < baseline + effect < 1:
        raise ConfigurationError(f"the share would become {baseline + effect:g}; it must stay between 0 and 1")
    if not margin >= 0:
        raise ConfigurationError(f"margin={margin!r} must be zero or more")
    if not (type(comparisons) is int and comparisons >= 1):
        raise ConfigurationError(f"comparisons={comparisons!r} must be a whole number, one or more")
