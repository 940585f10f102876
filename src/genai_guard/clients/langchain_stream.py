"""Streams of LangChain messages: `AIMessageChunk`, alone or in a `ChatGenerationChunk`.

Rules:

1. A text is joined as LangChain joins it: content that is a string; a block of the content by its `index`, or by its
   type where it has none; the arguments of a tool call by their `index`; an additional keyword argument by its name.
2. A finish reason and `chunk_position="last"` end every text. What was held back goes out before, in a chunk of its own.
3. Usage adds up over the chunks, as LangChain adds it.
4. A message that is no chunk, which a model without streams answers with, is read as a whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Final

from genai_guard.clients.base import Delta
from genai_guard.clients.duck import get
from genai_guard.clients.langchain_facts import said_finish, said_model, usage_of
from genai_guard.clients.langchain_walk import (
    is_block,
    is_message,
    remade,
    unspelled,
    unspelled_info,
    visit_block,
    visit_message,
)
from genai_guard.clients.walk import Edit, Rewrite, Walk
from genai_guard.messages import Part, Reply, Usage

__all__ = ["LangChainStream"]

_ARGUMENTS: Final = ("args", "partial_json", "input", "arguments")


class LangChainStream:
    """Reads one stream of chunks."""

    __slots__ = ("_calls", "_closing", "_finish", "_last", "_model", "_open", "_opened", "_texts", "_usage")

    def __init__(self) -> None:
        self._calls = _Calls()
        self._open: dict[str, Delta] = {}
        self._opened: Counter[str] = Counter()
        self._last: dict[Hashable, tuple[Any, int]] = {}
        self._closing: list[Delta] = []
        self._texts: list[str] = []
        self._usage: Usage | None = None
        self._model = ""
        self._finish = ""

    def read(self, chunk: Any, /) -> list[Delta]:
        """Return the texts of a chunk, then an empty one for each text that it ends without having it."""
        message = _message(chunk)
        whole = not hasattr(message, "chunk_position")
        ends = self._hear(chunk, message)
        parts: list[Part] = []
        self._calls.look(message)
        _visit(message, parts.append, self._calls)
        deltas = [self._delta(part, (chunk, at), alone=whole) for at, part in enumerate(parts)]
        self._texts = [delta.text for delta in deltas]
        self._closing = self._ended(deltas) if ends else []
        return deltas + self._closing

    def write(self, chunk: Any, texts: Sequence[str], /) -> list[Any]:
        """Return the chunk with new texts, after chunks for what is held back no longer."""
        own, held = texts[: len(self._texts)], texts[len(self._texts) :]
        ended = zip(self._closing, held, strict=True)
        first = [late for delta, text in ended if text for late in self.tail(delta.channel, text)]
        if list(own) == self._texts:
            return [*first, chunk]
        message = _message(chunk)
        after = _visit(message, Rewrite(own), self._calls)
        if not any(own) and _says_nothing(chunk, after):
            return first
        return [*first, _put(chunk, after)]

    def tail(self, channel: Hashable, text: str, /) -> list[Any]:
        """Return a chunk with one more piece of the text, made of the last one."""
        chunk, at = self._last[channel]
        numbers = iter(range(at + 1))
        message = _message(chunk)
        calls = _Calls()  # of its own: a call that was numbered is not numbered again
        calls.look(message)
        after = _visit(message, lambda _: text if next(numbers, None) == at else "", calls)
        return [_put(chunk, _reduced(after), bare=True)]

    def reply(self) -> Reply:
        """Return usage, model and finish reason."""
        return Reply((), self._usage, self._model, self._finish)

    def _hear(self, chunk: Any, message: Any) -> bool:
        """Take what a chunk says of the call; tell whether the reply ends with it."""
        known = message.usage_metadata
        if known:
            usage = usage_of(known)
            self._usage = usage if self._usage is None else self._usage.plus(usage)
        info: dict[str, Any] = {**message.response_metadata, **(get(chunk, "generation_info") or {})}
        self._model = self._model or said_model(info)
        finish = said_finish(info)
        self._finish = self._finish or finish
        return bool(finish) or getattr(message, "chunk_position", None) == "last"

    def _delta(self, part: Part, place: tuple[Any, int], *, alone: bool) -> Delta:
        first = None if alone else self._open.get(part.where)
        if first is None:
            self._opened[part.where] += 1
            number = self._opened[part.where]
            channel = part.where if number == 1 else (part.where, number)
            first = Delta(channel, "", alone, part.kind, part.where, part.name)
            if not alone:
                self._open[part.where] = first
        self._last[first.channel] = place
        return first._replace(text=part.text)

    def _ended(self, deltas: list[Delta]) -> list[Delta]:
        """Mark the texts that this chunk ends; return those that it does not carry."""
        ending = [first._replace(final=True) for first in self._open.values()]
        self._open.clear()
        carried = {delta.channel: at for at, delta in enumerate(deltas)}
        for delta in ending:
            at = carried.get(delta.channel)
            if at is not None:
                deltas[at] = deltas[at]._replace(final=True)
        return [delta for delta in ending if delta.channel not in carried]


class _Calls:
    """Numbers streamed tool calls, so that the pieces of one come under one number, and knows their names."""

    def __init__(self) -> None:
        self._now: dict[object, tuple[str | None, int]] = {}
        self._names: dict[int, str] = {}
        self._count = 0
        self._numbers: list[int] = []

    def look(self, message: Any) -> None:
        """Number the tool calls of a chunk."""
        self._numbers = [self._number(piece) for piece in getattr(message, "tool_call_chunks", None) or ()]

    def at(self, position: int) -> tuple[int, str]:
        """Return the number of a call of this chunk, and its name."""
        number = self._numbers[position]
        return number, self._names.get(number, "")

    def _number(self, piece: Any) -> int:
        index, identifier, name = piece.get("index"), piece.get("id"), piece.get("name")
        before = None if index is None else self._now.get(index)
        if before is not None and identifier in {None, "", before[0]}:
            number = before[1]
        else:
            number = self._count
            self._count += 1
            self._now[index] = identifier, number
        if name:
            self._names[number] = name
        return number


def _message(chunk: Any) -> Any:
    return chunk if is_message(chunk) else chunk.message


def _visit(message: Any, edit: Edit, calls: _Calls) -> Any:
    """Visit the texts of a chunk; return it, or a copy in which some are replaced."""
    if not hasattr(message, "chunk_position"):
        return visit_message(message, edit, "response", {})
    changes: dict[str, Any] = {}
    pieces: Sequence[Any] = message.tool_call_chunks
    before = message.content
    after: Any
    if isinstance(before, str):
        text = edit(Part(before, "assistant", "text", "response.content")) if before else None
        after = before if text is None else text
    else:
        after = _blocks(before, edit, pieces)
    said = [_piece(piece, edit, *calls.at(at)) for at, piece in enumerate(pieces)]
    new = {id(old): piece for old, piece in zip(pieces, said, strict=True) if piece is not old}
    if new:
        changes["tool_call_chunks"] = said
        after = after if isinstance(after, str) else [_echoed(block, pieces, new) for block in after]
    if after is not before:
        changes["content"] = after
    extra = message.additional_kwargs
    beside = _beside(extra, edit, pieces, new)
    if beside is not extra:
        changes["additional_kwargs"] = beside
    return remade(message, unspelled(message, changes)) if changes else message


def _blocks(content: Sequence[Any], edit: Edit, pieces: Sequence[Any]) -> Sequence[Any]:
    after: list[Any] = []
    for block in content:
        kind = block.get("type") if is_block(block) else "text"
        key = block.get("index", kind) if is_block(block) else kind
        echo = _echo(block, pieces) is not None
        where = f"response.content[{key}]"
        after.append(block if echo else visit_block(block, edit, where))
    return after if any(new is not old for new, old in zip(after, content, strict=True)) else content


def _echo(block: Any, pieces: Sequence[Any]) -> Any:
    """Return the piece of a tool call that a block says again; None if it does not."""
    if not is_block(block):
        return None
    said = [block[field] for field in _ARGUMENTS if block.get(field)]
    is_call = str(block.get("type")).endswith(
        ("tool_use", "tool_call", "tool_call_chunk", "json_delta", "function_call")
    )
    for piece in pieces if is_call else ():
        if block.get("index") == piece.get("index") and all(text == (piece.get("args") or "") for text in said):
            return piece
    return None


def _echoed(block: Any, pieces: Sequence[Any], new: Mapping[int, Any]) -> Any:
    piece = new.get(id(_echo(block, pieces)))
    if piece is None:
        return block
    return {**block, **{field: piece["args"] for field in _ARGUMENTS if block.get(field)}}


def _piece(piece: Any, edit: Edit, number: int, name: str) -> Any:
    text = piece.get("args") or ""
    if not text and not piece.get("name"):
        return piece
    new = edit(Part(text, "assistant", "arguments", f"response.tool_calls[{number}].args", name))
    return piece if new is None else {**piece, "args": new}


def _beside(extra: Any, edit: Edit, pieces: Sequence[Any], new: Mapping[int, Any]) -> Any:
    if not extra:
        return extra
    raw = extra.get("tool_calls") if pieces else None
    others = extra if raw is None else {name: value for name, value in extra.items() if name != "tool_calls"}
    after = Walk(edit).visit(others, "response.additional_kwargs", "assistant")
    if raw is None:
        return after
    if after is others and not new:
        return extra
    arguments = [new.get(id(piece), piece).get("args") for piece in pieces]
    said = [
        {**call, "function": {**call["function"], "arguments": text}}
        for call, text in zip(raw, arguments, strict=False)
    ]
    return {**after, "tool_calls": said}


def _put(chunk: Any, message: Any, *, bare: bool = False) -> Any:
    if is_message(chunk):
        return message
    return type(chunk)(message=message, generation_info=None if bare else unspelled_info(chunk.generation_info))


def _reduced(message: Any) -> Any:
    """Return a chunk with nothing left but the text."""
    content = message.content
    blocks = content if isinstance(content, str) else [block for block in content if _has_text(block)]
    pieces = [{**piece, "name": None, "id": None} for piece in message.tool_call_chunks if piece.get("args")]
    extra = {name: value for name, value in message.additional_kwargs.items() if value and _has_text({name: value})}
    nothing: dict[str, Any] = {"usage_metadata": None, "response_metadata": {}, "chunk_position": None}
    return remade(message, {"content": blocks, "tool_call_chunks": pieces, "additional_kwargs": extra, **nothing})


def _has_text(block: Any) -> bool:
    found: list[Part] = []
    visit_block(block, found.append, "")
    return any(part.text for part in found)


def _says_nothing(chunk: Any, message: Any) -> bool:
    """Whether a chunk without text may be left out."""
    pieces = getattr(message, "tool_call_chunks", ())
    return (
        hasattr(message, "chunk_position")
        and message.chunk_position is None
        and not message.usage_metadata
        and not said_finish(message.response_metadata)
        and not said_finish(get(chunk, "generation_info") or {})
        and not any(piece.get("name") or piece.get("id") for piece in pieces)
        and (isinstance(message.content, str) or not any(map(_starts, message.content)))
    )


def _starts(block: Any) -> bool:
    """Whether a block brings something besides its text, such as the beginning of a tool call or an image."""
    return is_block(block) and block.get("type") not in {"text", "thinking", "reasoning", "input_json_delta"}
