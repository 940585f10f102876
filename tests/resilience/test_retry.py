"""Retries: which failures, how often, how long between them, and what limits and events see of it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from calls import KINDS, STREAMED, World, consume
from genai_guard import ConfigurationError, Limit, RateLimited
from genai_guard.guards import BlockedPatterns
from genai_guard.resilience import Resilience, Retry
from genai_guard.resilience.retry import RetryBudget
from genai_guard.testing import FakeClock

from .faults import DOWN, APIStatusError, Script


def resilience(clock: FakeClock, *attempts: int, **options: Any) -> Resilience:
    retry = Retry(*attempts, random=options.pop("random", lambda: 0.5), wall_clock=clock.time, **options)
    return Resilience(retry=retry, clock=clock.monotonic, sleep=clock.sleep, asleep=clock.asleep)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def world(clock: FakeClock, *attempts: int, limits: tuple[Limit, ...] | None = None, **options: Any) -> World:
    parts = {"resilience": resilience(clock, *attempts, **options)}
    return World(parts=parts) if limits is None else World(limits, parts)


@pytest.mark.parametrize("kind", KINDS)
def test_a_failure_that_passes_is_tried_again(kind: str, clock: FakeClock) -> None:
    model, tested = Script(kind, [DOWN, DOWN, ["The sea ", "is blue."]]), world(clock)
    assert consume(kind, tested.pipeline(model.fn), "hello") == "The sea is blue."
    assert (model.calls, tested.event.attempts, tested.event.retries, tested.event.status) == (3, 3, 2, "ok")


@pytest.mark.parametrize("kind", KINDS)
def test_each_attempt_is_reserved_and_settled(kind: str, clock: FakeClock) -> None:
    tested = world(clock)
    consume(kind, tested.pipeline(Script(kind, [DOWN, TimeoutError(), "fine"]).fn), "hello")
    assert tested.limiter.open == []
    assert tested.limiter.settled == [0, None, 2 + 1]  # refused: nothing; cut off: as reserved; answered: what it took


@pytest.mark.parametrize("kind", KINDS)
def test_the_last_error_passes_through_as_it_is(kind: str, clock: FakeClock) -> None:
    errors = [APIStatusError(500), APIStatusError(502), APIStatusError(503)]
    tested = world(clock, 3)
    with pytest.raises(APIStatusError) as caught:
        consume(kind, tested.pipeline(Script(kind, list(errors)).fn), "hello")
    assert caught.value is errors[2]
    assert (tested.event.status, tested.event.attempts, tested.event.error_type) == ("error", 3, "APIStatusError")
    assert tested.limiter.settled == [0, 0, 0]


@pytest.mark.parametrize("error", [APIStatusError(400), APIStatusError(404), ValueError("mine")])
@pytest.mark.parametrize("kind", KINDS)
def test_a_failure_that_stays_is_not_tried_again(kind: str, error: Exception, clock: FakeClock) -> None:
    model, tested = Script(kind, [error]), world(clock)
    with pytest.raises(type(error)):
        consume(kind, tested.pipeline(model.fn), "hello")
    assert (model.calls, tested.event.attempts) == (1, 1)


@pytest.mark.parametrize("kind", STREAMED)
def test_a_stream_that_breaks_after_its_first_chunk_is_not_tried_again(kind: str, clock: FakeClock) -> None:
    model, tested = Script(kind, [["The sea ", DOWN], "never"]), world(clock)
    with pytest.raises(APIStatusError):
        consume(kind, tested.pipeline(model.fn), "hello")
    assert (model.calls, tested.event.chunks, tested.event.status) == (1, 1, "error")
    assert tested.limiter.open == []


def test_the_wait_is_random_up_to_a_bound_that_doubles() -> None:
    retry = Retry(9, first_wait_s=1, longest_wait_s=5, budget=1, random=lambda: 1.0)
    assert [retry.wait_s(DOWN, number) for number in range(1, 6)] == [1, 2, 4, 5, 5]
    assert Retry(9, random=lambda: 0.0).wait_s(DOWN, 1) == 0


def test_a_retry_after_is_a_floor(clock: FakeClock) -> None:
    tested = world(clock, first_wait_s=1)
    began = clock.monotonic()
    tested.pipeline(Script("def", [APIStatusError(429, {"retry-after": "7"}), "fine"]).fn)("hello")
    assert clock.monotonic() - began == 7.5


def test_a_retry_after_that_is_too_long_is_not_waited_for(clock: FakeClock) -> None:
    model, tested = Script("def", [APIStatusError(429, {"retry-after": "60"})]), world(clock, longest_wait_s=20)
    with pytest.raises(APIStatusError):
        tested.pipeline(model.fn)("hello")
    assert model.calls == 1


def test_the_caller_says_what_is_tried_again(clock: FakeClock) -> None:
    model, tested = (
        Script("def", [KeyError("odd"), "fine"]),
        world(clock, when=lambda error: isinstance(error, KeyError)),
    )
    assert tested.pipeline(model.fn)("hello") == "fine"
    with pytest.raises(APIStatusError):
        tested.pipeline(Script("def", [DOWN]).fn)("hello")


def test_what_a_limit_refuses_is_not_tried_again(clock: FakeClock) -> None:
    model = Script("def", ["fine"])
    tested = world(clock, limits=(Limit.requests(1, per="hour"),), when=lambda _: True)
    fn = tested.pipeline(model.fn)
    fn("first")
    with pytest.raises(RateLimited):
        fn("second")
    assert model.calls == 1
    assert [event.attempts for event in tested.events] == [1, 0]


@pytest.mark.parametrize("kind", KINDS)
def test_an_attempt_that_a_limit_refuses_is_not_made_and_the_first_failure_counts(kind: str, clock: FakeClock) -> None:
    model = Script(kind, [DOWN, "never"])
    tested = world(clock, limits=(Limit.requests(1, per="hour"),))
    with pytest.raises(APIStatusError):
        consume(kind, tested.pipeline(model.fn), "hello")
    event = tested.event
    assert (model.calls, event.status, event.denied_by, event.stage) == (1, "error", "", "call")
    assert tested.limiter.open == []


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_what_a_guard_blocks_is_not_tried_again(kind: str, clock: FakeClock) -> None:
    model = Script(kind, ["poison"])
    tested = World(parts={"output": [BlockedPatterns(["poison"])], "resilience": resilience(clock)})
    with pytest.raises(Exception, match="blocked the output"):
        consume(kind, tested.pipeline(model.fn), "hello")
    assert (model.calls, tested.event.status, tested.limiter.settled) == (1, "blocked", [2 + 2])


def test_retries_are_a_share_of_the_calls_while_everything_fails(clock: FakeClock) -> None:
    model, tested = Script("def", [DOWN]), world(clock, 3, budget=0.1, budget_burst=5)
    fn = tested.pipeline(model.fn)
    for _ in range(100):
        with pytest.raises(APIStatusError):
            fn("hello")
    assert 100 + 5 <= model.calls <= 100 + 5 + 10


def test_a_budget_saves_no_more_than_its_burst() -> None:
    purse = RetryBudget(0.5, 3)
    for _ in range(100):
        purse.pay_in()
    assert [purse.take() for _ in range(4)] == [True, True, True, False]


def test_a_task_cancelled_between_two_attempts_leaves_nothing_reserved(clock: FakeClock) -> None:
    waiting = asyncio.Event()

    async def forever(_: float) -> None:
        waiting.set()
        await asyncio.Event().wait()

    tested = World(parts={"resilience": Resilience(retry=Retry(3), asleep=forever)})
    fn = tested.pipeline(Script("async def", [DOWN]).fn)

    async def main() -> None:
        task = asyncio.ensure_future(fn("hello"))
        await waiting.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert (tested.event.status, tested.event.attempts, tested.limiter.open) == ("cancelled", 1, [])


def test_a_broken_limiter_does_not_hide_the_reply(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    tested = world(clock)

    def settle(*_: object, **__: object) -> bool:
        raise OSError

    monkeypatch.setattr(tested.limiter, "settle", settle)
    assert tested.pipeline(Script("def", [DOWN, "fine"]).fn)("hello") == "fine"
    assert tested.event.settled is False


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Retry(0), "attempts"),
        (lambda: Retry(3, first_wait_s=-1), "first_wait_s"),
        (lambda: Retry(3, longest_wait_s=float("inf")), "longest_wait_s"),
        (lambda: Retry(3, budget=0), "budget"),
        (lambda: Retry(3, budget=2), "budget"),
        (lambda: Retry(3, budget_burst=0), "budget_burst"),
        (lambda: Retry(3, when=3), "when"),  # type: ignore[arg-type]
        (lambda: Resilience(retry=3), "takes a Retry"),  # type: ignore[arg-type]
    ],
)
def test_what_makes_no_sense_is_refused_when_it_is_built(make: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        make()


def test_equal_parameters_make_equal_parts() -> None:
    assert Resilience(retry=Retry(3)) == Resilience(retry=Retry(3))
    assert Retry(3) != Retry(4)
