"""Two variants against each other: a difference, a relative difference, and what a test says of them.

Everything is in standard errors: a test (`Fixed`, `GroupSequential`, `AlwaysValid`) says how many of them an interval is
wide, and what p-value a distance from the null has. Relative differences are Fieller's (1954): the interval of a ratio
that excludes 1 exactly when that of the difference excludes 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol, TypeAlias

from genai_guard.errors import ConfigurationError
from genai_guard.routing.analysis.always_valid import always_valid_critical, always_valid_p, information
from genai_guard.routing.analysis.distributions import student_quantile, student_tail
from genai_guard.routing.analysis.group_bounds import Shape, boundary, group_p
from genai_guard.routing.analysis.moments import Moments

__all__ = [
    "Alternative",
    "AlwaysValid",
    "Effect",
    "Fixed",
    "GroupSequential",
    "Interval",
    "SignificanceTest",
    "compare",
]

Alternative: TypeAlias = Literal["two-sided", "greater", "less"]
"""What is to be shown of the treatment: that it differs, that it is higher, or that it is lower."""


class Interval(NamedTuple):
    """An estimate and its interval; an end may be infinite."""

    estimate: float
    low: float
    high: float


class Effect(NamedTuple):
    """What two variants differ by.

    Attributes:
        difference: Treatment minus control.
        relative: The same as a share of the control; None where the control's value is not clearly apart from zero.
        std_error: Of the difference.
        p: Probability of a difference as far from the null as this, if the null holds.
    """

    difference: Interval
    relative: Interval | None
    std_error: float
    p: float


class SignificanceTest(Protocol):
    """Says what a distance in standard errors means. `df` and `pairs` say how much the comparison rests on."""

    def critical(self, *, alpha: float, sides: int, df: float, pairs: float) -> float:
        """Return how many standard errors an interval is wide to either side."""
        ...

    def p(self, z: float, *, alpha: float, sides: int, df: float, pairs: float) -> float:
        """Return the p-value of a distance; for one side positive towards the alternative."""
        ...


@dataclass(frozen=True, slots=True)
class Fixed:
    """One look, at a size that was chosen beforehand: Welch's t test, or the z test of shares and quantiles."""

    def critical(self, *, alpha: float, sides: int, df: float, pairs: float) -> float:
        """Return the quantile of Student's distribution."""
        del pairs
        return student_quantile(alpha / sides, df=df)

    def p(self, z: float, *, alpha: float, sides: int, df: float, pairs: float) -> float:
        """Return the p-value of Student's distribution."""
        del alpha, pairs
        return 2.0 * student_tail(abs(z), df=df) if sides == 2 else student_tail(z, df=df)


@dataclass(frozen=True, slots=True)
class GroupSequential:
    """One of several looks that were planned beforehand.

    Args:
        fractions: Share of the planned units at each look.
        look: Which look this is, from 1.
        shape: How the bound changes from look to look.
    """

    fractions: tuple[float, ...]
    look: int
    shape: Shape

    def critical(self, *, alpha: float, sides: int, df: float, pairs: float) -> float:
        """Return the bound at this look."""
        del df, pairs
        return boundary(self.fractions, shape=self.shape, alpha=alpha, sides=sides)[self.look - 1]

    def p(self, z: float, *, alpha: float, sides: int, df: float, pairs: float) -> float:
        """Return the repeated p-value."""
        del alpha, df, pairs
        return group_p(z, look=self.look, fractions=self.fractions, shape=self.shape, sides=sides)


@dataclass(frozen=True, slots=True)
class AlwaysValid:
    """Any look: the asymptotic confidence sequence, which is the mixture sequential probability ratio test.

    Args:
        tuned_for: Units of both variants together at which intervals are to be tightest; chosen before looking.
    """

    tuned_for: float

    def critical(self, *, alpha: float, sides: int, df: float, pairs: float) -> float:
        """Return the half width of the sequence at this look."""
        del df
        return always_valid_critical(self._info(pairs, alpha, sides), alpha=alpha, sides=sides)

    def p(self, z: float, *, alpha: float, sides: int, df: float, pairs: float) -> float:
        """Return the always-valid p-value at this look."""
        del df
        return always_valid_p(z, self._info(pairs, alpha, sides), sides=sides)

    def _info(self, pairs: float, alpha: float, sides: int) -> float:
        # Half of the units in either variant are worth a quarter of them in pairs.
        return information(pairs, tuned_for=self.tuned_for / 4.0, alpha=alpha, sides=sides)


