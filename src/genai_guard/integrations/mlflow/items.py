"""Items of the Responses API out of what a model says. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any, Final

from genai_guard.clients import Delta

__all__ = ["Items"]

_MESSAGE: Final = "message"


class Items:
    """Puts the pieces of a reply together: its texts are one message, each tool call and each thought an item.

    Args:
        request_id: The call. Ids of items begin with it.
    """

    __slots__ = ("_names", "_pieces", "_request_id")

    def __init__(self, request_id: str) -> None:
        self._request_id = request_id
        self._pieces: dict[tuple[str, Hashable], list[str]] = {}
        self._names: dict[tuple[str, Hashable], str] = {}

    @property
    def message_id(self) -> str:
        """Id of the message."""
        return f"msg_{self._request_id}"

    def add(self, delta: Delta) -> None:
        """Take a piece."""
        key = (delta.kind, delta.channel) if delta.kind in {"arguments", "reasoning"} else (_MESSAGE, "")
        self._pieces.setdefault(key, []).append(delta.text)
        if delta.name:
            self._names[key] = delta.name

    def done(self) -> list[dict[str, Any]]:
        """Return the items, in the order in which they began."""
        return list(self._items())

    def _items(self) -> Iterator[dict[str, Any]]:
        for number, (key, pieces) in enumerate(self._pieces.items()):
            kind, text = key[0], "".join(pieces)
            if kind == "arguments":
                yield self._call(number, self._names.get(key, ""), text)
            elif kind == "reasoning":
                summary = [{"type": "summary_text", "text": text}]
                yield {"type": "reasoning", "id": f"rs_{self._request_id}_{number}", "summary": summary}
            elif text:
                content: list[dict[str, Any]] = [{"type": "output_text", "text": text, "annotations": []}]
                yield {"type": "message", "id": self.message_id, "role": "assistant", "content": content}

    def _call(self, number: int, name: str, arguments: str) -> dict[str, Any]:
        ids = {"id": f"fc_{self._request_id}_{number}", "call_id": f"call_{self._request_id}_{number}"}
        return {"type": "function_call", **ids, "name": name, "arguments": arguments}
