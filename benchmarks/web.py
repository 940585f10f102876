"""What the middleware costs a request, beside the bare application and beside another middleware that does nothing.

The application answers at once, without a framework and without a socket: what is left is the middleware. With limits the
answer of a request tells them too, which asks the store.

    python benchmarks/web.py            everything
    python benchmarks/web.py --quick    fewer rounds

Figures are microseconds of CPU time, medians of interleaved rounds; only ratios carry over to another machine. A stream
is of 100 chunks, guarded, as events beside the same written by hand.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

from kit import Repeat, asynchronous, interleave, table

from genai_guard import Limit, Pipeline, RateLimiter
from genai_guard.integrations.asgi import EventStream, GuardMiddleware

BODY: Final = b'{"text": "ok"}'
HEADERS: Final = [
    (b"host", b"localhost"),
    (b"accept", b"*/*"),
    (b"x-user", b"u-1"),
    (b"content-type", b"application/json"),
]
SCOPE: Final = {"type": "http", "method": "POST", "path": "/", "headers": HEADERS}
CHUNKS: Final = [f"word {number} " for number in range(100)]


async def bare(_scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": BODY})


class Nothing:
    """The least that a middleware which looks at answers can do."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Hand everything on."""

        async def passed(message: Any) -> None:
            await send(message)

        await self.app(scope, receive, passed)


async def words(prompt: str) -> AsyncIterator[str]:  # noqa: ARG001  the shape of a call to a model
    for chunk in CHUNKS:
        yield chunk


async def streamed_by_hand(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
    async for chunk in ask("hi"):
        body = f'data: {{"text": "{chunk}"}}\n\n'.encode()
        await send({"type": "http.response.body", "body": body, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def streamed(scope: Any, receive: Any, send: Any) -> None:
    await EventStream(ask("hi"))(scope, receive, send)


limiter = RateLimiter(Limit.requests(10**9, per="minute", by="user"), Limit.tokens(10**9, per="minute"))
pipeline = Pipeline(limiter=limiter)
ask = Pipeline()(words)


def requests(app: Any, runner: asyncio.Runner) -> Repeat:
    """Return what sends requests to an application."""

    async def one() -> None:
        is_asked = False

        async def receive() -> dict[str, Any]:
            nonlocal is_asked
            if is_asked:
                await asyncio.Event().wait()
            is_asked = True
            return {"type": "http.request", "body": b"hi"}

        async def send(message: Any) -> None:
            pass

        await app(SCOPE, receive, send)

    return asynchronous(one, runner)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    rounds = 7 if parser.parse_args().quick else 25
    whole = {
        "bare": bare,
        "a middleware that does nothing": Nothing(bare),
        "GuardMiddleware": GuardMiddleware(bare),
        "GuardMiddleware, user": GuardMiddleware(bare, pipeline, user="x-user"),
        "GuardMiddleware, user, shows limits": GuardMiddleware(bare, pipeline, user="x-user", shows_limits=True),
    }
    parts = {"by hand": streamed_by_hand, "EventStream": streamed}
    with asyncio.Runner() as runner:
        for title, apps in (("one request", whole), ("a guarded stream of 100 chunks", parts)):
            cases = {name: requests(app, runner) for name, app in apps.items()}
            print(f"\n{title}")
            print(table(interleave(cases, rounds=rounds), baseline=next(iter(cases))))


if __name__ == "__main__":
    main()
