"""Ranges, other weights, and whom they move."""

from __future__ import annotations

import pickle
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard.errors import ConfigurationError
from genai_guard.routing import Experiment, ExperimentRouter, Variant, rebalance
from genai_guard.routing.assignment import SPACE, boundaries
from genai_guard.routing.ranges import sizes
from genai_guard.routing.sticky import MemoryStickyStore

USERS: Final = [f"user-{number}" for number in range(2000)]
HALF: Final = SPACE // 2

weights = st.lists(st.integers(0, 1000), min_size=2, max_size=5).filter(any)


def by_weight(*shares: int, **options: Any) -> Experiment:
    """Variants `v0`, `v1` and so on."""
    return Experiment("models", *(Variant(f"v{arm}", weight=share) for arm, share in enumerate(shares)), **options)


def named(shares: list[int]) -> dict[str, int]:
    return {f"v{arm}": share for arm, share in enumerate(shares)}


def variants_of(experiment: Experiment) -> list[str]:
    router = ExperimentRouter(experiment)
    return [router.assign(user).variant for user in USERS]


def buckets(experiment: Experiment) -> list[int]:
    return sizes(experiment.layout, len(experiment.variants))


# --- Ranges ----------------------------------------------------------------------------------------------------------


def test_ranges_say_which_buckets_a_variant_has() -> None:
    experiment = Experiment(
        "e", Variant("a", ranges=[[HALF, SPACE]]), Variant("b", ranges=((0, HALF),)), Variant("c", ranges=())
    )
    assert experiment.variants[1].ranges == ((0, HALF),)
    assert experiment.shares == {"a": 0.5, "b": 0.5, "c": 0.0}
    router = ExperimentRouter(experiment)
    for user in USERS[:100]:
        given = router.assign(user)
        assert given.bucket is not None
        assert (given.variant, given.propensity) == ("b" if given.bucket < HALF else "a", 0.5)


def test_ranges_in_the_place_of_weights_move_nobody() -> None:
    plain = by_weight(1, 2, 3)
    pairs = [[(each.start, each.end)] for each in plain.layout]
    ranged = [replace(variant, ranges=pair) for variant, pair in zip(plain.variants, pairs, strict=True)]
    assert variants_of(replace(plain, variants=tuple(ranged))) == variants_of(plain)


def test_ranges_are_values() -> None:
    variant = Variant("a", ranges=[[0, 5], [9, 10]])
    assert pickle.loads(pickle.dumps(variant)) == variant
    assert hash(variant) == hash(Variant("a", ranges=((9, 10), (0, 5))))


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ([(0, 100)], [(90, SPACE)], "'a' and 'b' both have the buckets from 90 to 100: take them out of one"),
        ([(0, 100)], [(100, SPACE - 1)], f"no variant has the buckets from {SPACE - 1} to {SPACE}"),
        ([(0, 100)], [(200, SPACE)], "no variant has the buckets from 100 to 200"),
        ([(1, SPACE)], [], "no variant has the buckets from 0 to 1"),
        ([(0, SPACE + 1)], [], f"'a' has buckets up to {SPACE + 1}; there are {SPACE}"),
        ([(0, 10), (5, SPACE)], [], "'a' and 'a' both have the buckets from 5 to 10"),
        ([], [], f"no variant has the buckets from 0 to {SPACE}"),
    ],
)
def test_every_bucket_has_one_variant(first: Any, second: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"Experiment\('e'\): {message}"):
        Experiment("e", Variant("a", ranges=first), Variant("b", ranges=second))


@pytest.mark.parametrize("wrong", ["all", 7, [7], [(1, 2, 3)], [(0.0, 1.0)], [(5, 5)], [(-1, 5)], [(True, 5)], ["ab"]])
def test_a_range_is_a_pair_of_buckets(wrong: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"Variant\('a'\): ranges"):
        Variant("a", ranges=wrong)


def test_ranges_and_weights_are_not_mixed() -> None:
    with pytest.raises(ConfigurationError, match=r"'a' has ranges and 'b' a weight: write ranges for all, ranges=\(\)"):
        Experiment("e", Variant("a", ranges=[(0, SPACE)]), Variant("b"))


# --- Weights that are meant to add up --------------------------------------------------------------------------------


