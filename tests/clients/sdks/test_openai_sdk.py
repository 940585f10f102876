"""The real OpenAI SDK, whichever major is installed, over a transport in this process."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel

from genai_guard import Experiment, ExperimentRouter, Pipeline, Variant, caller
from genai_guard.clients import chunk_client, reply_client, request_client
from genai_guard.clients.openai_chat import OPENAI_CHAT
from genai_guard.messages import Usage
from genai_guard.routing.prompts import Prompt
from loopback import Body

SDK = pytest.importorskip("openai", reason="the openai SDK is not installed: pip install openai")

MESSAGES = [{"role": "system", "content": "be kind"}, {"role": "user", "content": "I am SECRET"}]
USAGE = {
    "prompt_tokens": 11,
    "completion_tokens": 22,
    "total_tokens": 33,
    "prompt_tokens_details": {"cached_tokens": 5},
    "completion_tokens_details": {"reasoning_tokens": 6},
}


class Person(BaseModel):
    name: str


def completion(finish: str = "stop", **message: Any) -> dict[str, Any]:
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": None, **message},
        "finish_reason": finish,
        "logprobs": {
            "content": [{"token": "SECRET", "logprob": 0, "bytes": None, "top_logprobs": []}],
            "refusal": None,
        },
    }
    return {"id": "c", "object": "chat.completion", "created": 1, "model": "m-2", "choices": [choice], "usage": USAGE}


def chunk(delta: dict[str, Any] | None, finish: str | None = None) -> dict[str, Any]:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    usage = USAGE if delta is None else None
    return {
        "id": "c",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m-2",
        "choices": choices,
        "usage": usage,
    }


def call(arguments: str, index: int, **first: str) -> dict[str, Any]:
    function = {"arguments": arguments} | ({"name": first["name"]} if first else {})
    item = {"index": index, "function": function} | ({"id": f"call-{index}", "type": "function"} if first else {})
    return {"tool_calls": [item]}


STREAM = [
    chunk({"role": "assistant", "content": None, "refusal": None}),
    chunk({"content": "I am SEC"}),
    chunk({"content": "RET, SEC"}),
    chunk(call("", 0, name="send")),
    chunk(call('{"to": "SE', 0)),
    chunk(call('CRET"}', 0)),
    chunk(call('{"a": 1}SEC', 1, name="mail")),
    chunk({}, "tool_calls"),
    chunk(None),
]

Make = Callable[[Body], Any]


def guarded(reply: Any) -> Any:
    reader = reply_client(reply)
    assert reader is OPENAI_CHAT
    return reader.write_reply(reply, [part.text.replace("SECRET", "[S]") for part in reader.read_reply(reply).parts])


def finished(chunks: list[Any]) -> Any:
    """Join chunks with the SDK's own means."""
    state = importlib.import_module("openai.lib.streaming.chat").ChatCompletionStreamState()
    for one in chunks:
        state.handle_chunk(one)
    return state.get_final_completion()


def test_a_guarded_request_arrives(client: Make, seen: list[Any]) -> None:
    kwargs = {"model": "m", "max_completion_tokens": 9}
    reader = request_client(MESSAGES, kwargs)
    request = reader.read_request(MESSAGES, kwargs)
    messages, rest = reader.write_request(
        MESSAGES, kwargs, [part.text.replace("SECRET", "[S]") for part in request.parts]
    )

    client(completion(content="hi")).chat.completions.create(messages=messages, **rest)

    assert seen == [{"messages": [MESSAGES[0], {"role": "user", "content": "I am [S]"}], **kwargs}]
    assert (request.model, request.max_tokens) == ("m", 9)


def test_a_guarded_completion_is_a_completion(client: Make) -> None:
    reply = client(completion(content="I am SECRET")).chat.completions.create(model="m", messages=MESSAGES)
    before = reply.model_dump_json()

    after = guarded(reply)

    assert type(after) is type(reply)
    assert type(after.choices[0]) is type(reply.choices[0])
    assert after.choices[0].message.content == "I am [S]"
    assert "SECRET" not in after.model_dump_json()
    assert "SECRET" not in repr(after)
    assert json.loads(after.to_json())["choices"][0]["message"]["content"] == "I am [S]"
    assert (after._request_id, after.usage, after.id) == ("r-1", reply.usage, reply.id)
    assert reply.model_dump_json() == before


def test_usage_model_and_finish_reason_of_a_completion_are_read(client: Make) -> None:
    reply = client(completion(content="hi")).chat.completions.create(model="m", messages=MESSAGES)
    answer = OPENAI_CHAT.read_reply(reply)
    assert (answer.usage, answer.model, answer.finish_reason) == (Usage(11, 22, 5, 6), "m-2", "stop")


