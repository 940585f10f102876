"""JSON, read strictly: what the standard decoder lets pass and another reader would take otherwise is an error.

That is a key that stands twice in an object, `NaN` and `Infinity`, a number beyond what a float holds, half of a
surrogate pair, and nesting deeper than `MAX_DEPTH`. See RFC 8259 and RFC 7493 (I-JSON).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any, Final, NoReturn

__all__ = ["MAX_DEPTH", "NotJson", "read_json"]

MAX_DEPTH: Final = 100
"""Arrays and objects within each other; decoders and validators give up somewhere beyond."""

_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_HALF_PAIR: Final[Callable[[str], object]] = re.compile("[\ud800-\udfff]").search
_ESCAPED_HALF: Final[Callable[[str], object]] = re.compile(r"\\u[dD][89a-fA-F]").search


class NotJson(ValueError):  # noqa: N818  what it says of the text
    """A text is not JSON, or not JSON that all readers take alike. The message holds nothing of the text.

    Attributes:
        rule: `syntax`, `duplicate_key`, `constant`, `number`, `surrogate` or `depth`.
        position: Of the character where it shows; -1 where that is not known.
    """

    def __init__(self, rule: str, reason: str, position: int = -1) -> None:
        super().__init__(reason)
        self.rule = rule
        self.position = position


def read_json(text: str) -> Any:
    """Return the value of JSON text.

    Raises:
        NotJson: it is none.
    """
    if text.count("[") + text.count("{") > MAX_DEPTH and _depth(text) > MAX_DEPTH:
        raise NotJson("depth", f"nested deeper than {MAX_DEPTH}")
    try:
        value = _decode(text)
    except json.JSONDecodeError as error:
        raise NotJson("syntax", _reason(text, error), error.pos) from None
    except NotJson:
        raise
    except ValueError:  # an integer of thousands of digits, which Python does not read
        raise NotJson("number", "a number has too many digits") from None
    is_suspect = ("\\u" in text and _ESCAPED_HALF(text)) or (not text.isascii() and _HALF_PAIR(text))
    if is_suspect and _HALF_PAIR(json.dumps(value, ensure_ascii=False)):
        raise NotJson("surrogate", "half of a surrogate pair is no character")
    return value


def _reason(text: str, error: json.JSONDecodeError) -> str:
    if not text.strip():
        return "there is no text"
    return f"{error.msg.lower().removesuffix(' at')} (line {error.lineno}, column {error.colno})"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotJson("duplicate_key", "a key stands twice in one object")
    return found


def _constant(name: str) -> NoReturn:
    raise NotJson("constant", f"{name} is no JSON")  # the decoder knows three of them


def _float(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise NotJson("number", "a number is beyond what a float holds")
    return number


_decode: Final = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant, parse_float=_float).decode


def _depth(text: str) -> int:
    """Return how deep brackets are nested outside of strings."""
    depth = deepest = 0
    for mark in re.sub(r"[^\[\]{}]+", "", _STRING.sub("", text)):
        depth += 1 if mark in "[{" else -1
        deepest = max(deepest, depth)
    return deepest
