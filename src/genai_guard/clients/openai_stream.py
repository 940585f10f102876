"""Streams of OpenAI chat completions.

Rules:

1. A text is joined from the deltas of one choice; a tool call from the items of one `index` in it, until an item of
   that index bears another `id`: some servers send every call under the same index.
2. A finish reason ends every text of its choice. What was held back goes out before it, in a chunk of its own:
   many consumers stop reading at the finish reason.
3. A chunk whose text differs from what the model wrote loses its `logprobs`: they spell the model's text.
4. A chunk that has not this shape is read as a whole, each of its texts by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from operator import is_
from typing import Any, Final

from genai_guard.clients.base import Delta, quick_delta
from genai_guard.clients.duck import fields, get, items_of, put, stored
from genai_guard.clients.figures import chat_usage, model_of
from genai_guard.clients.walk import Rewrite, Walk, is_leaf, is_list, sole_content
from genai_guard.messages import Part, Reply, Usage

__all__ = ["OpenAIChatStream", "write_choice"]

_HOLDERS: Final = ("delta", "message", "text")
_ONCE: Final = ("role", "id", "name")
"""Said in the first delta only: consumers add up what they are sent."""
_NONE_OPEN: Final[dict[str, Delta]] = {}
_NO_CONTENT: Final = frozenset({"index", "type"})


class _Joins:
    """Numbers the items of streamed lists, so that the pieces of one item come under one number."""

    __slots__ = ("_now", "ended")

    def __init__(self) -> None:
        self._now: dict[tuple[str, object], tuple[object, int]] = {}
        self.ended: list[str] = []

    def number(self, where: str, item: Any, at: int) -> int:
        """Return the number of an item; where it takes the index of an earlier one, that one has ended."""
        if is_leaf(item):
            return at
        index, identifier = get(item, "index"), get(item, "id")
        index = index if isinstance(index, int) else at
        before = self._now.get((where, index))
        if before is None:
            self._now[where, index] = identifier, index
            return index
        if not identifier or identifier == before[0]:
            return before[1]
        self.ended.append(f"{where}[{before[1]}].")
        number = 1 + max(number for (place, _), (_, number) in self._now.items() if place == where)
        self._now[where, index] = identifier, number
        return number


class OpenAIChatStream:
    """Reads one stream of chunks."""

    __slots__ = (
        "_closing",
        "_finish",
        "_joins",
        "_last",
        "_model",
        "_open",
        "_opened",
        "_parts",
        "_sole",
        "_texts",
        "_usage",
        "_walk",
    )

    def __init__(self) -> None:
        self._open: dict[object, dict[str, Delta]] = {}
        self._opened: Counter[str] = Counter()
        self._last: dict[Hashable, tuple[Any, Any, int, int]] = {}
        self._closing: list[Delta] = []
        self._texts: list[str] = []
        self._sole: tuple[str, Any, Any] | None = None
        self._parts: list[Part] = []
        self._joins = _Joins()
        self._walk = Walk(self._parts.append, number=self._joins.number)
        self._usage: Usage | None = None
        self._model = ""
        self._finish = ""

    def read(self, chunk: Any, /) -> list[Delta]:
        """Return the deltas of every choice, then an empty one for each text that this chunk ends without having it."""
        known = fields(chunk)
        choices: Any = known.get("choices")
        if not is_list(choices):
            return self._foreign(chunk)
        if not self._model:
            self._model = model_of(known.get("model"))
        if known.get("usage") is not None:
            self._usage = chat_usage(known.get("usage"))
        if len(choices) == 1:
            delta = self._one_content(chunk, choices[0])
            if delta is not None:
                return [delta]
        self._sole = None
        self._closing = []
        deltas = [delta for choice in choices for delta in self._choice(chunk, choice)]
        self._texts = [delta.text for delta in deltas]
        return deltas + self._closing

    def write(self, chunk: Any, texts: Sequence[str], /) -> list[Any]:
        """Return the chunk with new texts, after chunks for what is held back no longer."""
        if self._sole is not None:
            return self._write_sole(chunk, *self._sole, texts[0])
        given = list(texts)
        own = len(self._texts)
        held = zip(self._closing, given[own:], strict=True)
        first = [late for ended, text in held if text for late in self.tail(ended.channel, text)]
        if given[:own] == self._texts:
            return [*first, chunk]
        after = _rewritten(chunk, Rewrite(given[:own]))
        return first if not any(given[:own]) and _says_nothing(after) else [*first, after]

    def tail(self, channel: Hashable, text: str, /) -> list[Any]:
        """Return a copy of the last chunk of the channel, reduced to the one text."""
        chunk, choice, at, count = self._last[channel]
        rewrite = Rewrite([text if place == at else "" for place in range(count)])
        after = _bare(write_choice(choice, Walk(rewrite), _HOLDERS, ""))
        return [put(chunk, choices=[after], **_emptied(chunk, "usage"))]

    def reply(self) -> Reply:
        """Return usage, model and the finish reason of the first choice that had one."""
        return Reply((), self._usage, self._model, self._finish)

    def _one_content(self, chunk: Any, choice: Any) -> Delta | None:
        """Read the usual chunk, which brings some content of one choice and nothing else; None for any other."""
        known = fields(choice)
        said = known.get("delta")
        if said is None or known.get("finish_reason") or known.get("text") or known.get("message"):
            return None
        text = sole_content(fields(said))
        if not text:
            return None
        index = known.get("index")
        where = f"response.choices[{index or 0}].message.content"
        first = self._open.get(index, _NONE_OPEN).get(where) or self._opening(index, Part("", where=where))
        self._last[first.channel] = chunk, choice, 0, 1
        self._sole = text, choice, said
        return quick_delta((first.channel, text, False, "text", where, ""))

    def _opening(self, index: object, part: Part) -> Delta:
        """Return the first delta of a text, without its text; one that was closed before is another text now."""
        where = part.where
        self._opened[where] += 1
        channel = where if self._opened[where] == 1 else (where, self._opened[where])
        first = Delta(channel, "", kind=part.kind, where=where, name=part.name)
        self._open.setdefault(index, {})[where] = first
        return first

    def _write_sole(self, chunk: Any, before: str, choice: Any, said: Any, text: str) -> list[Any]:
        if text == before:
            return [chunk]
        if not text and not get(said, "role") and get(chunk, "usage") is None:
            return []
        after = put(choice, delta=put(said, content=text), **_emptied(choice, "logprobs"))
        return [put(chunk, choices=[after])]

    def _choice(self, chunk: Any, choice: Any) -> list[Delta]:
        known = fields(choice)
        index, finish = known.get("index"), model_of(known.get("finish_reason"))
        parts = self._parts
        parts.clear()
        write_choice(choice, self._walk, _HOLDERS, f"response.choices[{index or 0}]")
        opened = self._open.setdefault(index, {})
        deltas: list[Delta] = []
        for at, part in enumerate(parts):
            first = opened.get(part.where) or self._opening(index, part)
            self._last[first.channel] = chunk, choice, at, len(parts)
            deltas.append(first._replace(text=part.text))
        self._finish = self._finish or finish
        for ended in self._ended(opened, finish):
            within = [at for at, delta in enumerate(deltas) if delta.channel == ended.channel]
            if within:
                deltas[within[-1]] = deltas[within[-1]]._replace(final=True)
            else:
                self._closing.append(ended._replace(final=True))
        return deltas

    def _ended(self, opened: dict[str, Delta], finish: str) -> list[Delta]:
        """Take out the texts that end with this chunk."""
        prefixes = tuple(self._joins.ended)
        if not finish and not prefixes:
            return []
        self._joins.ended.clear()
        return [opened.pop(where) for where in tuple(opened) if finish or where.startswith(prefixes)]

    def _foreign(self, chunk: Any) -> list[Delta]:
        self._sole = None
        self._closing = []
        self._parts.clear()
        self._walk.visit(chunk, "response", "assistant")
        self._texts = [part.text for part in self._parts]
        return [Delta(object(), part.text, True, part.kind, part.where, part.name) for part in self._parts]


def write_choice(choice: Any, walk: Walk, holders: Sequence[str], where: str) -> Any:
    """Visit what a choice holds; return it, or a copy with new texts and without what spells the old ones."""
    known = fields(choice)
    changes: dict[str, Any] = {}
    for holder in holders:
        before = known.get(holder)
        if before is None:
            continue
        after = (
            walk.visit(before, f"{where}.text", "assistant")
            if holder == "text"
            else walk.message(before, f"{where}.message")
        )
        if after is not before:
            changes[holder] = after
    return put(choice, **changes, **_emptied(choice, "logprobs")) if changes else choice


def _rewritten(chunk: Any, rewrite: Rewrite) -> Any:
    walk = Walk(rewrite)
    choices = items_of(chunk, "choices")
    if choices is None:
        return walk.visit(chunk, "")
    after = [write_choice(choice, walk, _HOLDERS, "") for choice in choices]
    return chunk if all(map(is_, choices, after)) else put(chunk, choices=after)


def _emptied(node: Any, name: str) -> dict[str, None]:
    return {} if get(node, name) is None else {name: None}


def _says_nothing(chunk: Any) -> bool:
    """Whether a chunk without text may be left out."""
    choices = items_of(chunk, "choices")
    return choices is not None and get(chunk, "usage") is None and all(map(_is_empty, choices))


def _is_empty(value: Any) -> bool:
    if is_leaf(value):
        return not value
    if is_list(value):
        return all(map(_is_empty, value))
    return all(_is_empty(item) for name, item in stored(value).items() if name not in _NO_CONTENT)


def _bare(value: Any) -> Any:
    """Return a copy without what only a first delta says."""
    if is_leaf(value):
        return value
    if is_list(value):
        return [_bare(item) for item in value]
    changes = {name: None if name in _ONCE else _bare(item) for name, item in stored(value).items() if item is not None}
    return put(value, **changes)
