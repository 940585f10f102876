"""The hash specification, against a second implementation of it."""

from __future__ import annotations

import sys
from enum import Enum, IntEnum, StrEnum
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard.routing import Experiment, ExperimentRouter, Variant
from genai_guard.routing.assignment import SPACE, boundaries, bucket_of, hash_prefix, identify, threshold
from genai_guard.routing.experiment import MAX_TOTAL_WEIGHT

WORDS = 0xFFFFFFFF
any_text = st.text(st.characters(exclude_categories=()))
weights = st.lists(st.integers(1, MAX_TOTAL_WEIGHT // 40), min_size=1, max_size=40)


def murmur3(data: bytes) -> int:
    """MurmurHash3_x86_32 with seed 0, from Austin Appleby's description."""

    def rotate(word: int, by: int) -> int:
        return (word << by | word >> (32 - by)) & WORDS

    def mix(word: int) -> int:
        return rotate(word * 0xCC9E2D51 & WORDS, 15) * 0x1B873593 & WORDS

    value = 0
    whole = len(data) // 4 * 4
    for start in range(0, whole, 4):
        value = (rotate(value ^ mix(int.from_bytes(data[start : start + 4], "little")), 13) * 5 + 0xE6546B64) & WORDS
    if data[whole:]:
        value ^= mix(int.from_bytes(data[whole:], "little"))
    value ^= len(data)
    value = (value ^ value >> 16) * 0x85EBCA6B & WORDS
    value = (value ^ value >> 13) * 0xC2B2AE35 & WORDS
    return value ^ value >> 16


def flagd(bucket: int, shares: list[int]) -> int:
    """Index of the variant by flagd's `fractional`, version 2."""
    scaled = bucket * sum(shares) >> 32
    return next(index for index, upper in enumerate(accumulate(shares)) if scaled < upper)


def by_hand(name: str, kind: str, unit: str, shares: list[int]) -> tuple[int, str]:
    bucket = murmur3(f"{name}.variant:{kind}:{unit}".encode("utf-8", "surrogatepass"))
    return bucket, f"v{flagd(bucket, shares)}"


def bisected(bucket: int, shares: list[int]) -> int:
    return sum(bound <= bucket for bound in boundaries(shares))


@pytest.mark.parametrize(("data", "value"), [(b"", 0), (b"test", 0xBA6BD213), (b"Hello, world!", 0xC0363E43)])
def test_the_second_implementation_gives_the_published_values(data: bytes, value: int) -> None:
    assert murmur3(data) == value


@given(st.binary(max_size=40))
def test_buckets_are_murmur3(data: bytes) -> None:
    assert bucket_of(data) == murmur3(data)


GOLDEN = [
    ("user-0", 2824010480, "v2"),
    ("user-1", 870844000, "v1"),
    ("user-3", 198641731, "v0"),
    ("42", 2791505007, "v2"),
    ("Zoë", 2002705762, "v1"),
    ("\ud800", 3433854156, "v2"),
    ("a\0b", 2631620255, "v2"),
]


@pytest.mark.parametrize(("unit", "bucket", "variant"), GOLDEN)
def test_an_assignment_of_today_is_the_assignment_of_every_day(unit: str, bucket: int, variant: str) -> None:
    experiment = Experiment("models", *(Variant(f"v{index}", weight=1 + index) for index in range(3)))
    assignment = ExperimentRouter(experiment).assign(unit)
    assert (assignment.bucket, assignment.variant) == (bucket, variant)


@given(any_text.filter(bool), weights, st.sampled_from(["user", "tenant", "region"]))
def test_assignments_are_those_of_flagd(unit: str, shares: list[int], kind: str) -> None:
    variants = [Variant(f"v{index}", weight=share) for index, share in enumerate(shares)]
    assignment = ExperimentRouter(Experiment("models", variants=variants, by=kind)).assign(unit)
    assert (assignment.bucket, assignment.variant) == by_hand("models", kind, unit, shares)


@given(weights)
def test_boundaries_are_those_of_flagd_on_both_sides_of_each(shares: list[int]) -> None:
    for bound in boundaries(shares):
        for bucket in {bound - 1, bound, 0, SPACE - 1} - {SPACE}:
            assert bisected(bucket, shares) == flagd(bucket, shares)


@given(weights)
def test_boundaries_cover_the_space_and_leave_nobody_out(shares: list[int]) -> None:
    bounds = boundaries(shares)
    assert bounds[-1] == SPACE
    assert all(low < high for low, high in zip((0, *bounds), bounds, strict=False))


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_larger_share_has_no_lower_threshold(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert 0 <= threshold(low) <= threshold(high) <= SPACE


@given(st.integers(0, 10**6))
def test_a_threshold_is_exact_for_decimals(millionths: int) -> None:
    assert threshold(millionths / 10**6) == -(-millionths * SPACE // 10**6)


def test_a_purpose_has_a_hash_of_its_own() -> None:
    assert hash_prefix("models", purpose="variant", by="user") == b"models.variant:user:"
    assert hash_prefix("models", purpose="enrol", by="tenant") == b"models.enrol:tenant:"


class Word(StrEnum):
    ONE = "one"


class Mixed(str, Enum):  # noqa: UP042  prints as `Mixed.ONE`, which is the point
    ONE = "one"


class Number(IntEnum):
    ONE = 1


@pytest.mark.parametrize(
    ("unit", "text"),
    [("u-1", "u-1"), (42, "42"), (-1, "-1"), (0, "0"), (" ", " "), ("é", "é"), (Word.ONE, "one"), (Mixed.ONE, "one")],
)
def test_text_and_integers_identify(unit: Any, text: str) -> None:
    assert identify(unit) == text
    assert type(identify(unit)) is str


@pytest.mark.parametrize("unit", [None, "", True, False, 1.0, b"u-1", Number.ONE, ("u", 1), object(), 1 << 4096])
def test_anything_else_identifies_nobody(unit: Any) -> None:
    assert identify(unit) == ""


def test_the_digits_of_an_integer_do_not_depend_on_the_interpreters_settings() -> None:
    largest = (1 << 2048) - 1
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(640)
    try:
        assert len(identify(largest)) == 617
        assert identify(-largest) == f"-{largest}"
        assert identify(largest + 1) == ""
    finally:
        sys.set_int_max_str_digits(before)


def test_a_composed_letter_is_another_unit_than_its_parts() -> None:
    router = ExperimentRouter(Experiment("models", Variant("a")))
    assert router.assign("\u00e9").bucket != router.assign("e\u0301").bucket
