"""Reads and writes the calls of LlamaIndex's language models.

Rules for streams:

1. Every chunk says the whole text so far, and in `delta` its last piece. What is new of each text is judged, and every
   chunk that is handed out says the whole of what was let through so far.
2. A chunk in which a text is not as the model said it loses `raw`, which has the model's words.
3. Nothing says that a text ends before the stream does: what was held back goes out in a last chunk.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Final

from genai_guard.clients.base import Delta
from genai_guard.clients.duck import fields, get, items_of, put
from genai_guard.clients.figures import bound_of, chat_usage, message_usage, model_of
from genai_guard.clients.langchain_facts import said_finish
from genai_guard.clients.turns import told, worded
from genai_guard.clients.walk import Rewrite
from genai_guard.integrations.extras import module_of
from genai_guard.integrations.llama_index.texts import is_response, visit_conversation, visit_response
from genai_guard.messages import Part, Reply, Request, Usage

__all__ = ["CLIENT"]

_types: Final = module_of("llama_index.core.base.llms.types", extra="llama-index")


class Client:
    """Conversations and responses; prompts are plain text."""

    __slots__ = ()

    name = "LlamaIndex messages"

    def reads_request(self, content: object, kwargs: Mapping[str, Any], /) -> bool:  # noqa: ARG002
        """Take lists of messages."""
        return not isinstance(content, str)

    def read_request(self, content: Sequence[Any], kwargs: Mapping[str, Any], /) -> Request:
        """Return the texts of all messages."""
        parts: list[Part] = []
        visit_conversation(content, parts.append)
        return Request(tuple(parts), model_of(kwargs.get("model")), bound_of(kwargs), len(content))

    def write_request(
        self, content: Sequence[Any], kwargs: Mapping[str, Any], texts: Sequence[str], /
    ) -> tuple[Sequence[Any], Mapping[str, Any]]:
        """Return new messages."""
        rewrite = Rewrite(texts)
        after = visit_conversation(content, rewrite)
        rewrite.end()
        return after, kwargs

    def ask_again(
        self, content: Sequence[Any], kwargs: Mapping[str, Any], reply: Sequence[Part], feedback: str, /
    ) -> tuple[Sequence[Any], Mapping[str, Any]]:
        """Return a conversation with two turns more."""
        said = worded(reply)
        turns = [_types.ChatMessage(said, role="assistant")] if said else []
        return [*content, *turns, _types.ChatMessage(told(reply, feedback), role="user")], kwargs

    def reads_reply(self, reply: object, /) -> bool:
        """Take responses to chats and to prompts."""
        return is_response(reply)

    def read_reply(self, reply: Any, /) -> Reply:
        """Return the texts of a response."""
        parts: list[Part] = []
        visit_response(reply, parts.append)
        return Reply(tuple(parts), *_facts(reply))

    def write_reply(self, reply: Any, texts: Sequence[str], /) -> Any:
        """Return a response with new texts."""
        rewrite = Rewrite(texts)
        after = visit_response(reply, rewrite)
        rewrite.end()
        return after

    def reads_chunk(self, chunk: object, /) -> bool:
        """Take what is read as a reply."""
        return is_response(chunk)

    def open_stream(self) -> Stream:
        """Return a new reader for one stream."""
        return Stream()


class _Text:
    """A text that grows, as it was heard and as it was said."""

    __slots__ = ("channel", "heard", "part", "said")

    def __init__(self, part: Part, channel: Hashable) -> None:
        self.part = part
        self.channel = channel
        self.heard = ""
        self.said = ""

    def hear(self, text: str) -> Delta:
        """Return what is new of the text."""
        piece = text[len(self.heard) :]
        self.heard += piece
        return Delta(self.channel, piece, False, self.part.kind, self.part.where, self.part.name)


class Stream:
    """Reads one stream of responses."""

    __slots__ = ("_by_channel", "_count", "_deltas", "_facts", "_heard", "_last", "_places", "_texts")

    def __init__(self) -> None:
        self._texts: dict[str, _Text] = {}
        self._by_channel: dict[Hashable, _Text] = {}
        self._places: list[_Text] = []
        self._heard: list[_Text] = []
        self._count = 0
        self._deltas = ""
        self._last: Any = None
        self._facts: tuple[Usage | None, str, str] = (None, "", "")

    def read(self, chunk: Any, /) -> list[Delta]:
        """Return what each text of a response grew by."""
        self._last = chunk = self._complete(chunk)
        usage, model, finish = _facts(chunk)
        before = self._facts
        self._facts = (usage or before[0], model or before[1], finish or before[2])
        parts: list[Part] = []
        visit_response(chunk, parts.append)
        self._places = [self._text(part) for part in parts]
        deltas = [text.hear(part.text) for text, part in zip(self._places, parts, strict=True)]
        self._heard = [text for text, delta in zip(self._places, deltas, strict=True) if delta.text]
        grown = [delta for delta in deltas if delta.text]
        # A chunk that says nothing new says the old again: it has to be written as well.
        return grown or [Delta(text.channel, "") for text in self._places[:1]]

    def write(self, chunk: Any, texts: Sequence[str], /) -> list[Any]:  # noqa: ARG002  `read` kept it
        """Return the response with what was let through so far."""
        spoken = self._heard or self._places[:1]
        for text, new in zip(spoken, texts, strict=True):
            text.said += new
        pieces = dict(zip((text.part.where for text in spoken), texts, strict=True))
        return [self._written(self._last, pieces, keeps_raw=not self._heard)]

    def tail(self, channel: Hashable, text: str, /) -> list[Any]:
        """Return the last response with one more piece of a text."""
        growing = self._by_channel[channel]
        if self._texts[growing.part.where] is not growing:  # the model said something else in its place
            return []
        growing.said += text
        return [self._written(self._last, {growing.part.where: text}, keeps_raw=not self._heard)]

    def reply(self) -> Reply:
        """Return usage, model and finish reason."""
        return Reply((), *self._facts)

    def _complete(self, chunk: Any) -> Any:
        """Return a chunk whose text is all that was said: some models say a piece in `delta` before it is in the text."""
        self._deltas += chunk.delta or ""
        said = chunk.message.content if hasattr(chunk, "message") else chunk.text
        if len(said or "") >= len(self._deltas):
            return chunk
        if not hasattr(chunk, "message"):
            return put(chunk, text=self._deltas)
        first = [_types.TextBlock(text=self._deltas)]
        others = [block for block in chunk.message.blocks if block.block_type != "text"]
        return put(chunk, message=put(chunk.message, blocks=[*first, *others]))

    def _text(self, part: Part) -> _Text:
        text = self._texts.get(part.where)
        if text is None or not part.text.startswith(text.heard):
            self._count += 1
            text = self._texts[part.where] = self._by_channel[self._count] = _Text(part, self._count)
        return text

    def _written(self, chunk: Any, pieces: Mapping[str, str], *, keeps_raw: bool) -> Any:
        after = visit_response(chunk, Rewrite([text.said for text in self._places]))
        said = pieces.get(_place(chunk), "")
        extra = chunk.additional_kwargs
        if extra.get("thinking_delta"):
            extra = {**extra, "thinking_delta": pieces.get("response.thinking[0]", "")}
        if after is chunk and (chunk.delta or "") == said and extra is chunk.additional_kwargs:
            return chunk
        return put(after, delta=said, additional_kwargs=extra, raw=chunk.raw if keeps_raw else after.raw)


def _place(chunk: Any) -> str:
    return "response.text[0]" if hasattr(chunk, "message") else "response"


def _facts(response: Any) -> tuple[Usage | None, str, str]:
    """Return usage, model and finish reason, as the provider's own response says them."""
    raw = response.raw
    if raw is None:
        return (
            chat_usage(response.additional_kwargs) if response.additional_kwargs.get("prompt_tokens") else None,
            "",
            "",
        )
    choices = items_of(raw, "choices") or (raw,)
    known = {"finish_reason": get(choices[0], "finish_reason"), "stop_reason": get(raw, "stop_reason")}
    return _usage(get(raw, "usage")), model_of(get(raw, "model")), said_finish(known)


def _usage(usage: Any) -> Usage | None:
    if usage is None:
        return None
    known = fields(usage)
    return message_usage(known) if known.get("input_tokens") is not None else chat_usage(usage)


CLIENT: Final = Client()
