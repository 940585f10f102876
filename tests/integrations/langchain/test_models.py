"""Chat models of LangChain behind a pipeline: every way to call them, and every way in which a call can end."""

from __future__ import annotations

import asyncio
import copy
import gc
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from calls import CountingLimiter, Events
from genai_guard import Experiment, ExperimentRouter, GuardBlocked, Limit, Pipeline, Variant, caller
from genai_guard.errors import ConfigurationError
from genai_guard.guards import PII, BlockedPatterns, guard
from genai_guard.messages import Usage
from genai_guard.routing.prompts import Prompt

pytest.importorskip("langchain", reason="NOT TESTED: langchain is not installed: pip install 'genai_guard[langchain]'")

from langchain_core.caches import InMemoryCache
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models.fake_chat_models import FakeMessagesListChatModel
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import ConfigurableField, RunnableLambda

from genai_guard.integrations.langchain import guarded
from integrations.langchain.scripted import Scripted

MAIL = {"name": "mail", "args": {"to": "bob@example.com"}, "id": "c1"}
ANSWER = AIMessage("write to bob@example.com please", tool_calls=[MAIL])


class World:
    """A guarded model, and what became of its calls."""

    def __init__(self, *answers: AIMessage, model: dict[str, Any] | None = None, **parts: Any) -> None:
        self.events = Events()
        self.limiter = CountingLimiter(Limit.requests(1_000, per="minute"), Limit.tokens(1_000_000, per="minute"))
        guards = [PII(action="redact"), BlockedPatterns(["poison"])]
        self.pipeline = Pipeline(
            **{"input": guards, "output": guards, "recorder": self.events, "limiter": self.limiter, **parts}
        )
        self.inner = Scripted(answers=list(answers or [ANSWER]), **(model or {}))
        self.model = guarded(self.inner, self.pipeline)

    @property
    def statuses(self) -> list[str]:
        assert self.limiter.open == []
        return [event.status for event in self.events]


def whole(model: Any, prompt: Any) -> Any:
    return model.invoke(prompt)


def awaited(model: Any, prompt: Any) -> Any:
    return asyncio.run(model.ainvoke(prompt))


def streamed(model: Any, prompt: Any) -> Any:
    return joined(list(model.stream(prompt)))


def astreamed(model: Any, prompt: Any) -> Any:
    async def read() -> list[Any]:
        return [chunk async for chunk in model.astream(prompt)]

    return joined(asyncio.run(read()))


def events_streamed(model: Any, prompt: Any) -> Any:
    async def read() -> list[Any]:
        events = model.astream_events(prompt, version="v2")
        return [event["data"]["chunk"] async for event in events if event["event"] == "on_chat_model_stream"]

    return joined(asyncio.run(read()))


def batched(model: Any, prompt: Any) -> Any:
    return model.batch([prompt])[0]


def abatched(model: Any, prompt: Any) -> Any:
    return asyncio.run(model.abatch([prompt]))[0]


def joined(chunks: list[Any]) -> Any:
    message = chunks[0]
    for chunk in chunks[1:]:
        message += chunk
    return message


CALLS: list[Callable[[Any, Any], Any]] = [whole, awaited, streamed, astreamed, events_streamed, batched, abatched]


@pytest.mark.parametrize("call", CALLS)
def test_every_way_to_call_a_model_says_the_same(call: Callable[[Any, Any], Any]) -> None:
    world = World()
    message = call(world.model, [SystemMessage("you help ann@example.com"), HumanMessage("mail bob@example.com")])
    assert message.content == "write to [EMAIL] please"
    assert [(each["name"], each["args"]) for each in message.tool_calls] == [("mail", {"to": "[EMAIL]"})]
    assert message.usage_metadata["total_tokens"] == 30
    (asked, _), *_ = world.model.asked
    assert [each.content for each in asked] == ["you help [EMAIL]", "mail [EMAIL]"]
    assert world.statuses == ["ok"]
    event = world.events[0]
    assert (event.target, event.model, event.finish_reason) == ("Scripted", "scripted-1", "stop")
    assert event.usage == Usage(20, 10, 4)
    found = [(verdict.guard, len(verdict.findings)) for verdict in event.verdicts]
    assert found == [("pii", 2), ("pii", 2)]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(("prompt", "said"), [("the poison", "fine"), ("hello", "take the poison")])
