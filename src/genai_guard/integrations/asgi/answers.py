"""Answers over ASGI: a stream of events that ends when its reader does, and problems, over a WebSocket too."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Final, TypeAlias

from genai_guard.integrations.asgi.callers import Scope
from genai_guard.integrations.asgi.events import Encode, as_json, events, opened
from genai_guard.integrations.asgi.problems import Problem, Problems

__all__ = [
    "EVENT_STREAM",
    "App",
    "EventStream",
    "Message",
    "Receive",
    "Send",
    "as_headers",
    "close_socket",
    "refuse",
    "send_problem",
]

Message: TypeAlias = Any
"""A dictionary. Each framework has a type of its own for it, and none goes with another."""
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Any, Receive, Send], Awaitable[None]]

EVENT_STREAM: Final = "text/event-stream"
_HEADERS: Final = {"content-type": EVENT_STREAM, "cache-control": "no-store", "x-accel-buffering": "no"}
"""Whatever stands between is not to keep the events, or wait for more of them."""
_PING: Final = b": ping\n\n"
_MOST_REASON: Final = 123  # bytes, of a frame that closes a WebSocket (RFC 6455, 5.5)


class EventStream:
    """Answers with the events of a guarded stream, for whoever takes an ASGI application as an answer.

    What is refused before the first chunk is raised, and no answer has begun: a middleware or an exception handler makes
    a 400 or 429 of it. What comes to be refused later is a last event `error`; see `events`.

    When the reader hangs up, also while the model is being waited for, the model's stream is closed and the call is
    settled and recorded as `abandoned`; a synchronous one once it has come to its next chunk, since no thread can be
    stopped.

    Args:
        stream: A guarded stream, or an `Outcome` whose value is one; then a last event `done` has its `outcome_data`.
        encode: Makes the data of an event out of a chunk.
        problems: What errors look like.
        headers: Further headers, by names in lower case.
        ping_s: Seconds between the comments that keep a silent connection open; None for none.
        last: The last event of a stream that went well.

    Attributes:
        headers: Headers of the answer, as ASGI has them.
    """

    def __init__(
        self,
        stream: Any,
        *,
        encode: Encode = as_json,
        problems: Problems | None = None,
        headers: Mapping[str, str] | None = None,
        ping_s: float | None = 15.0,
        last: Callable[[], bytes] | None = None,
    ) -> None:
        self._frames = events(stream, encode=encode, problems=problems or Problems(), last=last)
        self.headers = as_headers({**_HEADERS, **(headers or {})})
        self._ping_s = ping_s
        self._has_begun = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  the signature of ASGI
        """Send the events, until there are no more or nobody reads them."""
        sending = asyncio.ensure_future(self._send(send))
        hung_up = asyncio.ensure_future(_hung_up(receive))
        both = (sending, hung_up)
        try:
            while not (await asyncio.wait(both, timeout=self._ping_s, return_when=asyncio.FIRST_COMPLETED))[0]:
                if self._has_begun:
                    await send({"type": "http.response.body", "body": _PING, "more_body": True})
        finally:
            hung_up.cancel()
            if not sending.done():
                sending.cancel()
            await asyncio.wait(both)
        if not sending.cancelled():
            sending.result()

    async def _send(self, send: Send) -> None:
        frames = await opened(self._frames)
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.headers})
            self._has_begun = True
            async for frame in frames:
                await send({"type": "http.response.body", "body": frame, "more_body": True})
        finally:
            await frames.aclose()
            self._has_begun = False
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def send_problem(problem: Problem, send: Send, *, more: Mapping[str, str] | None = None) -> None:
    """Send a problem as the whole answer, with more headers."""
    body = problem.body()
    headers = {**problem.headers, **(more or {}), "content-length": str(len(body)), "cache-control": "no-store"}
    await send({"type": "http.response.start", "status": problem.status, "headers": as_headers(headers)})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def refuse(problem: Problem, scope: Scope, send: Send) -> None:
    """Answer a request, or one for a WebSocket, with a problem."""
    if scope["type"] == "http":
        await send_problem(problem, send)
    elif "websocket.http.response" in (scope.get("extensions") or {}):

        async def prefixed(message: Message) -> None:
            await send({**message, "type": f"websocket.{message['type']}"})

        await send_problem(problem, prefixed)
    else:
        await close_socket(problem, send)


async def close_socket(problem: Problem, send: Send) -> None:
    """Close a WebSocket that was accepted, with a code and the title of a problem."""
    code = 1013 if problem.status in {429, 503} else 1011 if problem.status >= 500 else 1008
    reason = problem.title.encode()[:_MOST_REASON].decode("utf-8", "ignore")
    await send({"type": "websocket.close", "code": code, "reason": reason})


def as_headers(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Return headers as ASGI has them."""
    return [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers.items()]


async def _hung_up(receive: Receive) -> None:
    """Return when the client has hung up."""
    with suppress(Exception):  # a server that has nothing more to say of a request may say so in its own way
        while (await receive())["type"] != "http.disconnect":
            pass