def test_weights_that_are_per_cent_add_up_to_a_hundred() -> None:
    assert by_weight(90, 10, total_weight=100).shares == {"v0": 0.9, "v1": 0.1}
    with pytest.raises(ConfigurationError, match=r"weights 90 \+ 5 add up to 95, not to total_weight=100: change one"):
        by_weight(90, 5, total_weight=100)


@pytest.mark.parametrize("total", [-1, 100.0, True, "100"])
def test_a_total_is_a_whole_number(total: Any) -> None:
    with pytest.raises(ConfigurationError, match="total_weight="):
        by_weight(50, 50, total_weight=total)


# --- rebalance: law 7 ------------------------------------------------------------------------------------------------

TABLE: Final = [
    ([90, 10], [80, 20], Fraction(10, 100)),
    ([34, 33, 33], [20, 40, 40], Fraction(14, 100)),
    ([25, 25, 25, 25], [40, 10, 30, 20], Fraction(20, 100)),
    ([90, 5, 5], [50, 25, 25], Fraction(40, 100)),
]


@pytest.mark.parametrize(("before", "after", "optimum"), TABLE)
def test_as_few_move_as_can_be(before: list[int], after: list[int], optimum: Fraction) -> None:
    old = by_weight(*before)
    change = rebalance(old, named(after))
    assert change.moved == pytest.approx(float(optimum), abs=1e-9)
    moved = [
        (was, now) for was, now in zip(variants_of(old), variants_of(change.experiment), strict=True) if was != now
    ]
    assert abs(len(moved) / len(USERS) - optimum) < 0.04
    assert {(move.source, move.target) for move in change.moves} == set(moved)


@given(st.lists(weights, min_size=2, max_size=6))
def test_every_change_moves_half_of_what_the_shares_change_by_and_no_bucket_more(steps: list[list[int]]) -> None:
    count = max(map(len, steps))
    padded = [[*step, *[0] * (count - len(step))] for step in steps]
    experiment = by_weight(*[1] * count)
    for step in padded:
        change = rebalance(experiment, named(step))
        old, new = buckets(experiment), buckets(change.experiment)
        bounds = (0, *boundaries(step))
        assert new == [end - start for start, end in pairwise(bounds)]
        optimum = sum(abs(a - b) for a, b in zip(old, new, strict=True)) // 2
        assert round(change.moved * SPACE) == optimum
        moves = Counter[str]()
        for move in change.moves:
            moves[move.source] -= round(move.share * SPACE)
            moves[move.target] += round(move.share * SPACE)
        assert [b - a for a, b in zip(old, new, strict=True)] == [moves[f"v{arm}"] for arm in range(count)]
        layout = change.experiment.layout
        assert [each.start for each in layout] == [0, *(each.end for each in layout[:-1])]
        assert layout[-1].end == SPACE
        assert all(one.arm != other.arm for one, other in pairwise(layout))
        experiment = change.experiment


def test_ranges_stay_few_after_many_changes() -> None:
    experiment = by_weight(34, 33, 33)
    largest = 0
    for number in range(200):
        step = [1 + 7 * number % 50, 3 * number % 50, 11 * number % 50]
        experiment = rebalance(experiment, named(step)).experiment
        largest = max(largest, len(experiment.layout))
    assert largest <= 19


def test_between_two_variants_a_change_and_its_opposite_move_the_same_units() -> None:
    experiment = by_weight(50, 50)
    there = rebalance(experiment, named([80, 20]))
    back = rebalance(there.experiment, named([50, 50]))
    assert there.moved == back.moved
    assert variants_of(back.experiment) == variants_of(experiment)
    assert rebalance(experiment, named([1, 1])).moved == 0


def test_it_says_who_moves_before_anything_does() -> None:
    experiment = by_weight(34, 33, 33, coverage=0.1, total_weight=100)
    change = rebalance(experiment, named([20, 40, 40]))
    assert repr(change) == (
        "<Rebalance models: 14 % of the units move (v0 -> v1 7 %, v0 -> v2 7 %); then v0 20 %, v1 40 %, v2 40 %>"
    )
    assert repr(rebalance(experiment, named([34, 33, 33]))) == (
        "<Rebalance models: 0 % of the units move; then v0 34 %, v1 33 %, v2 33 %>"
    )
    assert change.experiment.coverage == 0.1
    assert [variant.weight for variant in change.experiment.variants] == [20, 40, 40]


