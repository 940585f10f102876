from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard.clients import chunk_client, reply_client
from genai_guard.errors import ConfigurationError
from genai_guard.messages import Usage
from genai_guard.testing import FakeCall, FakeClock, FakeLLM, FakeReply, FakeToolCall, OutOfRepliesError
from genai_guard.testing.shapes import ChatCompletionChunk

MESSAGES = [
    {"role": "system", "content": "be kind"},
    {"role": "user", "content": "first"},
    {"role": "assistant", "content": "yes"},
    {"role": "user", "content": [{"type": "text", "text": "second question"}]},
]


def said(chunks: list[ChatCompletionChunk]) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks)


async def call(llm: FakeLLM, prompt: str) -> str:
    return llm(prompt)


async def acall(llm: FakeLLM, prompt: str) -> str:
    return await llm.acall(prompt)


async def stream(llm: FakeLLM, prompt: str) -> str:
    return "".join(llm.stream(prompt))


async def astream(llm: FakeLLM, prompt: str) -> str:
    return "".join([piece async for piece in llm.astream(prompt)])


async def chat(llm: FakeLLM, prompt: str) -> str:
    completion = llm.chat.completions.create(messages=[{"role": "user", "content": prompt}])
    return completion.choices[0].message.content or ""


async def achat(llm: FakeLLM, prompt: str) -> str:
    completion = await llm.achat.completions.create(messages=[{"role": "user", "content": prompt}])
    return completion.choices[0].message.content or ""


async def chat_stream(llm: FakeLLM, prompt: str) -> str:
    with llm.chat.completions.create(messages=[{"role": "user", "content": prompt}], stream=True) as chunks:
        return said(list(chunks))


async def achat_stream(llm: FakeLLM, prompt: str) -> str:
    async with await llm.achat.completions.create(
        messages=[{"role": "user", "content": prompt}], stream=True
    ) as chunks:
        return said([chunk async for chunk in chunks])


Ask = Callable[[FakeLLM, str], Awaitable[str]]
STREAMS: list[Ask] = [stream, astream, chat_stream, achat_stream]
SHAPES: list[Ask] = [call, acall, chat, achat, *STREAMS]
in_every_shape = pytest.mark.parametrize("ask", SHAPES)
in_every_stream = pytest.mark.parametrize("ask", STREAMS)


@in_every_shape
async def test_it_answers_from_its_script_in_every_shape(ask: Ask) -> None:
    llm = FakeLLM("one and a half", FakeReply(text="two"), lambda call: f"{call.number}: {call.prompt}")
    assert [await ask(llm, prompt) for prompt in ("a", "b", "c")] == ["one and a half", "two", "3: c"]
    assert llm.prompts == ["a", "b", "c"]


@in_every_shape
async def test_a_call_too_many_is_an_error(ask: Ask) -> None:
    llm = FakeLLM("one", "two")
    await ask(llm, "hi")
    await ask(llm, "hi")
    with pytest.raises(OutOfRepliesError, match="call 3 of a FakeLLM whose script has 2 replies"):
        await ask(llm, "hi")


def test_without_a_script_it_says_how_to_give_it_one() -> None:
    llm = FakeLLM()
    with pytest.raises(OutOfRepliesError, match=r"llm.script\('hello'\)"):
        llm("hi")


def test_a_single_reply_answers_every_call() -> None:
    llm = FakeLLM("hello")
    assert [llm("a"), llm("b"), llm("c")] == ["hello"] * 3


def test_a_script_may_be_replaced() -> None:
    llm = FakeLLM("a", "b")
    llm("1")
    llm.script("x", "y")
    assert [llm("2"), llm("3")] == ["x", "y"]
    assert llm.prompts == ["1", "2", "3"]


@in_every_shape
async def test_an_exception_in_the_script_is_raised(ask: Ask) -> None:
    llm = FakeLLM(ConnectionError("gone"), "back")
    with pytest.raises(ConnectionError, match="gone"):
        await ask(llm, "hi")
    assert await ask(llm, "hi") == "back"
    assert [(call.closed, call.finished) for call in llm.calls] == [(True, False), (True, True)]


async def test_the_nth_call_fails_and_the_script_does_not_move() -> None:
    llm = FakeLLM("a", "b", errors={2: TimeoutError("slow")})
    assert llm("1") == "a"
    with pytest.raises(TimeoutError, match="slow"):
        llm("2")
    assert llm("3") == "b"


@in_every_stream
async def test_a_stream_may_break_in_the_middle(ask: Ask) -> None:
    llm = FakeLLM(FakeReply(text="a b c", error=ConnectionError("cut"), error_after_chunks=2))
    with pytest.raises(ConnectionError, match="cut"):
        await ask(llm, "hi")
    assert (llm.calls[0].chunks, llm.calls[0].finished) == (2, False)


