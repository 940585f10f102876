"""Rows through a function in threads: `Pipeline.map`."""

from __future__ import annotations

import gc
import itertools
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calls import CountingLimiter, Events
from genai_guard import (
    BudgetExceeded,
    ConfigurationError,
    GuardBlocked,
    Limit,
    Pipeline,
    RateLimited,
    RateLimiter,
    caller,
)
from genai_guard.batch.mapping import Batch
from genai_guard.batch.settings import Settings
from genai_guard.batch.target import target_of
from genai_guard.errors import BreakerOpen
from genai_guard.guards import PII
from genai_guard.testing import FakeClock

SECRET = "bob.planted@example.com"


def echo(prompt: str, *, times: int = 1) -> str:
    return prompt * times


def threads_of_rows() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("genai_guard-row")]


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    assert threads_of_rows() == []


def patient(pipeline: Pipeline, rows: Any, fn: Any, clock: FakeClock, **options: Any) -> Batch[Any]:
    """A run whose waits take no time."""

    def wait(condition: threading.Condition, seconds: float | None) -> None:
        if seconds is None:
            condition.wait()
        else:
            clock.advance(seconds)

    target = target_of(fn, (), pipeline._cached_plan, is_async=False)
    return Batch(rows, target, Settings.of(**options), clock=clock.monotonic, wait=wait)


class Turns:
    """A function whose calls end in a given order."""

    def __init__(self, order: Sequence[int]) -> None:
        self.order = [str(row) for row in order]
        self.called: list[str] = []
        self._turn = threading.Condition()

    def __call__(self, row: str) -> str:
        with self._turn:
            self.called.append(row)
            self._turn.wait_for(lambda: self.order[0] == row)
            self.order.pop(0)
            self._turn.notify_all()
        return f"<{row}>"


@settings(max_examples=40)
@given(order=st.integers(1, 6).flatmap(lambda size: st.permutations(range(size))), ordered=st.booleans())
def test_whatever_order_calls_end_in_each_row_is_called_once_and_answered(order: list[int], ordered: bool) -> None:
    fn = Turns(order)
    rows = sorted(fn.order)
    results = list(Pipeline().map(rows, fn, concurrency=len(order), ordered=ordered))
    values = [result.value for result in results]
    assert (values if ordered else sorted(map(str, values))) == [f"<{row}>" for row in rows]
    assert sorted(fn.called) == rows
    assert all(result.value == f"<{result.index}>" and result.row == str(result.index) for result in results)


def test_rows_become_arguments_as_they_are_made() -> None:
    rows: list[Any] = [{"prompt": "a", "times": 2}, ("b",), "c"]
    assert [result.value for result in Pipeline().map(rows, echo)] == ["aa", "b", "c"]


def test_the_only_function_of_a_pipeline_need_not_be_named_and_is_not_guarded_twice() -> None:
    events = Events()
    pipeline = Pipeline(recorder=events)
    with pytest.raises(ConfigurationError, match="wraps no function: say which one"):
        pipeline.map(["a"])
    ask = pipeline(echo)
    assert [result.value for result in pipeline.map(["a"])] == ["a"]
    assert [result.value for result in pipeline.map(["a"], ask)] == ["a"]
    assert len(events) == 2
    other = pipeline.wrap(lambda prompt: prompt)
    with pytest.raises(ConfigurationError, match="wraps 2 functions"):
        pipeline.map(["a"])
    del other


def test_a_wrapped_method_gets_its_object() -> None:
    pipeline = Pipeline()

    class Bot:
        name = "bot"

        @pipeline
        def ask(self, prompt: str) -> str:
            return f"{self.name}: {prompt}"

    assert [result.value for result in pipeline.map(["hi"], Bot().ask)] == ["bot: hi"]


def test_an_asynchronous_function_is_for_amap() -> None:
    async def ask(prompt: str) -> str:
        return prompt

    with pytest.raises(ConfigurationError, match="amap"):
        Pipeline().map(["a"], ask)
    with pytest.raises(ConfigurationError, match=r"use pipeline\.map"):
        Pipeline().amap(["a"], echo)


@pytest.mark.parametrize(
    "options",
    [
        {"concurrency": 0},
        {"concurrency": True},
        {"buffer": -1},
        {"wait_s": -1},
        {"wait_s": float("nan")},
        {"errors": "ignore"},
        {"on_budget": "raise"},
        {"key": 3},
        {"checkpoint": 3},
    ],
)
def test_options_are_checked_at_once(options: Any) -> None:
    with pytest.raises(ConfigurationError):
        Pipeline().map(["a"], echo, **options)


