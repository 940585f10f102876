"""Agents of LangChain with the middleware: what the model is asked, what tools are given, what comes out."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from calls import CountingLimiter, Events
from genai_guard import GuardBlocked, Limit, Pipeline
from genai_guard.guards import PII, BlockedPatterns, guard

pytest.importorskip("langchain", reason="NOT TESTED: langchain is not installed: pip install 'genai_guard[langchain]'")

from langchain.agents import create_agent
from langchain.agents.structured_output import ToolStrategy
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from langgraph.types import Command
from pydantic import BaseModel

from genai_guard.integrations.langchain import GuardMiddleware, guarded
from integrations.langchain.scripted import Scripted

GUARDS: list[Any] = [PII(action="redact"), BlockedPatterns(["poison"])]


class World:
    """An agent with two tools, and what became of its calls."""

    def __init__(self, *answers: AIMessage, on_reject: Any = None, with_tools: bool = True, **settings: Any) -> None:
        self.events, self.tool_events = Events(), Events()
        self.limiter = CountingLimiter(Limit.requests(1_000, per="minute"), Limit.tokens(1_000_000, per="minute"))
        limiter: Any = self.limiter
        self.pipeline = Pipeline(
            input=GUARDS, output=GUARDS, recorder=self.events, limiter=limiter, on_reject=on_reject
        )
        tools = Pipeline(input=GUARDS, output=GUARDS, recorder=self.tool_events, on_reject=on_reject)
        self.model = Scripted(answers=list(answers))
        self.given: list[str] = []

        @tool
        def mail(to: str) -> str:
            """Send a mail."""
            self.given.append(to)
            return f"sent to {to}, copy to carol@example.com"

        @tool
        def note(text: str) -> Any:
            """Keep a note."""
            message = ToolMessage("kept for dora@example.com", tool_call_id="c2")
            return Command(update={"messages": [message]})

        @tool
        def look() -> Any:
            """Look something up."""
            message = {"role": "tool", "content": "found dora@example.com", "tool_call_id": "c3"}
            return Command(update={"messages": [message]})

        middleware = GuardMiddleware(self.pipeline, tools=tools if with_tools else None)
        self.agent: Any = create_agent(
            self.model, [mail, note, look], middleware=[middleware], system_prompt="ask ann@example.com", **settings
        )

    def run(self, how: str, text: str = "hello bob@example.com") -> list[Any]:
        """Run the agent; return its messages after the one of the user, or what was streamed of the model."""
        request = {"messages": [HumanMessage(text)]}
        if how == "invoke":
            return list(self.agent.invoke(request)["messages"][1:])
        if how == "ainvoke":
            return list(asyncio.run(self.agent.ainvoke(request))["messages"][1:])
        if how == "stream":
            return [chunk for chunk, _ in self.agent.stream(request, stream_mode="messages")]

        async def read() -> list[Any]:
            return [chunk async for chunk, _ in self.agent.astream(request, stream_mode="messages")]

        return asyncio.run(read())


def call(name: str, identifier: str = "c1", **args: Any) -> dict[str, Any]:
    return {"name": name, "args": args, "id": identifier}


ANSWERS = (
    AIMessage("I write", tool_calls=[call("mail", to="bob@example.com"), call("note", "c2", text="eve@example.com")]),
    AIMessage("wrote to bob@example.com"),
)
HOW = ["invoke", "ainvoke", "stream", "astream"]


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("with_tools", [True, False])
def test_an_agent_is_guarded_on_all_sides(how: str, *, with_tools: bool) -> None:
    world = World(*ANSWERS, with_tools=with_tools)
    said = world.run(how)
    assert [message.type for message in said if how.endswith("invoke")] in ([], ["ai", "tool", "tool", "ai"])
    text = "".join(message.text for message in said)
    assert "wrote to [EMAIL]" in text
    assert world.given == ["[EMAIL]"]
    assert ("carol@example.com" in text, "dora@example.com" in text) == (not with_tools, not with_tools)
    asked = [[str(message.content) for message in messages] for messages, _ in world.model.asked]
    assert asked[0] == ["ask [EMAIL]", "hello [EMAIL]"]
    assert "example.com" not in str(asked)
    assert ([event.status for event in world.events], world.limiter.open) == (["ok", "ok"], [])
    assert sorted(event.target for event in world.tool_events) == (["mail", "note"] if with_tools else [])
    assert all(event.streamed == how.endswith("stream") for event in world.events)


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize(
    "answers",
    [
        [AIMessage("take the poison")],
        [AIMessage("", tool_calls=[call("mail", to="poison")])],
    ],
)
def test_a_rejection_ends_the_agent(how: str, answers: list[AIMessage]) -> None:
    world = World(*answers)
    with pytest.raises(GuardBlocked):
        world.run(how)
    assert ([event.status for event in world.events], world.limiter.open) == (["blocked"], [])


@pytest.mark.parametrize("how", HOW)
def test_a_rejection_may_be_the_last_answer(how: str) -> None:
    world = World(AIMessage("take the poison"), on_reject=lambda rejection: f"no: {rejection.status}")
    said = world.run(how)
    assert "".join(message.text for message in said) in {"no: blocked", "take the no: blocked"}
    assert [event.status for event in world.events] == ["blocked"]


@pytest.mark.parametrize("how", ["invoke", "ainvoke"])
def test_a_refused_tool_answers_with_an_error_and_the_agent_goes_on(how: str) -> None:
    @guard(name="copies")
    def copies(text: str) -> bool:
        return "copy" in text

    world = World(AIMessage("", tool_calls=[call("mail", to="x")]), AIMessage("I could not"))
    tools = Pipeline(output=[copies], on_reject=lambda rejection: f"refused: {rejection.status}")

    @tool
    def mail(to: str) -> str:
        """Send a mail."""
        return "a copy"

    agent: Any = create_agent(world.model, [mail], middleware=[GuardMiddleware(world.pipeline, tools=tools)])
    request = {"messages": [HumanMessage("hi")]}
    said = (agent.invoke(request) if how == "invoke" else asyncio.run(agent.ainvoke(request)))["messages"]
    assert (said[2].status, said[2].content, said[2].tool_call_id) == ("error", "refused: blocked", "c1")
    assert said[3].content == "I could not"


@pytest.mark.parametrize("how", ["invoke", "ainvoke"])
def test_a_tool_may_say_its_message_as_a_mapping(how: str) -> None:
    world = World(AIMessage("I look", tool_calls=[call("look", "c3")]), AIMessage("found"))
    _, found, _ = world.run(how)
    assert (type(found), found.content) == (ToolMessage, "found [EMAIL]")


def test_an_agent_may_answer_with_structured_output() -> None:
    class Address(BaseModel):
        to: str

    world = World(
        AIMessage("", tool_calls=[call("Address", to="bob@example.com")]), response_format=ToolStrategy(Address)
    )
    assert world.agent.invoke({"messages": [HumanMessage("hi")]})["structured_response"] == Address(to="[EMAIL]")


def test_an_agent_takes_a_guarded_model_without_the_middleware() -> None:
    world = World(*ANSWERS)
    agent: Any = create_agent(guarded(world.model, world.pipeline), system_prompt="ask ann@example.com")
    text = "".join(chunk.text for chunk, _ in agent.stream({"messages": [HumanMessage("hi")]}, stream_mode="messages"))
    assert "example.com" not in text + str(world.model.asked)


def test_no_text_of_a_call_stands_in_a_repr() -> None:
    world = World(AIMessage("fine", tool_calls=[call("mail", to="planted-secret")]), AIMessage("done"))
    world.run("invoke", "planted-secret")
    assert "planted-secret" not in repr(world.events) + repr(world.tool_events)
