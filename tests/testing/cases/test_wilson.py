from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard import ConfigurationError
from genai_guard.testing.cases import wilson

PUBLISHED = [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]
"""R. G. Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17 (1998), table I."""


@pytest.mark.parametrize(("hits", "trials", "low", "high"), PUBLISHED)
def test_the_interval_is_the_published_one(hits: int, trials: int, low: float, high: float) -> None:
    rate = wilson(hits, trials)
    assert (round(rate.low, 4), round(rate.high, 4)) == (low, high)


@given(st.integers(1, 10_000).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials))))
def test_the_share_is_in_its_interval_and_that_within_0_and_1(counts: tuple[int, int]) -> None:
    rate = wilson(*counts)
    assert 0 <= rate.low <= rate.value <= rate.high <= 1


@given(st.integers(1, 500).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials))))
def test_hits_and_misses_mirror_each_other(counts: tuple[int, int]) -> None:
    hits, trials = counts
    rate, mirrored = wilson(hits, trials), wilson(trials - hits, trials)
    assert math.isclose(rate.low, 1 - mirrored.high, abs_tol=1e-12)


def test_more_trials_are_surer() -> None:
    assert wilson(1, 10).high > wilson(10, 100).high > wilson(100, 1000).high


def test_more_confidence_takes_a_wider_interval() -> None:
    assert wilson(5, 10, confidence=0.99).high > wilson(5, 10).high


def test_without_trials_nothing_is_known() -> None:
    rate = wilson(0, 0)
    assert (rate.low, rate.high, str(rate)) == (0.0, 1.0, "-")
    assert math.isnan(rate.value)


def test_a_rate_is_shown_in_per_cent() -> None:
    assert str(wilson(81, 263)) == "30.8 % (25.5-36.6)"


@pytest.mark.parametrize(("hits", "trials"), [(2, 1), (-1, 3)])
def test_more_hits_than_trials_are_refused(hits: int, trials: int) -> None:
    with pytest.raises(ConfigurationError, match="how many came up"):
        wilson(hits, trials)


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95.0])
def test_a_confidence_that_is_no_probability_is_refused(confidence: float) -> None:
    with pytest.raises(ConfigurationError, match="between 0 and 1"):
        wilson(1, 2, confidence=confidence)
