"""OpenAILike in front of a real model."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Iterator
from typing import Any

import pytest

from calls import Events
from genai_guard import Pipeline
from genai_guard.guards import PII
from integrations.real_model import needs_a_model, served

pytest.importorskip("llama_index.llms.openai_like", reason="NOT TESTED: llama-index-llms-openai-like is not installed")

from llama_index.core.base.llms.types import ChatMessage
from llama_index.llms.openai_like import OpenAILike

from genai_guard.integrations.llama_index import guarded

pytestmark = needs_a_model
SAY = [
    ChatMessage("Repeat what the user says.", role="system"),
    ChatMessage("The sea is blue. Write to bob@example.com!", role="user"),
]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with served() as address:
        yield address


def test_a_real_model_says_the_same_whole_and_streamed(url: str) -> None:
    events = Events()
    guards: list[Any] = [PII(action="redact")]
    settings: dict[str, Any] = {"model": "small", "api_base": url, "api_key": "none", "is_chat_model": True}
    settings |= {"temperature": 0, "max_tokens": 24, "additional_kwargs": {"seed": 1}}
    pipeline = Pipeline(input=guards, output=guards, recorder=events)
    model = guarded(OpenAILike(**settings), pipeline)
    options: Any = {"include_usage": True}
    whole = model.chat(SAY).message.content
    *_, last = model.stream_chat(SAY, stream_options=options)

    async def both() -> tuple[Any, Any]:
        async with importlib.import_module("httpx").AsyncClient() as http:
            asking = guarded(OpenAILike(**settings, async_http_client=http), pipeline)
            chunks = [chunk async for chunk in await asking.astream_chat(SAY, stream_options=options)]
            return (await asking.achat(SAY)).message.content, chunks[-1].message.content

    assert whole
    assert {whole, last.message.content, *asyncio.run(both())} == {whole}
    assert [event.status for event in events] == ["ok"] * 4
    assert len({(event.model, event.usage.output_tokens, event.verdicts) for event in events}) == 1
    assert not any(event.usage.estimated for event in events)
