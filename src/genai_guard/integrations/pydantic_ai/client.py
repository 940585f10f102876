"""Reads and writes what a model of pydantic-ai is asked, what it answers, and the events of its streams."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from genai_guard.clients.figures import bound_of, model_of
from genai_guard.clients.turns import told, worded
from genai_guard.clients.walk import Edit, Rewrite
from genai_guard.integrations.extras import module_of
from genai_guard.integrations.pydantic_ai.events import Chunk, EventReader, usage_of
from genai_guard.integrations.pydantic_ai.texts import visit_conversation, visit_instructions, visit_response
from genai_guard.messages import Part, Reply, Request

__all__ = ["CLIENT", "Asked"]

_types: Final = module_of("pydantic_ai.messages", extra="pydantic-ai")


@dataclass(frozen=True, slots=True, repr=False)
class Asked:
    """What a model is asked.

    Attributes:
        messages: The conversation.
        parameters: Parameters of the request, which hold the instructions.
    """

    messages: Sequence[Any]
    parameters: Any


class Client:
    """Requests and responses."""

    __slots__ = ()

    name = "pydantic-ai messages"

    def reads_request(self, content: object, kwargs: Mapping[str, Any], /) -> bool:  # noqa: ARG002
        """Take what the guarded model hands on."""
        return isinstance(content, Asked)

    def read_request(self, content: Asked, kwargs: Mapping[str, Any], /) -> Request:
        """Return the texts of the instructions, then of all messages."""
        parts: list[Part] = []
        _request(content, parts.append)
        return Request(tuple(parts), model_of(kwargs.get("model")), bound_of(kwargs), len(content.messages))

    def write_request(
        self, content: Asked, kwargs: Mapping[str, Any], texts: Sequence[str], /
    ) -> tuple[Asked, Mapping[str, Any]]:
        """Return new messages and instructions."""
        rewrite = Rewrite(texts)
        after = _request(content, rewrite)
        rewrite.end()
        return after, kwargs

    def ask_again(
        self, content: Asked, kwargs: Mapping[str, Any], reply: Sequence[Part], feedback: str, /
    ) -> tuple[Asked, Mapping[str, Any]]:
        """Return a conversation with two turns more."""
        said = worded(reply)
        turns = [_types.ModelResponse(parts=[_types.TextPart(said)])] if said else []
        turns.append(_types.ModelRequest(parts=[_types.UserPromptPart(told(reply, feedback))]))
        return replace(content, messages=[*content.messages, *turns]), kwargs

    def reads_reply(self, reply: object, /) -> bool:
        """Take responses."""
        return getattr(reply, "kind", None) == "response"

    def read_reply(self, reply: Any, /) -> Reply:
        """Return the texts of every part."""
        parts: list[Part] = []
        visit_response(reply, parts.append)
        return Reply(tuple(parts), usage_of(reply.usage), reply.model_name or "", reply.finish_reason or "")

    def write_reply(self, reply: Any, texts: Sequence[str], /) -> Any:
        """Return a response with new texts."""
        rewrite = Rewrite(texts)
        after = visit_response(reply, rewrite)
        rewrite.end()
        return after

    def reads_chunk(self, chunk: object, /) -> bool:
        """Take events of a stream."""
        return isinstance(chunk, Chunk)

    def open_stream(self) -> EventReader:
        """Return a new reader for one stream."""
        return EventReader()


def _request(asked: Asked, edit: Edit) -> Asked:
    parameters = asked.parameters
    instructions = visit_instructions(parameters.instruction_parts, edit)
    messages = visit_conversation(asked.messages, edit)
    if instructions is not parameters.instruction_parts:
        parameters = replace(parameters, instruction_parts=instructions)
    if parameters is asked.parameters and messages is asked.messages:
        return asked
    return Asked(messages, parameters)


CLIENT: Final = Client()
