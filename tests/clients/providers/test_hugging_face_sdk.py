"""The real Hugging Face InferenceClient: chats with llmock, text generation with a server of the protocol of TGI."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from calls import World
from genai_guard import ConfigurationError

hub = pytest.importorskip("huggingface_hub", reason="pip install huggingface_hub")
pytest.importorskip("llmock", reason="pip install llmock")

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")
SAID = "I know the SECRET plan, you see."
AFTER = "I know the [BLOCKED], you see."
HELLO = [{"role": "user", "content": "hi"}]
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}


@pytest.fixture
def client(llmock: Any) -> Any:
    """Return a client of the server."""
    return hub.InferenceClient(base_url=llmock.base_url("openai"), api_key="k")


def token(text: str, *, special: bool = False, **last: Any) -> dict[str, Any]:
    said = {"id": 5, "text": text, "logprob": -0.5, "special": special}
    return {"index": 1, "token": said, "generated_text": None, "details": None, **last}


DETAILS = {"finish_reason": "eos_token", "generated_tokens": 4, "input_length": 3, "seed": None}
TOKENS = [
    token("the SEC"),
    token("RET plan"),
    token("</s>", special=True, generated_text="the SECRET plan", details=DETAILS),
]
STREAM = b"".join(b"data:" + json.dumps(each).encode() + b"\n\n" for each in TOKENS)


def test_a_guarded_chat_is_a_chat(client: Any, llmock: Any, world: World, ended: Callable[..., None]) -> None:
    llmock.call_tool("mail", {"text": "the SECRET plan"}, text=SAID)
    content = [{"type": "text", "text": "the SECRET plan"}, IMAGE]
    reply = world.pipeline.wrap(client.chat_completion)([{"role": "user", "content": content}], model="m", max_tokens=9)
    message = reply.choices[0].message
    assert (type(reply), message.content, reply["choices"][0]["message"]["content"]) == (
        hub.ChatCompletionOutput,
        AFTER,
        AFTER,
    )
    assert json.loads(message.tool_calls[0].function.arguments) == {"text": "the [BLOCKED]"}
    assert "SECRET" not in f"{reply!r}{dict(reply)}{llmock.last_request.body}"
    assert "aGk=" in str(llmock.last_request.body)
    ended(tokens=(reply.usage.prompt_tokens, reply.usage.completion_tokens))


def test_a_stream_says_what_the_whole_says(client: Any, llmock: Any, world: World, ended: Callable[..., None]) -> None:
    llmock.reply(SAID)
    options = {"include_usage": True}
    ask = world.pipeline.wrap(client.chat.completions.create)
    chunks = list(ask(messages=HELLO, model="m", stream=True, stream_options=options))
    assert {type(chunk) for chunk in chunks} == {hub.ChatCompletionStreamOutput}
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == AFTER
    assert "SECRET" not in f"{chunks!r}{[dict(chunk) for chunk in chunks]}"
    ended(tokens=(chunks[-1].usage.prompt_tokens, chunks[-1].usage.completion_tokens))


async def test_a_wrapped_asynchronous_client_says_the_same(
    llmock: Any, world: World, ended: Callable[..., None]
) -> None:
    llmock.reply(SAID, times=2)
    async with hub.AsyncInferenceClient(base_url=llmock.base_url("openai"), api_key="k") as inner:
        client = world.pipeline.wrap_client(inner)
        assert isinstance(client, hub.AsyncInferenceClient)
        reply = await client.chat_completion(HELLO, model="m")
        stream = await client.chat.completions.create(messages=HELLO, model="m", stream=True)
        said = [chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices]
    assert (reply.choices[0].message.content, "".join(said)) == (AFTER, AFTER)
    assert len({str(event.verdicts) for event in world.events}) == 1
    ended(calls=2)


def test_a_generation_is_guarded_with_and_without_details(loopback: Any, world: World) -> None:
    prefill = [{"id": 1, "text": "a", "logprob": 0.0}] * 3
    tokens = [{"id": 5, "text": "SECRET plan", "logprob": -1.0, "special": False}]
    details = {"finish_reason": "length", "generated_tokens": 4, "prefill": prefill, "tokens": tokens}
    loopback.answers += [[{"generated_text": "the SECRET plan", "details": details}]] * 2
    ask = world.pipeline.wrap_client(hub.InferenceClient(loopback.url)).text_generation
    assert ask("the SECRET plan") == "the [BLOCKED]"
    reply = ask("hi", details=True, decoder_input_details=True, max_new_tokens=9)
    assert (type(reply), reply.generated_text) == (hub.TextGenerationOutput, "the [BLOCKED]")
    assert "SECRET" not in f"{reply!r}{dict(reply)}"
    assert "SECRET" not in str(loopback.seen)
    assert world.events[-1].usage[:2] == (3, 4)


@pytest.mark.parametrize("details", [False, True])
def test_a_streamed_generation_is_guarded(loopback: Any, world: World, details: bool) -> None:
    loopback.answers.append(STREAM)
    ask = world.pipeline.wrap(hub.InferenceClient(loopback.url).text_generation)
    chunks = list(ask("hi", stream=True, details=details))
    if not details:
        assert "".join(chunks) == "the [BLOCKED]</s>"
        return
    assert {type(chunk) for chunk in chunks} == {hub.TextGenerationStreamOutput}
    assert "".join(chunk.token.text for chunk in chunks if not chunk.token.special) == "the [BLOCKED]"
    assert chunks[-1].generated_text == "the [BLOCKED]"
    assert "SECRET" not in f"{chunks!r}{[dict(chunk) for chunk in chunks]}"
    assert world.event.usage[:2] == (3, 4)


@pytest.mark.parametrize("stream", [False, True])
def test_errors_of_the_service_pass_through_and_settle(
    client: Any, llmock: Any, world: World, ended: Callable[..., None], stream: bool
) -> None:
    for status in (429, 500):
        llmock.fail(status)
        with pytest.raises(hub.errors.HfHubHTTPError):
            list(world.pipeline.wrap(client.chat_completion)(HELLO, model="m", stream=stream))
    ended("error", calls=2)


def test_a_disconnect_in_mid_stream_is_an_error_and_settles(
    client: Any, llmock: Any, world: World, ended: Callable[..., None]
) -> None:
    llmock.reply(SAID).disconnect(after_chunks=4)
    with pytest.raises(Exception) as error:
        list(world.pipeline.wrap(client.chat_completion)(HELLO, model="m", stream=True))
    assert type(error.value).__name__ == "RemoteProtocolError"
    ended("error")


def test_what_is_not_read_is_refused(client: Any, world: World) -> None:
    with pytest.raises(ConfigurationError, match="not read"):
        world.pipeline.wrap_client(client).summarization("the SECRET plan")
