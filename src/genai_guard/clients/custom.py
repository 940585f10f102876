"""A client out of a few functions, for a shape that no other client reads."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeAlias, cast

from genai_guard.clients.base import Delta
from genai_guard.clients.figures import bound_of, model_of
from genai_guard.clients.walk import is_list
from genai_guard.errors import ConfigurationError
from genai_guard.messages import Part, Reply, Request, Role, Usage

__all__ = ["CustomClient", "custom"]

_Texts: TypeAlias = str | Sequence[str]
_Read: TypeAlias = Callable[[Any], _Texts]
_Write: TypeAlias = Callable[[Any, Any], Any]
_Again: TypeAlias = Callable[[Any, str, str], Any]
_Count: TypeAlias = Callable[[Any], Usage | tuple[int, int] | None]


def custom(
    *,
    request: _Read | None = None,
    write_request: _Write | None = None,
    reply: _Read | None = None,
    write_reply: _Write | None = None,
    chunk: Callable[[Any], str | None] | None = None,
    write_chunk: Callable[[Any, str], Any] | None = None,
    final: Callable[[Any], bool] | None = None,
    usage: _Count | None = None,
    ask_again: _Again | None = None,
    name: str = "custom",
) -> CustomClient:
    """Build a client for `Pipeline(reader=...)`.

    Only what differs from the known shapes has to be given: a reader without `request` leaves requests to the other
    clients. A reading function without its writing one is enough for guards that block or flag; when a text has to be
    replaced, the lack of it is an error.

    A writing function returns a copy: it must not change what it is given.

    Args:
        request: Takes the content of a request; returns its text, or a list of its texts.
        write_request: Takes the content and what replaces the result of `request`, of the same kind; returns new content.
        reply: Takes a whole reply; returns its text or texts.
        write_reply: As `write_request`, for replies.
        chunk: Takes a chunk of a stream; returns the piece of text in it, or None where there is none.
        write_chunk: Takes a chunk and a piece of text, which may be empty; returns the chunk to hand out.
        final: Tells whether a chunk ends the text. Without it, text that was held back follows after the last chunk.
        usage: Takes a reply or a chunk; returns its usage, a pair of input and output tokens, or None.
        ask_again: Takes the content of a request, what the model replied and what it has to be told about that; returns
            content that asks for a better reply. Without it a guard that would have the model asked again blocks.
        name: Name in errors.

    Raises:
        ConfigurationError: nothing is given to read with, something is not callable, or a writing function lacks its
            reading one.
    """
    return CustomClient(request, write_request, reply, write_reply, chunk, write_chunk, final, usage, name, ask_again)


@dataclass(frozen=True, slots=True)
class CustomClient:
    """What `custom` builds."""

    request: _Read | None
    write_request_text: _Write | None
    reply: _Read | None
    write_reply_text: _Write | None
    chunk: Callable[[Any], str | None] | None
    write_chunk_text: Callable[[Any, str], Any] | None
    final: Callable[[Any], bool] | None
    usage: _Count | None
    name: str
    again: _Again | None = None

    def __post_init__(self) -> None:
        given = {field.name.removesuffix("_text"): getattr(self, field.name) for field in fields(self)}
        del given["name"]
        given["ask_again"] = given.pop("again")
        for parameter, value in given.items():
            if value is not None and not callable(value):
                raise ConfigurationError(f"custom({parameter}=...) takes a function, not {type(value).__name__}")
        for what in ("request", "reply", "chunk"):
            if given[what] is None and given[f"write_{what}"] is not None:
                raise ConfigurationError(f"custom(write_{what}=...) needs {what}=, which reads what it writes")
        if not (self.request or self.reply or self.chunk):
            raise ConfigurationError("custom() needs one of request=, reply= and chunk= at least")

    def reads_request(self, content: object, kwargs: Mapping[str, Any], /) -> bool:  # noqa: ARG002
        """Take every request, if there is a function for it."""
        return self.request is not None

    def read_request(self, content: Any, kwargs: Mapping[str, Any], /) -> Request:
        """Return what the function finds."""
        texts = _listed("request", self.request, content)
        return Request(_parts(texts, "user", "request"), model_of(kwargs.get("model")), bound_of(kwargs))

    def write_request(
        self, content: Any, kwargs: Mapping[str, Any], texts: Sequence[str], /
    ) -> tuple[Any, Mapping[str, Any]]:
        """Return what the function makes of the new texts."""
        return _written("request", self.request, self.write_request_text, content, texts), kwargs

    def ask_again(
        self, content: Any, kwargs: Mapping[str, Any], reply: Sequence[Part], feedback: str, /
    ) -> tuple[Any, Mapping[str, Any]] | None:
        """Return what the function makes of the content; None without a function."""
        if self.again is None:
            return None
        return self.again(content, "\n\n".join(part.text for part in reply), feedback), kwargs

    def reads_reply(self, reply: object, /) -> bool:  # noqa: ARG002
        """Take every reply, if there is a function for it."""
        return self.reply is not None

    def read_reply(self, reply: Any, /) -> Reply:
        """Return what the function finds."""
        return Reply(_parts(_listed("reply", self.reply, reply), "assistant", "response"), self.usage_of(reply))

    def write_reply(self, reply: Any, texts: Sequence[str], /) -> Any:
        """Return what the function makes of the new texts."""
        return _written("reply", self.reply, self.write_reply_text, reply, texts)

    def reads_chunk(self, chunk: object, /) -> bool:  # noqa: ARG002
        """Take every stream, if there is a function for its chunks."""
        return self.chunk is not None

    def open_stream(self) -> CustomStream:
        """Return a new reader for one stream."""
        return CustomStream(self)

    def usage_of(self, value: Any) -> Usage | None:
        """Return the usage of a reply or chunk, if there is a function for it and it finds one."""
        found = None if self.usage is None else self.usage(value)
        return None if found is None else _in_whole_tokens(found if isinstance(found, Usage) else Usage(*found))


def _in_whole_tokens(usage: Usage) -> Usage:
    """Return a usage whose sums are exact and can be written: estimates may be fractions, and numbers those of NumPy."""
    asked, said, cached, thought = map(_whole, usage[:4])
    return Usage(asked, said, cached, thought, usage.estimated, _whole(usage.cache_write_tokens))


def _whole(value: Any) -> int:
    return value if type(value) is int else round(value) if value and math.isfinite(value) else 0


class CustomStream:
    """Reads one stream by the functions of a `CustomClient`; all of it is one text."""

    __slots__ = ("_client", "_last", "_usage")

    def __init__(self, client: CustomClient) -> None:
        self._client = client
        self._last: Any = None
        self._usage: Usage | None = None

    def read(self, chunk: Any, /) -> tuple[Delta, ...]:
        """Return what the function finds."""
        client = self._client
        self._usage = client.usage_of(chunk) or self._usage
        (text,) = _listed("chunk", client.chunk, chunk, nothing="")
        final = client.final is not None and bool(client.final(chunk))
        if text:
            self._last = chunk
        return (Delta("response", text, final, "text", "response"),) if text or final else ()

    def write(self, chunk: Any, texts: Sequence[str], /) -> tuple[Any, ...]:
        """Return the chunk with its new text. It is never left out: it may carry more than the text."""
        return (_written("chunk", self._client.chunk, self._client.write_chunk_text, chunk, texts),)

    def tail(self, channel: Hashable, text: str, /) -> tuple[Any, ...]:  # noqa: ARG002
        """Return the last chunk that had text, with this one."""
        return self.write(self._last, (text,))

    def reply(self) -> Reply:
        """Return the last usage that the function found."""
        return Reply((), self._usage)


def _listed(what: str, read: Callable[[Any], object] | None, value: Any, nothing: str | None = None) -> list[str]:
    found = nothing if read is None else read(value)
    found = nothing if found is None else found
    if isinstance(found, str):
        return [found]
    if is_list(found):
        texts = list(cast("Sequence[Any]", found))
        if {*map(type, texts)} <= {str}:
            return texts
    raise ConfigurationError(
        f"custom({what}=...) returned {type(found).__name__}: it must return a str or a list of str"
    )


def _written(
    what: str, read: Callable[[Any], _Texts | None] | None, write: _Write | None, value: Any, texts: Sequence[str]
) -> Any:
    before = None if read is None else read(value)
    single = before is None or isinstance(before, str)
    if list(texts) == ([before or ""] if single else list(before or ())):
        return value
    if write is None:
        raise ConfigurationError(f"a guard changed the text of the {what}: custom() needs write_{what}= to put it back")
    return write(value, texts[0] if single else list(texts))


def _parts(texts: Sequence[str], role: Role, where: str) -> tuple[Part, ...]:
    if len(texts) == 1:
        return (Part(texts[0], role, "text", where),)
    return tuple(Part(text, role, "text", f"{where}[{at}]") for at, text in enumerate(texts))
