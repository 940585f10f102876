"""The real Ollama SDK.

No package holds the Ollama server. Text goes through `ollama-proxy-plus`, an independent server of Ollama's protocol, in
front of llmock; what it does not speak (thinking, calls of tools, `context`) comes from a server on this machine that
answers as Ollama's documentation of its API has it.
"""

from __future__ import annotations

import importlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from calls import World
from genai_guard import ConfigurationError

ollama = pytest.importorskip("ollama", reason="pip install ollama")
pytest.importorskip("ollama_proxy", reason="pip install ollama-proxy-plus")
pytest.importorskip("llmock", reason="pip install llmock")

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")
SAID = "I know the SECRET plan, you see."
AFTER = "I know the [BLOCKED], you see."
MODEL = "local/m"
HELLO = [{"role": "user", "content": "hi"}]
FIGURES = {"done": True, "done_reason": "stop", "prompt_eval_count": 7, "eval_count": 3}


class Person(BaseModel):
    name: str


@pytest.fixture(scope="module")
def proxy(llmock_server: Any) -> Iterator[str]:
    """Serve Ollama's protocol in front of llmock; return the address."""
    import uvicorn

    server = importlib.import_module("ollama_proxy.server")
    server.OPENAI_COMPAT_PROVIDERS["local"] = {"api_key": "k", "base_url": llmock_server.base_url("openai")}
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        running = uvicorn.Server(uvicorn.Config(server.app, log_level="error", lifespan="off"))
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not running.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        running.should_exit = True
        thread.join(10)


@pytest.fixture
def client(proxy: str, llmock: Any) -> Any:
    """Return a client of that server."""
    return ollama.Client(proxy)


@pytest.mark.parametrize("form", [dict, ollama.Message], ids=["dictionaries", "objects"])
def test_a_guarded_chat_is_a_chat(
    client: Any, llmock: Any, world: World, ended: Callable[..., None], form: Callable[..., Any]
) -> None:
    llmock.reply(SAID)
    messages = [
        form(role="system", content="Keep the SECRET plan."),
        form(role="user", content="the SECRET plan", images=[ollama.Image(value=b"hi")]),
    ]
    reply = world.pipeline.wrap(client.chat)(model=MODEL, messages=messages)
    assert (type(reply), reply.message.content, reply["message"]["content"]) == (ollama.ChatResponse, AFTER, AFTER)
    assert "SECRET" not in f"{reply!r}{llmock.last_request.body}"
    assert "aGk=" in str(llmock.last_request.body)
    ended(tokens=(reply.prompt_eval_count, reply.eval_count))


def test_a_guarded_generation_is_a_generation(
    client: Any, llmock: Any, world: World, ended: Callable[..., None]
) -> None:
    llmock.reply(SAID)
    reply = world.pipeline.wrap(client.generate)(model=MODEL, prompt="the SECRET plan", system="the SECRET plan")
    assert (type(reply), reply.response, reply.context) == (ollama.GenerateResponse, AFTER, None)
    assert "SECRET" not in f"{reply!r}{llmock.last_request.body}"
    ended(tokens=(reply.prompt_eval_count, reply.eval_count))


def test_streams_say_what_the_whole_says(client: Any, llmock: Any, world: World, ended: Callable[..., None]) -> None:
    llmock.reply(SAID, times=2)
    chat = list(world.pipeline.wrap(client.chat)(model=MODEL, messages=HELLO, stream=True))
    generated = list(world.pipeline.wrap(client.generate)(model=MODEL, prompt="hi", stream=True))
    assert ({*map(type, chat)}, {*map(type, generated)}) == ({ollama.ChatResponse}, {ollama.GenerateResponse})
    assert "".join(chunk.message.content for chunk in chat) == AFTER
    assert "".join(chunk.response for chunk in generated) == AFTER
    assert (len(chat) > 2, chat[-1].done, generated[-1].done) == (True, True, True)
    ended(calls=2, tokens=(generated[-1].prompt_eval_count, generated[-1].eval_count))


async def test_asynchronous_calls_say_the_same(
    proxy: str, llmock: Any, world: World, ended: Callable[..., None]
) -> None:
    llmock.reply(SAID, times=4)
    client = world.pipeline.wrap_client(ollama.AsyncClient(proxy))
    assert isinstance(client, ollama.AsyncClient)
    assert (await client.chat(model=MODEL, messages=HELLO)).message.content == AFTER
    assert (await client.generate(model=MODEL, prompt="hi")).response == AFTER
    said = [chunk.message.content async for chunk in await client.chat(model=MODEL, messages=HELLO, stream=True)]
    assert "".join(said) == AFTER
    said = [chunk.response async for chunk in await client.generate(model=MODEL, prompt="hi", stream=True)]
    assert "".join(said) == AFTER
    told = [str(event.verdicts) for event in world.events]
    assert (told[0], told[1]) == (told[2], told[3])
    ended(calls=4)
    await client.close()


