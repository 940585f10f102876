"""Checks of what users write into experiments and variants.

Each raises `ConfigurationError` with the place (`where`), the parameter and the remedy, and returns the value as it is
kept where that differs from the value as it is written. Units are never quoted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from genai_guard.errors import ConfigurationError
from genai_guard.frozen import FrozenDict
from genai_guard.routing.assignment import identify

__all__ = [
    "instance",
    "label",
    "name",
    "one_of",
    "overrides",
    "params",
    "requires",
    "share",
    "target",
    "weight",
    "whole",
]

_NAME: Final = re.compile(r"[A-Za-z0-9_.-]+")


def name(value: object, *, of: str, where: str) -> None:
    """Refuse what could not stand in a salt."""
    if not (isinstance(value, str) and _NAME.fullmatch(value)):
        raise ConfigurationError(
            f"{where}: {of}={value!r} must consist of letters from A to Z, digits, '_', '.' and '-', at least one"
        )


def label(value: object, *, where: str) -> None:
    """Refuse what could not stand in a table or as the label of a metric."""
    if not (isinstance(value, str) and value and value.isprintable() and value == value.strip()):
        raise ConfigurationError(
            f"{where}: name={value!r} must be a non-empty text without control characters or spaces around it"
        )


def one_of(value: object, allowed: Sequence[object], *, of: str, where: str) -> None:
    """Refuse a value that is none of `allowed`, by type as well: 1 is not True."""
    if not any(type(value) is type(word) and value == word for word in allowed):
        words = " or ".join(map(repr, allowed))
        raise ConfigurationError(f"{where}: {of}={value!r} must be {words}")


def share(value: object, *, of: str, where: str) -> float:
    """Return a share as a float."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ConfigurationError(f"{where}: {of}={value!r} must be a number from 0 to 1; 10 % is 0.1")
    return float(value)


def weight(value: object, *, where: str) -> int:
    """Return a weight as an integer."""
    whole = int(value) if isinstance(value, float) and value.is_integer() else value
    if type(whole) is not int or whole < 1:
        raise ConfigurationError(
            f"{where}: weight={value!r} must be a whole number above zero; weights are relative, so write 1 and 9 for "
            "0.1 and 0.9, and leave out a variant that nobody is to get"
        )
    return whole


def whole(value: object, *, of: str, least: int, where: str) -> int:
    """Return a whole number."""
    if type(value) is not int or value < least:
        raise ConfigurationError(f"{where}: {of}={value!r} must be a whole number, at least {least}")
    return value


def instance(value: object, kind: type, *, of: str, where: str) -> None:
    """Refuse what is neither None nor of that type."""
    if value is not None and not isinstance(value, kind):
        raise ConfigurationError(f"{where}: {of} must be {kind.__name__}(...), not {type(value).__name__}")


def requires(value: object, own: str, *, where: str) -> FrozenDict[str, str]:
    """Return the variant that each other experiment must have given."""
    given = _mapping(value, of="requires", where=where)
    for other, variant in given.items():
        if not (isinstance(other, str) and isinstance(variant, str)):
            raise ConfigurationError(f"{where}: requires must map names of experiments to names of variants")
        if other == own:
            raise ConfigurationError(f"{where}: requires itself")
    return FrozenDict({other: str(variant) for other, variant in given.items()})


def target(value: object, *, where: str) -> None:
    """Refuse a target that cannot be called."""
    if value is not None and not callable(value):
        raise ConfigurationError(f"{where}: target must be callable, not {type(value).__name__}")


def params(value: object, *, where: str) -> FrozenDict[str, Any]:
    """Return a read-only copy of keyword arguments."""
    given = _mapping(value, of="params", where=where)
    for key in given:
        if not (isinstance(key, str) and key.isidentifier()):
            raise ConfigurationError(f"{where}: params has {key!r}, which cannot be the name of a keyword argument")
    return FrozenDict(given)


def overrides(value: object, variants: Sequence[str], *, where: str) -> FrozenDict[str, str]:
    """Return the variant of each unit, by the text that identifies the unit."""
    given = _mapping(value, of="overrides", where=where)
    units = [identify(unit) for unit in given]
    if "" in units:
        raise ConfigurationError(f"{where}: overrides has a unit that is neither a non-empty text nor an integer")
    if len(set(units)) < len(units):
        raise ConfigurationError(f"{where}: overrides has a unit twice, as an integer and as its digits")
    unknown = [variant for variant in given.values() if variant not in variants]
    if unknown:
        raise ConfigurationError(f"{where}: overrides has the variant {unknown[0]!r}; there are {', '.join(variants)}")
    return FrozenDict(zip(units, map(str, given.values()), strict=True))


def _mapping(value: object, *, of: str, where: str) -> Mapping[Any, object]:
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"{where}: {of} must be a mapping, not {type(value).__name__}")
    return cast("Mapping[Any, object]", value)
