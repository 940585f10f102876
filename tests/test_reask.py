"""A model is asked again when a guard refuses its reply and says what is wrong with it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from calls import CountingLimiter, Events
from genai_guard import Action, Finding, GuardBlocked, Limit, Pipeline, Verdict
from genai_guard.guards import PII, JSONSchema
from genai_guard.testing import FakeLLM

SCHEMA = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}


@dataclass
class Wants:
    """A guard that wants a word in the reply."""

    word: str = "please"
    max_reasks: int = 2
    action: str = "block"
    name: str = "wants"
    mode: str = "enforce"

    def check(self, text: str, /) -> Verdict:
        if self.word in text:
            return Verdict(Action.ALLOW, text, value=len(text))
        found = (Finding("wants.word", "IMPOLITE", 0, len(text)),)
        return Verdict(Action(self.action), text, found, feedback=f"Say {self.word}.")


class Model:
    """Replies what it is told to, and remembers what it was asked."""

    def __init__(self, *replies: str) -> None:
        self.replies = list(replies)
        self.asked: list[Any] = []

    def __call__(self, prompt: Any) -> str:
        self.asked.append(prompt)
        return self.replies[len(self.asked) - 1]


def test_a_reply_that_is_right_is_asked_for_once() -> None:
    model = Model("yes please")
    outcome = Pipeline(output=[Wants()]).run(model, "hello")
    assert (outcome.value, outcome.parsed, len(model.asked)) == ("yes please", 10, 1)


def test_a_reply_that_is_refused_is_asked_for_again_with_what_is_wrong() -> None:
    model = Model("no", "yes please")
    assert Pipeline(output=[Wants()]).run(model, "hello").value == "yes please"
    first, second = model.asked
    assert first == "hello"
    assert second.startswith("hello")
    assert "no" in second.removeprefix("hello")
    assert "Say please." in second


def test_messages_go_on_with_the_reply_and_the_feedback() -> None:
    model = Model("no", "yes please")
    messages = [{"role": "user", "content": "hello"}]
    Pipeline(output=[Wants()])(model)(messages)
    assert model.asked[1] == [
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": "no"},
        {"role": "user", "content": "Say please."},
    ]
    assert messages == [{"role": "user", "content": "hello"}]


async def test_an_asynchronous_model_is_asked_again_alike() -> None:
    model = Model("no", "yes please")

    async def ask(prompt: str) -> str:
        await asyncio.sleep(0)
        return model(prompt)

    outcome = await Pipeline(output=[Wants()]).arun(ask, "hello")
    assert (outcome.value, len(model.asked)) == ("yes please", 2)


def test_it_is_asked_no_more_often_than_the_guard_says() -> None:
    model = Model("no", "no", "no", "yes please")
    with pytest.raises(GuardBlocked, match="wants blocked the output: IMPOLITE"):
        Pipeline(output=[Wants(max_reasks=2)]).run(model, "hello")
    assert len(model.asked) == 3


@pytest.mark.parametrize(
    "changes", [{"max_reasks": 0}, {"action": "flag"}, {"mode": "shadow"}], ids=["no times", "flag", "shadow"]
)
def test_a_guard_that_does_not_want_it_is_not_obeyed(changes: dict[str, Any]) -> None:
    model = Model("no", "yes please")
    try:
        Pipeline(output=[Wants(**changes)]).run(model, "hello")
    except GuardBlocked:
        assert changes == {"max_reasks": 0}
    assert len(model.asked) == 1


def test_what_was_said_before_is_kept_as_a_flag() -> None:
    events = Events()
    Pipeline(output=[Wants()], recorder=events).run(Model("no", "yes please"), "hello")
    assert [(verdict.guard, verdict.action) for verdict in events[0].verdicts] == [("wants", Action.FLAG)]
    assert events[0].ok


def test_neither_feedback_nor_value_leaves_the_call() -> None:
    events = Events()
    Pipeline(output=[Wants()], recorder=events).run(Model("no", "yes please"), "hello")
    assert {(verdict.feedback, verdict.value) for verdict in events[0].verdicts} == {("", None)}


def test_each_time_is_a_request_to_the_limits_settled_by_what_it_took() -> None:
    limiter, events = CountingLimiter(Limit.requests(10, per="minute"), Limit.tokens(10_000, per="minute")), Events()
    llm = FakeLLM()
    llm.script("no", "no", "yes please")
    pipeline = Pipeline(output=[Wants()], limiter=limiter, recorder=events)  # type: ignore[arg-type]
    outcome = pipeline.run(llm.chat.completions.create, model="m", messages=[{"role": "user", "content": "hello"}])
    assert len(limiter.settled) == 3
    assert limiter.open == []
    assert sum(each or 0 for each in limiter.settled) == outcome.usage.total_tokens == events[0].usage.total_tokens
    assert len(events) == 1


def test_a_limit_without_room_leaves_the_refusal_as_it_is() -> None:
    limiter, events = CountingLimiter(Limit.requests(1, per="minute")), Events()
    model = Model("no", "yes please")
    with pytest.raises(GuardBlocked):
        Pipeline(output=[Wants()], limiter=limiter, recorder=events).run(model, "hello")  # type: ignore[arg-type]
    assert len(model.asked) == 1
    assert limiter.open == []
    assert [(event.status, event.stage, event.denied_by) for event in events] == [("blocked", "output", "")]


def test_what_other_guards_took_out_does_not_go_back_to_the_model() -> None:
    model = Model("I am bob@example.com", "yes please")
    Pipeline(output=[PII(action="redact"), Wants()]).run(model, "hello")
    assert "[EMAIL]" in model.asked[1]
    assert "bob@example.com" not in model.asked[1]


def test_what_the_model_raises_the_second_time_passes_and_is_recorded_once() -> None:
    events = Events()

    def ask(prompt: str) -> str:
        if "Say please." in prompt:
            raise LookupError("no such model")
        return "no"

    with pytest.raises(LookupError, match="no such model"):
        Pipeline(output=[Wants()], recorder=events)(ask)("hello")
    assert [(event.status, event.stage) for event in events] == [("error", "call")]


def test_a_stream_is_not_asked_for_again() -> None:
    times: list[str] = []

    @Pipeline(output=[Wants()])
    def ask(prompt: str) -> Iterator[str]:
        times.append(prompt)
        yield "no"

    with pytest.raises(GuardBlocked):
        list(ask("hello"))
    assert times == ["hello"]


def test_json_is_repaired_asked_for_again_and_parsed() -> None:
    model = Model("I am forty", '```json\n{"age": 40,}\n```')
    outcome = Pipeline(output=[JSONSchema(SCHEMA, max_reasks=1)]).run(model, "How old are you?")
    assert outcome.parsed == {"age": 40}
    assert len(model.asked) == 2


def test_what_a_stream_stands_for_is_known_at_its_end() -> None:
    def ask(prompt: str) -> Iterator[str]:
        yield from ('{"age":', " 40}")

    outcome = Pipeline(output=[JSONSchema(SCHEMA)]).run(ask, "How old are you?")
    assert outcome.parsed is None
    assert "".join(outcome.value) == '{"age": 40}'
    assert outcome.parsed == {"age": 40}
