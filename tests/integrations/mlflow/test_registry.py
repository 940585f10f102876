"""Prompts and aliases of a real registry in experiments."""

from __future__ import annotations

from typing import Any

import pytest

from genai_guard import ConfigurationError, Experiment, ExperimentRouter, Pipeline, Variant
from genai_guard.integrations.mlflow.aliases import Moved, RegistryAliases
from genai_guard.integrations.mlflow.prompts import prompt_from
from genai_guard.recording.event import Event
from integrations.mlflow.conftest import Place
from integrations.mlflow.policies import CODE


class Kept:
    """Keeps the events of calls."""

    wants_text = False

    def __init__(self) -> None:
        self.events: list[Event] = []

    def record(self, event: Event) -> None:
        self.events.append(event)


@pytest.fixture
def registered(place: Place, asked: Any, request: pytest.FixtureRequest) -> str:
    """A model with two versions; the aliases `champion` and `challenger` are on the first and the second."""
    from genai_guard.integrations.mlflow.model import log_model

    name = f"support-{place.experiment_id}"
    for alias, model in (("champion", "asked:answer"), ("challenger", "asked:answer")):
        info = log_model({"version": 1}, model, code_paths=CODE, registered_model_name=name)
        place.client.set_registered_model_alias(name, alias, info.registered_model_version)
    return name


def router_of(name: str) -> ExperimentRouter:
    variants = [Variant(alias, params={"model": f"models:/{name}@{alias}"}) for alias in ("champion", "challenger")]
    return ExperimentRouter(Experiment("models", *variants, by="user"))


def models_in(router: ExperimentRouter) -> list[str]:
    return [str(variant.params["model"]) for variant in router.experiments[0].variants]


def test_a_prompt_is_that_of_an_alias_or_version_and_stands_on_the_event(place: Place) -> None:
    import mlflow

    name = f"tone-{place.experiment_id}"
    for text in ("You are {{mood}}.", "Be {{mood}}!"):
        mlflow.genai.register_prompt(name, text)
    mlflow.genai.set_prompt_alias(name, "production", 2)
    assert prompt_from(f"prompts:/{name}/1").render(mood="kind") == "You are kind."
    prompt = prompt_from(f"prompts:/{name}@production", defaults={"mood": "kind"})
    kept = Kept()
    router = ExperimentRouter(Experiment("tone", Variant("b", prompt=prompt), by="request"))
    answer = Pipeline(router=router, recorder=kept).run(lambda messages: messages[0]["content"], [])
    assert answer.value == "Be kind!"
    given = kept.events[0].assignments[0].prompt
    assert given is not None
    assert (given.name, given.version) == (name, "2")


