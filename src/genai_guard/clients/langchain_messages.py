"""LangChain: lists of messages, the prompts that templates make of them, and what chat models answer.

Known by the fields that their types declare; no package of LangChain is imported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import is_
from typing import Any, Final, TypeGuard, cast

from genai_guard.clients.duck import fields, get, items_of, put
from genai_guard.clients.figures import bound_of, chat_usage, model_of
from genai_guard.clients.langchain_facts import said_finish, said_model, usage_of
from genai_guard.clients.langchain_stream import LangChainStream
from genai_guard.clients.langchain_walk import is_block, is_message, unspelled_info, visit_message
from genai_guard.clients.turns import after_turns
from genai_guard.clients.walk import Edit, Rewrite, Walk, mapped, role_of
from genai_guard.messages import Part, Reply, Request, Usage

__all__ = ["LANGCHAIN", "LangChain"]

_SPEAKERS: Final = {"human": "user", "ai": "assistant"}


class LangChain:
    """Messages, prompts and generations."""

    __slots__ = ()

    name = "LangChain messages"

    def reads_request(self, content: object, kwargs: Mapping[str, Any], /) -> bool:  # noqa: ARG002
        """Take a list with a message of LangChain in it or a pair of role and text, and what a template makes."""
        if not isinstance(content, (list, tuple)):
            return is_message(content) or _is_prompt(content)
        items = cast("Sequence[object]", content)
        for item in items:
            if item.__class__ is not dict:  # the messages of every other client are, mostly
                return any(map(is_message, items)) or all(map(_is_pair, items))
        return False

    def read_request(self, content: Any, kwargs: Mapping[str, Any], /) -> Request:
        """Return the texts of all messages."""
        parts: list[Part] = []
        _request(content, parts.append)
        many = len(content) if _is_listing(content) else len(items_of(content, "messages") or (1,))
        return Request(tuple(parts), model_of(kwargs.get("model")), bound_of(kwargs), many)

    def write_request(
        self, content: Any, kwargs: Mapping[str, Any], texts: Sequence[str], /
    ) -> tuple[object, Mapping[str, Any]]:
        """Return new messages, or a new prompt."""
        rewrite = Rewrite(texts)
        after = _request(content, rewrite)
        rewrite.end()
        return after, kwargs

    def ask_again(
        self, content: Any, kwargs: Mapping[str, Any], reply: Sequence[Part], feedback: str, /
    ) -> tuple[object, Mapping[str, Any]] | None:
        """Return a list with two turns more; None for a prompt that is no list."""
        if not _is_listing(content):
            return None
        return after_turns(content, reply, feedback), kwargs

    def reads_reply(self, reply: object, /) -> bool:
        """Take a message, a generation with one, and a result of generations."""
        return any(is_message(message) for message in _messages(reply))

    def read_reply(self, reply: Any, /) -> Reply:
        """Return the texts of every message, and the usage of them all."""
        parts: list[Part] = []
        _reply(reply, parts.append)
        messages = list(_messages(reply))
        info = _information(reply, messages)
        return Reply(tuple(parts), _usage(reply, messages), said_model(info), said_finish(info))

    def write_reply(self, reply: Any, texts: Sequence[str], /) -> Any:
        """Return a reply of the same kind with new texts."""
        rewrite = Rewrite(texts)
        after = _reply(reply, rewrite)
        rewrite.end()
        return after

    def reads_chunk(self, chunk: object, /) -> bool:
        """Take what is read as a reply: a chunk is a kind of message."""
        return self.reads_reply(chunk)

    def open_stream(self) -> LangChainStream:
        """Return a new reader for one stream."""
        return LangChainStream()


def _is_listing(content: object) -> TypeGuard[Sequence[Any]]:
    return isinstance(content, Sequence)


def _is_pair(item: object) -> bool:
    if not isinstance(item, tuple) or len(cast("tuple[object, ...]", item)) != 2:
        return False
    role, text = cast("tuple[object, object]", item)
    return isinstance(role, str) and isinstance(text, (str, list))


def _is_prompt(content: object) -> bool:
    kind = type(content)
    return hasattr(kind, "to_messages") and hasattr(kind, "model_fields")


def _request(content: Any, edit: Edit) -> Any:
    if is_message(content):
        return visit_message(content, edit, "messages[0]", {})
    if not _is_listing(content):
        return _prompt(content, edit)
    return _conversation(content, edit)


def _prompt(prompt: Any, edit: Edit) -> Any:
    field = "messages" if items_of(prompt, "messages") is not None else "text"
    before = get(prompt, field)
    if field == "messages":
        after = _conversation(before, edit)
        return prompt if after is before else put(prompt, messages=after)
    text = edit(Part(before or "", "user", "text", ""))
    return prompt if text is None else put(prompt, text=text)


def _conversation(messages: Sequence[Any], edit: Edit) -> Sequence[Any]:
    names: dict[str, str] = {}
    return mapped(messages, lambda at, message: _turn(message, edit, f"messages[{at}]", names))


def _turn(message: Any, edit: Edit, where: str, names: dict[str, str]) -> Any:
    if is_message(message):
        return visit_message(message, edit, where, names)
    if not _is_pair(message):
        return Walk(edit).messages([message], where)[0]
    role, before = message
    after = Walk(edit).visit(before, f"{where}.content", role_of(_SPEAKERS.get(role, role)))
    return message if after is before else (role, after)


def _messages(reply: object) -> Sequence[Any]:
    if is_message(reply):
        return (reply,)
    generations = items_of(reply, "generations")
    if generations is not None:
        return [get(generation, "message") for generation in generations]
    known = fields(reply)
    return (known.get("message"),) if known.get("generation_info", "") != "" else ()


def _reply(reply: Any, edit: Edit) -> Any:
    if is_message(reply):
        return visit_message(reply, edit, "response", {})
    generations = items_of(reply, "generations")
    if generations is None:
        return _generation(reply, edit, "response")
    after = [_generation(each, edit, f"response.generations[{at}]") for at, each in enumerate(generations)]
    return reply if all(map(is_, generations, after)) else put(reply, generations=after)


def _generation(generation: Any, edit: Edit, where: str) -> Any:
    before = generation.message
    after = visit_message(before, edit, f"{where}.message", {})
    if after is before:
        return generation
    return type(generation)(message=after, generation_info=unspelled_info(generation.generation_info))


def _information(reply: Any, messages: Sequence[Any]) -> Mapping[str, Any]:
    generations = items_of(reply, "generations") or (reply,)
    told = [get(reply, "llm_output"), messages[0].response_metadata, get(generations[0], "generation_info")]
    return {name: value for each in told if is_block(each) for name, value in each.items()}


def _usage(reply: Any, messages: Sequence[Any]) -> Usage | None:
    """Return the usage that a message bears, where each of several bears that of all; else the provider's own."""
    reported = next((known for message in messages if (known := get(message, "usage_metadata"))), None)
    if reported is not None:
        return usage_of(reported)
    return chat_usage(_information(reply, messages).get("token_usage"))


LANGCHAIN: Final = LangChain()