def test_rows_must_be_iterable() -> None:
    with pytest.raises(ConfigurationError, match="iterable"):
        Pipeline().map(3, echo)  # type: ignore[arg-type]


def test_of_endless_rows_no_more_are_read_than_the_window_is_wide() -> None:
    read: list[int] = []

    def rows() -> Iterator[str]:
        for number in itertools.count():
            read.append(number)
            yield str(number)

    with Pipeline().map(rows(), echo, concurrency=3, buffer=2) as batch:
        for taken, result in enumerate(batch, 1):
            assert result.value == str(taken - 1)
            assert len(read) <= taken - 1 + 5
            if taken == 50:
                break
    assert next(batch, None) is None


def test_an_error_is_the_result_of_its_row_and_no_repr_shows_text() -> None:
    def ask(prompt: str) -> str:
        if prompt == "fail":
            raise ValueError(SECRET)
        return prompt

    events = Events()
    pipeline = Pipeline(input=[PII(action="block")], recorder=events)
    results = list(pipeline.map(["ok", SECRET, "fail"], ask, key=lambda row: row))
    assert [type(result.error) for result in results] == [type(None), GuardBlocked, ValueError]
    assert [result.outcome and result.outcome.status for result in results] == ["ok", "blocked", "error"]
    assert len(events) == 3
    assert SECRET not in repr(results)
    assert repr(results[1]) == "<RowResult 1 GuardBlocked>"
    with pytest.raises(GuardBlocked):
        results[1].unwrap()


def test_the_first_error_ends_the_run_if_that_is_asked_for() -> None:
    batch = Pipeline(input=[PII(action="block")]).map(["a", SECRET, "c"], echo, errors="raise")
    assert next(batch).unwrap() == "a"
    with pytest.raises(GuardBlocked):
        next(batch)
    assert list(batch) == []


def test_an_error_in_reading_rows_is_raised_after_the_results_of_those_that_were_read() -> None:
    def rows() -> Iterator[str]:
        yield from "abc"
        raise OSError("the table is gone")

    results = []
    with pytest.raises(OSError, match="the table is gone"):  # noqa: PT012  what came before it is looked at
        for result in Pipeline().map(rows(), echo):
            results.append(result.value)
    assert results == ["a", "b", "c"]


def test_a_stream_is_read_to_its_end_and_settled() -> None:
    def tell(prompt: str) -> Iterator[str]:
        yield from (prompt, " ", SECRET)

    events = Events()
    pipeline = Pipeline(output=[PII(action="redact")], recorder=events)
    (result,) = pipeline.map(["hi"], tell)
    assert "".join(result.unwrap()) == "hi [EMAIL]"
    assert [event.status for event in events] == ["ok"]


def test_calls_are_made_on_behalf_of_whoever_reads_the_results() -> None:
    events = Events()
    with caller(tenant="acme"):
        list(Pipeline(recorder=events).map([{"prompt": "a"}, {"prompt": "b"}], echo))
    assert {event.caller.tenant for event in events} == {"acme"}


def test_a_row_that_finds_no_room_waits_as_long_as_it_is_told_and_is_called_again() -> None:
    clock = FakeClock()
    began_s = clock.monotonic()
    limiter = RateLimiter(Limit.requests(2, per="minute", burst=2), clock=clock.monotonic_ns)
    with patient(Pipeline(limiter=limiter), map(str, range(6)), echo, clock, concurrency=1, buffer=0) as batch:
        results = list(batch)
    assert [result.value for result in results] == list("012345")
    assert [result.waited_s > 0 for result in results] == [False, False, True, True, True, True]
    assert 119 <= clock.monotonic() - began_s <= 125


def test_a_row_that_would_wait_for_too_long_ends_with_the_refusal() -> None:
    clock = FakeClock()
    limiter = RateLimiter(Limit.requests(1, per="hour"), clock=clock.monotonic_ns)
    results = list(patient(Pipeline(limiter=limiter), ["a", "b"], echo, clock, wait_s=60.0))
    assert [type(result.error) for result in results] == [type(None), RateLimited]


