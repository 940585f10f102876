"""Variants and experiments: what they hold and what they refuse."""

from __future__ import annotations

import copy
import dataclasses
import math
import pickle
import typing
from dataclasses import dataclass, replace
from typing import Any

import pytest

from genai_guard.errors import ConfigurationError
from genai_guard.routing import Assignment, Experiment, Reason, Variant
from genai_guard.routing.experiment import MAX_TOTAL_WEIGHT

CONTROL = Variant("control", params={"model": "small"})
TREATMENT = Variant("treatment", params={"model": "large"})


def shout(prompt: str) -> str:
    return prompt.upper()


@dataclass
class Unhashable:
    """Callable, and compared by value."""

    def __call__(self, prompt: str) -> str:
        return prompt


def full() -> Experiment:
    return Experiment(
        "models",
        CONTROL,
        Variant("treatment", weight=3, params={"stop": ["."]}, target=shout),
        by="tenant",
        coverage=0.25,
        mode="shadow",
        salt="models-2",
        enabled=False,
        overrides={"acme": "treatment"},
    )


# --- Variant ---------------------------------------------------------------------------------------------------------


def test_variants_are_compared_and_hashed_by_value() -> None:
    first, second = (Variant("a", weight=2, params={"stop": ["."]}, target=shout) for _ in range(2))
    assert first == second
    assert hash(first) == hash(second)
    assert first != Variant("a", weight=2, params={"stop": ["!"]}, target=shout)


def test_a_variant_is_hashed_whatever_its_target_is() -> None:
    variant = Variant("a", target=Unhashable())
    assert hash(variant) == hash(replace(variant))


def test_the_params_of_a_variant_are_a_copy() -> None:
    params = {"model": "small"}
    variant = Variant("a", params=params)
    params["model"] = "large"
    assert variant.params == {"model": "small"}
    with pytest.raises(TypeError):
        variant.params["model"] = "large"  # type: ignore[index]


def test_a_weight_is_given_by_keyword() -> None:
    with pytest.raises(TypeError):
        Variant("a", 50)  # type: ignore[call-arg]


def test_a_whole_float_is_the_integer_it_equals() -> None:
    weight: Any = 50.0
    assert Variant("a", weight=weight) == Variant("a", weight=50)
    assert type(Variant("a", weight=weight).weight) is int


@pytest.mark.parametrize("weight", [0, -1, 0.5, True, math.nan, math.inf, "50", None, 0.0, 1j])
def test_a_weight_is_a_whole_number_above_zero(weight: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"Variant\('a'\): weight=.* whole number above zero"):
        Variant("a", weight=weight)


@pytest.mark.parametrize("name", ["", " a", "a\n", "a\tb", None, 1, "\ud800"])
def test_a_variant_needs_a_name_that_can_be_shown(name: Any) -> None:
    with pytest.raises(ConfigurationError, match="non-empty text"):
        Variant(name)


def test_a_variant_may_be_called_like_a_model() -> None:
    assert Variant("openai/gpt-oss:20b").name == "openai/gpt-oss:20b"


@pytest.mark.parametrize("params", [{"max-tokens": 1}, {"": 1}, {1: 1}, {None: 1}])
def test_params_are_keyword_arguments(params: Any) -> None:
    with pytest.raises(ConfigurationError, match="keyword argument"):
        Variant("a", params=params)


@pytest.mark.parametrize("params", [None, [("model", "small")], "model"])
def test_params_are_a_mapping(params: Any) -> None:
    with pytest.raises(ConfigurationError, match="must be a mapping"):
        Variant("a", params=params)


def test_a_target_is_called() -> None:
    target: Any = "gpt"
    with pytest.raises(ConfigurationError, match="callable, not str"):
        Variant("a", target=target)


# --- Experiment ------------------------------------------------------------------------------------------------------


def test_the_fields_of_an_experiment_are_its_parameters() -> None:
    experiment = full()
    values = {each.name: getattr(experiment, each.name) for each in dataclasses.fields(experiment)}
    assert Experiment(**values) == experiment
    assert list(values) == [
        "name",
        "variants",
        "by",
        "coverage",
        "mode",
        "salt",
        "enabled",
        "overrides",
        "targeting",
        "holdout",
        "requires",
        "layer",
        "schedule",
        "sticky",
        "bucket_version",
        "total_weight",
        "hash_version",
        "hash_params",
    ]


def test_the_defaults_of_the_fields_are_those_of_the_parameters() -> None:
    experiment = Experiment("models", CONTROL)
    defaults = {
        each.name: each.default for each in dataclasses.fields(Experiment) if each.default is not dataclasses.MISSING
    }
    assert {name: getattr(experiment, name) for name in defaults} == defaults


@pytest.mark.parametrize("kind", [Variant, Experiment, Assignment])
def test_annotations_resolve_at_run_time(kind: type) -> None:
    assert typing.get_type_hints(kind)


def test_experiments_are_compared_and_hashed_by_value() -> None:
    assert full() == full()
    assert hash(full()) == hash(full())
    assert full() != replace(full(), coverage=0.3)


def test_an_experiment_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        full().coverage = 1.0  # type: ignore[misc]


@pytest.mark.parametrize("copied", [copy.deepcopy(full()), pickle.loads(pickle.dumps(full()))])
def test_copies_of_an_experiment_are_equal(copied: Experiment) -> None:
    assert copied == full()


def test_variants_may_be_given_by_keyword() -> None:
    assert Experiment("models", variants=[CONTROL, TREATMENT]) == Experiment("models", CONTROL, TREATMENT)


