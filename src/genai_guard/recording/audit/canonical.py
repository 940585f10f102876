"""JSON in its one canonical form (RFC 8785, JCS): equal values are equal bytes, in every language.

Keys are sorted by their UTF-16 code units, numbers are written as ECMAScript does, nothing is escaped that need not be,
and there is no white space.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from json.encoder import encode_basestring as quoted
from typing import Any, Final, TypeGuard

__all__ = ["MOST_INTEGER", "canonical", "is_list", "is_mapping", "members", "written"]

MOST_INTEGER: Final = (1 << 53) - 1
"""The largest integer that every reader of JSON can be trusted with (RFC 7493)."""

_LARGEST: Final = 10**21
_WORDS: Final = {None: "null", True: "true", False: "false"}


def canonical(value: Any) -> bytes:
    """Return the canonical form of what JSON can say: mappings, lists, tuples, text, numbers, True, False and None.

    Raises:
        ValueError: a number is not finite or an integer is too large, a text has a lone surrogate, or something else
            is among it.
    """
    return written(value).encode()


def written(value: Any) -> str:
    """Return the canonical form as text, in which lone surrogates still stand; otherwise as `canonical`."""
    if isinstance(value, str):
        return quoted(value)
    if value is None or value is True or value is False:
        return _WORDS[value]
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, float):
        return _number(value)
    if is_list(value):
        return f"[{','.join([written(each) for each in value])}]"
    if is_mapping(value):
        return members({name: written(each) for name, each in value.items()})
    raise ValueError(f"JSON has no {type(value).__name__}")


def members(texts: Mapping[str, str]) -> str:
    """Return the object whose members have these canonical forms.

    Raises:
        ValueError: a name is no text.
    """
    try:
        names = sorted(texts)
        if not "".join(names).isascii():
            names.sort(key=_code_units)
    except TypeError:
        raise ValueError("a name in JSON is text") from None
    return "{" + ",".join([f"{quoted(name)}:{texts[name]}" for name in names]) + "}"


def is_mapping(value: object) -> TypeGuard[Mapping[Any, Any]]:
    """Whether JSON has an object for it."""
    return isinstance(value, Mapping)


def is_list(value: object) -> TypeGuard[Sequence[Any]]:
    """Whether JSON has an array for it."""
    return isinstance(value, list | tuple)


def _code_units(name: str) -> bytes:
    return name.encode("utf-16-be")


def _integer(value: int) -> str:
    """Write an integer; one that is too large for every reader has to be what a number of JSON is written as."""
    text = int.__repr__(value)
    if abs(value) > MOST_INTEGER and (abs(value) > _LARGEST or _number(float(value)) != text):
        raise ValueError("an integer is too large for JSON")
    return text


def _number(value: float) -> str:
    """Write a number as `Number.prototype.toString` does (ECMA-262, 6.1.6.1.20), whose digits are those of `repr`."""
    if not math.isfinite(value):
        raise ValueError("JSON has no numbers but finite ones")
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = float.__repr__(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    return sign + _placed(digits.rstrip("0"), point)


def _placed(digits: str, point: int) -> str:
    """Put the point after so many of the digits, which may be less than none or more than there are."""
    if len(digits) <= point <= 21:
        return digits.ljust(point, "0")
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"0.{'0' * -point}{digits}"
    rest = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{rest}e{point - 1:+d}"
