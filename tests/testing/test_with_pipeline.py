"""The fakes do what they are for: stand for a model, a clock and a log around a real pipeline."""

from __future__ import annotations

from typing import Any

import pytest

from genai_guard import Limit, MetricsRecorder, Pipeline, RateLimited, RateLimiter
from genai_guard.guards import PII
from genai_guard.messages import Usage
from genai_guard.testing import FakeClock, FakeLLM, FakeReply, FakeToolCall, MemoryLog

MESSAGES = [{"role": "user", "content": "I am bob@example.com"}]
SAID = "Write to eve@example.com, please"
CLEAN = "Write to [EMAIL], please"


def guarded(log: MemoryLog) -> Pipeline:
    recorder: Any = log
    return Pipeline(input=[PII(action="redact")], output=[PII(action="redact")], recorder=recorder)


async def read(shape: str, pipeline: Pipeline, llm: FakeLLM) -> str:
    """Call the model through a pipeline, in one of its shapes."""
    if "chat" in shape:
        return await read_chat(shape, pipeline, llm)
    prompt = "I am bob@example.com"
    if shape == "function":
        return pipeline.wrap(llm)(prompt)
    if shape == "coroutine":
        return await pipeline.wrap(llm.acall)(prompt)
    if shape == "generator":
        return "".join(pipeline.wrap(llm.stream)(prompt))
    return "".join([piece async for piece in pipeline.wrap(llm.astream)(prompt)])


async def read_chat(shape: str, pipeline: Pipeline, llm: FakeLLM) -> str:
    create: Any = pipeline.wrap(llm.achat.completions.create if "async" in shape else llm.chat.completions.create)
    params = {"stream": True, "stream_options": {"include_usage": True}} if "stream" in shape else {}
    reply = create(messages=MESSAGES, **params)
    reply = await reply if "async" in shape else reply
    if "stream" not in shape:
        return str(reply.choices[0].message.content)
    chunks = [chunk async for chunk in reply] if "async" in shape else list(reply)
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


@pytest.mark.parametrize(
    "shape",
    ["function", "coroutine", "generator", "async generator", "chat", "async chat", "chat stream", "async chat stream"],
)
async def test_every_shape_is_guarded_and_recorded_once(shape: str) -> None:
    log = MemoryLog()
    llm = FakeLLM(FakeReply(text=SAID, usage=Usage(5, 6)), chunks=3)

    assert await read(shape, guarded(log), llm) == CLEAN
    assert llm.prompts == ["I am [EMAIL]"]
    (event,) = log.events
    assert (event.status, event.streamed) == ("ok", "generator" in shape or "stream" in shape)
    assert len(event.verdicts) == 2
    if "chat" in shape:
        assert event.usage == Usage(5, 6)
        assert event.finish_reason == "stop"


def test_a_tool_call_is_guarded_whole_and_streamed() -> None:
    llm = FakeLLM(FakeReply(tool_calls=[FakeToolCall("mail", {"to": "eve@example.com"})]), chunks=4)
    create: Any = guarded(MemoryLog()).wrap(llm.chat.completions.create)

    message = create(messages=MESSAGES).choices[0].message
    assert message.tool_calls[0].function.arguments == '{"to": "[EMAIL]"}'
    chunks = list(create(messages=MESSAGES, stream=True))
    calls = [call for chunk in chunks for call in chunk.choices[0].delta.tool_calls or ()]
    assert "".join(call.function.arguments for call in calls) == '{"to": "[EMAIL]"}'
    assert [call.function.name for call in calls if call.function.name] == ["mail"]


def test_a_stream_left_early_is_closed_and_recorded() -> None:
    log = MemoryLog()
    llm = FakeLLM("a b c d e f")
    create: Any = guarded(log).wrap(llm.chat.completions.create)
    with create(messages=MESSAGES, stream=True) as stream:
        next(stream)
    assert log.last.status == "abandoned"
    assert llm.calls[0].closed
    assert not llm.calls[0].finished


def test_limits_and_latency_share_a_clock(fake_clock: FakeClock) -> None:
    llm = FakeLLM("hi", clock=fake_clock, latency_s=30)
    limiter = RateLimiter(Limit.requests(1, per="minute"), clock=fake_clock.monotonic_ns)
    ask = Pipeline(limiter=limiter).wrap(llm)
    ask("one")
    with pytest.raises(RateLimited) as limited:
        ask("two")
    assert limited.value.retry_after_s == pytest.approx(30)
    fake_clock.advance(30)
    assert ask("three") == "hi"


def test_a_log_behind_a_recorder_gets_its_events() -> None:
    log = MemoryLog(wants_text=True)
    recorder = MetricsRecorder(log=log)
    ask = Pipeline(recorder=recorder).wrap(FakeLLM("hi"))
    ask("I am bob@example.com")
    recorder.flush(timeout_s=5)
    (event,) = log.wait(1)
    assert event.status == "ok"
    assert "bob@example.com" not in str([part.text for part in event.request])
    recorder.close(timeout_s=5)
