"""Experiments are replaced while calls run."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import Any, Final

import pytest

from genai_guard import Pipeline, caller
from genai_guard.errors import ConfigurationError
from genai_guard.messages import ANONYMOUS, Caller
from genai_guard.routing import Experiment, ExperimentRouter, Reason, Variant

MODELS: Final = Experiment("models", Variant("small", params={"model": "s"}), Variant("large", params={"model": "l"}))
STYLE: Final = Experiment("style", Variant("plain"), Variant("warm", params={"temperature": 0.9}))
USER: Final = Caller(user="u-1", request_id="r-1")


def large_only(experiment: Experiment) -> Experiment:
    return replace(experiment, overrides={"u-1": "large"})


def test_what_is_asked_after_a_replacement_is_the_new_configuration() -> None:
    router = ExperimentRouter(MODELS)
    router.replace(STYLE, replace(MODELS, coverage=0))
    assert [each.experiment for each in router.route(USER)] == ["style", "models"]
    assert router.assign("u-1", experiment="models").reason is Reason.NOT_ENROLLED
    assert router.param_names == {"model", "temperature"}
    assert router == ExperimentRouter(STYLE, replace(MODELS, coverage=0))


def test_an_update_changes_the_experiments_it_names() -> None:
    router = ExperimentRouter(STYLE, MODELS)
    router.update(large_only(MODELS))
    assert router.experiments == (STYLE, large_only(MODELS))


def test_an_update_need_not_name_what_an_experiment_requires() -> None:
    second = Experiment("second", Variant("a"), requires={"models": "large"})
    router = ExperimentRouter(MODELS, second)
    router.update(replace(second, coverage=0.5))
    assert router.experiments == (MODELS, replace(second, coverage=0.5))
    with pytest.raises(ConfigurationError, match="requires the variant 'large' of 'models'"):
        router.update(Experiment("models", Variant("small"), salt="models-2"))


def test_an_update_is_of_what_is_there() -> None:
    router = ExperimentRouter(STYLE)
    with pytest.raises(ConfigurationError, match="update: no experiment is called 'models'; there are style"):
        router.update(MODELS)


@pytest.mark.parametrize("change", ["replace", "update"])
@pytest.mark.parametrize(
    ("wrong", "message"),
    [((), "at least one Experiment"), ((MODELS, MODELS), "have one name"), (("models",), "one argument each, not str")],
)
def test_a_wrong_configuration_changes_nothing(change: str, wrong: Any, message: str) -> None:
    router = ExperimentRouter(MODELS)
    with pytest.raises(ConfigurationError, match=message):
        getattr(router, change)(*wrong)
    assert router.experiments == (MODELS,)


def test_every_assignment_says_which_configuration_decided() -> None:
    router = ExperimentRouter(MODELS, replace(STYLE, enabled=False))
    before = router.route(USER)
    assert [each.config_version for each in before] == [each.config_version for each in router.experiments]
    assert all(len(each.config_version) == 12 for each in before)
    with router.force(models="large"):
        assert router.route(ANONYMOUS)[0].config_version == MODELS.config_version
    router.update(large_only(MODELS))
    after = router.route(USER)
    assert after[0].config_version != before[0].config_version
    assert after[1] == before[1]


CHANGES: Final[list[dict[str, Any]]] = [
    {"coverage": 0.5},
    {"salt": "other"},
    {"mode": "shadow"},
    {"enabled": False},
    {"by": "tenant"},
    {"overrides": {"u": "large"}},
    {"variants": (Variant("small", weight=2, params={"model": "s"}), MODELS.variants[1])},
    {"variants": (Variant("small", params={"model": "S"}), MODELS.variants[1])},
    {"variants": (Variant("small", params={"model": "s"}, target=str.upper), MODELS.variants[1])},
    {"variants": (Variant("small", params={"model": "s"}, target=str.lower), MODELS.variants[1])},
    {"variants": MODELS.variants[::-1]},
]


def test_whatever_changes_changes_the_version() -> None:
    versions = [replace(MODELS, **change).config_version for change in CHANGES]
    assert len({MODELS.config_version, *versions}) == len(versions) + 1


def test_equal_configurations_have_one_version_in_every_process() -> None:
    params = {"stop": ["."], "tags": {"a", "b"}, "seed": 1, "raw": object()}
    there = {"raw": object(), "tags": {"b", "a"}, "stop": ["."], "seed": 1}
    assert Experiment("e", Variant("v", params=params)) != Experiment("e", Variant("v", params=there))
    versions = {Experiment("e", Variant("v", params=each)).config_version for each in (params, there)}
    assert versions == {"30e8f1bfaa17"}


@dataclass
class Odd:
    """Compared with anything, says nothing that is true or false."""

    data: Any = None


class Array:
    def __eq__(self, other: object) -> Any:
        raise ValueError

    __hash__ = None  # type: ignore[assignment]


def test_params_of_any_type_have_a_version() -> None:
    values: list[Any] = [Odd(), Odd(Array()), Odd(1), Array(), b"raw", float("nan"), {1: {2}}, str.upper, Odd]
    versions = [Experiment("e", Variant("v", params={"x": value})).config_version for value in values]
    assert len(set(versions)) == len(values)


def test_the_version_of_a_router_is_that_of_all_its_experiments() -> None:
    router = ExperimentRouter(MODELS, STYLE)
    version = router.config_version
    router.replace(MODELS)
    assert router.config_version != version
    router.replace(MODELS, STYLE)
    assert router.config_version == version


# --- The switch of all -----------------------------------------------------------------------------------------------


def test_a_router_that_is_switched_off_assigns_nobody() -> None:
    router = ExperimentRouter(MODELS, STYLE)
    router.enabled = False
    with router.force(models="large"):
        assert {each.reason for each in router.route(USER)} == {Reason.DISABLED}
    assert router.assign("u-1", experiment="style").reason is Reason.DISABLED
    router.enabled = True
    assert {each.reason for each in router.route(USER)} == {Reason.SPLIT}


def test_a_replacement_does_not_switch_a_router_on() -> None:
    router = ExperimentRouter(MODELS)
    router.enabled = False
    router.replace(STYLE)
    assert router.assign("u-1").reason is Reason.DISABLED


def test_a_switch_is_on_or_off() -> None:
    with pytest.raises(ConfigurationError, match="enabled='no' must be True or False"):
        ExperimentRouter(MODELS).enabled = "no"  # type: ignore[assignment]


# --- Calls under way -------------------------------------------------------------------------------------------------


def test_a_call_sees_one_configuration_and_never_a_part_of_two() -> None:
    def configuration(number: int) -> list[Experiment]:
        salts = {"models": f"models-{number}", "style": f"style-{number}"}
        return [replace(each, salt=salts[each.name]) for each in (MODELS, STYLE)]

    wanted = [{each.config_version for each in configuration(number)} for number in range(2)]
    router = ExperimentRouter(*configuration(0))
    stop = threading.Event()

    def swap() -> None:
        for number in range(300):
            router.replace(*configuration(number % 2))
        stop.set()

    thread = threading.Thread(target=swap)
    thread.start()
    while not stop.is_set():
        assert {each.config_version for each in router.route(USER)} in wanted
    thread.join()


def test_updates_at_once_lose_nothing() -> None:
    router = ExperimentRouter(*[replace(MODELS, name=f"e{number}", mode="shadow") for number in range(8)])

    def cover(experiment: Experiment) -> None:
        for percent in range(20):
            router.update(replace(experiment, coverage=percent / 100))

    threads = [threading.Thread(target=cover, args=[experiment]) for experiment in router.experiments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {each.coverage for each in router.experiments} == {0.19}


def test_a_forced_variant_that_is_gone_is_forced_no_longer() -> None:
    router = ExperimentRouter(MODELS)
    with router.force(models="large"):
        router.replace(Experiment("models", Variant("medium"), salt="models-2"))
        assert router.route(USER)[0].variant == "medium"


# --- Wrapped functions -----------------------------------------------------------------------------------------------


def test_a_replacement_may_set_what_the_functions_take() -> None:
    router = ExperimentRouter(STYLE)
    pipeline = Pipeline(router=router)

    @pipeline
    def ask(prompt: str, model: str = "none", temperature: float = 0.0) -> str:
        return model

    with caller(user="u-1"):
        assert (ask("hi"), ask("hi", "mine")) == ("none", "mine")
        router.replace(large_only(MODELS))
        assert (ask("hi"), ask("hi", "mine"), ask(model="mine", prompt="hi")) == ("l", "l", "l")


def test_a_replacement_may_not_set_what_a_function_does_not_take() -> None:
    router = ExperimentRouter(MODELS)
    pipeline = Pipeline(router=router)

    @pipeline
    def ask(prompt: str, model: str = "none") -> str:
        return model

    with pytest.raises(ConfigurationError, match=r"sets temperature, which .*ask does not take"):
        router.replace(STYLE)
    assert router.experiments == (MODELS,)
    del ask
    router.replace(STYLE)


def test_an_experiment_by_request_may_come_later() -> None:
    router = ExperimentRouter(MODELS)
    pipeline = Pipeline(router=router)

    def ask(prompt: str, model: str = "none") -> str:
        return model

    assert pipeline.run(ask, "hi").assignments[0].reason is Reason.NO_UNIT
    router.replace(replace(MODELS, by="request"))
    outcome = pipeline.run(ask, "hi")
    assert (outcome.assignments[0].reason, outcome.assignments[0].unit) == (Reason.SPLIT, outcome.request_id)
