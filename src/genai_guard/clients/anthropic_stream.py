"""Streams of Anthropic messages.

Rules:

1. A block has one text that grows: of a text block, of a thinking block, or the JSON of a tool's input. It is joined
   from the block's deltas, may begin in its start event, and ends with its stop event.
2. What was held back goes out before the event that ends the text, in one more delta.
3. A thinking text ends with its signature. If it was edited, the signature is left out: it vouches for the original.
4. Every other text, such as a citation or the result of a server's tool, comes whole and is judged by itself.
5. The events that the SDK's `messages.stream(...)` adds say again what was said. They are rewritten to what was
   handed out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeAlias

from genai_guard.clients.anthropic_blocks import GROWING, Block, GrowingText
from genai_guard.clients.base import Delta
from genai_guard.clients.duck import Fields, fields, get, put
from genai_guard.clients.figures import message_usage, model_of
from genai_guard.clients.walk import Rewrite, Walk
from genai_guard.messages import Part, Reply

__all__ = ["EVENTS", "AnthropicStream"]

EVENTS: Final = frozenset(
    {
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
        "ping",
        "error",
    }
)
"""The events of the wire; a stream begins with one of them."""

_USAGE: Final = (
    "input_tokens",
    "output_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "output_tokens_details",
)
_ECHOES: Final = {"text": "text", "thinking": "thinking", "input_json": "partial_json"}
_REPEATS: Final = Delta("repeated", "")
"""Stands for an event that only repeats what was said: without a delta it would be handed out unwritten."""
_BEGINNINGS: Final = frozenset({"text", "thinking", "partial_json"})
_Write: TypeAlias = Callable[[Sequence[str]], list[Any]]


class AnthropicStream:
    """Reads one stream of events."""

    __slots__ = ("_block", "_blocks", "_finish", "_model", "_readers", "_usage", "_write")

    def __init__(self) -> None:
        self._blocks: dict[object, Block] = {}
        self._block = Block(None, "")
        self._usage: dict[str, Any] = {}
        self._model = ""
        self._finish = ""
        self._write: _Write = list
        self._readers: Mapping[object, Callable[[Any, Fields], list[Delta]]] = {
            "message_start": self._message_start,
            "content_block_start": self._block_start,
            "content_block_delta": self._block_delta,
            "content_block_stop": self._block_stop,
            "message_delta": self._message_delta,
            "message_stop": self._message_stop,
            "text": self._echo,
            "thinking": self._echo,
            "input_json": self._echo,
            "citation": self._citation,
            "signature": self._signature,
        }

    def read(self, chunk: Any, /) -> list[Delta]:
        """Return the texts of an event, then an empty delta for each text that ends with it."""
        known = fields(chunk)
        kind = known.get("type")
        reader = self._readers.get(kind) if isinstance(kind, str) else None
        return self._whole(chunk, "", "response") if reader is None else reader(chunk, known)

    def write(self, chunk: Any, texts: Sequence[str], /) -> list[Any]:  # noqa: ARG002  `read` kept it
        """Return the event with new texts, after events for what is held back no longer."""
        return self._write(texts)

    def tail(self, channel: Any, text: str, /) -> list[Any]:
        """Return one more delta of the block."""
        index, key, *_ = channel
        return self._blocks[index].texts[key].late(text)

    def held(self) -> list[Any]:
        """Return the starts of blocks that waited for a delta or a stop which never came."""
        texts = [growing for block in self._blocks.values() for growing in block.texts.values()]
        return [start for growing in texts if growing.waits for start in growing.late("")]

    def reply(self) -> Reply:
        """Return what the first and the last events of the message said."""
        usage = message_usage(self._usage) if self._usage else None
        return Reply((), usage, self._model, self._finish)

    def _message_start(self, event: Any, known: Fields) -> list[Delta]:
        message = fields(known.get("message"))
        self._model = model_of(message.get("model"))
        self._note(message.get("usage"))
        return self._whole(event, "message", "response")

    def _message_delta(self, event: Any, known: Fields) -> list[Delta]:
        self._finish = model_of(get(known.get("delta"), "stop_reason")) or self._finish
        self._note(known.get("usage"))
        return self._whole(event, "delta", "response")

    def _note(self, usage: object) -> None:
        known = fields(usage)
        self._usage |= {name: known.get(name) for name in _USAGE if known.get(name) is not None}

    def _message_stop(self, event: Any, known: Fields) -> list[Delta]:
        message = known.get("message")
        if message is None:
            return []
        self._write = partial(self._write_message, event, message)
        return [_REPEATS]

    def _write_message(self, event: Any, message: Any, _texts: Sequence[str]) -> list[Any]:
        blocks = [self._at(at).rewritten(content) for at, content in enumerate(get(message, "content"))]
        return [put(event, message=put(message, content=blocks))]

    def _block_start(self, event: Any, known: Fields) -> list[Delta]:
        index, content = known.get("index"), known.get("content_block")
        block = self._blocks[index] = self._block = Block(index, model_of(get(content, "name")))
        self._write = partial(_write_start, event, block)
        return [_begun(block, part) for part in _parts(content, block.where)]

    def _block_delta(self, event: Any, known: Fields) -> list[Delta]:
        block, delta = self._at(known.get("index")), fields(known.get("delta"))
        self._block = block
        for key in GROWING:
            text = delta.get(key)
            if isinstance(text, str):
                growing = block.text(key)
                self._write = partial(_write_delta, event, growing)
                return [growing.hear(text)]
        if delta.get("type") == "signature_delta":
            return self._signature(event, known)
        if delta.get("citation") is not None:
            self._write = partial(_write_citation, event, block)
            return [_whole(part) for part in _parts(known.get("delta"), block.where)]
        return self._whole(event, "delta", block.where)

    def _block_stop(self, event: Any, known: Fields) -> list[Delta]:
        block = self._at(known.get("index"))
        ending = [growing for growing in block.texts.values() if growing.open]
        self._write = partial(_write_stop, event, block, ending)
        again = [] if known.get("content_block") is None else [_REPEATS]
        return [*(growing.hear("", final=True) for growing in ending), *again]

    def _signature(self, event: Any, _known: Fields) -> list[Delta]:
        thinking = self._block.texts.get("thinking")
        if thinking is None:
            return self._whole(event, "", "response")
        self._write = partial(_write_signature, event, thinking)
        return [thinking.hear("", final=True) if thinking.open else _REPEATS]

    def _echo(self, event: Any, _known: Fields) -> list[Delta]:
        growing = self._block.texts.get(_ECHOES[get(event, "type")])
        if growing is None:
            return self._whole(event, "", "response")
        self._write = partial(_write_echo, event, growing)
        return [_REPEATS]

    def _citation(self, event: Any, _known: Fields) -> list[Delta]:
        if not self._block.citations:
            return self._whole(event, "", "response")
        self._write = partial(_write_citation_echo, event, self._block)
        return [_REPEATS]

    def _whole(self, event: Any, field: str, where: str) -> list[Delta]:
        """Read an event, or one field of it, each text by itself."""
        self._write = partial(_write_whole, event, field)
        return [_whole(part) for part in _parts(get(event, field) if field else event, where)]

    def _at(self, index: object) -> Block:
        block = self._blocks.get(index)
        if block is None:
            block = self._blocks[index] = Block(index, "")
        return block


def _parts(node: Any, where: str) -> list[Part]:
    parts: list[Part] = []
    Walk(parts.append).visit(node, where, "assistant")
    return parts


def _whole(part: Part) -> Delta:
    return Delta(object(), part.text, True, part.kind, part.where, part.name)


def _begun(block: Block, part: Part) -> Delta:
    key = part.where.removeprefix(f"{block.where}.")
    if part.kind == "arguments" and not part.text:
        key = "partial_json"  # what follows in deltas is the same text
    return block.text(key).hear(part.text) if key in _BEGINNINGS else _whole(part)


def _write_whole(event: Any, field: str, texts: Sequence[str]) -> list[Any]:
    node = get(event, field) if field else event
    after = Walk(Rewrite(texts)).visit(node, "")
    if after is node:
        return [event]
    return [put(event, **{field: after}) if field else after]


def _write_start(event: Any, block: Block, texts: Sequence[str]) -> list[Any]:
    content = get(event, "content_block")
    block.whole = Walk(Rewrite(texts)).visit(content, "")
    after = event if block.whole is content else put(event, content_block=block.whole)
    growing = next(iter(block.texts.values()), None)
    return [after] if growing is None else growing.begin(after, get(block.whole, growing.key) or "")


def _write_delta(event: Any, growing: GrowingText, texts: Sequence[str]) -> list[Any]:
    return growing.go_on(event, texts[0])


def _write_stop(event: Any, block: Block, ending: Sequence[GrowingText], texts: Sequence[str]) -> list[Any]:
    before = [late for growing, text in zip(ending, texts, strict=False) for late in growing.late(text)]
    content = get(event, "content_block")
    return [*before, event if content is None else put(event, content_block=block.rewritten(content))]


def _write_signature(event: Any, thinking: GrowingText, texts: Sequence[str]) -> list[Any]:
    before = thinking.late(texts[0])
    return before if thinking.altered else [*before, event]


def _write_citation(event: Any, block: Block, texts: Sequence[str]) -> list[Any]:
    (after,) = _write_whole(event, "delta", texts)
    block.citations.append(get(get(after, "delta"), "citation"))
    return [after]


def _write_citation_echo(event: Any, block: Block, _texts: Sequence[str]) -> list[Any]:
    return [put(event, citation=block.citations[-1], snapshot=list(block.citations))]


def _write_echo(event: Any, growing: GrowingText, _texts: Sequence[str]) -> list[Any]:
    growing.echo = event
    return [growing.repeat(event)] if growing.latest else []