def compare(
    treatment: Moments,
    control: Moments,
    *,
    test: SignificanceTest,
    alpha: float = 0.05,
    alternative: Alternative = "two-sided",
    margin: float = 0.0,
    relative_margin: float = 0.0,
) -> Effect:
    """Compare two variants that are already summed up. Whether a test suits them is not asked here; `analyze` does.

    Args:
        treatment: The one.
        control: What it is compared with.
        test: What distances mean.
        alpha: Probability that the interval misses the truth.
        alternative: What is to be shown. An interval of one side is infinite on the other.
        margin: For one side: how far on the wrong side the null begins, so what is shown is non-inferiority.
        relative_margin: The same as a share of the control's value.

    Raises:
        ConfigurationError: a margin without a side, or both variances are zero.
    """
    sides = 2 if alternative == "two-sided" else 1
    if sides == 2 and (margin or relative_margin):
        raise ConfigurationError("a margin needs alternative='greater' or 'less': the direction that is good")
    difference = treatment.estimate - control.estimate
    variance = treatment.variance + control.variance
    if not 0 < variance < math.inf:
        raise ConfigurationError("there is no variance in either variant, or only one unit: nothing can be tested")
    error = math.sqrt(variance)
    rests_on = {"df": _welch(treatment, control), "pairs": _pairs(treatment, control)}
    critical = test.critical(alpha=alpha, sides=sides, **rests_on)
    sign = -1.0 if alternative == "less" else 1.0
    z = sign * _distance(treatment, control, margin=sign * margin, factor=1.0 - sign * relative_margin)
    return Effect(
        _one_sided(Interval(difference, difference - critical * error, difference + critical * error), alternative),
        _fieller(treatment, control, critical, alternative),
        error,
        test.p(z, alpha=alpha, sides=sides, **rests_on),
    )


def _distance(treatment: Moments, control: Moments, *, margin: float, factor: float) -> float:
    """Return how far the treatment lies above `factor` times the control less the margin, in standard errors."""
    variance = treatment.variance + factor * factor * control.variance
    return (treatment.estimate - factor * control.estimate + margin) / math.sqrt(variance)


def _welch(one: Moments, other: Moments) -> float:
    """Return the degrees of freedom of Welch and Satterthwaite."""
    parts = [each.variance**2 / each.df for each in (one, other) if math.isfinite(each.df) and each.df > 0]
    total = math.fsum(parts)
    return (one.variance + other.variance) ** 2 / total if total > 0 else math.inf


def _pairs(one: Moments, other: Moments) -> float:
    return one.units * other.units / (one.units + other.units)


def _one_sided(interval: Interval, alternative: Alternative) -> Interval:
    if alternative == "greater":
        return interval._replace(high=math.inf)
    return interval._replace(low=-math.inf) if alternative == "less" else interval


def _fieller(treatment: Moments, control: Moments, critical: float, alternative: Alternative) -> Interval | None:
    """Return the relative difference and its interval; None where the ratio is not bounded."""
    sure = control.estimate**2 - critical**2 * control.variance
    if sure <= 0:
        return None
    centre = treatment.estimate * control.estimate / sure
    # The discriminant without the cancellation of its textbook form.
    inner = treatment.variance * sure + treatment.estimate**2 * control.variance
    half = critical * math.sqrt(inner) / sure
    ratio = treatment.estimate / control.estimate
    low, high = centre - half - 1.0, centre + half - 1.0
    interval = Interval(ratio - 1.0, low, high)
    if control.estimate > 0:
        return _one_sided(interval, alternative)
    flipped: dict[Alternative, Alternative] = {"greater": "less", "less": "greater", "two-sided": "two-sided"}
    return _one_sided(interval, flipped[alternative])
