"""The cache: which calls are the same, what is kept, who waits for whom, and what limits and events see of it."""

from __future__ import annotations

import asyncio
import functools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from calls import STREAMED, WHOLE, Events, World, consume
from genai_guard import ConfigurationError, GuardBlocked, Limit, Pipeline, caller
from genai_guard.errors import CallTimeout
from genai_guard.guards import PII, BlockedPatterns
from genai_guard.messages import Usage
from genai_guard.resilience import Cache, Fallback, Resilience, Timeout
from genai_guard.resilience.cache import Kept
from genai_guard.resilience.keys import Key
from genai_guard.routing import Experiment, ExperimentRouter, Variant
from genai_guard.testing import FakeClock

from .faults import DOWN, APIStatusError, Script


def cached(*, parts: dict[str, Any] | None = None, **options: Any) -> World:
    return World((Limit.requests(1, per="hour"),), {"resilience": Resilience(cache=Cache(**options)), **(parts or {})})


@pytest.mark.parametrize("kind", WHOLE)
def test_the_same_call_is_made_once_and_reserves_once(kind: str) -> None:
    model, tested = Script(kind, ["first", "second"]), cached()
    fn = tested.pipeline(model.fn)
    assert [consume(kind, fn, "hello") for _ in range(3)] == ["first"] * 3
    events = tested.events
    assert model.calls == 1
    assert [event.answered_by for event in events] == ["", "cache", "cache"]
    assert [event.attempts for event in events] == [1, 0, 0]
    assert events[1].usage == Usage()
    assert (events[1].status, tested.limiter.open, len(tested.limiter.settled)) == ("ok", [], 1)


def test_a_hit_costs_nothing() -> None:
    events = Events()
    pipeline = Pipeline(resilience=Resilience(cache=Cache()), prices={"small": (1.0, 1.0)}, recorder=events)
    fn = pipeline.wrap(Script("def", ["fine"]).fn)
    for _ in range(2):
        fn("hello", model="small")
    assert events[0].cost_usd == pytest.approx(3e-6)
    assert events[1].cost_usd == 0


@pytest.mark.parametrize("kind", STREAMED)
def test_streams_are_not_cached(kind: str) -> None:
    model = Script(kind, [["a ", "b"]])
    fn = Pipeline(resilience=Resilience(cache=Cache())).wrap(model.fn)
    assert [consume(kind, fn, "hello") for _ in range(2)] == ["a b"] * 2
    assert model.calls == 2


def test_other_arguments_make_another_call() -> None:
    calls: list[Any] = []

    def model(messages: list[Any], *, model: str = "small", temperature: float = 0, tools: Any = None) -> str:
        calls.append((messages, model, temperature, tools))
        return f"reply {len(calls)}"

    fn = Pipeline(resilience=Resilience(cache=Cache())).wrap(model)
    hello = [{"role": "user", "content": "hello"}]
    arguments: list[dict[str, Any]] = [
        {"messages": hello},
        {"messages": [{"role": "user", "content": "hello!"}]},
        {"messages": hello, "model": "large"},
        {"messages": hello, "temperature": 1},
        {"messages": hello, "tools": [{"name": "search"}]},
    ]
    for _ in range(2):
        assert [fn(**each) for each in arguments] == [f"reply {number}" for number in range(1, 6)]


def test_tenants_versions_and_pipelines_are_kept_apart_and_users_of_a_tenant_are_not() -> None:
    model, cache = Script("def", [f"reply {number}" for number in range(9)]), Cache()
    target = model.fn
    fn = Pipeline(resilience=Resilience(cache=cache)).wrap(target)
    other = Pipeline(name="other", resilience=Resilience(cache=cache)).wrap(target)
    with caller(tenant="acme", user="u-1"):
        fn("hello")
    with caller(tenant="acme", user="u-2"):
        fn("hello")
    assert model.calls == 1
    with caller(tenant="globex"):
        fn("hello")
    with caller(tenant="acme"):
        other("hello")
    assert model.calls == 3


def test_another_version_is_another_call() -> None:
    from genai_guard.outcome import Call

    pipeline = Pipeline()
    call = Call(pipeline._plan(print))
    from genai_guard.resilience.keys import key_of

    assert key_of(call, "1", print, ("x",), {}) == key_of(call, "1", print, ("x",), {})
    assert key_of(call, "1", print, ("x",), {}) != key_of(call, "2", print, ("x",), {})


def test_variants_are_kept_apart() -> None:
    model = Script("def", [f"reply {number}" for number in range(99)])
    router = ExperimentRouter(Experiment("e", Variant("a", weight=50), Variant("b", weight=50), by="user"))
    fn = Pipeline(router=router, resilience=Resilience(cache=Cache())).wrap(model.fn)
    for number in range(50):
        with caller(user=f"u-{number}"):
            fn("hello")
    assert model.calls == 2


