"""Two variants against each other."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from genai_guard import ConfigurationError
from genai_guard.routing.analysis import (
    AlwaysValid,
    Effect,
    Fixed,
    GroupSequential,
    Moments,
    compare,
    proportion_of,
    ratio_of,
)
from genai_guard.routing.analysis.effects import Alternative, SignificanceTest

ONE = [number**1.3 for number in range(40)]
OTHER = [number**1.25 + 1 for number in range(50)]
TESTS: list[SignificanceTest] = [Fixed(), AlwaysValid(5000), GroupSequential((0.25, 0.5, 1.0), 2, "obrien_fleming")]
MOMENTS = st.builds(
    lambda estimate, variance, units: Moments(estimate, variance, units, units, units - 1.0),
    st.floats(-100, 100),
    st.floats(0.01, 100),
    st.integers(30, 10_000),
)


def mean(values: list[float]) -> Moments:
    return ratio_of(values, [1.0] * len(values))


def test_means_agree_with_the_test_of_welch_in_scipy() -> None:
    found = compare(mean(ONE), mean(OTHER), test=Fixed())
    expected = stats.ttest_ind(ONE, OTHER, equal_var=False)
    assert found.p == pytest.approx(expected.pvalue, rel=1e-9)
    interval = expected.confidence_interval(0.95)
    assert found.difference[1:] == pytest.approx((interval.low, interval.high), rel=1e-9)


def test_means_agree_with_statsmodels() -> None:
    """statsmodels 0.15, `CompareMeans(...).ttest_ind` and `tconfint_diff`, `usevar="unequal"`."""
    found = compare(mean(ONE), mean(OTHER), test=Fixed())
    assert found.p == pytest.approx(0.34016251983074625, rel=1e-9)
    assert found.difference[1:] == pytest.approx((-23.58578214234761, 8.232788403329522), rel=1e-9)


@pytest.mark.parametrize("alternative", ["greater", "less"])
def test_one_side_agrees_with_scipy(alternative: Alternative) -> None:
    found = compare(mean(ONE), mean(OTHER), test=Fixed(), alternative=alternative)
    expected = stats.ttest_ind(ONE, OTHER, equal_var=False, alternative=alternative)
    assert found.p == pytest.approx(expected.pvalue, rel=1e-9)
    interval = expected.confidence_interval(0.95)
    assert found.difference[1:] == pytest.approx((interval.low, interval.high), rel=1e-9)


def test_shares_agree_with_statsmodels() -> None:
    """statsmodels 0.15, `test_proportions_2indep` and `confint_proportions_2indep`, method wald, compare diff."""
    found = compare(proportion_of(560, 5000), proportion_of(500, 5000), test=Fixed())
    assert found.p == pytest.approx(0.05124172682781751, rel=1e-9)
    assert found.difference[1:] == pytest.approx((-6.472065431625991e-05, 0.024064720654316252), rel=1e-9)


def test_the_relative_interval_is_fiellers() -> None:
    """Its ends are the factors at which the distance is exactly the critical one."""
    one, other = proportion_of(560, 5000), proportion_of(500, 5000)
    found = compare(one, other, test=Fixed()).relative
    assert found is not None
    for end in found[1:]:
        distance = (one.estimate - (1 + end) * other.estimate) / math.sqrt(
            one.variance + (1 + end) ** 2 * other.variance
        )
        assert abs(distance) == pytest.approx(1.959963984540054, rel=1e-9)


def test_there_is_no_relative_difference_from_what_may_be_zero() -> None:
    assert compare(Moments(1, 0.1, 50, 50), Moments(0.1, 0.1, 50, 50), test=Fixed()).relative is None


@pytest.mark.parametrize("test", TESTS)
@settings(max_examples=25)
@given(one=MOMENTS, other=MOMENTS)
def test_swapping_the_variants_flips_the_sign(test: SignificanceTest, one: Moments, other: Moments) -> None:
    found, swapped = compare(one, other, test=test), compare(other, one, test=test)
    assert swapped.p == pytest.approx(found.p, rel=1e-9)
    assert swapped.difference.low == pytest.approx(-found.difference.high, rel=1e-9)
    assert swapped.difference.high == pytest.approx(-found.difference.low, rel=1e-9)


@pytest.mark.parametrize("test", TESTS)
@settings(max_examples=25)
@given(one=MOMENTS, other=MOMENTS, scale=st.sampled_from([1e-3, 60.0, 1e6]))
def test_another_unit_of_measure_changes_no_p_value(
    test: SignificanceTest, one: Moments, other: Moments, scale: float
) -> None:
    found = compare(one, other, test=test)
    scaled = compare(*(_scaled(each, scale) for each in (one, other)), test=test)
    assert scaled.p == pytest.approx(found.p, rel=1e-9)
    assert scaled.difference.low == pytest.approx(found.difference.low * scale, rel=1e-9)
    if found.relative is not None and scaled.relative is not None:
        assert scaled.relative == pytest.approx(found.relative, rel=1e-6, abs=1e-9)


def _scaled(moments: Moments, scale: float) -> Moments:
    return moments._replace(estimate=moments.estimate * scale, variance=moments.variance * scale**2)


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
def test_p_is_below_alpha_exactly_where_the_interval_leaves_the_null_out(
    test: SignificanceTest, alternative: Alternative
) -> None:
    control = Moments(50.0, 1.0, 800, 800, 799.0)
    for estimate in np.arange(40.0, 60.0, 0.7):
        found = compare(control._replace(estimate=float(estimate)), control, test=test, alternative=alternative)
        for interval in (found.difference, found.relative):
            assert interval is not None
            assert (found.p < 0.05) == (not interval.low <= 0 <= interval.high)


@pytest.mark.parametrize(("alternative", "sign"), [("greater", -1), ("less", 1)])
def test_what_lies_within_the_margin_is_not_worse(alternative: Alternative, sign: int) -> None:
    control = Moments(100.0, 1.0, 800, 800, 799.0)
    for estimate in np.arange(85.0, 115.0, 0.7):
        found = compare(
            control._replace(estimate=float(estimate)), control, test=Fixed(), alternative=alternative, margin=5.0
        )
        end = found.difference.low if sign < 0 else -found.difference.high
        assert (found.p < 0.05) == (end > -5.0)


@pytest.mark.parametrize(("alternative", "sign"), [("greater", -1), ("less", 1)])
def test_a_relative_margin_goes_by_the_relative_interval(alternative: Alternative, sign: int) -> None:
    control = Moments(100.0, 1.0, 800, 800)
    for estimate in np.arange(85.0, 115.0, 0.7):
        found = compare(
            control._replace(estimate=float(estimate)),
            control,
            test=Fixed(),
            alternative=alternative,
            relative_margin=0.05,
        )
        assert found.relative is not None
        end = found.relative.low if sign < 0 else -found.relative.high
        assert (found.p < 0.05) == (end > -0.05)


def test_a_margin_needs_a_direction() -> None:
    with pytest.raises(ConfigurationError, match="the direction that is good"):
        compare(mean(ONE), mean(OTHER), test=Fixed(), margin=1.0)


def test_what_does_not_vary_cannot_be_tested() -> None:
    with pytest.raises(ConfigurationError, match="no variance"):
        compare(Moments(1, 0, 50, 50), Moments(2, 0, 50, 50), test=Fixed())


def test_tests_for_more_looks_have_wider_intervals() -> None:
    def width(found: Effect) -> float:
        return found.difference.high - found.difference.low

    arms = proportion_of(560, 5000), proportion_of(500, 5000)
    fixed, always, group = (width(compare(*arms, test=test)) for test in TESTS)
    assert fixed < group < always
