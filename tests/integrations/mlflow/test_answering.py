"""A function is asked through a pipeline, and whatever becomes of that is an answer. Without MLflow."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from threading import Barrier
from typing import Any

import pytest

from genai_guard import ConfigurationError, Limit, MetricsRecorder, Pipeline, RateLimiter, caller
from genai_guard.guards import PII, BlockedPatterns
from genai_guard.integrations.mlflow.answering import Answering, Question
from genai_guard.recording.event import Event
from genai_guard.testing import FakeLLM


class Kept:
    """Keeps the events of calls."""

    wants_text = False

    def __init__(self) -> None:
        self.events: list[Event] = []

    def record(self, event: Event) -> None:
        self.events.append(event)


def asking(content: Any, **who: str) -> Question:
    return Question(content, who, {}, {})


def guarded(model: Any, kept: Kept | None = None, **parts: Any) -> Answering:
    guards: dict[str, Any] = {"input": [BlockedPatterns(keywords=["falcon"])], "output": [PII(action="redact")]}
    return Answering(Pipeline(**guards, **parts, recorder=kept), model)


def words(prompt: str) -> Iterator[str]:
    yield from [f"{prompt}, ", "write to jo@", "example.com ", "today"]


@pytest.mark.parametrize("model", [FakeLLM("hi, write to jo@example.com today"), words])
def test_whole_replies_and_streams_are_answered_alike(model: Any) -> None:
    kept = Kept()
    answer = guarded(model, kept).answer(asking("hi", user="u-1", request_id="r-1"))
    assert (answer.reply, answer.status, answer.request_id) == ("hi, write to [EMAIL] today", "ok", "r-1")
    assert [(event.status, event.caller.user, event.request_id) for event in kept.events] == [("ok", "u-1", "r-1")]


def test_replies_of_sdks_are_read_whole_and_streamed() -> None:
    llm = FakeLLM("write to jo@example.com")
    messages = [{"role": "user", "content": "hi"}]
    for stream in (False, True):

        def ask(messages: list[Any], *, stream: bool = stream) -> Any:
            create: Any = llm.chat.completions.create
            return create(model="fake-model", messages=messages, stream=stream)

        assert guarded(ask).answer(asking(messages)).reply == "write to [EMAIL]"


def test_a_refusal_is_an_answer_with_its_reason() -> None:
    kept = Kept()
    limited = guarded(FakeLLM("fine"), kept, limiter=RateLimiter(Limit.requests(1, per="day", by="user")))
    blocked = limited.answer(asking("what of falcon?"))
    assert (blocked.status, blocked.http_status, blocked.reply) == ("blocked", 400, "")
    assert limited.answer(asking("hi", user="u")).status == "ok"
    refused = limited.answer(asking("hi", user="u"))
    assert (refused.status, refused.http_status) == ("rate_limited", 429)
    assert refused.retry_after_s is not None
    assert [event.status for event in kept.events] == ["blocked", "ok", "rate_limited"]


def test_of_what_a_model_raises_the_class_is_told_and_no_text() -> None:
    def fail(prompt: str) -> Iterator[str]:
        yield "Well, "
        raise ConnectionError(f"no answer to {prompt}")

    kept = Kept()
    asked = guarded(fail, kept).ask(asking("my secret"))
    assert list(asked.texts()) == ["Well, "]
    assert (asked.answer.status, asked.answer.http_status, asked.answer.reason) == ("error", 502, "ConnectionError")
    assert asked.answer.request_id == kept.events[0].request_id
    assert guarded(fail).answer(asking("my secret")).reply == ""


def test_a_reader_who_goes_away_ends_the_call() -> None:
    kept = Kept()
    texts = guarded(words, kept).ask(asking("hi")).texts()
    next(texts)
    texts.close()
    assert [event.status for event in kept.events] == ["abandoned"]


def test_rows_are_asked_at_a_time_and_answered_in_their_order() -> None:
    together, kept = Barrier(3), Kept()

    def ask(prompt: str) -> str:
        together.wait(timeout=10)  # passes once three are asked
        return prompt

    questions = [asking(f"p-{number}", request_id=f"r-{number}") for number in range(3)]
    with caller(tags={"job": "nightly"}):
        answers = guarded(ask, kept).answers([*questions, asking("what of falcon?")], concurrency=4)
    assert [each.reply for each in answers] == ["p-0", "p-1", "p-2", ""]
    assert [each.status for each in answers] == ["ok", "ok", "ok", "blocked"]
    assert sorted(each.status for each in kept.events) == ["blocked", "ok", "ok", "ok"]
    assert {each.caller.tags["job"] for each in kept.events} == {"nightly"}


def test_items_of_responses_are_guarded_whatever_they_are() -> None:
    seen: list[Any] = []

    def ask(input: list[Any]) -> str:  # noqa: A002  the name of the API
        seen.extend(input)
        return "fine"

    call = {"type": "function_call", "call_id": "c-1", "name": "look", "arguments": '{"to": "jo@example.com"}'}
    output = {"type": "function_call_output", "call_id": "c-1", "output": "Write to jo@example.com"}
    pipeline = Pipeline(input=[PII(action="redact")])
    Answering(pipeline, ask).answer(asking([{"role": "user", "content": "look"}, call, output]))
    assert [each.get("arguments", each.get("output")) for each in seen[1:]] == ['{"to": "[EMAIL]"}', "Write to [EMAIL]"]


def test_a_parameter_that_the_model_does_not_take_is_a_bad_request() -> None:
    answer = guarded(words).answer(Question("hi", {}, {}, {"top_k": 3}))
    assert (answer.status, answer.http_status) == ("bad_request", 400)


async def _later(prompt: str) -> str:
    return prompt


async def _stream_later(prompt: str) -> AsyncIterator[str]:
    yield prompt


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (_later, "not asynchronous"),
        (_stream_later, "not asynchronous"),
        ("json:nothing", "no 'nothing' in json"),
        ("no_such_module:ask", "no module 'no_such_module'"),
        (7, "takes a function"),
    ],
)
def test_what_cannot_be_asked_is_told_at_once(model: Any, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        Answering(Pipeline(recorder=MetricsRecorder()), model)
