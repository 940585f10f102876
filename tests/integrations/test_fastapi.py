"""FastAPI itself, called as a server would call it."""

from __future__ import annotations

import json
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI, Header, HTTPException, WebSocket
from pydantic import BaseModel
from starlette.background import BackgroundTask
from starlette.responses import Response

from genai_guard.context import current_caller
from genai_guard.integrations.asgi import GuardMiddleware, Problems
from genai_guard.integrations.fastapi import RESPONSES, answer_problems, guarded_caller, sse
from genai_guard.messages import Caller
from integrations.asgi.exchange import SECRET, Exchange, Setup, streaming


class Question(BaseModel):
    text: str


def current_user(authorization: Annotated[str, Header()] = "") -> str:
    if not authorization.startswith("Bearer "):
        raise HTTPException(401)
    return authorization.removeprefix("Bearer ")


class Service(Setup):
    """An application with an endpoint that answers and one that streams."""

    def __init__(self, *, by_middleware: bool = False) -> None:
        super().__init__()
        self.app = FastAPI()
        self.ran: list[str] = []
        if by_middleware:
            self.app.add_middleware(GuardMiddleware, pipeline=self.pipeline, user="x-user")
        else:
            answer_problems(self.app, self.pipeline)
        dependency = Depends(guarded_caller(self.pipeline, user=current_user, request_id="x-request-id"))
        depends = [] if by_middleware else [dependency]
        model = self.pipeline(streaming(["Write to ", "bo@example.com", " and ", "poison"]))
        quiet = streaming(["All is ", "well."])

        @self.app.post("/whole", dependencies=depends, responses=RESPONSES)
        async def whole(question: Question) -> dict[str, str]:
            self.ran.append(current_caller().user)
            return {"text": "".join([chunk async for chunk in self.pipeline(quiet)(question.text)])}

        @self.app.post("/threaded", dependencies=depends)
        def threaded(question: Question) -> dict[str, str]:
            return {"text": self.pipeline(lambda prompt: f"you said {prompt}")(question.text)}

        @self.app.post("/stream", dependencies=depends)
        async def stream(question: Question) -> Response:
            response = sse(
                model(question.text) if "poison" in question.text else self.pipeline.run(quiet, question.text)
            )
            response.background = BackgroundTask(self.ran.append, "background")
            return response

    async def post(self, path: str, text: Any = "hello", *, user: str = "u-1", **headers: str) -> Exchange:
        given = [("content-type", "application/json"), ("authorization", f"Bearer {user}"), ("x-user", user)]
        more = {"path": path, "raw_path": path.encode(), "root_path": "", "scheme": "http", "http_version": "1.1"}
        given += [(name.replace("_", "-"), value) for name, value in headers.items()]
        return await Exchange(self.app, given, json.dumps({"text": text}).encode(), more=more).run()


@pytest.mark.parametrize("path", ["/whole", "/threaded", "/stream"])
@pytest.mark.parametrize("by_middleware", [False, True])
async def test_an_endpoint_calls_the_model_as_its_caller(path: str, *, by_middleware: bool) -> None:
    service = Service(by_middleware=by_middleware)
    found = await service.post(path, user="u-9")
    assert found.status == 200
    assert [(event.status, event.caller.user) for event in service.events] == [("ok", "u-9")]
    assert current_caller() == Caller()


@pytest.mark.parametrize("path", ["/whole", "/threaded", "/stream"])
@pytest.mark.parametrize("by_middleware", [False, True])
async def test_a_refusal_is_answered_by_a_problem(path: str, *, by_middleware: bool) -> None:
    service = Service(by_middleware=by_middleware)
    blocked = await service.post(path, f"a forbidden {SECRET}")
    assert (blocked.status, blocked.problem["guard"]) == (400, "words")
    assert SECRET not in repr(blocked.sent)
    for _ in range(2):
        await service.post(path)
    limited = await service.post(path)
    assert (limited.status, limited.problem["limit"]) == (429, "2 requests/minute by user")
    assert int(limited.answer["retry-after"]) > 1
    assert '"2 requests/minute by user";q=2;w=60' in limited.answer["ratelimit-policy"]
    assert (await service.post(path, user="u-2")).status == 200


async def test_the_limits_are_asked_before_the_body_is_looked_at() -> None:
    service = Service()
    for _ in range(2):
        await service.post("/whole")
    assert (await service.post("/whole", text=["no", "text"], x_request_id="r-3")).problem["request_id"] == "r-3"
    assert [event.status for event in service.events] == ["ok", "ok", "rate_limited"]
    assert (await service.post("/whole", text=["no", "text"], user="u-2")).status == 422
    assert len(service.ran) == 2