def test_a_rejection_is_raised_through_the_framework(call: Callable[[Any, Any], Any], prompt: str, said: str) -> None:
    world = World(AIMessage(said))
    with pytest.raises(GuardBlocked):
        call(world.model, prompt)
    assert world.statuses == ["blocked"]


@pytest.mark.parametrize("call", CALLS)
def test_a_rejection_may_be_answered(call: Callable[[Any, Any], Any]) -> None:
    world = World(on_reject=lambda rejection: f"I must not ({rejection.status}).")
    assert call(world.model, "the poison").content == "I must not (blocked)."
    assert world.statuses == ["blocked"]


@given(
    size=st.integers(1, 40),
    text=st.lists(st.sampled_from(["bob@example.com ", "the sea ", "4111 1111 1111 1111", "é漢 "])).map("".join),
)
def test_a_stream_says_what_the_whole_says(size: int, text: str) -> None:
    answer = AIMessage(text, tool_calls=[{**MAIL, "args": {"body": text, "n": 1}}, {**MAIL, "id": "c2"}])
    world = World(answer, model={"size": size})
    first, second = whole(world.model, "hi"), streamed(world.model, "hi")
    assert (first.content, first.tool_calls) == (second.content, second.tool_calls)
    assert [event.verdicts[-1].findings == () for event in world.events] in ([True, True], [False, False])


def test_nothing_is_released_that_may_still_be_part_of_a_match() -> None:
    world = World(AIMessage("bob@example.com"), model={"size": 1})
    assert "".join(chunk.text for chunk in world.model.stream("hi")) == "[EMAIL]"
    assert all("bob" not in str(chunk) for chunk in world.model.stream("hi"))


