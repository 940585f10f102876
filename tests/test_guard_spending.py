"""What guards spend on models of their own counts in the limits and the price of the call that they judge."""

from __future__ import annotations

from typing import Any

import pytest

from calls import CountingLimiter, Events
from genai_guard import GuardBlocked, Limit, Pipeline
from genai_guard.guards import RUBRICS, Judge, any_of
from genai_guard.messages import Usage
from genai_guard.testing import FakeLLM

PRICES = {"small": (1.0, 2.0), "judge": (10.0, 20.0)}


class JudgeLLM:
    """A judge that says one thing, and what it took."""

    def __init__(self, verdict: str) -> None:
        code = "none" if verdict == "pass" else next(iter(RUBRICS["toxicity"].codes))
        self.reply = f'{{"verdict": "{verdict}", "score": 0.5, "reason_code": "{code}"}}'

    def __call__(self, prompt: str) -> Any:
        return {
            "object": "chat.completion",
            "model": "judge",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": self.reply}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
        }


def judged(verdict: str = "pass", side: str = "input") -> tuple[Pipeline, CountingLimiter, Events]:
    limiter, events = CountingLimiter(Limit.tokens(100_000, per="minute")), Events()
    judge = Judge(JudgeLLM(verdict), action="flag" if verdict == "pass" else "block")
    guards: dict[str, Any] = {side: [judge]}
    return Pipeline(limiter=limiter, recorder=events, prices=PRICES, **guards), limiter, events  # type: ignore[arg-type]


def ask(pipeline: Pipeline) -> Any:
    llm = FakeLLM()
    llm.script("fine")
    return pipeline.run(llm.chat.completions.create, model="small", messages=[{"role": "user", "content": "hello"}])


@pytest.mark.parametrize("side", ["input", "output"])
def test_an_allowance_that_cost_something_counts(side: str) -> None:
    pipeline, limiter, events = judged(side=side)
    outcome = ask(pipeline)
    assert outcome.guard_usage == events[0].guard_usage == Usage(100, 10)
    assert limiter.settled == [outcome.usage.total_tokens + 110]


def test_the_price_of_the_judge_is_in_the_price_of_the_call() -> None:
    pipeline, _, events = judged()
    usage = ask(pipeline).usage
    expected = (usage.input_tokens * 1 + usage.output_tokens * 2 + 100 * 10 + 10 * 20) / 1e6
    assert events[0].cost_usd == pytest.approx(expected)


def test_a_request_that_the_judge_refuses_owes_what_the_judge_spent() -> None:
    pipeline, limiter, events = judged("fail")
    with pytest.raises(GuardBlocked):
        ask(pipeline)
    assert limiter.settled == [110]
    assert events[0].usage == Usage()
    assert events[0].cost_usd == pytest.approx(0.0012)


def test_a_call_without_such_guards_owes_nothing() -> None:
    limiter, events = CountingLimiter(Limit.tokens(100_000, per="minute")), Events()
    outcome = ask(Pipeline(limiter=limiter, recorder=events))  # type: ignore[arg-type]
    assert outcome.guard_usage == Usage()
    assert limiter.settled == [outcome.usage.total_tokens]


@pytest.mark.parametrize("verdict", ["pass", "fail"])
def test_what_judges_within_other_guards_spend_counts_whatever_they_say(verdict: str) -> None:
    judges = [Judge(JudgeLLM(verdict), action="flag", name=name) for name in ("first", "second")]
    limiter = CountingLimiter(Limit.tokens(100_000, per="minute"))
    outcome = ask(Pipeline(input=[any_of(*judges, action="flag")], limiter=limiter, prices=PRICES))  # type: ignore[arg-type]
    assert outcome.guard_usage == Usage(200, 20)
    assert limiter.settled == [outcome.usage.total_tokens + 220]
