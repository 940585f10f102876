"""The real Anthropic SDK over a transport in this process."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from genai_guard import Experiment, ExperimentRouter, Pipeline, Variant, caller
from genai_guard.clients import chunk_client, reply_client, request_client
from genai_guard.clients.anthropic_messages import ANTHROPIC_MESSAGES
from genai_guard.messages import Usage
from genai_guard.routing.prompts import Prompt
from loopback import Body

SDK = pytest.importorskip("anthropic", reason="the anthropic SDK is not installed: pip install anthropic")

CALL = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "I am SECRET"}], "system": "be SECRET"}
USAGE = {"input_tokens": 1, "output_tokens": 1, "cache_read_input_tokens": 30, "cache_creation_input_tokens": 2}


def message(*content: Any) -> dict[str, Any]:
    return {
        "id": "m",
        "type": "message",
        "role": "assistant",
        "model": "m-2",
        "content": list(content),
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": USAGE | {"output_tokens": 9},
    }


def block(index: int, start: dict[str, Any], *deltas: tuple[str, str, Any]) -> list[dict[str, Any]]:
    return [
        {"type": "content_block_start", "index": index, "content_block": start},
        *[
            {"type": "content_block_delta", "index": index, "delta": {"type": kind, key: value}}
            for kind, key, value in deltas
        ],
        {"type": "content_block_stop", "index": index},
    ]


CITATION = {
    "type": "char_location",
    "cited_text": "SECRET",
    "document_index": 0,
    "start_char_index": 0,
    "end_char_index": 6,
}
EVENTS: list[dict[str, Any]] = [
    {"type": "message_start", "message": message() | {"stop_reason": None, "usage": USAGE}},
    {"type": "ping"},
    *block(
        0,
        {"type": "thinking", "thinking": "", "signature": ""},
        ("thinking_delta", "thinking", "of SEC"),
        ("thinking_delta", "thinking", "RET"),
        ("signature_delta", "signature", "c2ln"),
    ),
    *block(
        1,
        {"type": "text", "text": ""},
        ("text_delta", "text", "I am SEC"),
        ("citations_delta", "citation", CITATION),
        ("text_delta", "text", "RET, SEC"),
    ),
    *block(
        2,
        {"type": "tool_use", "id": "t", "name": "send", "input": {}},
        ("input_json_delta", "partial_json", ""),
        ("input_json_delta", "partial_json", '{"to": "SE'),
        ("input_json_delta", "partial_json", 'CRET"}'),
    ),
    {
        "type": "message_delta",
        "delta": {"stop_reason": "tool_use", "stop_sequence": None},
        "usage": {"output_tokens": 9},
    },
    {"type": "message_stop"},
]

Make = Callable[[Body], Any]


def guarded(reply: Any) -> Any:
    reader = reply_client(reply)
    assert reader is ANTHROPIC_MESSAGES
    return reader.write_reply(reply, [part.text.replace("SECRET", "[S]") for part in reader.read_reply(reply).parts])


def rebuilt(events: list[Any]) -> Any:
    """Join events with the SDK's own means."""
    accumulate = importlib.import_module("anthropic.lib.streaming._messages").accumulate_event
    kwargs: dict[str, Any] = {"json_bufs": {}} if "json_bufs" in accumulate.__code__.co_varnames else {}
    snapshot: Any = None
    for event in events:
        if event.type != "ping":
            snapshot = accumulate(event=event, current_snapshot=snapshot, **kwargs)
    return snapshot


def test_a_guarded_request_arrives(client: Make, seen: list[Any]) -> None:
    content, kwargs = CALL["messages"], {name: value for name, value in CALL.items() if name != "messages"}
    reader = request_client(content, kwargs)
    request = reader.read_request(content, kwargs)
    messages, rest = reader.write_request(
        content, kwargs, [part.text.replace("SECRET", "[S]") for part in request.parts]
    )

    client(message({"type": "text", "text": "hi"})).messages.create(messages=messages, **rest)

    assert seen == [json.loads(json.dumps(CALL).replace("SECRET", "[S]"))]
    assert (request.model, request.max_tokens) == ("m", 9)


def test_a_guarded_message_is_a_message(client: Make) -> None:
    body = message(
        {"type": "thinking", "thinking": "of SECRET", "signature": "c2ln"},
        {"type": "text", "text": "I am SECRET", "citations": [CITATION]},
        {"type": "tool_use", "id": "t", "name": "send", "input": {"to": ["SECRET", 1], "é": None}},
    )
    reply = client(body).messages.create(**CALL)
    before = reply.model_dump_json()

    after = guarded(reply)

    assert type(after) is type(reply)
    assert [type(one) for one in after.content] == [type(one) for one in reply.content]
    assert "SECRET" not in after.model_dump_json()
    assert after.content[0].signature == ""
    assert after.content[1].text == "I am [S]"
    assert after.content[1].citations[0].cited_text == "[S]"
    assert after.content[2].input == {"to": ["[S]", 1], "é": None}
    assert (after._request_id, after.usage, after.id) == ("r-1", reply.usage, reply.id)
    assert reply.model_dump_json() == before


