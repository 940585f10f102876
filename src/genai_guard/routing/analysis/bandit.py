"""Thompson sampling: variants get as many units as they are likely to deserve, with probabilities that are written down."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, pairwise
from typing import Final, NamedTuple

from genai_guard.errors import ConfigurationError
from genai_guard.frozen import FrozenDict
from genai_guard.routing import checks
from genai_guard.routing.analysis.distributions import log_beta, log_beta_below
from genai_guard.routing.analysis.quadrature import legendre
from genai_guard.routing.assignment import SPACE, bucket_of, hash_prefix, identify

__all__ = ["Choice", "ThompsonSampling"]

_NODES: Final = 16
_EDGES: Final = (-6.0, -2.0, 0.0, 2.0, 6.0)  # of the pieces, in standard deviations of the logit
_FAR: Final = 6.0
_TAIL: Final = 25.0  # beyond, in units of the exponential tails of the logit
_NOTHING: Final = -40.0


class Choice(NamedTuple):
    """What a unit is given.

    Attributes:
        variant: Name of the variant.
        propensity: Probability with which the unit got it; to be logged, for `evaluate_policy`.
        bucket: The hash that chose.
    """

    variant: str
    propensity: float
    bucket: int


@dataclass(frozen=True, slots=True)
class ThompsonSampling:
    """Gives each variant the probability that it is the best one (Thompson, Biometrika, 1933).

    Outcomes are successes and failures, with a beta prior. The probabilities are integrated, not drawn, so they are
    known: who is given what then follows from a hash of the unit, the same in every process. A unit keeps its variant
    as far as the probabilities allow. Values do not change: `updated` returns a new one.

    Args:
        name: Salt of the hash. Letters, digits, `_`, `.` and `-`.
        variants: Names of the variants, in an order that stays.
        successes: Successes so far, by variant.
        failures: Failures so far, by variant.
        floor: Least probability of a variant. Above zero, so that none is given up for good and what others would
            have done can be estimated.
        prior: Successes and failures that every variant begins with, each 1 or more.

    Raises:
        ConfigurationError: a value is not what it must be.
    """

    name: str
    variants: Sequence[str]
    successes: Mapping[str, int] = field(default_factory=dict[str, int], kw_only=True)
    failures: Mapping[str, int] = field(default_factory=dict[str, int], kw_only=True)
    floor: float = field(default=0.01, kw_only=True)
    prior: tuple[float, float] = field(default=(1.0, 1.0), kw_only=True)
    propensities: Mapping[str, float] = field(init=False, compare=False)
    """Probability of each variant."""
    _bounds: tuple[int, ...] = field(init=False, repr=False, compare=False)
    _prefix: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        checks.name(self.name, of="name", where="ThompsonSampling")
        names = tuple(self.variants)
        _check(names, self.floor, self.prior)
        counted = {of: _counts(names, given, of) for of, given in (("s", self.successes), ("f", self.failures))}
        posteriors = [(self.prior[0] + counted["s"][name], self.prior[1] + counted["f"][name]) for name in names]
        shares = [self.floor + (1.0 - self.floor * len(names)) * best for best in _probabilities_of_best(posteriors)]
        bounds = [min(SPACE, round(SPACE * share)) for share in accumulate(shares)]
        edges = (0, *bounds[:-1], SPACE)
        exact = [(end - start) / SPACE for start, end in pairwise(edges)]
        values = {
            "variants": names,
            "successes": FrozenDict(counted["s"]),
            "failures": FrozenDict(counted["f"]),
            "propensities": FrozenDict(zip(names, exact, strict=True)),
            "_bounds": edges[1:],
            "_prefix": hash_prefix(self.name, purpose="variant", by="unit"),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def choose(self, unit: str | int) -> Choice:
        """Return what a unit is given.

        Raises:
            ConfigurationError: the unit is neither a non-empty text nor an integer.
        """
        identity = identify(unit)
        if not identity:
            raise ConfigurationError("unit must be a non-empty text or an integer")
        bucket = bucket_of(self._prefix + identity.encode("utf-8", "surrogatepass"), 0)
        place = next(number for number, bound in enumerate(self._bounds) if bucket < bound)
        name = self.variants[place]
        return Choice(name, self.propensities[name], bucket)

    @property
    def weights(self) -> dict[str, int]:
        """Weights of the variants of an `Experiment` that splits as the propensities say, together about a million."""
        return {name: max(1, round(1_000_000 * share)) for name, share in self.propensities.items()}

    def updated(
        self, *, successes: Mapping[str, int] | None = None, failures: Mapping[str, int] | None = None
    ) -> ThompsonSampling:
        """Return the same with more outcomes.

        Args:
            successes: New successes, by variant.
            failures: New failures, by variant.

        Raises:
            ConfigurationError: a variant is unknown, or a count negative or no whole number.
        """
        more = {of: _counts(tuple(self.variants), given or {}, of) for of, given in (("s", successes), ("f", failures))}
        return replace(
            self,
            successes={name: count + more["s"][name] for name, count in self.successes.items()},
            failures={name: count + more["f"][name] for name, count in self.failures.items()},
        )


def _probabilities_of_best(posteriors: Sequence[tuple[float, float]]) -> list[float]:
    """Return the probability that a draw of each beta distribution exceeds those of all others."""
    # Where any of the distributions lies the integrand may be steep: pieces begin and end around all of them.
    edges = sorted(centre + far * sd for centre, sd in map(_logit, posteriors) for far in _EDGES)
    found = [_probability_of_best(place, posteriors, edges) for place in range(len(posteriors))]
    total = math.fsum(found)
    return [each / total for each in found]


def _logit(posterior: tuple[float, float]) -> tuple[float, float]:
    """Return about the mean and the standard deviation of the logit of a beta variable."""
    a, b = posterior
    return math.log(a / b), math.sqrt(1.0 / a + 1.0 / b)


def _probability_of_best(place: int, posteriors: Sequence[tuple[float, float]], edges: Sequence[float]) -> float:
    """Integrate over the logit, in which a beta density has smooth tails however close to 0 or 1 it lies."""
    a, b = posteriors[place]
    centre, sd = _logit((a, b))
    low, high = centre - _FAR * sd - _TAIL / a, centre + _FAR * sd + _TAIL / b
    ends = [low, *(edge for edge in edges if low < edge < high), high]
    others = [other for number, other in enumerate(posteriors) if number != place]
    return math.fsum(_piece(start, end, (a, b), others) for start, end in pairwise(ends) if end > start)


def _piece(start: float, end: float, own: tuple[float, float], others: Sequence[tuple[float, float]]) -> float:
    (a, b), half, middle = own, 0.5 * (end - start), 0.5 * (end + start)
    front, total = log_beta(a, b), 0.0
    for point, weight in zip(*legendre(_NODES), strict=True):
        logit = middle + half * point
        x = 1.0 / (1.0 + math.exp(-logit))
        log = a * math.log(x) - b * (logit + math.log1p(math.exp(-logit))) - front
        if log > _NOTHING:
            log += sum(log_beta_below(x, a=other[0], b=other[1]) for other in others)
            total += weight * math.exp(log)
    return half * total


def _check(names: Sequence[str], floor: float, prior: tuple[float, float]) -> None:
    where = "ThompsonSampling"
    if len(names) < 2 or len(set(names)) < len(names):
        raise ConfigurationError(f"{where}: variants must be two or more, each with a name of its own")
    for name in names:
        checks.label(name, where=where)
    if not (isinstance(floor, float) and 0 < floor <= 1.0 / len(names)):
        raise ConfigurationError(f"{where}: floor={floor!r} must lie above 0, and be at most {1.0 / len(names):.3g}")
    if len(prior) != 2 or not all(isinstance(each, int | float) and 1 <= each < math.inf for each in prior):
        raise ConfigurationError(f"{where}: prior={prior!r} must be two numbers, each 1 or more")


def _counts(names: Sequence[str], given: Mapping[str, int], of: str) -> dict[str, int]:
    what = {"s": "successes", "f": "failures"}[of]
    if unknown := [name for name in given if name not in names]:
        raise ConfigurationError(f"{what} has {unknown[0]!r}, which is no variant")
    if not all(type(count) is int and count >= 0 for count in given.values()):
        raise ConfigurationError(f"{what} must be whole numbers, zero or more")
    return {name: given.get(name, 0) for name in names}