def test_what_was_asked_is_remembered() -> None:
    llm = FakeLLM("x")
    llm("hi", model="small", temperature=0)
    llm.chat.completions.create(model="large", messages=MESSAGES)

    plain, chat = llm.calls
    assert plain == FakeCall(1, "hi", params={"model": "small", "temperature": 0}, finished=True, closed=True)
    assert (chat.prompt, chat.messages, chat.params) == ("second question", MESSAGES, {"model": "large"})
    assert repr(llm) == "<FakeLLM 'fake-model', 2 calls>"


def test_a_list_of_messages_is_a_prompt_too() -> None:
    llm = FakeLLM("x")
    assert llm(MESSAGES) == "x"
    assert llm.calls[0].messages == MESSAGES


@pytest.mark.parametrize("prompt", [None, b"hi", 1])
def test_a_prompt_of_another_type_is_an_error(prompt: Any) -> None:
    with pytest.raises(ConfigurationError, match="no client reads a request"):
        FakeLLM("x")(prompt)


@in_every_shape
async def test_latency_passes_on_the_clock_and_nowhere_else(ask: Ask) -> None:
    clock = FakeClock()
    llm = FakeLLM("a b", FakeReply(text="a b", latency_s=10), clock=clock, latency_s=2, chunk_latency_s=0.5)
    counts: dict[Ask, int] = {stream: 2, astream: 2, chat_stream: 4, achat_stream: 4}
    chunks = counts.get(ask, 0)

    start = clock.monotonic()
    await ask(llm, "hi")
    assert clock.monotonic() - start == 2 + 0.5 * chunks
    start = clock.monotonic()
    await ask(llm, "hi")
    assert clock.monotonic() - start == 10 + 0.5 * chunks


@pytest.mark.parametrize(
    ("chunks", "pieces"),
    [
        ("word", ["Hello,", " big", "\n world"]),
        ("char", list("Hello, big\n world")),
        (6, ["Hello,", " big\n ", "world"]),
        ([1, 2], ["H", "el", "l", "o,", " ", "bi", "g", "\n ", "w", "or", "l", "d"]),
        (lambda text: [text[:3], "", text[3:]], ["Hel", "", "lo, big\n world"]),
    ],
)
def test_streams_are_cut_in_any_way(chunks: Any, pieces: list[str]) -> None:
    assert list(FakeLLM("Hello, big\n world", chunks=chunks).stream("hi")) == pieces
    assert list(FakeLLM(FakeReply(text="Hello, big\n world", chunks=chunks)).stream("hi")) == pieces


@given(st.text(), st.sampled_from(["word", "char"]) | st.integers(1, 9) | st.lists(st.integers(1, 9), min_size=1))
def test_chunks_join_to_the_text(text: str, chunks: Any) -> None:
    pieces = list(FakeLLM(text, chunks=chunks).stream("hi"))
    assert "".join(pieces) == text
    assert "" not in pieces