def test_fields_that_the_sdk_does_not_know_are_read(client: Make) -> None:
    reply = client(completion(content="hi", reasoning_content="of SECRET")).chat.completions.create(
        model="m", messages=MESSAGES
    )
    assert guarded(reply).choices[0].message.reasoning_content == "of [S]"


def test_tool_calls_are_read_and_a_reply_may_be_sent_back(client: Make) -> None:
    calls = [{"id": "t", "type": "function", "function": {"name": "send", "arguments": '{"to": "SECRET"}'}}]
    reply = client(completion("tool_calls", tool_calls=calls)).chat.completions.create(model="m", messages=MESSAGES)

    message = guarded(reply).choices[0].message
    assert message.tool_calls[0].function.arguments == '{"to": "[S]"}'
    history = [*MESSAGES, reply.choices[0].message, {"role": "tool", "tool_call_id": "t", "content": "sent"}]
    parts = OPENAI_CHAT.read_request(history, {}).parts
    assert [(part.text, part.kind, part.name) for part in parts[2:]] == [
        ('{"to": "SECRET"}', "arguments", "send"),
        ("sent", "result", "send"),
    ]
    after, _ = OPENAI_CHAT.write_request(history, {}, [part.text.replace("SECRET", "[S]") for part in parts])
    assert after[2] == message


def test_a_parsed_completion_is_parsed_again(client: Make) -> None:
    body = completion(content='{"name": "SECRET"}')
    reply = client(body).chat.completions.parse(model="m", messages=MESSAGES, response_format=Person)
    assert reply.choices[0].message.parsed == Person(name="SECRET")

    after = guarded(reply)

    assert type(after) is type(reply)
    assert after.choices[0].message.parsed == Person(name="[S]")
    assert "SECRET" not in repr(after)


def test_an_unchanged_completion_is_the_very_same(client: Make) -> None:
    reply = client(completion(content="hi")).chat.completions.create(model="m", messages=MESSAGES)
    assert guarded(reply) is reply


def check_stream(chunks: list[Any], out: list[Any], stream: Any) -> None:
    message = finished(out).choices[0].message
    assert message.content == "I am [S], SEC"
    assert [(one.function.name, one.function.arguments) for one in message.tool_calls] == [
        ("send", '{"to": "[S]"}'),
        ("mail", '{"a": 1}SEC'),
    ]
    assert {type(one) for one in out} == {type(chunks[0])}
    assert out[-1] is chunks[-1]
    assert finished(out).usage == finished(chunks).usage
    assert finished(chunks).choices[0].message.content == "I am SECRET, SEC"
    answer = stream.reply()
    assert (answer.usage, answer.model, answer.finish_reason) == (Usage(11, 22, 5, 6), "m-2", "tool_calls")


def test_a_guarded_stream_joins_to_the_guarded_completion(client: Make, replay: Any) -> None:
    options = {"include_usage": True}
    with client(STREAM).chat.completions.create(
        model="m", messages=MESSAGES, stream=True, stream_options=options
    ) as source:
        chunks = list(source)
    stream = chunk_client(chunks[0]).open_stream()
    check_stream(chunks, replay(stream, chunks), stream)


async def test_a_guarded_async_stream_joins_to_the_guarded_completion(async_client: Make, replay: Any) -> None:
    source = await async_client(STREAM).chat.completions.create(model="m", messages=MESSAGES, stream=True)
    chunks = [one async for one in source]
    stream = chunk_client(chunks[0]).open_stream()
    check_stream(chunks, replay(stream, chunks), stream)


async def test_a_guarded_async_completion_is_a_completion(async_client: Make) -> None:
    reply = await async_client(completion(content="I am SECRET")).chat.completions.create(model="m", messages=MESSAGES)
    assert guarded(reply).choices[0].message.content == "I am [S]"


def test_the_older_completions_are_read_too(client: Make) -> None:
    choice = {"index": 0, "text": "I am SECRET", "finish_reason": "stop", "logprobs": None}
    body = {"id": "c", "object": "text_completion", "created": 1, "model": "m", "choices": [choice], "usage": USAGE}
    reply = client(body).completions.create(model="m", prompt="hi")
    assert guarded(reply).choices[0].text == "I am [S]"


def test_the_prompt_of_a_variant_arrives_among_the_messages(client: Make, seen: list[Any]) -> None:
    router = ExperimentRouter(Experiment("e", Variant("a", prompt=Prompt("p", "Be brief.")), by="tenant"))
    ask = Pipeline(router=router).wrap(client(completion(content="fine")).chat.completions.create)
    with caller(tenant="acme"):
        ask(model="m", messages=[{"role": "user", "content": "hi"}])
    assert seen[0]["messages"] == [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}]
