"""The texts of a row of the inference log, as a conversation."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias, cast

from genai_guard.recording.redaction import FAILED, TOO_LONG

__all__ = ["Conversation", "Message", "UnfitError", "conversation_of", "is_withheld"]

Message: TypeAlias = dict[str, str]
"""A role and a content, as every chat format has them."""


class UnfitError(Exception):
    """A row is no conversation of texts alone; the message says why, and holds no text of it."""


class Conversation(NamedTuple):
    """What was asked, and what was answered."""

    prompt: list[Message]
    reply: str


def conversation_of(row: Mapping[str, Any]) -> Conversation:
    """Return the conversation of a row.

    Raises:
        UnfitError: a text is missing, there are tool calls, or the reply is not one text.
    """
    prompt, reply = _messages(row, "request"), _messages(row, "response")
    if any(message.get("kind", "text") in {"arguments", "result"} for message in (*prompt, *reply)):
        raise UnfitError("tool calls")
    answers = [message["content"] for message in reply if message.get("kind") != "reasoning"]
    if len(answers) != 1:
        raise UnfitError("several replies" if answers else "no reply")
    said = [{"role": each["role"], "content": each["content"]} for each in prompt if each.get("kind") != "reasoning"]
    return Conversation(said, answers[0])


def is_withheld(text: str) -> bool:
    """Whether there stands only why a text was not kept."""
    return text in {FAILED, TOO_LONG}


def _messages(row: Mapping[str, Any], side: str) -> list[Message]:
    payload = row.get(side)
    try:
        messages: Any = json.loads(payload)["messages"] if isinstance(payload, str) else None
    except (ValueError, KeyError, TypeError):
        messages = None
    if not isinstance(messages, list) or not all(map(_is_message, cast("list[object]", messages))):
        raise UnfitError(f"no {side}")
    return cast("list[Message]", messages)


def _is_message(value: object) -> bool:
    message: Mapping[str, object] = cast("Mapping[str, object]", value) if isinstance(value, Mapping) else {}
    return isinstance(message.get("role"), str) and isinstance(message.get("content"), str)
