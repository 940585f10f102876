"""Values of the library as JSON, for the options `--json` of commands."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, cast

__all__ = ["as_json", "json_value"]


def as_json(value: object) -> str:
    """Return a line of JSON, in ASCII, which no terminal obeys."""
    return json.dumps(json_value(value)) + "\n"


def json_value(value: object) -> Any:
    """Return a value as JSON has it.

    Dataclasses and named tuples become objects with their fields. What is not a number, because nothing is known, becomes
    null. A mapping whose keys have fields becomes a list: of each entry the fields of its key, and its value.
    """
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return _of_mapping(cast("Mapping[Any, object]", value))
    named = _named(value)
    if named is not None:
        return {name: json_value(each) for name, each in named.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [json_value(each) for each in cast("Sequence[object]", value)]
    return value


def _of_mapping(value: Mapping[Any, object]) -> Any:
    if all(isinstance(key, str) for key in value):
        return {key: json_value(each) for key, each in value.items()}
    return [{**(_named(key) or {"key": json_value(key)}), "value": json_value(each)} for key, each in value.items()]


def _named(value: Any) -> dict[str, Any] | None:
    """Return the fields of a value by name; None if it has none."""
    if hasattr(value, "_asdict"):
        return cast("dict[str, Any]", value._asdict())
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: getattr(value, each.name) for each in fields(value)}
    return None
