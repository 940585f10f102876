"""Plain data: what TOML, JSON and YAML have in common, and a policy is made of."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, Final, TypeGuard

from genai_guard.policy.problems import Path, Problem, Problems, describe

__all__ = ["is_list", "is_mapping", "plain"]

_DEEPEST: Final = 64


def is_mapping(value: object) -> TypeGuard[Mapping[Any, Any]]:
    """Whether it is a mapping."""
    return isinstance(value, Mapping)


def is_list(value: object) -> TypeGuard[Sequence[Any]]:
    """Whether it is a list, or a tuple, which Python may have in its place."""
    return isinstance(value, list | tuple)


def plain(data: Any) -> Any:
    """Return `data` with nothing in it but what JSON knows: tuples become lists, members of an enum their values.

    Raises:
        Problems: something else is in it, such as a date, an infinite number or a key that is not text.
    """
    problems = list(_foreign((), data))
    if problems:
        raise Problems(problems)
    return _copy(data)


def _foreign(path: Path, value: Any) -> Iterator[Problem]:
    if len(path) > _DEEPEST:
        yield Problem(path[:4], "nested too deeply")
    elif isinstance(value, float) and not math.isfinite(value):
        yield Problem(path, f"must be a finite number, not {value}")
    elif is_mapping(value):
        for key, inner in value.items():
            if isinstance(key, str):
                yield from _foreign((*path, key), inner)
            else:
                yield Problem(path, f"has a key that is {describe(key)}: put it in quotes")
    elif is_list(value):
        for index, inner in enumerate(value):
            yield from _foreign((*path, index), inner)
    elif value is not None and not isinstance(value, str | int | float):
        remedy = ": put it in quotes" if hasattr(value, "isoformat") else " which has no place in a policy"
        yield Problem(path, f"is {describe(value)}{remedy}")


def _copy(value: Any) -> Any:
    if is_mapping(value):
        return {key: _copy(inner) for key, inner in value.items()}
    if is_list(value):
        return [_copy(inner) for inner in value]
    return value.value if isinstance(value, Enum) else value
