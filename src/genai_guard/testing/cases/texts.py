"""The texts of a case, and the shapes in which a pipeline gets them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from genai_guard.clients import reply_client, request_client
from genai_guard.testing.cases.case import Case, ScriptedReply

__all__ = ["REPLY", "arguments_json", "content_of", "last_text", "reply_texts", "reply_value", "texts_of"]

REPLY: Final = "response"
"""How the place of a text begins that is in a reply."""


def content_of(case: Case) -> str | Sequence[Mapping[str, Any]]:
    """Return what the wrapped function is called with: a prompt, or messages."""
    if case.messages:
        return case.messages
    if case.side == "output":
        return ""
    if case.is_whole_call or case.role != "user":
        return [{"role": case.role, "content": case.text}]
    return case.text


def reply_value(reply: ScriptedReply | None) -> Any:
    """Return what the wrapped function answers: a text, or where tools are called, a chat completion."""
    if reply is None:
        return ""
    if not reply.tool_calls:
        return reply.text
    calls = [
        {"id": f"call_{number}", "type": "function", "function": {"name": name, "arguments": arguments}}
        for number, (name, arguments) in enumerate(reply.tool_calls, 1)
    ]
    message = {"role": "assistant", "content": reply.text or None, "tool_calls": calls}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    return {"object": "chat.completion", "choices": [choice]}


def texts_of(case: Case) -> dict[str, str]:
    """Return the texts that are judged, by their places as findings have them; that of a prompt is empty."""
    asked = {} if case.side == "output" else request_texts(content_of(case))
    if case.side == "input" or case.reply is None:
        return asked
    return asked | reply_texts(reply_value(case.reply))


def request_texts(content: Any) -> dict[str, str]:
    """Return the texts of a request by their places."""
    return {part.where: part.text for part in request_client(content, {}).read_request(content, {}).parts}


def reply_texts(value: Any) -> dict[str, str]:
    """Return the texts of a reply by their places."""
    return {part.where: part.text for part in reply_client(value).read_reply(value).parts}


def last_text(content: Any) -> str:
    """Return a prompt, or what the last message says: all of its texts, if there are several."""
    if isinstance(content, str):
        return content
    return "\n".join(request_texts(content[-1:]).values()) if content else ""


def arguments_json(arguments: Mapping[str, Any] | str) -> str:
    """Return the arguments of a tool call as a model writes them."""
    return arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
