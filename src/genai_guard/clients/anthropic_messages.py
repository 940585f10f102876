"""Anthropic messages: objects of the SDK, dataclasses, dictionaries of the same shape.

What an edit takes with it, because it would still tell the old text or vouch for it:

- `parsed_output` of a text block is built again from the new text, or becomes None if it no longer fits;
- `signature` of a thinking block becomes empty. The provider refuses such a block when it is sent back, which is
  right: it is no longer what the model thought. Leave it out of the next request.

Tool input is JSON for the guards (kind `arguments`) and becomes an object again. Images, PDF data and encrypted
blocks are passed on unread.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from genai_guard.clients.anthropic_stream import EVENTS, AnthropicStream
from genai_guard.clients.duck import fields, get, items_of
from genai_guard.clients.figures import message_usage, model_of
from genai_guard.clients.halves import Turns, TurnsRequest
from genai_guard.clients.walk import Edit, Rewrite, Walk
from genai_guard.messages import Part, Reply

__all__ = ["ANTHROPIC_MESSAGES", "AnthropicMessages"]


class AnthropicMessages(TurnsRequest):
    """Messages.

    A list of messages without `system=` may be Anthropic's or OpenAI's; as the texts of either are found by the same
    walk, it does not matter which client reads it.
    """

    __slots__ = ()

    name = "Anthropic messages"

    def reads_request(self, content: object, kwargs: Mapping[str, Any], /) -> bool:
        """Take a list of messages beside a `system=`."""
        return "system" in kwargs and isinstance(content, Sequence) and not isinstance(content, (str, bytes))

    def visit(self, content: Sequence[Any], kwargs: Mapping[str, Any], walk: Walk, /) -> Turns:
        """Visit `system=`, then all messages."""
        before = kwargs.get("system")
        after = walk.visit(before, "system", "system")
        messages = walk.messages(content)
        return messages, kwargs if after is before else {**kwargs, "system": after}

    def reads_reply(self, reply: object, /) -> bool:
        """Take what calls itself a message and has content, with its text where it is looked for."""
        blocks = items_of(reply, "content") if get(reply, "type") == "message" else None
        return blocks is not None and all(
            get(each, "type") != "text" or get(each, "text") is not None for each in blocks
        )

    def read_reply(self, reply: Any, /) -> Reply:
        """Return the texts of every block."""
        parts: list[Part] = []
        _reply(reply, parts.append)
        known = fields(reply)
        usage = known.get("usage")
        return Reply(
            tuple(parts),
            None if usage is None else message_usage(fields(usage)),
            model_of(known.get("model")),
            model_of(known.get("stop_reason")),
        )

    def write_reply(self, reply: Any, texts: Sequence[str], /) -> Any:
        """Return a message with new texts."""
        rewrite = Rewrite(texts)
        after = _reply(reply, rewrite)
        rewrite.end()
        return after

    def reads_chunk(self, chunk: object, /) -> bool:
        """Take the events of a message stream."""
        kind = fields(chunk).get("type")
        return isinstance(kind, str) and kind in EVENTS

    def open_stream(self) -> AnthropicStream:
        """Return a new reader for one stream."""
        return AnthropicStream()


def _reply(reply: Any, edit: Edit) -> Any:
    return Walk(edit).visit(reply, "response", "assistant")


ANTHROPIC_MESSAGES: Final = AnthropicMessages()
