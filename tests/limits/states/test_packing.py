"""Whole numbers in few bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard.limits.states.packing import pack, unpack


@given(st.lists(st.one_of(st.integers(-200, 200), st.integers(-(2**200), 2**200))))
def test_numbers_come_back(numbers: list[int]) -> None:
    assert unpack(pack(numbers)) == numbers


@pytest.mark.parametrize(("number", "size"), [(0, 1), (63, 1), (64, 2), (10**18, 9), (2**128, 19)])
def test_small_numbers_are_short(number: int, size: int) -> None:
    assert len(pack([number])) == size


def test_bytes_cut_off_are_refused() -> None:
    with pytest.raises(ValueError, match="cut off"):
        unpack(pack([10**18])[:-1])
