"""What experiments go by beside what they say themselves, and all of an experiment, in policy files."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from genai_guard import ConfigurationError, Experiment, ExperimentRouter, Pipeline, Variant
from genai_guard.environment import env
from genai_guard.policy import json_schema
from genai_guard.policy.forms import RouterOptions, forms_of
from genai_guard.policy.shapes import entry_of
from genai_guard.routing import Holdout, Prompt, Schedule, Slot
from genai_guard.routing.sticky import MemoryStickyStore, RedisStickyStore, SqliteStickyStore, StickyStore
from policy.parts import parts_of

VALIDATOR = Draft202012Validator(json_schema())
VARIANTS = [{"name": "x"}, {"name": "y"}]
STICKY: dict[str, Any] = {"name": "a", "variants": VARIANTS, "sticky": True}
STORE = MemoryStickyStore()
SERVER = {"env": "LIMITS_URL"}


def policy(experiment: dict[str, Any], **sections: Any) -> dict[str, Any]:
    return {"version": 1, "experiments": [experiment], **sections}


@pytest.mark.parametrize(
    "entry",
    [
        {"kind": "memory"},
        {"kind": "memory", "max_units": 9},
        {"kind": "redis", "server": SERVER},
        {"kind": "redis", "server": SERVER, "prefix": "p", "timeout_s": 0.1, "ttl_s": 60},
        f"{__name__}:STORE",
    ],
)
def test_a_sticky_store_is_read_and_written(entry: Any) -> None:
    given = policy(STICKY, router={"sticky": entry})
    VALIDATOR.validate(given)
    pipeline = Pipeline.from_policy(given)
    assert pipeline.policy() == given
    assert parts_of(Pipeline.from_policy(pipeline.policy())) == parts_of(pipeline)


def test_a_file_of_variants_is_read_and_written(tmp_path: Path) -> None:
    store = {"kind": "sqlite", "path": str(tmp_path / "sticky"), "timeout_s": 0.2}
    assert Pipeline.from_policy(policy(STICKY, router={"sticky": store})).policy()["router"] == {"sticky": store}


def test_a_router_made_in_python_names_the_variable_of_its_store() -> None:
    router = ExperimentRouter(
        Experiment("a", Variant("x"), Variant("y"), sticky=True),
        attributes={"plan": "text"},
        sticky=RedisStickyStore(env("LIMITS_URL")),
    )
    written = Pipeline(router=router).policy()
    assert written["router"] == {"attributes": {"plan": "text"}, "sticky": {"kind": "redis", "server": SERVER}}
    assert "hunter2" not in json.dumps(written)


def test_a_router_of_which_nothing_is_said_is_left_out() -> None:
    plain = policy({"name": "a", "variants": VARIANTS})
    cases: list[dict[str, Any]] = [{}, {"attributes": {}}, {"sticky": None}]
    for given in cases:
        assert Pipeline.from_policy({**plain, "router": given}).policy() == plain


def test_all_of_an_experiment_is_read_and_written() -> None:
    experiment = Experiment(
        "a",
        Variant("x", prompt=Prompt("greeting", "Greet {name}.", variables={"name": "text"})),
        Variant("y", weight=3, params={"model": "large"}),
        targeting='plan == "pro"',
        holdout=Holdout("h", share=0.1),
        layer=Slot("l", start=0, end=0.5),
        schedule=Schedule(start="2026-12-01T09:00", end="2026-12-24", timezone="Europe/Berlin"),
        sticky=True,
        bucket_version=2,
    )
    pipeline = Pipeline(router=ExperimentRouter(experiment, sticky=STORE, attributes={"plan": "text"}))
    written = pipeline.policy()
    VALIDATOR.validate(written)
    again = Pipeline.from_policy(json.loads(json.dumps(written)))
    assert again.router is not None
    assert again.router.experiments == (experiment,)
    assert again.policy() == written


@pytest.mark.parametrize(
    ("experiment", "router", "message"),
    [
        (
            STICKY,
            {"sticky": {"kind": "redsi"}},
            'router.sticky.kind: must be one of "memory", "sqlite", "redis", not "redsi"',
        ),
        (STICKY, {"sticky": {"kind": "redis"}}, "router.sticky.server: is missing"),
        (
            STICKY,
            {"sticky": {"kind": "redis", "server": "redis://:hunter2@h"}},
            "router.sticky.server: is a URL with a pass",
        ),
        (
            STICKY,
            {"sticky": {"kind": "memory", "max_units": 0}},
            "router.sticky.max_units: MemoryStickyStore(max_units=0)",
        ),
        (STICKY, {"sticky": "os:sep"}, 'router.sticky: must name a sticky store; "os:sep" is str'),
        (STICKY, {"clock": 1}, 'router.clock: unknown field; there are "attributes", "sticky"'),
        (
            STICKY,
            {"attributes": {"plan": "txt"}},
            'router.attributes.plan: must be one of "text", "number", "bool", not "txt"',
        ),
        (STICKY, {}, "experiments: Experiment('a'): sticky needs a store"),
        ({**STICKY, "targeting": "plan = 'pro'"}, {}, "experiments[0].targeting: "),
        (
            {**STICKY, "layer": {"layer": "l", "start": 0}},
            {},
            "experiments[0].layer.end: is missing: it must be a number",
        ),
        ({**STICKY, "holdout": {"name": "h", "share": 3}}, {}, "experiments[0].holdout.share: "),
        ({**STICKY, "schedule": {"start": "tomorrow"}}, {}, "experiments[0].schedule.start: "),
    ],
)
def test_a_mistake_is_named_with_its_field_and_the_remedy(
    experiment: dict[str, Any], router: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigurationError) as raised:
        Pipeline.from_policy(policy(experiment, router=router))
    assert str(raised.value).removeprefix("policy: ").startswith(message)
    assert "hunter2" not in str(raised.value)


def test_what_is_said_of_a_router_needs_experiments() -> None:
    with pytest.raises(ConfigurationError, match="router: needs experiments beside it"):
        Pipeline.from_policy({"version": 1, "router": {"attributes": {"plan": "text"}}})


CLOCKS = {"clock"}


@pytest.mark.parametrize("part", [ExperimentRouter, MemoryStickyStore, SqliteStickyStore, RedisStickyStore])
def test_every_parameter_has_a_place_but_clocks(part: type) -> None:
    """A parameter that is added has one by itself, or needs a decision."""
    kind: Any = RouterOptions if part is ExperimentRouter else part
    form = next(form for form in (*forms_of(RouterOptions), *forms_of(StickyStore)) if form.build is kind)
    assert entry_of(form).words.keys() - {"kind"} == inspect.signature(part).parameters.keys() - CLOCKS - {
        "experiments"
    }