def test_what_the_call_took_is_read(client: Make) -> None:
    reply = client(message({"type": "text", "text": "hi"})).messages.create(**CALL)
    answer = ANTHROPIC_MESSAGES.read_reply(reply)
    assert (answer.usage, answer.model, answer.finish_reason) == (
        Usage(33, 9, 30, cache_write_tokens=2),
        "m-2",
        "end_turn",
    )
    assert guarded(reply) is reply


def test_a_reply_may_be_sent_back(client: Make) -> None:
    body = message({"type": "tool_use", "id": "t", "name": "send", "input": {"to": "SECRET"}})
    reply = client(body).messages.create(**CALL)
    result = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "sent"}]}
    messages = [*CALL["messages"], {"role": "assistant", "content": reply.content}, result]  # type: ignore[misc]

    parts = ANTHROPIC_MESSAGES.read_request(messages, {}).parts
    assert [(part.text, part.kind, part.name) for part in parts[1:]] == [
        ('{"to": "SECRET"}', "arguments", "send"),
        ("sent", "result", "send"),
    ]


def check_stream(events: list[Any], out: list[Any], stream: Any) -> None:
    after, before = rebuilt(out), rebuilt(events)
    assert "SECRET" not in "".join(one.model_dump_json() for one in out)
    assert after.content[0].thinking == "of [S]"
    assert after.content[0].signature == ""
    assert after.content[1].text == "I am [S], SEC"
    assert after.content[1].citations[0].cited_text == "[S]"
    assert after.content[2].input == {"to": "[S]"}
    assert {type(one) for one in out} == {type(one) for one in events}
    assert (after.usage, after.stop_reason) == (before.usage, before.stop_reason)
    assert before.content[1].text == "I am SECRET, SEC"
    answer = stream.reply()
    assert (answer.usage, answer.model, answer.finish_reason) == (
        Usage(33, 9, 30, cache_write_tokens=2),
        "m-2",
        "tool_use",
    )


def test_a_guarded_stream_joins_to_the_guarded_message(client: Make, replay: Any) -> None:
    with client(EVENTS).messages.create(**CALL, stream=True) as source:
        events = list(source)
    stream = chunk_client(events[0]).open_stream()
    check_stream(events, replay(stream, events), stream)


async def test_a_guarded_async_stream_joins_to_the_guarded_message(async_client: Make, replay: Any) -> None:
    source = await async_client(EVENTS).messages.create(**CALL, stream=True)
    events = [one async for one in source]
    stream = chunk_client(events[0]).open_stream()
    check_stream(events, replay(stream, events), stream)


def test_the_helpers_events_repeat_what_was_handed_out(client: Make, replay: Any) -> None:
    with client(EVENTS).messages.stream(**CALL) as source:
        events = list(source)
        assert source.get_final_text() == "I am SECRET, SEC"
    out = replay(chunk_client(events[0]).open_stream(), events)

    assert "SECRET" not in "".join(one.model_dump_json(serialize_as_any=True) for one in out)
    assert "".join(one.text for one in out if one.type == "text") == "I am [S], SEC"
    assert [one.snapshot for one in out if one.type == "text"][-1] == "I am [S], SEC"
    assert [one.snapshot for one in out if one.type == "thinking"][-1] == "of [S]"
    assert [one.snapshot for one in out if one.type == "input_json"][-1] == {"to": "[S]"}
    assert {type(one) for one in out} == {type(one) for one in events if one.type != "signature"}
    final = out[-1].message
    assert [final.content[0].thinking, final.content[1].text, final.content[2].input] == [
        "of [S]",
        "I am [S], SEC",
        {"to": "[S]"},
    ]
    assert final.content[0].signature == ""
    assert events[-1].message.content[1].text == "I am SECRET, SEC"


def test_the_prompt_of_a_variant_arrives_beside_the_messages(client: Make, seen: list[Any]) -> None:
    router = ExperimentRouter(Experiment("e", Variant("a", prompt=Prompt("p", "Be brief.")), by="tenant"))
    ask = Pipeline(router=router).wrap(client(message({"type": "text", "text": "fine"})).messages.create)
    with caller(tenant="acme"):
        ask(model="m", max_tokens=9, messages=[{"role": "user", "content": "hi"}])
    assert (seen[0]["system"], seen[0]["messages"]) == ("Be brief.", [{"role": "user", "content": "hi"}])
