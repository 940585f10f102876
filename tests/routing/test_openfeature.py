"""OpenFeature with the SDK itself: experiments as flags, and flags as experiments."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from threading import Event
from typing import Any, Final

import pytest
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.evaluation_context import EvaluationContext
from openfeature.event import EventDetails, ProviderEvent
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import FlagResolutionDetails
from openfeature.flag_evaluation import Reason as FlagReason
from openfeature.hook import Hook
from openfeature.provider.in_memory_provider import InMemoryFlag, InMemoryProvider
from openfeature.track import TrackingEventDetails

from genai_guard import ConfigurationError, Experiment, ExperimentRouter, Pipeline, Variant, caller
from genai_guard.messages import Caller
from genai_guard.routing import Reason
from genai_guard.routing.openfeature import ExperimentProvider, OpenFeatureRouter, Tracked
from genai_guard.routing.prompts import Prompt

PROMPT: Final = Prompt("brief", "Be brief.", version="3")
MODELS: Final = Experiment(
    "models",
    Variant("small", params={"model": "s", "temperature": 1, "stop": ["a"], "stream": False}),
    Variant("large", params={"model": "l", "temperature": 0.5}, prompt=PROMPT),
    overrides={"tester": "large"},
)
BY_TENANT: Final = Experiment("tenants", Variant("a"), Variant("b"), by="tenant")
OFF: Final = Experiment("off", Variant("a"), enabled=False)
SHADOW: Final = Experiment("quiet", Variant("a"), mode="shadow")
ROUTER: Final = ExperimentRouter(MODELS, BY_TENANT, OFF, SHADOW)
SMALL, LARGE = (
    next(unit for unit in map("u-{}".format, range(99)) if ROUTER.assign(unit, experiment="models").variant == name)
    for name in ("small", "large")
)


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    yield
    api.shutdown()
    api.clear_providers()


def client_of(provider: Any) -> OpenFeatureClient:
    api.set_provider(provider)
    return api.get_client()


def user(name: str, **attributes: Any) -> EvaluationContext:
    return EvaluationContext(name, attributes)


# --- experiments as flags ---------------------------------------------------------------------------------------------


def test_an_experiment_is_a_flag_whose_value_is_the_variant() -> None:
    details = client_of(ExperimentProvider(ROUTER)).get_string_details("models", "none", user(LARGE))
    assignment = ROUTER.assign(LARGE, experiment="models")
    assert (details.value, details.variant, details.reason) == ("large", "large", FlagReason.SPLIT)
    metadata = dict(details.flag_metadata)
    del metadata["config_version"]
    assert metadata == {
        "experiment": "models",
        "reason": "split",
        "mode": "enforce",
        "propensity": 0.5,
        "bucket": assignment.bucket,
        "prompt": "brief",
        "prompt_version": "3",
        "prompt_hash": PROMPT.content_hash,
    }


def test_its_parameters_are_flags_of_their_types() -> None:
    client = client_of(ExperimentProvider(ROUTER))
    assert client.get_object_value("models", {}, user(LARGE)) == {"model": "l", "temperature": 0.5}
    assert client.get_string_value("models.model", "none", user(SMALL)) == "s"
    assert client.get_float_value("models.temperature", 0.0, user(LARGE)) == 0.5
    assert client.get_float_value("models.temperature", 0.0, user(SMALL)) == 1.0
    assert client.get_integer_value("models.temperature", 0, user(SMALL)) == 1
    assert client.get_object_value("models.stop", [], user(SMALL)) == ["a"]
    assert client.get_boolean_value("models.stream", True, user(SMALL)) is False


def test_a_parameter_that_only_another_variant_has_is_the_default() -> None:
    details = client_of(ExperimentProvider(ROUTER)).get_object_details("models.stop", ["x"], user(LARGE))
    assert (details.value, details.variant, details.reason) == (["x"], "large", FlagReason.SPLIT)


async def test_asynchronous_evaluation_is_the_same() -> None:
    client = client_of(ExperimentProvider(ROUTER))
    assert await client.get_string_value_async("models", "none", user(LARGE)) == "large"
    assert await client.get_float_value_async("models.temperature", 0.0, user(LARGE)) == 0.5
    assert await client.get_integer_value_async("models.temperature", 0, user(SMALL)) == 1
    assert await client.get_boolean_value_async("models.stream", True, user(SMALL)) is False
    assert await client.get_object_value_async("models", {}, user(LARGE)) == {"model": "l", "temperature": 0.5}


@pytest.mark.parametrize(
    ("key", "context", "reason", "variant", "own"),
    [
        ("models", user("tester"), FlagReason.TARGETING_MATCH, "large", "override"),
        ("off", user("ann"), FlagReason.DISABLED, None, "disabled"),
        ("quiet", user("ann"), FlagReason.DEFAULT, None, "split"),
        (
            "tenants",
            user("ann", tenant="acme"),
            FlagReason.SPLIT,
            ROUTER.assign("acme", experiment="tenants").variant,
            "split",
        ),
    ],
)
def test_the_reason_says_which_rule_decided(
    key: str, context: EvaluationContext, reason: FlagReason, variant: str | None, own: str
) -> None:
    details = client_of(ExperimentProvider(ROUTER)).get_string_details(key, "none", context)
    assert (details.value, details.reason, details.variant) == (variant or "none", reason, variant)
    assert details.flag_metadata["reason"] == own


def test_who_is_not_enrolled_gets_the_default() -> None:
    router = ExperimentRouter(Experiment("models", Variant("a"), coverage=0))
    details = client_of(ExperimentProvider(router)).get_string_details("models", "none", user("ann"))
    assert (details.value, details.reason, details.error_code) == ("none", FlagReason.DEFAULT, None)


def test_attributes_are_what_experiments_go_by() -> None:
    router = ExperimentRouter(Experiment("x", Variant("a"), Variant("b"), by="region"))
    client = client_of(ExperimentProvider(router))
    expected = router.assign("eu").variant
    assert client.get_string_value("x", "", user("eu")) == expected
    assert client.get_string_value("x", "", user("ann", region="eu")) == expected


@pytest.mark.parametrize(
    ("key", "context", "code"),
    [
        ("nothing", user("ann"), ErrorCode.FLAG_NOT_FOUND),
        ("models.nothing", user("ann"), ErrorCode.FLAG_NOT_FOUND),
        ("models", EvaluationContext(), ErrorCode.TARGETING_KEY_MISSING),
        ("models.temperature", user(SMALL), ErrorCode.TYPE_MISMATCH),
    ],
)
def test_errors_give_the_default_and_their_code(key: str, context: EvaluationContext, code: ErrorCode) -> None:
    client = client_of(ExperimentProvider(ROUTER))
    details = client.get_string_details(key, "none", context)
    assert (details.value, details.reason, details.error_code) == ("none", FlagReason.ERROR, code)
    assert SMALL not in (details.error_message or "")


def test_whole_numbers_are_not_truth_values() -> None:
    details = client_of(ExperimentProvider(ROUTER)).get_boolean_details("models.temperature", True, user(SMALL))
    assert details.error_code is ErrorCode.TYPE_MISMATCH


def test_a_router_that_breaks_gives_the_default() -> None:
    class Broken(ExperimentRouter):
        def assign(self, unit: object, **options: Any) -> Any:
            raise RuntimeError(unit)

    details = client_of(ExperimentProvider(Broken(MODELS))).get_string_details("models", "none", user("ann"))
    assert (details.value, details.error_code, details.error_message) == ("none", ErrorCode.GENERAL, "RuntimeError")


def test_targeting_goes_by_the_attributes() -> None:
    router = ExperimentRouter(Experiment("x", Variant("a"), targeting="age > 18 and beta"))
    client = client_of(ExperimentProvider(router))
    assert client.get_string_value("x", "none", user("ann", age=30, beta=True)) == "a"
    details = client.get_string_details("x", "none", user("ann", age=30))
    assert (details.value, details.reason, details.flag_metadata["reason"]) == (
        "none",
        FlagReason.DEFAULT,
        "attribute_missing",
    )


def test_a_change_of_the_experiments_is_told() -> None:
    told = Event()
    changes: list[EventDetails] = []

    def note(details: EventDetails) -> None:
        changes.append(details)
        told.set()

    router = ExperimentRouter(Experiment("x", Variant("a"), Variant("b")))
    client = client_of(ExperimentProvider(router))
    client.add_handler(ProviderEvent.PROVIDER_CONFIGURATION_CHANGED, note)
    client.get_string_value("x", "none", user("ann"))
    assert changes == []
    router.replace(Experiment("x", Variant("a"), Variant("b"), coverage=0.5))
    client.get_string_value("x", "none", user("ann"))
    assert told.wait(20)
    assert [each.flags_changed for each in changes] == [["x"]]


def test_outcomes_are_handed_on_with_their_assignments() -> None:
    seen: list[Tracked] = []
    client = client_of(ExperimentProvider(ROUTER, on_track=seen.append))
    client.track("bought", user(LARGE, tenant="acme", plan="pro"), TrackingEventDetails(9.5, {"currency": "EUR"}))
    (event,) = seen
    assert event[:4] == ("bought", Caller(LARGE, "acme", tags={"plan": "pro"}), 9.5, {"currency": "EUR"})
    assert [each.variant for each in event.assignments if each.experiment == "models"] == ["large"]
    assert repr(event) == "<Tracked bought>"


def test_tracking_fails_nobody() -> None:
    def fail(event: Tracked) -> None:
        raise RuntimeError

    provider = ExperimentProvider(ROUTER, on_track=fail)
    client_of(provider).track("bought")
    assert provider.track_errors == 1
    client_of(ExperimentProvider(ROUTER)).track("bought")


# --- flags as experiments ---------------------------------------------------------------------------------------------


def flag(value: Any, **options: Any) -> InMemoryFlag[Any]:
    return InMemoryFlag("v", {"v": value}, **options)


def split(**metadata: Any) -> InMemoryFlag[Any]:
    details = FlagResolutionDetails("large", reason=FlagReason.SPLIT, variant="v", flag_metadata=metadata)
    return flag("large", context_evaluator=lambda flag, context: details)


def disabled() -> InMemoryFlag[Any]:
    details = FlagResolutionDetails("", reason=FlagReason.DISABLED)
    return flag("large", context_evaluator=lambda flag, context: details)


def routed(flags: dict[str, Any], who: Caller, *experiments: Experiment) -> tuple[OpenFeatureRouter, Any]:
    router = OpenFeatureRouter(client_of(InMemoryProvider(flags)), *(experiments or (MODELS,)))
    (assignment,) = router.route(who)
    return router, assignment


def test_a_flag_that_was_split_is_an_assignment() -> None:
    _, assignment = routed({"models": split()}, Caller("ann"))
    assert (assignment.variant, assignment.reason, assignment.propensity) == ("large", Reason.SPLIT, 0.5)
    assert (assignment.params["model"], assignment.prompt, assignment.unit) == ("l", PROMPT, "ann")


def test_its_metadata_says_more() -> None:
    _, assignment = routed({"models": split(propensity=0.2, bucket=7)}, Caller("ann"))
    assert (assignment.propensity, assignment.bucket) == (0.2, 7)


@pytest.mark.parametrize("metadata", [{"propensity": 7, "bucket": -1}, {"propensity": float("nan"), "bucket": 2**32}])
def test_unless_it_cannot_be_true(metadata: dict[str, Any]) -> None:
    _, assignment = routed({"models": split(**metadata)}, Caller("ann"))
    assert (assignment.propensity, assignment.bucket) == (0.5, None)


def test_any_other_flag_leaves_nothing_to_chance() -> None:
    _, assignment = routed({"models": flag("large")}, Caller("ann"))
    assert (assignment.variant, assignment.reason, assignment.propensity) == ("large", Reason.OVERRIDE, 1.0)


def test_the_client_is_told_what_is_known_of_the_caller() -> None:
    seen: list[EvaluationContext] = []

    def look(flag: Any, context: EvaluationContext) -> FlagResolutionDetails[str]:
        seen.append(context)
        return FlagResolutionDetails("a", reason=FlagReason.SPLIT)

    who = Caller("ann", "acme", "s-1", "r-1", {"plan": "pro"})
    routed({"tenants": flag("a", context_evaluator=look)}, who, BY_TENANT)
    assert seen == [EvaluationContext("acme", {"user": "ann", "tenant": "acme", "session": "s-1", "plan": "pro"})]


@pytest.mark.parametrize(
    ("flags", "reason", "errors"),
    [
        ({"models": disabled()}, Reason.DISABLED, {}),
        ({"models": flag("")}, Reason.NOT_ENROLLED, {}),
        ({}, Reason.UNAVAILABLE, {"FLAG_NOT_FOUND": 1}),
        ({"models": flag(True)}, Reason.UNAVAILABLE, {"TYPE_MISMATCH": 1}),
        ({"models": flag("huge")}, Reason.UNAVAILABLE, {"NO_VARIANT": 1}),
    ],
)
def test_without_a_variant_nobody_is_assigned(flags: dict[str, Any], reason: Reason, errors: dict[str, int]) -> None:
    router, assignment = routed(flags, Caller("ann"))
    assert (assignment.variant, assignment.params, assignment.propensity) == ("", {}, 0.0)
    assert assignment.reason is reason
    assert router.errors == errors


def test_a_hook_that_breaks_fails_no_call() -> None:
    class Failing(Hook):
        def finally_after(self, *args: Any) -> None:
            raise RuntimeError

        def error(self, *args: Any) -> None:
            raise RuntimeError

        def before(self, *args: Any) -> None:
            raise RuntimeError

    client = client_of(InMemoryProvider({"models": flag("large")}))
    client.add_hooks([Failing()])
    (assignment,) = OpenFeatureRouter(client, MODELS).route(Caller("ann"))
    assert assignment.reason is Reason.UNAVAILABLE


def test_nobody_is_asked_for_who_is_not_known_and_by_an_experiment_that_is_off() -> None:
    class Client:
        def get_string_details(self, *args: Any) -> Any:
            raise AssertionError

    router = OpenFeatureRouter(Client(), MODELS, OFF)  # type: ignore[arg-type]
    assert [each.reason for each in router.route(Caller())] == [Reason.NO_UNIT, Reason.DISABLED]
    assert router.errors == {}


def test_a_variant_can_be_forced() -> None:
    router, _ = routed({"models": flag("large")}, Caller("ann"))
    with router.force(models="small"):
        (assignment,) = router.route(Caller("ann"))
    assert (assignment.variant, assignment.reason) == ("small", Reason.OVERRIDE)


def test_a_pipeline_goes_by_the_flag() -> None:
    client = client_of(InMemoryProvider({"models": flag("large")}))

    def ask(
        messages: list[Any], *, model: str = "", temperature: float = 0, stop: Any = None, stream: bool = False
    ) -> str:
        return f"{model}: {messages[0]['content']}"

    with caller(user="ann"):
        outcome = Pipeline(router=OpenFeatureRouter(client, MODELS)).run(ask, [{"role": "user", "content": "hi"}])
    assert outcome.value == "l: Be brief."


def test_one_unit_can_be_asked_for() -> None:
    router = OpenFeatureRouter(client_of(InMemoryProvider({"models": flag("large")})), MODELS)
    assert router.assign("ann") == router.route(Caller("ann"))[0]
    assert router.assign("ann").variant == "large"
    with pytest.raises(ConfigurationError, match="no experiment is called 'nothing'"):
        router.assign("ann", experiment="nothing")


def test_both_ways_agree() -> None:
    router = OpenFeatureRouter(client_of(ExperimentProvider(ROUTER)), MODELS)
    for unit in ("tester", *map("u-{}".format, range(20))):
        (assignment,) = router.route(Caller(unit))
        expected = ROUTER.assign(unit, experiment="models")
        assert assignment[:7] == expected[:7]


# --- configuration ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: ExperimentProvider(MODELS), "takes an ExperimentRouter, not Experiment"),  # type: ignore[arg-type]
        (lambda: ExperimentProvider(ROUTER, on_track=7), "on_track=...\\) takes a function, not int"),  # type: ignore[arg-type]
        (lambda: OpenFeatureRouter(MODELS), "takes a client, such as openfeature.api.get_client"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_work_is_refused(build: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        build()


def test_a_policy_file_has_no_place_for_a_client() -> None:
    client = client_of(InMemoryProvider({}))
    with pytest.raises(ConfigurationError, match="experiments: OpenFeatureRouter has no place in a policy file"):
        Pipeline(router=OpenFeatureRouter(client, MODELS)).policy()


def test_nothing_imports_the_sdk_unasked() -> None:
    code = "import genai_guard, genai_guard.routing, sys; print('openfeature' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_without_the_sdk_the_extra_is_named() -> None:
    code = "import sys; sys.modules['openfeature'] = None; import genai_guard.routing.openfeature"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "pip install 'genai_guard[openfeature]'" in found.stderr
