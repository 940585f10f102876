"""Fallbacks: when another target is asked, which one answered, and what all of them cost."""

from __future__ import annotations

from typing import Any

import pytest

from calls import KINDS, STREAMED, WHOLE, CountingLimiter, Events, World, consume
from genai_guard import Action, ConfigurationError, GuardBlocked, Limit, Pipeline, RateLimited
from genai_guard.errors import BreakerOpen, CallTimeout
from genai_guard.guards import PII, BlockedPatterns
from genai_guard.resilience import Breaker, Fallback, Resilience, Retry, Target, Timeout
from genai_guard.testing import FakeClock

from .faults import DOWN, APIStatusError, Script

LARGE = {"model": "large"}


@pytest.mark.parametrize("kind", KINDS)
def test_another_model_answers_when_the_first_is_down(kind: str) -> None:
    model = Script(kind, [DOWN, ["The sea ", "is blue."]])
    tested = World(parts={"resilience": Resilience(fallback=Fallback([LARGE]))})
    assert consume(kind, tested.pipeline(model.fn), "hello") == "The sea is blue."
    event = tested.event
    assert model.models == ["small", "large"]
    assert (event.status, event.answered_by, event.model, event.attempts) == ("ok", "large", "large", 2)
    assert (tested.limiter.open, tested.limiter.settled) == ([], [0, 2 + 4])


@pytest.mark.parametrize("kind", KINDS)
def test_another_function_answers(kind: str) -> None:
    model, other = Script(kind, [DOWN]), Script(kind, ["from the other"])
    fallback = Fallback([Target(call=other.fn, name="other provider")])
    tested = World(parts={"resilience": Resilience(fallback=fallback)})
    assert consume(kind, tested.pipeline(model.fn), "hello") == "from the other"
    assert (other.prompts, tested.event.answered_by) == (["hello"], "other provider")


def test_the_call_itself_answers_under_no_name() -> None:
    outcome = Pipeline(resilience=Resilience(fallback=Fallback([LARGE]))).run(Script("def", ["fine"]).fn, "hello")
    assert (outcome.answered_by, outcome.attempts, outcome.value) == ("", 1, "fine")


@pytest.mark.parametrize("kind", KINDS)
def test_the_error_of_the_last_target_is_raised(kind: str) -> None:
    last = APIStatusError(500)
    model = Script(kind, [DOWN, APIStatusError(404), last])
    tested = World(parts={"resilience": Resilience(fallback=Fallback([LARGE, {"model": "larger"}]))})
    with pytest.raises(APIStatusError) as caught:
        consume(kind, tested.pipeline(model.fn), "hello")
    assert caught.value is last
    assert (tested.event.status, tested.event.answered_by, tested.limiter.open) == ("error", "", [])


@pytest.mark.parametrize("error", [APIStatusError(400), APIStatusError(422), TypeError("mine")])
def test_what_would_fail_everywhere_is_not_asked_elsewhere(error: Exception) -> None:
    model = Script("def", [error])
    with pytest.raises(type(error)):
        Pipeline(resilience=Resilience(fallback=Fallback([LARGE]))).wrap(model.fn)("hello")
    assert model.calls == 1


def test_the_caller_says_what_is_asked_elsewhere() -> None:
    fallback = Fallback([LARGE], when=lambda error: isinstance(error, TypeError))
    assert (
        Pipeline(resilience=Resilience(fallback=fallback)).wrap(Script("def", [TypeError(), "fine"]).fn)("x") == "fine"
    )


def test_what_a_limit_refuses_is_asked_nowhere() -> None:
    model = Script("def", ["fine"])
    tested = World((Limit.requests(1, per="hour"),), {"resilience": Resilience(fallback=Fallback([LARGE]))})
    fn = tested.pipeline(model.fn)
    fn("hello")
    with pytest.raises(RateLimited):
        fn("hello")
    assert model.calls == 1


def test_limits_by_model_are_asked_for_the_model_that_is_called() -> None:
    limiter = CountingLimiter(Limit.requests(1, per="hour", by="model"))
    resilience = Resilience(fallback=Fallback([LARGE]))
    fn = Pipeline(limiter=limiter, resilience=resilience).wrap(Script("def", [DOWN, "fine"]).fn)  # type: ignore[arg-type]
    assert fn("hello", model="small") == "fine"
    assert [level.used for level in limiter.inner.peek(model="large")] == [1]


