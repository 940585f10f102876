"""A stream that outgrows its estimate reserves more, renews its leases, and is not torn unless a budget is to do so."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls import STREAMED, Events, consume, target
from genai_guard import BudgetExceeded, Limit, Pipeline, RateLimiter
from genai_guard.limiting import Growth
from genai_guard.limits import MemoryStore, Ticket
from genai_guard.limits.agreement import OnOverrun
from genai_guard.outcome import Call
from genai_guard.prices import Price, Prices
from slow_stores import AwaitedStore, BlockingStore

CHUNK = "four tokens here"  # 16 bytes
TOKENS = Limit.tokens(100_000, per="hour")
STORES: dict[str, Any] = {"def": BlockingStore, "generator": BlockingStore, "async": AwaitedStore}


class World:
    """A pipeline whose store tells what it was asked."""

    def __init__(
        self, kind: str, *limits: Limit, expected: int = 8, on_overrun: OnOverrun = "debt", **parts: Any
    ) -> None:
        self.events = Events()
        self.store = STORES[kind.split(maxsplit=1)[0]]()
        self.limiter = RateLimiter(*limits, store=self.store, on_overrun=on_overrun)
        self.pipeline = Pipeline(
            limiter=self.limiter,
            recorder=self.events,
            expected_output_tokens=expected,
            prices=Prices({}, unknown_model=Price(0, 1_000_000)),
            **parts,
        )

    def used(self) -> list[float]:
        bound: Any = self.limiter._now.awaited
        counts = bound.inner if isinstance(self.store, AwaitedStore) else self.store.store.bind(self.limiter.limits)
        return [level.used for level in counts.peek({"": ""})]


@pytest.mark.parametrize("kind", STREAMED)
def test_a_stream_within_its_estimate_asks_its_limits_for_nothing_more(kind: str) -> None:
    world = World(kind, TOKENS, expected=400)
    consume(kind, world.pipeline(target(kind, [CHUNK] * 100)), "hi")
    assert world.store.asked == ["reserve", "settle"]


@pytest.mark.parametrize("kind", STREAMED)
def test_a_stream_that_grows_reserves_in_steps_what_it_comes_to(kind: str) -> None:
    world = World(kind, TOKENS)
    reserved: list[float] = []

    def chunks() -> Any:
        for number in range(500):
            reserved.append(world.used()[0])
            assert reserved[-1] + 8 >= 4 * number, "a chunk is no more than one behind"
            yield CHUNK

    assert consume(kind, world.pipeline(target(kind, chunks())), "hi") == CHUNK * 500
    assert world.store.asked.count("extend") == len(set(reserved)) - 1 <= 9
    assert (world.used(), world.store.held, world.events[0].status) == ([2_001], set(), "ok")


@pytest.mark.parametrize("kind", STREAMED)
def test_no_more_is_reserved_than_the_request_allows_the_reply(kind: str) -> None:
    world = World(kind, TOKENS)
    most: list[float] = []

    def chunks() -> Any:
        for _ in range(100):
            yield CHUNK
            most.append(world.used()[0])

    fn = world.pipeline(_with_max_tokens(kind, chunks()))
    consume(kind, fn, "hi", max_tokens=150)
    assert max(most) <= 1 + 150


def _with_max_tokens(kind: str, chunks: Any) -> Any:
    inner = target(kind, chunks)
    if kind == "generator":

        def generator(prompt: str, *, max_tokens: int) -> Any:
            yield from inner(prompt)

        return generator
    if kind == "async generator":

        async def async_generator(prompt: str, *, max_tokens: int) -> Any:
            async for chunk in inner(prompt):
                yield chunk

        return async_generator
    if kind == "def stream":

        def sync_stream(prompt: str, *, max_tokens: int) -> Any:
            return inner(prompt)

        return sync_stream

    async def stream(prompt: str, *, max_tokens: int) -> Any:
        return await inner(prompt)

    return stream


# --- Refused ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", STREAMED)
@pytest.mark.parametrize("on_overrun", ["debt", "stop"])
def test_a_rate_that_has_no_room_tears_no_stream_and_the_next_call_pays(kind: str, on_overrun: OnOverrun) -> None:
    world = World(kind, Limit.tokens(100, per="hour"), on_overrun=on_overrun)
    assert consume(kind, world.pipeline(target(kind, [CHUNK] * 50)), "hi") == CHUNK * 50
    assert world.events[0].status == "ok"
    assert world.used() == [201]
    assert 1 <= world.store.asked.count("extend") <= 4, "a refusal is no reason to ask for every chunk"
    with pytest.raises(Exception, match="100 tokens/hour"):
        consume(kind, world.pipeline(target(kind, [CHUNK])), "hi")


@pytest.mark.parametrize("kind", STREAMED)
def test_a_budget_that_has_no_room_ends_the_stream_if_asked_to(kind: str) -> None:
    budget = Limit.usd(100, per="day", name="budget")
    world = World(kind, budget, TOKENS, on_overrun="stop")
    with pytest.raises(BudgetExceeded) as caught:
        consume(kind, world.pipeline(target(kind, [CHUNK] * 50)), "hi")
    event = world.events[0]
    assert (event.status, event.denied_by, event.stage, event.settled) == ("budget_exceeded", "budget", "stream", True)
    assert caught.value.limits == ("budget",)
    assert world.used()[0] == event.usage.output_tokens == 4 * event.chunks
    assert 60 <= event.usage.output_tokens <= 100


@pytest.mark.parametrize("kind", STREAMED)
def test_a_budget_that_has_no_room_tears_no_stream_unless_asked_to(kind: str) -> None:
    world = World(kind, Limit.usd(100, per="day"))
    assert consume(kind, world.pipeline(target(kind, [CHUNK] * 50)), "hi") == CHUNK * 50
    assert (world.events[0].status, world.used()) == ("ok", [200])


def test_a_stream_that_a_budget_ends_can_be_answered() -> None:
    world = World("generator", Limit.usd(100, per="day"), on_overrun="stop", on_reject=lambda _: "[budget spent]")
    text = consume("generator", world.pipeline(target("generator", [CHUNK] * 50)), "hi")
    assert text.endswith(CHUNK + "[budget spent]")


def test_what_becomes_of_an_overrun_is_one_of_two() -> None:
    with pytest.raises(Exception, match=r"on_overrun='tear'\): must be 'debt' or 'stop'"):
        RateLimiter(TOKENS, on_overrun="tear")  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", STREAMED)
def test_a_store_that_fails_tears_no_stream(kind: str) -> None:
    world = World(kind, TOKENS, on_overrun="stop")

    def chunks() -> Any:
        for _ in range(50):
            world.store.fails = True
            yield CHUNK
        world.store.fails = False

    assert consume(kind, world.pipeline(target(kind, chunks())), "hi") == CHUNK * 50
    event = world.events[0]
    assert {verdict.error for verdict in event.verdicts} == {"OSError"}
    assert (event.status, event.settled, world.used()) == ("ok", True, [201])


# --- Leases -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", STREAMED)
@pytest.mark.parametrize("chunk", [CHUNK, object()], ids=["text", "unreadable"])
def test_a_long_stream_renews_its_leases_every_half_of_them(
    kind: str, chunk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr("genai_guard.pipeline.time.perf_counter", lambda: now)
    world = World(kind, Limit.concurrent(1, lease_s=600), TOKENS, expected=10_000)

    def chunks() -> Any:
        nonlocal now
        for _ in range(200):
            now += 10
            yield chunk

    fn = world.pipeline(target(kind, chunks()))
    if kind.startswith("async"):
        _drain_async(kind, fn)
    else:
        for _ in fn("hi"):
            pass
    assert world.store.asked.count("extend") == pytest.approx(2_000 / 300, abs=1)
    assert world.store.held == set()


def _drain_async(kind: str, fn: Any) -> None:
    import asyncio

    async def drain() -> None:
        stream = fn("hi")
        async for _ in stream if kind == "async generator" else await stream:
            pass

    asyncio.run(drain())


def test_a_long_stream_keeps_its_place_in_flight() -> None:
    now = 0

    def clock() -> int:
        return now

    limiter = RateLimiter(Limit.concurrent(1, lease_s=0.000_002), store=MemoryStore(clock=clock))

    def chunks(prompt: str) -> Any:
        nonlocal now
        for _ in range(10):
            now += 1_500  # nanoseconds: more than half of the lease, while real time passes by far more
            yield CHUNK

    for number, _ in enumerate(Pipeline(limiter=limiter)(chunks)("hi")):
        if number:
            assert limiter.peek()[0].used == 1
    assert limiter.peek()[0].used == 0


# --- The rule -----------------------------------------------------------------------------------------------------


@given(
    st.lists(st.integers(1, 3_000), min_size=1, max_size=60),
    st.integers(0, 400),
    st.one_of(st.none(), st.integers(1, 4_000)),
    st.integers(50, 5_000),
)
def test_what_is_reserved_follows_what_is_streamed(
    sizes: list[int], expected: int, max_tokens: int | None, room: int
) -> None:
    limiter = RateLimiter(Limit.tokens(room, per="month", calendar=True))
    call = _call(limiter, expected, max_tokens)
    assert call.ticket is not None
    try:
        limiter.reserve(call.ticket, tokens=min(expected, room))
    except Exception:  # noqa: BLE001  then nothing grows
        return
    growth = Growth.of(call.plan, call, is_awaited=False)
    assert growth is not None
    asked = 0
    for size in sizes:
        call.output_size += size
        if call.output_size > growth.size:
            asked += 1
            for _ in growth.growing(0.0):
                raise AssertionError("nothing has to be awaited")
            assert growth.size >= call.output_size or growth.size == float("inf")
    streamed, used = call.output_size // 4, limiter.peek()[0].used
    most = max_tokens if max_tokens is not None and max_tokens > expected else max(expected, 64 + streamed * 3 // 2 + 1)
    assert used <= max(most, expected)
    assert asked <= 14, "steps grow with what is streamed"


def _call(limiter: RateLimiter, expected: int, max_tokens: int | None) -> Call:
    plan = Pipeline(limiter=limiter)._plan(lambda prompt: prompt)
    call = Call(plan)
    call.request = call.request._replace(max_tokens=max_tokens)
    call.ticket, call.expected = Ticket(), expected
    return call
