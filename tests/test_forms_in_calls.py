"""Guards of form, in calls: what they are told of the call, and where a stream ends."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from calls import Events
from genai_guard import Action, GuardBlocked, Pipeline
from genai_guard.guards import SQL, Code, Language, Length, Refusal, Repetition
from genai_guard.guards.base import Guard
from genai_guard.testing import FakeLLM, FakeReply, FakeToolCall

LOOP = ["The answer is ", *["no. "] * 400]
NO = "I'm sorry, but I can't help with that."


def streamed(*guards: Guard, chunks: list[str], events: Events | None = None) -> Iterator[str]:
    @Pipeline(output=guards, recorder=events)
    def ask(prompt: str) -> Iterator[str]:
        yield from chunks

    return ask("how are you?")


def test_a_loop_is_cut_in_the_middle_of_a_stream() -> None:
    said = "".join(streamed(Repetition(action="truncate"), chunks=LOOP))
    assert said == Repetition(action="truncate").check("".join(LOOP)).text
    assert len(said) < 110


def test_a_loop_that_is_blocked_ends_the_call_before_the_model_is_done() -> None:
    asked: list[int] = []

    def model(prompt: str) -> Iterator[str]:
        for number, chunk in enumerate(LOOP):
            asked.append(number)
            yield chunk

    with pytest.raises(GuardBlocked, match="repetition"):
        list(Pipeline(output=[Repetition()]).wrap(model)("x"))
    assert len(asked) < 40


def test_a_stream_is_cut_at_its_lines() -> None:
    chunks = ["one\r", "\ntwo\n", "thr", "ee\nfour"]
    assert "".join(streamed(Length(max_lines=2, action="truncate"), chunks=chunks)) == "one\r\ntwo\n"


def test_a_stream_that_ends_too_early_is_blocked_at_its_end() -> None:
    with pytest.raises(GuardBlocked, match="length"):
        list(streamed(Length(min_chars=10), chunks=["hm", "m"]))


def test_a_refusal_is_flagged_in_a_stream_without_holding_it_to_its_end() -> None:
    events = Events()
    out = [
        chunk for chunk in streamed(Refusal(), chunks=[NO, *[" Ask me something else."] * 20], events=events) if chunk
    ]
    assert len(out) > 3
    assert [(verdict.guard, verdict.action) for verdict in events[0].verdicts] == [("refusal", Action.FLAG)]


def test_a_statement_is_blocked_in_a_reply() -> None:
    with pytest.raises(GuardBlocked, match="sql"):
        list(streamed(SQL(), chunks=["Run DROP ", "TABLE users; now"]))


def test_code_is_redacted_in_a_reply() -> None:
    out = "".join(streamed(Code(action="redact"), chunks=["So: ", "```python\nx = ", "1\n``", "`"]))
    assert out == "So: ```python\nx = 1\n```"
    out = "".join(streamed(Code(action="redact"), chunks=["So:\n", "```python\nx = ", "1\n``", "`"]))
    assert out == "So:\n```python\n[CODE]```"


def test_another_language_is_refused_at_the_door() -> None:
    model = FakeLLM("ok")
    ask = Pipeline(input=[Language(["en"])]).wrap(model)
    assert ask("Could you tell me when the next train leaves?") == "ok"
    with pytest.raises(GuardBlocked, match="language"):
        ask("¿Podría decirme a qué hora sale el próximo tren para Sevilla?")


def test_a_request_may_not_ask_for_more_output_than_is_allowed() -> None:
    @Pipeline(input=[Length(max_output_tokens=100)])
    def ask(prompt: str, max_tokens: int | None = None) -> str:
        return "ok"

    assert ask("hi", max_tokens=100) == "ok"
    with pytest.raises(GuardBlocked, match="101 output tokens asked for, limit 100"):
        ask("hi", max_tokens=101)


def test_a_conversation_may_not_have_more_messages_than_are_allowed() -> None:
    ask = Pipeline(input=[Length(max_messages=2)]).wrap(FakeLLM("ok").chat.completions.create)
    messages = [{"role": "user", "content": text} for text in ("a", "b", "c")]
    assert ask(messages=messages[:2]).choices[0].message.content == "ok"
    with pytest.raises(GuardBlocked, match="3 messages, limit 2"):
        ask(messages=messages)


def test_the_arguments_of_a_tool_call_are_read() -> None:
    reply = FakeReply(tool_calls=[FakeToolCall("query", {"sql": "delete from users", "limit": 5})])
    ask = Pipeline(output=[SQL()]).wrap(FakeLLM(reply).chat.completions.create)
    with pytest.raises(GuardBlocked, match="sql"):
        ask(messages=[{"role": "user", "content": "clean up"}])
