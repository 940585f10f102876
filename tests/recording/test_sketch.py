from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard.recording.sketch import NEGLIGIBLE, RELATIVE_ERROR, bucket, merge, quantiles

seconds = st.floats(min_value=1.1e-9, max_value=1e9, allow_nan=False)
shares = st.floats(min_value=0.001, max_value=1.0)


def exact(values: list[float], share: float) -> float:
    return sorted(values)[max(1, math.ceil(share * len(values) - 1e-9)) - 1]


@given(st.lists(seconds, min_size=1, max_size=300), shares)
def test_a_quantile_is_within_one_percent_of_the_exact_one(values: list[float], share: float) -> None:
    (found,) = quantiles(Counter(map(bucket, values)), (share,))

    assert found == pytest.approx(exact(values, share), rel=RELATIVE_ERROR)


@pytest.mark.parametrize("distribution", ["lognormal", "uniform", "exponential", "pareto", "two modes"])
def test_the_usual_quantiles_of_many_values_are_within_one_percent(distribution: str) -> None:
    source = random.Random(distribution)
    draw: dict[str, Callable[[], float]] = {
        "lognormal": lambda: source.lognormvariate(-0.7, 0.8),
        "uniform": lambda: source.uniform(0.05, 3),
        "exponential": lambda: source.expovariate(2),
        "pareto": lambda: source.paretovariate(1.2) / 10,
        "two modes": lambda: source.gauss(0.02, 0.001) if source.random() < 0.9 else source.gauss(8, 1),
    }
    values = [draw[distribution]() for _ in range(20_000)]

    found = quantiles(Counter(map(bucket, values)), (0.5, 0.95, 0.99, 0.999))

    assert found == pytest.approx([exact(values, share) for share in (0.5, 0.95, 0.99, 0.999)], rel=RELATIVE_ERROR)


@given(st.lists(seconds, max_size=100), st.lists(seconds, max_size=100))
def test_the_sketch_of_two_lists_is_the_sum_of_theirs(first: list[float], second: list[float]) -> None:
    merged = dict(Counter(map(bucket, first)))
    merge(merged, Counter(map(bucket, second)))

    assert merged == Counter(map(bucket, first + second))


@given(seconds)
def test_a_bucket_shared_with_a_negligibly_smaller_value_keeps_the_promise(value: float) -> None:
    (found,) = quantiles({bucket(value): 1}, (0.5,))

    assert found == pytest.approx(value * (1 - 1 / NEGLIGIBLE), rel=RELATIVE_ERROR)


def test_without_values_there_are_no_quantiles() -> None:
    assert quantiles({}, (0.5, 0.99)) == (None, None)


@pytest.mark.parametrize("nothing", [0.0, -1.0, -math.inf, 1e-10])
def test_zero_and_what_is_below_counts_as_zero(nothing: float) -> None:
    assert quantiles({bucket(nothing): 3}, (0.5,)) == (0.0,)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_no_duration_is_refused(value: float) -> None:
    with pytest.raises((ValueError, OverflowError)):
        bucket(value)


def test_the_p99_is_above_a_threshold_exactly_if_more_than_one_in_a_hundred_is() -> None:
    fast, slow = bucket(0.1), bucket(1.0)

    at_the_limit, above_it = {fast: 990, slow: 10}, {fast: 989, slow: 11}

    assert quantiles(at_the_limit, (0.99,))[0] == pytest.approx(0.1, rel=RELATIVE_ERROR)
    assert quantiles(above_it, (0.99,))[0] == pytest.approx(1.0, rel=RELATIVE_ERROR)