def test_a_new_variant_takes_its_share_from_all() -> None:
    change = rebalance(by_weight(50, 50), {"v0": 40, "v1": 40, "new": 20}, add=[Variant("new", params={"model": "x"})])
    assert [(move.source, move.target, round(move.share, 6)) for move in change.moves] == [
        ("v0", "new", 0.1),
        ("v1", "new", 0.1),
    ]
    assert change.experiment.variants[-1].params == {"model": "x"}


@pytest.mark.parametrize(
    ("shares", "add", "message"),
    [
        ({"v0": 1}, [], "'v1' has no weight; write 0 if nobody"),
        ({"v0": 1, "v1": 1, "v2": 1}, [], r"no variant is called 'v2'; there are v0, v1, and add=\[Variant"),
        ({"v0": 0, "v1": 0}, [], "weights add up to 0"),
        ({"v0": 2**31, "v1": 0}, [], "weights add up to 2147483648"),
        ({"v0": -1, "v1": 2}, [], r"weights\['v0'\]=-1 must be a whole number"),
        ({"v0": 0.5, "v1": 0.5}, [], r"weights\['v0'\]=0.5 must be a whole number"),
        ({"v0": 1, "v1": 1}, ["v2"], "add takes Variant"),
        ({"v0": 1, "v1": 1}, [Variant("v1")], "2 variants are called 'v1'"),
    ],
)
def test_every_variant_has_a_weight_and_no_other_has(shares: Any, add: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        rebalance(by_weight(1, 1), shares, add=add)


def test_whole_floats_are_weights() -> None:
    shares: Any = {"v0": 80.0, "v1": 20.0}
    assert rebalance(by_weight(1, 1), shares) == rebalance(by_weight(1, 1), {"v0": 80, "v1": 20})


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=6))
def test_a_layout_by_weight_is_that_of_the_hash_specification(shares: list[int]) -> None:
    assert [each.end for each in by_weight(*shares).layout] == list(boundaries(shares))
    total = sum(shares)
    assert list(by_weight(*shares).shares.values()) == [share / total for share in shares]
    assert list(accumulate(buckets(by_weight(*shares)))) == list(boundaries(shares))


# --- A variant that units hold is not taken out ----------------------------------------------------------------------


def without(experiment: Experiment, name: str) -> Experiment:
    return replace(experiment, variants=tuple(each for each in experiment.variants if each.name != name))


def test_a_variant_that_units_hold_is_not_taken_out() -> None:
    router = ExperimentRouter(by_weight(60, 20, 20))
    message = r"replace: the variant 'v1' of 'models' is gone, but units hold it: first move them, by rebalance"
    with pytest.raises(ConfigurationError, match=message):
        router.replace(without(router.experiments[0], "v1"))
    emptied = rebalance(router.experiments[0], {"v0": 80, "v1": 0, "v2": 20}).experiment
    router.update(emptied)
    before = variants_of(emptied)
    router.update(without(emptied, "v1"))
    assert [router.assign(user).variant for user in USERS] == before


def test_another_name_makes_no_other_experiment_of_it() -> None:
    router = ExperimentRouter(by_weight(60, 20, 20))
    with pytest.raises(ConfigurationError, match="'v1' of 'models' is gone"):
        router.replace(replace(without(router.experiments[0], "v1"), name="renamed", salt="models"))


@pytest.mark.parametrize(
    "change", [{"enabled": False}, {"coverage": 0}, {"salt": "models-2"}, {"name": "other", "salt": "other"}]
)
def test_a_variant_that_nobody_holds_may_go(change: dict[str, Any]) -> None:
    before = by_weight(60, 20, 20)
    after = without(before, "v1")
    if "salt" in change:
        after = replace(after, **change)
    else:
        before = replace(before, **change)
    router = ExperimentRouter(before)
    router.replace(after)
    assert router.experiments == (after,)


def test_a_variant_that_is_kept_for_units_goes_with_another_bucket_version() -> None:
    experiment = by_weight(60, 20, 20, sticky=True)
    router = ExperimentRouter(experiment, sticky=MemoryStickyStore())
    emptied = rebalance(experiment, {"v0": 80, "v1": 0, "v2": 20}).experiment
    router.replace(emptied)
    with pytest.raises(ConfigurationError, match=r"update: .*'v1'.* units hold it: raise bucket_version"):
        router.update(without(emptied, "v1"))
    router.update(replace(without(emptied, "v1"), bucket_version=2))
    assert "v1" not in {router.assign(user).variant for user in USERS[:100]}
