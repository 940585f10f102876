"""Schemas that nothing can satisfy, as far as that can be proved by looking.

A schema and the members of its `allOf`, references within the document included, are taken together. Found are bounds
that exclude each other, types without a common one, an `enum` or `const` of which no value is left, a property that is
required and forbidden at once, more required properties or items than are allowed. What lies below a `not` or an `if`
is not looked at: there, nothing can be what is meant.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias, cast

__all__ = ["contradiction_in"]

Schema: TypeAlias = Mapping[str, Any]
Matches: TypeAlias = Callable[[Mapping[str, Any], Any], bool]
"""Whether a value satisfies a schema without references."""

_BOUNDS: Final = (
    ("minLength", "maxLength"),
    ("minItems", "maxItems"),
    ("minProperties", "maxProperties"),
    ("minContains", "maxContains"),
)
_LOCAL: Final = frozenset(
    {
        *("type", "minLength", "maxLength", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
        *("multipleOf", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties", "required", "const"),
        "enum",
    }
)
_ONE: Final = ("additionalProperties", "items", "contains", "additionalItems", "propertyNames", "then", "else")
_MANY: Final = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
_LISTS: Final = ("prefixItems", "allOf", "anyOf", "oneOf")
_TYPES: Final = frozenset({"null", "boolean", "object", "array", "number", "integer", "string"})
_MOST: Final = 200


def contradiction_in(schema: Any, matches: Matches) -> str:
    """Return where a schema contradicts itself and how; empty if no contradiction is found.

    Args:
        schema: A valid schema.
        matches: Judges values by a schema without references.
    """
    found = list(_schemas(schema, "#", 0))
    is_one = not any("$id" in each for place, each in found if place != "#")  # else a reference may start elsewhere
    is_old = "draft-0" in str(cast("Schema", schema).get("$schema", ""))
    for place, each in found:
        reason = _contradiction(_together(each, schema if is_one else {}, is_old=is_old), matches)
        if reason:
            return f"{place}: {reason}"
    return ""


def _schemas(schema: Any, place: str, depth: int) -> Iterator[tuple[str, Schema]]:
    """Yield a schema and those within it; true and false have none."""
    if depth > _MOST or not isinstance(schema, Mapping):
        return
    known = cast("Schema", schema)
    yield place, known
    for key in _ONE:
        if key in known:
            yield from _schemas(known[key], f"{place}/{key}", depth + 1)
    for key in _MANY:
        for name, each in _items(known.get(key)):
            yield from _schemas(each, f"{place}/{key}/{name}", depth + 1)
    for key in _LISTS:
        for at, each in enumerate(_list(known.get(key))):
            yield from _schemas(each, f"{place}/{key}/{at}", depth + 1)


def _together(schema: Any, root: Any, *, is_old: bool) -> list[Schema]:
    """Return the schemas that a value has to satisfy at once; before draft 2019-09 a reference stands alone."""
    waiting, found, seen = [schema], list[Schema](), set[int]()
    while waiting and len(found) < _MOST:
        each = waiting.pop(0)
        if not isinstance(each, Mapping):
            continue
        known = cast("Schema", each)
        if id(known) in seen:
            continue
        seen.add(id(known))
        waiting += _referred(known.get("$ref"), root)
        if not (is_old and "$ref" in known):
            found.append(known)
            waiting += _list(known.get("allOf"))
    return found


def _referred(reference: Any, root: Any) -> list[Any]:
    """Return what a reference within the document means; nothing if that is not plain to see."""
    if not isinstance(reference, str) or not (reference == "#" or reference.startswith("#/")) or "%" in reference:
        return []
    value = root
    for step in reference.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if not isinstance(value, Mapping) or key not in value:
            return []
        value = cast("Schema", value)[key]
    return [value]


def _contradiction(schemas: Sequence[Schema], matches: Matches) -> str:
    types = _types(schemas)
    if not types:
        named = [", ".join(_list(each["type"]) or [each["type"]]) for each in schemas if "type" in each]
        return f"no value has the types {' and '.join(named)} at once"
    return (
        _bounds(schemas) or _numbers(schemas) or _values(schemas, matches) or _properties(schemas) or _items_of(schemas)
    )


def _types(schemas: Sequence[Schema]) -> frozenset[str]:
    left = _TYPES
    for each in schemas:
        if "type" in each:
            named = frozenset(_list(each["type"]) or [each["type"]])
            left &= named | ({"integer"} if "number" in named else frozenset[str]())
    return left


def _bounds(schemas: Sequence[Schema]) -> str:
    for lower, upper in _BOUNDS:
        low = max((each[lower] for each in schemas if lower in each), default=None)
        high = min((each[upper] for each in schemas if upper in each), default=None)
        if low is not None and high is not None and low > high:
            return f"{lower} {low} is above {upper} {high}"
    return ""


def _numbers(schemas: Sequence[Schema]) -> str:
    lows = [
        (each[key], key) for each in schemas for key in ("minimum", "exclusiveMinimum") if _is_number(each.get(key))
    ]
    highs = [
        (each[key], key) for each in schemas for key in ("maximum", "exclusiveMaximum") if _is_number(each.get(key))
    ]
    for low, lower in lows:
        for high, upper in highs:
            if low > high or (low == high and (lower, upper) != ("minimum", "maximum")):
                return f"{lower} {low} leaves nothing below {upper} {high}"
    return ""


def _values(schemas: Sequence[Schema], matches: Matches) -> str:
    local = [{key: value for key, value in each.items() if _is_local(key, value)} for each in schemas]
    for each in schemas:
        if "const" in each and not all(matches(other, each["const"]) for other in local):
            return "const is not allowed by what stands beside it"
        if "enum" in each and not any(all(matches(other, value) for other in local) for value in each["enum"]):
            return "no value of enum is allowed by what stands beside it"
    return ""


def _properties(schemas: Sequence[Schema]) -> str:
    required = {name for each in schemas for name in _list(each.get("required"))}
    for each in schemas:
        known = dict(_items(each.get("properties")))
        for name in sorted(required):
            if known.get(name) is False:
                return f"{name!r} is required, and properties forbids it"
            if each.get("additionalProperties") is False and name not in known and not _patterned(each, name):
                return f"{name!r} is required, and additionalProperties forbids it"
        if "maxProperties" in each and len(required) > each["maxProperties"]:
            return f"{len(required)} properties are required, and maxProperties is {each['maxProperties']}"
    return ""


def _items_of(schemas: Sequence[Schema]) -> str:
    least = max((each["minItems"] for each in schemas if "minItems" in each), default=0)
    for each in schemas:
        places = len(_list(each.get("prefixItems")))
        if each.get("items") is False and least > places:
            return f"minItems is {least}, and items forbids more than {places}"
    return ""


def _patterned(schema: Schema, name: str) -> bool:
    """Whether a pattern may allow a property; also if it is none that can be tried here."""
    for pattern, _ in _items(schema.get("patternProperties")):
        try:
            if re.search(pattern, name):
                return True
        except re.error:
            return True
    return False


def _is_local(key: str, value: Any) -> bool:
    """Whether a keyword means the same in every draft and wherever it stands."""
    return key in _LOCAL and not (isinstance(value, bool) and key not in {"const", "uniqueItems"})


def _items(value: Any) -> list[tuple[str, Any]]:
    return list(cast("Schema", value).items()) if isinstance(value, Mapping) else []


def _list(value: Any) -> list[Any]:
    return list(cast("Sequence[Any]", value)) if isinstance(value, (list, tuple)) else []


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
