"""Plain text: `str` in, `str` out, `str` chunks.

Bytes are refused, not decoded: which encoding they have is for the caller to say.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Final

from genai_guard.clients.base import Delta, quick_delta
from genai_guard.clients.duck import items_of
from genai_guard.clients.figures import bound_of, model_of
from genai_guard.clients.openai_items import write_prompt
from genai_guard.clients.turns import after_text
from genai_guard.clients.walk import Rewrite, Walk, quick_part
from genai_guard.messages import Part, Reply, Request, Role

__all__ = ["TEXT", "Text", "TextStream"]

_NO_REPLY: Final = Reply(())
_BESIDE: Final[Mapping[str, Role | None]] = {
    "system": "system",
    "instructions": "system",
    "suffix": "user",
    "images": None,
}
"""Keyword arguments that put something before or after the prompt, and whose text it is; None for what is no text."""


class TextStream:
    """A stream of strings; every one of them continues the same text."""

    __slots__ = ()

    def read(self, chunk: str, /) -> tuple[Delta, ...]:
        """Return the chunk itself."""
        return (quick_delta(("response", chunk, False, "text", "response", "")),)

    def write(self, chunk: str, texts: Sequence[str], /) -> tuple[str, ...]:  # noqa: ARG002  part of the protocol
        """Return the text, if there is any."""
        return tuple(texts) if texts[0] else ()

    def tail(self, channel: Hashable, text: str, /) -> tuple[str, ...]:  # noqa: ARG002  part of the protocol
        """Return the text as the last chunk."""
        return (text,)

    def reply(self) -> Reply:
        """Return nothing: a string has no usage."""
        return _NO_REPLY


_STREAM: Final = TextStream()


class Text:
    """Strings.

    Beside the prompt, `system=`, `instructions=` and `suffix=` are read, and so are the variables of the `prompt=` of a
    response. `images=` are seen, and passed on.
    """

    __slots__ = ()

    name = "plain text (str)"
    types: tuple[type, ...] = (str,)

    def reads_request(self, content: object, kwargs: Mapping[str, Any], /) -> bool:  # noqa: ARG002
        """Take strings."""
        return isinstance(content, str)

    def read_request(self, content: str, kwargs: Mapping[str, Any], /) -> Request:
        """Return the prompt, and what stands beside it."""
        prompt = quick_part((content, "user", "text", "", ""))
        if not kwargs:
            return Request((prompt,))
        model, bound = model_of(kwargs.get("model")), bound_of(kwargs)
        if _BESIDE.keys().isdisjoint(kwargs) and kwargs.get("prompt", content) is content:
            return Request((prompt,), model, bound)
        beside: list[Part] = []
        walk = Walk(beside.append)
        _visit(kwargs, walk)
        for at, _ in enumerate(items_of(kwargs, "images") or ()):
            walk.note("image", f"images[{at}]")
        return Request((*beside, prompt), model, bound, 1, walk.media)

    def write_request(
        self,
        content: str,  # noqa: ARG002
        kwargs: Mapping[str, Any],
        texts: Sequence[str],
        /,
    ) -> tuple[str, Mapping[str, Any]]:
        """Return the new prompt, and keyword arguments with the new texts beside it."""
        if len(texts) == 1:
            return texts[0], kwargs
        *beside, prompt = texts
        rewrite = Rewrite(beside)
        changes = _visit(kwargs, Walk(rewrite))
        rewrite.end()
        return prompt, {**kwargs, **changes}

    def ask_again(
        self, content: str, kwargs: Mapping[str, Any], reply: Sequence[Part], feedback: str, /
    ) -> tuple[str, Mapping[str, Any]]:
        """Return a prompt that quotes the reply and goes on with the feedback."""
        return after_text(content, reply, feedback), kwargs

    def reads_reply(self, reply: object, /) -> bool:
        """Take strings."""
        return isinstance(reply, str)

    def read_reply(self, reply: str, /) -> Reply:
        """Return the one text."""
        return Reply((quick_part((reply, "assistant", "text", "response", "")),))

    def write_reply(self, reply: str, texts: Sequence[str], /) -> str:  # noqa: ARG002
        """Return the new text."""
        (text,) = texts
        return text

    def reads_chunk(self, chunk: object, /) -> bool:
        """Take strings."""
        return isinstance(chunk, str)

    def open_stream(self) -> TextStream:
        """Return the reader that all streams of text share: it keeps nothing."""
        return _STREAM


def _visit(kwargs: Mapping[str, Any], walk: Walk) -> dict[str, Any]:
    """Visit what stands beside the prompt; return what of it becomes other."""
    changes: dict[str, Any] = {}
    for name, role in _BESIDE.items():
        before = kwargs.get(name)
        if role is None or before is None:
            continue
        after = walk.visit(before, name, role)
        if after is not before:
            changes[name] = after
    template = kwargs.get("prompt")
    after = write_prompt(template, walk) if isinstance(template, Mapping) else template
    return changes if after is template else {**changes, "prompt": after}


TEXT: Final = Text()
