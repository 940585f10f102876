"""What another way of choosing variants would have brought, from what was logged of the one that was used."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from genai_guard.errors import ConfigurationError
from genai_guard.routing.analysis.distributions import normal_quantile
from genai_guard.routing.analysis.effects import Interval
from genai_guard.routing.analysis.exposures import Seen, find_exposures
from genai_guard.routing.analysis.metric import number_in
from genai_guard.routing.analysis.moments import Moments, ratio_of
from genai_guard.routing.analysis.sources import Row

__all__ = ["Policy", "PolicyValue", "RewardModel", "evaluate_policy"]

Policy: TypeAlias = str | Mapping[str, float] | Callable[[Row], Mapping[str, float]]
"""A variant for everybody, the probability of each variant, or these as a function of the row."""

RewardModel: TypeAlias = Callable[[Row, str], float]
"""The reward that a row would have had with a variant, as far as anybody can tell beforehand."""

MIN_EFFECTIVE: Final = 50.0
"""Rows that the weighted ones must be worth; with fewer no interval holds."""


class _Logged(NamedTuple):
    row: Row
    unit: int
    action: str
    reward: float
    weight: float
    target: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class PolicyValue:
    """The mean reward of a policy.

    Attributes:
        ips: Inverse propensity scoring: unbiased, and the widest (Horvitz and Thompson, 1952).
        snips: Self-normalized: slightly biased, and narrower where weights vary (Swaminathan and Joachims, 2015).
        doubly_robust: With a model of rewards: unbiased whatever the model, and the narrower the better it is (Dudik,
            Langford and Li, 2011).
        logged: The policy that was used.
        rows: Rows that it rests on.
        effective_rows: How many unweighted rows those are worth (Kish, 1965).
        max_weight: Largest weight.
        refused: Why there is no estimate; empty if there is one.
    """

    ips: Interval | None
    snips: Interval | None
    doubly_robust: Interval | None
    logged: Interval
    rows: int
    effective_rows: float
    max_weight: float
    refused: str = ""

    def __str__(self) -> str:
        if self.refused or self.doubly_robust is None:
            return f"The value of the policy cannot be told: {self.refused}."
        value, used = self.doubly_robust, self.logged
        return (
            f"The policy is worth {value.estimate:.4g} ({value.low:.4g} to {value.high:.4g}), the one that was used "
            f"{used.estimate:.4g} ({used.low:.4g} to {used.high:.4g}); {self.rows:,} rows are worth "
            f"{self.effective_rows:,.0f}."
        )


def evaluate_policy(
    data: object,
    policy: Policy,
    *,
    reward: str,
    experiment: str | None = None,
    outcomes: object = None,
    unit: str | None = None,
    variant: str = "variant",
    model: RewardModel | None = None,
    max_weight: float | None = None,
    alpha: float = 0.05,
) -> PolicyValue:
    """Estimate what a policy would have brought, with intervals.

    It takes the propensity of every row: a router, and `ThompsonSampling`, writes it down. Rows of one unit are not
    taken for independent. Intervals are normal.

    Args:
        data: As for `analyze`; a table needs a column `propensity`.
        policy: A variant for everybody, the probability of each variant, or a function from row to these.
        reward: Column with what was gained.
        experiment: As for `analyze`.
        outcomes: As for `analyze`.
        unit: As for `analyze`.
        variant: As for `analyze`.
        model: What a row would have gained with a variant. When None the mean of the variant, taken from the other half
            of the units.
        max_weight: Cap of the weights: less variance, and a bias towards the policy that was used.
        alpha: Probability that an interval misses.

    Raises:
        ConfigurationError: no propensities, one that is not above zero and at most 1, probabilities of the policy that
            do not add up to 1, a variant that was never given, or anything that `analyze` refuses to read.
    """
    if not 0 < alpha < 1:
        raise ConfigurationError(f"alpha={alpha!r} must lie between 0 and 1")
    if max_weight is not None and not max_weight > 0:
        raise ConfigurationError(f"max_weight={max_weight!r} must be above zero")
    found = find_exposures(data, experiment=experiment, unit=unit, variant=variant, time=None, outcomes=outcomes)
    rows = list(_logged(found.seen, policy, reward, max_weight))
    if not rows:
        raise ConfigurationError(f"no row has a number in {reward!r}")
    weights = [each.weight for each in rows]
    total, squares = math.fsum(weights), math.fsum(weight * weight for weight in weights)
    effective = total * total / squares if squares else 0.0
    ones = [1.0] * len(rows)
    used = _interval(_clustered(rows, [each.reward for each in rows], ones), alpha)
    largest = max(weights)
    if effective < MIN_EFFECTIVE:
        reason = f"{len(rows):,} rows are worth {effective:.1f} under its weights, {MIN_EFFECTIVE:.0f} are needed"
        return PolicyValue(None, None, None, used, len(rows), effective, largest, reason)
    weighted = [each.weight * each.reward for each in rows]
    return PolicyValue(
        ips=_interval(_clustered(rows, weighted, ones), alpha),
        snips=_interval(_clustered(rows, weighted, weights), alpha),
        doubly_robust=_interval(_clustered(rows, _robust(rows, model or _means(rows)), ones), alpha),
        logged=used,
        rows=len(rows),
        effective_rows=effective,
        max_weight=largest,
    )


def _logged(seen: Sequence[Seen], policy: Policy, reward: str, cap: float | None) -> Iterator[_Logged]:
    given = {each.given for each in seen}
    for each in seen:
        value = number_in(each.row, reward)
        if value is None:
            continue
        propensity = each.propensity
        if propensity is None or not 0 < propensity <= 1:
            raise ConfigurationError("a row has no propensity, or one that is not above 0 and at most 1")
        target = _probabilities(policy, each.row, given)
        weight = target.get(each.given, 0.0) / propensity
        yield _Logged(each.row, each.unit, each.given, value, weight if cap is None else min(cap, weight), target)


def _probabilities(policy: Policy, row: Row, given: set[str]) -> Mapping[str, float]:
    if isinstance(policy, str):
        target: Mapping[str, float] = {policy: 1.0}
    else:
        target = policy(row) if callable(policy) else policy
    if not math.isclose(math.fsum(target.values()), 1.0, abs_tol=1e-9) or min(target.values()) < 0:
        raise ConfigurationError("the probabilities of a policy must be zero or more, and add up to 1")
    if never := sorted(name for name, share in target.items() if share > 0 and name not in given):
        raise ConfigurationError(f"the variant {never[0]!r} was never given: nothing is known of it")
    return target


def _means(rows: Sequence[_Logged]) -> RewardModel:
    """Return the mean of each variant, for a unit from the half that it is not in: no row helps to predict itself."""
    sums: dict[tuple[int, str], list[float]] = {}
    for each in rows:
        sums.setdefault((each.unit % 2, each.action), []).append(each.reward)
    overall = math.fsum(each.reward for each in rows) / len(rows)
    half_of = {id(each.row): each.unit % 2 for each in rows}
    means = {key: math.fsum(values) / len(values) for key, values in sums.items()}
    return lambda row, action: means.get((1 - half_of[id(row)], action), overall)


def _robust(rows: Sequence[_Logged], model: RewardModel) -> list[float]:
    return [
        math.fsum(share * model(each.row, action) for action, share in each.target.items())
        + each.weight * (each.reward - model(each.row, each.action))
        for each in rows
    ]


def _clustered(rows: Sequence[_Logged], values: Sequence[float], weights: Sequence[float]) -> Moments:
    sums: dict[int, float] = {}
    counts: dict[int, float] = {}
    for each, value, weight in zip(rows, values, weights, strict=True):
        sums[each.unit] = sums.get(each.unit, 0.0) + value
        counts[each.unit] = counts.get(each.unit, 0.0) + weight
    return ratio_of(list(sums.values()), list(counts.values()), calls=len(rows))


def _interval(moments: Moments, alpha: float) -> Interval:
    half = normal_quantile(alpha / 2) * moments.std_error
    return Interval(moments.estimate, moments.estimate - half, moments.estimate + half)
