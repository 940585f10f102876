"""ChatOpenAI in front of a real model."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, Literal

import pytest

from calls import Events
from genai_guard import GuardBlocked, Pipeline
from genai_guard.guards import PII, BlockedPatterns
from integrations.real_model import needs_a_model, served

pytest.importorskip("langchain_openai", reason="NOT TESTED: langchain-openai is not installed")

from langchain_core.messages import HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI
from pydantic import BaseModel

from genai_guard.integrations.langchain import guarded

pytestmark = needs_a_model
SAY = [SystemMessage("Repeat what the user says."), HumanMessage("The sea is blue. Write to bob@example.com!")]


class Answer(BaseModel):
    answer: Literal["yes", "no"]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with served() as address:
        yield address


@pytest.fixture
def events() -> Events:
    return Events()


@pytest.fixture
def model(url: str, events: Events) -> Any:
    guards: list[Any] = [PII(action="redact"), BlockedPatterns(["poison"])]
    pipeline = Pipeline(input=guards, output=guards, recorder=events)
    chat = ChatOpenAI(
        model="small",
        base_url=url,
        api_key=lambda: "none",
        temperature=0,
        max_completion_tokens=24,
        seed=1,
        stream_usage=True,
    )
    return guarded(chat, pipeline)


def test_a_real_model_says_the_same_whole_and_streamed(model: Any, events: Events) -> None:
    whole = model.invoke(SAY)
    streamed = "".join(chunk.text for chunk in model.stream(SAY))

    async def both() -> tuple[str, str]:
        return (await model.ainvoke(SAY)).text, "".join([chunk.text async for chunk in model.astream(SAY)])

    assert whole.text
    assert {whole.text, streamed, *asyncio.run(both())} == {whole.text}
    assert [event.status for event in events] == ["ok"] * 4
    usages = {(event.usage.input_tokens, event.usage.output_tokens, event.usage.estimated) for event in events}
    assert len(usages) == len({(event.model, event.finish_reason, event.verdicts) for event in events}) == 1
    assert events[0].usage.output_tokens > 0
    assert not events[0].usage.estimated
    assert [verdict.guard for verdict in events[0].verdicts] == ["pii"]


def test_a_real_model_is_not_asked_what_is_blocked(model: Any, events: Events) -> None:
    with pytest.raises(GuardBlocked):
        model.invoke("the poison")
    assert [event.model_s for event in events] == [0.0]


@pytest.mark.parametrize("method", ["json_schema", "function_calling"])
def test_structured_output_of_a_real_model_is_guarded(model: Any, events: Events, method: str) -> None:
    asked = model.with_structured_output(Answer, method=method, include_raw=True).invoke("Say hello.")
    assert asked["parsed"] is None or isinstance(asked["parsed"], Answer)
    assert [event.status for event in events] == ["ok"]


async def test_a_real_stream_that_is_left_is_settled(model: Any, events: Events) -> None:
    chunks = model.astream(SAY)
    await anext(chunks)
    await chunks.aclose()
    for _ in range(50):
        await asyncio.sleep(0.01)
    assert [event.status for event in events] == ["abandoned"]
