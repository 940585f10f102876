"""Agents of pydantic-ai whose model is behind a pipeline: every way to run them, and every way a request can end."""

from __future__ import annotations

import asyncio
import json
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
from genai_guard.routing.prompts import Prompt

pytest.importorskip(
    "pydantic_ai", reason="NOT TESTED: pydantic-ai is not installed: pip install 'genai_guard[pydantic-ai]'"
)

from pydantic_ai import Agent, BinaryContent, ImageUrl, ModelRetry, UsageLimits
from pydantic_ai.direct import model_request, model_request_stream
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.messages import (
    ModelRequest,
    ModelResponse,
    SystemPromptPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models.fallback import FallbackModel
from pydantic_ai.models.function import DeltaThinkingPart, DeltaToolCall, FunctionModel
from pydantic_ai.models.test import TestModel

from genai_guard.integrations.pydantic_ai import GuardedModel

MAIL = ToolCallPart("mail", {"to": "bob@example.com"}, tool_call_id="c1")
ANSWER = [TextPart("I write to bob@example.com"), MAIL]


class World:
    """A guarded model that answers by a script, and what became of its requests."""

    def __init__(self, *answers: list[Any] | Exception, size: int = 3, **parts: Any) -> None:
        self.events = Events()
        self.limiter = CountingLimiter(Limit.requests(1_000, per="minute"), Limit.tokens(1_000_000, per="minute"))
        guards = [PII(action="redact"), BlockedPatterns(["poison"])]
        self.pipeline = Pipeline(
            **{"input": guards, "output": guards, "recorder": self.events, "limiter": self.limiter, **parts}
        )
        self.answers, self.size = answers or (ANSWER, [TextPart("wrote to bob@example.com")]), size
        self.asked: list[tuple[list[Any], Any]] = []
        self.closed = 0
        self.inner = FunctionModel(self.whole, stream_function=self.streamed)
        self.model = GuardedModel(self.inner, self.pipeline)

    def next(self, messages: list[Any], info: Any) -> list[Any]:
        self.asked.append((messages, info))
        answer = self.answers[(len(self.asked) - 1) % len(self.answers)]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def whole(self, messages: list[Any], info: Any) -> ModelResponse:
        return ModelResponse(parts=self.next(messages, info))

    async def streamed(self, messages: list[Any], info: Any) -> AsyncIterator[Any]:
        try:
            for at, part in enumerate(self.next(messages, info)):
                if isinstance(part, ToolCallPart):
                    yield {at: DeltaToolCall(name=part.tool_name, tool_call_id=part.tool_call_id)}
                    for piece in self.cut(json.dumps(part.args)):
                        yield {at: DeltaToolCall(json_args=piece)}
                elif isinstance(part, ThinkingPart):
                    for piece in self.cut(part.content):
                        yield {at: DeltaThinkingPart(content=piece)}
                    yield {at: DeltaThinkingPart(signature="signed")}
                else:
                    for piece in self.cut(part.content):
                        yield piece
        finally:
            self.closed += 1

    def cut(self, text: str) -> list[str]:
        return [text[at : at + self.size] for at in range(0, len(text), self.size)]

    @property
    def statuses(self) -> list[str]:
        assert self.limiter.open == []
        return [event.status for event in self.events]


def asked_for(text: str) -> list[Any]:
    return [ModelRequest(parts=[UserPromptPart(text)])]


def whole(world: World, text: str = "hi") -> Any:
    return asyncio.run(model_request(world.model, asked_for(text)))


def streamed(world: World, text: str = "hi") -> Any:
    async def read() -> Any:
        async with model_request_stream(world.model, asked_for(text)) as stream:
            async for _ in stream:
                pass
            return stream.get()

    return asyncio.run(read())


def run(agent: Agent[Any, Any], text: str = "hi") -> Any:
    return asyncio.run(agent.run(text)).output


CALLS = [whole, streamed]


@pytest.mark.parametrize("call", CALLS)
def test_whole_and_streamed_requests_are_guarded_alike(call: Callable[..., Any]) -> None:
    world = World()
    response = call(world, "mail bob@example.com")
    text, mail = response.parts
    assert (text.content, mail.args_as_dict()) == ("I write to [EMAIL]", {"to": "[EMAIL]"})
    assert world.asked[0][0][0].parts[0].content == "mail [EMAIL]"
    assert world.statuses == ["ok"]
    event = world.events[0]
    assert (event.target, event.model) == ("FunctionModel", world.inner.model_name)
    assert (event.usage.output_tokens, event.usage.estimated) == (response.usage.output_tokens, False)
    assert [(verdict.guard, len(verdict.findings)) for verdict in event.verdicts] == [("pii", 1), ("pii", 2)]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(("asks", "says"), [("the poison", "fine"), ("hello", "take the poison")])
def test_a_rejection_is_raised_or_answered(call: Callable[..., Any], asks: str, says: str) -> None:
    world = World([TextPart(says)])
    with pytest.raises(GuardBlocked):
        call(world, asks)
    assert world.statuses == ["blocked"]
    world = World([TextPart(says)], on_reject=lambda rejection: f"no: {rejection.status}")
    assert call(world, asks).parts[-1].content == "no: blocked"
    assert world.statuses == ["blocked"]


PIECES = ["bob@example.com ", "the sea ", "4111 1111 1111 1111", "é漢 "]


@given(size=st.integers(1, 40), text=st.lists(st.sampled_from(PIECES), min_size=1).map("".join))
def test_a_stream_says_what_the_whole_says(size: int, text: str) -> None:
    call = ToolCallPart("mail", {"body": text, "n": 1}, tool_call_id="c1")
    world = World([ThinkingPart(text, signature="signed"), TextPart(text), call], size=size)
    first, second = whole(world), streamed(world)
    assert [part.content for part in first.parts[:2]] == [part.content for part in second.parts[:2]]
    assert first.parts[2].args_as_dict() == second.parts[2].args_as_dict()
    assert (
        first.parts[0].signature == second.parts[0].signature == (None if "[" in first.parts[0].content else "signed")
    )


def test_nothing_is_released_that_may_still_be_part_of_a_match() -> None:
    world = World([TextPart("bob@example.com")], size=1)

    async def read() -> list[Any]:
        async with model_request_stream(world.model, asked_for("hi")) as stream:
            return [event async for event in stream]

    events = asyncio.run(read())
    assert "bob" not in str(events)
    assert [event.event_kind for event in events][0 :: len(events) - 1] == ["part_start", "part_end"]
    assert events[-1].part.content == "[EMAIL]"


def agent_of(world: World, **settings: Any) -> tuple[Agent[Any, Any], list[str]]:
    agent: Agent[Any, Any] = Agent(world.model, instructions="ask ann@example.com", **settings)
    given_to: list[str] = []

    @agent.tool_plain
    def mail(to: str) -> str:
        given_to.append(to)
        return f"sent to {to}, copy to carol@example.com"

    return agent, given_to


def test_an_agent_is_guarded_on_all_sides() -> None:
    world = World()
    agent, given_to = agent_of(world, system_prompt="be dora@example.com")
    assert run(agent, "hi, I am bob@example.com") == "wrote to [EMAIL]"
    assert given_to == ["[EMAIL]"]
    assert "example.com" not in str(world.asked)
    assert world.statuses == ["ok", "ok"]


async def test_a_streamed_agent_is_guarded_on_all_sides() -> None:
    world = World([MAIL], [TextPart("wrote to bob@example.com")])
    agent, given_to = agent_of(world)
    async with agent.run_stream("hi, I am bob@example.com") as streaming:
        text = "".join([piece async for piece in streaming.stream_text(delta=True, debounce_by=None)])
    assert (text, given_to) == ("wrote to [EMAIL]", ["[EMAIL]"])
    assert "example.com" not in str(world.asked)
    assert [(event.status, event.streamed) for event in world.events] == [("ok", True)] * 2


@pytest.mark.parametrize("how", ["run", "stream"])
async def test_structured_output_is_guarded_and_what_does_not_fit_is_asked_again(how: str) -> None:
    class Address(BaseModel):
        to: str

    result = ToolCallPart("final_result", {"to": "bob@example.com"}, tool_call_id="c1")
    wrong = ToolCallPart("final_result", {"too": 1}, tool_call_id="c0")
    world = World(*([[wrong], [result]] if how == "run" else [[result]]))
    agent: Agent[Any, Any] = Agent(world.model, output_type=Address)
    if how == "run":
        output = (await agent.run("hi")).output
    else:
        async with agent.run_stream("hi") as streaming:
            output = await streaming.get_output()
    assert output == Address(to="[EMAIL]")
    assert world.statuses == ["ok"] * len(world.answers), "each attempt of the framework is a call"


def test_what_came_before_is_guarded_wherever_it_stands() -> None:
    world = World([TextPart("fine")])
    image, data = ImageUrl("https://example.org/a.png"), BinaryContent(b"x", media_type="image/png")
    history: list[Any] = [
        ModelRequest(
            parts=[SystemPromptPart("a@example.com"), UserPromptPart(["b@example.com", image, data])],
            instructions="c@example.com",
        ),
        ModelResponse(parts=[ThinkingPart("d@example.com", signature="s"), TextPart("e@example.com"), MAIL]),
        ModelRequest(parts=[ToolReturnPart("mail", {"to": ["f@example.com"], "n": 1}, tool_call_id="c1")]),
        ModelRequest(parts=[ToolReturnPart("mail", ["g@example.com", data], tool_call_id="c1")]),
        ModelRequest(parts=[ToolReturnPart("mail", TestAddress(to="h@example.com"), tool_call_id="c1")]),
    ]
    before = str(history)
    asyncio.run(model_request(world.model, history))
    seen = world.asked[0][0]
    assert "example.com" not in str(seen)
    assert seen[0].parts[1].content == ["[EMAIL]", image, data]
    assert seen[1].parts[0].signature is None
    assert seen[2].parts[0].content == {"to": ["[EMAIL]"], "n": 1}
    assert str(history) == before, "messages of the caller stay as they are"
    assert len(world.events[0].verdicts[0].findings) == 10, "instructions stand in the parameters as well"


class TestAddress(BaseModel):
    __test__ = False
    to: str


def test_an_experiment_sets_settings_prompt_and_model() -> None:
    large = TestModel(custom_output_text="from the large one")
    variant = Variant("only", params={"model": "large", "temperature": 0.5}, prompt=Prompt("brief", "Be brief."))
    world = World([TextPart("small")], router=ExperimentRouter(Experiment("models", variant)))
    world.model = GuardedModel(world.inner, world.pipeline, models={"large": large})
    with caller(user="u-1"):
        assert run(Agent(world.model, instructions="Be long.")) == "from the large one"
    asked = large.last_model_request_parameters
    assert asked is not None
    assert [part.content for part in asked.instruction_parts or ()] == ["Be brief."]
    assert world.events[0].model in {"large", "test"}


def test_a_failing_model_falls_back_and_each_attempt_is_a_call() -> None:
    broken, fine = World(ModelHTTPError(503, "down")), World([TextPart("fine")])
    model = FallbackModel(broken.model, fine.model)
    assert run(Agent(model)) == "fine"

    async def read() -> str:
        async with Agent(model).run_stream("hi") as streaming:
            return str(await streaming.get_output())

    assert asyncio.run(read()) == "fine"
    assert (broken.statuses, fine.statuses) == (["error", "error"], ["ok", "ok"])


def test_a_validator_that_asks_again_is_a_further_call() -> None:
    world = World([TextPart("one")], [TextPart("two")])
    agent = Agent(world.model)

    @agent.output_validator
    def check(output: str) -> str:
        if output == "one":
            raise ModelRetry("say two")
        return output

    assert run(agent) == "two"
    assert world.statuses == ["ok", "ok"]


async def test_a_stream_that_is_left_is_closed_and_settled() -> None:
    world = World([TextPart("one two three four")])
    async with model_request_stream(world.model, asked_for("hi")) as stream:
        await anext(aiter(stream))
    assert (world.closed, world.statuses) == (1, ["abandoned"])
    assert stream.get().state == "incomplete"


async def test_a_request_that_is_cancelled_is_settled() -> None:
    async def never(*_: Any) -> Any:
        await asyncio.Event().wait()

    async def never_streamed(*_: Any) -> AsyncIterator[str]:
        yield "one"
        await asyncio.Event().wait()

    world = World()
    model = GuardedModel(FunctionModel(never, stream_function=never_streamed), world.pipeline)

    async def read() -> None:
        async with model_request_stream(model, asked_for("hi")) as stream:
            async for _ in stream:
                pass

    for call in (model_request(model, asked_for("hi")), read()):
        task = asyncio.ensure_future(call)
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert world.statuses == ["cancelled", "cancelled"]


def test_asynchronous_guards_judge_every_run() -> None:
    @guard(name="slow")
    async def slow(text: str) -> bool:
        return "poison" in text

    world = World([TextPart("take the poison")], input=[], output=[slow])
    with pytest.raises(GuardBlocked):
        run(Agent(world.model))
    with pytest.raises(GuardBlocked):
        streamed(world)
    assert world.statuses == ["blocked", "blocked"]


async def test_nothing_goes_past_the_guards() -> None:
    world = World()
    agent = Agent(world.model)
    with pytest.raises(ConfigurationError, match="past the guards"):
        await agent.run(
            "bob@example.com", usage_limits=UsageLimits(input_tokens_limit=9, count_tokens_before_request=True)
        )
    for method in (world.model.batch_encode, world.model.compact_messages):
        with pytest.raises(ConfigurationError, match="past the guards"):
            await method(None)
    assert world.asked == []
