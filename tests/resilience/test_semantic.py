"""The semantic cache: what is compared, what must be the same, and what is kept."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from calls import STREAMED, WHOLE, Events, World, consume
from genai_guard import Action, ConfigurationError, GuardBlocked, Pipeline, caller
from genai_guard.guards import BlockedPatterns
from genai_guard.messages import Usage
from genai_guard.resilience import Cache, Resilience, SemanticCache
from genai_guard.resilience.semantic import normal
from genai_guard.testing import FakeClock

from .faults import DOWN, APIStatusError, Script

WORDS = ["sea", "blue", "colour", "capital", "france", "poison"]


def embed(text: str) -> list[float]:
    """Count words."""
    return [0.01, *(float(text.lower().count(word)) for word in WORDS)]


async def aembed(text: str) -> list[float]:
    await asyncio.sleep(0)
    return embed(text)


def semantic(**options: Any) -> Resilience:
    return Resilience(semantic=SemanticCache(embed, **options))


@pytest.mark.parametrize("kind", WHOLE)
def test_a_question_near_to_another_is_given_its_reply(kind: str) -> None:
    model, tested = Script(kind, ["It is blue.", "Paris."]), World(parts={"resilience": semantic()})
    fn = tested.pipeline(model.fn)
    asked = ["What colour is the sea?", "The sea, what colour has it?", "What is the capital of France?"]
    assert [consume(kind, fn, each) for each in asked] == ["It is blue.", "It is blue.", "Paris."]
    assert [event.answered_by for event in tested.events] == ["", "cache", ""]
    assert tested.events[1].usage == Usage()
    assert (tested.limiter.open, len(tested.limiter.settled)) == ([], 2)


async def test_an_embedding_may_be_awaited() -> None:
    model = Script("async def", ["It is blue.", "never"])
    fn = Pipeline(resilience=Resilience(semantic=SemanticCache(aembed))).wrap(model.fn)
    assert [await fn("colour of the sea"), await fn("the colour, sea?")] == ["It is blue."] * 2


def test_an_awaited_embedding_is_refused_for_a_function_that_is_not() -> None:
    with pytest.raises(ConfigurationError, match="is asynchronous"):
        Pipeline(resilience=Resilience(semantic=SemanticCache(aembed))).wrap(Script("def", []).fn)


def test_all_but_the_last_text_of_the_user_must_be_the_same() -> None:
    calls: list[Any] = []

    def model(messages: list[dict[str, str]], *, model: str = "small") -> str:
        calls.append(messages)
        return f"reply {len(calls)}"

    fn = Pipeline(resilience=semantic()).wrap(model)
    system, other = {"role": "system", "content": "Be brief."}, {"role": "system", "content": "Be long."}
    first, second = {"role": "user", "content": "colour of the sea"}, {"role": "user", "content": "sea: its colour?"}
    assert fn([system, first]) == fn([system, second]) == "reply 1"
    assert fn([other, second]) == "reply 2"
    assert fn([system, second], model="large") == "reply 3"
    with caller(tenant="acme"):
        assert fn([system, second]) == "reply 4"


def test_the_name_of_the_user_is_not_the_question() -> None:
    questions: list[str] = []

    def noted(text: str) -> list[float]:
        questions.append(text)
        return embed(text)

    def model(messages: list[dict[str, str]]) -> str:
        return "fine"

    fn = Pipeline(resilience=Resilience(semantic=SemanticCache(noted))).wrap(model)
    assert fn([{"role": "user", "name": "ann", "content": "What colour is the sea?"}]) == "fine"
    assert questions == ["What colour is the sea?"]


@pytest.mark.parametrize("kind", STREAMED)
def test_streams_are_neither_looked_up_nor_kept(kind: str) -> None:
    model = Script(kind, [["a ", "b"]])
    fn = Pipeline(resilience=semantic()).wrap(model.fn)
    assert [consume(kind, fn, "colour of the sea") for _ in range(2)] == ["a b"] * 2
    assert model.calls == 2


def test_errors_and_what_is_blocked_are_not_kept() -> None:
    model = Script("def", [DOWN, "poison", "sweet"])
    fn = Pipeline(output=[BlockedPatterns(["poison"])], resilience=semantic()).wrap(model.fn)
    with pytest.raises(APIStatusError):
        fn("colour of the sea")
    with pytest.raises(GuardBlocked):
        fn("colour of the sea")
    assert [fn("colour of the sea"), fn("the sea: colour")] == ["sweet", "sweet"]


@pytest.mark.parametrize("broken", [lambda _: 1 / 0, lambda _: [0.0, 0.0], lambda _: "no", lambda _: [float("nan")]])
def test_an_embedding_that_fails_makes_the_call_and_is_told(broken: Any) -> None:
    events = Events()
    parts = Resilience(semantic=SemanticCache(broken))
    assert Pipeline(resilience=parts, recorder=events).wrap(Script("def", ["fine"]).fn)("hello") == "fine"
    assert [(verdict.guard, verdict.action) for verdict in events[0].verdicts] == [("semantic_cache", Action.ERROR)]


def test_a_reply_is_forgotten_after_its_time_and_for_newer_ones() -> None:
    clock = FakeClock()
    cache = SemanticCache(embed, ttl_s=10, max_entries=2, clock=clock.monotonic)
    model = Script("def", [f"reply {number}" for number in range(9)])
    fn = Pipeline(resilience=Resilience(semantic=cache)).wrap(model.fn)
    assert [fn("sea"), fn("blue"), fn("sea"), fn("capital"), fn("sea")] == [f"reply {n}" for n in (0, 1, 0, 2, 0)]
    assert fn("blue") == "reply 3"
    clock.advance(10)
    assert fn("blue") == "reply 4"
    assert len(cache) == 2


def test_it_is_asked_after_the_cache_for_the_same_call() -> None:
    asked: list[str] = []

    def counting(text: str) -> list[float]:
        asked.append(text)
        return embed(text)

    parts = Resilience(cache=Cache(), semantic=SemanticCache(counting))
    fn = Pipeline(resilience=parts).wrap(Script("def", ["fine", "never"]).fn)
    for prompt in ("sea", "sea", "the sea", "the sea"):
        assert fn(prompt) == "fine"
    assert asked == ["sea", "the sea"]


def test_a_vector_is_brought_to_a_length_of_one() -> None:
    assert normal([3, 4]) == (0.6, 0.8)


@pytest.mark.parametrize(
    "options", [{"threshold": 0}, {"threshold": 2}, {"ttl_s": 0}, {"max_entries": 0}, {"version": 3}]
)
def test_what_makes_no_sense_is_refused_when_it_is_built(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(options))):
        SemanticCache(embed, **options)
    with pytest.raises(ConfigurationError, match="embed"):
        SemanticCache(3)  # type: ignore[arg-type]
