"""Several experiments at once, and who asks."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from dataclasses import replace
from typing import Any, Final

import pytest

from genai_guard.errors import ConfigurationError
from genai_guard.messages import ANONYMOUS, Caller
from genai_guard.routing import Experiment, ExperimentRouter, Reason, Variant

MODELS: Final = Experiment(
    "models", Variant("control", params={"model": "small"}), Variant("treatment", params={"model": "large"})
)
STYLE: Final = Experiment("style", Variant("plain"), Variant("warm", params={"temperature": 0.9}), by="tenant")
TARGETS: Final = Experiment("targets", Variant("old"), Variant("new", target=str.upper))
ROUTER: Final = ExperimentRouter(MODELS, STYLE)


# --- route -----------------------------------------------------------------------------------------------------------


def test_every_experiment_answers_in_order() -> None:
    routed = ROUTER.route(Caller(user="u-1", tenant="acme"))
    assert routed == (ROUTER.assign("u-1", experiment="models"), ROUTER.assign("acme", experiment="style"))


@pytest.mark.parametrize(
    ("by", "unit"),
    [("user", "u-1"), ("tenant", "acme"), ("session", "s-1"), ("request", "r-1"), ("region", "eu"), ("plan", "")],
)
def test_the_unit_is_what_the_experiment_goes_by(by: str, unit: str) -> None:
    caller = Caller(user="u-1", tenant="acme", session="s-1", request_id="r-1", tags={"region": "eu", "user": "no"})
    (assignment,) = ExperimentRouter(replace(MODELS, by=by)).route(caller)
    assert assignment.unit == unit
    assert assignment.reason is (Reason.SPLIT if unit else Reason.NO_UNIT)


def test_an_anonymous_caller_gets_no_variant() -> None:
    assert [assignment.reason for assignment in ROUTER.route(ANONYMOUS)] == [Reason.NO_UNIT, Reason.NO_UNIT]


def test_a_shadow_experiment_is_assigned_and_says_so() -> None:
    (assignment,) = ExperimentRouter(replace(MODELS, mode="shadow")).route(Caller(user="u-1"))
    live = ExperimentRouter(MODELS).assign("u-1")
    assert assignment == live._replace(mode="shadow", config_version=assignment.config_version)


# --- assign ----------------------------------------------------------------------------------------------------------


def test_a_single_experiment_need_not_be_named() -> None:
    router = ExperimentRouter(MODELS)
    assert router.assign("u-1") == router.assign("u-1", experiment="models")


def test_several_experiments_must_be_named() -> None:
    with pytest.raises(ConfigurationError, match="say which by experiment=; there are models, style"):
        ROUTER.assign("u-1")


def test_an_unknown_experiment_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match="no experiment is called 'modles'; there are models, style"):
        ROUTER.assign("u-1", experiment="modles")


# --- What a router knows about itself --------------------------------------------------------------------------------


def test_param_names_are_those_of_all_variants() -> None:
    assert ROUTER.param_names == {"model", "temperature"}
    assert ExperimentRouter(replace(MODELS, mode="shadow")).param_names == {"model"}
    assert ExperimentRouter(TARGETS).param_names == frozenset()


def test_its_repr_shows_the_splits() -> None:
    router = ExperimentRouter(replace(MODELS, coverage=0.1, mode="shadow"), replace(STYLE, enabled=False))
    assert repr(router) == (
        "<ExperimentRouter models: control 50 %, treatment 50 % of 10 % by user, shadow; "
        "style: plain 50 %, warm 50 % by tenant, disabled>"
    )


# --- Contradictions --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("others", "message"),
    [
        ([replace(STYLE, name="models")], "'models' and 'models' have one name"),
        ([replace(STYLE, salt="models")], "'models' and 'style' have the salt 'models'"),
        ([STYLE, replace(TARGETS, salt="style")], "'style' and 'targets' have the salt 'style'"),
        ([replace(MODELS, name="other")], "'models' and 'other' both set the parameter 'model'"),
        ([replace(MODELS, name="other", enabled=False)], "'models' and 'other' both set the parameter 'model'"),
        ([TARGETS, replace(TARGETS, name="other")], "'targets' and 'other' both have a target"),
    ],
)
def test_experiments_that_contradict_each_other_are_refused(others: list[Experiment], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        ExperimentRouter(MODELS, *others)


def test_a_shadow_experiment_contradicts_nothing() -> None:
    shadows = [replace(MODELS, name="other", mode="shadow"), replace(TARGETS, name="shadow", mode="shadow")]
    assert len(ExperimentRouter(MODELS, TARGETS, *shadows).experiments) == 4


def test_a_thousand_experiments_are_checked_at_once() -> None:
    many = [Experiment(f"e{number}", Variant("on", params={f"p{number}": 1})) for number in range(1000)]
    assert len(ExperimentRouter(*many).route(Caller(user="u-1"))) == 1000


def test_a_router_has_experiments() -> None:
    with pytest.raises(ConfigurationError, match="at least one Experiment"):
        ExperimentRouter()


@pytest.mark.parametrize("wrong", [[MODELS], "models", Variant("a"), None])
def test_experiments_are_given_one_by_one(wrong: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"one argument each, not {type(wrong).__name__}"):
        ExperimentRouter(wrong)


# --- force -----------------------------------------------------------------------------------------------------------


def test_a_forced_variant_is_given_to_everybody() -> None:
    with ROUTER.force(models="treatment"):
        forced, free = ROUTER.route(ANONYMOUS)
        assert ROUTER.assign("u-1", experiment="models").params == {"model": "large"}
    assert (forced.variant, forced.reason, forced.propensity) == ("treatment", Reason.OVERRIDE, 1.0)
    assert free.reason is Reason.NO_UNIT
    assert ROUTER.route(ANONYMOUS)[0].reason is Reason.NO_UNIT


def test_an_experiment_whose_name_is_no_identifier_is_forced_by_a_mapping() -> None:
    router = ExperimentRouter(replace(MODELS, name="model-comparison"))
    with router.force({"model-comparison": "treatment"}):
        assert router.assign("u-1").reason is Reason.OVERRIDE


def test_the_inner_block_wins_and_the_outer_one_comes_back() -> None:
    with ROUTER.force(models="treatment", style="warm"):
        with ROUTER.force(models="control"):
            assert [each.variant for each in ROUTER.route(ANONYMOUS)] == ["control", "warm"]
        assert [each.variant for each in ROUTER.route(ANONYMOUS)] == ["treatment", "warm"]


def test_forcing_ends_with_an_exception() -> None:
    with pytest.raises(KeyError), ROUTER.force(models="treatment"):
        raise KeyError
    assert ROUTER.route(ANONYMOUS)[0].reason is Reason.NO_UNIT


def test_another_router_is_not_forced() -> None:
    other = ExperimentRouter(MODELS)
    with ROUTER.force(models="treatment"):
        assert other.assign("u-1").reason is Reason.SPLIT


def test_another_thread_is_not_forced() -> None:
    seen: list[Reason] = []
    with ROUTER.force(models="treatment"):
        thread = threading.Thread(target=lambda: seen.append(ROUTER.route(ANONYMOUS)[0].reason))
        thread.start()
        thread.join()
    assert seen == [Reason.NO_UNIT]


async def test_each_task_forces_its_own_variant() -> None:
    async def forced(variant: str) -> str:
        with ROUTER.force(models=variant):
            await asyncio.sleep(0)
            return ROUTER.route(ANONYMOUS)[0].variant

    one, other = await asyncio.gather(forced("treatment"), forced("control"))
    assert (one, other) == ("treatment", "control")


@pytest.mark.parametrize(
    ("variants", "message"),
    [
        ({"modles": "control"}, "no experiment is called 'modles'; there are models, style"),
        ({"models": "large"}, "'models' has no variant 'large'; there are control, treatment"),
    ],
)
def test_only_what_exists_is_forced(variants: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message), ROUTER.force(variants):
        pass


# --- Law 7: the same everywhere --------------------------------------------------------------------------------------

ELSEWHERE: Final = """
import json
from genai_guard.messages import Caller
from genai_guard.routing import Experiment, ExperimentRouter, Holdout, Slot, Variant

