"""Distributions agree with those of scipy."""

from __future__ import annotations

import math

import pytest
from scipy import special, stats

from genai_guard.routing.analysis.distributions import (
    chi_square_tail,
    log_beta,
    log_beta_below,
    normal_quantile,
    normal_tail,
    student_quantile,
    student_tail,
)

CLOSE = 1e-9


@pytest.mark.parametrize("z", [-3.0, 0.0, 1.96, 8.0, 30.0])
def test_the_tail_of_the_normal_distribution(z: float) -> None:
    assert normal_tail(z) == pytest.approx(stats.norm.sf(z), rel=CLOSE)


@pytest.mark.parametrize("tail", [0.4, 0.025, 1e-12])
def test_the_quantile_of_the_normal_distribution(tail: float) -> None:
    assert normal_quantile(tail) == pytest.approx(stats.norm.isf(tail), rel=CLOSE)


@pytest.mark.parametrize("df", [1.0, 2.5, 30.0, 1234.5, 1e6])
@pytest.mark.parametrize("t", [-2.0, 0.0, 0.1, 1.96, 20.0])
def test_the_tail_of_students_distribution(t: float, df: float) -> None:
    assert student_tail(t, df=df) == pytest.approx(stats.t.sf(t, df), rel=CLOSE)


@pytest.mark.parametrize("df", [1.0, 2.5, 30.0, 1e6])
@pytest.mark.parametrize("tail", [0.9, 0.5, 0.4, 0.025, 1e-6])
def test_the_quantile_of_students_distribution(tail: float, df: float) -> None:
    assert student_quantile(tail, df=df) == pytest.approx(stats.t.isf(tail, df), rel=CLOSE, abs=1e-12)


def test_without_a_bound_on_its_degrees_of_freedom_it_is_normal() -> None:
    assert student_tail(1.3, df=math.inf) == normal_tail(1.3)
    assert student_quantile(0.1, df=math.inf) == normal_quantile(0.1)


@pytest.mark.parametrize("df", [1, 2, 3, 10, 50])
@pytest.mark.parametrize("x", [0.0, 0.01, 1.0, 5.0, 20.0, 400.0])
def test_the_tail_of_the_chi_square_distribution(x: float, df: int) -> None:
    assert chi_square_tail(x, df=df) == pytest.approx(stats.chi2.sf(x, df), rel=CLOSE)


@pytest.mark.parametrize(
    ("x", "a", "b"),
    [(0.1, 1.0, 9.0), (0.9, 500.0, 30.0), (0.49, 1e5, 1e5), (1e-6, 3.0, 1e6), (0.99, 0.3, 2.0), (0.5, 1.0, 1.0)],
)
def test_the_beta_distribution(x: float, a: float, b: float) -> None:
    assert log_beta_below(x, a=a, b=b) == pytest.approx(math.log(special.betainc(a, b, x)), abs=2e-9)


@pytest.mark.parametrize(("a", "b"), [(1.0, 1.0), (0.5, 3e4), (2e6, 0.5), (5e5, 4e5)])
def test_the_beta_function(a: float, b: float) -> None:
    assert log_beta(a, b) == pytest.approx(special.betaln(a, b), rel=CLOSE)


def test_a_beta_variable_lies_between_0_and_1() -> None:
    assert log_beta_below(0.0, a=2, b=3) == -math.inf
    assert log_beta_below(1.0, a=2, b=3) == 0.0
