from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard.recording.binomial import tail


def by_definition(hits: int, trials: int, share: float) -> float:
    return math.fsum(math.comb(trials, k) * share**k * (1 - share) ** (trials - k) for k in range(hits, trials + 1))


@given(st.integers(1, 200), st.integers(0, 200), st.floats(0.001, 0.999))
def test_it_is_the_sum_of_the_definition(trials: int, hits: int, share: float) -> None:
    hits = min(hits, trials)

    assert tail(hits, trials, share) == pytest.approx(by_definition(hits, trials, share), rel=1e-8, abs=1e-12)


@pytest.mark.parametrize(
    ("hits", "trials", "share", "expected"),
    [(1, 20, 0.01, 0.18209), (2, 20, 0.01, 0.01686), (5, 10, 0.5, 0.62305), (20, 1000, 0.01, 0.00331)],
)
def test_it_agrees_with_published_tables(hits: int, trials: int, share: float, expected: float) -> None:
    assert tail(hits, trials, share) == pytest.approx(expected, abs=5e-5)


def test_it_holds_for_more_calls_than_a_window_has() -> None:
    assert tail(10_000, 1_000_000, 0.01) == pytest.approx(0.5, abs=0.01)
    assert tail(20_000, 1_000_000, 0.01) == 0.0
    assert tail(1, 1_000_000, 0.01) == 1.0
