"""The middleware: says who is calling, and answers what a pipeline raises. It needs no framework.

Rule 1: It looks at no body, neither of a request nor of an answer.
Rule 2: What is no business of a pipeline passes through as it is, exceptions too.
Rule 3: An answer that has begun is ended as its kind can be: events by a last event `error`. Another kind cannot say what
    happened, and breaks off, which its reader notices.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from genai_guard.context import caller
from genai_guard.errors import ConfigurationError
from genai_guard.integrations.asgi.answers import (
    EVENT_STREAM,
    App,
    Message,
    Receive,
    Send,
    as_headers,
    close_socket,
    refuse,
    send_problem,
)
from genai_guard.integrations.asgi.callers import AmbiguousCallerError, Callers, Scope, Who
from genai_guard.integrations.asgi.events import error_event
from genai_guard.integrations.asgi.problems import Problem, Problems, error_in
from genai_guard.integrations.asgi.room import limit_headers

if TYPE_CHECKING:
    from genai_guard.pipeline import Pipeline

__all__ = ["GuardMiddleware"]

_KEYS = ("user", "tenant", "session")


class GuardMiddleware:
    """Puts an ASGI application behind a pipeline: `app = GuardMiddleware(app, pipeline, user="x-user-id")`.

    Each request runs as one of its caller, streaming bodies included, and what calls of the pipeline raise becomes the
    answer: a problem (RFC 9457) with the status that `Problems` says, `Retry-After`, and the headers of limits.

    A framework that answers exceptions by itself has to be told to let those of a pipeline through, or to answer them
    by `Problems.of`.

    Args:
        app: The application.
        pipeline: Whose limits are told by headers; none are told without one.
        user: Where the user is found: the name of a header, or a function of the scope. Take a name from a header only
            where a proxy of yours sets it, and removes that of the client.
        tenant: The same of the tenant.
        session: The same of the session.
        request_id: The same of the request's id, which becomes that of the event of each call.
        problems: What errors look like.
        shows_limits: Whether answers that are no refusals have headers of limits too. The store of the limiter is asked
            for each then.

    Raises:
        ConfigurationError: a source is neither the name of a header nor a function, or limits are to be shown of no
            pipeline.
    """

    def __init__(
        self,
        app: App,
        pipeline: Pipeline | None = None,
        *,
        user: Who = None,
        tenant: Who = None,
        session: Who = None,
        request_id: Who = None,
        problems: Problems | None = None,
        shows_limits: bool = False,
    ) -> None:
        self.app = app
        self._limiter = None if pipeline is None else pipeline.limiter
        self._callers = Callers(user=user, tenant=tenant, session=session, request_id=request_id)
        self._problems = problems or Problems()
        self._shows_limits = shows_limits
        if shows_limits and self._limiter is None:
            raise ConfigurationError("GuardMiddleware(shows_limits=True) needs a pipeline with a limiter")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        kind = scope["type"]
        if kind not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        try:
            who = self._callers.of(scope)
        except AmbiguousCallerError as error:
            await refuse(self._ambiguous(error), scope, send)
            return
        answer = _Answer(self, send, who, shows_limits=self._shows_limits) if kind == "http" else _Socket(send)
        try:
            with caller(**who):
                await self.app(scope, receive, answer)
        except Exception as error:
            ours = error_in(error, behind=answer.has_begun)
            problem = None if ours is None else self._problems.of(ours)
            if problem is None or not await answer.end(problem, scope):
                raise

    async def limits(self, who: dict[str, Any], retry_after_s: float | None = None) -> dict[str, str]:
        """Return the headers of limits for a caller."""
        keys = {key: str(who[key]) for key in _KEYS if key in who}
        return await limit_headers(self._limiter, retry_after_s, **keys)

    def _ambiguous(self, error: AmbiguousCallerError) -> Problem:
        detail = f"The header {error} must come once, with at most 256 characters."
        return self._problems.problem(400, "ambiguous_caller", "Nobody knows who is calling", detail)


class _Answer:
    """Sends what the application says, and remembers how far it has come."""

    __slots__ = ("_is_events", "_is_over", "_middleware", "_send", "_shows_limits", "_who", "has_begun")

    def __init__(self, middleware: GuardMiddleware, send: Send, who: dict[str, Any], *, shows_limits: bool) -> None:
        self._middleware = middleware
        self._send = send
        self._shows_limits = shows_limits
        self._who = who
        self.has_begun = self._is_events = self._is_over = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.has_begun = True
            self._is_events = any(_is_events(name, value) for name, value in message.get("headers", ()))
            if self._shows_limits:
                shown = as_headers(await self._middleware.limits(self._who))
                message = {**message, "headers": [*message.get("headers", ()), *shown]}
        elif message["type"] == "http.response.body":
            self._is_over = not message.get("more_body", False)
        await self._send(message)

    async def end(self, problem: Problem, scope: Scope) -> bool:  # noqa: ARG002  a socket needs it
        """Answer with a problem, or end the answer with it; return whether that could be."""
        if not self.has_begun:
            is_limit = problem.status in {402, 429}
            more = await self._middleware.limits(self._who, problem.retry_after_s) if is_limit else {}
            await send_problem(problem, self._send, more=more)
            return True
        if not self._is_events or self._is_over:
            return False
        await self._send({"type": "http.response.body", "body": error_event(problem), "more_body": False})
        return True


class _Socket:
    """Sends what the application says over a WebSocket."""

    __slots__ = ("_is_closed", "_send", "has_begun")

    def __init__(self, send: Send) -> None:
        self._send = send
        self.has_begun = self._is_closed = False

    async def __call__(self, message: Message) -> None:
        self.has_begun = self.has_begun or message["type"] == "websocket.accept"
        self._is_closed = self._is_closed or message["type"] in {"websocket.close", "websocket.http.response.body"}
        await self._send(message)

    async def end(self, problem: Problem, scope: Scope) -> bool:
        """Close the socket with a code and the title of the problem."""
        if self._is_closed:
            return False
        await (close_socket(problem, self._send) if self.has_begun else refuse(problem, scope, self._send))
        return True


def _is_events(name: bytes, value: bytes) -> bool:
    return name.lower() == b"content-type" and value.startswith(EVENT_STREAM.encode())
