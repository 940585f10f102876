"""What instructor returns: a model of the caller's own, beside the reply that it was made of.

The text is the model as JSON, as the reply had it. After an edit the model is made again of the new JSON, and no longer
holds the reply, which would still tell the old text. What instructor did by itself lies behind it: a call that it made
again, to have a reply that fits, is one call here, with the usage of all. To have a call of each, and streams, guard the
client that instructor calls: `instructor.from_openai(pipeline.wrap_client(client))`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from genai_guard.clients.anthropic_messages import ANTHROPIC_MESSAGES
from genai_guard.clients.base import Client
from genai_guard.clients.gemini import GEMINI
from genai_guard.clients.halves import NoStreams, RepliesOnly
from genai_guard.clients.openai_chat import OPENAI_CHAT
from genai_guard.clients.openai_responses import OPENAI_RESPONSES
from genai_guard.errors import ConfigurationError
from genai_guard.messages import Part, Reply

__all__ = ["INSTRUCTOR", "Instructor"]

_RAW: Final = "_raw_response"


class Instructor(RepliesOnly, NoStreams):
    """Models with the reply that they were made of."""

    __slots__ = ("_clients",)

    name = "models that instructor returns"

    def __init__(self, clients: Iterable[Client]) -> None:
        """Prepare a client.

        Args:
            clients: Read usage, model and finish reason off the reply of the provider, asked in this order.
        """
        self._clients = tuple(clients)

    def reads_reply(self, reply: object, /) -> bool:
        """Take a pydantic model that holds a reply."""
        return getattr(reply, _RAW, None) is not None and hasattr(type(reply), "model_validate_json")

    def read_reply(self, reply: Any, /) -> Reply:
        """Return the model as JSON."""
        raw = getattr(reply, _RAW)
        part = Part(reply.model_dump_json(), "assistant", "text", "response")
        client = next((client for client in self._clients if client.reads_reply(raw)), None)
        return Reply((part,)) if client is None else client.read_reply(raw)._replace(parts=(part,))

    def write_reply(self, reply: Any, texts: Sequence[str], /) -> Any:
        """Return a model made of new JSON.

        Raises:
            ConfigurationError: the new text does not fit the model.
        """
        (text,) = texts
        if text == reply.model_dump_json():
            return reply
        kind: Any = reply.__class__
        try:
            return kind.model_validate_json(text)
        except ValueError:
            raise ConfigurationError(
                f"a guard changed the text of a {kind.__qualname__}, which does not fit it any more: let the guard block, or "
                "guard the client that instructor calls, so that it asks again: "
                "instructor.from_openai(pipeline.wrap_client(client))"
            ) from None


INSTRUCTOR: Final = Instructor((ANTHROPIC_MESSAGES, OPENAI_CHAT, OPENAI_RESPONSES, GEMINI))
