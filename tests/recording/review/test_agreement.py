"""Agreement beyond chance, beside published figures."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard.recording.review import Review, ReviewItem, agreement, cohens_kappa, krippendorffs_alpha

KRIPPENDORFF_C = """
    1 2 3 3 2 1 4 1 2 . . .
    1 2 3 3 2 2 4 1 2 5 . 3
    . 3 3 3 2 3 4 2 2 5 1 .
    1 2 3 3 2 4 4 1 2 5 1 .
"""


def units(matrix: str) -> list[list[str]]:
    """The columns of a matrix of observers by units; a dot is a rating that is missing."""
    rows = [line.split() for line in matrix.strip().splitlines()]
    return [[value for value in column if value != "."] for column in zip(*rows, strict=True)]


@pytest.mark.parametrize(
    ("matrix", "alpha"),
    [
        ("0 1 0 0 0 0 0 0 1 0\n 1 1 1 0 0 1 0 0 0 0", 0.095),
        ("a a b b d c c c e d d a\n b a b b b c c c e d d d", 0.692),
        (KRIPPENDORFF_C, 0.743),
    ],
    ids=["A: two observers, two values", "B: two observers, any values", "C: any observers, missing values"],
)
def test_alpha_is_that_of_krippendorffs_examples(matrix: str, alpha: float) -> None:
    assert krippendorffs_alpha(units(matrix)) == pytest.approx(alpha, abs=5e-4)


def test_kappa_is_that_of_the_textbook() -> None:
    counts = {("yes", "yes"): 20, ("yes", "no"): 5, ("no", "yes"): 10, ("no", "no"): 15}
    pairs = [pair for pair, times in counts.items() for _ in range(times)]

    assert cohens_kappa(pairs) == pytest.approx(0.4)


def test_kappa_is_that_of_scikit_learn() -> None:
    """By `sklearn.metrics.cohen_kappa_score` 1.9.1, which takes seconds to import."""
    left, right = "aabbccaabbccabcabcab", "aabbcabaabbcabdcbcaa"

    assert cohens_kappa(zip(left, right, strict=True)) == pytest.approx(0.4833948339483395)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("ab")), max_size=12))
def test_the_order_of_units_and_raters_does_not_matter(pairs: list[tuple[str, str]]) -> None:
    swapped = [(right, left) for left, right in reversed(pairs)]

    for measure in (cohens_kappa, krippendorffs_alpha):
        assert measure(pairs) == pytest.approx(measure(swapped), nan_ok=True)
        assert not measure(pairs) > 1


def test_what_says_nothing_is_no_number() -> None:
    assert math.isnan(cohens_kappa([]))
    assert math.isnan(cohens_kappa([("a", "a")] * 3))
    assert math.isnan(krippendorffs_alpha([["a"], ["b"], []]))
    assert math.isnan(krippendorffs_alpha([["a", "a"], ["a", "a"]]))


def test_reviewers_are_compared_by_what_each_said_for_itself() -> None:
    said = {"1": ("yes", "yes"), "2": ("no", "yes"), "3": ("no", "no"), "4": ("yes", None)}
    items = [
        ReviewItem(
            int(name), name, 0.0, (), 0, 1.0, "done", (), {},
            (
                *[Review(who, label=label) for who, label in zip(("ann", "bob"), labels, strict=True) if label],
                Review("chief", label="yes", is_final=True),
            ),
        )
        for name, labels in said.items()
    ]  # fmt: skip
    found = agreement(items)

    assert found.units == 3
    assert found.share == pytest.approx(2 / 3)
    assert found.kappas == {("ann", "bob"): pytest.approx(0.4)}
    assert found.alpha == pytest.approx(krippendorffs_alpha([["yes", "yes"], ["no", "yes"], ["no", "no"]]))
