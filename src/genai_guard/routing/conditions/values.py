"""What the value of an attribute is, read as a text, a number, a truth value or a version.

Attributes come from tags, which are texts, or from other systems, which have types. Each reader returns the value in a
form that compares as it should, or None for what cannot be read so: to a condition that is the same as no value.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, TypeAlias

__all__ = ["MAX_NUMBER", "NUMBER", "READERS", "Kind", "Reader", "bool_of", "text_of", "version_of"]

Kind: TypeAlias = Literal["text", "number", "bool"]
"""What an attribute is compared as."""

Reader: TypeAlias = Callable[[Any], Any]

MAX_NUMBER: Final = 64
"""Most characters of a number or version; what is longer is none."""
NUMBER: Final = re.compile(r"[-+]?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_VERSION: Final = re.compile(r"v?([0-9]+(?:\.[0-9]+)*)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z.-]+)?")
_MAX_BITS: Final = 212  # as many as 64 digits have
_TRUTHS: Final = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


def text_of(value: Any) -> str | None:
    """Return a text as it is, and an integer as its digits; an empty text is none."""
    if type(value) is str:
        return value or None
    if isinstance(value, str):
        return str.__str__(value) or None
    if type(value) is int and value.bit_length() <= _MAX_BITS:
        return str(value)
    return None


def number_of(value: Any) -> float | None:
    """Return a number that is finite, or what a text writes in ASCII digits; integers stay exact."""
    number = value
    if isinstance(value, str):
        if len(value) > MAX_NUMBER or not NUMBER.fullmatch(value):
            return None
        number = float(value) if any(mark in value for mark in ".eE") else int(value)
    elif not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return number if -math.inf < number < math.inf else None


def bool_of(value: Any) -> bool | None:
    """Return a truth value, also of the texts `true` and `false`, in small letters, capitals, or with a capital."""
    if type(value) is bool:
        return value
    return _TRUTHS.get(value) if isinstance(value, str) else None


def version_of(value: Any) -> tuple[Any, ...] | None:
    """Return what orders versions as Semantic Versioning 2.0.0 does.

    More or fewer than three numbers are taken too: 2 is 2.0 is 2.0.0. A `v` before them and build metadata behind are
    left out of account; a pre-release comes before its release.
    """
    if not isinstance(value, str) or len(value) > MAX_NUMBER:
        return None
    match = _VERSION.fullmatch(value)
    if match is None:
        return None
    numbers = [int(part) for part in match[1].split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    if match[2] is None:
        return (tuple(numbers), 1)
    return (tuple(numbers), 0, tuple(_identifier(part) for part in match[2].split(".")))


def _identifier(part: str) -> tuple[int, int, str]:
    """Numeric identifiers are compared as numbers, and come before the others."""
    return (0, int(part), "") if part.isdecimal() else (1, 0, part)


READERS: Final[Mapping[str, Reader]] = {
    "text": text_of,
    "number": number_of,
    "bool": bool_of,
    "version": version_of,
}