@pytest.mark.parametrize("kind", KINDS)
def test_an_open_breaker_leads_to_the_next_target(kind: str) -> None:
    clock = FakeClock()
    breaker = Breaker(minimum_calls=1, open_s=100, clock=clock.monotonic)
    model = Script(kind, [DOWN, "from large"])
    fn = Pipeline(resilience=Resilience(breaker=breaker, fallback=Fallback([LARGE]))).wrap(model.fn)
    consume(kind, fn, "hello", model="small")
    consume(kind, fn, "hello", model="small")
    assert model.models == ["small", "large", "large"]


def test_a_target_without_a_model_is_asked_for_that_of_the_call() -> None:
    events = Events()
    other = Script("def", ["fine"])
    fallback = Fallback([LARGE, Target(call=other.fn, name="other")])
    fn = Pipeline(resilience=Resilience(fallback=fallback), recorder=events).wrap(Script("def", [DOWN]).fn)
    assert fn("hello", model="medium") == "fine"
    assert (other.models, events[0].model) == (["medium"], "medium")


def test_nobody_left_to_ask_is_an_open_breaker() -> None:
    breaker = Breaker(minimum_calls=1, open_s=100)
    fn = Pipeline(resilience=Resilience(breaker=breaker, fallback=Fallback([LARGE]))).wrap(Script("def", [DOWN]).fn)
    with pytest.raises(APIStatusError):
        fn("hello", model="small")
    with pytest.raises(BreakerOpen):
        fn("hello", model="small")


def test_every_target_has_its_retries() -> None:
    model = Script("def", [DOWN, DOWN, DOWN, "fine"])
    parts = Resilience(retry=Retry(2, first_wait_s=0), fallback=Fallback([LARGE]))
    outcome = Pipeline(resilience=parts).run(model.fn, "hello")
    assert (outcome.value, model.models, outcome.attempts) == ("fine", ["small", "small", "large", "large"], 4)


def test_no_target_is_asked_after_the_deadline() -> None:
    clock = FakeClock()

    def model(prompt: str, *, model: str = "small") -> str:
        clock.advance(20)
        raise DOWN

    parts = Resilience(timeout=Timeout(10), fallback=Fallback([LARGE]), clock=clock.monotonic)
    outcome = World(parts={"resilience": parts})
    with pytest.raises((APIStatusError, CallTimeout)):
        outcome.pipeline(model)("hello")
    assert outcome.event.attempts == 1


@pytest.mark.parametrize("kind", STREAMED)
def test_a_stream_that_has_begun_does_not_fall_back(kind: str) -> None:
    model = Script(kind, [["The sea ", DOWN], "never"])
    with pytest.raises(APIStatusError):
        consume(kind, Pipeline(resilience=Resilience(fallback=Fallback([LARGE]))).wrap(model.fn), "hello")
    assert model.calls == 1


@pytest.mark.parametrize("kind", WHOLE)
@pytest.mark.parametrize("on_block", [False, True])
def test_a_reply_that_is_blocked_is_asked_for_elsewhere_where_asked(kind: str, *, on_block: bool) -> None:
    model = Script(kind, ["poison", "sweet"])
    parts = {
        "output": [BlockedPatterns(["poison"])],
        "resilience": Resilience(fallback=Fallback([LARGE], on_block=on_block)),
    }
    tested = World(parts=parts)
    if not on_block:
        with pytest.raises(GuardBlocked):
            consume(kind, tested.pipeline(model.fn), "hello")
        return
    assert consume(kind, tested.pipeline(model.fn), "hello") == "sweet"
    event = tested.event
    assert [(verdict.guard, verdict.action) for verdict in event.verdicts] == [("blocked_patterns", Action.FLAG)]
    assert (event.status, event.usage.total_tokens, tested.limiter.settled) == ("ok", 4 + 4, [4, 4])
    assert [part.text for part in event.response] == ["sweet"]


