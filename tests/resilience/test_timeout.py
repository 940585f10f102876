"""Timeouts: what is cancelled, what is left behind, and what the caller, limits and events see of it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from calls import World, consume
from genai_guard import ConfigurationError, Pipeline
from genai_guard.errors import CallTimeout
from genai_guard.resilience import Resilience, Retry, Timeout
from genai_guard.testing import FakeClock

from .faults import DOWN, Script

SHORT_S = 0.1


class Hanging:
    """A model that hangs before the chunk of a number, until it is let go."""

    def __init__(self, before: int = 0) -> None:
        self.before = before
        self.let_go = threading.Event()
        self.cancelled = False
        self.calls = 0

    async def _hang(self) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise

    def of(self, kind: str) -> Any:
        def whole(prompt: str) -> str:
            self.calls += 1
            self.let_go.wait(5)
            return "late"

        async def async_whole(prompt: str) -> str:
            self.calls += 1
            await self._hang()
            return "never"

        def generator(prompt: str) -> Iterator[str]:
            self.calls += 1
            for number in range(3):
                if number == self.before:
                    self.let_go.wait(5)
                yield f"{number} "

        async def async_generator(prompt: str) -> AsyncIterator[str]:
            self.calls += 1
            for number in range(3):
                if number == self.before:
                    await self._hang()
                yield f"{number} "

        async def async_stream(prompt: str) -> AsyncIterator[str]:
            return async_generator(prompt)

        return {
            "def": whole,
            "async def": async_whole,
            "generator": generator,
            "async generator": async_generator,
            "def stream": generator,
            "async def stream": async_stream,
        }[kind]


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    model = Hanging()
    yield model
    model.let_go.set()


@pytest.mark.parametrize("kind", ["def", "async def"])
@pytest.mark.parametrize("bound", ["total_s", "attempt_s"])
def test_a_call_that_takes_too_long_is_given_up(kind: str, bound: str, hanging: Hanging) -> None:
    tested = World(parts={"resilience": Resilience(timeout=Timeout(**{bound: SHORT_S}))})
    with pytest.raises(CallTimeout) as caught:
        consume(kind, tested.pipeline(hanging.of(kind)), "hello")
    assert (caught.value.bound, caught.value.seconds) == (bound, SHORT_S)
    assert isinstance(caught.value, TimeoutError)
    assert (tested.event.status, tested.event.error_type) == ("timeout", "CallTimeout")
    assert (tested.limiter.open, tested.limiter.settled) == ([], [None])
    assert hanging.cancelled is (kind == "async def")


@pytest.mark.parametrize("kind", ["generator", "async generator", "async def stream"])
@pytest.mark.parametrize("bound", ["total_s", "attempt_s", "first_token_s"])
def test_a_first_chunk_that_takes_too_long_is_given_up(kind: str, bound: str, hanging: Hanging) -> None:
    tested = World(parts={"resilience": Resilience(timeout=Timeout(**{bound: SHORT_S}))})
    with pytest.raises(CallTimeout) as caught:
        consume(kind, tested.pipeline(hanging.of(kind)), "hello")
    assert caught.value.bound == bound
    assert (tested.event.status, tested.event.chunks, tested.limiter.open) == ("timeout", 0, [])
    assert hanging.cancelled is kind.startswith("async")


@pytest.mark.parametrize("kind", ["generator", "async generator", "async def stream"])
def test_the_whole_of_a_stream_is_bounded_by_the_total_alone(kind: str, hanging: Hanging) -> None:
    hanging.before = 2
    timeout = Timeout(1, attempt_s=0.5, first_token_s=0.5)  # half a second for the first chunk on a busy machine
    tested = World(parts={"resilience": Resilience(timeout=timeout)})
    with pytest.raises(CallTimeout) as caught:
        consume(kind, tested.pipeline(hanging.of(kind)), "hello")
    assert (caught.value.bound, tested.event.chunks, tested.event.status) == ("total_s", 2, "timeout")
    assert tested.limiter.settled == [2 + 1]  # the request and what came


@pytest.mark.parametrize("kind", ["def", "async def", "generator", "async generator", "def stream", "async def stream"])
def test_a_call_in_time_is_what_it_is_without(kind: str) -> None:
    tested = World(parts={"resilience": Resilience(timeout=Timeout(5, attempt_s=5, first_token_s=5))})
    assert consume(kind, tested.pipeline(Script(kind, [["a ", "b ", "c"]]).fn), "hello") == "a b c"
    assert (tested.event.status, tested.event.attempts, tested.limiter.open) == ("ok", 1, [])


def test_what_a_function_raises_in_time_passes_through_from_its_thread() -> None:
    fn = Pipeline(resilience=Resilience(timeout=Timeout(5))).wrap(Script("def", [DOWN]).fn)
    with pytest.raises(type(DOWN)) as caught:
        fn("hello")
    assert caught.value is DOWN


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_a_timeout_of_the_function_itself_is_not_taken_for_ours(kind: str) -> None:
    error = TimeoutError("the client's own")
    fn = Pipeline(resilience=Resilience(timeout=Timeout(5))).wrap(Script(kind, [error]).fn)
    with pytest.raises(TimeoutError) as caught:
        consume(kind, fn, "hello")
    assert caught.value is error


def test_no_thread_is_used_unless_a_timeout_is_asked_for() -> None:
    threads: list[int] = []

    def model(prompt: str) -> str:
        threads.append(threading.get_ident())
        return "fine"

    Pipeline(resilience=Resilience(retry=Retry(2))).wrap(model)("hello")
    Pipeline(resilience=Resilience(timeout=Timeout(5))).wrap(model)("hello")
    assert threads[0] == threading.get_ident() != threads[1]


def test_context_variables_of_the_caller_are_seen_in_the_thread() -> None:
    from genai_guard import caller
    from genai_guard.context import current_caller

    def model(prompt: str) -> str:
        return current_caller().user

    fn = Pipeline(resilience=Resilience(timeout=Timeout(5))).wrap(model)
    with caller(user="u-42"):
        assert fn("hello") == "u-42"


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_an_attempt_that_took_too_long_is_tried_again(kind: str, hanging: Hanging) -> None:
    slow, quick = hanging.of(kind), Script(kind, ["fine"]).fn

    def model(prompt: str) -> Any:
        return slow(prompt) if hanging.calls == 0 else quick(prompt)

    async def amodel(prompt: str) -> Any:
        return await (slow(prompt) if hanging.calls == 0 else quick(prompt))

    tested = World(parts={"resilience": Resilience(timeout=Timeout(attempt_s=SHORT_S), retry=Retry(2, first_wait_s=0))})
    assert consume(kind, tested.pipeline(model if kind == "def" else amodel), "hello") == "fine"
    assert (tested.event.status, tested.event.attempts, tested.limiter.settled) == ("ok", 2, [None, 3])


def test_a_wait_that_would_pass_the_deadline_is_not_begun() -> None:
    clock = FakeClock()
    parts = {"clock": clock.monotonic, "sleep": clock.sleep}
    retry = Retry(5, first_wait_s=4, random=lambda: 1.0)
    model = Script("def", [DOWN])
    began = clock.monotonic()
    with pytest.raises(type(DOWN)):
        Pipeline(resilience=Resilience(timeout=Timeout(10), retry=retry, **parts)).wrap(model.fn)("hello")  # type: ignore[arg-type]
    assert (model.calls, clock.monotonic() - began) == (2, 4)  # the next wait of 8 s would end after 12


def test_a_synchronous_call_returns_in_time(hanging: Hanging) -> None:
    fn = Pipeline(resilience=Resilience(timeout=Timeout(SHORT_S))).wrap(hanging.of("def"))
    began = time.perf_counter()
    with pytest.raises(CallTimeout):
        fn("hello")
    assert time.perf_counter() - began < 1


def test_a_cancellation_from_outside_stays_one(hanging: Hanging) -> None:
    tested = World(parts={"resilience": Resilience(timeout=Timeout(5), retry=Retry(3))})
    fn = tested.pipeline(hanging.of("async def"))

    async def main() -> None:
        task = asyncio.ensure_future(fn("hello"))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert (tested.event.status, tested.limiter.open, hanging.calls, hanging.cancelled) == ("cancelled", [], 1, True)


@pytest.mark.parametrize(
    "options",
    [{}, {"total_s": 0}, {"total_s": -1}, {"attempt_s": float("nan")}, {"first_token_s": "3"}, {"total_s": True}],
)
def test_a_timeout_that_bounds_nothing_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=r"^Timeout\("):
        Timeout(**options)
