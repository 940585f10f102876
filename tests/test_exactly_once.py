"""Law 9: exactly one event for every call, and every reservation settled, however the call ends."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls import KINDS, STREAMED, WHOLE, World, consume, target
from genai_guard import GuardBlocked, Limit, RateLimited
from genai_guard.guards import BlockedPatterns

CHUNKS = ["The sea ", "is blue ", "and wide."]
ENDINGS: dict[str, BaseException] = {
    "error": RuntimeError("the model broke"),
    "timeout": TimeoutError(),
    "cancelled": asyncio.CancelledError(),
}


@pytest.fixture
def world() -> World:
    return World(parts={"input": [BlockedPatterns(["forbidden"])], "output": [BlockedPatterns(["poison"])]})


@pytest.mark.parametrize("kind", KINDS)
def test_success_is_recorded_and_settled_once(world: World, kind: str) -> None:
    assert consume(kind, world.pipeline(target(kind, CHUNKS)), "hello") == "".join(CHUNKS)
    assert world.event.status == "ok"
    assert (world.limiter.open, len(world.limiter.settled)) == ([], 1)


@pytest.mark.parametrize("kind", KINDS)
def test_a_block_of_the_input_is_recorded_and_never_reaches_the_model(world: World, kind: str) -> None:
    seen: list[str] = []
    with pytest.raises(GuardBlocked) as caught:
        consume(kind, world.pipeline(target(kind, CHUNKS, seen)), "a forbidden thing")
    assert (world.event.status, world.event.stage, seen, world.limiter.settled) == ("blocked", "input", [], [])
    assert caught.value.request_id == world.event.request_id != ""


@pytest.mark.parametrize("kind", KINDS)
def test_a_block_of_the_output_is_recorded_and_settled(world: World, kind: str) -> None:
    with pytest.raises(GuardBlocked):
        consume(kind, world.pipeline(target(kind, ["sweet ", "poison ", "here"])), "hello")
    assert world.event.status == "blocked"
    assert (world.limiter.open, len(world.limiter.settled)) == ([], 1)


@pytest.mark.parametrize("kind", KINDS)
def test_a_denied_call_is_recorded_and_never_reaches_the_model(kind: str) -> None:
    world = World(limits=(Limit.requests(1, per="hour"),))
    seen: list[str] = []
    fn = world.pipeline(target(kind, CHUNKS, seen))
    consume(kind, fn, "first")
    world.events.clear()
    with pytest.raises(RateLimited) as caught:
        consume(kind, fn, "second")
    assert (world.event.status, world.event.denied_by, seen) == ("rate_limited", caught.value.limit, ["first"])
    assert world.limiter.open == []


@pytest.mark.parametrize("status", ENDINGS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("before", [0, 2])
def test_what_the_model_raises_passes_through_and_is_recorded(kind: str, status: str, before: int) -> None:
    world = World()
    error = ENDINGS[status]
    with pytest.raises(type(error)) as caught:
        consume(kind, world.pipeline(target(kind, [*CHUNKS[:before], error])), "hello")
    if status != "cancelled":  # asyncio.run raises a cancellation of its own
        assert caught.value is error
    assert (world.event.status, world.event.error_type) == (status, type(error).__name__)
    assert (world.limiter.open, len(world.limiter.settled)) == ([], 1)


@pytest.mark.parametrize("kind", ["def", "generator", "def stream"])
def test_a_keyboard_interrupt_passes_through_and_is_recorded(kind: str) -> None:
    world = World()
    with pytest.raises(KeyboardInterrupt):
        consume(kind, world.pipeline(target(kind, [KeyboardInterrupt()])), "hello")
    assert (world.event.status, world.limiter.open) == ("cancelled", [])


def test_a_stop_iteration_of_the_model_passes_through_unchanged() -> None:
    world = World()
    error = StopIteration("odd but true")

    def model(prompt: str) -> str:
        raise error

    with pytest.raises(StopIteration) as caught:
        world.pipeline(model)("hello")
    assert caught.value is error
    assert world.event.error_type == "StopIteration"


@pytest.mark.parametrize("kind", STREAMED)
def test_a_stream_closed_half_way_is_abandoned_and_charged_for_what_came(kind: str) -> None:
    world = World()
    assert consume(kind, world.pipeline(target(kind, CHUNKS)), "hello", take=1) == CHUNKS[0]
    assert (world.event.status, world.event.chunks, world.limiter.open) == ("abandoned", 1, [])
    assert world.limiter.settled == [2 + 2]


@pytest.mark.parametrize("kind", STREAMED)
def test_closing_twice_records_once(kind: str) -> None:
    world = World()
    fn = world.pipeline(target(kind, CHUNKS))

    async def aclose_twice() -> None:
        stream = fn("hello") if kind == "async generator" else await fn("hello")
        await anext(stream)
        await stream.aclose()
        await stream.close()

    if kind.startswith("async"):
        asyncio.run(aclose_twice())
    else:
        stream = fn("hello")
        next(stream)
        stream.close()
        stream.close()
    assert world.event.status == "abandoned"


@pytest.mark.parametrize("kind", ["generator", "def stream"])
@pytest.mark.parametrize("in_a_cycle", [False, True])
def test_a_stream_dropped_unread_is_settled_by_its_last_reference_or_by_the_next_call(
    kind: str, *, in_a_cycle: bool
) -> None:
    world = World()
    fn = world.pipeline(target(kind, CHUNKS))

    def start() -> None:
        stream = fn("hello")
        next(stream)
        if in_a_cycle:
            stream.self = stream

    start()
    gc.collect()
    world.pipeline.reap()
    assert (world.event.status, world.limiter.open) == ("abandoned", [])


def test_a_collection_while_a_lock_is_held_does_not_settle_inside_the_collector() -> None:
    world = World()
    stream = world.pipeline(target("def stream", CHUNKS))("hello")
    next(stream)
    stream.self = stream
    del stream
    gc.collect()
    assert world.events == []
    world.pipeline(target("def", CHUNKS))("next call")
    assert [event.status for event in world.events] == ["abandoned", "ok"]


@pytest.mark.parametrize("kind", ["async generator", "async def stream"])
@pytest.mark.parametrize("in_a_cycle", [False, True])
def test_an_async_stream_dropped_unread_is_settled_by_its_loop(kind: str, *, in_a_cycle: bool) -> None:
    world = World()
    fn = world.pipeline(target(kind, CHUNKS))

    async def start() -> None:
        stream = fn("hello") if kind == "async generator" else await fn("hello")
        await anext(stream)
        if in_a_cycle:
            stream.self = stream

    async def main() -> None:
        await start()
        gc.collect()
        for _ in range(5):
            await asyncio.sleep(0)

    asyncio.run(main())
    assert (world.event.status, world.limiter.open) == ("abandoned", [])


def test_an_async_stream_that_outlives_its_loop_is_settled_all_the_same() -> None:
    world = World()

    async def start() -> Any:
        stream = await world.pipeline(target("async def stream", CHUNKS))("hello")
        await anext(stream)
        return stream

    stream = asyncio.run(start())
    del stream
    world.pipeline.reap()
    assert (world.event.status, world.limiter.open) == ("abandoned", [])


def test_a_generator_function_that_is_never_started_has_claimed_nothing() -> None:
    world = World()
    stream = world.pipeline(target("generator", CHUNKS))("hello")
    assert world.limiter.open == []
    stream.close()
    assert world.limiter.settled == []


@pytest.mark.parametrize("kind", ["async def", "async generator", "async def stream"])
def test_a_task_cancelled_in_mid_call_is_recorded_and_settled(kind: str) -> None:
    world = World()
    started = asyncio.Event()

    async def hang(prompt: str) -> str:
        started.set()
        await asyncio.Event().wait()
        return prompt

    async def hang_streaming(prompt: str) -> Any:
        yield "first "
        await hang(prompt)

    async def stream_of(prompt: str) -> Any:
        return hang_streaming(prompt)

    fn: Callable[..., Any] = world.pipeline(
        {"async def": hang, "async generator": hang_streaming, "async def stream": stream_of}[kind]
    )

    async def read() -> None:
        if kind == "async def":
            await fn("hello")
            return
        stream = fn("hello") if kind == "async generator" else await fn("hello")
        async for _ in stream:
            pass

    async def main() -> None:
        task = asyncio.create_task(read())
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert (world.event.status, world.limiter.open) == ("cancelled", [])


@pytest.mark.parametrize("kind", ["def stream", "async def stream"])
def test_the_source_of_a_stream_is_closed_when_it_is_not_read_to_its_end(kind: str) -> None:
    world = World(parts={"output": [BlockedPatterns(["poison"])]})
    sources: list[Any] = []
    inner = target(kind, ["sweet ", "poison ", "never read"])

    def keep(source: Any) -> Any:
        sources.append(source)
        return source

    async def asynchronous(prompt: str) -> Any:
        return keep(await inner(prompt))

    def synchronous(prompt: str) -> Any:
        return keep(inner(prompt))

    fn = world.pipeline(asynchronous if kind.startswith("async") else synchronous)
    with pytest.raises(GuardBlocked):
        consume(kind, fn, "hello")
    assert sources[0].closed


@given(
    kind=st.sampled_from(KINDS),
    chunks=st.lists(st.sampled_from(["a ", "poison ", "bob@example.com ", "z"]), max_size=5),
    ending=st.sampled_from(["ok", *ENDINGS]),
    prompt=st.sampled_from(["hello", "forbidden"]),
    take=st.none() | st.integers(1, 3),
)
def test_whatever_happens_there_is_one_event_and_nothing_stays_reserved(
    kind: str, chunks: list[str], ending: str, prompt: str, take: int | None
) -> None:
    world = World(parts={"input": [BlockedPatterns(["forbidden"])], "output": [BlockedPatterns(["poison"])]})
    script: list[Any] = chunks if ending == "ok" else [*chunks, ENDINGS[ending]]
    outcome = "ok"
    try:
        consume(kind, world.pipeline(target(kind, script)), prompt, take=None if kind in WHOLE else take)
    except BaseException as error:  # noqa: BLE001
        outcome = type(error).__name__
    assert world.limiter.open == []
    assert len(world.limiter.settled) == (0 if world.event.stage in {"read", "input", "limits"} else 1)
    assert (world.event.status in {"ok", "abandoned"}) == (outcome == "ok")
