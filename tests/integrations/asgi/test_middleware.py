"""The middleware, driven as a server would: no framework, no socket."""

from __future__ import annotations

import json
import re
from contextlib import nullcontext
from typing import Any

import pytest

from genai_guard import ComponentFailed, GuardBlocked, Limit, Pipeline, RateLimited, RateLimiter
from genai_guard.context import caller, current_caller
from genai_guard.errors import ConfigurationError
from genai_guard.integrations.asgi import EventStream, GuardMiddleware, Problems, check_room
from genai_guard.messages import Caller
from integrations.asgi.exchange import SECRET, Events, Exchange, Setup, streaming
from slow_stores import AwaitedStore

WHO: Any = {"user": "x-user", "tenant": "x-tenant", "session": "x-session", "request_id": "x-request-id"}


def calling(ask: Any, *, answers: bool = True) -> Any:
    """Return an application that asks the model with the body, and answers with what it says."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        text = await ask((await receive())["body"].decode())
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": text.encode()})

    return app


async def echo(prompt: str) -> str:
    return f"you said {prompt}"


def failing(error: Exception, *before: dict[str, Any]) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        for message in before:
            await send(message)
        raise error

    return app


START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"text/event-stream; charset=utf-8")],
}
PLAIN = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]}
BODY = {"type": "http.response.body", "body": b"data: 1\n\n", "more_body": True}


# --- who is calling -----------------------------------------------------------------------------------------------------


async def test_calls_in_a_request_are_made_by_its_caller() -> None:
    setup = Setup()
    app = GuardMiddleware(calling(setup.pipeline(echo)), setup.pipeline, **WHO)
    headers = [("X-User", "u-1"), ("x-tenant", "acme"), ("x-session", "s-1"), ("x-request-id", "r-1")]
    assert (await Exchange(app, headers, b"hello").run()).content == b"you said hello"
    assert setup.events[0].caller == Caller("u-1", "acme", "s-1", "r-1")
    assert current_caller() == Caller()


async def test_a_caller_may_come_from_the_scope() -> None:
    seen: list[Caller] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(current_caller())

    guarded = GuardMiddleware(app, user=lambda scope: scope["user"], tenant=lambda scope: None, session=lambda _: "")
    await Exchange(guarded, more={"user": 42}).run()
    assert seen == [Caller(user="42")]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([("x-user", "u-1"), ("x-user", "u-2")], 400),
        ([("x-user", "u" * 257)], 400),
        ([("x-user", "")], 200),
        ([], 200),
    ],
)
async def test_a_header_that_says_two_things_is_refused(headers: list[tuple[str, str]], status: int) -> None:
    setup = Setup()
    found = await Exchange(GuardMiddleware(calling(setup.pipeline(echo)), user="X-User"), headers).run()
    assert found.status == status
    assert status == 200 or (found.problem["type"], setup.events) == ("urn:genai-guard:ambiguous-caller", [])


@pytest.mark.parametrize("given", ["r\u0000x", "-r", "r" * 129, "<script>", "a b"])
async def test_what_is_no_request_id_is_left_out(given: str) -> None:
    setup = Setup()
    app = GuardMiddleware(calling(setup.pipeline(echo)), request_id="x-request-id")
    await Exchange(app, [("x-request-id", given)]).run()
    assert setup.events[0].caller.request_id == ""
    assert setup.events[0].request_id != given


@pytest.mark.parametrize("wrong", [{"user": 3}, {"session": ""}, {"shows_limits": True}])
def test_a_middleware_that_cannot_work_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        GuardMiddleware(echo, **wrong)  # type: ignore[arg-type]


# --- answers --------------------------------------------------------------------------------------------------------------


async def test_a_block_is_a_problem_that_names_the_rules_and_quotes_nothing() -> None:
    setup = Setup()
    app = GuardMiddleware(calling(setup.pipeline(echo)), setup.pipeline)
    found = await Exchange(app, body=f"a forbidden {SECRET}".encode()).run()
    assert (found.status, found.problem["guard"], found.problem["stage"]) == (400, "words", "input")
    assert found.problem["request_id"] == setup.events[0].request_id
    assert SECRET not in repr(found.sent)
    assert "forbidden" not in repr(found.sent)
    assert found.is_complete


async def test_a_limit_is_a_429_that_says_when_to_come_back_and_what_is_left() -> None:
    setup = Setup()
    app = GuardMiddleware(calling(setup.pipeline(echo)), setup.pipeline, user="x-user")
    answers = [await Exchange(app, [("x-user", "u-1")]).run() for _ in range(3)]
    assert [found.status for found in answers] == [200, 200, 429]
    headers = answers[2].answer
    assert 1 <= int(headers["retry-after"]) <= 30
    assert headers["x-ratelimit-limit-requests"] == "2"
    assert headers["x-ratelimit-remaining-requests"] == "0"
    by_user, at_once = headers["ratelimit-policy"].split(", ")
    assert by_user == '"2 requests/minute by user";q=2;w=60'
    assert at_once == '"5 calls at once";q=5;qu="concurrent-requests"'
    assert headers["ratelimit"].split(", ")[0].startswith('"2 requests/minute by user";r=0;t=')
    assert "x-ratelimit-limit-requests" not in answers[0].answer
    assert (await Exchange(app, [("x-user", "u-2")]).run()).status == 200


async def test_every_answer_may_show_the_limits() -> None:
    setup = Setup(Limit.requests(9, per="minute"), Limit.usd(5, per="day"), Limit.requests(3, per="hour", by="model"))
    app = GuardMiddleware(calling(setup.pipeline(echo)), setup.pipeline, shows_limits=True)
    headers = (await Exchange(app).run()).answer
    assert headers["x-ratelimit-remaining-requests"] == "8"
    assert headers["ratelimit-policy"] == '"9 requests/minute";q=9;w=60'
    assert not any("usd" in name for name in headers)


async def test_a_store_that_fails_costs_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    setup = Setup()

    async def fail(**_: str) -> None:
        raise OSError(SECRET)

    monkeypatch.setattr(type(setup.limiter), "apeek", lambda self, **keys: fail(**keys))
    app = GuardMiddleware(failing(RateLimited("x", 3.0)), setup.pipeline)
    found = await Exchange(app).run()
    assert (found.status, found.answer["retry-after"], "ratelimit" in found.answer) == (429, "3", False)


async def test_other_statuses_may_be_chosen() -> None:
    app = GuardMiddleware(failing(GuardBlocked("words", "input")), problems=Problems(statuses={GuardBlocked: 422}))
    assert (await Exchange(app).run()).status == 422


async def test_what_is_no_business_of_the_pipeline_passes_through() -> None:
    with pytest.raises(ValueError, match="mine"):
        await Exchange(GuardMiddleware(failing(ValueError("mine")))).run()
    lifespan = Exchange(GuardMiddleware(failing(RateLimited("x", 1.0))), kind="lifespan")
    with pytest.raises(RateLimited):
        await lifespan.run()


async def test_an_error_in_a_group_of_tasks_is_answered() -> None:
    group = ExceptionGroup("tasks", [ComponentFailed("judge", "input")])
    found = await Exchange(GuardMiddleware(failing(group))).run()
    assert (found.status, "judge" in found.content.decode()) == (503, False)


# --- answers that have begun --------------------------------------------------------------------------------------------


async def test_events_that_have_begun_end_with_the_problem() -> None:
    error = GuardBlocked("words", "output")
    late = RuntimeError("handled, but the answer has begun")
    late.__cause__ = error
    for raised in (error, late):
        found = await Exchange(GuardMiddleware(failing(raised, START, BODY))).run()
        assert [name for name, _ in found.events] == ["message", "error"]
        assert found.events[1][1]["stage"] == "output"
        assert found.is_complete


async def test_an_answer_of_another_kind_breaks_off() -> None:
    for before in ([PLAIN, BODY], [START, {**BODY, "more_body": False}]):
        exchange = Exchange(GuardMiddleware(failing(GuardBlocked("words", "output"), *before)))
        with pytest.raises(GuardBlocked):
            await exchange.run()
        assert len(exchange.sent) == 2


# --- WebSockets -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("error", "code"), [(GuardBlocked("words", "input"), 1008), (RateLimited("x", 2.0), 1013)])
async def test_a_socket_is_closed_with_a_code(error: Exception, code: int) -> None:
    app = GuardMiddleware(failing(error, {"type": "websocket.accept"}))
    found = await Exchange(app, kind="websocket").run()
    assert (found.sent[-1]["type"], found.sent[-1]["code"]) == ("websocket.close", code)


async def test_a_socket_that_was_not_accepted_gets_the_problem_where_the_server_can_say_it() -> None:
    app = GuardMiddleware(failing(RateLimited("x", 2.0)))
    can = await Exchange(app, kind="websocket", extensions={"websocket.http.response": {}}).run()
    cannot = await Exchange(app, kind="websocket").run()
    assert (can.status, json.loads(can.content)["limit"]) == (429, "x")
    assert [message["type"] for message in cannot.sent] == ["websocket.close"]


# --- room, before anything is read ------------------------------------------------------------------------------------------


async def test_whoever_has_used_up_a_limit_is_refused_before_anything_is_read() -> None:
    setup = Setup()
    with caller(user="u-1", request_id="r-7"):
        for _ in range(2):
            await check_room(setup.pipeline)
            setup.limiter.reserve(user="u-1")
        with pytest.raises(RateLimited) as caught:
            await check_room(setup.pipeline)
    assert caught.value.limit == "2 requests/minute by user"
    (event,) = setup.events
    assert (event.status, event.stage, event.denied_by) == ("rate_limited", "limits", "2 requests/minute by user")
    assert (event.caller.user, event.request_id, caught.value.request_id) == ("u-1", "r-7", "r-7")
    with pytest.raises(RateLimited) as exact:
        setup.limiter.reserve(user="u-1")
    assert exact.value.retry_after_s is not None
    assert caught.value.retry_after_s == pytest.approx(exact.value.retry_after_s, rel=0.02)
    with caller(user="u-2"):
        await check_room(setup.pipeline)
    await check_room(None)
    assert len(setup.events) == 1


async def test_where_the_limiter_would_wait_for_room_the_call_is_let_in() -> None:
    limit = Limit.requests(1, per="minute")
    for wait_s, is_refused in ((120, False), (10, True), (None, True)):
        pipeline = Pipeline(limiter=RateLimiter(limit, wait_s=wait_s))
        assert pipeline.limiter is not None
        await pipeline.limiter.areserve()
        with pytest.raises(RateLimited) if is_refused else nullcontext():
            await check_room(pipeline)


@pytest.mark.parametrize("on_error", ["allow", "block"])
async def test_a_store_that_fails_is_answered_for_as_the_limits_say(on_error: Any) -> None:
    events, store = Events(), AwaitedStore()
    limiter = RateLimiter(Limit.requests(1, per="minute", on_error=on_error), store=store)
    store.fails = True
    with nullcontext() if on_error == "allow" else pytest.raises(ComponentFailed, match="OSError"):
        await check_room(Pipeline(limiter=limiter, recorder=events))
    assert [event.status for event in events] == ([] if on_error == "allow" else ["component_failed"])


async def test_no_window_of_the_headers_ends_after_the_time_to_come_back() -> None:
    setup = Setup(Limit.requests(2, per="minute"), Limit.requests(50, per="hour"))
    app = GuardMiddleware(calling(setup.pipeline(echo)), setup.pipeline)
    for _ in range(2):
        await Exchange(app).run()
    headers = (await Exchange(app).run()).answer
    windows_s = [int(found) for found in re.findall(r";t=(\d+)", headers["ratelimit"])]
    assert len(windows_s) == 2
    assert max(windows_s) <= int(headers["retry-after"]) < 60


async def test_events_are_streamed_in_the_context_of_the_caller() -> None:
    setup = Setup()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await EventStream(setup.pipeline(streaming(["a"]))("hello"))(scope, receive, send)

    found = await Exchange(GuardMiddleware(app, user="x-user"), [("x-user", "u-7")]).run()
    assert found.events == [("message", {"text": "a"})]
    assert [event.caller.user for event in setup.events] == ["u-7"]
