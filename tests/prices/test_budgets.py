"""Budgets in a pipeline: what a call may cost is held before it, and what it did cost is charged after it."""

from __future__ import annotations

from typing import Any

import pytest

from genai_guard import BudgetExceeded, Limit, Pipeline, RateLimiter
from genai_guard.guards import Judge
from genai_guard.messages import Usage
from genai_guard.prices import Price, Prices
from genai_guard.testing import FakeClock, FakeLLM, FakeReply

ASK = [{"role": "user", "content": "x" * 400}]  # 100 tokens, as estimated
PRICES = {"small": (10_000.0, 20_000.0), "judge": (1_000.0, 1_000.0)}  # cents for a token, to read the sums easily


def used(limiter: RateLimiter) -> float:
    return limiter.peek()[0].used


def guarded(limit: Limit, llm: FakeLLM, **parts: Any) -> tuple[Any, RateLimiter]:
    limiter = RateLimiter(limit)
    parts.setdefault("prices", PRICES)
    pipeline = Pipeline(limiter=limiter, **parts)
    return pipeline.wrap(llm.chat.completions.create), limiter


def test_the_estimate_is_held_during_the_call_and_the_cost_charged_after_it() -> None:
    held: list[float] = []

    def reply(_: Any) -> FakeReply:
        held.append(used(limiter))
        return FakeReply(text="fine", usage=Usage(100, 10))

    ask, limiter = guarded(Limit.usd(100, per="day"), FakeLLM(reply, model="small"))
    ask(messages=ASK, model="small", max_tokens=50)
    assert held == [pytest.approx(100 * 0.01 + 50 * 0.02, rel=0.05)]
    assert used(limiter) == pytest.approx(100 * 0.01 + 10 * 0.02)


def test_a_call_that_may_cost_more_than_is_left_is_not_made() -> None:
    llm = FakeLLM("fine", model="small")
    ask, limiter = guarded(Limit.usd(1.5, per="day"), llm)
    with pytest.raises(BudgetExceeded):
        ask(messages=ASK, model="small", max_tokens=50)
    assert not llm.calls
    assert used(limiter) == 0


def test_what_guards_spend_is_charged_to_the_budget() -> None:
    judge = FakeLLM(
        FakeReply(text='{"verdict": "pass", "score": 0.1, "reason_code": "none"}', usage=Usage(200, 20)), model="judge"
    )

    def asked(prompt: str) -> Any:
        return judge.chat.completions.create(messages=[{"role": "user", "content": prompt}], model="judge")

    llm = FakeLLM(FakeReply(text="fine", usage=Usage(100, 10)), model="small")
    ask, limiter = guarded(Limit.usd(100, per="day"), llm, input=[Judge(asked)])
    ask(messages=ASK, model="small", max_tokens=50)
    assert used(limiter) == pytest.approx(100 * 0.01 + 10 * 0.02 + 220 * 0.001)


def test_a_call_of_a_free_model_costs_nothing_and_of_the_default_price_its_price() -> None:
    for unknown, usd in (("zero", 0), (Price(10_000, 10_000), 1.1)):
        llm = FakeLLM(FakeReply(text="fine", usage=Usage(100, 10)), model="unheard-of")
        ask, limiter = guarded(Limit.usd(100, per="day"), llm, prices=Prices(PRICES, unknown_model=unknown))  # type: ignore[arg-type]
        ask(messages=ASK, model="unheard-of")
        assert used(limiter) == pytest.approx(usd)


def test_a_failed_call_costs_nothing() -> None:
    ask, limiter = guarded(Limit.usd(100, per="day"), FakeLLM(ValueError("no"), model="small"))
    with pytest.raises(ValueError, match="no"):
        ask(messages=ASK, model="small")
    assert used(limiter) == 0


def test_a_stream_is_charged_what_it_took() -> None:
    llm = FakeLLM(FakeReply(text="one two three", usage=Usage(100, 3)), model="small", clock=FakeClock())
    ask, limiter = guarded(Limit.usd(100, per="day"), llm)
    for _ in ask(messages=ASK, model="small", stream=True, stream_options={"include_usage": True}):
        pass
    assert used(limiter) == pytest.approx(100 * 0.01 + 3 * 0.02)
