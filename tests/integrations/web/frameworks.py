"""The same application in several frameworks: `/whole` answers, `/stream` streams, both ask the pipeline."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from genai_guard import Pipeline
from genai_guard.errors import Rejected
from genai_guard.integrations.asgi import EventStream, GuardMiddleware, Problems, events, opened

__all__ = ["FRAMEWORKS", "Build"]

Model = Callable[[str], Any]
Build = Callable[[Pipeline, Model], Any]
USER = "x-user"


async def whole_text(pipeline: Pipeline, model: Model, text: str) -> str:
    return "".join([chunk async for chunk in pipeline(model)(text)])


def plain(pipeline: Pipeline, model: Model) -> Any:
    """No framework at all."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        text = (await receive())["body"].decode()
        if scope["path"] == "/stream":
            await EventStream(pipeline.run(model, text))(scope, receive, send)
            return
        body = (await whole_text(pipeline, model, text)).encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    return GuardMiddleware(app, pipeline, user=USER)


def starlette(pipeline: Pipeline, model: Model) -> Any:
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.responses import PlainTextResponse, StreamingResponse
    from starlette.routing import Route

    async def whole(request: Any) -> Any:
        return PlainTextResponse(await whole_text(pipeline, model, (await request.body()).decode()))

    async def stream(request: Any) -> Any:
        frames = await opened(events(pipeline.run(model, (await request.body()).decode())))
        return StreamingResponse(frames, media_type="text/event-stream")

    routes = [Route("/whole", whole, methods=["POST"]), Route("/stream", stream, methods=["POST"])]
    return Starlette(routes=routes, middleware=[Middleware(GuardMiddleware, pipeline=pipeline, user=USER)])


def fastapi(pipeline: Pipeline, model: Model) -> Any:
    from typing import Annotated

    from fastapi import Body, Depends, FastAPI
    from starlette.responses import Response

    from genai_guard.integrations.fastapi import answer_problems, guarded_caller, sse

    app = FastAPI(dependencies=[Depends(guarded_caller(pipeline, user=USER))])
    answer_problems(app, pipeline)
    # A body that is plain text is read by the endpoints themselves.
    raw = Annotated[bytes, Body(media_type="text/plain")]

    async def whole(text: bytes) -> Response:
        return Response(await whole_text(pipeline, model, text.decode()))

    async def stream(text: bytes) -> Response:
        return sse(pipeline.run(model, text.decode()))

    for endpoint in (whole, stream):
        endpoint.__annotations__ = {"text": raw, "return": Response}
        app.post(f"/{endpoint.__name__}")(endpoint)
    return app


def litestar(pipeline: Pipeline, model: Model) -> Any:
    from litestar import Litestar, Request, Response, post
    from litestar.middleware import DefineMiddleware
    from litestar.response import Stream

    async def whole(request: Any) -> Any:
        return Response(await whole_text(pipeline, model, (await request.body()).decode()), status_code=200)

    async def stream(request: Any) -> Any:
        frames = await opened(events(pipeline.run(model, (await request.body()).decode())))
        return Stream(frames, media_type="text/event-stream", status_code=200)

    def refused(request: Any, error: Rejected) -> Any:
        problem = Problems().of(error)
        assert problem is not None
        return Response(problem.body(), status_code=problem.status, headers=dict(problem.headers))

    for handler in (whole, stream):
        handler.__annotations__ = {"request": Request, "return": Response}
    return Litestar(
        [post("/whole")(whole), post("/stream")(stream)],
        middleware=[DefineMiddleware(GuardMiddleware, pipeline=pipeline, user=USER)],
        exception_handlers={Rejected: refused},
    )


def quart(pipeline: Pipeline, model: Model) -> Any:
    from quart import Quart, Response, request

    async def asked() -> str:
        data: Any = await request.get_data()
        return str(data, "utf-8")

    app: Any = Quart(__name__)

    async def whole() -> Any:
        return await whole_text(pipeline, model, await asked())

    async def stream() -> Any:
        frames = await opened(events(pipeline.run(model, await asked())))
        return Response(frames, content_type="text/event-stream")

    async def refused(error: Rejected) -> Any:
        problem = Problems().of(error)
        assert problem is not None
        return problem.body(), problem.status, dict(problem.headers)

    app.post("/whole")(whole)
    app.post("/stream")(stream)
    app.errorhandler(Rejected)(refused)
    app.asgi_app = GuardMiddleware(app.asgi_app, pipeline, user=USER)
    return app


def django(pipeline: Pipeline, model: Model) -> Any:
    import sys
    from types import ModuleType

    from django.conf import settings
    from django.core.asgi import get_asgi_application
    from django.http import HttpResponse, StreamingHttpResponse
    from django.urls import path

    async def whole(request: Any) -> Any:
        return HttpResponse(await whole_text(pipeline, model, request.body.decode()))

    async def stream(request: Any) -> Any:
        frames = await opened(events(pipeline.run(model, request.body.decode())))
        return StreamingHttpResponse(frames, content_type="text/event-stream")

    urls: Any = ModuleType("urls_of_the_tests")
    urls.urlpatterns = [path("whole", whole), path("stream", stream)]
    urls.answer = _django_answer
    sys.modules[urls.__name__] = urls
    if not settings.configured:
        settings.configure(
            ROOT_URLCONF=urls.__name__, MIDDLEWARE=[f"{urls.__name__}.answer"], ALLOWED_HOSTS=["127.0.0.1"]
        )
    from django.urls import clear_url_caches

    clear_url_caches()
    return GuardMiddleware(get_asgi_application(), pipeline, user=USER)


class DjangoAnswer:
    """A middleware of Django that answers refusals."""

    async_capable = True
    sync_capable = False

    def __init__(self, get_response: Any) -> None:
        from asgiref.sync import markcoroutinefunction

        self.get_response = get_response
        markcoroutinefunction(self)

    async def __call__(self, request: Any) -> Any:
        return await self.get_response(request)

    def process_exception(self, request: Any, error: Exception) -> Any:
        from django.http import HttpResponse

        problem = Problems().of(error)
        return (
            None
            if problem is None
            else HttpResponse(problem.body(), status=problem.status, headers=dict(problem.headers))
        )


def _django_answer(get_response: Any) -> DjangoAnswer:
    return DjangoAnswer(get_response)


_django_answer.async_capable = True  # type: ignore[attr-defined]
_django_answer.sync_capable = False  # type: ignore[attr-defined]

FRAMEWORKS: dict[str, Build] = {
    "plain": plain, "starlette": starlette, "fastapi": fastapi, "litestar": litestar, "quart": quart, "django": django
}  # fmt: skip
