from __future__ import annotations

import builtins
import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from doubling import grows_faster
from genai_guard.errors import ConfigurationError
from genai_guard.guards import JSONSchema
from genai_guard.guards.base import Context, ContextGuard
from genai_guard.messages import Part
from genai_guard.verdicts import Action
from guards.json_schema_texts import INVALID, MODELS, VALID

GUARDS = {name: JSONSchema(model.model_json_schema()) for name, model in MODELS.items()}
PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer", "minimum": 0}},
    "required": ["name"],
    "additionalProperties": False,
}
SECRET = "bob@example.com"


@pytest.mark.parametrize(("name", "reply"), VALID)
def test_a_valid_reply_passes_with_its_value(name: str, reply: str) -> None:
    verdict = GUARDS[name].check(reply)
    assert verdict.action in {Action.ALLOW, Action.REDACT}
    assert verdict.value == json.loads(verdict.text)
    assert MODELS[name].__name__ == name
    MODELS[name].model_validate_json(verdict.text)


@pytest.mark.parametrize(("name", "reply"), INVALID)
def test_an_invalid_reply_is_blocked_and_the_model_is_told_why(name: str, reply: str) -> None:
    verdict = GUARDS[name].check(reply)
    assert verdict.action is Action.BLOCK
    assert verdict.value is None
    assert verdict.findings
    assert {finding.category for finding in verdict.findings} == {"JSON_INVALID"}
    assert "\n- " in verdict.feedback


def test_there_are_texts_enough() -> None:
    assert len({*VALID}) >= 60
    assert len({*INVALID}) >= 30


def test_a_valid_reply_is_handed_on_as_it_stands() -> None:
    text = '{ "name":"Ada",\n"age" : 36 }'
    verdict = JSONSchema(PERSON).check(text)
    assert (verdict.action, verdict.text, verdict.findings) == (Action.ALLOW, text, ())
    assert verdict.value == {"name": "Ada", "age": 36}


def test_a_repaired_reply_edits_and_tells_what_was_repaired() -> None:
    verdict = JSONSchema(PERSON, action="flag").check("It is {'name': 'Ada', \"age\": 36,}")
    assert verdict.action is Action.REDACT
    assert verdict.text == '{"name": "Ada", "age": 36}'
    assert [(found.category, found.detail) for found in verdict.findings] == [
        ("JSON_REPAIRED", "text around the value"),
        ("JSON_REPAIRED", "single quotes, 2 times"),
        ("JSON_REPAIRED", "comma before a closing bracket"),
    ]
    assert [(found.start, found.end) for found in verdict.findings] == [(0, 6), (7, 20), (31, 32)]


def test_a_shadow_tells_of_repairs_and_leaves_the_text() -> None:
    verdict = JSONSchema(PERSON, mode="shadow").check('{"name": "Ada",}')
    assert (verdict.action, verdict.text, verdict.mode) == (Action.REDACT, '{"name": "Ada",}', "shadow")


def test_without_repair_only_json_is_json() -> None:
    guard = JSONSchema(PERSON, repair=False)
    assert guard.check('{"name": "Ada",}').action is Action.BLOCK
    assert guard.check('{"name": "Ada"}').action is Action.ALLOW


def test_numbers_keep_their_text_through_a_repair() -> None:
    text = "[1.50, 1e5, 123456789012345678901234567890, 0.1000]"
    assert JSONSchema({}).check(f"See {text}").text == text
    assert JSONSchema({}).check(f"See {text}").value[2] == 123456789012345678901234567890


def test_a_flag_lets_an_invalid_reply_pass_without_a_value() -> None:
    verdict = JSONSchema(PERSON, action="flag").check('{"name": 3}')
    assert (verdict.action, verdict.text, verdict.value) == (Action.FLAG, '{"name": 3}', None)


def test_findings_name_places_and_keywords_and_nothing_of_the_reply() -> None:
    schema = {**PERSON, "patternProperties": {"@": {"type": "object", "properties": {"n": {"maximum": 3}}}}}
    verdict = JSONSchema(schema).check(json.dumps({SECRET: {"n": 9001}, "other@x": 1, "age": "9001", "bob": 1}))
    assert {(found.rule, found.detail) for found in verdict.findings} == {
        ("json_schema.maximum", "/*/n must be at most 3"),
        ("json_schema.type", '/* must be of type "object"'),
        ("json_schema.type", '/age must be of type "integer"'),
        ("json_schema.required", "the value lacks the property name"),
        ("json_schema.additionalProperties", "the value has a property that is not allowed"),
    }
    assert SECRET not in repr(verdict)
    assert "9001" not in repr(verdict)


def test_feedback_names_places_and_what_is_expected_there() -> None:
    schema = {"type": "object", "properties": {"size": {"enum": ["s", "m"]}}, "additionalProperties": False}
    feedback = JSONSchema(schema).check('{"size": "xl", "a/b": 1}').feedback
    assert '- /size must be one of "s", "m"\n' in feedback
    assert '- the value has a property that is not allowed: "a/b"\n' in feedback
    assert "corrected JSON only" in feedback


def test_feedback_about_alternatives_names_the_nearest_one() -> None:
    schema = {"anyOf": [{"type": "integer"}, {"type": "object", "properties": {"a": {"type": "string"}}}]}
    feedback = JSONSchema(schema).check('{"a": 1}').feedback
    assert "the value is of none of the kinds that are allowed" in feedback
    assert '/a must be of type "string"' in feedback


