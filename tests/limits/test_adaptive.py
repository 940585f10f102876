"""A limiter that listens to the provider: alone, in a pipeline, under threads, with many keys."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from genai_guard import ConfigurationError, Limit, Pipeline, RateLimited, RateLimiter
from genai_guard.limits import Adaptive
from genai_guard.resilience import Resilience, Retry, Tiered
from genai_guard.testing import FakeClock, FakeLLM

ASK = [{"role": "user", "content": "hi"}]


class SlowDown(Exception):  # noqa: N818  as those of SDKs
    """A refusal in the shape of an SDK."""

    def __init__(self, status: int = 429, **headers: str) -> None:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        self.response = SimpleNamespace(status_code=status, headers=names)


def limited(clock: FakeClock, *ceilings: Limit, own: int = 1_000) -> tuple[RateLimiter, Adaptive]:
    adaptive = Adaptive(*ceilings, clock=clock.monotonic_ns, wall_clock=clock.time)
    limits = (Limit.requests(own, per="minute"), Limit.tokens(10**6, per="minute"))
    return RateLimiter(*limits, clock=clock.monotonic_ns, adapt=adaptive), adaptive


def admitted(limiter: RateLimiter, times: int, **keys: Any) -> int:
    count = 0
    for _ in range(times):
        try:
            limiter.settle(limiter.reserve(tokens=1, **keys), tokens=1)
            count += 1
        except RateLimited:
            pass
    return count


def test_while_all_is_well_the_configured_amount_passes() -> None:
    limiter, _ = limited(FakeClock(), Limit.requests(10, per="minute"))
    assert admitted(limiter, 20) == 10


def test_a_refusal_by_the_provider_lowers_the_ceiling_at_once() -> None:
    limiter, adaptive = limited(FakeClock(), Limit.requests(10, per="minute"))
    adaptive.hear(SlowDown())
    assert adaptive.ceilings()[0].amount == 7
    assert admitted(limiter, 20) == 7


def test_a_retry_after_holds_up_everybody_who_shares_the_ceiling_and_nobody_else() -> None:
    clock = FakeClock()
    limiter, adaptive = limited(clock, Limit.requests(10, per="minute", by="model"))
    adaptive.hear(SlowDown(retry_after="2"), model="big")
    with pytest.raises(RateLimited) as caught:
        limiter.reserve(model="big", user="another")
    assert caught.value.retry_after_s == 2
    assert caught.value.limit == "upstream 10 requests/minute by model"
    limiter.reserve(model="small")
    clock.advance(1.999_999_999)
    with pytest.raises(RateLimited):
        limiter.reserve(model="big")
    clock.advance(0.000_000_001)
    limiter.reserve(model="big")


def test_what_the_ceiling_refuses_counts_in_no_limit() -> None:
    limiter, adaptive = limited(FakeClock(), Limit.requests(10, per="minute"))
    adaptive.hear(SlowDown(retry_after="9"))
    assert admitted(limiter, 3) == 0
    assert limiter.peek()[0].used == 0


def test_what_a_limit_refuses_counts_in_no_ceiling() -> None:
    clock = FakeClock()
    limiter, _ = limited(clock, Limit.requests(10, per="hour"), own=1)
    assert admitted(limiter, 50) == 1
    for _ in range(20):
        clock.advance(60)
        admitted(limiter, 1)
    assert admitted(limiter, 1) == 0  # 10 in this hour, none of them refused ones


def test_tokens_are_settled_by_what_was_used() -> None:
    limiter, _ = limited(FakeClock(), Limit.tokens(100, per="minute"))
    ticket = limiter.reserve(tokens=100)
    with pytest.raises(RateLimited):
        limiter.reserve(tokens=1)
    limiter.settle(ticket, tokens=10)
    limiter.settle(ticket, tokens=0)
    limiter.reserve(tokens=90)
    with pytest.raises(RateLimited):
        limiter.reserve(tokens=1)


def test_less_that_is_left_wins() -> None:
    limiter, adaptive = limited(FakeClock(), Limit.tokens(1_000, per="minute"))
    adaptive.hear(SimpleNamespace(headers={"x-ratelimit-remaining-tokens": "5", "x-ratelimit-reset-tokens": "10s"}))
    with pytest.raises(RateLimited) as caught:
        limiter.reserve(tokens=6)
    assert caught.value.retry_after_s == 10
    limiter.reserve(tokens=5)


def test_a_call_larger_than_the_lowered_ceiling_waits_and_one_larger_than_the_configured_never_fits() -> None:
    limiter, adaptive = limited(FakeClock(), Limit.tokens(1_000, per="minute"))
    adaptive.hear(SlowDown())
    with pytest.raises(RateLimited) as caught:
        limiter.reserve(tokens=750)
    assert caught.value.retry_after_s == 60
    with pytest.raises(RateLimited) as caught:
        limiter.reserve(tokens=1_001)
    assert caught.value.retry_after_s is None


def test_replaced_limits_keep_the_ceilings() -> None:
    limiter, adaptive = limited(FakeClock(), Limit.requests(10, per="minute", by="model"))
    adaptive.hear(SlowDown(), model="m")
    limiter.replace(Limit.requests(500, per="minute"))
    assert admitted(limiter, 20, model="m") == 7
    assert "model" in limiter.keys


def test_a_pipeline_tells_what_the_model_raises_and_how_replies_are_headed() -> None:
    clock = FakeClock()
    limiter, adaptive = limited(clock, Limit.requests(10, per="minute", by="model"))
    llm = FakeLLM("fine", errors={2: SlowDown(retry_after="5")}, model="m-2026-01-31")
    ask = Pipeline(limiter=limiter).wrap(llm.chat.completions.create)
    ask(messages=ASK, model="m")
    with pytest.raises(SlowDown):
        ask(messages=ASK, model="m")
    assert adaptive.ceilings(model="m")[0][2:] == (7, 5.0)
    with pytest.raises(RateLimited, match="upstream"):
        ask(messages=ASK, model="m")
    assert len(llm.calls) == 2
    clock.advance(5)
    ask(messages=ASK, model="m")


async def test_an_asynchronous_function_is_listened_to_as_well() -> None:
    limiter, adaptive = limited(FakeClock(), Limit.requests(10, per="minute"))
    llm = FakeLLM("fine", errors={1: SlowDown()})
    with pytest.raises(SlowDown):
        await Pipeline(limiter=limiter).wrap(llm.acall)("hi")
    assert adaptive.ceilings()[0].amount == 7


def test_the_headers_of_a_reply_are_heard() -> None:
    limiter, _ = limited(FakeClock(), Limit.requests(10, per="minute"))

    class Reply(dict[str, Any]):
        headers = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "3s"}  # noqa: RUF012

    def model(prompt: str) -> Any:
        return Reply()

    ask = Pipeline(limiter=limiter).wrap(model)
    ask("hi")
    with pytest.raises(RateLimited) as caught:
        ask("hi")
    assert caught.value.retry_after_s == 3


def test_the_headers_of_a_stream_are_heard() -> None:
    limiter, _ = limited(FakeClock(), Limit.requests(10, per="minute"))

    class Chunks(list[str]):
        response = SimpleNamespace(headers={"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "3s"})

        def __next__(self) -> str:
            if not self:
                raise StopIteration
            return self.pop(0)

        def __iter__(self) -> Any:
            return self

    def model(prompt: str) -> Any:
        return Chunks(["a", "b"])

    ask = Pipeline(limiter=limiter).wrap(model)
    assert "".join(ask("hi")) == "ab"
    with pytest.raises(RateLimited) as caught:
        ask("hi")
    assert caught.value.retry_after_s == 3


def test_an_error_of_a_guard_is_none_of_the_provider() -> None:
    limiter, adaptive = limited(FakeClock(), Limit.requests(1, per="minute"))
    ask = Pipeline(limiter=limiter).wrap(FakeLLM("fine"))
    ask("hi")
    for _ in range(3):
        with pytest.raises(RateLimited):  # raised by the ceiling itself, with "RateLimit" in its name
            ask("hi")
    assert adaptive.ceilings()[0].amount == 1
    assert adaptive.ceilings()[0].paused_s == 0


def test_what_the_limits_refuse_to_a_further_tier_is_none_of_the_provider() -> None:
    limiter, adaptive = limited(FakeClock(), Limit.requests(10, per="minute"), own=1)
    tiers = Tiered([{"model": "large"}], escalate=lambda _: True)

    def model(prompt: str, *, model: str = "small") -> str:
        return "no idea"

    ask = Pipeline(limiter=limiter, resilience=Resilience(tiers=tiers)).wrap(model)
    with pytest.raises(RateLimited):
        ask("hi")
    assert adaptive.ceilings()[0].amount == 10


def test_a_retry_after_is_heard_once_though_the_next_attempt_is_refused() -> None:
    clock = FakeClock()
    limiter, adaptive = limited(clock, Limit.requests(1, per="minute"))
    parts = Resilience(retry=Retry(2, first_wait_s=0), clock=clock.monotonic, sleep=clock.sleep)
    ask = Pipeline(limiter=limiter, resilience=parts).wrap(FakeLLM("fine", errors={1: SlowDown(retry_after="2")}))
    with pytest.raises(SlowDown):
        ask("hi")
    assert adaptive.ceilings()[0].paused_s == 0  # the attempt, refused by the ceiling, came when the pause was over


def test_threads_share_one_ceiling_to_the_unit() -> None:
    limiter, adaptive = limited(FakeClock(), Limit.requests(500, per="minute"))
    adaptive.hear(SlowDown())
    counts: list[int] = []
    threads = [threading.Thread(target=lambda: counts.append(admitted(limiter, 100))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == 350


def test_memory_is_bounded_and_keys_beyond_it_share_a_ceiling() -> None:
    clock = FakeClock()
    adaptive = Adaptive(Limit.requests(2, per="minute", by="user"), clock=clock.monotonic_ns, max_keys=100)
    limiter = RateLimiter(Limit.requests(10**6, per="minute"), clock=clock.monotonic_ns, adapt=adaptive)
    assert sum(admitted(limiter, 1, user=f"u-{number}") for number in range(150)) == 102
    assert len(adaptive._states) <= 101
    clock.advance(200)
    assert sum(admitted(limiter, 1, user=f"v-{number}") for number in range(150)) >= 100
    assert len(adaptive._states) <= 101


@pytest.mark.parametrize(
    "limits",
    [
        (),
        (Limit.usd(5, per="day"),),
        (Limit.concurrent(5),),
        (Limit.requests(5, per="day", calendar=True),),
        (Limit.requests(5, per="day", burst=2),),
        (Limit.requests(5, per="day", by="user", overrides={"a": 1}),),
        (Limit.requests(5, per="day", mode="shadow"),),
        ("10/minute",),
    ],
)
def test_limits_that_cannot_be_adapted_are_refused(limits: tuple[Any, ...]) -> None:
    with pytest.raises(ConfigurationError, match="Adaptive"):
        Adaptive(*limits)


async def test_an_asynchronous_store_is_asked_after_the_ceilings() -> None:
    adaptive = Adaptive(Limit.requests(1, per="hour"))
    limiter = RateLimiter(Limit.requests(10, per="minute"), store=_AsyncStore(), adapt=adaptive)
    ticket = await limiter.areserve(tokens=1)
    assert await limiter.asettle(ticket, tokens=1)
    with pytest.raises(RateLimited, match="upstream"):
        await limiter.areserve()


class _AsyncStore:
    """Grants everything."""

    def bind(self, limits: Any, previous: Any = None, /) -> Any:
        return self

    async def reserve(self, ticket: Any, buckets: Any, demand: Any, /) -> Any:
        ticket.grant = (self, None)
        return ()

    async def settle(self, ticket: Any, actual: Any, /) -> bool:
        return True

    async def extend(self, ticket: Any, demand: Any, /) -> Any: ...
    async def peek(self, buckets: Any, /) -> Any: ...
    async def usage(self) -> Any: ...
    async def reset(self, buckets: Any, /) -> Any: ...
