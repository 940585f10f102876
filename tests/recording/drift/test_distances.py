"""Distances and tests on the standard library say what scipy says."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import spatial, stats

from genai_guard.recording.drift import distances
from genai_guard.recording.drift.significance import (
    chi_squared_test,
    energy_test,
    fisher_exact,
    kolmogorov_tail,
    ks_p_value,
)

SAMPLES = st.lists(st.integers(-20, 20) | st.floats(-5, 5), min_size=1, max_size=40).map(sorted)
COUNTS = st.lists(st.tuples(st.integers(0, 90), st.integers(0, 90)), min_size=2, max_size=6).filter(
    lambda pairs: all(map(sum, zip(*pairs, strict=True)))
)


@settings(max_examples=40)
@given(SAMPLES, SAMPLES)
def test_distances_of_samples_are_those_of_scipy(before: list[float], after: list[float]) -> None:
    at = np.array([*before, *after])
    gaps = stats.ecdf(before).cdf.evaluate(at) - stats.ecdf(after).cdf.evaluate(at)
    assert distances.ks_statistic(before, after) == pytest.approx(abs(gaps).max(), abs=1e-12)
    assert distances.wasserstein(before, after) == pytest.approx(stats.wasserstein_distance(before, after), abs=1e-9)
    auc = stats.mannwhitneyu(after, before).statistic / (len(before) * len(after))
    assert distances.cliffs_delta(before, after) == pytest.approx(2 * auc - 1, abs=1e-12)


@pytest.mark.parametrize(("before", "after"), [(50, 80), (100, 100), (7, 300), (13, 13)])
def test_the_p_value_of_small_samples_is_exact(before: int, after: int) -> None:
    rng = np.random.default_rng(before)
    for shift in (0.0, 0.3, 1.0):
        one, other = rng.normal(size=before), rng.normal(shift, size=after)
        exact = stats.ks_2samp(one, other, method="exact")
        assert ks_p_value(exact.statistic, before=before, after=after) == pytest.approx(exact.pvalue, abs=1e-9)


@pytest.mark.parametrize(("before", "after"), [(2000, 500), (500, 500), (400, 200), (1000, 50)])
def test_the_p_value_of_large_samples_is_a_little_too_large(before: int, after: int) -> None:
    rng = np.random.default_rng(before)
    for shift in (0.0, 0.1, 0.2, 0.3):
        exact = stats.ks_2samp(rng.normal(size=before), rng.normal(shift, size=after), method="exact")
        ours = ks_p_value(exact.statistic, before=before, after=after)
        assert 0.998 * exact.pvalue <= ours <= 1.4 * exact.pvalue + 1e-4


@pytest.mark.parametrize("x", [0.05, 0.2, 0.5, 0.99, 1.0, 1.3, 2.5, 4.0])
def test_the_limit_distribution_is_that_of_kolmogorov(x: float) -> None:
    assert kolmogorov_tail(x) == pytest.approx(stats.kstwobign.sf(x), abs=1e-12)


@settings(max_examples=40)
@given(COUNTS)
def test_distances_of_counts_are_those_of_scipy(pairs: list[tuple[int, int]]) -> None:
    before, after = map(list, zip(*pairs, strict=True))
    p, q = np.array(before) / sum(before), np.array(after) / sum(after)
    js = spatial.distance.jensenshannon(p, q, base=2)
    assert distances.jensen_shannon(before, after) == pytest.approx(float(np.nan_to_num(js)), abs=1e-7)
    assert distances.total_variation(before, after) == pytest.approx(abs(p - q).sum() / 2, abs=1e-12)
    assert distances.l_infinity(before, after) == pytest.approx(abs(p - q).max(), abs=1e-12)


def test_the_population_stability_index_is_the_symmetric_divergence_of_smoothed_shares() -> None:
    before, after = np.array([10, 20, 70]), np.array([30, 30, 0])
    p, q = (before + 0.5) / 101.5, (after + 0.5) / 61.5
    expected = stats.entropy(p, q) + stats.entropy(q, p)
    assert distances.population_stability(before.tolist(), after.tolist()) == pytest.approx(expected, abs=1e-12)


def test_bins_have_equal_counts_and_values_that_repeat_share_one() -> None:
    ordered = [float(value) for value in range(1000)]
    assert distances.histogram(ordered, distances.quantile_edges(ordered)) == [101, *[100] * 8, 99]
    assert distances.histogram([0.0] * 9 + [1.0], distances.quantile_edges([0.0] * 10)) == [9, 1]


def test_the_chi_squared_test_is_that_of_scipy_where_enough_is_expected() -> None:
    found = chi_squared_test([100, 50, 30], [80, 60, 10])
    expected = stats.chi2_contingency([[100, 50, 30], [80, 60, 10]], correction=False)
    assert found == pytest.approx((expected.statistic, expected.pvalue), abs=1e-9)


def test_rare_labels_are_taken_together() -> None:
    rare = chi_squared_test([900, 60, 3, 2, 2], [300, 20, 4, 4, 2])
    expected = stats.chi2_contingency([[900, 60, 7], [300, 20, 10]], correction=False)
    assert rare is not None
    # 4.3 are expected of the rare ones: what decides is the commonest label against all others, exactly
    assert min(expected.expected_freq.ravel()) < 5
    assert rare.p_value == pytest.approx(stats.fisher_exact([[900, 300], [67, 30]]).pvalue, abs=1e-9)


@pytest.mark.parametrize("table", [(3, 9, 500, 400), (0, 5, 2000, 500), (7, 7, 20, 10), (1, 0, 5, 5)])
def test_fishers_test_is_that_of_scipy(table: tuple[int, int, int, int]) -> None:
    one, other, before, after = table
    expected = stats.fisher_exact([[one, other], [before - one, after - other]]).pvalue
    assert fisher_exact(*table) == pytest.approx(expected, abs=1e-9)


def test_one_label_cannot_be_tested() -> None:
    assert chi_squared_test([10, 0], [20, 0]) is None


def test_vectors_that_have_moved_are_told_from_those_that_have_not() -> None:
    rng = np.random.default_rng(4)
    before, same = rng.normal(size=(2, 400, 4)).tolist()
    unmoved = energy_test(before, same)
    moved = energy_test(before, (rng.normal(size=(400, 4)) + 0.4).tolist())
    wider = energy_test(before, (rng.normal(size=(400, 4)) * 1.5).tolist())
    assert unmoved is not None
    assert moved is not None
    assert wider is not None
    assert unmoved[0].p_value > 0.05
    assert max(moved[0].p_value, wider[0].p_value) < 1e-4
    assert 0 <= unmoved[1] < 0.01 < moved[1] < 1


def test_the_test_of_vectors_raises_few_false_alarms() -> None:
    rng = np.random.default_rng(5)
    draws = rng.normal(size=(120, 2, 150, 2)).tolist()
    alarms = sum(found[0].p_value < 0.05 for pair in draws if (found := energy_test(*pair)))
    assert alarms <= 12  # of 120 at 5 %: the chance of more is below 1 %


def test_few_vectors_are_not_tested_and_vectors_that_are_all_the_same_differ_from_others() -> None:
    assert energy_test([[1.0]] * 40, [[2.0]] * 40) is None
    found = energy_test([[1.0]] * 100, [[2.0]] * 100)
    assert found is not None
    assert found[0].p_value == 0.0
    same = energy_test([[1.0]] * 100, [[1.0]] * 100)
    assert same is not None
    assert same[0].p_value == 1.0


def test_rare_labels_do_not_alarm_too_often_far_out() -> None:
    rng, rounds, alpha = np.random.default_rng(6), 40_000, 0.001
    before, after = (rng.multinomial(count, [0.978, 0.011, 0.011], rounds) for count in (5000, 500))
    share = 500 / 5500
    should = (before + after) * share
    pearson = ((after - should) ** 2 / should / (1 - share)).sum(axis=1)
    far = np.flatnonzero(pearson >= -2 * math.log(alpha))  # the p-value of two degrees of freedom
    tests = [chi_squared_test(before[place].tolist(), after[place].tolist()) for place in far]
    assert len(far) > 1.5 * alpha * rounds
    assert sum(test is not None and test.p_value <= alpha for test in tests) <= alpha * rounds