def test_of_many_errors_ten_are_told() -> None:
    verdict = JSONSchema({"items": {"type": "string"}}).check(json.dumps(list(range(50))))
    assert len(verdict.findings) == 10
    assert verdict.feedback.count("\n- ") == 11
    assert "- and 40 more" in verdict.feedback


def test_a_reply_that_is_no_json_is_told_where_it_stops_being_it() -> None:
    verdict = JSONSchema(PERSON).check('{"name": "Ada"\n "age": 3}')
    assert verdict.findings[0].rule == "json_schema.syntax"
    assert "line 2, column 2" in verdict.findings[0].detail


def test_a_refusal_of_the_model_is_no_reply() -> None:
    guard = JSONSchema({})
    assert isinstance(guard, ContextGuard)
    assert (
        guard.check_part(Part('"no"', "assistant", "refusal"), Context("output")).findings[0].rule.endswith("refusal")
    )
    assert guard.check_part(Part('"no"', "assistant"), Context("output")).value == "no"
    assert guard.kinds == {"text", "refusal"}


@pytest.mark.parametrize(
    ("format_", "good", "bad"), [("date", "2026-02-28", "2026-02-30"), ("email", "a@b.example", "a")]
)
def test_formats_are_checked_unless_told_otherwise(format_: str, good: str, bad: str) -> None:
    schema = {"format": format_}
    assert JSONSchema(schema).check(f'"{good}"').value == good
    assert JSONSchema(schema).check(f'"{bad}"').action is Action.BLOCK
    assert JSONSchema(schema, check_formats=False).check(f'"{bad}"').value == bad


def test_references_lead_within_the_schema() -> None:
    schema = {
        "$ref": "#/$defs/node",
        "$defs": {"node": {"properties": {"next": {"$ref": "#/$defs/node"}}, "type": "object"}},
    }
    guard = JSONSchema(schema)
    assert guard.check('{"next": {"next": {}}}').action is Action.ALLOW
    assert guard.check('{"next": {"next": 1}}').findings[0].detail == '/next/next must be of type "object"'


def test_a_schema_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "person.json"
    path.write_text(json.dumps(PERSON), encoding="utf-8")
    guard = JSONSchema(schema_file=path)
    assert guard.check('{"name": "Ada"}').action is Action.ALLOW
    assert guard.check('{"name": 1}').action is Action.BLOCK
    assert guard.schema_file == str(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read: No such file"),
        (b"{", "is no JSON in UTF-8"),
        (b"\xff", "is no JSON"),
        (b"[]", "a mapping"),
    ],
)
def test_a_file_without_a_schema_is_refused(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "schema.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=message):
        JSONSchema(schema_file=path)


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"type": "text"}, r"not a schema, at #/type"),
        ({"properties": {"a": {"minLength": -1}}}, r"not a schema, at #/properties/a/minLength"),
        ({"pattern": "("}, r"not a schema, at #/pattern"),
        ({"pattern": "(?=a)"}, r"not a schema, at #/pattern"),
        (
            {"$ref": "https://x.example/s.json"},
            "https://x.example/s.json leads out of the schema, and nothing is fetched",
        ),
        ({"$ref": "#/$defs/none"}, "not a schema"),
        ({"$schema": "https://x.example/mine"}, "not a schema"),
        ([], "a schema is a mapping, not list"),
        ("{}", "a schema is a mapping, not str"),
        (True, "a schema is a mapping, not bool"),
    ],
)
def test_what_is_no_schema_is_refused_when_the_guard_is_built(schema: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        JSONSchema(schema)


def test_a_schema_that_holds_itself_is_refused() -> None:
    schema: dict[str, Any] = {}
    schema["not"] = schema
    with pytest.raises(ConfigurationError, match="nested too deeply"):
        JSONSchema(schema)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "takes a schema or a schema_file"),
        ({"schema": {}, "schema_file": "x.json"}, "takes a schema or a schema_file"),
        ({"schema": {}, "repair": "yes"}, "repair='yes'"),
        ({"schema": {}, "max_reasks": -1}, "max_reasks=-1"),
        ({"schema": {}, "max_reasks": True}, "max_reasks=True"),
        ({"schema": {}, "action": "redact"}, "action='redact'"),
    ],
)
def test_parameters_that_cannot_work_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        JSONSchema(**arguments)


def test_without_the_extra_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def refuse(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "jsonschema_rs":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ConfigurationError, match=r"pip install 'genai_guard\[schema\]'"):
        JSONSchema({})


def test_a_guard_is_a_value() -> None:
    guard = JSONSchema(PERSON, max_reasks=2)
    again = pickle.loads(pickle.dumps(guard))
    assert again == guard == JSONSchema(dict(PERSON), max_reasks=2)
    assert hash(again) == hash(guard)
    assert again.check('{"name": 1}') == guard.check('{"name": 1}')
    assert guard != JSONSchema(PERSON)


def test_the_schema_cannot_be_changed_afterwards() -> None:
    schema: dict[str, Any] = {"properties": {"a": {"type": "string"}}}
    guard = JSONSchema(schema)
    schema["properties"]["a"]["type"] = "integer"
    assert guard.check('{"a": "x"}').action is Action.ALLOW
    assert pickle.loads(pickle.dumps(guard)).check('{"a": "x"}').action is Action.ALLOW


def test_values_that_are_hard_on_validators_take_linear_time() -> None:
    guard = JSONSchema({"items": {"pattern": "^(a+)+$"}, "uniqueItems": True})
    assert not grows_faster(guard.check, lambda times: json.dumps(["a" * 20_000 * times + "!"]))
    assert not grows_faster(guard.check, lambda times: json.dumps([{"a": n} for n in range(2_000 * times)]))
