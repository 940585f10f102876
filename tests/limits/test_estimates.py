"""What replies have been like, in a sketch."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard.limits import OutputEstimates


def learnt(lengths: list[int], model: str = "m") -> OutputEstimates:
    estimates = OutputEstimates()
    for length in lengths:
        estimates.learn(model, length)
    return estimates


def expected(estimates: OutputEstimates, model: str = "m", max_tokens: int | None = None) -> int:
    return estimates.expected(model, max_tokens=max_tokens, default=256)


@pytest.mark.parametrize(("max_tokens", "reserved"), [(None, 256), (4_096, 4_096), (10, 10)])
def test_with_few_replies_what_is_stated_counts(max_tokens: int | None, reserved: int) -> None:
    assert expected(learnt([5] * 19), max_tokens=max_tokens) == reserved
    assert learnt([5] * 19).known == {}


@pytest.mark.parametrize(("max_tokens", "reserved"), [(None, 5), (4_096, 5), (3, 3)])
def test_then_the_estimate_does_within_what_is_stated(max_tokens: int | None, reserved: int) -> None:
    assert expected(learnt([5] * 20), max_tokens=max_tokens) == reserved


@given(st.lists(st.integers(0, 100_000), min_size=20, max_size=79))
def test_the_estimate_is_the_95th_percentile_and_at_most_an_eighth_more(lengths: list[int]) -> None:
    exact = sorted(lengths)[-(-len(lengths) * 95 // 100) - 1]
    assert exact <= expected(learnt(lengths)) <= exact * 9 / 8


@given(st.integers(0, 2**40))
def test_a_reply_fits_into_an_estimate_of_replies_like_it(length: int) -> None:
    assert length <= expected(learnt([length] * 20)) <= length * 9 / 8


def test_models_are_learnt_apart() -> None:
    estimates = learnt([100] * 50)
    for _ in range(50):
        estimates.learn("other", 7)
    assert (expected(estimates, "other"), expected(estimates, "third")) == (7, 256)
    assert set(estimates.known) == {"m", "other"}
    assert "other" in repr(estimates)


def test_it_follows_a_change_within_a_few_thousand_replies() -> None:
    assert expected(learnt([4_000] * 5_000 + [8] * 5_000)) == 8


def test_the_number_of_models_is_bounded() -> None:
    estimates = OutputEstimates()
    for number in range(300):
        for _ in range(20):
            estimates.learn(str(number), 1)
    assert len(estimates.known) == 256


def test_replies_that_threads_learn_at_once_all_count() -> None:
    estimates = OutputEstimates()
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: estimates.learn("m", number % 10), range(4_000)))
    assert expected(estimates) == 9
    sketch = estimates._sketches["m"]
    assert 500 <= sketch._total + len(sketch.recent) < 1_064
