"""The order of the rules, ramps, shares, and every text that may be a unit."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import combinations, pairwise
from math import sqrt
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard.routing import Assignment, Experiment, ExperimentRouter, Reason, Variant
from genai_guard.routing.assignment import SPACE, bucket_of
from genai_guard.routing.compiled import CompiledExperiment

USERS: Final = [f"user-{number}" for number in range(10_000)]
CONTROL: Final = Variant("control", params={"model": "small"})
TREATMENT: Final = Variant("treatment", params={"model": "large"}, target=str.upper)
MODELS: Final = Experiment("models", CONTROL, TREATMENT)

any_text = st.text(st.characters(exclude_categories=()), min_size=1)
shares = st.floats(0, 1)


def assign(experiment: Experiment, unit: object) -> Assignment:
    return CompiledExperiment(experiment).assign(unit)


def variants_of(experiment: Experiment) -> dict[str, str]:
    compiled = CompiledExperiment(experiment)
    return {user: given.variant for user in USERS if (given := compiled.assign(user)).enrolled}


# --- The order: each rule beats those after it -----------------------------------------------------------------------

ORDER: Final[list[tuple[dict[str, Any], object, Reason]]] = [
    ({"enabled": False, "coverage": 0, "overrides": {"u": "treatment"}}, None, Reason.DISABLED),
    ({"enabled": False, "coverage": 0, "overrides": {"u": "treatment"}}, "u", Reason.DISABLED),
    ({"coverage": 0, "overrides": {"u": "treatment"}}, None, Reason.NO_UNIT),
    ({"coverage": 0, "overrides": {"u": "treatment"}}, "u", Reason.OVERRIDE),
    ({"coverage": 0, "overrides": {"u": "treatment"}}, "v", Reason.NOT_ENROLLED),
    ({"overrides": {"u": "treatment"}}, "v", Reason.SPLIT),
]


@pytest.mark.parametrize(("changes", "unit", "reason"), ORDER)
def test_the_first_rule_that_applies_is_the_reason(changes: dict[str, Any], unit: object, reason: Reason) -> None:
    assert assign(replace(MODELS, **changes), unit).reason is reason


@pytest.mark.parametrize(
    ("changes", "unit"), [({"enabled": False}, "u"), ({}, ""), ({}, None), ({}, True), ({"coverage": 0}, "u")]
)
def test_without_a_variant_nothing_is_set(changes: dict[str, Any], unit: object) -> None:
    given = assign(replace(MODELS, mode="shadow", **changes), unit)
    assert (given.variant, given.params, given.bucket, given.propensity, given.target) == ("", {}, None, 0.0, None)
    assert given.mode == "shadow"
    assert not given.enrolled


def test_a_split_gives_what_its_variant_holds() -> None:
    given = assign(replace(MODELS, variants=(CONTROL, replace(TREATMENT, weight=3))), "user-0")
    assert given == Assignment(
        experiment="models",
        variant="treatment",
        params={"model": "large"},
        reason=Reason.SPLIT,
        bucket=given.bucket,
        propensity=0.75,
        unit="user-0",
        target=str.upper,
        config_version=given.config_version,
    )
    assert type(given) is Assignment


def test_an_override_leaves_nothing_to_chance() -> None:
    given = assign(replace(MODELS, overrides={"7": "treatment"}), 7)
    assert (given.variant, given.params, given.target) == ("treatment", {"model": "large"}, str.upper)
    assert (given.bucket, given.propensity, given.unit) == (None, 1.0, "7")


def test_who_is_not_enrolled_is_still_named() -> None:
    assert assign(replace(MODELS, coverage=0), 7).unit == "7"


def test_forcing_beats_all_rules_but_the_switch() -> None:
    nobody = replace(MODELS, coverage=0, overrides={"u": "control"})
    router, off = ExperimentRouter(nobody), ExperimentRouter(replace(nobody, enabled=False))
    with router.force(models="treatment"), off.force(models="treatment"):
        forced = router.assign("u")
        assert (forced.variant, forced.reason) == ("treatment", Reason.OVERRIDE)
        assert router.assign(None).variant == "treatment"
        assert off.assign("u").reason is Reason.DISABLED


# --- The edges of a share --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", USERS[:20])
def test_the_threshold_itself_is_not_enrolled(unit: str) -> None:
    bucket = bucket_of(b"models.enrol:user:" + unit.encode())
    assert assign(replace(MODELS, coverage=bucket / SPACE), unit).reason is Reason.NOT_ENROLLED
    assert assign(replace(MODELS, coverage=(bucket + 1) / SPACE), unit).reason is Reason.SPLIT


def test_the_last_bucket_is_beyond_any_coverage_but_the_whole() -> None:
    unit = "u1117-YUvQ"  # has the bucket 2^32 - 1
    assert bucket_of(b"models.enrol:user:" + unit.encode()) == SPACE - 1
    assert assign(replace(MODELS, coverage=1 - 2**-32), unit).reason is Reason.NOT_ENROLLED
    assert assign(MODELS, unit).reason is Reason.SPLIT


@pytest.mark.parametrize("step", [-1, 0, 1])
def test_the_boundary_itself_belongs_to_the_next_variant(step: int) -> None:
    unit = next(user for user in USERS if bucket_of(b"models.variant:user:" + user.encode()) % 4 == 0)
    quarter = bucket_of(b"models.variant:user:" + unit.encode()) // 4 + step
    arms = (Variant("below", weight=quarter), Variant("from", weight=SPACE // 4 - quarter))
    assert assign(replace(MODELS, variants=arms), unit).variant == ("below" if step > 0 else "from")


# --- Units -----------------------------------------------------------------------------------------------------------


@given(any_text)
def test_every_text_is_assigned(unit: str) -> None:
    given = assign(MODELS, unit)
    assert given.reason is Reason.SPLIT
    assert given.unit == unit
    assert given == assign(MODELS, unit)


@pytest.mark.parametrize("unit", ["\0", "\ud800", "x\udfffy", "\ud83d\ude00", "u" * 2**20, "\U0010ffff" * 2**18])
def test_odd_and_long_texts_are_assigned_like_any_other(unit: str) -> None:
    assert assign(replace(MODELS, coverage=0.999), unit).reason in {Reason.SPLIT, Reason.NOT_ENROLLED}


@given(st.integers(-(2**128), 2**128))
def test_an_integer_is_the_same_unit_as_its_digits(number: int) -> None:
    assert assign(MODELS, number) == assign(MODELS, str(number))


@pytest.mark.parametrize("unit", [None, "", True, False, 1.5, b"u-1", ["u-1"], object()])
def test_what_identifies_nobody_is_never_put_into_a_bucket(unit: object) -> None:
    given = assign(MODELS, unit)
    assert (given.reason, given.bucket, given.unit) == (Reason.NO_UNIT, None, "")


# --- Ramps and weights -----------------------------------------------------------------------------------------------


@given(any_text, shares, shares, st.lists(st.integers(1, 100), min_size=1, max_size=5))
def test_a_ramp_moves_no_unit(unit: str, one: float, other: float, weights: list[int]) -> None:
    low, high = sorted((one, other))
    arms = [Variant(f"v{number}", weight=weight) for number, weight in enumerate(weights)]
    before = assign(Experiment("models", variants=arms, coverage=low), unit)
    after = assign(Experiment("models", variants=arms, coverage=high), unit)
    assert before[:-1] == after[:-1] or before.reason is Reason.NOT_ENROLLED


def test_a_ramp_keeps_everybody_and_adds_some() -> None:
    steps = [variants_of(replace(MODELS, coverage=coverage)) for coverage in (0.01, 0.05, 0.25, 0.5, 1.0)]
    for before, after in pairwise(steps):
        assert before.items() < after.items()
    assert len(steps[-1]) == len(USERS)


@pytest.mark.parametrize("coverage", [0.0, 0.01, 0.1, 0.5, 0.9, 1.0])
def test_coverage_enrols_its_share_and_splits_it_evenly(coverage: float) -> None:
    given = Counter(variants_of(replace(MODELS, coverage=coverage)).values())
    assert abs(given.total() - coverage * len(USERS)) <= 4 * sqrt(coverage * (1 - coverage) * len(USERS))
    assert abs(given["control"] - given["treatment"]) <= 4 * sqrt(given.total())


@pytest.mark.parametrize("weights", [[50, 50], [1, 9], [1, 99], [34, 33, 33], [5, 4, 3, 2, 1], [1] * 20])
def test_shares_are_within_four_sigma(weights: list[int]) -> None:
    arms = [Variant(f"v{number}", weight=weight) for number, weight in enumerate(weights)]
    experiment = Experiment("weights", variants=arms)
    given = Counter(variants_of(experiment).values())
    for name, share in experiment.shares.items():
        assert abs(given[name] - share * len(USERS)) <= 4 * sqrt(share * (1 - share) * len(USERS))


def test_weights_of_two_variants_move_no_more_than_they_must() -> None:
    before = variants_of(replace(MODELS, variants=(replace(CONTROL, weight=90), replace(TREATMENT, weight=10))))
    after = variants_of(replace(MODELS, variants=(replace(CONTROL, weight=80), replace(TREATMENT, weight=20))))
    moves = Counter((before[user], after[user]) for user in USERS)
    assert moves["treatment", "control"] == 0
    assert abs(moves["control", "treatment"] - 0.1 * len(USERS)) <= 4 * sqrt(0.1 * 0.9 * len(USERS))


def test_weights_in_proportion_are_the_same_weights() -> None:
    percent = (replace(CONTROL, weight=50), replace(TREATMENT, weight=50))
    assert variants_of(replace(MODELS, variants=percent)) == variants_of(MODELS)


@pytest.mark.parametrize("changes", [{"name": "other"}, {"salt": "other"}, {"by": "tenant"}])
def test_name_salt_and_kind_of_unit_each_shuffle(changes: dict[str, Any]) -> None:
    before, after = variants_of(MODELS), variants_of(replace(MODELS, **changes))
    same = sum(before[user] == after[user] for user in USERS)
    assert abs(same - len(USERS) / 2) <= 4 * sqrt(len(USERS) / 4)


def test_a_renamed_experiment_that_keeps_its_salt_moves_nobody() -> None:
    assert variants_of(replace(MODELS, name="models-renamed", salt="models")) == variants_of(MODELS)


def test_experiments_are_independent_of_each_other() -> None:
    arms = [variants_of(replace(MODELS, name=f"experiment-{number}")) for number in range(12)]
    for one, other in combinations(arms, 2):
        same = sum(one[user] == other[user] for user in USERS)
        assert abs(same - len(USERS) / 2) <= 4 * sqrt(len(USERS) / 4)