@pytest.mark.parametrize("uri", ["prompts:/nobody@production", "prompts:/nobody/1"])
def test_a_prompt_that_is_not_there_is_told(place: Place, uri: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{uri} cannot be loaded"):
        prompt_from(uri)


def test_variants_name_aliases_and_calls_see_versions_and_loaded_models(place: Place, registered: str) -> None:
    router, kept = router_of(registered), Kept()
    aliases = RegistryAliases(router)
    assert models_in(router) == [f"models:/{registered}/1", f"models:/{registered}/2"]

    def ask(prompt: str, *, model: str) -> str:
        return str(aliases.model(model).predict([{"prompt": prompt}])["reply"][0])

    with router.force(models="challenger"):
        assert Pipeline(router=router, recorder=kept).run(ask, "hi", model="").value.startswith("hi at")
    assert kept.events[0].model == f"models:/{registered}/2"


def test_moving_an_alias_moves_the_traffic_once_the_version_is_loaded_and_good(place: Place, registered: str) -> None:
    loads: list[str] = []
    good = {f"models:/{registered}/1", f"models:/{registered}/2"}

    def load(uri: str) -> str:
        loads.append(uri)
        return uri

    def check(model: str) -> None:
        if model not in good:
            raise ValueError("my secret")

    router = router_of(registered)
    before = router.config_version
    aliases = RegistryAliases(router, load=load, check=check)
    assert aliases.refresh() == ()
    place.client.set_registered_model_alias(registered, "champion", "2")
    uri = f"models:/{registered}@champion"
    assert aliases.refresh() == (Moved(uri, f"models:/{registered}/1", f"models:/{registered}/2"),)
    assert models_in(router) == [f"models:/{registered}/2"] * 2
    assert router.config_version != before
    assert loads == [f"models:/{registered}/{version}" for version in (1, 2)]  # and not once more

    good.clear()
    place.client.create_model_version(registered, f"models:/{registered}/1")
    place.client.set_registered_model_alias(registered, "champion", "3")
    assert aliases.refresh() == ()
    assert models_in(router)[0] == f"models:/{registered}/2"
    assert dict(aliases.failures) == {f"{uri} ValueError": 1}


def test_a_call_under_way_keeps_the_version_that_it_began_with(place: Place, registered: str) -> None:
    loads: list[str] = []

    def load(uri: str) -> str:
        loads.append(uri)
        return uri

    router, kept = router_of(registered), Kept()
    aliases = RegistryAliases(router, load=load)

    def ask(prompt: str, *, model: str) -> str:
        place.client.set_registered_model_alias(registered, "champion", "2")
        assert len(aliases.refresh()) == 1
        return str(aliases.model(model))

    with router.force(models="champion"):
        outcome = Pipeline(router=router, recorder=kept).run(ask, "hi", model="")
    assert outcome.value == kept.events[0].model == f"models:/{registered}/1"
    assert loads == [f"models:/{registered}/{version}" for version in (1, 2)]  # the first was not loaded again


def test_an_alias_that_goes_away_changes_nothing(place: Place, registered: str) -> None:
    router = router_of(registered)
    aliases = RegistryAliases(router, load=str)
    place.client.delete_registered_model_alias(registered, "champion")
    assert aliases.refresh() == ()
    assert models_in(router)[0] == f"models:/{registered}/1"
    assert sum(aliases.failures.values()) == 1


def test_what_somebody_else_has_set_meanwhile_is_left_alone(place: Place, registered: str) -> None:
    router = router_of(registered)
    aliases = RegistryAliases(router, load=str)
    (experiment,) = router.experiments
    mine = Variant("champion", weight=3, params={"model": "mine"})
    router.replace(Experiment("models", mine, experiment.variants[1], by="user"))
    place.client.set_registered_model_alias(registered, "champion", "2")
    aliases.refresh()
    assert models_in(router) == ["mine", f"models:/{registered}/2"]


def test_prompts_follow_their_aliases_too(place: Place) -> None:
    import mlflow

    name = f"p-{place.experiment_id}"
    mlflow.genai.register_prompt(name, "One.")
    mlflow.genai.set_prompt_alias(name, "production", 1)
    router = ExperimentRouter(Experiment("tone", Variant("plain"), Variant("warm"), by="user"))
    with RegistryAliases(router, prompts={"tone": {"warm": f"prompts:/{name}@production"}}) as aliases:
        mlflow.genai.register_prompt(name, "Two.")
        mlflow.genai.set_prompt_alias(name, "production", 2)
        aliases.refresh()
    plain, warm = router.experiments[0].variants
    assert plain.prompt is None
    assert warm.prompt is not None
    assert (warm.prompt.text, warm.prompt.version) == ("Two.", "2")


def test_what_names_no_alias_or_one_that_is_not_there_is_refused(place: Place) -> None:
    plain = ExperimentRouter(Experiment("models", Variant("a", params={"model": "small"})))
    with pytest.raises(ConfigurationError, match="no variant names an alias"):
        RegistryAliases(plain)
    with pytest.raises(ConfigurationError, match="models:/nobody@champion cannot be used"):
        RegistryAliases(router_of("nobody"))
    with pytest.raises(ConfigurationError, match="takes an ExperimentRouter"):
        RegistryAliases(None)  # type: ignore[arg-type]
