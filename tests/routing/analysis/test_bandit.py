"""Thompson sampling: probabilities that are known, and choices that are the same everywhere."""

from __future__ import annotations

import math
from collections import Counter

import mmh3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genai_guard import ConfigurationError, Experiment, Variant
from genai_guard.routing.analysis import ThompsonSampling

COUNTS = st.integers(0, 400)


def probability_that_b_is_better(a: tuple[int, int], b: tuple[int, int]) -> float:
    """The closed sum for two beta distributions (Miller, Formulas for Bayesian A/B testing, 2014)."""

    def log_beta(x: float, y: float) -> float:
        return math.lgamma(x) + math.lgamma(y) - math.lgamma(x + y)

    return sum(
        math.exp(log_beta(a[0] + i, a[1] + b[1]) - math.log(b[1] + i) - log_beta(1 + i, b[1]) - log_beta(*a))
        for i in range(b[0])
    )


@settings(max_examples=25)
@given(COUNTS, COUNTS, COUNTS, COUNTS)
def test_the_probability_of_being_best_is_exact(s0: int, f0: int, s1: int, f1: int) -> None:
    bandit = ThompsonSampling("x", ["a", "b"], successes={"a": s0, "b": s1}, failures={"a": f0, "b": f1}, floor=1e-9)
    expected = probability_that_b_is_better((s0 + 1, f0 + 1), (s1 + 1, f1 + 1))
    assert bandit.propensities["b"] == pytest.approx(expected, abs=1e-8)


def test_at_first_all_variants_are_alike() -> None:
    assert list(ThompsonSampling("x", ["a", "b", "c"]).propensities.values()) == pytest.approx([1 / 3] * 3, abs=1e-9)


def test_a_better_variant_gets_more_and_none_less_than_the_floor() -> None:
    bandit = ThompsonSampling("x", ["a", "b"]).updated(successes={"b": 900, "a": 1}, failures={"a": 900})
    assert bandit.propensities["a"] == pytest.approx(0.01, abs=1e-9)
    assert sum(bandit.propensities.values()) == 1.0


def test_units_are_given_variants_as_often_as_the_propensities_say() -> None:
    bandit = ThompsonSampling("x", ["a", "b"], successes={"b": 3}, failures={"a": 2})
    counts = Counter(bandit.choose(unit).variant for unit in range(20_000))
    assert counts["b"] / 20_000 == pytest.approx(bandit.propensities["b"], abs=0.015)


def test_a_choice_is_the_same_for_everybody_who_asks() -> None:
    """The bucket is that of the hash specification."""
    choice = ThompsonSampling("x", ["a", "b"]).choose("u-42")
    assert choice == ThompsonSampling("x", ["a", "b"]).choose("u-42")
    assert choice == ("b", 0.5, mmh3.hash("x.variant:unit:u-42", signed=False))


def test_its_weights_make_an_experiment_that_splits_alike() -> None:
    bandit = ThompsonSampling("x", ["a", "b"], successes={"b": 40}, failures={"a": 40})
    experiment = Experiment("x", *(Variant(name, weight=weight) for name, weight in bandit.weights.items()))
    assert experiment.shares == pytest.approx(dict(bandit.propensities), abs=2e-6)


def test_updating_adds_to_what_is_known() -> None:
    once = ThompsonSampling("x", ["a", "b"]).updated(successes={"a": 2}, failures={"b": 3})
    assert once == ThompsonSampling("x", ["a", "b"], successes={"a": 2}, failures={"b": 3})
    assert once.updated(successes={"a": 1}).successes["a"] == 3


def test_a_unit_that_identifies_nobody_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="unit must be"):
        ThompsonSampling("x", ["a", "b"]).choose("")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"variants": ["a"]}, "two or more"),
        ({"variants": ["a", "a"]}, "a name of its own"),
        ({"name": "a:b"}, "letters from A to Z"),
        ({"floor": 0.0}, "floor="),
        ({"floor": 0.6}, "floor="),
        ({"prior": (0.5, 1)}, "prior="),
        ({"successes": {"c": 1}}, "which is no variant"),
        ({"failures": {"a": -1}}, "zero or more"),
        ({"failures": {"a": 1.5}}, "whole numbers"),
    ],
)
def test_settings_that_cannot_be_are_refused(more: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        ThompsonSampling(**({"name": "x", "variants": ["a", "b"]} | more))  # type: ignore[arg-type]