def test_what_came_before_is_guarded_wherever_it_stands() -> None:
    world = World()
    blocks: list[Any] = [
        {"type": "text", "text": "a@example.com"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
        {"type": "tool_use", "id": "c1", "name": "mail", "input": {"to": "bob@example.com"}},
    ]
    raw = {"id": "c1", "type": "function", "function": {"name": "mail", "arguments": '{"to": "bob@example.com"}'}}
    said = AIMessage(
        blocks, tool_calls=[MAIL], additional_kwargs={"tool_calls": [raw], "reasoning_content": "c@example.com"}
    )
    result = ToolMessage([{"type": "text", "text": "d@example.com"}], tool_call_id="c1")
    world.model.invoke([HumanMessage(blocks[:2], name="e@example.com"), said, result])
    asked = world.model.asked[0][0]
    assert "example.com" not in str(asked)
    assert asked[1].content[1] is blocks[1] or asked[1].content[1] == blocks[1]
    assert asked[1].content[2]["input"] == asked[1].tool_calls[0]["args"] == {"to": "[EMAIL]"}
    assert "a@example.com" in str(said), "messages of the caller stay as they are"
    verdict = world.events[0].verdicts[0]
    assert len(verdict.findings) == 6, "the arguments of a call are one text, however often they are said"


def test_tools_structured_output_and_chains_take_a_guarded_model() -> None:
    class Mail(BaseModel):
        to: str

    world = World(AIMessage("", tool_calls=[{**MAIL, "name": "Mail"}]))
    assert world.model.with_structured_output(Mail).invoke("hi") == Mail(to="[EMAIL]")
    bound = world.model.bind_tools([Mail])
    assert bound.invoke("hi").tool_calls[0]["args"] == {"to": "[EMAIL]"}
    text = World(AIMessage("for bob@example.com"))
    chain = ChatPromptTemplate([("system", "You are kind."), ("human", "{question}")]) | text.model | StrOutputParser()
    assert chain.invoke({"question": "hi"}) == "for [EMAIL]"
    assert "".join(chain.stream({"question": "hi"})) == "for [EMAIL]"
    assert text.statuses == ["ok", "ok"]


def test_a_guarded_model_is_of_the_kind_of_the_model() -> None:
    world = World()
    assert isinstance(world.model, Scripted)
    assert type(world.model).__name__ == "Scripted"
    assert repr(world.model).startswith("guarded Scripted(")
    changed = world.model.model_copy(update={"answers": [AIMessage("new a@example.com")]})
    assert changed.invoke("hi").content == "new [EMAIL]"
    world.model.answers = [AIMessage("newer a@example.com")]
    assert world.model.invoke("hi").content == "newer [EMAIL]"
    assert guarded(world.model, Pipeline()).invoke("hi").content == "newer [EMAIL]"
    assert copy.deepcopy(world.model).invoke("hi").content == "newer [EMAIL]"
    fields: Any = world.model.configurable_fields(size=ConfigurableField(id="size"))
    assert fields.with_config(configurable={"size": 1}).invoke("hi").content == "newer [EMAIL]"


def test_an_experiment_sets_the_arguments_of_a_generation() -> None:
    variant = Variant("only", params={"model": "scripted-2", "temperature": 0.5}, prompt=Prompt("brief", "Be brief."))
    world = World(AIMessage("fine"), router=ExperimentRouter(Experiment("models", variant)))
    with caller(user="u-1"):
        world.model.invoke([HumanMessage("hi")])
        world.model.invoke([SystemMessage("Be long."), HumanMessage("hi")])
        "".join(chunk.text for chunk in world.model.stream("hi"))
    asked = world.model.asked
    assert [{**kwargs, "stop": None} for _, kwargs in asked] == [
        {"model": "scripted-2", "temperature": 0.5, "stop": None}
    ] * 3
    assert [[(each.type, each.content) for each in messages] for messages, _ in asked] == [
        [("system", "Be brief."), ("human", "hi")]
    ] * 3
    assert [event.model for event in world.events] == ["scripted-2"] * 3


def test_callbacks_hear_what_the_guards_let_through() -> None:
    class Listener(BaseCallbackHandler):
        def __init__(self) -> None:
            self.heard: list[str] = []

        def on_llm_new_token(self, token: Any, **kwargs: Any) -> None:
            self.heard.append(str(token))

        def on_llm_end(self, response: Any, **kwargs: Any) -> None:
            self.heard.append(str(response))

    world, listener = World(), Listener()
    streamed(world.model.with_config(callbacks=[listener]), "hi")
    world.model.invoke("hi", config={"callbacks": [listener]})
    assert listener.heard
    assert "bob" not in "".join(listener.heard)


def test_what_was_cached_without_guards_is_judged_too() -> None:
    cache = InMemoryCache()
    world = World(model={"cache": cache})
    assert "bob@example.com" in str(world.inner.invoke("hi").content)
    assert world.model.invoke("hi").content == "write to [EMAIL] please"
    assert world.model.invoke("hi").content == "write to [EMAIL] please"
    assert (len(world.inner.asked), world.statuses) == (1, ["ok", "ok"])


def test_each_attempt_and_each_fallback_of_the_framework_is_a_call() -> None:
    world = World(AIMessage("fine"), model={"fails_after": 0})
    retrying = world.model.with_retry(stop_after_attempt=2, wait_exponential_jitter=False)
    world.model.asked.clear()
    failing = retrying.with_fallbacks([RunnableLambda(lambda _: AIMessage("instead"))])
    with pytest.raises(ConnectionError):
        streamed(world.model, "hi")
    assert failing.invoke("hi").content == "fine"
    assert world.statuses == ["error", "ok"]

    broken = World()
    broken.model.answers = []
    again = broken.model.with_retry(stop_after_attempt=3, wait_exponential_jitter=False)
    assert again.with_fallbacks([world.model]).invoke("hi").content == "fine"
    assert (broken.statuses, world.statuses) == (["error"] * 3, ["error", "ok", "ok"])


def test_a_stream_that_is_left_is_closed_and_settled() -> None:
    world = World(AIMessage("one two three four"))
    chunks: Any = world.model.stream("hi")
    next(chunks)
    chunks.close()
    gc.collect()
    assert (world.model.closed, world.statuses) == (["stream"], ["abandoned"])


async def test_an_asynchronous_stream_that_is_left_is_closed_and_settled() -> None:
    world = World(AIMessage("one two three four"))
    chunks: Any = world.model.astream("hi")
    await anext(chunks)
    await chunks.aclose()
    gc.collect()
    await asyncio.sleep(0)
    for _ in range(20):
        await asyncio.sleep(0)
    assert (world.model.closed, world.statuses) == (["stream"], ["abandoned"])


async def test_a_call_that_is_cancelled_is_settled() -> None:
    class Slow(Scripted):
        async def _agenerate(self, *args: Any, **kwargs: Any) -> Any:
            await asyncio.Event().wait()

        async def _astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
            await asyncio.Event().wait()
            yield

    world = World()
    model = guarded(Slow(answers=[ANSWER]), world.pipeline)

    async def read() -> None:
        async for _ in model.astream("hi"):
            pass

    for call in (model.ainvoke("hi"), read()):
        task = asyncio.ensure_future(call)
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert world.statuses == ["cancelled", "cancelled"]


def test_an_asynchronous_guard_needs_an_asynchronous_call() -> None:
    @guard(name="slow")
    async def slow(text: str) -> bool:
        return "poison" in text

    world = World(AIMessage("fine"), input=[slow])
    assert awaited(world.model, "hi").content == astreamed(world.model, "hi").content == "fine"
    for call in (whole, streamed):
        with pytest.raises(ConfigurationError, match="slow"):
            call(world.model, "hi")


def test_a_model_without_streams_is_asked_for_the_whole() -> None:
    class Whole(FakeMessagesListChatModel):
        pass

    events = Events()
    pipeline = Pipeline(output=[PII(action="redact")], recorder=events)
    model = guarded(Whole(responses=[AIMessage("bob@example.com")]), pipeline)
    assert [model.invoke("a").content, streamed(model, "a").content, astreamed(model, "a").content] == ["[EMAIL]"] * 3
    assert [event.streamed for event in events] == [False] * 3


@pytest.mark.parametrize("wrong", ["a string", RunnableLambda(str), None])
def test_what_is_no_chat_model_is_refused(wrong: Any) -> None:
    with pytest.raises(ConfigurationError, match="guard the model first"):
        guarded(wrong, Pipeline())


def test_plain_functions_over_messages_are_wrapped_as_they_are() -> None:
    world = World()
    invoke, stream = world.pipeline.wrap(world.inner.invoke), world.pipeline.wrap(world.inner.stream)
    template = ChatPromptTemplate([("human", "{question}")])
    prompts: list[Any] = [
        [HumanMessage("I am bob@example.com")],
        [("human", "I am bob@example.com")],
        [{"role": "user", "content": "I am bob@example.com"}],
        [{"role": "user", "content": "hi"}, HumanMessage("I am bob@example.com")],
        template.invoke({"question": "I am bob@example.com"}),
        "I am bob@example.com",
    ]
    for prompt in prompts:
        assert invoke(prompt).content == invoke(input=prompt).content == "write to [EMAIL] please"
        assert joined(list(stream(prompt))).tool_calls[0]["args"] == {"to": "[EMAIL]"}
    assert all(messages[-1].content == "I am [EMAIL]" for messages, _ in world.inner.asked)
    assert world.statuses == ["ok"] * 3 * len(prompts)
