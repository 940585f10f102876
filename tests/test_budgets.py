"""Money, parts of tokens, calls in flight and estimates, in a pipeline."""

from __future__ import annotations

from typing import Any

import pytest

from calls import Events
from genai_guard import BudgetExceeded, Experiment, ExperimentRouter, Limit, Pipeline, RateLimited, Variant, caller
from genai_guard.messages import Usage
from limits.books import Book

PRICES = {"small": (1_000.0, 2_000.0)}  # dollars for a million tokens: 0.001 and 0.002 for one


class Reply:
    """A reply as OpenAI's client returns it."""

    def __init__(self, text: str, input_tokens: int, output_tokens: int) -> None:
        self.text, self.counts = text, (input_tokens, output_tokens)

    def __call__(self, prompt: str, *, model: str = "small", max_tokens: int = 50) -> dict[str, Any]:
        return {
            "choices": [{"message": {"role": "assistant", "content": self.text}, "finish_reason": "stop"}],
            "model": model,
            "usage": {"prompt_tokens": self.counts[0], "completion_tokens": self.counts[1]},
        }


def piped(*limits: Limit, **parts: Any) -> tuple[Book, Pipeline, Events]:
    book, events = Book(*limits), Events()
    return book, Pipeline(limiter=book.limiter, recorder=events, prices=PRICES, **parts), events


def test_a_budget_counts_what_calls_have_cost_and_refuses_when_it_is_spent() -> None:
    book, pipeline, events = piped(Limit.usd(0.2, per="day", name="daily"))
    ask = pipeline.wrap(Reply("ok", 10, 20))
    ask("hi", max_tokens=50)
    assert book.used() == [pytest.approx(0.05)]
    assert events[0].cost_usd == pytest.approx(0.05)
    ask("hi", max_tokens=50)
    with pytest.raises(BudgetExceeded) as caught:
        ask("hi", max_tokens=50)
    assert caught.value.spent == pytest.approx(0.1)
    assert (events[2].status, events[2].denied_by) == ("budget_exceeded", "daily")
    ask("hi", max_tokens=40)


def test_input_and_output_are_settled_apart() -> None:
    book, pipeline, _events = piped(Limit.input_tokens(1_000, per="minute"), Limit.output_tokens(1_000, per="minute"))
    pipeline.wrap(Reply("ok", 10, 20))("hi")
    assert book.used() == [10, 20]


def test_a_call_that_fails_gives_its_place_and_its_money_back() -> None:
    book, pipeline, _events = piped(Limit.concurrent(1), Limit.usd(1, per="day"))

    def fail(prompt: str, *, model: str = "small", max_tokens: int = 50) -> str:
        raise OSError

    for _ in range(3):
        with pytest.raises(OSError):
            pipeline.wrap(fail)("hi")
    assert book.used() == [0, 0]


def test_a_call_that_times_out_keeps_its_money_until_the_lease_ends() -> None:
    book, pipeline, _events = piped(Limit.concurrent(1), Limit.usd(1, per="month", on_expiry="release"))

    def hang(prompt: str, *, model: str = "small", max_tokens: int = 50) -> str:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        pipeline.wrap(hang)("hi", max_tokens=50)
    assert book.used() == [0, pytest.approx(0.101)]
    book.wait(600)
    assert book.used() == [0, 0]


def test_a_second_call_inside_the_first_is_one_too_many() -> None:
    _book, pipeline, _events = piped(Limit.concurrent(1))

    @pipeline
    def inner(prompt: str) -> str:
        return prompt

    @pipeline
    def outer(prompt: str) -> str:
        return inner(prompt)

    with pytest.raises(RateLimited, match="1 call at once"):
        outer("hi")
    assert inner("hi") == "hi"


def test_what_is_reserved_for_a_reply_is_learnt_from_replies() -> None:
    book, pipeline, _events = piped(Limit.tokens(10_000, per="minute"), expected_output_tokens=300)
    reserved = []

    def look(prompt: str, *, model: str = "small", max_tokens: int | None = None) -> dict[str, Any]:
        before.append(book.used()[0])
        return Reply("ok", 1, 8)(prompt, model=model)

    ask = pipeline.wrap(look)
    before: list[float] = []
    for settled in range(0, 9 * 21, 9):
        ask("hi")
        reserved.append(before[-1] - settled)
    assert reserved == [301] * 20 + [9]
    assert book.limiter.estimates.known == {"small": 8}
    ask("hi", model="large", max_tokens=70)
    assert before[-1] == 9 * 21 + 71
    ask("hi", max_tokens=5)
    assert before[-1] == 9 * 22 + 6


def test_a_variant_has_limits_of_its_own() -> None:
    router = ExperimentRouter(Experiment("e", Variant("a", weight=50), Variant("b", weight=50), by="user"))
    book, pipeline, events = piped(Limit.requests(2, per="minute", by="variant"), router=router)
    ask = pipeline.wrap(Reply("ok", 1, 1))
    for number in range(20):
        with caller(user=f"u-{number}"):
            try:
                ask("hi")
            except RateLimited:
                continue
    assert sorted(row.key for row in book.limiter.usage()) == ["a", "b"]
    assert sum(event.ok for event in events) == 4


def test_limits_that_are_replaced_apply_to_functions_wrapped_before() -> None:
    book, pipeline, _events = piped(Limit.requests(5, per="minute"))
    ask = pipeline.wrap(Reply("ok", 10, 20))
    ask("hi")
    book.limiter.replace(Limit.usd(1, per="day", by="tenant"), Limit.requests(7, per="minute"))
    with caller(tenant="acme"):
        ask("hi")
    assert book.used(tenant="acme") == [pytest.approx(0.05), 2]


def test_a_model_without_a_price_costs_nothing() -> None:
    book, pipeline, events = piped(Limit.usd(1, per="day"))
    pipeline.wrap(Reply("ok", 10, 20))("hi", model="unheard-of")
    assert book.used() == [0]
    assert events[0].cost_usd is None
    assert events[0].usage == Usage(10, 20)


def test_several_tags_at_once_say_whose_call_it_is() -> None:
    book, pipeline, _events = piped(Limit.requests(1, per="minute", by=("tenant", "api_key")))
    ask = pipeline.wrap(Reply("ok", 1, 1))
    for key in ("k1", "k2"):
        with caller(tenant="acme", tags={"api_key": key}):
            ask("hi")
            with pytest.raises(RateLimited):
                ask("hi")
    assert [row.key for row in book.limiter.usage()] == ["acme, k1", "acme, k2"]
