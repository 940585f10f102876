"""Intervals for any look: their formulas, and how often they miss."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genai_guard.routing.analysis.always_valid import always_valid_critical, always_valid_p, information, mixture_sprt

INFO = st.floats(0.01, 1e5)


def test_the_interval_is_that_of_the_paper() -> None:
    count, target, alpha = 3000.0, 500.0, 0.05
    rho2 = (-2 * math.log(alpha) + math.log(-2 * math.log(alpha) + 1)) / target
    spread = count * rho2 + 1
    width = math.sqrt(2 * spread / (count**2 * rho2) * math.log(math.sqrt(spread) / alpha))
    info = information(count, tuned_for=target, alpha=alpha)
    assert always_valid_critical(info, alpha=alpha) / math.sqrt(count) == pytest.approx(width, rel=1e-12)


def test_the_bound_on_one_side_is_that_of_the_paper() -> None:
    count, target, alpha = 3000.0, 500.0, 0.05
    rho2 = (-2 * math.log(2 * alpha) + math.log(-2 * math.log(2 * alpha) + 1)) / target
    spread = count * rho2 + 1
    width = math.sqrt(2 * spread / (count**2 * rho2) * math.log(1 + math.sqrt(spread) / (2 * alpha)))
    info = information(count, tuned_for=target, alpha=alpha, sides=1)
    assert always_valid_critical(info, alpha=alpha, sides=1) / math.sqrt(count) == pytest.approx(width, rel=1e-12)


def test_the_mixture_test_is_that_of_the_paper() -> None:
    """Johari et al. 2022, equation for the normal mixture: the p-value is one over the likelihood ratio."""
    difference, variance, tau2 = 0.8, 0.05, 0.3
    ratio = math.sqrt(variance / (variance + tau2)) * math.exp(
        tau2 * difference**2 / (2 * variance * (variance + tau2))
    )
    found = mixture_sprt(difference, std_error=math.sqrt(variance), prior_sd=math.sqrt(tau2))
    assert found == pytest.approx(1 / ratio, rel=1e-12)


@settings(max_examples=50)
@given(info=INFO, alpha=st.floats(1e-6, 0.4), sides=st.sampled_from([1, 2]))
def test_the_p_value_at_the_end_of_the_interval_is_alpha(info: float, alpha: float, sides: int) -> None:
    z = always_valid_critical(info, alpha=alpha, sides=sides)
    assert always_valid_p(z, info, sides=sides) == pytest.approx(alpha, rel=1e-9)


@settings(max_examples=50)
@given(info=INFO, z=st.floats(0, 60), more=st.floats(0, 5), sides=st.sampled_from([1, 2]))
def test_what_is_farther_from_the_null_has_no_larger_p(info: float, z: float, more: float, sides: int) -> None:
    assert always_valid_p(z + more, info, sides=sides) <= always_valid_p(z, info, sides=sides)


def test_what_points_the_wrong_way_shows_nothing() -> None:
    assert always_valid_p(-5.0, 10.0, sides=1) == 1.0


@pytest.mark.parametrize("sides", [1, 2])
def test_the_interval_is_wider_than_that_of_a_single_look(sides: int) -> None:
    widths = [always_valid_critical(info, alpha=0.05, sides=sides) for info in (0.1, 1.0, 8.0, 100.0, 1e4)]
    assert min(widths) > {1: 1.645, 2: 1.96}[sides]


@pytest.mark.parametrize("sides", [1, 2])
def test_a_look_after_every_observation_raises_few_false_alarms(sides: int) -> None:
    """The process is normal here, so the level is exact; see `benchmarks/statistics_analysis.py` for other metrics."""
    count = np.arange(1, 2001)
    walks = np.random.default_rng(2).standard_normal((500, count.size)).cumsum(axis=1) / np.sqrt(count)
    bounds = [
        always_valid_critical(information(each, tuned_for=500, alpha=0.05, sides=sides), alpha=0.05, sides=sides)
        for each in count.tolist()
    ]
    crossed = ((np.abs(walks) if sides == 2 else walks) > bounds).any(axis=1).mean()
    peeked = (np.abs(walks) > 1.96).any(axis=1).mean()
    assert 0 < crossed <= 0.05
    assert peeked > 0.4
