"""Laws 9 and 13 with everything on: one event, all attempts counted, nothing left reserved, alike in every kind."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls import KINDS, STREAMED, WHOLE, World, consume
from genai_guard import Action, Finding, Limit, Verdict
from genai_guard.guards import BlockedPatterns
from genai_guard.resilience import Breaker, Cache, Fallback, Resilience, Retry, SemanticCache, Tiered, Timeout
from genai_guard.testing import FakeClock

from .faults import APIStatusError, Script

ENDINGS: dict[str, Callable[[], BaseException]] = {
    "down": lambda: APIStatusError(503),
    "busy": lambda: APIStatusError(429, {"retry-after": "1"}),
    "wrong": lambda: APIStatusError(400),
    "slow": TimeoutError,
    "defect": lambda: KeyError("mine"),
    "cancelled": asyncio.CancelledError,
}
ENTRY = st.lists(st.sampled_from(["a ", "poison ", "unsure "]), min_size=1, max_size=2) | st.sampled_from(list(ENDINGS))


def everything(clock: FakeClock, on: set[str]) -> Resilience:
    parts: dict[str, Any] = {
        "timeout": Timeout(1000, attempt_s=900, first_token_s=800),
        "retry": Retry(3, first_wait_s=1, budget=1, random=lambda: 0.5, wall_clock=clock.time),
        "breaker": Breaker(0.5, minimum_calls=3, clock=clock.monotonic),
        "fallback": Fallback([{"model": "spare"}], on_block=True),
        "tiers": Tiered([{"model": "large"}], escalate=lambda reply: "unsure" in reply),
        "cache": Cache(clock=clock.monotonic),
        "semantic": SemanticCache(lambda text: [1.0, float(len(text))], clock=clock.monotonic),
    }
    times: dict[str, Any] = {"clock": clock.monotonic, "sleep": clock.sleep, "asleep": clock.asleep}
    return Resilience(**{name: part for name, part in parts.items() if name in on}, **times)


def world(on: set[str], amount: int = 1000) -> World:
    parts = {
        "input": [BlockedPatterns(["forbidden"])],
        "output": [BlockedPatterns(["poison"])],
        "resilience": everything(FakeClock(), on),
    }
    return World((Limit.requests(amount, per="hour"), Limit.tokens(1_000_000, per="minute")), parts)


PARTS = ["timeout", "retry", "breaker", "fallback", "tiers", "cache", "semantic"]


@given(
    kind=st.sampled_from(KINDS),
    on=st.sets(st.sampled_from(PARTS)),
    script=st.lists(ENTRY, min_size=1, max_size=6),
    prompts=st.lists(st.sampled_from(["hello", "hello", "forbidden"]), min_size=1, max_size=4),
    amount=st.integers(1, 8),
    take=st.none() | st.just(1),
)
def test_whatever_happens_there_is_one_event_a_call_and_nothing_stays_reserved(  # noqa: PLR0917
    kind: str, on: set[str], script: list[Any], prompts: list[str], amount: int, take: int | None
) -> None:
    model = Script(kind, [ENDINGS[entry]() if isinstance(entry, str) else entry for entry in script])
    tested = world(on, amount)
    fn = tested.pipeline(model.fn)
    for number, prompt in enumerate(prompts):
        outcome = "ok"
        before = model.calls
        try:
            consume(kind, fn, prompt, take=None if kind in WHOLE else take)
        except BaseException as error:  # noqa: BLE001
            outcome = type(error).__name__
        assert len(tested.events) == number + 1
        event = tested.events[-1]
        assert tested.limiter.open == []
        assert (event.status in {"ok", "abandoned"}) == (outcome == "ok")
        assert event.attempts == model.calls - before
    assert len(tested.limiter.settled) == model.calls


def story(kind: str, script: list[Any], on: set[str]) -> list[Any]:
    """What is known of three calls of one kind."""
    model = Script(kind, [ENDINGS[entry]() if isinstance(entry, str) else entry for entry in script])
    tested = world(on)
    fn = tested.pipeline(model.fn)
    for _ in range(3):
        with suppress(Exception, asyncio.CancelledError):
            consume(kind, fn, "hello")
    facts = [
        (event.status, event.error_type, event.attempts, event.answered_by, event.usage, len(event.verdicts))
        for event in tested.events
    ]
    return [facts, tested.limiter.settled, model.models]


@given(on=st.sets(st.sampled_from(PARTS)), script=st.lists(ENTRY, min_size=1, max_size=6))
def test_synchronous_and_asynchronous_calls_go_alike(on: set[str], script: list[Any]) -> None:
    assert story("async def", script, on) == story("def", script, on)


@given(
    on=st.sets(st.sampled_from(PARTS)),
    script=st.lists(st.just(["a "]) | st.sampled_from(list(ENDINGS)), min_size=1, max_size=6),
)
def test_streams_of_every_kind_go_alike_and_like_whole_replies(on: set[str], script: list[Any]) -> None:
    on = (on | {"retry"}) - {
        "cache",
        "semantic",
    }  # streams are not cached; without any part the flow does not wait for a chunk
    first = story("def", script, on)
    for kind in STREAMED:
        assert story(kind, script, on) == first


@dataclass
class Judge:
    """A guard that takes its time beside the call."""

    blocks: bool
    name: str = "judge"
    action: str = "block"
    mode: str = "enforce"
    blocking: bool = True
    beside_call: bool = True

    def check(self, text: str) -> Verdict:
        time.sleep(0.005)
        found = (Finding("judge", "BAD", 0, len(text)),)
        return Verdict(Action.BLOCK, text, found) if self.blocks else Verdict(Action.ALLOW, text)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("blocks", [False, True])
def test_guards_at_work_beside_the_call_are_heard(kind: str, *, blocks: bool) -> None:
    parts = {"input": [Judge(blocks)], "resilience": everything(FakeClock(), set(PARTS))}
    tested = World(parts=parts)
    model = Script(kind, [APIStatusError(503), ["fine"]])
    outcome = ""
    try:
        outcome = consume(kind, tested.pipeline(model.fn), "hello")
    except Exception as error:  # noqa: BLE001
        outcome = type(error).__name__
    assert outcome == ("GuardBlocked" if blocks else "fine")
    assert (tested.event.status, tested.limiter.open) == ("blocked" if blocks else "ok", [])


def test_it_may_be_a_reply_that_is_asked_for_again() -> None:
    class Wants:
        name, mode, max_reasks = "wants", "enforce", 2

        def check(self, text: str) -> Verdict:
            if "please" in text:
                return Verdict(Action.ALLOW, text)
            return Verdict(Action.BLOCK, text, (Finding("wants", "IMPOLITE", 0, len(text)),), feedback="Say please.")

    parts = {"output": [Wants()], "resilience": everything(FakeClock(), set(PARTS) - {"tiers"})}
    tested = World(parts=parts)
    model = Script("def", [APIStatusError(503), "no", "yes please"])
    fn = tested.pipeline(model.fn)
    assert [fn("hello"), fn("hello")] == ["yes please"] * 2
    assert [(event.attempts, event.answered_by) for event in tested.events] == [(3, ""), (0, "cache")]
    assert (tested.limiter.open, len(tested.limiter.settled)) == ([], 3)
