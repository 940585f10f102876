"""The JSON Schema of policy files, with which editors complete and explain them."""

from __future__ import annotations

from typing import Any, Final

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from genai_guard.policy.data import is_list, is_mapping
from genai_guard.policy.load import adapter
from genai_guard.policy.references import PATTERN
from genai_guard.policy.shapes import OPEN_KINDS, OPEN_MARK, open_shape

__all__ = ["EXAMPLE", "SchemaGenerator", "json_schema"]

EXAMPLE: Final[dict[str, Any]] = {
    "version": 1,
    "name": "support-bot",
    "input": [
        {"guard": "length", "max_tokens": 4000},
        {"guard": "pii", "action": "redact"},
        {"guard": "blocked_patterns", "keywords": ["project falcon"], "regexes": ["INT-[0-9]{6}"]},
    ],
    "output": [{"guard": "pii", "action": "redact"}],
    "limits": [
        {"requests": 60, "per": "minute"},
        {"tokens": 100_000, "per": "minute"},
        {"requests": 10, "per": "minute", "by": "user"},
    ],
    "limiter": {
        "store": {"kind": "redis", "server": {"env": "LIMITS_URL"}, "local_share": 0.25},
        "max_waiting": 100,
    },
    "upstream": [{"requests": 500, "per": "minute", "by": "model"}],
    "experiments": [
        {
            "name": "model-comparison",
            "by": "user",
            "variants": [
                {"name": "control", "weight": 50, "params": {"model": "small"}},
                {"name": "treatment", "weight": 50, "params": {"model": "large"}},
            ],
        }
    ],
    "metrics": {
        "alerts": [
            {"alert": "latency_p99", "above_ms": 500},
            {"alert": "error_rate", "above": 0.01},
            {"alert": "budget", "usd": 50, "per": "day"},
            {"alert": "guardrail_hits"},
        ],
        "log": {"path": "inference"},
    },
    "prices": {"small": {"input_usd": 0.15, "output_usd": 0.60}},
    "expected_output_tokens": 256,
    "resilience": {
        "timeout": {"total_s": 30, "first_token_s": 5},
        "retry": {"attempts": 3},
        "breaker": {},
        "fallback": {"targets": [{"params": {"model": "large"}}]},
    },
}
"""A policy with every section, from which the schema takes its examples."""

_REFERENCE: Final[dict[str, Any]] = {"type": "string", "pattern": PATTERN}


class SchemaGenerator(GenerateJsonSchema):
    """Makes schemas that say no more than they have to."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Leave out titles that would only repeat the name of the field."""
        del schema
        return False

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        """Leave out `additionalProperties: true`, which says nothing, and which only some versions of pydantic say."""
        made = super().dict_schema(schema)
        return {key: value for key, value in made.items() if (key, value) != ("additionalProperties", True)}


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of policies, draft 2020-12.

    What it accepts has the right fields and types. Ranges, and what entries must have to do with each other, are
    checked when the policy is loaded.
    """
    schema = adapter().json_schema(mode="validation", schema_generator=SchemaGenerator)
    definitions = dict(schema.get("$defs", {}))
    for kind, (name, *_) in OPEN_KINDS.items():
        forms = TypeAdapter(open_shape(kind).type).json_schema(mode="validation", schema_generator=SchemaGenerator)
        definitions |= {**forms.pop("$defs", {}), kind.__name__: _either(name, forms, _REFERENCE)}
    schema = _linked({**schema, "$defs": dict(sorted(definitions.items()))})
    for key, value in EXAMPLE.items():
        schema["properties"][key]["examples"] = [value]
    schema["title"] = "genai_guard policy"
    return {"$schema": GenerateJsonSchema.schema_dialect, **schema}


def _either(name: str, forms: dict[str, Any], reference: dict[str, Any]) -> dict[str, Any]:
    return {"description": f"A {name}, or the import reference of one.", "anyOf": [forms, reference]}


def _linked(schema: Any) -> Any:
    """Return the schema with a reference wherever the mark of an open kind stands."""
    if is_mapping(schema):
        if OPEN_MARK in schema:
            rest = {key: value for key, value in schema.items() if key != OPEN_MARK}
            return {"$ref": f"#/$defs/{schema[OPEN_MARK]}", **rest}
        return {key: _linked(value) for key, value in schema.items()}
    return [_linked(each) for each in schema] if is_list(schema) else schema
