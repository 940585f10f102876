"""Every text of values whose fields have no names known beforehand: rows of tables, predictions, structured outputs."""

from __future__ import annotations

from typing import Any

from genai_guard.clients.base import Delta
from genai_guard.clients.duck import put, stored
from genai_guard.clients.walk import Edit, is_leaf, is_list, mapped
from genai_guard.messages import Part, Role

__all__ = ["deltas_of", "each_text"]


def each_text(value: Any, edit: Edit, where: str, role: Role) -> Any:
    """Visit every string in `value`, however deep, but for the keys of mappings.

    Returns:
        The value itself, or a copy in which some strings are replaced.
    """
    if isinstance(value, str):
        text = edit(Part(value, role, "text", where)) if value else None
        return value if text is None else text
    if is_leaf(value):
        return value
    if is_list(value):
        return mapped(value, lambda at, item: each_text(item, edit, f"{where}[{at}]", role))
    changes: dict[str, Any] = {}
    for name, item in stored(value).items():
        new = each_text(item, edit, f"{where}.{name}", role)
        if new is not item:
            changes[name] = new
    return put(value, **changes) if changes else value


def deltas_of(chunk: Any) -> list[Delta]:
    """Return every string of a chunk whose shape nobody knows, each as a text by itself."""
    parts: list[Part] = []
    each_text(chunk, parts.append, "response", "assistant")
    return [Delta(object(), part.text, True, part.kind, part.where) for part in parts]
