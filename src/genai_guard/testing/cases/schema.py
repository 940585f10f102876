"""The JSON Schema of files of cases, with which editors complete and explain them."""

from __future__ import annotations

from typing import Any

from genai_guard.policy.schema import SchemaGenerator
from genai_guard.testing.cases.reading import adapter

__all__ = ["cases_schema"]


def cases_schema() -> dict[str, Any]:
    """Return the JSON Schema of files of cases, draft 2020-12: a mapping with `cases`, or just a list of them.

    What it accepts has the right fields and types. Whether spans stand in the text, and what else fields have to do with
    each other, is checked when the cases are read.
    """
    schema = adapter().json_schema(mode="validation", schema_generator=SchemaGenerator)
    definitions = schema.pop("$defs")
    whole = {key: value for key, value in schema.items() if key != "title"}
    return {
        "$schema": SchemaGenerator.schema_dialect,
        "title": "genai_guard cases",
        "anyOf": [whole, whole["properties"]["cases"]],
        "$defs": definitions,
    }