@pytest.mark.parametrize("stream", [False, True])
def test_thinking_and_calls_of_tools_are_guarded(loopback: Any, world: World, stream: bool) -> None:
    call = {"function": {"name": "mail", "arguments": {"text": "the SECRET plan"}}}
    pieces = [
        {"role": "assistant", "content": "", "thinking": "the SECRET"},
        {"role": "assistant", "content": "", "thinking": " plan"},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "assistant", "content": ""},
    ]
    whole = {"role": "assistant", "content": "", "thinking": "the SECRET plan", "tool_calls": [call]}
    lines = [
        {"model": "m", "message": piece, **(FIGURES if at == 3 else {"done": False})} for at, piece in enumerate(pieces)
    ]
    loopback.answers.append(lines if stream else {"model": "m", "message": whole, **FIGURES})
    out = world.pipeline.wrap(ollama.Client(loopback.url).chat)(model="m", messages=HELLO, stream=stream)
    replies = list(out) if stream else [out]
    assert "".join(reply.message.thinking or "" for reply in replies) == "the [BLOCKED]"
    (calls,) = [reply.message.tool_calls for reply in replies if reply.message.tool_calls]
    assert (type(calls[0]), calls[0].function.arguments) == (ollama.Message.ToolCall, {"text": "the [BLOCKED]"})
    assert {(p.text, p.kind, p.name) for p in world.event.response} == {
        ("the SECRET plan", "reasoning", ""),
        ('{"text": "the SECRET plan"}', "arguments", "mail"),
    }
    assert world.event.usage[:2] == (7, 3)


def test_an_edited_generation_forgets_its_tokens(loopback: Any, world: World) -> None:
    loopback.answers.append({"model": "m", "response": "the SECRET plan", "context": [1, 2], **FIGURES})
    reply = world.pipeline.wrap_client(ollama.Client(loopback.url)).generate(
        model="m", prompt="a", suffix="the SECRET plan"
    )
    assert (reply.response, reply.context) == ("the [BLOCKED]", None)
    assert loopback.seen[0][1]["suffix"] == "the [BLOCKED]"


def test_a_structured_reply_is_guarded_as_text(loopback: Any, world: World) -> None:
    message = {"role": "assistant", "content": '{"name": "SECRET plan"}'}
    loopback.answers.append({"model": "m", "message": message, **FIGURES})
    ask = world.pipeline.wrap(ollama.Client(loopback.url).chat)
    reply = ask(model="m", messages=HELLO, format=Person.model_json_schema())
    assert Person.model_validate_json(reply.message.content) == Person(name="[BLOCKED]")


def test_a_result_of_a_tool_goes_by_its_name(loopback: Any, world: World) -> None:
    loopback.answers.append({"model": "m", "message": {"role": "assistant", "content": "a"}, **FIGURES})
    message = ollama.Message(role="tool", tool_name="find", content="the SECRET plan")
    world.pipeline.wrap(ollama.Client(loopback.url).chat)(model="m", messages=[message])
    assert loopback.seen[0][1]["messages"][0] == {"role": "tool", "tool_name": "find", "content": "the [BLOCKED]"}
    assert [(part.kind, part.name) for part in world.event.request] == [("result", "find")]


@pytest.mark.parametrize("stream", [False, True])
def test_errors_of_the_server_pass_through_and_settle(
    loopback: Any, world: World, ended: Callable[..., None], stream: bool
) -> None:
    started = {"model": "m", "message": {"role": "assistant", "content": "a"}, "done": False}
    ask = world.pipeline.wrap(ollama.Client(loopback.url).chat)
    for answer in ((429, {"error": "busy"}), (500, {"error": "down"}), [started, {"error": "out of memory"}]):
        loopback.answers.append(answer)
        if stream or isinstance(answer, tuple):
            with pytest.raises(ollama.ResponseError):
                list(ask(model="m", messages=HELLO, stream=stream))
    ended("error", calls=3 if stream else 2)


def test_a_stream_that_ends_too_early_says_all_it_has(loopback: Any, world: World, ended: Callable[..., None]) -> None:
    loopback.answers.append([{"model": "m", "message": {"role": "assistant", "content": "the SECRET"}, "done": False}])
    chunks = list(world.pipeline.wrap(ollama.Client(loopback.url).chat)(model="m", messages=HELLO, stream=True))
    assert "".join(chunk.message.content for chunk in chunks) == "the SECRET"
    ended()


def test_what_is_not_read_is_refused(world: World) -> None:
    with pytest.raises(ConfigurationError, match="not read"):
        world.pipeline.wrap_client(ollama.Client()).systemone("m", "a", {})
