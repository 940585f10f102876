"""Google Gemini: `generate_content` of the SDK, its streams, and dictionaries of the same shape.

What an edit takes with it, because it would still tell the old text:

- `parsed` is built again from the new text, or becomes None if it no longer fits;
- the log-probabilities of a candidate, the passages that its grounding quotes, and the body of the HTTP response become
  None.

Texts beside each other in a reply are one text, as in the SDK's `.text`: an edited one stands in the first of their
parts, and the others are left out. Arguments and results of functions are JSON for the guards. Images, files and other
media are passed on unread.

The functions that the SDK runs by itself run within one call: what they return is not judged on its way to the model.
Chats of a guarded client make a call of each step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import is_
from typing import Any, Final

from genai_guard.clients.arguments import reparse
from genai_guard.clients.duck import get, put
from genai_guard.clients.figures import bound_of, count, model_of
from genai_guard.clients.gemini_content import ABSENT, GeminiWalk, find, find_list, is_response, kind_of
from genai_guard.clients.gemini_stream import GeminiStream, facts, is_chunk
from genai_guard.clients.turns import two_turns
from genai_guard.clients.walk import Edit, Rewrite, is_list
from genai_guard.messages import Part, Reply, Request

__all__ = ["GEMINI", "Gemini"]

_PARTS: Final = ("function_response", "inline_data", "file_data")
"""Fields by which a part is known from one of another provider."""


class Gemini:
    """Contents, and responses with candidates."""

    __slots__ = ()

    name = "Google Gemini contents"
    keywords: tuple[str, ...] = ("contents",)

    def reads_request(self, content: object, kwargs: Mapping[str, Any], /) -> bool:
        """Take whatever is called `contents`; else contents with parts, or parts."""
        if "contents" in kwargs:
            return content is not None
        items: Any = content
        first = items[0] if items and (items.__class__ is list or is_list(items)) else items
        if first.__class__ is dict and "content" in first:  # a message of another provider, as most are
            return False
        parts = get(first, "parts")
        if is_list(parts):
            return not parts or get(parts[0], "type") is None
        return any(find(first, name)[1] is not ABSENT for name in _PARTS)

    def read_request(self, content: Any, kwargs: Mapping[str, Any], /) -> Request:
        """Return the texts of `config.system_instruction`, then of all contents."""
        parts: list[Part] = []
        walk = GeminiWalk(parts.append)
        _request(content, kwargs, walk)
        bound = count(_configured(kwargs, "max_output_tokens")[1]) or bound_of(kwargs)
        messages = len(content) if is_list(content) else 1
        return Request(tuple(parts), model_of(kwargs.get("model")), bound or None, messages, walk.media)

    def write_request(
        self, content: Any, kwargs: Mapping[str, Any], texts: Sequence[str], /
    ) -> tuple[Any, Mapping[str, Any]]:
        """Return new contents, and new keyword arguments where the system instruction changed."""
        rewrite = Rewrite(texts)
        after = _request(content, kwargs, GeminiWalk(rewrite))
        rewrite.end()
        return after

    def ask_again(
        self, content: Any, kwargs: Mapping[str, Any], reply: Sequence[Part], feedback: str, /
    ) -> tuple[Any, Mapping[str, Any]]:
        """Return contents with two turns more, see `genai_guard.clients.turns`."""
        words, told = two_turns(reply, feedback)
        turns = [_turn("model", words)] if words else []
        return [*_listed(content), *turns, _turn("user", told)], kwargs

    def with_system(self, content: Any, kwargs: Mapping[str, Any], text: str, /) -> tuple[Any, Mapping[str, Any]]:
        """Return keyword arguments with another system instruction."""
        name, _ = _configured(kwargs, "system_instruction")
        config = kwargs.get("config")
        after = {name: text} if config is None else put(config, **{name: text})
        return content, {**kwargs, "config": after}

    def reads_reply(self, reply: object, /) -> bool:
        """Take what has candidates with contents, or says why the prompt was refused."""
        return is_response(reply)

    def read_reply(self, reply: Any, /) -> Reply:
        """Return the texts of every candidate."""
        parts: list[Part] = []
        _reply(reply, parts.append)
        known = facts(reply)
        return Reply(tuple(parts), known.usage, known.model, known.finish_reason)

    def write_reply(self, reply: Any, texts: Sequence[str], /) -> Any:
        """Return a response with new texts."""
        rewrite = Rewrite(texts)
        after = _reply(reply, rewrite)
        rewrite.end()
        return after

    def reads_chunk(self, chunk: object, /) -> bool:
        """Take whole responses: a stream is made of them. The first of some has nothing but usage."""
        return is_chunk(chunk)

    def open_stream(self) -> GeminiStream:
        """Return a new reader for one stream."""
        return GeminiStream()


def _configured(kwargs: Mapping[str, Any], name: str) -> tuple[str, Any]:
    config = kwargs.get("config")
    if config is None:
        return name, None
    found, value = find(config, name)
    return (found, value) if value is not ABSENT else (name, None)


def _request(content: Any, kwargs: Mapping[str, Any], walk: GeminiWalk) -> tuple[Any, Mapping[str, Any]]:
    name, before = _configured(kwargs, "system_instruction")
    after = walk.contents(before, "config.system_instruction", "system")
    contents = walk.contents(content, "contents")
    if after is before:
        return contents, kwargs
    return contents, {**kwargs, "config": put(kwargs["config"], **{name: after})}


def _reply(reply: Any, edit: Edit) -> Any:
    walk = GeminiWalk(edit)
    changes: dict[str, Any] = {}
    name, before = find_list(reply, "candidates")
    after = [walk.candidate(candidate, f"response.candidates[{at}]") for at, candidate in enumerate(before)]
    if not all(map(is_, before, after)):
        changes[name] = after
    name, history = find_list(reply, "automatic_function_calling_history")
    turns = [_past(walk, turn, f"response.{name}[{at}]") for at, turn in enumerate(history)]
    if not all(map(is_, history, turns)):
        changes[name] = turns
    return put(reply, **changes, **_outdated(reply, after)) if changes else reply


def _past(walk: GeminiWalk, turn: Any, where: str) -> Any:
    """Visit what the model said while the SDK called functions for it; the rest of that history is the caller's own."""
    return walk.turn(turn, where) if get(turn, "role") == "model" else turn


def _outdated(reply: Any, candidates: Sequence[Any]) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    parsed = get(reply, "parsed")
    if parsed is not None:
        changes["parsed"] = reparse(parsed, _text_of(candidates[0]) if candidates else None)
    name, response = find(reply, "sdk_http_response")
    if response is not ABSENT and get(response, "body") is not None:
        changes[name] = put(response, body=None)
    return changes


def _text_of(candidate: Any) -> str:
    parts = find_list(get(candidate, "content"), "parts")[1]
    return "".join(get(part, "text") for part in parts if kind_of(part) == "text")


def _listed(content: Any) -> list[Any]:
    """Return contents as a list of turns: strings and parts beside each other are one turn of the user."""
    items = list(content) if is_list(content) else [content]
    if any(not isinstance(item, str) and find(item, "parts")[1] is not ABSENT for item in items):
        return items
    return [{"role": "user", "parts": [{"text": item} if isinstance(item, str) else item for item in items]}]


def _turn(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"text": text}]}


GEMINI: Final = Gemini()
