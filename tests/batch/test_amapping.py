"""Rows through an asynchronous function: `Pipeline.amap`. What both kinds share is tested with threads."""

from __future__ import annotations

import asyncio
import gc
import itertools
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calls import CountingLimiter, Events
from genai_guard import BudgetExceeded, GuardBlocked, Limit, Pipeline, RateLimited, RateLimiter
from genai_guard.batch.amapping import AsyncBatch
from genai_guard.batch.settings import Settings
from genai_guard.batch.target import target_of
from genai_guard.guards import PII
from genai_guard.testing import FakeClock


async def echo(prompt: str) -> str:
    await asyncio.sleep(0)
    return prompt


async def endless(read: list[int]) -> AsyncIterator[str]:
    for number in itertools.count():
        read.append(number)
        yield str(number)


def others() -> int:
    return len(asyncio.all_tasks()) - 1


@settings(max_examples=20)
@given(order=st.integers(1, 6).flatmap(lambda size: st.permutations(range(size))), ordered=st.booleans())
def test_whatever_order_calls_end_in_each_row_is_called_once_and_answered(order: list[int], ordered: bool) -> None:
    async def run() -> None:
        called, left = [], [str(row) for row in order]
        rows = sorted(left)
        turn = asyncio.Condition()

        async def fn(row: str) -> str:
            called.append(row)
            async with turn:
                await turn.wait_for(lambda: left[0] == row)
                left.pop(0)
                turn.notify_all()
            return f"<{row}>"

        batch = Pipeline().amap(rows, fn, concurrency=len(order), ordered=ordered)
        values = [result.value async for result in batch]
        assert values == [f"<{row}>" for row in (rows if ordered else order)]
        assert sorted(called) == rows

    asyncio.run(run())


async def test_rows_may_be_asynchronous_and_endless_and_few_are_read() -> None:
    read: list[int] = []
    async with Pipeline().amap(endless(read), echo, concurrency=3, buffer=2) as batch:
        taken = 0
        async for result in batch:
            assert result.value == str(taken)
            taken += 1
            assert len(read) <= taken + 5
            if taken == 50:
                break
    assert others() == 0
    assert [result async for result in batch] == []


async def test_both_kinds_give_the_same_results_and_events() -> None:
    def plain(prompt: str) -> str:
        return prompt

    rows = ["a", "bob@example.com", "c"]
    seen = []
    for is_async in (False, True):
        events = Events()
        pipeline = Pipeline(input=[PII(action="block")], recorder=events)
        found = [each async for each in pipeline.amap(rows, echo)] if is_async else [*pipeline.map(rows, plain)]
        seen.append(
            (
                [(each.index, each.row, each.value, type(each.error)) for each in found],
                sorted((event.status, event.stage) for event in events),
            )
        )
    assert seen[0] == seen[1]
    assert seen[0][0][1][3] is GuardBlocked


async def test_an_asynchronous_stream_is_read_to_its_end() -> None:
    async def tell(prompt: str) -> AsyncIterator[str]:
        for word in (prompt, " ", "bob@example.com"):
            yield word

    events = Events()
    batch = Pipeline(output=[PII(action="redact")], recorder=events).amap(["hi"], tell)
    assert ["".join(result.unwrap()) async for result in batch] == ["hi [EMAIL]"]
    assert [event.status for event in events] == ["ok"]


async def test_a_row_that_finds_no_room_waits_and_is_called_again_or_ends_with_the_refusal() -> None:
    clock = FakeClock()
    limiter = RateLimiter(Limit.requests(2, per="minute", burst=2), clock=clock.monotonic_ns)
    target = target_of(echo, (), Pipeline(limiter=limiter)._cached_plan, is_async=True)

    def run(**options: Any) -> AsyncBatch[Any]:
        return AsyncBatch(map(str, range(4)), target, Settings.of(**options), sleep=clock.asleep)

    assert [result.value async for result in run()] == list("0123")
    results = [result async for result in run(wait_s=1.0, concurrency=1)]
    assert type(results[-1].error) is RateLimited


async def test_a_spent_budget_ends_the_run_though_rows_would_go_on() -> None:
    limiter = RateLimiter(Limit.usd(0.001, per="day"))
    pipeline = Pipeline(limiter=limiter, prices={"small": (0.0, 1e6)}, expected_output_tokens=0)

    async def ask(prompt: str, *, model: str = "small") -> str:
        return "four"

    found = []
    with pytest.raises(BudgetExceeded):  # noqa: PT012  what came before it is looked at
        async for result in pipeline.amap(endless([]), ask, concurrency=1, on_budget="stop"):
            found.append(result)
    assert found[0].ok
    assert others() == 0


@pytest.mark.parametrize("how", ["close", "cancel", "drop"])
async def test_however_it_is_ended_early_no_task_is_left_and_all_is_settled(how: str) -> None:
    limiter, events, hanging = CountingLimiter(Limit.requests(100, per="minute")), Events(), asyncio.Event()

    async def ask(prompt: str) -> str:
        if prompt != "0":
            hanging.set()
            await asyncio.Event().wait()
        return prompt

    pipeline = Pipeline(limiter=limiter, recorder=events)  # type: ignore[arg-type]
    batch = pipeline.amap(endless([]), ask, concurrency=2)
    assert (await anext(batch)).value == "0"
    await hanging.wait()
    if how == "close":
        await batch.aclose()
    elif how == "cancel":
        task = asyncio.ensure_future(anext(batch))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    else:
        del batch
        gc.collect()
        for _ in range(20):
            await asyncio.sleep(0)
    assert others() == 0
    assert limiter.open == []
    assert {event.status for event in events} == {"ok", "cancelled"}


async def test_a_call_that_cancels_itself_is_an_error_of_its_row() -> None:
    async def ask(prompt: str) -> str:
        if prompt == "b":
            raise asyncio.CancelledError
        return prompt

    results = [result async for result in Pipeline().amap(["a", "b", "c"], ask)]
    assert [type(result.error) for result in results] == [type(None), asyncio.CancelledError, type(None)]


async def test_rows_that_are_cancelled_from_within_do_not_look_like_their_end() -> None:
    async def rows() -> AsyncIterator[str]:
        yield "a"
        raise asyncio.CancelledError

    results = Pipeline().amap(rows(), echo)
    assert (await anext(results)).value == "a"
    with pytest.raises(asyncio.CancelledError):
        await anext(results)


async def test_an_interrupt_of_the_rows_reaches_whoever_reads_the_results() -> None:
    class Interrupt(BaseException):
        pass

    async def rows() -> AsyncIterator[str]:
        yield "a"
        raise Interrupt

    with pytest.raises(Interrupt):
        [result async for result in Pipeline().amap(rows(), echo)]
    assert others() == 0
