"""A row of the inference log as features see it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from numbers import Number
from typing import Any, Final, cast

from genai_guard.messages import Part

__all__ = ["Call"]

_SPOKEN: Final = ("text", "refusal")


class Call:
    """One call, read out of its row. Texts are as they stand there: redacted, and empty where none was kept.

    Args:
        row: A row of an `InferenceLog`, or of another table with such columns; left as it is.

    Attributes:
        row: The columns by name.
    """

    def __init__(self, row: Mapping[str, Any]) -> None:
        self.row: Final = row

    @cached_property
    def request(self) -> tuple[Part, ...]:
        """The texts of the request."""
        return _parts(self.row.get("request"), "user")

    @cached_property
    def response(self) -> tuple[Part, ...]:
        """The texts of the reply."""
        return _parts(self.row.get("response"), "assistant")

    @cached_property
    def prompt(self) -> str:
        """What the user said last; the whole request where no user spoke."""
        said = [part.text for part in self.request if part.role == "user"]
        return said[-1] if said else "\n".join(part.text for part in self.request)

    @cached_property
    def reply(self) -> str:
        """What the model said; arguments of tools and what it thought are left out."""
        return "\n".join(part.text for part in self.response if part.kind in _SPOKEN)

    @cached_property
    def verdicts(self) -> tuple[Mapping[str, Any], ...]:
        """What guards found; as JSON too, which is what a table without nested values has."""
        given = self.row.get("verdicts")
        listed: Any = json.loads(given) if isinstance(given, str) and given else given or ()
        return tuple(listed)

    def number(self, column: str) -> float | None:
        """Return the number in a column; None where there is none."""
        value = self.row.get(column)
        return float(cast("float", value)) if isinstance(value, Number) else None

    def __repr__(self) -> str:
        return f"<Call {self.row.get('request_id')}>"


def _parts(payload: object, role: str) -> tuple[Part, ...]:
    """Return the texts of one side: of a payload as the log has it, or of a plain text."""
    if not isinstance(payload, str):
        return ()
    try:
        found = json.loads(payload)
    except ValueError:
        found = None
    messages = cast("Mapping[str, object]", found).get("messages") if isinstance(found, Mapping) else None
    if not isinstance(messages, list):
        return (Part(payload, cast("Any", role)),)
    return tuple(_part(each) for each in cast("Sequence[Mapping[str, Any]]", messages) if isinstance(each, Mapping))


def _part(message: Mapping[str, Any]) -> Part:
    content = message.get("content")
    text = content if isinstance(content, str) else ""
    return Part(text, message.get("role", "user"), message.get("kind", "text"), name=message.get("name", ""))
