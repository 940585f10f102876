"""Limits whose store takes its time: awaited, or in a thread, with nothing left behind however the call ends."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from calls import KINDS, STREAMED, Events, consume, target
from genai_guard import ConfigurationError, GuardBlocked, Limit, Pipeline, RateLimited, RateLimiter
from genai_guard.guards import BlockedPatterns
from genai_guard.limits import MemoryStore
from genai_guard.messages import Usage
from genai_guard.recording.event import Event
from genai_guard.resilience import Fallback, Resilience, Retry
from genai_guard.verdicts import Action, Finding, Verdict
from slow_stores import AwaitedStore, BlockingStore, Book

ASYNC = [kind for kind in KINDS if kind.startswith("async")]
SYNC = [kind for kind in KINDS if not kind.startswith("async")]
CHUNKS = ["The sea ", "is blue ", "and wide."]
LIMITS = (Limit.requests(3, per="hour"), Limit.tokens(10_000, per="minute", by="user"), Limit.concurrent(2))
STORES = [AwaitedStore, BlockingStore]


class World:
    """A pipeline whose limits take their time."""

    def __init__(self, store: Any, *limits: Limit, **parts: Any) -> None:
        self.events = Events()
        self.store = store
        self.limiter = RateLimiter(*(limits or LIMITS), store=store)
        self.pipeline = Pipeline(limiter=self.limiter, recorder=self.events, **parts)

    @property
    def event(self) -> Event:
        assert len(self.events) == 1, f"{len(self.events)} events"
        return self.events[0]


def told(world: World) -> list[Any]:
    return [(e.status, e.stage, e.denied_by, e.usage, e.error_type, e.settled, e.attempts) for e in world.events]


def play(kind: str, store: Any) -> tuple[Any, ...]:
    """Call four times, of which the limit refuses the last and the model the second."""
    world = World(store, input=[BlockedPatterns(["forbidden"])])
    seen: list[str] = []
    for number in range(4):
        broken = [CHUNKS[0], RuntimeError("the model broke")]
        fn = world.pipeline(target(kind, broken if number == 1 else CHUNKS, seen))
        try:
            seen.append(consume(kind, fn, "hello"))
        except (RuntimeError, RateLimited) as error:
            seen.append(type(error).__name__)
    with pytest.raises(GuardBlocked):
        consume(kind, world.pipeline(target(kind, CHUNKS)), "a forbidden thing")
    used = [(row.limit, row.key, row.used) for row in asyncio.run(world.limiter.ausage())]
    assert isinstance(store, MemoryStore) or not store.held
    return told(world), seen, used


@pytest.mark.parametrize("kind", ASYNC)
@pytest.mark.parametrize("store", STORES)
def test_a_call_ends_alike_wherever_usage_is_kept(kind: str, store: type[Book]) -> None:
    assert play(kind, store()) == play(kind, MemoryStore())


@pytest.mark.parametrize("kind", SYNC)
def test_a_blocking_store_serves_synchronous_functions_where_they_are(kind: str) -> None:
    store = BlockingStore()
    assert play(kind, store)[:2] == play(kind, MemoryStore())[:2]
    assert threading.get_ident() in store.threads


@pytest.mark.parametrize("kind", ASYNC)
def test_a_blocking_store_is_never_asked_by_the_event_loop(kind: str) -> None:
    store = BlockingStore()
    world = World(store)
    consume(kind, world.pipeline(target(kind, CHUNKS)), "hello")
    assert store.asked == ["reserve", "settle"]
    assert threading.get_ident() not in store.threads


async def test_what_an_async_stream_of_a_plain_function_asks_is_not_asked_by_the_event_loop() -> None:
    store = BlockingStore()
    world = World(store, expected_output_tokens=1)

    async def chunks() -> AsyncIterator[str]:
        for _ in range(3):
            yield "sixteen or more bytes"

    stream = world.pipeline(lambda prompt: chunks())("hello")
    store.asked.clear()
    store.threads.clear()
    assert [each async for each in stream] == ["sixteen or more bytes"] * 3
    assert (store.asked, store.held) == (["extend", "settle"], set())
    assert threading.get_ident() not in store.threads


async def test_the_event_loop_goes_on_while_a_store_blocks() -> None:
    waiting, go_on = threading.Event(), threading.Event()

    class Stuck(BlockingStore):
        def ask(self, name: str, run: Any, *args: Any) -> Any:
            waiting.set()
            assert go_on.wait(5)
            return super().ask(name, run, *args)

    call = asyncio.ensure_future(World(Stuck()).pipeline(target("async def", CHUNKS))("hello"))
    await asyncio.to_thread(waiting.wait, 5)
    assert not call.done()
    go_on.set()
    assert await call == "".join(CHUNKS)


@pytest.mark.parametrize("kind", SYNC)
def test_a_synchronous_function_cannot_have_an_asynchronous_store(kind: str) -> None:
    pipeline = World(AwaitedStore()).pipeline
    with pytest.raises(ConfigurationError, match=r"store of the limiter is asynchronous and .* is not: give"):
        pipeline.wrap(target(kind, CHUNKS))
    if kind == "def":
        with pytest.raises(ConfigurationError, match="asynchronous"):
            pipeline.run(target(kind, CHUNKS), "hello")


def test_a_store_in_memory_has_nobody_wait_but_for_room() -> None:
    assert not RateLimiter(*LIMITS).may_wait
    assert RateLimiter(*LIMITS, wait_s=1).may_wait
    assert RateLimiter(*LIMITS, store=BlockingStore()).may_wait


# --- Cancelled ----------------------------------------------------------------------------------------------------


async def cancelled_after(steps: int, kind: str, fn: Any) -> bool:
    """Consume a call whose task is cancelled after so many turns of the event loop; return whether it was over before."""

    async def work() -> None:
        reply = fn("hello")
        if kind != "async generator":
            reply = await reply
        if not isinstance(reply, str):
            async for _ in reply:
                pass

    task = asyncio.ensure_future(work())
    for _ in range(steps):
        await asyncio.sleep(0)
    was_over = task.done()
    task.cancel()
    await asyncio.wait([task])
    gc.collect(1)
    for _ in range(20):
        await asyncio.sleep(0)
    return was_over


@pytest.mark.parametrize("kind", ASYNC)
def test_a_call_that_is_cancelled_anywhere_leaves_nothing_behind_and_one_event(kind: str) -> None:
    for steps in range(1, 60):
        store = AwaitedStore()
        world = World(store, expected_output_tokens=1)  # which a stream outgrows
        was_over = asyncio.run(cancelled_after(steps, kind, world.pipeline(target(kind, CHUNKS))))
        assert not store.held, steps
        assert store.store.bind(LIMITS).peek({"": "", "user": b""})[2].used == 0
        assert world.event.status == ("ok" if was_over else world.event.status)
        if was_over:
            return
    raise AssertionError("the call is never over")


async def test_a_call_that_is_cancelled_while_a_thread_is_at_the_store_gives_back_what_it_gets() -> None:
    waiting, go_on = threading.Event(), threading.Event()

    class Slow(BlockingStore):
        def ask(self, name: str, run: Any, *args: Any) -> Any:
            waiting.set()
            assert go_on.wait(5)
            return super().ask(name, run, *args)

    world = World(store := Slow())
    call = asyncio.ensure_future(world.pipeline(target("async def", CHUNKS))("hello"))
    await asyncio.to_thread(waiting.wait, 5)
    call.cancel()
    await asyncio.sleep(0)
    go_on.set()
    await asyncio.wait([call])
    assert call.cancelled()
    assert (store.held, store.asked, world.event.status) == (set(), ["reserve", "settle"], "cancelled")


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("kind", [kind for kind in STREAMED if kind.startswith("async")])
def test_a_stream_that_outlives_its_event_loop_is_settled(kind: str, store: type[Book]) -> None:
    world = World(book := store())
    fn = world.pipeline(target(kind, CHUNKS))
    streams: list[Any] = []

    async def begin() -> None:
        streams.append(fn("hello") if kind == "async generator" else await fn("hello"))
        assert await anext(streams[0]) == CHUNKS[0]

    loop = asyncio.new_event_loop()
    loop.run_until_complete(begin())
    loop.close()
    assert book.held
    streams.clear()
    gc.collect()
    world.pipeline.reap()
    assert (world.event.status, world.event.settled, book.held) == ("abandoned", True, set())
    assert book.asked[-1] == ("settle_later" if store is AwaitedStore else "settle")


def test_a_store_that_cannot_settle_later_is_told_of_on_the_event() -> None:
    class Bare(AwaitedStore):
        def bind(self, limits: Any, previous: Any = None, /) -> Any:
            counts = super().bind(limits, previous)
            counts.settle_later = None
            return counts

    world = World(Bare())
    stream = world.pipeline(target("async generator", CHUNKS))("hello")
    asyncio.run(anext(stream))
    stream._loop = None
    del stream
    gc.collect()
    world.pipeline.reap()
    assert (world.event.status, world.event.settled) == ("abandoned", False)


@pytest.mark.parametrize("store", STORES)
async def test_a_store_that_fails_when_a_call_is_settled_hides_no_reply(store: type[Book]) -> None:
    world = World(book := store())

    async def model(prompt: str) -> str:
        book.fails = True
        return "fine"

    assert await world.pipeline(model)("hello") == "fine"
    assert (world.event.status, world.event.settled) == ("ok", False)


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("on_error", ["allow", "block"])
async def test_a_store_that_fails_does_as_the_limits_say(store: type[Book], on_error: Any) -> None:
    world = World(
        book := store(), Limit.requests(3, per="hour", on_error=on_error), on_reject=lambda error: error.status
    )
    book.fails = True
    if on_error == "allow":
        assert await world.pipeline(target("async def", CHUNKS))("hello") == "".join(CHUNKS)
    else:
        with pytest.raises(Exception, match="limiter"):
            await world.pipeline(target("async def", CHUNKS))("hello")
    assert [verdict.error for verdict in world.event.verdicts] == ["OSError"]


# --- Attempts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("store", [*STORES, MemoryStore])
@pytest.mark.parametrize("kind", ["async def", "async def stream"])
async def test_each_attempt_is_reserved_and_settled_by_itself(store: Any, kind: str) -> None:
    asked = 0

    async def model(prompt: str, *, model: str = "large") -> Any:
        nonlocal asked
        asked += 1
        if asked < 3:
            raise ConnectionError
        return await target(kind, CHUNKS)(prompt)

    resilience = Resilience(retry=Retry(2, first_wait_s=0.001), fallback=Fallback([{"model": "small"}]))
    world = World(book := store(), resilience=resilience)
    reply = await world.pipeline(model)("hello")
    assert (reply if kind == "async def" else "".join([chunk async for chunk in reply])) == "".join(CHUNKS)
    assert (world.event.attempts, world.event.settled) == (3, True)
    if not isinstance(book, MemoryStore):
        assert (book.asked, book.held) == (["reserve", "settle"] * 3, set())


@dataclass
class Wants:
    """A guard that wants a word in the reply."""

    name: str = "wants"
    action: str = "block"
    max_reasks: int = 2
    mode: str = "enforce"

    def check(self, text: str, /) -> Verdict:
        if "please" in text:
            return Verdict(Action.ALLOW, text)
        return Verdict(Action.BLOCK, text, (Finding("wants.word", "IMPOLITE", 0, len(text)),), feedback="Say please.")


@pytest.mark.parametrize("store", [*STORES, MemoryStore])
async def test_a_reply_that_is_asked_for_again_is_reserved_and_settled_again(store: Any) -> None:
    replies = iter(["no", "yes please"])

    async def model(prompt: str) -> str:
        return next(replies)

    world = World(book := store(), output=[Wants()])
    assert await world.pipeline(model)("hello") == "yes please"
    assert world.event.attempts == 2
    if not isinstance(book, MemoryStore):
        assert (book.asked, book.held) == (["reserve", "settle"] * 2, set())


class Costly:
    """A guard that asks a model of its own and says no."""

    name = "costly"
    action = "block"

    def check(self, text: str, /) -> Verdict:
        return Verdict(
            Action.BLOCK, text, (Finding("costly.no", "NO", 0, len(text)),), model="judge", usage=Usage(100, 10)
        )


@pytest.mark.parametrize("store", [*STORES, MemoryStore])
async def test_what_guards_spent_on_a_request_that_they_refuse_is_charged(store: Any) -> None:
    world = World(book := store(), input=[Costly()])
    with pytest.raises(GuardBlocked):
        await world.pipeline(target("async def", CHUNKS))("hello")
    assert (await world.limiter.apeek())[1].used == 110
    assert isinstance(book, MemoryStore) or not book.held
