"""Variants summed up: means, shares, ratios, quantiles, and what a covariate takes away."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from genai_guard import ConfigurationError
from genai_guard.routing.analysis import mean_of, proportion_of, quantile_interval, quantile_of, ratio_of
from genai_guard.routing.analysis.moments import adjusted

RNG = np.random.default_rng(4)
VALUES = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30)


def test_one_call_a_unit_is_the_ordinary_mean_and_variance() -> None:
    values = RNG.lognormal(size=200)
    found = ratio_of(values.tolist(), [1.0] * 200)
    assert found.estimate == pytest.approx(values.mean(), rel=1e-12)
    assert found.std_error == pytest.approx(stats.sem(values), rel=1e-12)
    assert found.skewness == pytest.approx(stats.skew(values), rel=1e-9)
    assert (found.units, found.df) == (200, 199)


def test_the_variance_of_a_ratio_is_that_of_the_delta_method() -> None:
    weights = RNG.integers(1, 9, size=300).astype(float)
    sums = weights * 3 + RNG.normal(size=300)
    ratio = sums.mean() / weights.mean()
    covariance = np.cov(sums, weights)
    variance = (covariance[0, 0] - 2 * ratio * covariance[0, 1] + ratio**2 * covariance[1, 1]) / weights.mean() ** 2
    found = ratio_of(sums.tolist(), weights.tolist())
    assert found.estimate == pytest.approx(ratio, rel=1e-12)
    assert found.variance == pytest.approx(variance / 300, rel=1e-9)


def test_calls_of_one_unit_are_not_taken_for_independent() -> None:
    means = RNG.normal(size=100).tolist()
    ten_calls = ratio_of([10 * mean for mean in means], [10.0] * 100)
    assert ten_calls.variance == pytest.approx(ratio_of(means, [1.0] * 100).variance, rel=1e-9)
    assert (ten_calls.units, ten_calls.calls) == (100, 1000)


@settings(max_examples=40)
@given(VALUES)
def test_the_order_of_units_changes_no_digit(values: list[float]) -> None:
    ones = [1.0] * len(values)
    assert ratio_of(sorted(values), ones) == ratio_of(values, ones)


def test_a_share_has_the_variance_of_a_share() -> None:
    found = proportion_of(30, 200)
    assert (found.estimate, found.rarer) == (0.15, 30)
    assert found.variance == pytest.approx(0.15 * 0.85 / 200, rel=1e-12)


def test_a_mean_is_summed_up_from_its_deviation() -> None:
    assert mean_of(10.0, sd=2.0, units=100).std_error == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("hits", "units"), [(-1, 10), (11, 10), (0, 0), (1.5, 10), (True, 10), (float("nan"), 10), (0, -3)]
)
def test_counts_that_cannot_be_are_refused(hits: int, units: int) -> None:
    with pytest.raises(ConfigurationError, match="hits"):
        proportion_of(hits, units)


@pytest.mark.parametrize(
    ("mean", "sd", "units"), [(math.nan, 1.0, 9), (1.0, -1.0, 9), (1.0, math.inf, 9), (1.0, 1.0, 1)]
)
def test_a_mean_that_cannot_be_is_refused(mean: float, sd: float, units: int) -> None:
    with pytest.raises(ConfigurationError, match="mean and sd"):
        mean_of(mean, sd=sd, units=units)


def test_a_denominator_of_zero_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="add up to zero"):
        ratio_of([1.0, 2.0], [0.0, 0.0])


# --- covariates -------------------------------------------------------------------------------------------------------


def arms_with_a_covariate() -> tuple[list[tuple[list[float], list[float], list[float]]], np.ndarray]:
    treated = RNG.random(400) < 0.5
    before = RNG.normal(size=400)
    values = 2 * before + 0.3 * treated + RNG.normal(size=400)
    arms = [(values[mask].tolist(), [1.0] * int(mask.sum()), before[mask].tolist()) for mask in (treated, ~treated)]
    design = np.column_stack([np.ones(400), treated, before])
    return arms, np.linalg.lstsq(design, values, rcond=None)[0]


def test_the_difference_is_that_of_the_analysis_of_covariance() -> None:
    arms, coefficients = arms_with_a_covariate()
    (treatment, control), theta = adjusted(arms)
    assert treatment.estimate - control.estimate == pytest.approx(coefficients[1], rel=1e-9)
    assert theta == pytest.approx(coefficients[2], rel=1e-9)


def test_a_covariate_takes_away_the_share_of_the_variance_that_it_explains() -> None:
    arms, _ = arms_with_a_covariate()
    moments, _ = adjusted(arms)
    for found, (values, _, before) in zip(moments, arms, strict=True):
        explained = np.corrcoef(values, before)[0, 1] ** 2
        assert found.variance == pytest.approx((1 - explained) * stats.sem(values) ** 2, rel=0.02)


def test_a_covariate_that_is_the_same_for_all_changes_nothing() -> None:
    values = RNG.normal(size=20).tolist()
    moments, theta = adjusted([(values, [1.0] * 20, [5.0] * 20)])
    assert theta == 0
    assert moments[0].estimate == ratio_of(values, [1.0] * 20).estimate


# --- quantiles --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.95, 0.99])
def test_a_quantile_is_that_of_numpy(quantile: float) -> None:
    values = RNG.lognormal(size=777)
    found = quantile_of(values.tolist(), list(range(777)), quantile=quantile)
    assert found.estimate == pytest.approx(np.quantile(values, quantile), rel=1e-12)


def test_the_variance_of_a_quantile_is_about_that_of_theory() -> None:
    values = RNG.normal(size=20_000)
    found = quantile_of(values.tolist(), list(range(20_000)), quantile=0.9)
    density = stats.norm.pdf(stats.norm.ppf(0.9))
    assert found.std_error == pytest.approx(math.sqrt(0.09 / 20_000) / density, rel=0.1)


def test_calls_of_one_unit_widen_a_quantile() -> None:
    units = RNG.normal(size=500).repeat(10).tolist()
    whose = [number // 10 for number in range(5000)]
    apart = quantile_of(units, list(range(5000)), quantile=0.8)
    together = quantile_of(units, whose, quantile=0.8)
    assert together.estimate == apart.estimate
    assert together.std_error / apart.std_error == pytest.approx(math.sqrt(10), rel=0.35)


def test_too_few_calls_beyond_a_quantile_are_told() -> None:
    assert quantile_of([1.0, 2.0, 3.0], [0, 1, 2], quantile=0.99).rarer == 0


@pytest.mark.parametrize(("count", "quantile"), [(30, 0.5), (200, 0.95), (59, 0.95)])
def test_the_interval_of_a_quantile_covers_it_exactly_often_enough(count: int, quantile: float) -> None:
    """The ranks that it takes depend on nothing but the count: so the coverage is a binomial probability."""
    ranks = [float(rank) for rank in range(1, count + 1)]
    low, high = quantile_interval(ranks, quantile=quantile, alpha=0.05)
    below = stats.binom.cdf(low - 1 if low > -math.inf else -1, count, quantile)
    above = stats.binom.sf(high - 1, count, quantile) if high < math.inf else 0.0
    assert below <= 0.025
    assert above <= 0.025
    if low > -math.inf:
        assert stats.binom.cdf(low, count, quantile) > 0.025


def test_an_end_that_few_values_cannot_give_is_infinite() -> None:
    assert quantile_interval([1.0, 2.0, 3.0], quantile=0.95) == (2.0, math.inf)


def test_the_interval_of_no_values_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="must not be empty"):
        quantile_interval([], quantile=0.5)
