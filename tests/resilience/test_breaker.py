"""Circuit breakers: when they open, that exactly the probes pass, and that no lock is held during a call."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls import KINDS, World, consume
from genai_guard import ConfigurationError, Limit, Pipeline, Rejected
from genai_guard.errors import BreakerOpen, CallTimeout
from genai_guard.resilience import Breaker, Resilience, Retry
from genai_guard.resilience.circuit import Circuit, Terms
from genai_guard.testing import FakeClock

from .faults import DOWN, APIStatusError, Script


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def tiny_switch_interval() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def breaker(clock: FakeClock, **options: Any) -> Breaker:
    return Breaker(0.5, **{"minimum_calls": 4, "window_s": 10, "open_s": 5, **options}, clock=clock.monotonic)


def fail(tested: Breaker, times: int, target: str = "") -> None:
    for _ in range(times):
        tested.release(tested.admit(target), went_well=False)


def succeed(tested: Breaker, times: int) -> None:
    for _ in range(times):
        tested.release(tested.admit(), went_well=True)


def test_it_opens_at_the_share_of_failures_and_not_before_the_minimum(clock: FakeClock) -> None:
    tested = breaker(clock)
    fail(tested, 3)
    assert tested.state() == "closed"
    fail(tested, 1)
    assert tested.state() == "open"


def test_fewer_failures_than_the_share_leave_it_closed(clock: FakeClock) -> None:
    tested = breaker(clock)
    for _ in range(20):
        succeed(tested, 3)
        fail(tested, 2)
    assert tested.state() == "closed"


def test_failures_older_than_the_window_are_forgotten(clock: FakeClock) -> None:
    tested = breaker(clock)
    fail(tested, 3)
    clock.advance(10)
    fail(tested, 3)
    assert tested.state() == "closed"


def test_an_open_breaker_refuses_and_says_for_how_long(clock: FakeClock) -> None:
    tested = breaker(clock)
    fail(tested, 4, "small")
    clock.advance(2)
    with pytest.raises(BreakerOpen) as caught:
        tested.admit("small")
    assert (caught.value.target, caught.value.retry_after_s, caught.value.http_status) == ("small", 3, 503)
    assert isinstance(caught.value, Rejected)


@pytest.mark.parametrize("probes", [1, 3])
def test_exactly_the_probes_pass_and_close_it(probes: int, clock: FakeClock) -> None:
    tested = breaker(clock, probes=probes)
    fail(tested, 4)
    clock.advance(5)
    permits = [tested.admit() for _ in range(probes)]
    assert tested.state() == "half-open"
    with pytest.raises(BreakerOpen):
        tested.admit()
    for permit in permits:
        tested.release(permit, went_well=True)
    assert tested.state() == "closed"


def test_one_probe_that_fails_opens_it_again(clock: FakeClock) -> None:
    tested = breaker(clock, probes=2)
    fail(tested, 4)
    clock.advance(5)
    first, second = tested.admit(), tested.admit()
    tested.release(first, went_well=False)
    tested.release(second, went_well=True)
    assert tested.state() == "open"
    clock.advance(4.9)
    with pytest.raises(BreakerOpen):
        tested.admit()


def test_a_probe_that_says_nothing_makes_room_for_another(clock: FakeClock) -> None:
    tested = breaker(clock)
    fail(tested, 4)
    clock.advance(5)
    tested.release(tested.admit(), went_well=None)
    tested.release(tested.admit(), went_well=True)
    assert tested.state() == "closed"


def test_a_call_from_before_it_opened_says_nothing_afterwards(clock: FakeClock) -> None:
    tested = breaker(clock)
    old = tested.admit()
    fail(tested, 4)
    clock.advance(5)
    probe = tested.admit()
    tested.release(old, went_well=True)
    assert tested.state() == "half-open"
    tested.release(probe, went_well=True)
    assert tested.state() == "closed"


def test_targets_are_judged_apart(clock: FakeClock) -> None:
    tested = breaker(clock)
    fail(tested, 4, "small")
    assert (tested.state("small"), tested.state("large")) == ("open", "closed")


def test_no_more_than_a_thousand_targets_are_kept_and_the_open_ones_first(clock: FakeClock) -> None:
    tested = breaker(clock)
    fail(tested, 4, "down")
    for number in range(3000):
        tested.release(tested.admit(f"model-{number}"), went_well=True)
    assert len(tested._circuits) <= 1024
    assert tested.state("down") == "open"


@pytest.mark.usefixtures("tiny_switch_interval")
@pytest.mark.parametrize("probes", [1, 3])
def test_exactly_the_probes_pass_under_threads(probes: int, clock: FakeClock) -> None:
    for _ in range(30):
        tested = breaker(clock, probes=probes)
        fail(tested, 4)
        clock.advance(5)
        admitted: list[Any] = []
        barrier = threading.Barrier(8)

        def ask(tested: Breaker = tested, admitted: list[Any] = admitted, barrier: threading.Barrier = barrier) -> None:
            barrier.wait()
            for _ in range(3):
                try:
                    admitted.append(tested.admit())
                except BreakerOpen:
                    continue

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(admitted) == probes


def test_calls_through_a_closed_breaker_run_side_by_side() -> None:
    together = threading.Barrier(8, timeout=60)

    def model(prompt: str) -> str:
        together.wait()  # until all eight are here
        return "fine"

    fn = Pipeline(resilience=Resilience(breaker=Breaker())).wrap(model)
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(fn, ["hello"] * 8)) == ["fine"] * 8


@pytest.mark.parametrize("kind", KINDS)
def test_an_open_breaker_spares_the_model_and_the_limits(kind: str, clock: FakeClock) -> None:
    model = Script(kind, [DOWN])
    tested = World(
        (Limit.requests(2, per="hour"),), {"resilience": Resilience(breaker=breaker(clock, minimum_calls=2))}
    )
    fn = tested.pipeline(model.fn)
    for error in (APIStatusError, APIStatusError, BreakerOpen, BreakerOpen):
        with pytest.raises(error):
            consume(kind, fn, "hello")
    assert model.calls == 2
    assert [event.status for event in tested.events] == ["error", "error", "breaker_open", "breaker_open"]
    assert [event.attempts for event in tested.events] == [1, 1, 0, 0]
    assert tested.limiter.open == []


@pytest.mark.parametrize("kind", KINDS)
def test_it_closes_when_the_model_answers_again(kind: str, clock: FakeClock) -> None:
    model = Script(kind, [DOWN, DOWN, "fine"])
    fn = Pipeline(resilience=Resilience(breaker=breaker(clock, minimum_calls=2))).wrap(model.fn)
    for _ in range(2):
        with pytest.raises(APIStatusError):
            consume(kind, fn, "hello")
    clock.advance(5)
    assert consume(kind, fn, "hello") == consume(kind, fn, "hello") == "fine"


@pytest.mark.parametrize("status", [400, 401, 404, 422, 429])
def test_an_answer_of_the_provider_is_no_failure_of_it(status: int, clock: FakeClock) -> None:
    tested = breaker(clock)
    fn = Pipeline(resilience=Resilience(breaker=tested)).wrap(Script("def", [APIStatusError(status)]).fn)
    for _ in range(10):
        with pytest.raises(APIStatusError):
            fn("hello")
    assert tested.state("small") == "closed"


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (DOWN, False),
        (TimeoutError(), False),
        (CallTimeout("attempt_s", 1.0), False),
        (APIStatusError(400), True),
        (APIStatusError(501), True),
        (APIStatusError(429), None),
        (APIStatusError(429, code="insufficient_quota"), None),
        (KeyError("mine"), None),
        (BreakerOpen("small", 1.0), None),
        (asyncio.CancelledError(), None),
    ],
)
def test_an_exception_says_whether_the_target_fails_answers_or_nothing(
    error: BaseException, *, verdict: bool | None
) -> None:
    assert Breaker().verdict(error) is verdict


def test_the_caller_says_what_is_a_failure_but_for_a_timeout_of_ours() -> None:
    tested = Breaker(when=lambda error: isinstance(error, KeyError))
    errors = [KeyError("mine"), DOWN, CallTimeout("attempt_s", 1.0)]
    assert [tested.verdict(error) for error in errors] == [False, True, False]


def test_what_a_limit_refuses_is_not_counted(clock: FakeClock) -> None:
    tested = breaker(clock)
    world = World((Limit.requests(1, per="hour"),), {"resilience": Resilience(breaker=tested)})
    fn = world.pipeline(Script("def", ["fine"]).fn)
    fn("hello")
    for _ in range(10):
        with pytest.raises(Rejected):
            fn("hello")
    assert tested.state("small") == "closed"


def test_a_cancelled_probe_makes_room_for_another(clock: FakeClock) -> None:
    tested = breaker(clock)
    fail(tested, 4, "ask")
    clock.advance(5)
    started = asyncio.Event()

    async def hang(prompt: str) -> str:
        started.set()
        await asyncio.Event().wait()
        return prompt

    hang.__qualname__ = "ask"
    fn = Pipeline(resilience=Resilience(breaker=tested)).wrap(hang)

    async def main() -> None:
        task = asyncio.ensure_future(fn("hello"))
        await started.wait()
        with pytest.raises(BreakerOpen):
            await fn("hello")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    tested.release(tested.admit("ask"), went_well=True)
    assert tested.state("ask") == "closed"


def test_a_rejection_can_be_answered(clock: FakeClock) -> None:
    tested = breaker(clock)
    fail(tested, 4, "small")
    pipeline = Pipeline(resilience=Resilience(breaker=tested), on_reject=lambda rejection: "Please try again later.")
    assert pipeline.wrap(Script("def", ["fine"]).fn)("hello") == "Please try again later."


def test_an_attempt_that_opens_it_is_the_last(clock: FakeClock) -> None:
    model = Script("def", [DOWN])
    parts = Resilience(breaker=breaker(clock, minimum_calls=2), retry=Retry(5, first_wait_s=0), sleep=clock.sleep)
    with pytest.raises(APIStatusError):
        Pipeline(resilience=parts).wrap(model.fn)("hello")
    assert model.calls == 2


@given(
    steps=st.lists(st.tuples(st.sampled_from(["admit", "good", "bad", "none"]), st.floats(0, 8)), max_size=60),
    probes=st.integers(1, 3),
)
def test_a_circuit_lets_no_more_than_its_probes_out_at_once(steps: list[tuple[str, float]], probes: int) -> None:
    terms, circuit, now = Terms(0.5, 2, 10.0, 5.0, probes), Circuit(), 0.0
    out: list[int] = []
    for step, passed in steps:
        now += passed
        if step == "admit":
            generation = circuit.admit(terms, now)
            if generation is not None:
                out.append(generation)
        elif out:
            circuit.take(terms, out.pop(0), {"good": True, "bad": False, "none": None}[step], now)
        if circuit.state == "half-open":
            assert 0 <= out.count(circuit.generation) <= probes
        if circuit.state == "open":
            assert out.count(circuit.generation) == 0


@pytest.mark.parametrize("options", [{"minimum_calls": 0}, {"window_s": 0}, {"open_s": -1}, {"probes": 0}, {"when": 3}])
def test_what_makes_no_sense_is_refused_when_it_is_built(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(options))):
        Breaker(**options)
    with pytest.raises(ConfigurationError, match="failure_rate"):
        Breaker(0)
