"""The JSON Schema of files of cases."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import jsonschema
import pytest
import yaml

from genai_guard.testing.cases import cases_schema
from genai_guard.testing.cases.written import WrittenCase
from testing.cases.test_docs import example

SCHEMA = cases_schema()


def accepts(data: Any) -> bool:
    return jsonschema.Draft202012Validator(SCHEMA).is_valid(data)


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_the_example_of_the_reference_is_accepted() -> None:
    assert accepts(yaml.safe_load(example()))


@pytest.mark.parametrize(
    "data",
    [
        [{"text": "a", "expect": "allow"}],
        {"$schema": "cases-schema.json", "cases": [{"text": "a", "expect": ["flag", "block"]}]},
        {"cases": [{"text": "a", "expect": {"not": "block"}, "spans": ["a", [0, 1], {"start": 0, "end": 1}]}]},
        {"cases": [{"text": "a", "reply": {"text": "b", "tool_calls": [{"name": "c", "arguments": {}}]}}]},
        {"cases": [{"text": "a", "reply": ["b", "c"], "fuzz": False, "caller": {"user": "u"}}]},
    ],
)
def test_what_may_be_written_is_accepted(data: Any) -> None:
    assert accepts(data)


@pytest.mark.parametrize(
    "data",
    [
        {"case": []},
        {"cases": [{"txt": "a"}]},
        {"cases": [{"text": 1}]},
        {"cases": [{"text": "a", "spans": [{"txt": "a"}]}]},
        {"cases": [{"text": "a", "side": "in"}]},
        {"cases": [{"text": "a", "calls": "3"}]},
        "cases",
    ],
)
def test_what_may_not_be_written_is_refused(data: Any) -> None:
    assert not accepts(data)


def test_every_field_is_explained() -> None:
    fields = SCHEMA["$defs"]["WrittenCase"]["properties"]
    assert fields.keys() == WrittenCase.__dataclass_fields__.keys()
    assert [name for name, field in fields.items() if not field.get("description")] == []


def test_the_command_prints_it() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "genai_guard", "schema", "--cases"], capture_output=True, text=True, check=True
    ).stdout
    assert json.loads(printed) == SCHEMA
