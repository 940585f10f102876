"""Whatever becomes of a copy, the caller is answered as if there were none."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from calls import KINDS, STREAMED, Events, consume, target
from genai_guard import Limit, MetricsRecorder, Pipeline
from genai_guard.guards import BlockedPatterns
from genai_guard.limits import RateLimiter
from genai_guard.routing.shadow import Shadow
from genai_guard.routing.shadow.pool import Pool
from shadows import consumed

CHUNKS = ["The sea ", "is blue ", "and wide."]
FAILURES: list[type[BaseException]] = [
    RuntimeError,
    TimeoutError,
    StopIteration,
    RecursionError,
    SystemExit,
    GeneratorExit,
    KeyboardInterrupt,
    asyncio.CancelledError,
]
color: ContextVar[str] = ContextVar("color", default="red")


class Closed(MetricsRecorder):
    """A recorder that cannot even be asked."""

    def record(self, event: object) -> None:
        raise SystemExit


def raising(error: type[BaseException]) -> Callable[..., Any]:
    def fail(*_: object) -> None:
        raise error

    return fail


def seen(kind: str, shadow: Shadow | None) -> tuple[str, list[tuple[Any, ...]]]:
    """Return what a caller and a recorder see of a call."""
    events = Events()
    pipeline = Pipeline(recorder=events, output=[BlockedPatterns(["poison"])], shadow=shadow)
    text = consumed(kind, pipeline(target(kind, CHUNKS)), shadow)
    assert color.get() == "red"
    return text, [(each.status, each.stage, each.error_type, each.response, each.attempts) for each in events]


def broken_limiter() -> RateLimiter:
    limiter = RateLimiter(Limit.requests(10, per="day"))
    object.__setattr__(limiter, "reserve", raising(OSError))
    return limiter


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    chunks=st.lists(st.sampled_from(["One ", "poison ", "two", *FAILURES]), max_size=4),
    comparer=st.sampled_from([None, *FAILURES]),
    on_result=st.sampled_from([None, *FAILURES]),
    recorder=st.sampled_from(["own", "closed", "broken"]),
    budget=st.sampled_from(["none", "empty", "broken"]),
    places=st.sampled_from(["free", "none", "closed"]),
)
def test_no_failure_of_a_copy_alters_the_answer(
    *,
    kind: str,
    chunks: list[Any],
    comparer: type[BaseException] | None,
    on_result: type[BaseException] | None,
    recorder: str,
    budget: str,
    places: str,
) -> None:
    chunks = [each() if isinstance(each, type) else each for each in chunks]

    def other(prompt: str) -> Any:
        color.set("blue")
        return target(kind, chunks)(prompt)

    with structlog.testing.capture_logs():
        shadow = Shadow(
            "other",
            target=other if kind in {"def", "def stream"} else target(kind, chunks),
            sample=1.0,
            limits=[Limit.requests(1, per="day")] if budget == "empty" else (),
            comparer=None if comparer is None else raising(comparer),
            on_result=None if on_result is None else raising(on_result),
            recorder={"own": MetricsRecorder, "closed": MetricsRecorder, "broken": Closed}[recorder](),
        )
        if recorder == "closed" and shadow.recorder is not None:
            shadow.recorder.close()
        if budget == "empty":
            seen(kind, shadow)
        if budget == "broken":
            object.__setattr__(shadow, "_limiter", broken_limiter())
        if places == "none":
            object.__setattr__(shadow, "pool", Pool("full", max_concurrent=0, deadline_s=1.0))
        if places == "closed":
            shadow.close(timeout_s=30)
        assert seen(kind, shadow) == seen(kind, None)
        summary = shadow.summary()

    assert summary.copies + sum(summary.dropped.values()) == (2 if budget == "empty" else 1)
    assert summary.running == 0


@pytest.mark.parametrize("kind", STREAMED)
def test_a_stream_that_was_not_read_to_its_end_is_not_copied(kind: str) -> None:
    shadow = Shadow("other", target=target(kind, CHUNKS), sample=1.0)
    fn = Pipeline(shadow=shadow)(target(kind, CHUNKS))

    assert consume(kind, fn, "hello", take=1) == CHUNKS[0]
    assert shadow.flush(timeout_s=30)
    assert (shadow.summary().copies, shadow.summary().dropped) == (0, {})


def test_many_threads_never_make_more_copies_at_a_time_than_allowed() -> None:
    lock, counts = threading.Lock(), {"now": 0, "most": 0}

    def other(prompt: str) -> str:
        with lock:
            counts["now"] += 1
            counts["most"] = max(counts["most"], counts["now"])
        time.sleep(0.001)
        with lock:
            counts["now"] -= 1
        return prompt

    shadow = Shadow("other", target=other, sample=1.0, max_concurrent=3)
    ask = Pipeline(shadow=shadow)(target("def", CHUNKS))
    threads = [threading.Thread(target=lambda: [ask("hello") for _ in range(50)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert shadow.flush(timeout_s=10)
    summary = shadow.summary()
    assert 0 < counts["most"] <= 3
    assert summary.copies + summary.dropped.get("busy", 0) == 400


@pytest.mark.parametrize("kind", ["async def", "async generator", "async def stream"])
def test_an_event_loop_that_ends_ends_its_copies(kind: str) -> None:
    events = Events()
    forever = asyncio.Event()

    async def hang(prompt: str) -> str:
        await forever.wait()
        return prompt

    shadow = Shadow("other", target=hang, sample=1.0)
    fn = Pipeline(recorder=events, shadow=shadow)(target(kind, CHUNKS))

    assert consume(kind, fn, "hello") == "".join(CHUNKS)
    assert shadow.flush(timeout_s=30)
    summary = shadow.summary()
    assert summary.statuses == {"cancelled": 1} or summary.dropped == {"cancelled": 1}


def test_a_copy_in_an_event_loop_is_cancelled_at_its_deadline() -> None:
    async def hang(prompt: str) -> str:
        await asyncio.sleep(60)
        return prompt

    shadow = Shadow("other", target=hang, sample=1.0, deadline_s=0.01)
    assert consumed("async def", Pipeline(shadow=shadow)(target("async def", CHUNKS)), shadow) == "".join(CHUNKS)
    assert shadow.summary().statuses == {"timeout": 1}


def test_tasks_of_a_loop_that_was_closed_give_their_places_back() -> None:
    async def hang(prompt: str) -> str:
        await asyncio.sleep(60)
        return prompt

    shadow = Shadow("other", target=hang, sample=1.0, max_concurrent=1)
    ask = Pipeline(shadow=shadow)(target("async def", CHUNKS))
    loop = asyncio.new_event_loop()
    loop.run_until_complete(ask("hello"))
    for task in asyncio.all_tasks(loop):
        task._log_destroy_pending = False  # type: ignore[attr-defined]
    loop.close()  # as nobody should

    assert consumed("async def", ask, None) == "".join(CHUNKS)
    assert shadow.summary().dropped in ({}, {"cancelled": 1})


def test_no_thread_runs_before_the_first_copy_and_none_after_the_last_reference() -> None:
    before = threading.active_count()
    shadow = Shadow("forgotten", target=lambda _: "x", sample=1.0)
    ask = Pipeline(shadow=shadow)(target("def", CHUNKS))
    assert threading.active_count() == before
    ask("hello")
    assert shadow.flush(timeout_s=30)
    own = [each for each in threading.enumerate() if each.name == "genai_guard shadow forgotten"]
    del shadow, ask
    for _ in range(100):
        gc.collect()  # once the thread of the copy is gone
        own[0].join(0.1)
        if not own[0].is_alive():
            break

    assert [each.is_alive() for each in own] == [False]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_makes_copies_of_its_own() -> None:
    gate = threading.Event()
    shadow = Shadow("other", target=lambda prompt: prompt == "hang" and gate.wait(), sample=1.0, max_concurrent=1)
    ask = Pipeline(shadow=shadow)(target("def", CHUNKS))
    ask("hang")
    child = os.fork()
    if child == 0:
        ask("hello")
        done = shadow.flush(timeout_s=10)
        os._exit(0 if done and shadow.summary().dropped == {} else 1)
    gate.set()

    assert os.waitpid(child, 0)[1] == 0
    assert shadow.flush(timeout_s=30)


def test_copying_a_value_that_holds_itself_ends() -> None:
    message: dict[str, Any] = {"role": "user", "content": "hello"}
    messages: list[Any] = [message, message]
    message["all"] = messages
    asked: list[Any] = []
    shadow = Shadow("other", target=asked.append, sample=1.0)
    Pipeline(shadow=shadow)(lambda messages: "x")(messages)

    assert shadow.flush(timeout_s=30)
    assert asked[0] is not messages
    assert asked[0][0] is asked[0][1]
    assert asked[0][0]["all"] is asked[0]
