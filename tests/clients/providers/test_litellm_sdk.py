"""The functions of LiteLLM's SDK, which answer in the shapes of OpenAI; `mock_response` is LiteLLM's own stand-in."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import pytest

from calls import World

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # else importing it downloads a table
litellm = pytest.importorskip("litellm", reason="pip install litellm==1.109.1; it pins openai < 3")

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]
SAID = "I know the SECRET plan, you see."
AFTER = "I know the [BLOCKED], you see."
HELLO = [{"role": "user", "content": "the SECRET plan"}]
MODEL = "openai/m"


def served(loopback: Any, **message: Any) -> dict[str, Any]:
    """Prepare an answer of the server; return what leads a call there."""
    choice = {"index": 0, "message": {"role": "assistant", "content": SAID, **message}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    body = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}
    loopback.answers.append(body)
    return {"model": MODEL, "api_base": loopback.url, "api_key": "k"}


def test_a_completion_is_guarded_on_its_way_there_and_back(
    loopback: Any, world: World, ended: Callable[..., None]
) -> None:
    call = {"id": "t", "type": "function", "function": {"name": "mail", "arguments": '{"text": "the SECRET plan"}'}}
    reply = world.pipeline.wrap(litellm.completion)(**served(loopback, tool_calls=[call]), messages=HELLO)
    message = reply.choices[0].message
    assert (type(reply), message.content) == (litellm.ModelResponse, AFTER)
    assert json.loads(message.tool_calls[0].function.arguments) == {"text": "the [BLOCKED]"}
    assert "SECRET" not in f"{reply!r}{reply.model_dump_json()}{loopback.seen}"
    assert reply["choices"][0]["message"]["content"] == AFTER
    ended(tokens=(7, 3))


def test_a_stream_says_what_the_whole_says(world: World, ended: Callable[..., None]) -> None:
    ask = world.pipeline.wrap(litellm.completion)
    whole = ask(model=MODEL, messages=HELLO, mock_response=SAID)
    options = {"include_usage": True}
    chunks = list(ask(model=MODEL, messages=HELLO, mock_response=SAID, stream=True, stream_options=options))
    assert len(chunks) > 3
    assert whole.choices[0].message.content == AFTER
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == AFTER
    first, second = world.events
    assert (str(first.verdicts), first.usage.estimated, second.usage.estimated) == (str(second.verdicts), False, False)
    assert second.usage[:2] == (chunks[-1].usage.prompt_tokens, chunks[-1].usage.completion_tokens)
    ended(calls=2)


async def test_asynchronous_calls_say_the_same(world: World, ended: Callable[..., None]) -> None:
    ask = world.pipeline.wrap(litellm.acompletion)
    whole = await ask(model=MODEL, messages=HELLO, mock_response=SAID)
    stream = await ask(model=MODEL, messages=HELLO, mock_response=SAID, stream=True)
    said = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])
    assert (whole.choices[0].message.content, said) == (AFTER, AFTER)
    ended(calls=2)


@pytest.mark.parametrize("stream", [False, True])
def test_the_older_completions_are_guarded_too(world: World, ended: Callable[..., None], stream: bool) -> None:
    ask = world.pipeline.wrap(litellm.text_completion)
    out = ask(model="gpt-3.5-turbo-instruct", prompt="the SECRET plan", mock_response=SAID, stream=stream)
    assert "".join(reply.choices[0].text or "" for reply in (out if stream else [out])) == AFTER
    assert world.event.request[0].text == "the SECRET plan"
    ended()


@pytest.mark.parametrize("stream", [False, True])
def test_errors_of_the_service_pass_through_and_settle(
    loopback: Any, world: World, ended: Callable[..., None], stream: bool
) -> None:
    ask = world.pipeline.wrap(litellm.completion)
    for status, error in ((429, litellm.RateLimitError), (500, litellm.InternalServerError)):
        loopback.answers.append((status, {"error": {"message": "no"}}))
        with pytest.raises(error):
            list(ask(model=MODEL, api_base=loopback.url, api_key="k", messages=HELLO, stream=stream, max_retries=0))
    ended("error", calls=2)
