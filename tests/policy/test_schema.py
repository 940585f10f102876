"""The JSON Schema of policies: committed, complete, and of one mind with the loader."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from genai_guard import Limit, Pipeline, guards, recording
from genai_guard.guards.base import Guard
from genai_guard.policy import json_schema
from genai_guard.policy.assembly import assemble
from genai_guard.policy.files import read
from genai_guard.policy.schema import EXAMPLE
from policy.parts import parts_of

ROOT = Path(__file__).parents[2]
COMMITTED = ROOT / "docs" / "reference" / "policy-schema.json"
EXAMPLES = sorted((ROOT / "examples" / "policies").iterdir())
SCHEMA = json_schema()
VALIDATOR = Draft202012Validator(SCHEMA)
EXPORTED = dict.fromkeys(getattr(guards, name) for name in guards.__all__)
GUARDS = [part for part in EXPORTED if isinstance(part, type) and hasattr(part, "kind")]
GUARD_ENTRIES = SCHEMA["$defs"]["Guard"]["anyOf"][0]


def kinds(entries: dict[str, Any], key: str) -> dict[str, dict[str, Any]]:
    """The definitions of entries, by the word that tells them apart."""
    definitions = [SCHEMA["$defs"][each["$ref"].rpartition("/")[2]] for each in entries["oneOf"]]
    return {each["properties"][key]["const"]: each for each in definitions}


def test_the_committed_schema_is_that_of_the_code() -> None:
    assert json.loads(COMMITTED.read_text(encoding="utf-8")) == SCHEMA, (
        "write it anew: python -m genai_guard schema --output docs/reference/policy-schema.json"
    )


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_every_example_is_valid_and_loads(path: Path) -> None:
    VALIDATOR.validate(read(path).data)
    pipeline = Pipeline.from_policy(path)
    assert parts_of(Pipeline.from_policy(pipeline.policy())) == parts_of(pipeline)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_every_example_leads_editors_to_the_schema(path: Path) -> None:
    place = re.search(r'[$:]schema(?:=|": "| )([^\s"]+)', path.read_text(encoding="utf-8"))
    assert place is not None
    assert (path.parent / place[1]).resolve() == COMMITTED


def test_the_examples_in_the_schema_are_valid_and_load() -> None:
    VALIDATOR.validate(EXAMPLE)
    Pipeline.from_policy(EXAMPLE)
    assert {key: field["examples"] for key, field in SCHEMA["properties"].items() if "examples" in field} == {
        key: [value] for key, value in EXAMPLE.items()
    }


@pytest.mark.parametrize("part", GUARDS, ids=lambda part: part.kind)
def test_every_guard_has_a_place(part: Any) -> None:
    if not issubclass(part, Guard) or "kind" not in vars(part):
        pytest.skip("a base of guards")
    assert part.kind in kinds(GUARD_ENTRIES, "guard")


def test_there_are_guards_to_look_at() -> None:
    assert {"blocked_patterns", "length", "pii"} <= kinds(GUARD_ENTRIES, "guard").keys()


def test_the_alerts_are_those_of_the_library() -> None:
    alerts = kinds(SCHEMA["$defs"]["MetricsRecorder"]["properties"]["alerts"]["items"], "alert")
    assert alerts.keys() == {
        part.kind
        for part in map(recording.__dict__.get, recording.__all__)
        if isinstance(part, type) and issubclass(part, recording.Alert) and part is not recording.Alert
    }


def test_the_limits_are_those_of_the_library() -> None:
    limits = {each["$ref"].rpartition("/")[2] for each in SCHEMA["properties"]["limits"]["items"]["oneOf"]}
    built = {
        name
        for name, member in vars(Limit).items()
        if isinstance(member, classmethod) and inspect.signature(getattr(Limit, name)).return_annotation == "Limit"
    }
    assert limits == built


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        *((name, field) for name, definition in SCHEMA["$defs"].items() for field in definition.get("properties", {})),
        *(("", field) for field in SCHEMA["properties"]),
    ],
)
def test_every_field_is_explained(owner: str, name: str) -> None:
    field = (SCHEMA["$defs"][owner] if owner else SCHEMA)["properties"][name]
    assert field["description"].strip()


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in SCHEMA["$defs"]
        if name not in {"AlertSink", "Classifier", "FeedbackStore", "Guard", "Store", "StickyStore"}
    ],
)
def test_every_kind_of_entry_is_explained_and_closed(name: str) -> None:
    definition = SCHEMA["$defs"][name]
    assert definition["description"]
    assert definition["title"]
    assert definition["additionalProperties"] is False


@pytest.mark.parametrize("side", ["input", "output"])
def test_guards_are_written_alike_wherever_they_stand(side: str) -> None:
    assert SCHEMA["properties"][side]["items"] == {"$ref": "#/$defs/Guard"}
    assert SCHEMA["$defs"]["AnyOf"]["properties"]["guards"]["items"] == {"$ref": "#/$defs/Guard"}


def test_what_a_policy_leaves_out_is_what_a_pipeline_leaves_out() -> None:
    policy, pipeline = inspect.signature(assemble).parameters, inspect.signature(Pipeline).parameters
    for name in ("name", "expected_output_tokens"):
        assert policy[name].default == pipeline[name].default


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"version": 2},
        {"version": 1, "limts": []},
        {"version": 1, "input": [{"guard": "pi"}]},
        {"version": 1, "input": [{"guard": "pii", "action": "truncate"}]},
        {"version": 1, "input": [{"guard": "length", "max_tokens": "4"}]},
        {"version": 1, "limits": [{"requests": 1}]},
        {"version": 1, "limits": [{"requests": 1, "tokens": 1, "per": "day"}]},
        {"version": 1, "metrics": {"alerts": [{"alert": "budget", "above": 1}]}},
    ],
)
def test_what_the_schema_refuses_the_loader_refuses_too(wrong: dict[str, Any]) -> None:
    assert not VALIDATOR.is_valid(wrong)
    with pytest.raises(ValueError, match="policy: "):
        Pipeline.from_policy(wrong)