def test_rows_that_wait_leave_their_places_to_others() -> None:
    clock = FakeClock()
    limiter = RateLimiter(Limit.requests(1, per="hour", by="user"), clock=clock.monotonic_ns)
    rows = [{"prompt": str(number), "user": "one" if number < 3 else f"u{number}"} for number in range(6)]

    def ask(prompt: str, *, user: str) -> str:
        return prompt

    def wait(condition: threading.Condition, seconds: float | None) -> None:
        condition.wait()

    target = target_of(ask, (), Pipeline(limiter=limiter)._cached_plan, is_async=False)
    settings = Settings.of(concurrency=1, buffer=5, ordered=False, wait_s=1e6)
    with Batch[Any](rows, target, settings, clock=clock.monotonic, wait=wait) as batch:
        assert [next(batch).index for _ in range(4)] == [0, 3, 4, 5]


def test_a_breaker_that_is_open_is_waited_for_as_well() -> None:
    tried = []

    def ask(prompt: str) -> str:
        tried.append(prompt)
        if len(tried) < 3:
            raise BreakerOpen("model", 0.0)
        return prompt

    (result,) = patient(Pipeline(), ["a"], ask, FakeClock())
    assert (result.value, len(tried), result.waited_s > 0) == ("a", 3, True)


@pytest.mark.parametrize("on_budget", ["collect", "stop"])
def test_a_spent_budget_is_an_error_of_each_row_or_ends_the_run(on_budget: Any) -> None:
    limiter = RateLimiter(Limit.usd(0.001, per="day"))
    pipeline = Pipeline(limiter=limiter, prices={"small": (0.0, 1e6)}, expected_output_tokens=0)
    called = []

    def ask(prompt: str, *, model: str = "small") -> str:
        called.append(prompt)
        return "four"

    batch = pipeline.map(map(str, range(40)), ask, concurrency=1, buffer=0, on_budget=on_budget)
    results = [next(batch), next(batch)]
    assert [type(result.error) for result in results] == [type(None), BudgetExceeded]
    if on_budget == "collect":
        assert len(list(batch)) == 38
    else:
        with pytest.raises(BudgetExceeded):
            next(batch)
    assert called == ["0"]


def test_closing_early_waits_for_calls_that_have_begun_and_settles_them() -> None:
    begun, go = threading.Event(), threading.Event()

    def ask(prompt: str) -> str:
        if prompt != "0":
            begun.set()
            go.wait(5)
        return prompt

    limiter, events = CountingLimiter(Limit.requests(100, per="minute")), Events()
    pipeline = Pipeline(limiter=limiter, recorder=events)  # type: ignore[arg-type]
    batch = pipeline.map(map(str, itertools.count()), ask, concurrency=2)
    assert next(batch).value == "0"
    assert begun.wait(5)
    threading.Timer(0.01, go.set).start()
    batch.close()
    assert (limiter.open, threads_of_rows()) == ([], [])
    assert 2 <= len(events) <= 4


@pytest.mark.parametrize("collected", [False, True])
def test_a_run_that_is_dropped_is_closed(collected: bool) -> None:
    batch = Pipeline().map(map(str, itertools.count()), echo)
    next(batch)
    if collected:
        cycle: list[Any] = [batch]
        cycle.append(cycle)
        del cycle
    del batch
    gc.collect()
    deadline = time.monotonic() + 5
    while threads_of_rows() and time.monotonic() < deadline:
        time.sleep(0.001)  # the collector does not wait for calls


def test_an_interrupt_of_the_function_reaches_whoever_reads_the_results() -> None:
    def ask(prompt: str) -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(Pipeline().map(["a", "b"], ask))


def test_an_interrupt_while_results_are_waited_for_closes_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    limiter = CountingLimiter(Limit.requests(100, per="minute"))
    pipeline = Pipeline(limiter=limiter)  # type: ignore[arg-type]
    batch = pipeline.map(map(str, itertools.count()), echo)
    next(batch)

    def interrupted() -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(batch._crew, "next", interrupted)
    with pytest.raises(KeyboardInterrupt):
        list(batch)
    assert limiter.open == []


def test_a_system_that_has_no_more_threads_ends_the_run_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    start, started = threading.Thread.start, list[threading.Thread]()

    def few(thread: threading.Thread) -> None:
        if started:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", few)
    with pytest.raises(RuntimeError, match="can't start new thread"):
        list(Pipeline().map("abc", lambda prompt: time.sleep(0.01)))
