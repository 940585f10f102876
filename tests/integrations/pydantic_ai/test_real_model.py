"""An OpenAI model of pydantic-ai in front of a real model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from calls import Events
from genai_guard import Pipeline
from genai_guard.guards import PII
from integrations.real_model import needs_a_model, served

pytest.importorskip(
    "pydantic_ai", reason="NOT TESTED: pydantic-ai is not installed: pip install 'genai_guard[pydantic-ai]'"
)

from openai import AsyncOpenAI
from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from genai_guard.integrations.pydantic_ai import GuardedModel

pytestmark = needs_a_model
SAY = "The sea is blue. Write to bob@example.com!"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with served() as address:
        yield address


async def test_a_real_model_says_the_same_whole_and_streamed(url: str) -> None:
    events = Events()
    guards: list[Any] = [PII(action="redact")]
    pipeline = Pipeline(input=guards, output=guards, recorder=events)
    async with AsyncOpenAI(base_url=url, api_key="none") as client:
        model = OpenAIChatModel("small", provider=OpenAIProvider(openai_client=client))
        agent = Agent(
            GuardedModel(model, pipeline),
            instructions="Repeat what the user says.",
            model_settings={"temperature": 0, "max_tokens": 24, "seed": 1},
        )
        whole = (await agent.run(SAY)).output
        async with agent.run_stream(SAY) as run:
            streamed = "".join([piece async for piece in run.stream_text(delta=True, debounce_by=None)])
    assert whole
    assert streamed == whole
    assert [(event.status, event.streamed) for event in events] == [("ok", False), ("ok", True)]
    assert len({(event.model, event.finish_reason, event.usage.output_tokens, event.verdicts) for event in events}) == 1
    assert not any(event.usage.estimated for event in events)
