"""Ollama: replies and streams of `chat` and `generate`, and dictionaries of the same shape.

Its messages are read as those of OpenAI are, and its prompts as plain text.

What an edit takes with it, because it would still tell the old text: `logprobs` and `context`, which is the conversation
as tokens, become None. Images are passed on unread.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Final

from genai_guard.clients.base import Delta
from genai_guard.clients.duck import fields, get, put
from genai_guard.clients.figures import count, model_of
from genai_guard.clients.halves import RepliesOnly
from genai_guard.clients.leaves import deltas_of, each_text
from genai_guard.clients.walk import Rewrite, Walk
from genai_guard.messages import Part, PartKind, Reply, Usage

__all__ = ["OLLAMA", "Ollama", "OllamaStream"]

_TEXTS: Final[Mapping[str, PartKind]] = {"thinking": "reasoning", "response": "text"}
"""Fields of a reply of `generate`."""
_STALE: Final = ("logprobs", "context")
_GROWING: Final = frozenset(
    {"response.message.content", "response.message.thinking", *(f"response.{name}" for name in _TEXTS)}
)


class Ollama(RepliesOnly):
    """Replies with a message, or with a response."""

    __slots__ = ()

    name = "Ollama replies"

    def reads_reply(self, reply: object, /) -> bool:
        """Take what tells whether it is done, and has a message or a response."""
        return _is_reply(reply)

    def read_reply(self, reply: Any, /) -> Reply:
        """Return the texts of the reply."""
        parts: list[Part] = []
        _visit(reply, Walk(parts.append))
        known = fields(reply)
        return Reply(tuple(parts), _usage(reply), model_of(known.get("model")), model_of(known.get("done_reason")))

    def write_reply(self, reply: Any, texts: Sequence[str], /) -> Any:
        """Return a reply with new texts."""
        rewrite = Rewrite(texts)
        after = _visit(reply, Walk(rewrite))
        rewrite.end()
        return after

    def reads_chunk(self, chunk: object, /) -> bool:
        """Take whole replies: a stream is made of them."""
        return self.reads_reply(chunk)

    def open_stream(self) -> OllamaStream:
        """Return a new reader for one stream."""
        return OllamaStream()


class OllamaStream:
    """Reads one stream of replies.

    Content and thinking are joined, each to one text; the chunk that is done ends both. What was held back goes out before
    it. Calls of tools come whole. A chunk that has not this shape is read as a whole, each of its texts by itself.
    """

    __slots__ = ("_calls", "_closing", "_is_foreign", "_known", "_last", "_open", "_texts")

    def __init__(self) -> None:
        self._calls = 0
        self._closing: list[Delta] = []
        self._is_foreign = False
        self._known = Reply(())
        self._last: dict[Hashable, Any] = {}
        self._open: dict[str, Delta] = {}
        self._texts: list[str] = []

    def read(self, chunk: Any, /) -> list[Delta]:
        """Return the texts of a chunk; of the last one, also an empty delta for each text that it ends without having it."""
        self._is_foreign = not _is_reply(chunk)
        if self._is_foreign:
            return deltas_of(chunk)
        parts: list[Part] = []
        calls = self._calls
        _visit(chunk, Walk(parts.append, number=lambda _where, _item, at: calls + at))
        self._calls += len(get(get(chunk, "message"), "tool_calls") or ())
        known = fields(chunk)
        done = known.get("done") is True
        deltas = [self._delta(chunk, part, done=done) for part in parts]
        self._texts = [part.text for part in parts]
        self._closing = []
        if done:
            self._known = Reply((), _usage(chunk), model_of(known.get("model")), model_of(known.get("done_reason")))
            self._closing = [delta._replace(text="", final=True) for delta in self._open.values()]
        return deltas + self._closing

    def write(self, chunk: Any, texts: Sequence[str], /) -> list[Any]:
        """Return the chunk with new texts, after chunks for what is held back no longer."""
        if self._is_foreign:
            return [each_text(chunk, Rewrite(texts), "", "assistant")]
        own, held = list(texts[: len(self._texts)]), texts[len(self._texts) :]
        late = [
            out
            for ended, text in zip(self._closing, held, strict=True)
            if text
            for out in self.tail(ended.channel, text)
        ]
        if own == self._texts:
            return [*late, chunk]
        if not any(own) and not get(chunk, "done"):
            return late
        return [*late, _visit(chunk, Walk(Rewrite(own)))]

    def tail(self, channel: Hashable, text: str, /) -> list[Any]:
        """Return a copy of the last chunk of the text, reduced to it."""
        chunk = self._last[channel]
        message = get(chunk, "message")
        *_, field = str(channel).split(".")
        if message is None:
            others = {name: "" if name == "response" else None for name in _TEXTS}
            return [put(chunk, **{**_kept(chunk, {**others, **dict.fromkeys(_STALE)}), field: text})]
        others = {"content": "", "thinking": None, "tool_calls": None, "images": None}
        reduced = put(message, **(_kept(message, others) | {field: text}))
        return [put(chunk, message=reduced, **_kept(chunk, dict.fromkeys(_STALE)))]

    def reply(self) -> Reply:
        """Return what the last chunk tells."""
        return self._known

    def _delta(self, chunk: Any, part: Part, *, done: bool) -> Delta:
        if part.where not in _GROWING:
            return Delta(object(), part.text, True, part.kind, part.where, part.name)
        self._last[part.where] = chunk
        delta = Delta(part.where, part.text, done, part.kind, part.where)
        if done:
            self._open.pop(part.where, None)
        else:
            self._open[part.where] = delta
        return delta


def _is_reply(value: Any) -> bool:
    known = fields(value)
    if known.get("done") is None:
        return False
    return get(known.get("message"), "role") is not None or isinstance(known.get("response"), str)


def _visit(reply: Any, walk: Walk) -> Any:
    known = fields(reply)
    changes: dict[str, Any] = {}
    message = known.get("message")
    if message is not None:
        after = walk.message(message, "response.message")
        if after is not message:
            changes["message"] = after
    for name, kind in _TEXTS.items():
        text = known.get(name)
        if isinstance(text, str):
            new = walk.visit(text, f"response.{name}", "assistant", kind)
            if new is not text:
                changes[name] = new
    return put(reply, **changes, **_kept(reply, dict.fromkeys(_STALE))) if changes else reply


def _kept(node: Any, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the changes that are to a field which has a value."""
    return {name: value for name, value in changes.items() if get(node, name) is not None}


def _usage(reply: Any) -> Usage | None:
    known = fields(reply)
    asked, said = known.get("prompt_eval_count"), known.get("eval_count")
    return None if asked is None and said is None else Usage(count(asked), count(said))


OLLAMA: Final = Ollama()
