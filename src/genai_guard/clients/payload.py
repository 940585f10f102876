"""Requests as one mapping, and as arguments beside each other: what model servers take.

A body such as `{"messages": [...], "max_tokens": 50}`, as MLflow's deployment clients and plain HTTP have it, is read by
the client that reads its messages. So are the arguments of a call that leaves its first way to say something out and takes
another, such as `serving_endpoints.query(name=..., prompt=...)` of Databricks.

Rows for a model of one's own (`inputs`, `instances`, `dataframe_records`, `dataframe_split`), and the `custom_inputs` of an
agent, are read too, every string of them, and so are its `predictions` and `outputs`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import is_
from typing import Any, Final, NamedTuple

from genai_guard.clients.anthropic_messages import ANTHROPIC_MESSAGES
from genai_guard.clients.base import Client, ask_again
from genai_guard.clients.duck import fields, items_of, put
from genai_guard.clients.figures import bound_of, chat_usage, model_of
from genai_guard.clients.halves import NoStreams, RepliesOnly, RequestsOnly
from genai_guard.clients.leaves import each_text
from genai_guard.clients.openai_chat import OPENAI_CHAT
from genai_guard.clients.openai_responses import OPENAI_RESPONSES
from genai_guard.clients.text import TEXT
from genai_guard.clients.walk import Edit, Rewrite, is_list
from genai_guard.messages import Part, Reply, Request

__all__ = ["PAYLOAD", "PREDICTIONS", "Payload", "Predictions"]

_SAID: Final = ("messages", "prompt", "input")
_ROWS: Final = ("inputs", "instances", "dataframe_records", "dataframe_split", "custom_inputs")
_FOUND: Final = ("predictions", "outputs")


class _Inner(NamedTuple):
    """What of a body some client reads, as if its fields had been the arguments of a function."""

    client: Client
    name: str
    content: Any


class Payload(RequestsOnly):
    """A mapping with messages, a prompt, input or rows; or nothing, and one of these among the other arguments."""

    __slots__ = ("_clients",)

    name = "bodies of requests (dict with messages, prompt, input or rows)"

    def __init__(self, clients: Iterable[Client]) -> None:
        """Prepare a client.

        Args:
            clients: Read what stands in a body, asked in this order.
        """
        self._clients = tuple(clients)

    def reads_request(self, content: object, kwargs: Mapping[str, Any], /) -> bool:
        """Take a body in which some client reads what is said, or which has rows."""
        if content is not None and not isinstance(content, Mapping):
            return False
        body = _body(content, kwargs)
        return self._inner(body) is not None or bool(_names(body))

    def read_request(self, content: Any, kwargs: Mapping[str, Any], /) -> Request:
        """Return what the client of the body reads, or every string of the rows."""
        body = _body(content, kwargs)
        inner = self._inner(body)
        model = model_of(kwargs.get("model"))
        parts: list[Part] = []
        _rows(body, parts.append, inner)
        if inner is None:
            return Request(tuple(parts), model_of(body.get("model")) or model, bound_of(body))
        request = inner.client.read_request(inner.content, body)
        return request._replace(parts=(*request.parts, *parts), model=request.model or model)

    def write_request(
        self, content: Any, kwargs: Mapping[str, Any], texts: Sequence[str], /
    ) -> tuple[Any, Mapping[str, Any]]:
        """Return a new body, or new arguments."""
        body = _body(content, kwargs)
        inner = self._inner(body)
        many = 0 if inner is None else len(inner.client.read_request(inner.content, body).parts)
        rewrite = Rewrite(texts[many:])
        changes = _rows(body, rewrite, inner)
        rewrite.end()
        if inner is not None:
            changes |= _changes(body, inner, inner.client.write_request(inner.content, body, texts[:many]))
        return _put(content, kwargs, changes)

    def ask_again(
        self, content: Any, kwargs: Mapping[str, Any], reply: Sequence[Part], feedback: str, /
    ) -> tuple[Any, Mapping[str, Any]] | None:
        """Return a body that asks again, as the client of the body does; None for rows."""
        body = _body(content, kwargs)
        inner = self._inner(body)
        again = None if inner is None else ask_again(inner.client, inner.content, body, reply, feedback)
        return None if inner is None or again is None else _put(content, kwargs, _changes(body, inner, again))

    def _inner(self, body: Mapping[str, Any]) -> _Inner | None:
        name = next((name for name in _SAID if body.get(name) is not None), "")
        if not name:
            return None
        content = body[name]
        client = next((client for client in self._clients if client.reads_request(content, body)), None)
        return None if client is None else _Inner(client, name, content)


class Predictions(RepliesOnly, NoStreams):
    """What a model of one's own answered, row by row."""

    __slots__ = ()

    name = "predictions of a model server"

    def reads_reply(self, reply: object, /) -> bool:
        """Take what has a list of predictions or outputs."""
        return any(items_of(reply, name) is not None for name in _FOUND)

    def read_reply(self, reply: Any, /) -> Reply:
        """Return every string of the predictions."""
        parts: list[Part] = []
        _found(reply, parts.append)
        known = fields(reply)
        return Reply(tuple(parts), chat_usage(known.get("usage")), model_of(known.get("model")))

    def write_reply(self, reply: Any, texts: Sequence[str], /) -> Any:
        """Return a reply with new predictions."""
        rewrite = Rewrite(texts)
        changes = _found(reply, rewrite)
        rewrite.end()
        return put(reply, **changes) if changes else reply


def _body(content: Any, kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
    return kwargs if content is None else content


def _names(body: Mapping[str, Any], inner: _Inner | None = None) -> list[str]:
    """Return the fields whose strings are texts: rows, lists of prompts, and what is said beside what a client reads."""
    if inner is None:
        said = [name for name in _SAID if is_list(body.get(name)) and all(isinstance(item, str) for item in body[name])]
    else:
        said = [name for name in _SAID if name != inner.name and isinstance(body.get(name), (str, list, tuple))]
    return [*said, *(name for name in _ROWS if body.get(name) is not None)]


def _rows(body: Mapping[str, Any], edit: Edit, inner: _Inner | None) -> dict[str, Any]:
    return _changed({name: body[name] for name in _names(body, inner)}, edit, "user", "")


def _found(reply: Any, edit: Edit) -> dict[str, Any]:
    known = fields(reply)
    return _changed({name: known.get(name) for name in _FOUND}, edit, "assistant", "response.")


def _changed(values: Mapping[str, Any], edit: Edit, role: Any, where: str) -> dict[str, Any]:
    after = {name: each_text(value, edit, f"{where}{name}", role) for name, value in values.items()}
    return {name: value for name, value in after.items() if not is_(value, values[name])}


def _changes(body: Mapping[str, Any], inner: _Inner, after: tuple[Any, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the fields that a client made others, given what it wrote."""
    new, beside = after
    return {name: value for name, value in {**beside, inner.name: new}.items() if value is not body.get(name)}


def _put(content: Any, kwargs: Mapping[str, Any], changes: Mapping[str, Any]) -> tuple[Any, Mapping[str, Any]]:
    if content is None:
        return None, {**kwargs, **changes} if changes else kwargs
    return put(content, **changes) if changes else content, kwargs


PAYLOAD: Final = Payload((TEXT, OPENAI_RESPONSES, ANTHROPIC_MESSAGES, OPENAI_CHAT))
PREDICTIONS: Final = Predictions()
