"""A serving endpoint of a Databricks workspace, asked with OpenAI's client, as the workspace answers it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from calls import Events
from genai_guard import Pipeline
from genai_guard.guards import PII
from genai_guard.messages import Usage
from loopback import http_of, response, sdk_client

openai = pytest.importorskip("openai", reason="the openai SDK is not installed: pip install openai")

MAIL = "jo@example.com"
ENDPOINT = "databricks-meta-llama-3-3-70b-instruct"
ASKED = [{"role": "user", "content": f"I am {MAIL}"}]
TOOLS = [{"type": "function", "function": {"name": "send", "parameters": {"type": "object", "properties": {}}}}]
USAGE = {"prompt_tokens": 11, "completion_tokens": 22, "total_tokens": 33}
ABOUT = {"id": "chatcmpl_1", "created": 1, "model": "meta-llama-3.3-70b-instruct-121024"}


class Answer(BaseModel):
    mail: str


def completion(body: dict[str, Any]) -> dict[str, Any]:
    said: dict[str, Any] = {"role": "assistant", "content": f'{{"mail": "{MAIL}"}}'}
    if "tools" in body:
        call = {"id": "call_1", "type": "function", "function": {"name": "send", "arguments": f'{{"to": "{MAIL}"}}'}}
        said = {"role": "assistant", "content": None, "tool_calls": [call]}
    choice = {
        "index": 0,
        "message": said,
        "finish_reason": "tool_calls" if "tools" in body else "stop",
        "logprobs": None,
    }
    return {**ABOUT, "object": "chat.completion", "choices": [choice], "usage": USAGE}


def chunks(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A workspace repeats the role in every chunk, and counts in the last ones."""
    text = f"write to {MAIL} now"
    for at in range(0, len(text), 5):
        delta = {"role": "assistant", "content": text[at : at + 5]}
        choices = [{"index": 0, "delta": delta, "finish_reason": None, "logprobs": None}]
        yield {**ABOUT, "object": "chat.completion.chunk", "choices": choices, "usage": None}
    choices = [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": "stop", "logprobs": None}]
    yield {**ABOUT, "object": "chat.completion.chunk", "choices": choices, "usage": USAGE}


class Workspace:
    """The requests that arrived, by path."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, Any]] = []

    def client(self, *, is_async: bool = False) -> Any:
        http = http_of(openai)

        def answer(request: Any) -> Any:
            body = json.loads(request.content)
            self.seen.append((request.url.path, body))
            return response(http, list(chunks(body)) if body.get("stream") else completion(body))

        host = "https://adb-1.2.azuredatabricks.net/serving-endpoints"
        return sdk_client(openai, answer, is_async=is_async, api_key="dapi", base_url=host)


@pytest.fixture
def events() -> Events:
    return Events()


@pytest.fixture
def workspace() -> Workspace:
    return Workspace()


@pytest.fixture
def client(workspace: Workspace, events: Events) -> Any:
    return Pipeline(input=[PII()], output=[PII()], recorder=events).wrap_client(workspace.client())


@pytest.fixture
async def aclient(workspace: Workspace, events: Events) -> AsyncIterator[Any]:
    async with workspace.client(is_async=True) as client:
        yield Pipeline(input=[PII()], output=[PII()], recorder=events).wrap_client(client)


def check(workspace: Workspace, events: Events) -> None:
    ((path, body),) = workspace.seen
    assert path == "/serving-endpoints/chat/completions"
    assert (body["model"], body["messages"]) == (ENDPOINT, [{"role": "user", "content": "I am [EMAIL]"}])
    (event,) = events
    assert (event.usage, event.model) == (Usage(11, 22), ABOUT["model"])


def test_structured_output(client: Any, workspace: Workspace, events: Events) -> None:
    reply = client.chat.completions.parse(model=ENDPOINT, messages=ASKED, response_format=Answer)
    assert reply.choices[0].message.parsed == Answer(mail="[EMAIL]")
    check(workspace, events)


def test_tool_calls(client: Any, workspace: Workspace, events: Events) -> None:
    reply = client.chat.completions.create(model=ENDPOINT, messages=ASKED, tools=TOOLS)
    (call,) = reply.choices[0].message.tool_calls
    assert (call.function.name, call.function.arguments) == ("send", '{"to": "[EMAIL]"}')
    check(workspace, events)


def test_streams(client: Any, workspace: Workspace, events: Events) -> None:
    stream = client.chat.completions.create(model=ENDPOINT, messages=ASKED, stream=True)
    assert "".join(chunk.choices[0].delta.content for chunk in stream) == "write to [EMAIL] now"
    check(workspace, events)


async def test_awaited(aclient: Any, workspace: Workspace, events: Events) -> None:
    reply = await aclient.chat.completions.create(model=ENDPOINT, messages=ASKED)
    assert reply.choices[0].message.content == '{"mail": "[EMAIL]"}'
    check(workspace, events)


async def test_awaited_streams(aclient: Any, workspace: Workspace, events: Events) -> None:
    stream = await aclient.chat.completions.create(model=ENDPOINT, messages=ASKED, stream=True)
    assert "".join([chunk.choices[0].delta.content async for chunk in stream]) == "write to [EMAIL] now"
    check(workspace, events)