def test_a_function_that_cuts_another_text_is_an_error() -> None:
    llm = FakeLLM("hello", chunks=lambda text: [text[1:]])
    with pytest.raises(ConfigurationError, match="do not join to the text"):
        list(llm.stream("hi"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"latency_s": 1}, "needs clock="),
        ({"latency_s": -1}, "zero or more"),
        ({"chunk_latency_s": float("nan")}, "zero or more"),
        ({"chunks": 0}, "takes 'word', 'char', a size"),
        ({"chunks": "line"}, "takes 'word', 'char', a size"),
        ({"chunks": []}, "takes 'word', 'char', a size"),
        ({"chunks": 1.5}, "takes 'word', 'char', a size"),
        ({"errors": {0: OSError()}}, "0 is no number of a call"),
        ({"errors": {1: "boom"}}, "its value no exception"),
    ],
)
def test_what_cannot_work_is_refused_when_it_is_built(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        FakeLLM("x", **arguments)


@pytest.mark.parametrize("reply", [None, 1, b"x", ["x"]])
def test_a_reply_that_is_none_is_refused(reply: Any) -> None:
    with pytest.raises(ConfigurationError, match="answers with str, FakeReply, an exception or a function"):
        FakeLLM("x", reply)


def test_a_reply_with_latency_needs_a_clock() -> None:
    with pytest.raises(ConfigurationError, match="needs clock="):
        FakeLLM(FakeReply(text="x", latency_s=1))
    with pytest.raises(ConfigurationError, match="zero or more"):
        FakeReply(latency_s=-1)
    with pytest.raises(ConfigurationError, match="needs error="):
        FakeReply(text="x", error_after_chunks=1)


FULL = FakeReply(
    text="I say so",
    reasoning="let me see",
    tool_calls=[FakeToolCall("send", {"to": "bob"}), FakeToolCall("stop", "{}", "c9")],
    usage=Usage(10, 20, 4, 5),
)


def test_a_chat_reply_is_read_like_that_of_the_real_client() -> None:
    completion = FakeLLM(FULL, model="m").chat.completions.create(messages=MESSAGES)
    reply = reply_client(completion).read_reply(completion)

    assert [(part.text, part.kind, part.name) for part in reply.parts] == [
        ("I say so", "text", ""),
        ("let me see", "reasoning", ""),
        ('{"to": "bob"}', "arguments", "send"),
        ("{}", "arguments", "stop"),
    ]
    assert (reply.usage, reply.model, reply.finish_reason) == (Usage(10, 20, 4, 5), "m", "tool_calls")
    assert [call.id for call in completion.choices[0].message.tool_calls or ()] == ["call_0", "c9"]


def test_a_refusal_has_no_content() -> None:
    message = FakeLLM(FakeReply(refusal="no")).chat.completions.create(messages=MESSAGES).choices[0].message
    assert (message.content, message.refusal) == (None, "no")


def test_a_chat_stream_is_read_like_that_of_the_real_client() -> None:
    llm = FakeLLM(FULL, model="m", chunks=4)
    chunks = list(llm.chat.completions.create(messages=MESSAGES, stream=True, stream_options={"include_usage": True}))
    reader = chunk_client(chunks[0]).open_stream()
    texts: dict[str, str] = {}
    for chunk in chunks:
        for delta in reader.read(chunk):
            texts[delta.where] = texts.get(delta.where, "") + delta.text

    where = "response.choices[0].message"
    assert texts == {
        f"{where}.reasoning_content": "let me see",
        f"{where}.content": "I say so",
        f"{where}.tool_calls[0].function.arguments": '{"to": "bob"}',
        f"{where}.tool_calls[1].function.arguments": "{}",
    }
    assert chunks[-1].choices == []
    answer = reader.reply()
    assert (answer.usage, answer.model, answer.finish_reason) == (Usage(10, 20, 4, 5), "m", "tool_calls")


def test_a_guarded_chat_reply_and_stream_are_copies_of_the_same_type(replay: Any) -> None:
    llm = FakeLLM("I am SECRET, really", chunks=3)
    completion = llm.chat.completions.create(messages=MESSAGES)
    after: Any = reply_client(completion).write_reply(completion, ["I am [S], really"])
    assert type(after) is type(completion)
    assert after.choices[0].message.content == "I am [S], really"
    assert completion.choices[0].message.content == "I am SECRET, really"

    chunks = list(llm.chat.completions.create(messages=MESSAGES, stream=True))
    out = replay(chunk_client(chunks[0]).open_stream(), chunks)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in out) == "I am [S], really"
    assert {type(chunk) for chunk in out} == {type(chunks[0])}


def test_without_a_usage_words_are_counted() -> None:
    completion = FakeLLM("three words here").chat.completions.create(messages=MESSAGES)
    usage = completion.usage
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (6, 3, 9)


def test_a_model_may_keep_its_usage_to_itself() -> None:
    completion = FakeLLM("x", reports_usage=False).chat.completions.create(messages=MESSAGES)
    assert completion.usage is None
    assert reply_client(completion).read_reply(completion).usage is None


def test_a_stream_has_no_usage_unless_it_was_asked_for() -> None:
    chunks = list(FakeLLM("x").chat.completions.create(messages=MESSAGES, stream=True))
    assert [chunk.usage for chunk in chunks] == [None] * 3
    assert chunks[-1].choices[0].finish_reason == "stop"


async def test_a_stream_that_is_closed_early_says_so() -> None:
    llm = FakeLLM("a b c d")
    with llm.chat.completions.create(messages=MESSAGES, stream=True) as chat:
        next(chat)
    assert list(chat) == []
    async with await llm.achat.completions.create(messages=MESSAGES, stream=True) as achat:
        await anext(aiter(achat))
    assert [chunk async for chunk in achat] == []
    pieces: Any = llm.stream("hi")
    next(pieces)
    pieces.close()
    apieces: Any = llm.astream("hi")
    await anext(apieces)
    await apieces.aclose()
    assert [(call.closed, call.finished, call.streamed) for call in llm.calls] == [(True, False, True)] * 4


def test_a_generator_is_not_asked_before_its_first_chunk() -> None:
    llm = FakeLLM("x")
    pieces = llm.stream("hi")
    assert llm.calls == []
    assert list(pieces) == ["x"]


async def test_other_tasks_run_while_it_answers() -> None:
    llm = FakeLLM("a b", clock=FakeClock(), latency_s=1)
    order: list[str] = []

    async def one(name: str) -> None:
        async for piece in llm.astream(name):
            order.append(name + piece)

    await asyncio.gather(one("1"), one("2"))
    assert order == ["1a", "2a", "1 b", "2 b"]


def test_every_call_of_many_threads_gets_its_own_reply() -> None:
    llm = FakeLLM(*map(str, range(200)))
    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(llm, ["hi"] * 200), key=int) == [str(number) for number in range(200)]
    assert sorted(call.number for call in llm.calls) == list(range(1, 201))


def test_tool_arguments_may_be_an_object_or_json() -> None:
    assert json.loads(FakeToolCall("f", {"a": 1}).json) == {"a": 1}
    assert FakeToolCall("f", '{"a": 1').json == '{"a": 1'
