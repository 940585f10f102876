"""Which configuration decided: a short hash of everything that an experiment says."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import Field, fields, is_dataclass
from typing import Any, Final, cast

import mmh3

__all__ = ["fingerprint"]

_DIGITS: Final = 12


def fingerprint(value: object) -> str:
    """Return 12 hexadecimal digits that are the same for equal configurations, in every process.

    Of a function or class, its name counts and not what it does; of any other object that is not a number, a text, a
    collection or a dataclass, its type counts alone.
    """
    return mmh3.mmh3_x64_128_digest(_written(value).encode("utf-8", "surrogatepass")).hex()[:_DIGITS]


def _written(value: object) -> str:
    """Write a value so that only equal ones are written alike, whatever the order of sets and mappings."""
    if value is None or isinstance(value, str | bytes | int | float):
        return repr(value)
    if isinstance(value, Mapping):
        items = cast("Mapping[Any, object]", value).items()
        return _joined("{}", sorted(f"{_written(key)}:{_written(item)}" for key, item in items))
    if isinstance(value, list | tuple):
        return _joined("[]", [_written(item) for item in cast("list[object]", value)])
    if isinstance(value, AbstractSet):
        return _joined("{}", sorted(map(_written, cast("AbstractSet[object]", value))))
    if is_dataclass(value) and not isinstance(value, type):
        given = [(field.name, getattr(value, field.name)) for field in fields(value) if not _is_default(field, value)]
        parts = [f"{name}={_written(item)}" for name, item in given]
        return _joined("()", [type(value).__qualname__, *parts])
    named = value if hasattr(value, "__qualname__") else type(value)
    return f"<{getattr(named, '__module__', '')}.{getattr(named, '__qualname__', '')}>"


def _is_default(field: Field[Any], value: object) -> bool:
    """Whether a field may be left out, so that those which later releases add change no hash."""
    return _written(getattr(value, field.name)) == _written(field.default)


def _joined(brackets: str, parts: list[str]) -> str:
    return brackets[0] + ",".join(parts) + brackets[1]
