"""OpenAI chat completions, and everything that speaks the same shape: objects of the SDK, dataclasses, dictionaries.

What an edit takes with it, because it would still tell the old text:

- `message.parsed` and `function.parsed_arguments` are built again from the new text, or become None if it no longer fits;
- `choice.logprobs` becomes None: it spells the text out, token by token.

Images, audio data and files are passed on unread; an audio transcript is read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import is_
from typing import Any, Final

from genai_guard.clients.duck import fields, get, is_plain, items_of, put
from genai_guard.clients.figures import chat_usage, model_of
from genai_guard.clients.halves import Turns, TurnsRequest
from genai_guard.clients.openai_stream import OpenAIChatStream, write_choice
from genai_guard.clients.walk import Edit, Rewrite, Walk
from genai_guard.messages import Part, Reply, Role

__all__ = ["OPENAI_CHAT", "OpenAIChat"]

_HOLDERS: Final = ("message", "text")
_STREAMED: Final = ("delta", "text")
_KEPT: Final = ("content", "refusal", "tool_calls", "function_call", "audio", "reasoning_content", "reasoning")
"""Where a message keeps what it says."""
_BESIDE: Final[Mapping[str, Role]] = {"instructions": "system", "prediction": "assistant"}
"""Keyword arguments with texts, and whose they are."""
_BESIDE_NAMES: Final = frozenset(_BESIDE)


class OpenAIChat(TurnsRequest):
    """Chat completions."""

    __slots__ = ()

    name = "OpenAI chat completions"

    def reads_request(self, content: object, kwargs: Mapping[str, Any], /) -> bool:  # noqa: ARG002
        """Take a list of messages, each with a role."""
        if not isinstance(content, (list, Sequence)) or isinstance(content, (str, bytes)):  # a list is known at once
            return False
        return not content or (not isinstance(content[0], str) and get(content[0], "role") is not None)

    def visit(self, content: Sequence[Any], kwargs: Mapping[str, Any], walk: Walk, /) -> Turns:
        """Visit all messages, then `instructions=` and `prediction=`."""
        messages = walk.messages(content)
        if _BESIDE_NAMES.isdisjoint(kwargs):
            return messages, kwargs
        changes: dict[str, Any] = {}
        for name, role in _BESIDE.items():
            before = kwargs.get(name)
            after = walk.visit(before, name, role)
            if after is not before:
                changes[name] = after
        return messages, {**kwargs, **changes} if changes else kwargs

    def reads_reply(self, reply: object, /) -> bool:
        """Take what has choices with messages, or with the plain text of the older completions."""
        choices = items_of(reply, "choices")
        if choices is None:
            return False
        return _holds(choices[0], _HOLDERS) if choices else get(reply, "object") == "chat.completion"

    def read_reply(self, reply: Any, /) -> Reply:
        """Return the texts of every choice."""
        parts: list[Part] = []
        _reply(reply, parts.append)
        known = fields(reply)
        choices = known.get("choices")
        return Reply(
            tuple(parts),
            chat_usage(known.get("usage")),
            model_of(known.get("model")),
            model_of(get(choices[0], "finish_reason")) if choices else "",
        )

    def write_reply(self, reply: Any, texts: Sequence[str], /) -> Any:
        """Return a completion with new texts."""
        rewrite = Rewrite(texts)
        after = _reply(reply, rewrite)
        rewrite.end()
        return after

    def reads_chunk(self, chunk: object, /) -> bool:
        """Take what has choices with deltas; the first chunk of some servers has no choices yet."""
        choices = items_of(chunk, "choices")
        if choices is None:
            return False
        if choices:
            return _holds(choices[0], _STREAMED)
        return get(chunk, "object") in ("chat.completion.chunk", "", None)

    def open_stream(self) -> OpenAIChatStream:
        """Return a new reader for one stream."""
        return OpenAIChatStream()


def _holds(choice: Any, names: Sequence[str]) -> bool:
    known = fields(choice)
    for name in names:
        said = known.get(name)
        if said is not None and _is_known(said):
            return True
    return False


def _is_known(said: Any) -> bool:
    """Tell whether what a choice holds keeps its text where it is looked for; a dictionary may leave out what is empty."""
    known = fields(said)
    if isinstance(said, str) or (is_plain(known) and "content" in known):
        return True
    return (is_plain(known) and len(known) < 2) or any(known.get(name, known) is not known for name in _KEPT)


def _reply(reply: Any, edit: Edit) -> Any:
    walk = Walk(edit)
    before = get(reply, "choices")
    after = [write_choice(choice, walk, _HOLDERS, f"response.choices[{at}]") for at, choice in enumerate(before)]
    return reply if all(map(is_, before, after)) else put(reply, choices=after)


OPENAI_CHAT: Final = OpenAIChat()
