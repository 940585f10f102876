"""Guards that wait for something: side by side, in time, ended by the first that blocks, and cancelled with their call."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from calls import Events
from genai_guard import Action, ComponentFailed, ConfigurationError, GuardBlocked, Pipeline, Verdict
from genai_guard.guards import PII, guard

WAIT_S = 30.0
"""Longer than any test may take: who waits for this to pass has failed."""


@dataclass
class Meeting:
    """Guards that end only when so many of them have begun."""

    size: int
    begun: threading.Barrier = field(init=False)

    def __post_init__(self) -> None:
        self.begun = threading.Barrier(self.size)

    def blocking(self, name: str) -> Any:
        @guard(name=name, action="flag", blocking=True)
        def meet(text: str) -> bool:
            self.begun.wait(WAIT_S)
            return True

        return meet


def names(events: Events) -> list[str]:
    return [f"{verdict.guard}: {verdict.action}" for verdict in events[-1].verdicts]


def test_blocking_guards_of_a_synchronous_call_run_at_the_same_time() -> None:
    events, meeting = Events(), Meeting(3)
    pipeline = Pipeline(input=[meeting.blocking(name) for name in "abc"], recorder=events)
    assert pipeline(lambda prompt: "fine")("hello") == "fine"
    assert names(events) == ["a: flag", "b: flag", "c: flag"]


async def test_blocking_guards_of_an_asynchronous_call_run_at_the_same_time() -> None:
    events, meeting = Events(), Meeting(3)

    @Pipeline(input=[meeting.blocking(name) for name in "abc"], recorder=events)
    async def ask(prompt: str) -> str:
        return "fine"

    assert await ask("hello") == "fine"
    assert names(events) == ["a: flag", "b: flag", "c: flag"]


async def test_asynchronous_guards_run_at_the_same_time() -> None:
    events, barrier = Events(), asyncio.Barrier(3)

    def meeting(name: str) -> Any:
        @guard(name=name, action="flag")
        async def meet(text: str) -> bool:
            await barrier.wait()
            return True

        return meet

    @Pipeline(output=[meeting(name) for name in "abc"], recorder=events)
    async def ask(prompt: str) -> str:
        return "fine"

    assert await asyncio.wait_for(ask("hello"), WAIT_S) == "fine"
    assert names(events) == ["a: flag", "b: flag", "c: flag"]


def test_a_slow_guard_sees_all_messages_at_the_same_time() -> None:
    meeting = Meeting(3)
    pipeline = Pipeline(input=[meeting.blocking("slow")])
    messages = [{"role": "user", "content": text} for text in ("one", "two", "three")]
    assert pipeline(lambda messages: "fine")(messages) == "fine"


def test_the_first_that_blocks_ends_the_others() -> None:
    release = threading.Event()

    @guard(blocking=True)
    def hangs(text: str) -> bool:
        return release.wait(WAIT_S)

    @guard(blocking=True)
    def refuses(text: str) -> bool:
        return True

    events = Events()
    try:
        with pytest.raises(GuardBlocked, match="refuses"):
            Pipeline(input=[hangs, refuses], recorder=events)(lambda prompt: "fine")("hello")
    finally:
        release.set()
    assert names(events) == ["refuses: block"]


async def test_the_first_that_blocks_cancels_the_others() -> None:
    ended: list[str] = []

    @guard
    async def hangs(text: str) -> bool:
        try:
            await asyncio.sleep(WAIT_S)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise
        return False

    @guard
    async def refuses(text: str) -> bool:
        return True

    @Pipeline(input=[hangs, refuses])
    async def ask(prompt: str) -> str:
        return "fine"

    with pytest.raises(GuardBlocked, match="refuses"):
        await ask("hello")
    assert ended == ["cancelled"]


def test_what_a_shadow_guard_says_ends_no_other() -> None:
    meeting = Meeting(2)

    @guard(name="shadow", mode="shadow", blocking=True)
    def shadow(text: str) -> bool:
        return True

    events = Events()
    pipeline = Pipeline(input=[shadow, meeting.blocking("a"), meeting.blocking("b")], recorder=events)
    assert pipeline(lambda prompt: "fine")("hello") == "fine"
    assert names(events) == ["shadow: block", "a: flag", "b: flag"]


@dataclass
class Late:
    """Takes longer than it may."""

    timeout_s: float = 0.01
    on_error: str = "block"
    action: str = "block"
    name: str = "late"
    blocking: bool = True
    release: threading.Event = field(default_factory=threading.Event)

    def check(self, text: str, /) -> Verdict:
        self.release.wait(WAIT_S)
        return Verdict(Action.ALLOW, text)


class AsyncLate(Late):
    async def check(self, text: str, /) -> Verdict:  # type: ignore[override]
        await asyncio.sleep(WAIT_S)
        return Verdict(Action.ALLOW, text)


def test_a_guard_that_takes_too_long_fails() -> None:
    late, events = Late(), Events()
    with pytest.raises(ComponentFailed, match="late failed in stage input: TimeoutError"):
        Pipeline(input=[late], recorder=events)(lambda prompt: "fine")("hello")
    late.release.set()
    assert [verdict.error for verdict in events[0].verdicts] == ["TimeoutError"]


def test_a_guard_that_takes_too_long_is_passed_over_where_it_may_be() -> None:
    late, events = Late(on_error="allow"), Events()
    assert Pipeline(input=[late], recorder=events)(lambda prompt: "fine")("hello") == "fine"
    late.release.set()
    assert [verdict.error for verdict in events[0].verdicts] == ["TimeoutError"]


@pytest.mark.parametrize("late", [Late(), AsyncLate()], ids=["blocking", "async"])
async def test_it_fails_in_an_asynchronous_call_as_well(late: Late) -> None:
    @Pipeline(output=[late])
    async def ask(prompt: str) -> str:
        return "fine"

    with pytest.raises(ComponentFailed, match="late failed in stage output: TimeoutError"):
        await ask("hello")
    late.release.set()


def test_an_event_loop_closes_while_a_guard_still_hangs_in_its_thread() -> None:
    late = Late()

    @Pipeline(input=[late])
    async def ask(prompt: str) -> str:
        return "fine"

    began = time.monotonic()
    with pytest.raises(ComponentFailed):
        asyncio.run(ask("hello"))
    late.release.set()
    assert time.monotonic() - began < WAIT_S


async def test_a_cancelled_call_cancels_its_guards() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    def slow(name: str) -> Any:
        @guard(name=name)
        async def hangs(text: str) -> bool:
            begun.set()
            try:
                await asyncio.sleep(WAIT_S)
            finally:
                ended.set()
            return False

        return hangs

    events = Events()

    @Pipeline(input=[slow("a"), slow("b")], recorder=events)
    async def ask(prompt: str) -> str:
        return "fine"

    task = asyncio.ensure_future(ask("hello"))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()
    assert [event.status for event in events] == ["cancelled"]


def test_a_guard_that_edits_is_the_last_of_its_group() -> None:
    seen: list[str] = []

    @guard(name="cut", action="redact", blocking=True)
    def cut(text: str) -> Any:
        return [(0, 5, "HELLO")]

    @guard(name="reads", action="flag", blocking=True)
    def reads(text: str) -> bool:
        seen.append(text)
        return False

    Pipeline(input=[cut, reads])(lambda prompt: prompt)("hello you")
    assert seen == ["[HELLO] you"]


def test_two_guards_that_edit_one_text_at_the_same_time_are_a_failure() -> None:
    def editing(name: str) -> Any:
        @guard(name=name, blocking=True)
        def edit(text: str) -> Verdict:
            return Verdict(Action.REDACT, f"[{name}] {text}")

        return edit

    events = Events()
    with pytest.raises(ComponentFailed, match="b failed"):
        Pipeline(input=[editing("a"), editing("b")], recorder=events)(lambda prompt: prompt)("hello")
    assert [verdict.error for verdict in events[0].verdicts] == ["", "", "RuntimeError"]


def test_slow_guards_see_what_the_quick_ones_left() -> None:
    meeting, seen = Meeting(2), []

    @guard(name="reads", action="flag", blocking=True)
    def reads(text: str) -> bool:
        seen.append(text)
        meeting.begun.wait(WAIT_S)
        return False

    Pipeline(input=[PII(action="redact"), reads, meeting.blocking("b")])(lambda prompt: prompt)("I am bob@example.com")
    assert seen == ["I am [EMAIL]"]


def test_a_stream_is_held_until_all_slow_guards_have_spoken() -> None:
    meeting = Meeting(2)

    @Pipeline(output=[meeting.blocking("a"), meeting.blocking("b")])
    def ask(prompt: str) -> Iterator[str]:
        yield from ("all ", "is ", "well")

    assert "".join(ask("hello")) == "all is well"


@pytest.mark.parametrize("timeout_s", [0, -1.0])
def test_a_time_that_is_none_is_refused(timeout_s: float) -> None:
    with pytest.raises(ConfigurationError, match=r"late: timeout_s=.* must be a number of seconds above 0"):
        Pipeline(input=[Late(timeout_s=timeout_s)])