@pytest.mark.parametrize(
    ("weights", "split"),
    [
        ([50, 50], "v0 50 %, v1 50 %"),
        ([1, 1, 1], "v0 33.33 %, v1 33.33 %, v2 33.33 %"),
        ([999, 1], "v0 99.9 %, v1 0.1 %"),
        ([7], "v0 100 %"),
    ],
)
def test_the_split_is_shown_in_per_cent(weights: list[int], split: str) -> None:
    variants = [Variant(f"v{number}", weight=weight) for number, weight in enumerate(weights)]
    assert Experiment("models", variants=variants).split == split


def test_shares_add_up_to_one() -> None:
    shares = Experiment("models", Variant("a", weight=1), Variant("b", weight=9)).shares
    assert shares == {"a": 0.1, "b": 0.9}


@pytest.mark.parametrize("field", ["name", "salt", "by"])
@pytest.mark.parametrize("value", ["a:b", "a b", "é", "a\n", "a/b", None, 1, b"a", "\ud800"])
def test_what_is_hashed_has_no_colon_and_no_other_odd_character(field: str, value: Any) -> None:
    arguments = {"name": "models", "variants": [CONTROL], field: value}
    with pytest.raises(ConfigurationError, match=f"{field}="):
        Experiment(**arguments)


@pytest.mark.parametrize("field", ["name", "by"])
def test_name_and_unit_kind_are_not_empty(field: str) -> None:
    arguments: Any = {"name": "models", "variants": [CONTROL], field: ""}
    with pytest.raises(ConfigurationError, match=f"{field}=''"):
        Experiment(**arguments)


def test_an_experiment_has_variants() -> None:
    with pytest.raises(ConfigurationError, match=r"Experiment\('models'\): needs at least one Variant"):
        Experiment("models")


@pytest.mark.parametrize("wrong", [[CONTROL, TREATMENT], "control", {"name": "control"}])
def test_variants_are_given_one_by_one(wrong: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"one argument each, not {type(wrong).__name__}"):
        Experiment("models", wrong)


def test_variants_have_different_names() -> None:
    with pytest.raises(ConfigurationError, match="2 variants are called 'control'"):
        Experiment("models", CONTROL, TREATMENT, Variant("control", weight=9))


def test_weights_are_bounded() -> None:
    assert Experiment("models", Variant("a", weight=MAX_TOTAL_WEIGHT)).shares == {"a": 1.0}
    with pytest.raises(ConfigurationError, match=f"at most {MAX_TOTAL_WEIGHT}"):
        Experiment("models", Variant("a", weight=MAX_TOTAL_WEIGHT), Variant("b"))


@pytest.mark.parametrize("coverage", [-0.01, 1.01, 50, math.nan, math.inf, True, "0.5", None])
def test_coverage_is_a_share(coverage: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"coverage=.* from 0 to 1"):
        Experiment("models", CONTROL, coverage=coverage)


@pytest.mark.parametrize(
    ("field", "value"),
    [("mode", "off"), ("mode", None), ("enabled", 1), ("enabled", "yes"), ("hash_version", 2), ("hash_version", True)],
)
def test_a_word_that_means_nothing_is_refused(field: str, value: Any) -> None:
    arguments = {"name": "models", "variants": [CONTROL], field: value}
    with pytest.raises(ConfigurationError, match=f"{field}={value!r} must be"):
        Experiment(**arguments)


def test_overrides_name_variants_that_exist() -> None:
    with pytest.raises(ConfigurationError, match="has the variant 'treatmnt'; there are control, treatment"):
        Experiment("models", CONTROL, TREATMENT, overrides={"u-1": "treatmnt"})


@pytest.mark.parametrize("unit", ["", None, True, 1.5, b"u-1"])
def test_overrides_are_for_units(unit: Any) -> None:
    with pytest.raises(ConfigurationError, match="overrides has a unit that is neither"):
        Experiment("models", CONTROL, overrides={unit: "control"})


def test_an_override_for_an_integer_is_one_for_its_digits() -> None:
    assert Experiment("models", CONTROL, overrides={42: "control"}).overrides == {"42": "control"}
    twice: Any = {42: "control", "42": "treatment"}
    with pytest.raises(ConfigurationError, match="twice"):
        Experiment("models", CONTROL, TREATMENT, overrides=twice)


@pytest.mark.parametrize("overrides", [None, ["u-1"], "u-1"])
def test_overrides_are_a_mapping(overrides: Any) -> None:
    with pytest.raises(ConfigurationError, match="overrides must be a mapping"):
        Experiment("models", CONTROL, overrides=overrides)


def test_units_are_not_quoted_anywhere() -> None:
    secret = "jo.harper@example.com"
    experiment = Experiment("models", CONTROL, overrides={secret: "control"})
    with pytest.raises(ConfigurationError) as caught:
        Experiment("models", CONTROL, overrides={secret: "nobody"})
    assert secret not in repr(experiment) + str(caught.value)


# --- Assignment ------------------------------------------------------------------------------------------------------


def test_an_assignment_shows_what_was_decided_and_not_for_whom() -> None:
    assignment = Assignment("models", "treatment", {}, Reason.SPLIT, 7, 0.5, "jo.harper@example.com", "shadow")
    assert repr(assignment) == "<Assignment models: treatment (split, shadow)>"


def test_an_assignment_without_a_variant_is_not_enrolled() -> None:
    assert not Assignment("models", "", {}, Reason.NO_UNIT).enrolled
    assert Assignment("models", "control", {}, Reason.SPLIT).enrolled