async def test_the_dependency_that_knows_the_user_may_refuse_them() -> None:
    service = Service()
    more = {"path": "/whole", "raw_path": b"/whole", "root_path": "", "scheme": "http", "http_version": "1.1"}
    found = await Exchange(service.app, [("content-type", "application/json")], b'{"text": "x"}', more=more).run()
    assert (found.status, service.events) == (401, [])


async def test_a_stream_ends_with_what_the_page_wants_to_know_and_runs_its_background_task() -> None:
    service = Service()
    found = await service.post("/stream", x_request_id="r-17")
    assert {name for name, _ in found.events[:-1]} == {"message"}
    assert found.events[-1][0] == "done"
    assert found.events[-1][1]["request_id"] == "r-17"
    assert found.answer["content-type"] == "text/event-stream"
    assert service.ran == ["background"]


@pytest.mark.parametrize("by_middleware", [False, True])
async def test_a_refusal_in_mid_stream_is_the_last_event(*, by_middleware: bool) -> None:
    service = Service(by_middleware=by_middleware)
    found = await service.post("/stream", "say poison, please")
    assert "".join(data["text"] for name, data in found.events if name == "message").startswith("Write to [EMAIL]")
    assert (found.events[-1][0], found.events[-1][1]["stage"]) == ("error", "output")
    assert (found.is_complete, service.in_flight, len(service.events)) == (True, 0, 1)


async def test_a_header_that_comes_twice_is_refused() -> None:
    app = FastAPI()

    @app.get("/", dependencies=[Depends(guarded_caller(user="x-user"))])
    async def who() -> str:
        return current_caller().user

    more = {"path": "/", "raw_path": b"/", "root_path": "", "scheme": "http", "http_version": "1.1", "method": "GET"}
    once = await Exchange(app, [("x-user", "u-1")], more=more).run()
    twice = await Exchange(app, [("x-user", "u-1"), ("x-user", "u-2")], more=more).run()
    assert (once.content, twice.status) == (b'"u-1"', 400)


async def test_a_socket_is_refused_or_closed_like_any_other_call() -> None:
    setup = Setup()
    app = FastAPI()
    answer_problems(app, setup.pipeline)
    model = setup.pipeline(streaming(["poison"]))

    @app.websocket("/", dependencies=[Depends(guarded_caller(setup.pipeline, user="x-user"))])
    async def chat(socket: WebSocket) -> None:
        await socket.accept()
        async for chunk in model("hello"):
            await socket.send_text(chunk)

    more = {"path": "/", "raw_path": b"/", "root_path": "", "scheme": "ws", "subprotocols": []}
    found = [await Exchange(app, [("x-user", "u-1")], kind="websocket", more=more).run() for _ in range(3)]
    assert [[message["type"] for message in each.sent] for each in found] == [
        ["websocket.accept", "websocket.close"],
        ["websocket.accept", "websocket.close"],
        ["websocket.close"],
    ]
    assert [each.sent[-1]["code"] for each in found] == [1008, 1008, 1013]
    assert [event.status for event in setup.events] == ["blocked", "blocked", "rate_limited"]
    assert {event.caller.user for event in setup.events} == {"u-1"}


async def test_a_user_whose_number_is_zero_is_a_user() -> None:
    app = FastAPI()

    @app.get("/", dependencies=[Depends(guarded_caller(user=lambda: 0))])
    async def who() -> str:
        return current_caller().user

    more = {"path": "/", "raw_path": b"/", "root_path": "", "scheme": "http", "http_version": "1.1", "method": "GET"}
    assert (await Exchange(app, more=more).run()).content == b'"0"'


async def test_the_documentation_of_an_endpoint_tells_the_problems() -> None:
    answers = Service().app.openapi()["paths"]["/whole"]["post"]["responses"]
    assert {"200", "400", "429", "503"} <= answers.keys()
    assert "Retry-After" in answers["429"]["headers"]
    assert answers["400"]["content"]["application/problem+json"]["schema"]["required"] == ["type", "title", "status"]


async def test_other_statuses_may_be_chosen() -> None:
    from genai_guard import GuardBlocked

    app = FastAPI()
    answer_problems(app, problems=Problems(statuses={GuardBlocked: 422}))

    @app.get("/")
    async def refuse() -> None:
        raise GuardBlocked("words", "input")

    more = {"path": "/", "raw_path": b"/", "root_path": "", "scheme": "http", "http_version": "1.1", "method": "GET"}
    assert (await Exchange(app, more=more).run()).status == 422
