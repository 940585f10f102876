"""The real google-genai SDK, with llmock as its server."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from calls import World
from genai_guard import ConfigurationError, GuardBlocked, Pipeline
from genai_guard.guards import BlockedPatterns

genai = pytest.importorskip("google.genai", reason="pip install google-genai")
httpx2 = pytest.importorskip("httpx2", reason="google-genai brings httpx2")
pytest.importorskip("llmock", reason="pip install llmock")
errors, types = genai.errors, genai.types

pytestmark = [
    pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # the SDK leaves connections to the collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
SAID = "I know the SECRET plan, you see."
AFTER = "I know the [BLOCKED], you see."


class Person(BaseModel):
    name: str


def client_of(llmock: Any) -> Any:
    options = types.HttpOptions(base_url=llmock.base_url("gemini"), api_version="v1beta")
    return genai.Client(api_key="k", http_options=options)


@pytest.fixture
def client(llmock: Any) -> Iterator[Any]:
    """Return a client of the server."""
    made = client_of(llmock)
    yield made
    made.close()


@pytest.fixture
async def aio(llmock: Any) -> AsyncIterator[Any]:
    """Return the same for `await`."""
    made = client_of(llmock).aio
    yield made
    await made.aclose()
    gc.collect()


def test_a_guarded_response_is_a_response(client: Any, llmock: Any, world: World, ended: Callable[..., None]) -> None:
    llmock.reply(SAID)
    ask = world.pipeline.wrap(client.models.generate_content)
    config = types.GenerateContentConfig(system_instruction="Keep the SECRET plan.", max_output_tokens=50)
    reply = ask(model="g-3", contents="What of the SECRET plan?", config=config)
    assert isinstance(reply, types.GenerateContentResponse)
    assert (reply.text, reply.candidates[0].finish_reason) == (AFTER, types.FinishReason.STOP)
    assert "SECRET" not in f"{reply!r}{reply.model_dump_json()}{llmock.last_request.body}"
    assert config.system_instruction == "Keep the SECRET plan."
    assert world.event.model == "g-3"
    usage = reply.usage_metadata
    ended(tokens=(usage.prompt_token_count, usage.candidates_token_count))


IMAGE = types.Part.from_bytes(data=b"SECRET plan", mime_type="image/png")


@pytest.mark.parametrize(
    "contents",
    [
        ["the SECRET plan", IMAGE],
        types.Part(text="the SECRET plan"),
        types.Content(role="user", parts=[types.Part(text="the SECRET plan"), IMAGE]),
        [types.UserContent("a"), types.ModelContent("the SECRET plan"), {"role": "user", "parts": [{"text": "b"}]}],
        [types.Part.from_function_response(name="find", response={"found": ["the SECRET plan"]})],
        [{"role": "model", "parts": [{"functionCall": {"name": "find", "args": {"q": "the SECRET plan"}}}]}],
    ],
    ids=["strings", "part", "content", "turns", "result", "call"],
)
def test_contents_of_every_form_arrive_guarded(client: Any, llmock: Any, world: World, contents: Any) -> None:
    before = repr(contents)
    world.pipeline.wrap(client.models.generate_content)(model="g", contents=contents)
    sent = llmock.last_request.body["contents"]
    assert "[BLOCKED]" in str(sent)
    assert "SECRET" not in str(sent)
    assert ("inlineData" in str(sent)) is ("image/png" in before)
    assert repr(contents) == before


def test_a_stream_says_what_the_whole_says(client: Any, llmock: Any, world: World, ended: Callable[..., None]) -> None:
    llmock.reply(SAID)
    chunks = list(world.pipeline.wrap(client.models.generate_content_stream)(model="g", contents="hi"))
    assert {type(chunk) for chunk in chunks} == {types.GenerateContentResponse}
    assert (len(chunks) > 2, "".join(chunk.text for chunk in chunks)) == (True, AFTER)
    ended(tokens=(chunks[-1].usage_metadata.prompt_token_count, chunks[-1].usage_metadata.candidates_token_count))


async def test_asynchronous_calls_say_the_same(aio: Any, llmock: Any, world: World, ended: Callable[..., None]) -> None:
    llmock.reply(SAID, times=2)
    reply = await world.pipeline.wrap(aio.models.generate_content)(model="g", contents="hi")
    stream = await world.pipeline.wrap(aio.models.generate_content_stream)(model="g", contents="hi")
    assert (reply.text, "".join([chunk.text async for chunk in stream])) == (AFTER, AFTER)
    first, second = world.events
    assert (str(first.verdicts), first.usage) == (str(second.verdicts), second.usage)
    ended(calls=2)


@pytest.mark.parametrize("stream", [False, True])
def test_a_call_of_a_function_is_guarded(client: Any, llmock: Any, world: World, stream: bool) -> None:
    llmock.call_tool("mail", {"text": "the SECRET plan"}, text=SAID)
    method = client.models.generate_content_stream if stream else client.models.generate_content
    out = world.pipeline.wrap(method)(model="g", contents="hi")
    parts = [part for reply in (out if stream else [out]) for part in reply.candidates[0].content.parts]
    assert parts[-1].function_call == types.FunctionCall(name="mail", args={"text": "the [BLOCKED]"})
    assert "".join(part.text or "" for part in parts) == AFTER


def test_a_structured_reply_is_parsed_again(client: Any, llmock: Any, world: World) -> None:
    llmock.reply('{"name": "SECRET plan"}')
    config = {"response_mime_type": "application/json", "response_schema": Person}
    reply = world.pipeline.wrap(client.models.generate_content)(model="g", contents="hi", config=config)
    assert reply.parsed == Person(name="[BLOCKED]")
    assert "SECRET" not in repr(reply)


@pytest.mark.parametrize("stream", [False, True])
def test_errors_of_the_service_pass_through_and_settle(
    client: Any, llmock: Any, world: World, ended: Callable[..., None], stream: bool
) -> None:
    method = client.models.generate_content_stream if stream else client.models.generate_content
    for status, error in ((429, errors.ClientError), (500, errors.ServerError)):
        llmock.fail(status)
        with pytest.raises(error):
            list(world.pipeline.wrap(method)(model="g", contents="hi"))
    ended("error", calls=2)


def test_a_disconnect_in_mid_stream_is_an_error_and_settles(
    client: Any, llmock: Any, world: World, ended: Callable[..., None]
) -> None:
    llmock.reply(SAID).disconnect(after_chunks=2)
    said: list[str] = []
    with pytest.raises(httpx2.RemoteProtocolError):
        said.extend(
            c.text for c in world.pipeline.wrap(client.models.generate_content_stream)(model="g", contents="hi")
        )
    assert said
    assert "SECRET" not in "".join(said)
    ended("error")


def test_a_wrapped_client_is_guarded_wherever_it_asks(client: Any, llmock: Any, world: World) -> None:
    llmock.reply(SAID, times=2)
    guarded = world.pipeline.wrap_client(client)
    assert isinstance(guarded, genai.Client)
    assert guarded.models.generate_content(model="g", contents="hi").text == AFTER
    assert client.models.generate_content(model="g", contents="hi").text == SAID
    assert len(world.events) == 1
    for refused in (guarded.interactions, guarded.batches, guarded.aio.interactions):
        with pytest.raises(ConfigurationError, match="not read"):
            refused.create(model="g", input="hi")


def test_each_step_of_a_chat_is_one_guarded_call(
    client: Any, llmock: Any, world: World, ended: Callable[..., None]
) -> None:
    def find(name: str) -> str:
        """Find something."""
        return f"{name}: the SECRET plan"

    chat = world.pipeline.wrap_client(client).chats.create(model="g", config={"tools": [find]})
    llmock.call_tool("find", {"name": "it"}).reply(SAID).reply(SAID)
    assert chat.send_message("find it").text == AFTER
    assert "SECRET" not in str(llmock.last_request.body)
    assert "[BLOCKED]" in str(llmock.last_request.body["contents"][-1]["parts"][0]["functionResponse"])
    assert "".join(chunk.text for chunk in chat.send_message_stream("and?")) == AFTER
    assert "SECRET" not in repr([turn for turn in chat.get_history() if turn.role == "model"])
    ended(calls=3)


async def test_a_chat_of_aio_is_guarded(aio: Any, llmock: Any, world: World) -> None:
    llmock.reply(SAID)
    chat = world.pipeline.wrap_client(aio).chats.create(model="g")
    assert (await chat.send_message("hi")).text == AFTER
    assert "SECRET" not in repr(chat.get_history())


def test_batches_of_others_are_not_read(client: Any, world: World) -> None:
    with pytest.raises(ConfigurationError, match=r"batches\.get: what it is asked and answers is not read"):
        world.pipeline.wrap_client(client).batches.get(name="batches/b")


def test_a_blocked_prompt_is_not_sent(client: Any, llmock: Any) -> None:
    ask = Pipeline(input=[BlockedPatterns(["SECRET plan"])]).wrap_client(client).models.generate_content
    with pytest.raises(GuardBlocked):
        ask(model="g", contents="hi", config={"systemInstruction": "the SECRET plan"})
    assert llmock.requests == []
