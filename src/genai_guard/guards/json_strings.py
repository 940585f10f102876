"""The strings of a JSON text, with their places."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

__all__ = ["JSONString", "is_json", "strings_of"]

_STRING: Final = re.compile(r'"((?:[^"\\]++|\\.)*+)(?:"|\Z)', re.DOTALL)


class JSONString(NamedTuple):
    """A string, be it a key or a value.

    Attributes:
        value: What it says.
        start: Its first character, behind the quotation mark.
        end: One past its last.
        is_plain: Whether it is written as it reads, without escapes.
    """

    value: str
    start: int
    end: int
    is_plain: bool


def is_json(text: str) -> bool:
    """Whether a text is an object or an array."""
    inner = text.strip()
    if inner[:1] + inner[-1:] not in {"{}", "[]"}:
        return False
    try:
        json.loads(inner)
    except (ValueError, RecursionError):
        return False
    return True


def strings_of(text: str) -> Iterator[JSONString]:
    """Yield the strings of a JSON text, or of what there is of one. What is no string of JSON is taken as written."""
    for match in _STRING.finditer(text):
        raw = match[1]
        if "\\" not in raw:
            yield JSONString(raw, *match.span(1), is_plain=True)
            continue
        try:
            value = json.loads(f'"{raw}"', strict=False)
        except ValueError:
            value = raw
        yield JSONString(value, *match.span(1), is_plain=False)
