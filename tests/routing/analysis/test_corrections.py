"""p-values of several questions."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from genai_guard import ConfigurationError
from genai_guard.routing.analysis import benjamini_hochberg, holm
from genai_guard.routing.analysis.corrections import correct

PAPER = [
    *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590),
    1.0,
]
"""The example of Benjamini and Hochberg, 1995, section 3."""
P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=12)


def test_the_example_of_the_paper_has_four_discoveries_by_bh_and_three_by_holm() -> None:
    assert sum(p <= 0.05 for p in benjamini_hochberg(PAPER)) == 4
    assert sum(p <= 0.05 for p in holm(PAPER)) == 3


def test_holm_agrees_with_statsmodels() -> None:
    """statsmodels 0.15, `multipletests(p, method="holm")`."""
    expected = [0.0015, 0.0056, 0.0247, 0.114, 0.2211, 0.278, 0.278, 0.278, 0.3213, 1, 1, 1, 1, 1, 1]
    assert holm(PAPER) == pytest.approx(expected, rel=1e-12)


@settings(max_examples=40)
@given(P_VALUES)
def test_bh_agrees_with_scipy(p_values: list[float]) -> None:
    assert benjamini_hochberg(p_values) == pytest.approx(stats.false_discovery_control(p_values).tolist(), rel=1e-9)


@given(P_VALUES, st.sampled_from(["holm", "bh"]))
def test_a_correction_never_lowers_a_p_value_and_keeps_their_order(p_values: list[float], how: str) -> None:
    corrected = correct(p_values, how=how)  # type: ignore[arg-type]
    assert all(after >= before for before, after in zip(p_values, corrected, strict=True))
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    assert [corrected[place] for place in order] == sorted(corrected)


@settings(max_examples=40)
@given(P_VALUES)
def test_the_order_of_the_questions_does_not_count(p_values: list[float]) -> None:
    assert sorted(holm(p_values)) == sorted(holm(sorted(p_values)))
    assert sorted(benjamini_hochberg(p_values)) == sorted(benjamini_hochberg(sorted(p_values)))


@settings(max_examples=40)
@given(P_VALUES)
def test_holm_is_at_least_as_strict_as_bh_and_no_stricter_than_bonferroni(p_values: list[float]) -> None:
    bonferroni = [min(1.0, p * len(p_values)) for p in p_values]
    for one, other, worst in zip(benjamini_hochberg(p_values), holm(p_values), bonferroni, strict=True):
        assert one <= other * (1 + 1e-12)
        assert other <= worst * (1 + 1e-12)


def test_a_correction_that_there_is_not_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="must be 'holm' or 'bh'"):
        correct([0.1], how="bonferroni")  # type: ignore[arg-type]
