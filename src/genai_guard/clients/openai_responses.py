"""OpenAI Responses, and everything that speaks the same shape: objects of the SDK, dictionaries.

An edit takes with it what would still tell the old text: what was parsed of it is built again from the new text, or
becomes None if it no longer fits; `logprobs`, which spell it out, become empty.

Images, audio data, files and encrypted reasoning are passed on unread, and so is what a reply repeats of its request.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from genai_guard.clients.duck import fields, get, items_of
from genai_guard.clients.halves import Turns, TurnsRequest
from genai_guard.clients.openai_items import figures_of, items_walk, write_items, write_prompt, write_response
from genai_guard.clients.openai_responses_stream import OpenAIResponsesStream
from genai_guard.clients.turns import after_items
from genai_guard.clients.walk import Rewrite, Walk
from genai_guard.messages import Part, Reply

__all__ = ["OPENAI_RESPONSES", "OpenAIResponses"]

_LISTS: Final = (list, tuple)
_ITEMS: Final = ("_call", "_output", "reasoning")
"""How the types end of items that no other API has among its messages."""


class OpenAIResponses(TurnsRequest):
    """Responses, asked with a list of items; a plain string is read by the client for text."""

    __slots__ = ()

    walk = staticmethod(items_walk)
    name = "OpenAI responses"

    def reads_request(self, content: object, kwargs: Mapping[str, Any], /) -> bool:
        """Take a list that is the `input=` of the call, or that has a call of a tool, or its output, beside messages."""
        if not isinstance(content, _LISTS):
            return False
        if kwargs.get("input") is content:
            return True
        return "messages" not in kwargs and any(map(_is_item, cast("Sequence[Any]", content)))

    def visit(self, content: Sequence[Any], kwargs: Mapping[str, Any], walk: Walk, /) -> Turns:
        """Visit `instructions=`, the variables of `prompt=`, and all items."""
        beside = {"instructions": kwargs.get("instructions"), "prompt": kwargs.get("prompt")}
        after = {
            "instructions": walk.visit(beside["instructions"], "instructions", "system"),
            "prompt": write_prompt(beside["prompt"], walk),
        }
        changes = {name: value for name, value in after.items() if value is not beside[name]}
        items = write_items(content, walk, "input", is_reply=False)
        return items, {**kwargs, **changes} if changes else kwargs

    def ask_again(
        self, content: Sequence[Any], kwargs: Mapping[str, Any], reply: Sequence[Part], feedback: str, /
    ) -> Turns:
        """Return items with two turns more."""
        return after_items(content, reply, feedback), kwargs

    def reads_reply(self, reply: object, /) -> bool:
        """Take what calls itself a response and has output, with its text where it is looked for."""
        output = items_of(reply, "output") if get(reply, "object") == "response" else None
        return output is not None and all(map(_is_known, output))

    def read_reply(self, reply: Any, /) -> Reply:
        """Return the texts of every item."""
        parts: list[Part] = []
        write_response(reply, items_walk(parts.append))
        return figures_of(reply)._replace(parts=tuple(parts))

    def write_reply(self, reply: Any, texts: Sequence[str], /) -> Any:
        """Return a response with new texts."""
        rewrite = Rewrite(texts)
        after = write_response(reply, items_walk(rewrite))
        rewrite.end()
        return after

    def reads_chunk(self, chunk: object, /) -> bool:
        """Take the events of a response."""
        kind = fields(chunk).get("type")
        return isinstance(kind, str) and kind.startswith("response.")

    def open_stream(self) -> OpenAIResponsesStream:
        """Return a new reader for one stream."""
        return OpenAIResponsesStream()


def _is_item(item: Any) -> bool:
    """Whether it is a mapping that no list of messages has: who passes a list by its place does not say what it is."""
    if not isinstance(item, dict) or "role" in item:
        return False
    kind: Any = get(item, "type")
    return isinstance(kind, str) and kind.endswith(_ITEMS)


def _is_known(item: Any) -> bool:
    if get(item, "type") != "message":
        return True
    pieces = items_of(item, "content")
    return pieces is not None and all(
        get(each, "type") != "output_text" or get(each, "text") is not None for each in pieces
    )


OPENAI_RESPONSES: Final = OpenAIResponses()
