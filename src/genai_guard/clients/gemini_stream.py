"""Streams of Gemini responses: each chunk is a response with the next pieces.

Rules:

1. Texts of one kind in one candidate are one text until something else comes between them, such as a call of a
   function. What was held back goes out before that, in a part of its own.
2. A finish reason ends every text of its candidate, unless it announces a continuation. What was held back goes out
   with it, in the same chunk.
3. Calls come whole. Pieces of arguments, which some models stream on request, are judged each by itself.
4. A chunk that has not this shape is read as a whole, each of its texts by itself.
5. While what was handed out differs from what the model said, a candidate loses the passages that its grounding quotes.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from operator import is_
from typing import Any, Final, NamedTuple, TypeAlias

from genai_guard.clients.base import Delta
from genai_guard.clients.duck import get, put
from genai_guard.clients.figures import count, model_of, word_of
from genai_guard.clients.gemini_content import (
    ABSENT,
    GeminiWalk,
    find,
    find_list,
    is_response,
    kind_of,
    textless,
    unquoted,
    unspelled,
)
from genai_guard.clients.leaves import deltas_of, each_text
from genai_guard.clients.walk import Rewrite
from genai_guard.messages import Part, Reply, Usage

__all__ = ["Facts", "GeminiStream", "facts", "is_chunk"]

_CONTINUES: Final = "CONTINUATION"

_Piece: TypeAlias = Callable[[Iterator[str]], list[Any]]
"""Takes the texts of its deltas; returns the parts to put in the place of one."""


class Facts(NamedTuple):
    """What a response tells besides its texts."""

    usage: Usage | None
    model: str
    finish_reason: str


def facts(response: Any) -> Facts:
    """Return usage, model, and the finish reason of the first candidate, or why the prompt was refused."""
    _, candidates = find_list(response, "candidates")
    if candidates:
        finish = _finish(candidates[0])
    else:
        _, feedback = find(response, "prompt_feedback")
        finish = "" if feedback is ABSENT or feedback is None else word_of(find(feedback, "block_reason")[1])
    return Facts(_usage(response), model_of(find(response, "model_version")[1]), finish)


def is_chunk(value: Any) -> bool:
    """Tell whether a value is a response, or one with nothing but usage: some streams begin with it."""
    if is_response(value):
        return True
    usage, candidates = find(value, "usage_metadata")[1], find(value, "candidates")[1]
    return usage is not ABSENT and (candidates is ABSENT or not candidates)


def _finish(candidate: Any) -> str:
    return word_of(find(candidate, "finish_reason")[1])


def _usage(response: Any) -> Usage | None:
    _, known = find(response, "usage_metadata")
    if known is ABSENT or known is None:
        return None

    def figure(name: str) -> int:
        return count(find(known, name)[1])

    thought = figure("thoughts_token_count")
    return Usage(
        figure("prompt_token_count") + figure("tool_use_prompt_token_count"),
        figure("candidates_token_count") + thought,
        figure("cached_content_token_count"),
        thought,
    )


class _Text:
    """A text that grows."""

    __slots__ = ("first", "last")

    def __init__(self, first: Delta, last: Any) -> None:
        self.first = first
        self.last = last

    def part(self, text: str) -> Any:
        """Return a part with nothing but `text`, of the type that the others have."""
        name, signature = find(self.last, "thought_signature")
        return put(self.last, text=text, **({} if signature is ABSENT or signature is None else {name: None}))


class _Candidate:
    """What is known of one candidate."""

    __slots__ = ("heard", "index", "number", "open", "said", "where")

    def __init__(self, index: object) -> None:
        self.index = index
        self.where = f"response.candidates[{index}]"
        self.number = 0
        self.open: _Text | None = None
        self.heard: list[str] = []
        self.said: list[str] = []

    @property
    def altered(self) -> bool:
        """Whether what was handed out by now differs from what the model said."""
        return "".join(self.said) != "".join(self.heard)

    def place(self) -> str:
        """Return the place of the next text or part."""
        self.number += 1
        return f"{self.where}.content.parts[{self.number - 1}]"


class GeminiStream:
    """Reads one stream of responses."""

    __slots__ = ("_candidates", "_facts", "_is_foreign", "_texts", "_written")

    def __init__(self) -> None:
        self._candidates: dict[object, _Candidate] = {}
        self._texts: dict[Hashable, tuple[Any, Any, _Text]] = {}
        self._facts = Facts(None, "", "")
        self._written: list[_Writing] = []
        self._is_foreign = False

    def read(self, chunk: Any, /) -> list[Delta]:
        """Return the texts of every candidate, and an empty one for each text that this chunk ends."""
        self._is_foreign = not is_chunk(chunk)
        if self._is_foreign:
            return deltas_of(chunk)
        now = facts(chunk)
        before = self._facts
        self._facts = Facts(
            now.usage or before.usage, before.model or now.model, now.finish_reason or before.finish_reason
        )
        self._written = [self._candidate(chunk, candidate) for candidate in find_list(chunk, "candidates")[1]]
        return [delta for writing in self._written for delta in writing.deltas]

    def write(self, chunk: Any, texts: Sequence[str], /) -> list[Any]:
        """Return the chunk with new texts; none, if it had nothing but a text that is all held back."""
        if self._is_foreign:
            return [each_text(chunk, Rewrite(texts), "", "assistant")]
        rest = iter(texts)
        after = [writing.write(rest) for writing in self._written]
        name, before = find_list(chunk, "candidates")
        if all(map(is_, before, after)):
            return [chunk]
        if not any(texts) and all(map(_says_nothing, after)):
            return []
        return [put(chunk, **{name: after})]

    def tail(self, channel: Hashable, text: str, /) -> list[Any]:
        """Return a copy of the last chunk of the text, reduced to it."""
        chunk, candidate, growing = self._texts[channel]
        content = put(get(candidate, "content"), parts=[growing.part(text)])
        last = put(candidate, content=content, **unspelled(candidate), **unquoted(candidate))
        return [put(chunk, **{find_list(chunk, "candidates")[0]: [last]})]

    def reply(self) -> Reply:
        """Return the last usage, and model and finish reason as far as they are known."""
        return Reply((), *self._facts)

    def _candidate(self, chunk: Any, candidate: Any) -> _Writing:
        index = get(candidate, "index") or 0
        state = self._candidates.setdefault(index, _Candidate(index))
        writing = _Writing(candidate, state)
        for part in find_list(get(candidate, "content"), "parts")[1]:
            kind = kind_of(part)
            if kind is None and textless(part):
                writing.keep(part)
                continue
            if state.open is not None and state.open.first.kind != kind:
                writing.end(state.open)
            if kind is None:
                writing.whole(part)
                continue
            if state.open is None:
                where = state.place() + ".text"
                state.open = _Text(Delta((state.index, where), "", kind=kind, where=where), part)
            state.open.last = part
            self._texts[state.open.first.channel] = chunk, candidate, state.open
            writing.text(state.open, part)
        if _finish(candidate) not in {"", _CONTINUES} and state.open is not None:
            writing.end(state.open)
        writing.beside()
        return writing


class _Writing:
    """How to write one candidate of a chunk."""

    __slots__ = ("_candidate", "_pieces", "_rest", "deltas", "state")

    def __init__(self, candidate: Any, state: _Candidate) -> None:
        self._candidate = candidate
        self._pieces: list[_Piece] = []
        self._rest = 0
        self.state = state
        self.deltas: list[Delta] = []

    def keep(self, part: Any) -> None:
        """Pass a part on."""
        self._pieces.append(lambda _: [part])

    def text(self, growing: _Text, part: Any) -> None:
        """Put the next text in the place of a piece of one that grows."""
        before = get(part, "text")
        self.deltas.append(growing.first._replace(text=before))
        self.state.heard.append(before)

        def write(texts: Iterator[str]) -> list[Any]:
            text = next(texts)
            self.state.said.append(text)
            return [part if text == before else put(part, text=text)]

        self._pieces.append(write)

    def end(self, growing: _Text) -> None:
        """End a text; what was held back of it becomes a part here."""
        self.state.open = None
        self.deltas.append(growing.first._replace(final=True))

        def write(texts: Iterator[str]) -> list[Any]:
            text = next(texts)
            self.state.said.append(text)
            return [growing.part(text)] if text else []

        self._pieces.append(write)

    def whole(self, part: Any) -> None:
        """Put texts in the place of those of a part that comes whole."""
        parts: list[Part] = []
        GeminiWalk(parts.append).part(part, self.state.place(), "assistant")
        self.deltas += [_whole(each) for each in parts]
        self._pieces.append(
            lambda texts: [GeminiWalk(Rewrite([next(texts) for _ in parts])).part(part, "", "assistant")]
        )

    def beside(self) -> None:
        """Read what the candidate says beside its content."""
        parts: list[Part] = []
        GeminiWalk(parts.append).beside(self._candidate, self.state.where)
        self.deltas += [_whole(each) for each in parts]
        self._rest = len(parts)

    def write(self, texts: Iterator[str]) -> Any:
        """Return the candidate with the next texts."""
        content = get(self._candidate, "content")
        key, before = find_list(content, "parts")
        after = [part for piece in self._pieces for part in piece(texts)]
        changes: dict[str, Any] = {}
        if len(before) != len(after) or not all(map(is_, before, after)):
            changes = {"content": put(content, **{key: after}), **unspelled(self._candidate)}
        quoting = unquoted(self._candidate)
        if quoting and self.state.altered:
            changes |= quoting
        candidate = put(self._candidate, **changes) if changes else self._candidate
        return GeminiWalk(Rewrite([next(texts) for _ in range(self._rest)])).beside(candidate, "")


def _whole(part: Part) -> Delta:
    return Delta(object(), part.text, True, part.kind, part.where, part.name)


def _says_nothing(candidate: Any) -> bool:
    if _finish(candidate):
        return False
    return all(map(textless, find_list(get(candidate, "content"), "parts")[1]))