def test_functions_are_kept_apart_also_under_one_name() -> None:
    @dataclass(eq=False)
    class Client:
        name: str

        def ask(self, prompt: str) -> str:
            return self.name

    pipeline = Pipeline(resilience=Resilience(cache=Cache()))
    clients = [Client("a"), Client("b")]
    assert [pipeline.run(client.ask, "hello").value for client in clients] == ["a", "b"]
    assert [pipeline.run(client.ask, "hello").answered_by for client in clients] == ["cache", "cache"]
    small, large = (functools.partial(Script("def", [name]).fn, model=name) for name in ("small", "large"))
    assert [pipeline.wrap(fn)("hello") for fn in (small, large)] == ["small", "large"]


def test_what_cannot_be_compared_is_not_cached() -> None:
    calls: list[Any] = []

    def model(prompt: str, *, tools: Any) -> str:
        calls.append(tools)
        return "fine"

    fn = Pipeline(resilience=Resilience(cache=Cache())).wrap(model)
    for _ in range(2):
        fn("hello", tools=[print])
    assert len(calls) == 2


def test_a_reply_is_forgotten_after_its_time() -> None:
    clock = FakeClock()
    model = Script("def", ["first", "second"])
    fn = Pipeline(resilience=Resilience(cache=Cache(10, clock=clock.monotonic))).wrap(model.fn)
    fn("hello")
    clock.advance(9.9)
    assert fn("hello") == "first"
    clock.advance(0.1)
    assert fn("hello") == "second"


def test_replies_take_no_more_than_their_bytes_and_the_oldest_make_room() -> None:
    cache = Cache(max_bytes=10_000)
    model = Script("def", ["x" * 1000])
    fn = Pipeline(resilience=Resilience(cache=cache)).wrap(model.fn)
    for number in range(50):
        fn("first")
        fn(f"prompt {number}")
        assert cache.size_bytes <= 10_000
    assert 5 < len(cache) < 10
    assert model.prompts.count("first") == 1
    cache.clear()
    assert (len(cache), cache.size_bytes) == (0, 0)


def test_a_reply_larger_than_the_cache_is_not_kept() -> None:
    cache = Cache(max_bytes=1000)
    fn = Pipeline(resilience=Resilience(cache=cache)).wrap(Script("def", ["x" * 1000]).fn)
    fn("hello")
    assert len(cache) == 0


@pytest.mark.parametrize("kind", WHOLE)
def test_errors_are_not_kept(kind: str) -> None:
    model = Script(kind, [DOWN, "fine"])
    fn = Pipeline(resilience=Resilience(cache=Cache())).wrap(model.fn)
    with pytest.raises(APIStatusError):
        consume(kind, fn, "hello")
    assert consume(kind, fn, "hello") == "fine"


def test_what_is_blocked_is_not_kept() -> None:
    model = Script("def", ["poison", "sweet"])
    fn = Pipeline(output=[BlockedPatterns(["poison"])], resilience=Resilience(cache=Cache())).wrap(model.fn)
    with pytest.raises(GuardBlocked):
        fn("hello")
    assert [fn("hello"), fn("hello")] == ["sweet", "sweet"]
    assert model.calls == 2


def test_what_was_cut_off_is_not_kept() -> None:
    calls: list[str] = []

    def model(prompt: str) -> dict[str, Any]:
        calls.append(prompt)
        message = {"role": "assistant", "content": "The sea is"}
        return {"object": "chat.completion", "choices": [{"index": 0, "finish_reason": "length", "message": message}]}

    fn = Pipeline(resilience=Resilience(cache=Cache())).wrap(model)
    fn("hello")
    fn("hello")
    assert len(calls) == 2


def test_what_a_fallback_answered_is_not_kept() -> None:
    model = Script("def", [DOWN, "from large", "from small"])
    fn = Pipeline(resilience=Resilience(cache=Cache(), fallback=Fallback([{"model": "large"}]))).wrap(model.fn)
    assert [fn("hello") for _ in range(3)] == ["from large", "from small", "from small"]


def test_the_output_guards_judge_a_hit_too() -> None:
    events = Events()
    pipeline = Pipeline(output=[PII()], resilience=Resilience(cache=Cache()), recorder=events)
    fn = pipeline.wrap(Script("def", ["write to bob@example.com"]).fn)
    assert [fn("hello"), fn("hello")] == ["write to [EMAIL]"] * 2
    assert [len(event.verdicts) for event in events] == [1, 1]


def test_stand_ins_are_turned_back_into_what_this_caller_wrote() -> None:
    model: list[str] = []

    def echo(prompt: str) -> str:
        model.append(prompt)
        return prompt

    fn = Pipeline(input=[PII(action="pseudonymize")], resilience=Resilience(cache=Cache())).wrap(echo)
    for address in ("bob@example.com", "eve@example.org"):
        assert fn(f"write to {address}") == f"write to {address}"
    assert [prompt for prompt in model if "bob@" in prompt or "eve@" in prompt] == []


def test_a_hit_shares_no_object_with_another_caller() -> None:
    def model(prompt: str) -> dict[str, Any]:
        return {
            "object": "chat.completion",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "a"}}],
        }

    fn = Pipeline(resilience=Resilience(cache=Cache())).wrap(model)
    fn("hello")["choices"].clear()
    fn("hello")["choices"].clear()
    assert len(fn("hello")["choices"]) == 1


