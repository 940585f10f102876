"""SDKs of providers, talking over their own HTTP library to a function in this process."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

Body: TypeAlias = Mapping[str, Any] | Sequence[Mapping[str, Any]]
"""A whole reply, or the events of a stream."""

_PATHS = {"openai": "/v1", "anthropic": ""}


def sdk_client(sdk: Any, answer: Callable[[Any], Any] | Body, *, is_async: bool = False, **options: Any) -> Any:
    """Return a client of the OpenAI or Anthropic SDK whose requests are all answered alike, or by a function."""
    http = http_of(sdk)
    reply = answer if callable(answer) else lambda _: response(http, answer)
    transport = http.MockTransport(reply)
    name = {"openai": "OpenAI", "anthropic": "Anthropic"}[sdk.__name__]
    session = http.AsyncClient(transport=transport) if is_async else http.Client(transport=transport)
    kind = getattr(sdk, f"Async{name}" if is_async else name)
    base = f"http://llm{_PATHS[sdk.__name__]}"
    return kind(**{"api_key": "k", "base_url": base, "http_client": session, "max_retries": 0, **options})


def http_of(sdk: Any) -> Any:
    """Return the HTTP library that an SDK is built on."""
    base = importlib.import_module(f"{sdk.__name__}._base_client")
    return base.httpx2 if hasattr(base, "httpx2") else base.httpx


def response(http: Any, body: Body) -> Any:
    """Return an HTTP response: JSON, or server-sent events."""
    if isinstance(body, Mapping):
        return http.Response(200, json=body, headers={"request-id": "r-1", "x-request-id": "r-1"})
    lines = [*map(_event, body), *([] if "type" in body[0] else ["data: [DONE]\n\n"])]
    return http.Response(200, text="".join(lines), headers={"content-type": "text/event-stream"})


def _event(said: Mapping[str, Any]) -> str:
    """Return one event as it is sent: chunks of chats have no type."""
    name = f"event: {said['type']}\n" if "type" in said else ""
    return f"{name}data: {json.dumps(said)}\n\n"
