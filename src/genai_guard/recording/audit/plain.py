"""Facts on their way into the audit: made of what JSON has, and redacted."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Final

from genai_guard.recording.audit.canonical import MOST_INTEGER, canonical, is_list, is_mapping
from genai_guard.recording.audit.chain import Draft

__all__ = ["TOO_LONG", "plain", "redacted"]

TOO_LONG: Final[Mapping[str, Any]] = {"withheld": "too long"}
"""The facts of a record that would be longer than a record may be."""

_MOST_BYTES: Final = 1 << 16
_DEEPEST: Final = 8


def plain(value: Any, *, depth: int = 0) -> Any:
    """Return a copy made of what JSON has. Whatever it does not have is named by its class, and not shown."""
    if isinstance(value, Enum):
        value = value.value
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value).encode("utf-8", "replace").decode()
    if isinstance(value, int | float):
        return _number(value)
    if depth < _DEEPEST:
        return _container(value, depth + 1)
    return f"<{type(value).__name__}>"


def redacted(draft: Draft, words: Callable[[str], str]) -> Draft:
    """Return a draft with `words` of all that it says; facts that are too long are withheld."""
    facts = _each_text(plain(draft.facts), words)
    if len(canonical(facts)) > _MOST_BYTES:
        facts = TOO_LONG
    return draft._replace(facts=facts)


def _container(value: object, depth: int) -> Any:
    if is_mapping(value):
        return {plain(str(name)): plain(each, depth=depth) for name, each in value.items()}
    if is_list(value):
        return [plain(each, depth=depth) for each in value]
    return f"<{type(value).__name__}>"


def _number(value: float) -> Any:
    """A number that JSON has none of is written in words."""
    if isinstance(value, int):
        return int(value) if abs(value) <= MOST_INTEGER else str(int(value))
    return float(value) if math.isfinite(value) else str(float(value))


def _each_text(value: object, words: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return words(value)
    if is_mapping(value):
        return {words(name): _each_text(each, words) for name, each in value.items()}
    if is_list(value):
        return [_each_text(each, words) for each in value]
    return value