# --- one flight -------------------------------------------------------------------------------------------------------


def together(count: int, fn: Callable[[], Any]) -> list[Any]:
    results: list[Any] = []

    def run() -> None:
        try:
            results.append(fn())
        except Exception as error:  # noqa: BLE001
            results.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_threads_wait_for_the_one_that_calls() -> None:
    tested, calls = cached(), []

    def model(prompt: str) -> str:
        calls.append(prompt)
        time.sleep(0.05)
        return "fine"

    fn = tested.pipeline(model)
    assert together(8, lambda: fn("hello")) == ["fine"] * 8
    assert len(calls) == 1
    assert sorted(event.answered_by for event in tested.events) == ["", *["cache"] * 7]
    assert tested.limiter.open == []


async def test_tasks_wait_for_the_one_that_calls() -> None:
    tested, calls = cached(), []

    async def model(prompt: str) -> str:
        calls.append(prompt)
        await asyncio.sleep(0.01)
        return "fine"

    fn = tested.pipeline(model)
    assert await asyncio.gather(*(fn("hello") for _ in range(8))) == ["fine"] * 8
    assert (len(calls), len(tested.events)) == (1, 8)


def test_those_who_waited_call_themselves_when_the_call_fails() -> None:
    calls: list[str] = []
    first = threading.Event()

    def model(prompt: str) -> str:
        calls.append(prompt)
        if len(calls) == 1:
            first.wait(5)
            raise DOWN
        return "fine"

    fn = Pipeline(resilience=Resilience(cache=Cache())).wrap(model)
    timer = threading.Timer(0.05, first.set)
    timer.start()
    results = together(4, lambda: fn("hello"))
    assert sorted(map(type, results), key=str) == sorted([APIStatusError, str, str, str], key=str)


async def test_one_of_those_who_waited_takes_over_when_the_caller_goes_away() -> None:
    calls: list[str] = []

    async def model(prompt: str) -> str:
        calls.append(prompt)
        await asyncio.sleep(0.02)
        return f"reply {len(calls)}"

    events = Events()
    fn = Pipeline(resilience=Resilience(cache=Cache()), recorder=events).wrap(model)
    tasks = [asyncio.ensure_future(fn("hello")) for _ in range(5)]
    await asyncio.sleep(0.005)
    tasks[0].cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(results[0], asyncio.CancelledError)
    assert results[1:] == ["reply 2"] * 4
    assert len(calls) == 2
    assert sorted(event.status for event in events) == ["cancelled", *["ok"] * 4]


async def test_one_who_stops_waiting_disturbs_nobody() -> None:
    async def model(prompt: str) -> str:
        await asyncio.sleep(0.02)
        return "fine"

    fn = Pipeline(resilience=Resilience(cache=Cache())).wrap(model)
    tasks = [asyncio.ensure_future(fn("hello")) for _ in range(3)]
    await asyncio.sleep(0.005)
    tasks[1].cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [results[0], results[2]] == ["fine", "fine"]
    assert isinstance(results[1], asyncio.CancelledError)


@pytest.mark.parametrize("kind", WHOLE)
def test_whoever_waits_keeps_its_own_deadline(kind: str) -> None:
    cache, gate = Cache(), threading.Event()
    events = Events()

    def slow(prompt: str) -> str:
        gate.wait(5)
        return "late"

    async def aslow(prompt: str) -> str:
        while not gate.is_set():  # noqa: ASYNC110  set by another thread
            await asyncio.sleep(0.005)
        return "late"

    model: Any = slow if kind == "def" else aslow
    patient = Pipeline(resilience=Resilience(cache=cache)).wrap(model)
    hurried = Pipeline(resilience=Resilience(cache=cache, timeout=Timeout(0.05)), recorder=events).wrap(model)
    replies: list[str] = []
    thread = threading.Thread(target=lambda: replies.append(consume(kind, patient, "hello")))
    thread.start()
    while not cache._flights:
        time.sleep(0.001)
    with pytest.raises(CallTimeout) as caught:
        consume(kind, hurried, "hello")
    gate.set()
    thread.join()
    assert caught.value.bound == "total_s"
    assert (events[0].status, events[0].attempts, replies) == ("timeout", 0, ["late"])


def test_a_landing_is_one_for_each_claim() -> None:
    cache, key = Cache(), Key((0, 1), b"digest")
    claim = cache.claim(key)
    assert claim.leads
    assert claim.flight is not None
    assert not cache.claim(key).leads
    cache.land(key, claim.flight, Kept("fine"), None)
    assert cache.claim(key).kept == Kept("fine")


@pytest.mark.parametrize("options", [{"ttl_s": 0}, {"max_bytes": 0}, {"max_bytes": 1.5}, {"version": 3}])
def test_what_makes_no_sense_is_refused_when_it_is_built(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(options))):
        Cache(**options)
