"""Bounds for planned looks are those of the literature, and cross as often as they say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from genai_guard.routing.analysis.group_bounds import boundary, crossing_probability, drift_for, fractions_of, group_p

POCOCK = {2: 2.178, 5: 2.413, 10: 2.555}
OBRIEN_FLEMING = {2: 1.977, 5: 2.040, 10: 2.087}


@pytest.mark.parametrize("looks", [2, 5, 10])
def test_pococks_bounds_are_the_published_ones(looks: int) -> None:
    bounds = boundary(fractions_of(looks), shape="pocock", alpha=0.05)
    assert bounds == pytest.approx([POCOCK[looks]] * looks, abs=5e-4)


@pytest.mark.parametrize("looks", [2, 5, 10])
def test_the_bounds_of_obrien_and_fleming_are_the_published_ones(looks: int) -> None:
    bounds = boundary(fractions_of(looks), shape="obrien_fleming", alpha=0.05)
    expected = [OBRIEN_FLEMING[looks] * math.sqrt(looks / number) for number in range(1, looks + 1)]
    assert bounds == pytest.approx(expected, rel=3e-4)


@pytest.mark.parametrize(("sides", "shape"), [(1, "pocock"), (2, "pocock"), (1, "obrien_fleming")])
def test_bounds_are_crossed_with_probability_alpha(sides: int, shape: str) -> None:
    fractions = (0.2, 0.5, 1.0)
    bounds = boundary(fractions, shape=shape, alpha=0.01, sides=sides)  # type: ignore[arg-type]
    assert crossing_probability(fractions, bounds, sides=sides) == pytest.approx(0.01, rel=1e-9)


def test_a_simulation_crosses_as_often() -> None:
    fractions = (0.3, 0.6, 1.0)
    bounds = np.array(boundary(fractions, shape="pocock", alpha=0.1))
    steps = np.sqrt(np.diff([0.0, *fractions]))
    walks = (np.random.default_rng(1).standard_normal((100_000, 3)) * steps).cumsum(axis=1) / np.sqrt(fractions)
    crossed = (np.abs(walks) > bounds).any(axis=1).mean()
    assert crossed == pytest.approx(0.1, abs=0.004)


def test_one_look_is_a_fixed_test() -> None:
    assert boundary((1.0,), shape="pocock", alpha=0.05) == pytest.approx([1.959963984540054], abs=1e-9)


@pytest.mark.parametrize("drift", [0.0, 1.0, 3.0])
def test_crossing_agrees_with_the_multivariate_normal_distribution_of_scipy(drift: float) -> None:
    fractions, bounds = np.array([0.2, 0.5, 1.0]), np.array([2.9, 2.5, 2.1])
    covariance = np.sqrt(np.minimum.outer(fractions, fractions) / np.maximum.outer(fractions, fractions))
    within = stats.multivariate_normal(mean=drift * np.sqrt(fractions), cov=covariance, abseps=1e-5, seed=1)
    expected = 1 - within.cdf(bounds, lower_limit=-bounds)
    assert crossing_probability(fractions.tolist(), bounds.tolist(), drift=drift) == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize("power", [0.5, 0.8, 0.99])
def test_the_drift_for_a_power_has_that_power(power: float) -> None:
    fractions = fractions_of(4)
    bounds = boundary(fractions, shape="obrien_fleming", alpha=0.05)
    drift = drift_for(fractions, bounds=bounds, power=power)
    assert crossing_probability(fractions, bounds, drift=drift) == pytest.approx(power, abs=1e-8)


@pytest.mark.parametrize("shape", ["pocock", "obrien_fleming"])
@pytest.mark.parametrize("look", [1, 3, 5])
def test_the_p_value_at_the_bound_is_alpha(shape: str, look: int) -> None:
    fractions = fractions_of(5)
    bound = boundary(fractions, shape=shape, alpha=0.05)[look - 1]  # type: ignore[arg-type]
    assert group_p(-bound, look=look, fractions=fractions, shape=shape) == pytest.approx(0.05, abs=1e-8)  # type: ignore[arg-type]


def test_what_points_the_wrong_way_shows_nothing() -> None:
    assert group_p(-3.0, look=1, fractions=fractions_of(2), shape="pocock", sides=1) == 1.0