def test_an_input_that_is_blocked_is_asked_nowhere() -> None:
    model = Script("def", ["fine"])
    parts = Resilience(fallback=Fallback([LARGE], on_block=True))
    with pytest.raises(GuardBlocked):
        Pipeline(input=[BlockedPatterns(["poison"])], resilience=parts).wrap(model.fn)("poison")
    assert model.calls == 0


def _completion(text: str, reason: str) -> dict[str, Any]:
    return {
        "object": "chat.completion",
        "model": "m",
        "choices": [{"index": 0, "finish_reason": reason, "message": {"role": "assistant", "content": text}}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
    }


def test_a_reply_that_is_cut_off_is_asked_for_elsewhere_where_asked() -> None:
    replies = [_completion("The sea is", "length"), _completion("The sea is blue.", "stop")]

    def model(messages: list[dict[str, str]], *, model: str = "small") -> dict[str, Any]:
        return replies[1 if model == "large" else 0]

    messages = [{"role": "user", "content": "hello"}]
    for asked, reply, attempts in ((True, replies[1], 2), (False, replies[0], 1)):
        events = Events()
        parts = Resilience(fallback=Fallback([LARGE], on_truncation=asked))
        assert Pipeline(resilience=parts, recorder=events).wrap(model)(messages) == reply
        assert (events[0].attempts, events[0].usage.total_tokens) == (attempts, 15 * attempts)
        assert events[0].finish_reason == ("stop" if asked else "length")


def test_the_last_target_may_be_cut_off() -> None:
    def model(messages: list[dict[str, str]], *, model: str = "small") -> dict[str, Any]:
        return _completion("The sea is", "length")

    parts = Resilience(fallback=Fallback([LARGE], on_truncation=True))
    assert Pipeline(resilience=parts).run(model, [{"role": "user", "content": "hello"}]).answered_by == "large"


def test_the_cost_of_all_attempts_is_counted_by_the_model_that_was_asked() -> None:
    events = Events()
    parts = {
        "output": [BlockedPatterns(["poison"])],
        "resilience": Resilience(fallback=Fallback([LARGE], on_block=True)),
        "prices": {"small": (1.0, 1.0), "large": (10.0, 10.0)},
    }
    Pipeline(recorder=events, **parts).wrap(Script("def", ["poison", "sweet"]).fn)("hello", model="small")  # type: ignore[arg-type]
    assert events[0].cost_usd == pytest.approx((4 * 1 + 4 * 10) / 1e6)


def test_guards_see_the_reply_of_whoever_answers() -> None:
    parts = Resilience(fallback=Fallback([LARGE]))
    fn = Pipeline(output=[PII()], resilience=parts).wrap(Script("def", [DOWN, "write to bob@example.com"]).fn)
    assert fn("hello") == "write to [EMAIL]"


def test_a_positional_argument_is_replaced_too() -> None:
    def model(prompt: str, model: str = "small") -> str:
        if model == "small":
            raise DOWN
        return model

    assert Pipeline(resilience=Resilience(fallback=Fallback([LARGE]))).wrap(model)("hello", "small") == "large"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Fallback([]), "at least one target"),
        (lambda: Fallback("large"), "takes a list"),  # type: ignore[arg-type]
        (lambda: Fallback({"model": "large"}), "takes a list"),  # type: ignore[arg-type]
        (lambda: Fallback([3]), "not int"),  # type: ignore[list-item]
        (lambda: Fallback([{}]), "must differ"),
        (lambda: Fallback([LARGE, LARGE]), "more than one target is named 'large'"),
        (lambda: Fallback([LARGE], when=3), "when"),  # type: ignore[arg-type]
        (lambda: Target(call=3), "takes a function"),  # type: ignore[arg-type]
    ],
)
def test_what_makes_no_sense_is_refused_when_it_is_built(make: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        make()


def test_a_target_that_does_not_fit_the_function_is_refused_when_it_is_wrapped() -> None:
    def model(prompt: str) -> str:
        return prompt

    with pytest.raises(ConfigurationError, match="sets model, which"):
        Pipeline(resilience=Resilience(fallback=Fallback([LARGE]))).wrap(model)
    with pytest.raises(ConfigurationError, match="of the same kind"):
        Pipeline(resilience=Resilience(fallback=Fallback([Script("async def", []).fn]))).wrap(model)
