"""Hugging Face text generation with details: objects of `InferenceClient.text_generation`, and dictionaries of that shape.

Its chats are read as those of OpenAI are, and a generation without details is plain text.

What an edit takes with it, because it would still tell the old text: the details' `tokens` become empty, and the `id` of
a streamed token None.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from operator import is_
from typing import Any, Final

from genai_guard.clients.base import Delta
from genai_guard.clients.duck import fields, get, items_of, put
from genai_guard.clients.figures import count, word_of
from genai_guard.clients.halves import RepliesOnly
from genai_guard.clients.leaves import deltas_of, each_text
from genai_guard.clients.walk import Edit, Rewrite
from genai_guard.messages import Part, Reply, Usage

__all__ = ["HUGGING_FACE", "HuggingFace", "HuggingFaceStream"]

_WHERE: Final = "response.generated_text"
_SPELLING: Final[Mapping[str, Any]] = {"tokens": [], "top_tokens": None}


class HuggingFace(RepliesOnly):
    """Generated text beside details."""

    __slots__ = ()

    name = "Hugging Face text generation"

    def reads_reply(self, reply: object, /) -> bool:
        """Take what has a generated text."""
        return isinstance(get(reply, "generated_text"), str)

    def read_reply(self, reply: Any, /) -> Reply:
        """Return the text, and those that it was chosen from."""
        parts: list[Part] = []
        _visit(reply, parts.append, "response")
        details = get(reply, "details")
        prefill = items_of(details, "prefill")
        return Reply(tuple(parts), _usage(details, len(prefill or ())), "", word_of(get(details, "finish_reason")))

    def write_reply(self, reply: Any, texts: Sequence[str], /) -> Any:
        """Return a reply with new texts."""
        rewrite = Rewrite(texts)
        after = _visit(reply, rewrite, "response")
        rewrite.end()
        return after

    def reads_chunk(self, chunk: object, /) -> bool:
        """Take what has a token with a text."""
        return _is_token(chunk)

    def open_stream(self) -> HuggingFaceStream:
        """Return a new reader for one stream."""
        return HuggingFaceStream()


class HuggingFaceStream:
    """Reads one stream of tokens.

    Tokens that are special, such as the end of a sequence, belong to no text and are passed on. The last chunk says the
    whole text again: it is rewritten to what was handed out. What was held back goes out before it, or with it. A chunk
    that has not this shape is read as a whole, each of its texts by itself.
    """

    __slots__ = ("_heard", "_is_foreign", "_known", "_last", "_said")

    def __init__(self) -> None:
        self._heard: list[str] = []
        self._said: list[str] = []
        self._last: Any = None
        self._known = Reply(())
        self._is_foreign = False

    def read(self, chunk: Any, /) -> list[Delta]:
        """Return the text of a token, and the end of the text."""
        self._is_foreign = not _is_token(chunk)
        if self._is_foreign:
            return deltas_of(chunk)
        known = fields(chunk)
        text = _text(known.get("token"))
        details = known.get("details")
        if details is not None:
            usage = _usage(details, count(get(details, "input_length")))
            self._known = Reply((), usage, "", word_of(get(details, "finish_reason")))
        final = known.get("generated_text") is not None
        if not text and not final:
            return []
        if text:
            self._last = chunk
        self._heard.append(text)
        return [Delta(_WHERE, text, final, "text", _WHERE)]

    def write(self, chunk: Any, texts: Sequence[str], /) -> list[Any]:
        """Return the chunk with a new text, and with the whole of what was handed out where it says that."""
        if self._is_foreign:
            return [each_text(chunk, Rewrite(texts), "", "assistant")]
        (text,) = texts
        before = self._heard[-1]
        self._said.append(text)
        if get(chunk, "generated_text") is None:
            return [chunk] if text == before else [_with(chunk, text)] if text else []
        late = self.tail(_WHERE, text) if text and not before else []
        out = chunk if text == before or not before else _with(chunk, text)
        said = "".join(self._said)
        if said != "".join(self._heard):
            out = put(out, generated_text=said)
        return [*late, out]

    def tail(self, channel: Hashable, text: str, /) -> list[Any]:  # noqa: ARG002  there is but one
        """Return a copy of the last chunk that had text."""
        return [_with(self._last, text)]

    def reply(self) -> Reply:
        """Return what the last chunk tells."""
        return self._known


def _is_token(chunk: Any) -> bool:
    return isinstance(get(get(chunk, "token"), "text"), str)


def _text(token: Any) -> str:
    return "" if get(token, "special") is True else get(token, "text") or ""


def _with(chunk: Any, text: str) -> Any:
    """Return a chunk whose token says something else, without what would tell what it said."""
    spelling = {} if get(chunk, "top_tokens") is None else {"top_tokens": None}
    return put(chunk, token=put(get(chunk, "token"), text=text, id=None), **spelling)


def _visit(node: Any, edit: Edit, where: str) -> Any:
    text = get(node, "generated_text")
    new = edit(Part(text, "assistant", "text", f"{where}.generated_text")) if text else None
    details = get(node, "details")
    sequences = items_of(details, "best_of_sequences") or ()
    after = [_visit(each, edit, f"{where}.details.best_of_sequences[{at}]") for at, each in enumerate(sequences)]
    changes: dict[str, Any] = {} if all(map(is_, sequences, after)) else {"best_of_sequences": after}
    if new is None:
        return put(node, details=put(details, **changes)) if changes else node
    if details is None:  # one of the sequences, which is its own details
        return put(node, generated_text=new, **_spelled(node))
    return put(node, generated_text=new, details=put(details, **changes, **_spelled(details)))


def _spelled(node: Any) -> dict[str, Any]:
    return {name: value for name, value in _SPELLING.items() if get(node, name) is not None}


def _usage(details: Any, asked: int) -> Usage | None:
    """Return the usage; None where the request was not counted, since half of it would be too little."""
    said = count(get(details, "generated_tokens"))
    return Usage(asked, said) if asked else None


HUGGING_FACE: Final = HuggingFace()