arms = [Variant(f"v{index}", weight=1 + index) for index in range(4)]
router = ExperimentRouter(Experiment("models", *arms, coverage=0.8, overrides={"user-7": "v3"}))
held, half = Holdout("autumn", share=0.2), Slot("chat", start=0, end=0.5)
ruled = ExperimentRouter(
    Experiment("tone", *arms, holdout=held, layer=half, targeting='plan in ["pro", "team"]', requires={"old": "v1"}),
    Experiment("old", *arms[:2], hash_version="unleash", hash_params={"group_id": "old"}, coverage=0.9, holdout=held),
)
units = [*(f"user-{number}" for number in range(300)), *range(300), "\\ud800", "a\\0b", ""]
given = [router.assign(unit) for unit in units]
for number in range(200):
    given += ruled.route(Caller(user=f"user-{number}", tags={"plan": ["pro", "free", "team", ""][number % 4]}))
versions = [router.config_version, ruled.config_version]
print(json.dumps([versions, *([each.variant, each.reason, each.bucket] for each in given)]))
"""


def test_assignments_are_the_same_in_every_process_and_with_every_hash_seed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    exec(ELSEWHERE, {})
    here = json.loads(capsys.readouterr().out)
    reasons = {"split", "not_enrolled", "override", "no_unit", "held_out", "not_targeted", "attribute_missing"}
    assert {reason for _, reason, _ in here[1:]} == reasons | {"prerequisite", "other_slot"}
    for seed in ("0", "1", "random"):
        printed = subprocess.run(
            [sys.executable, "-c", ELSEWHERE],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert json.loads(printed.stdout) == here
