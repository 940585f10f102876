"""Guarded streams as server-sent events, and readers who hang up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genai_guard import GuardBlocked, Limit, Pipeline, RateLimiter
from genai_guard.errors import ConfigurationError
from genai_guard.integrations.asgi import EventStream, GuardMiddleware, as_json, events, opened, server_sent_event
from genai_guard.limits import MemoryStore
from genai_guard.testing import FakeLLM
from integrations.asgi.exchange import SECRET, Events, Exchange, Setup, read_events, streaming
from slow_stores import AwaitedStore


@settings(max_examples=40)
@given(st.text())
def test_data_of_any_kind_comes_back(text: str) -> None:
    assert read_events(server_sent_event(as_json(text)))[0][1] == {"text": text}


@settings(max_examples=40)
@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n{[")), max_size=4),
    st.sampled_from(["\n", "\r", "\r\n"]),
)
def test_lines_of_plain_data_come_back_with_ends_of_one_kind(lines: list[str], end: str) -> None:
    assert read_events(server_sent_event(end.join(lines)))[0][1] == "\n".join(lines)


def test_chunks_of_clients_are_written_as_their_json() -> None:
    (_, chunk, *_) = FakeLLM("hello").chat.completions.create(messages=[{"role": "user", "content": "x"}], stream=True)
    assert json.loads(as_json(chunk))["choices"][0]["delta"]["content"] == "hello"
    with pytest.raises(ConfigurationError, match="encode="):
        as_json(object())


async def test_an_outcome_ends_with_what_a_page_wants_to_know() -> None:
    setup = Setup()
    outcome = setup.pipeline.run(streaming(["Write to ", "bo@example.com", " now"]), "I am jo@example.com")
    found = await Exchange(EventStream(outcome)).run()
    *said, (name, told) = found.events
    assert "".join(data["text"] for _, data in said) == "Write to [EMAIL] now"
    assert (name, told["request_id"]) == ("done", setup.events[0].request_id)
    assert {"guard": "pii", "action": "redact", "categories": ["EMAIL"]} in told["guards"]
    assert "example.com" not in found.content.decode()
    assert found.answer["content-type"] == "text/event-stream"
    assert found.is_complete


def sync_model(prompt: str) -> Iterator[str]:
    yield from ["sweet ", "poison ", "here"]


@pytest.mark.parametrize("model", [sync_model, streaming(["sweet ", "poison ", "here"])])
async def test_what_is_refused_in_mid_stream_is_the_last_event(model: Any) -> None:
    setup = Setup()
    app = EventStream(setup.pipeline.run(model, f"hello {SECRET}"))
    found = await Exchange(app).run()
    assert [name for name, _ in found.events] == ["message", "error"]
    assert (found.events[1][1]["guard"], found.events[1][1]["stage"]) == ("words", "output")
    assert (SECRET in repr(found.sent), "poison" in repr(found.sent)) == (False, False)
    assert (len(setup.events), setup.events[0].status, setup.in_flight, found.is_complete) == (1, "blocked", 0, True)


async def test_what_is_refused_before_the_first_chunk_is_no_answer_yet() -> None:
    setup = Setup()
    exchange = Exchange(EventStream(setup.pipeline(streaming(["x"]))("a forbidden thing")))
    with pytest.raises(GuardBlocked):
        await exchange.run()
    assert exchange.sent == []
    with pytest.raises(GuardBlocked):
        await opened(events(setup.pipeline(streaming(["poison"]))("hello")))


async def test_what_the_model_raises_is_told_without_a_word_of_it_and_raised() -> None:
    setup = Setup()
    exchange = Exchange(
        GuardMiddleware(EventStream(setup.pipeline(streaming(["The sea ", "is blue ", f"raise {SECRET}"]))("hello")))
    )
    with pytest.raises(ValueError, match=SECRET):
        await exchange.run()
    assert exchange.events[-1][1] == {"type": "urn:genai-guard:broken", "title": "The answer broke off", "status": 500}
    assert SECRET not in exchange.content.decode()
    assert [event.status for event in setup.events] == ["error"]


async def test_a_silent_model_is_kept_company() -> None:
    setup = Setup()
    chunks = setup.pipeline(streaming(["The sea ", "is blue "], forever=True))("hello")
    exchange = Exchange(EventStream(chunks, ping_s=0.001), hangs_up=lambda each: each.content.count(b": ping") > 1)
    await exchange.run()
    assert exchange.content.startswith(b'data: {"text": "The')


@pytest.mark.parametrize("after", [0, 1, 3])
async def test_a_reader_who_hangs_up_closes_the_model_and_leaves_one_event(after: int) -> None:
    setup, closed = Setup(), list[str]()
    model = streaming(["The sea ", "is blue ", "and wide "], forever=True, closed=closed)
    exchange = Exchange(
        EventStream(setup.pipeline(model)("hello")), hangs_up=lambda each: len(each.sent) > after and bool(each.sent)
    )
    if not after:
        exchange.hangs_up = lambda _: True
    await exchange.run()
    assert closed in ([], ["closed"])  # a model that was never asked has nothing to close
    assert [event.status for event in setup.events] in ([], ["abandoned"])
    assert setup.in_flight == 0
    assert not exchange.is_complete
    if after:
        assert (closed, len(setup.events)) == (["closed"], 1)


async def test_a_reader_who_hangs_up_while_the_model_is_silent_has_abandoned_the_call() -> None:
    setup, closed = Setup(), list[str]()
    exchange = Exchange(
        EventStream(setup.pipeline(streaming(["The sea ", "is blue "], forever=True, closed=closed))("hello"))
    )
    serving = asyncio.ensure_future(exchange.run())
    await exchange.until(2)
    exchange.hangs_up = lambda _: True
    exchange.note()
    await serving
    (event,) = setup.events
    assert (event.status, event.error_type, event.chunks, closed, setup.in_flight) == (
        "abandoned",
        "",
        2,
        ["closed"],
        0,
    )


async def test_a_synchronous_stream_is_closed_too() -> None:
    setup = Setup()
    exchange = Exchange(EventStream(setup.pipeline(sync_endless)("hello")), hangs_up=lambda each: len(each.sent) > 2)
    await exchange.run()
    assert ([event.status for event in setup.events], setup.in_flight) == (["abandoned"], 0)


def sync_endless(prompt: str) -> Iterator[str]:
    while True:
        yield "on and on "


async def test_a_server_that_cancels_a_request_ends_the_stream() -> None:
    setup, closed = Setup(), list[str]()
    exchange = Exchange(
        EventStream(setup.pipeline(streaming(["The sea ", "is blue "], forever=True, closed=closed))("hello"))
    )
    serving = asyncio.ensure_future(exchange.run())
    await exchange.until(2)
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving
    assert ([event.status for event in setup.events], closed, setup.in_flight) == (["abandoned"], ["closed"], 0)


@pytest.mark.parametrize("leaves", ["cancelled", "hung up"])
@pytest.mark.parametrize("store", [MemoryStore, AwaitedStore])
async def test_whenever_a_reader_goes_nothing_stays_reserved(store: Any, leaves: str) -> None:
    endings = set()
    for steps in range(24):
        recorded = Events()
        limiter = RateLimiter(Limit.concurrent(5), store=store())
        pipeline = Pipeline(limiter=limiter, recorder=recorded)
        exchange = Exchange(EventStream(pipeline(streaming(["The sea ", "is blue "]))("hello")))
        serving = asyncio.ensure_future(exchange.run())
        for _ in range(steps):
            await asyncio.sleep(0)
        if leaves == "cancelled" or not steps:
            serving.cancel()
        else:
            exchange.hangs_up = lambda _: True
            exchange.note()
        await asyncio.wait({serving})
        assert [level.used for level in await limiter.apeek()] == [0], steps
        endings.add(tuple((event.status, event.settled) for event in recorded))
    assert {(("abandoned", True),), (("ok", True),)} <= endings <= {(), (("abandoned", True),), (("ok", True),)}


async def test_what_is_no_stream_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="str is no stream"):
        await Exchange(EventStream("a whole reply")).run()
