"""Language models of LlamaIndex behind a pipeline: every way to call them, and every way in which a call can end."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
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

pytest.importorskip(
    "llama_index.core", reason="NOT TESTED: llama-index is not installed: pip install 'genai_guard[llama-index]'"
)

from llama_index.core import Document, SummaryIndex
from llama_index.core.agent.workflow import AgentStream, FunctionAgent
from llama_index.core.base.llms.types import ChatMessage, ImageBlock, TextBlock, ThinkingBlock, ToolCallBlock
from llama_index.core.llms import MockLLM
from llama_index.core.tools import FunctionTool

from genai_guard.integrations.llama_index import guarded
from integrations.llama_index.scripted import Scripted

MAIL = ToolCallBlock(tool_call_id="c1", tool_name="mail", tool_kwargs={"to": "bob@example.com"})


def said(text: str, *blocks: Any) -> ChatMessage:
    return ChatMessage(role="assistant", blocks=[TextBlock(text=text), *blocks])


class World:
    """A guarded model, and what became of its calls."""

    def __init__(self, *answers: ChatMessage, size: int = 3, **parts: Any) -> None:
        self.events = Events()
        self.limiter = CountingLimiter(Limit.requests(1_000, per="minute"), Limit.tokens(1_000_000, per="minute"))
        guards = [PII(action="redact"), BlockedPatterns(["poison"])]
        self.pipeline = Pipeline(
            **{"input": guards, "output": guards, "recorder": self.events, "limiter": self.limiter, **parts}
        )
        self.inner = Scripted(answers=list(answers or [said("write to bob@example.com please")]), size=size)
        self.model = guarded(self.inner, self.pipeline)

    @property
    def statuses(self) -> list[str]:
        assert self.limiter.open == []
        return [event.status for event in self.events]


def asked_for(text: str) -> list[ChatMessage]:
    return [ChatMessage("you help ann@example.com", role="system"), ChatMessage(text, role="user")]


def last_of(chunks: list[Any]) -> Any:
    last = chunks[-1]
    said = "".join(chunk.delta or "" for chunk in chunks)
    # What was said before a rejection in the middle stands in the deltas alone.
    assert said == text_of(last) or (text_of(last).startswith("no: ") and said.endswith(text_of(last)))
    return last


async def gathered(stream: Any) -> list[Any]:
    return [chunk async for chunk in await stream]


def chat(model: Any, text: str) -> Any:
    return model.chat(asked_for(text))


def achat(model: Any, text: str) -> Any:
    return asyncio.run(model.achat(asked_for(text)))


def stream_chat(model: Any, text: str) -> Any:
    return last_of(list(model.stream_chat(asked_for(text))))


def astream_chat(model: Any, text: str) -> Any:
    return last_of(asyncio.run(gathered(model.astream_chat(asked_for(text)))))


def complete(model: Any, text: str) -> Any:
    return model.complete(text)


def acomplete(model: Any, text: str) -> Any:
    return asyncio.run(model.acomplete(text))


def stream_complete(model: Any, text: str) -> Any:
    return last_of(list(model.stream_complete(text)))


def astream_complete(model: Any, text: str) -> Any:
    return last_of(asyncio.run(gathered(model.astream_complete(text))))


CHATS: list[Callable[[Any, str], Any]] = [chat, achat, stream_chat, astream_chat]
CALLS = [*CHATS, complete, acomplete, stream_complete, astream_complete]


def text_of(response: Any) -> str:
    return str((response.message.content if hasattr(response, "message") else response.text) or "")


@pytest.mark.parametrize("call", CALLS)
def test_every_way_to_call_a_model_says_the_same(call: Callable[[Any, str], Any]) -> None:
    world = World()
    response = call(world.model, "mail bob@example.com")
    assert text_of(response) == "write to [EMAIL] please"
    assert "bob" not in str(response.raw)
    asked = world.inner.asked[0][0] if world.inner.asked else world.model.asked[0][0]
    assert "example.com" not in str(asked)
    assert world.statuses == ["ok"]
    event = world.events[0]
    assert (event.target, event.model, event.finish_reason) == ("Scripted", "scripted-1", "stop")
    assert event.usage == Usage(20, 10)
    assert [(verdict.guard, len(verdict.findings)) for verdict in event.verdicts][1:] == [("pii", 1)]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(("asks", "says"), [("the poison", "fine"), ("hello", "take the poison")])
def test_a_rejection_is_raised_or_answered(call: Callable[[Any, str], Any], asks: str, says: str) -> None:
    world = World(said(says))
    with pytest.raises(GuardBlocked):
        call(world.model, asks)
    assert world.statuses == ["blocked"]
    world = World(said(says), on_reject=lambda rejection: f"no: {rejection.status}")
    assert text_of(call(world.model, asks)) == "no: blocked"
    assert world.statuses == ["blocked"]


PIECES = ["bob@example.com ", "the sea ", "4111 1111 1111 1111", "é漢 "]


@given(size=st.integers(1, 40), text=st.lists(st.sampled_from(PIECES), min_size=1).map("".join))
def test_a_stream_says_what_the_whole_says(size: int, text: str) -> None:
    world = World(said(text, MAIL.model_copy(update={"tool_kwargs": {"body": text, "n": 1}})), size=size)
    first, second = chat(world.model, "hi"), stream_chat(world.model, "hi")
    calls = [world.model.get_tool_calls_from_response(each)[0] for each in (first, second)]
    assert (text_of(first), calls[0]) == (text_of(second), calls[1])


def test_nothing_is_released_that_may_still_be_part_of_a_match() -> None:
    world = World(said("bob@example.com", MAIL), size=1)
    chunks = list(world.model.stream_chat(asked_for("hi")))
    assert "bob" not in str([(chunk, chunk.raw) for chunk in chunks])
    assert text_of(chunks[-1]) == "[EMAIL]"


def test_what_came_before_is_guarded_wherever_it_stands() -> None:
    world = World(said("fine"))
    image = ImageBlock(url="https://example.org/a.png")
    raw = {"id": "c1", "type": "function", "function": {"name": "mail", "arguments": '{"to": "bob@example.com"}'}}
    history = [
        ChatMessage(role="user", blocks=[TextBlock(text="a@example.com"), image]),
        ChatMessage(
            role="assistant",
            blocks=[ThinkingBlock(content="b@example.com", additional_information={"signature": "s"}), MAIL],
            additional_kwargs={"tool_calls": [raw]},
        ),
        ChatMessage("c@example.com", role="tool", additional_kwargs={"tool_call_id": "c1"}),
    ]
    before = str([message.model_dump() for message in history])
    world.model.chat(history)
    seen = world.inner.asked[0][0] if world.inner.asked else world.model.asked[0][0]
    assert "@example.com" not in str([message.model_dump() for message in seen])
    assert seen[0].blocks[1] is image
    assert seen[1].blocks[0].additional_information == {}
    assert str([message.model_dump() for message in history]) == before, "messages of the caller stay as they are"
    assert len(world.events[0].verdicts[0].findings) == 4, "the arguments of a call are one text"


def mail_tool(given_to: list[str]) -> FunctionTool:
    def mail(to: str) -> str:
        """Send a mail."""
        given_to.append(to)
        return f"sent to {to}, copy to carol@example.com"

    return FunctionTool.from_defaults(mail)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # in the agent's own workflow
@pytest.mark.parametrize("streaming", [True, False])
async def test_an_agent_is_guarded_on_all_sides(*, streaming: bool) -> None:
    world = World(said("I write", MAIL), said("wrote to bob@example.com"))
    given_to: list[str] = []
    agent = FunctionAgent(
        tools=[mail_tool(given_to)], llm=world.model, system_prompt="ask ann@example.com", streaming=streaming
    )
    run = agent.run("hello, I am bob@example.com")
    streamed = "".join([event.delta async for event in run.stream_events() if isinstance(event, AgentStream)])
    assert str(await run) == "wrote to [EMAIL]"
    assert given_to == ["[EMAIL]"]
    assert "bob" not in streamed
    assert "@example.com" not in str(world.model.asked)
    assert [(event.status, event.streamed) for event in world.events] == [("ok", streaming)] * 2


def test_query_engines_and_structures_take_a_guarded_model() -> None:
    class Address(BaseModel):
        to: str

    index = SummaryIndex.from_documents([Document(text="The tent of ann@example.com leaks.")])
    world = World(said("Ask ann@example.com."))
    assert str(index.as_query_engine(llm=world.model).query("Whose tent leaks?")) == "Ask [EMAIL]."
    assert str(index.as_query_engine(llm=world.model, streaming=True).query("Whose tent leaks?")) == "Ask [EMAIL]."
    assert "@example.com" not in str(world.model.asked)
    assert world.statuses == ["ok", "ok"]
    call = MAIL.model_copy(update={"tool_name": "Address"})
    structured = World(said("", call))
    assert structured.model.as_structured_llm(Address).complete("who?").raw == Address(to="[EMAIL]")
    assert structured.statuses == ["ok"]


def test_an_experiment_sets_the_arguments_of_a_call() -> None:
    variant = Variant("only", params={"model": "scripted-2", "temperature": 0.5}, prompt=Prompt("brief", "Be brief."))
    world = World(said("fine"), router=ExperimentRouter(Experiment("models", variant)))
    with caller(user="u-1"):
        chat(world.model, "hi")
        stream_chat(world.model, "hi")
    for messages, kwargs in world.model.asked:
        assert kwargs == {"model": "scripted-2", "temperature": 0.5}
        assert [message.content for message in messages] == ["Be brief.", "hi"]


def test_streams_that_are_left_are_closed_and_settled() -> None:
    world = World(said("one two three four"))
    for open_stream in (world.model.stream_chat, world.model.stream_complete):
        stream: Any = open_stream(asked_for("hi") if open_stream.__name__ != "stream_complete" else "hi")
        next(stream)
        stream.close()
    gc.collect()
    assert world.statuses == ["abandoned", "abandoned"]

    async def leave() -> None:
        stream: Any = await world.model.astream_chat(asked_for("hi"))
        await anext(stream)
        await stream.aclose()

    asyncio.run(leave())
    assert (world.statuses[2:], len(world.model.closed)) == (["abandoned"], 3)


async def test_a_call_that_is_cancelled_is_settled() -> None:
    class Slow(Scripted):
        async def achat(self, *args: Any, **kwargs: Any) -> Any:
            await asyncio.Event().wait()

    world = World()
    task = asyncio.ensure_future(guarded(Slow(answers=[]), world.pipeline).achat(asked_for("hi")))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert world.statuses == ["cancelled"]


def test_an_asynchronous_guard_needs_an_asynchronous_call() -> None:
    @guard(name="slow")
    async def slow(text: str) -> bool:
        return "poison" in text

    world = World(said("fine"), input=[slow])
    assert text_of(achat(world.model, "hi")) == text_of(astream_complete(world.model, "hi")) == "fine"
    for call in (chat, stream_complete):
        with pytest.raises(ConfigurationError, match="slow"):
            call(world.model, "hi")


def test_a_model_that_says_all_at_once_is_guarded_as_well() -> None:
    pipeline = Pipeline(output=[PII(action="redact")])
    model = guarded(MockLLM(), pipeline)
    assert [text_of(call(model, "to bob@example.com now")) for call in (complete, stream_complete)] == [
        "to [EMAIL] now"
    ] * 2
    assert text_of(stream_complete(guarded(MockLLM(max_tokens=3), pipeline), "hi")) == "text text text"


def test_what_is_no_language_model_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="takes a language model of LlamaIndex"):
        guarded("gpt", Pipeline())
