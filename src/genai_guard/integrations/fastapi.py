"""A pipeline in FastAPI: who is calling as a dependency, refusals as answers, guarded streams as server-sent events.

Needs the extra `web`: `pip install 'genai_guard[web]'`. Nothing else of the library imports this module.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from genai_guard.context import caller
from genai_guard.errors import CallTimeout, ComponentFailed, Rejected
from genai_guard.integrations.asgi import EventStream, Problems, check_room, limit_headers
from genai_guard.integrations.asgi.answers import close_socket, refuse
from genai_guard.integrations.asgi.callers import AmbiguousCallerError, Callers, keys_of, request_id_of
from genai_guard.integrations.asgi.problems import PROBLEM_TYPE
from genai_guard.integrations.extras import missing
from genai_guard.messages import ANONYMOUS, Caller

try:
    from fastapi import Depends, FastAPI, HTTPException
    from starlette.background import BackgroundTask
    from starlette.requests import HTTPConnection
    from starlette.responses import Response
    from starlette.websockets import WebSocket, WebSocketState
except ImportError as error:
    raise missing("fastapi", extra="web") from error

if TYPE_CHECKING:
    from genai_guard.pipeline import Pipeline

__all__ = ["RESPONSES", "EventResponse", "WhoDependency", "answer_problems", "guarded_caller", "sse"]

_CALLER: Final = "genai_guard.caller"
"""Where the scope of a request has its caller: an answer to an error is made after the dependency has ended."""

WhoDependency: TypeAlias = str | Callable[..., Any] | None
"""Where one thing about a caller is found: the name of a header, or a dependency of FastAPI; None for nowhere."""


def guarded_caller(
    pipeline: Pipeline | None = None,
    *,
    user: WhoDependency = None,
    tenant: WhoDependency = None,
    session: WhoDependency = None,
    request_id: WhoDependency = None,
) -> Callable[..., AsyncGenerator[Caller]]:
    """Return a dependency that says who is calling, and refuses whoever has used up a limit.

        @app.post("/chat", dependencies=[Depends(guarded_caller(pipeline, user=current_user))])

    The limits are asked before the endpoint is called and before its parameters are made of the body, and nothing is
    reserved: the call itself asks for what it needs. A refusal is recorded, see `check_room`. The caller holds until the
    answer has been sent, or the socket closed.

    Args:
        pipeline: Whose limits are asked, and whose recorder is told of refusals; none are asked without one.
        user: Where the user is found: a dependency, such as the one that checks the token, or the name of a header.
            Take a name from a header only where a proxy of yours sets it, and removes that of the client.
        tenant: The same of the tenant.
        session: The same of the session.
        request_id: The same of the request's id, which becomes that of the event of each call.

    Raises:
        ConfigurationError: one of them is neither the name of a header nor a function.
    """
    sources = {"user": user, "tenant": tenant, "session": session, "request_id": request_id}
    by_name = {name: Depends(_dependency(who)) for name, who in sources.items()}

    async def dependency(
        connection: HTTPConnection,
        user: Any = by_name["user"],
        tenant: Any = by_name["tenant"],
        session: Any = by_name["session"],
        request_id: Any = by_name["request_id"],
    ) -> AsyncGenerator[Caller]:
        given = {"user": user, "tenant": tenant, "session": session}
        known = {name: value for name, value in given.items() if value != ""}
        with caller(**known, request_id=request_id_of(request_id)) as who:
            connection.scope[_CALLER] = who
            await check_room(pipeline)
            yield who

    return dependency


def answer_problems(app: FastAPI, pipeline: Pipeline | None = None, *, problems: Problems | None = None) -> None:
    """Let an application answer what pipelines raise: 400 and 429 as problems (RFC 9457), and so on; see `Problems`.

    Args:
        app: The application.
        pipeline: Whose limits the headers of a 429 tell; none are told without one.
        problems: What errors look like.
    """
    chosen = problems or Problems()
    limiter = None if pipeline is None else pipeline.limiter

    async def answer(connection: HTTPConnection, error: Exception) -> Any:
        problem = chosen.of(error) or chosen.broken()
        if isinstance(connection, WebSocket):
            if connection.application_state is WebSocketState.CONNECTING:
                await refuse(problem, connection.scope, connection.send)
            elif connection.application_state is WebSocketState.CONNECTED:
                await close_socket(problem, connection.send)
            return None
        headers = {**problem.headers, "cache-control": "no-store"}
        if problem.status in {402, 429}:
            keys = keys_of(connection.scope.get(_CALLER, ANONYMOUS))
            headers |= await limit_headers(limiter, problem.retry_after_s, **keys)
        return Response(problem.body(), problem.status, headers)

    for kind in (Rejected, ComponentFailed, CallTimeout):
        app.add_exception_handler(kind, cast("Any", answer))


class EventResponse(Response):
    """The answer of an endpoint that streams; see `EventStream`, whose parameters it takes."""

    media_type = "text/event-stream"

    def __init__(self, stream: Any, **options: Any) -> None:
        self._events = EventStream(stream, **options)
        self.status_code = 200
        self.background: BackgroundTask | None = None
        self.init_headers({name.decode("latin-1"): value.decode("latin-1") for name, value in self._events.headers})

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Send the events, until there are no more or nobody reads them."""
        self._events.headers = self.raw_headers
        await self._events(scope, receive, send)
        if self.background is not None:
            await self.background()


def sse(stream: Any, **options: Any) -> EventResponse:
    """Return the answer of an endpoint that streams.

        @app.post("/chat")
        async def chat(question: Question) -> Response:
            return sse(pipeline.run(ask, question.text))

    Args:
        stream: A guarded stream, synchronous or not, or an `Outcome` whose value is one.
        options: Those of `EventStream`.
    """
    return EventResponse(stream, **options)


def _dependency(who: WhoDependency) -> Callable[..., Any]:
    if who is None:
        return _nobody
    if callable(who):
        return who
    callers = Callers(user=who)

    def from_header(connection: HTTPConnection) -> Any:
        try:
            return callers.of(connection.scope).get("user")
        except AmbiguousCallerError as error:
            raise HTTPException(400, f"The header {error} must come once, with at most 256 characters.") from None

    return from_header


def _nobody() -> None:
    return None


def _answer(description: str, **headers: Mapping[str, Any]) -> dict[str, Any]:
    content = {PROBLEM_TYPE: {"schema": _SCHEMA}}
    return {"description": description, "content": content, **({"headers": headers} if headers else {})}


_SCHEMA: Final = {
    "type": "object",
    "title": "Problem",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "request_id": {"type": "string"},
        "retry_after_s": {"type": "integer"},
        "limit": {"type": "string"},
        "guard": {"type": "string"},
        "rules": {"type": "array", "items": {"type": "string"}},
    },
}

RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    400: _answer("A guard refused it"),
    429: _answer(
        "A limit is used up, or a budget is spent",
        **{"Retry-After": {"description": "Seconds to wait", "schema": {"type": "integer"}}},
    ),
    503: _answer("The model or a part of the service is not available"),
}
"""What an endpoint answers besides, for its documentation: `@app.post("/chat", responses=RESPONSES)`."""
