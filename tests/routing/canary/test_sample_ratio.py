"""The e-process of sample ratios: exact where it can be counted out."""

from __future__ import annotations

import math
from itertools import product

import pytest

from genai_guard.routing.srm import SRM_ALPHA, srm_log_e


@pytest.mark.parametrize("planned", [(0.5, 0.5), (0.99, 0.01), (0.5, 0.3, 0.2)])
def test_the_expectation_is_one_while_units_arrive_as_planned(planned: tuple[float, ...]) -> None:
    total, units = 0.0, 12
    for split in product(range(units + 1), repeat=len(planned)):
        if sum(split) == units:
            ways, probability = math.factorial(units), 1.0
            for count, share in zip(split, planned, strict=True):
                ways //= math.factorial(count)
                probability *= share**count
            total += ways * probability * math.exp(srm_log_e(split, planned, prior_units=10.0))
    assert total == pytest.approx(1.0, abs=1e-9)


def test_a_split_that_is_off_is_found_and_one_that_is_not_is_left_alone() -> None:
    """The first figure is that of an independent implementation."""
    assert srm_log_e((50_600, 29_700, 19_700), (0.5, 0.3, 0.2)) == pytest.approx(2.67, abs=0.005)
    assert srm_log_e((50_000, 30_000, 20_000), (0.5, 0.3, 0.2)) < 0
    assert srm_log_e((9_700, 300), (0.99, 0.01)) > -math.log(SRM_ALPHA)
