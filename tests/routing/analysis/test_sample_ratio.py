"""Whether units arrive in the planned shares."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from genai_guard import ConfigurationError
from genai_guard.routing.analysis import sample_ratio
from genai_guard.routing.srm import srm_log_e


def test_one_look_agrees_with_the_chi_square_test_of_scipy() -> None:
    counts = {"a": 50_600, "b": 29_700, "c": 19_700}
    found = sample_ratio(counts, {"a": 50, "b": 30, "c": 20})
    expected = stats.chisquare(list(counts.values()), [50_000, 30_000, 20_000]).pvalue
    assert found.p == pytest.approx(expected, rel=1e-9)


def test_the_process_is_one_before_anybody_came() -> None:
    assert srm_log_e([0, 0], [0.5, 0.5]) == pytest.approx(0.0, abs=1e-12)


def test_the_mean_of_the_process_is_one() -> None:
    """Over all that ten units can do, exactly."""
    share = 0.3
    total = sum(
        math.comb(10, hits)
        * share**hits
        * (1 - share) ** (10 - hits)
        * math.exp(srm_log_e([hits, 10 - hits], [0.3, 0.7]))
        for hits in range(11)
    )
    assert total == pytest.approx(1.0, rel=1e-9)


def test_the_process_agrees_with_the_distribution_of_scipy() -> None:
    counts, shares = [506, 297, 197], [0.5, 0.3, 0.2]
    mixed = stats.dirichlet_multinomial(1000 * np.array(shares), 1000).logpmf(counts)
    plain = stats.multinomial(1000, shares).logpmf(counts)
    assert srm_log_e(counts, shares) == pytest.approx(mixed - plain, abs=1e-8)


def test_a_hundred_looks_raise_few_alarms_of_the_process_and_many_of_the_chi_square_test() -> None:
    first = np.random.default_rng(6).binomial(1000, 0.5, (200, 100)).cumsum(axis=1)
    always = repeated = 0
    for counts in first.tolist():
        for look, count in enumerate(counts, start=1):
            if srm_log_e([count, look * 1000 - count], [0.5, 0.5]) >= math.log(20):
                always += 1
                break
        repeated += bool(
            (np.abs(np.array(counts) - 500 * np.arange(1, 101)) / np.sqrt(250 * np.arange(1, 101)) > 1.96).any()
        )
    assert always / 200 <= 0.05
    assert repeated / 200 > 0.3


@pytest.mark.parametrize("looks", ["once", "always"])
def test_a_gross_mismatch_is_found(looks: str) -> None:
    found = sample_ratio({"a": 5500, "b": 4500}, {"a": 1, "b": 1}, looks=looks)  # type: ignore[arg-type]
    assert found.mismatch
    assert str(found).startswith("Sample ratio mismatch")
    assert "a 55.00 %, b 45.00 % of 10,000 units, where a 50.00 %, b 50.00 % was planned" in str(found)


def test_what_is_as_planned_is_said_so() -> None:
    assert (
        str(sample_ratio({"a": 5010, "b": 4990}, {"a": 1, "b": 1}))
        == "The 10,000 units are split as planned (p = 0.84)."
    )


@pytest.mark.parametrize(
    ("counts", "shares", "message"),
    [
        ({"a": -1, "b": 3}, {"a": 1, "b": 1}, "zero or more"),
        ({"a": 1.5, "b": 3}, {"a": 1, "b": 1}, "whole numbers"),
        ({"a": 0, "b": 0}, {"a": 1, "b": 1}, "all zero"),
        ({"a": 1, "b": 3}, {"a": 1, "c": 1}, "the same variants"),
        ({"a": 1}, {"a": 1}, "two at least"),
        ({"a": 1, "b": 3}, {"a": 1, "b": 0}, "above zero"),
    ],
)
def test_counts_and_shares_that_cannot_be_are_refused(
    counts: dict[str, int], shares: dict[str, float], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        sample_ratio(counts, shares)


def test_looks_that_there_are_not_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="'once' or 'always'"):
        sample_ratio({"a": 1, "b": 3}, {"a": 1, "b": 1}, looks="twice")  # type: ignore[arg-type]
