"""A schema that nothing can satisfy is refused, and one that something can is not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from genai_guard.errors import ConfigurationError
from genai_guard.guards import JSONSchema

STRING: dict[str, Any] = {"type": "string"}


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"minLength": 3, "maxLength": 2}, "#: minLength 3 is above maxLength 2"),
        ({"properties": {"a": {"minItems": 2, "maxItems": 1}}}, "#/properties/a: minItems 2"),
        ({"minProperties": 2, "maxProperties": 1}, "minProperties 2"),
        ({"items": {"contains": {}, "minContains": 2, "maxContains": 1}}, "#/items: minContains"),
        ({"minimum": 2, "maximum": 1}, "minimum 2 leaves nothing below maximum 1"),
        ({"minimum": 1, "exclusiveMaximum": 1}, "leaves nothing"),
        ({"exclusiveMinimum": 1, "maximum": 1}, "leaves nothing"),
        ({"allOf": [{"minimum": 5}, {"maximum": 4}]}, "#: minimum 5"),
        ({"type": "string", "enum": [1, 2]}, "no value of enum"),
        ({"enum": ["a", "b"], "minLength": 2}, "no value of enum"),
        ({"allOf": [{"enum": ["a"]}, {"enum": ["b"]}]}, "no value of enum"),
        ({"const": 3, "type": "string"}, "const is not allowed"),
        ({"const": "a", "pattern": "^b"}, "const is not allowed"),
        (
            {"required": ["a"], "properties": {"b": {}}, "additionalProperties": False},
            "'a' is required, and additional",
        ),
        ({"required": ["a"], "properties": {"a": False}}, "'a' is required, and properties forbids it"),
        ({"allOf": [{"required": ["a"]}, {"additionalProperties": False}]}, "'a' is required"),
        ({"required": ["a", "b"], "maxProperties": 1}, "2 properties are required"),
        ({"allOf": [STRING, {"type": ["integer", "null"]}]}, "no value has the types string and integer, null at once"),
        ({"type": "integer", "allOf": [{"allOf": [STRING]}]}, "no value has the types"),
        ({"$ref": "#/$defs/s", "type": "array", "$defs": {"s": STRING}}, "no value has the types"),
        ({"items": False, "prefixItems": [{}], "minItems": 2}, "minItems is 2"),
        ({"anyOf": [{"type": "null"}, {"minLength": 2, "maxLength": 1}]}, "#/anyOf/1: minLength"),
        ({"$defs": {"x": {"minLength": 2, "maxLength": 1}}}, r"#/\$defs/x: minLength"),
        ({"additionalProperties": {"minimum": 2, "maximum": 1}}, "#/additionalProperties"),
    ],
)
def test_a_schema_that_contradicts_itself_is_refused_with_its_place(schema: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=f"nothing can satisfy the schema: .*{message}"):
        JSONSchema(schema)


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"minLength": 2, "maxLength": 2},
        {"minimum": 1, "maximum": 1},
        {"minimum": 1, "exclusiveMaximum": 1.1},
        {"enum": ["a", 1], "type": "integer"},
        {"type": ["string", "null"], "const": None},
        {"allOf": [{"type": "number"}, {"type": "integer"}]},
        {"allOf": [{"type": ["string", "null"]}, STRING]},
        {"required": ["a"], "properties": {"a": {}}, "additionalProperties": False},
        {"required": ["x-a"], "patternProperties": {"^x-": {}}, "additionalProperties": False},
        {"required": ["a"], "patternProperties": {r"\p{L}": {}}, "additionalProperties": False},
        {"properties": {"a": False}},
        {"items": False, "prefixItems": [{}, {}], "minItems": 2},
        {"not": {"minLength": 2, "maxLength": 1}},
        {"if": {"minimum": 2, "maximum": 1}, "then": {}},
        {"anyOf": [STRING, {"type": "null"}]},
        {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "$ref": "#/definitions/s",
            "type": "array",
            "definitions": {"s": STRING},
        },
        {"$schema": "http://json-schema.org/draft-04/schema#", "minimum": 1, "exclusiveMinimum": True, "enum": [2]},
        {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"allOf": [{"$ref": "#/$defs/a"}]}}},
        {"properties": {"minLength": {"type": "integer"}, "maxLength": {"type": "integer"}, "enum": STRING}},
        {"const": {"minimum": 2, "maximum": 1}},
        {"default": {"minimum": 2, "maximum": 1}, "examples": [{"minLength": 2, "maxLength": 1}]},
    ],
)
def test_a_schema_that_something_satisfies_is_taken(schema: dict[str, Any]) -> None:
    assert JSONSchema(schema) == JSONSchema(json.loads(json.dumps(schema)))
