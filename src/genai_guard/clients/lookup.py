"""Which client reads a call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from genai_guard.clients.base import Client
from genai_guard.clients.duck import remember
from genai_guard.clients.walk import is_list
from genai_guard.errors import ConfigurationError

__all__ = ["Lookup"]

_REMEDIES: Final[Mapping[str, str]] = {
    "request": "reader = custom(request=lambda content: content.text,\n"
    "                write_request=lambda content, text: replace(content, text=text))",
    "reply": "reader = custom(reply=lambda reply: reply.text,\n"
    "                write_reply=lambda reply, text: replace(reply, text=text))",
    "chunk": "reader = custom(chunk=lambda chunk: chunk.text,\n"
    "                write_chunk=lambda chunk, text: replace(chunk, text=text))",
}


class Lookup:
    """A choice of clients, asked in their order; the client of a type that was seen before is asked first."""

    __slots__ = ("_asked", "_chunks", "_clients", "_keyed", "_replies", "_sure", "_words")

    def __init__(self, clients: Iterable[Client]) -> None:
        self._clients = tuple(clients)
        self._asked = sorted(
            self._clients, key=lambda client: hasattr(client, "types")
        )  # those are known by their types
        self._sure = {kind: client for client in self._clients for kind in getattr(client, "types", ())}
        self._keyed = [client for client in self._clients if hasattr(client, "keywords")]
        self._words = frozenset(word for client in self._keyed for word in getattr(client, "keywords", ()))
        self._replies: dict[type, Client] = {}
        self._chunks: dict[type, Client] = {}

    def request(self, content: object, kwargs: Mapping[str, Any], reader: Client | None = None) -> Client:
        """Return the client that reads a request.

        Args:
            content: Value of the parameter that carries the request.
            kwargs: Keyword arguments of the call.
            reader: A client to ask before all others.

        Raises:
            ConfigurationError: no client reads it.
        """
        if reader is not None and reader.reads_request(content, kwargs):
            return reader
        if kwargs and not self._words.isdisjoint(kwargs):
            for keyed in self._keyed:
                if keyed.reads_request(content, kwargs):
                    return keyed
        client = self._sure.get(type(content))
        if client is not None:
            return client
        for client in self._asked:
            if client.reads_request(content, kwargs):
                return client
        raise self._unknown("request", content)

    def reply(self, reply: object, reader: Client | None = None) -> Client:
        """Return the client that reads a whole reply; arguments and errors as for `request`."""
        if reader is not None and reader.reads_reply(reply):
            return reader
        client = self._sure.get(type(reply))
        if client is not None:
            return client
        client = self._replies.get(type(reply))
        if client is None or not client.reads_reply(reply):
            client = self._first("reply", reply, [client.reads_reply for client in self._clients])
            remember(self._replies, type(reply), client)
        return client

    def chunk(self, chunk: object, reader: Client | None = None) -> Client:
        """Return the client that reads a stream, given its first chunk; arguments and errors as for `request`."""
        if reader is not None and reader.reads_chunk(chunk):
            return reader
        client = self._sure.get(type(chunk))
        if client is not None:
            return client
        client = self._chunks.get(type(chunk))
        if client is None or not client.reads_chunk(chunk):
            client = self._first("chunk", chunk, [client.reads_chunk for client in self._clients])
            remember(self._chunks, type(chunk), client)
        return client

    def _first(self, what: str, value: object, questions: Sequence[Callable[[object], bool]]) -> Client:
        for client, reads in zip(self._clients, questions, strict=True):
            if reads(value):
                return client
        raise self._unknown(what, value)

    def _unknown(self, what: str, value: object) -> ConfigurationError:
        known = ", ".join(client.name for client in self._clients)
        return ConfigurationError(
            f"no client reads a {what} of type {_described(value)}{_hint(value)}. Known: {known}. "
            f"For anything else pass a reader:\n"
            f"    {_REMEDIES[what].replace(chr(10), chr(10) + '    ')}\n"
            f"    pipeline = Pipeline(..., reader=reader)  # custom is in genai_guard.clients"
        )


def _described(value: Any) -> str:
    if isinstance(value, (list, tuple)) and value:
        return f"{_name(value)} of {_name(value[0])}"
    return _name(value)


def _first(value: Any) -> Any:
    return value[0] if is_list(value) and value else value


def _name(value: Any) -> str:
    kind = value.__class__
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _hint(value: Any) -> str:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return " (decode it to str first)"
    if value is None:
        return " (nothing was passed or returned)"
    if hasattr(_first(value).__class__, "model_validate_json"):
        return (
            " (if it is a structured output, guard the client that it comes from: "
            "instructor.from_openai(pipeline.wrap_client(client)))"
        )
    if hasattr(value, "__next__"):
        return " (an iterator can be read only once: pass a list)"
    if hasattr(value, "__enter__") or hasattr(value, "__aenter__"):
        return " (what it holds is known only inside of `with`: guard the whole client, pipeline.wrap_client(client))"
    return ""
