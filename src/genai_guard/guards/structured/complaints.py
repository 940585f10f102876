"""Errors of the validator of JSON Schema as problems: what was asked for, and nothing of what was replied."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, cast

from genai_guard.guards.structured.reply import Problem

__all__ = ["problems_of"]

_MOST_ERRORS: Final = 100
_LONGEST: Final = 200
_DEEPEST: Final = 8
_KEYWORDS: Final[Mapping[str, str]] = {
    "minLength": "must have at least {} characters",
    "maxLength": "must have at most {} characters",
    "minimum": "must be at least {}",
    "maximum": "must be at most {}",
    "exclusiveMinimum": "must be above {}",
    "exclusiveMaximum": "must be below {}",
    "multipleOf": "must be a multiple of {}",
    "minItems": "must have at least {} items",
    "maxItems": "must have at most {} items",
    "minProperties": "must have at least {} properties",
    "maxProperties": "must have at most {} properties",
    "pattern": "must match the pattern {}",
    "format": "must have the format {}",
    "const": "must be {}",
    "enum": "must be one of {}",
    "type": "must be of type {}",
    "required": "lacks the property {}",
    "uniqueItems": "must have no item twice",
    "contains": "must have an item of the kind asked for",
    "additionalProperties": "has a property that is not allowed",
    "unevaluatedProperties": "has a property that is not allowed",
    "additionalItems": "has an item that is not allowed",
    "unevaluatedItems": "has an item that is not allowed",
    "propertyNames": "has a property whose name is not allowed",
    "not": "is of a kind that is not allowed",
    "anyOf": "is of none of the kinds that are allowed",
    "oneOf": "is not of exactly one of the kinds that are allowed",
    "falseSchema": "is not allowed at all",
}
_VALUES: Final = (
    "limit", "multiple_of", "options", "expected_value", "pattern", "format", "property", "types"
)  # fmt: skip
"""Attributes of an error's kind that repeat the schema."""


def problems_of(errors: Iterable[Any]) -> list[Problem]:
    """Return the problems behind the errors of `jsonschema_rs`, by their places; not many more than a hundred."""
    found: list[Problem] = []
    for error in errors:
        found += _problems(error, 0)
        if len(found) >= _MOST_ERRORS:
            break
    return sorted(dict.fromkeys(found), key=lambda each: (*map(str, each.place), "", each.rule))


def _problems(error: Any, depth: int) -> Iterator[Problem]:
    kind = error.kind
    place = tuple(error.instance_path)
    name = kind.name
    yield _problem(name, kind, place)
    branches = getattr(kind, "context", None)
    if name in {"anyOf", "oneOf"} and branches and depth < _DEEPEST and all(branches):
        closest = min(branches, key=lambda branch: (_misses_type(branch, place), len(branch)))
        for nested in closest:
            yield from _problems(nested, depth + 1)


def _misses_type(branch: Any, place: tuple[str | int, ...]) -> bool:
    """Whether a branch is for values of another type altogether."""
    return any(error.kind.name in {"type", "const"} and tuple(error.instance_path) == place for error in branch)


def _problem(name: str, kind: Any, place: tuple[str | int, ...]) -> Problem:
    wanted = next((value for each in _VALUES if (value := getattr(kind, each, None)) is not None), None)
    reason = _KEYWORDS.get(name, "").format(_written(wanted)) if wanted is not None else _KEYWORDS.get(name, "")
    unexpected = getattr(kind, "unexpected", None)
    told = f"{reason}: {_written(list(unexpected))}" if unexpected else ""
    return Problem(name, place, reason, told)


def _written(value: Any) -> str:
    """Return words of the schema, in bounded length."""
    if isinstance(value, list):
        values = cast("Sequence[Any]", value)
        text = ", ".join(json.dumps(each, ensure_ascii=False, default=str) for each in values)
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
