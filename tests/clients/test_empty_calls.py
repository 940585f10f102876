"""A call of a tool that takes nothing is a call all the same: it has an empty text, once, whole or in a stream."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from typing import Any

import pytest

from genai_guard.clients import Client, Delta
from genai_guard.clients.anthropic_messages import ANTHROPIC_MESSAGES
from genai_guard.clients.openai_chat import OPENAI_CHAT
from genai_guard.messages import Part


def texts(client: Client, chunks: Iterable[Any]) -> list[tuple[str, str, str, str, bool]]:
    """Return the whole texts of a stream with their place, kind and tool, and whether each was ended."""
    reader = client.open_stream()
    said: dict[Hashable, list[Delta]] = defaultdict(list)
    for chunk in chunks:
        deltas = reader.read(chunk)
        if deltas:
            assert list(reader.write(chunk, [delta.text for delta in deltas])) == [chunk]
        for delta in deltas:
            said[delta.channel].append(delta)
    return [
        ("".join(delta.text for delta in each), each[0].where, each[0].kind, each[0].name, each[-1].final)
        for each in said.values()
    ]


def chunk(function: dict[str, Any] | None, finish: str | None = None) -> dict[str, Any]:
    delta = {} if function is None else {"tool_calls": [{"index": 0, "id": "c1", "function": function}]}
    return {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


PLACE = "response.choices[0].message.tool_calls[0].function.arguments"


@pytest.mark.parametrize("first", [{"name": "ping", "arguments": ""}, {"name": "ping"}])
@pytest.mark.parametrize("rest", ["", "{}", '{"a": 1}'])
def test_a_streamed_call_of_openai_is_one_text(first: dict[str, Any], rest: str) -> None:
    chunks = [chunk(first), *([chunk({"arguments": rest})] if rest else []), chunk(None, "tool_calls")]
    assert texts(OPENAI_CHAT, chunks) == [(rest, PLACE, "arguments", "ping", True)]


@pytest.mark.parametrize("pieces", [[], [""], ["", '{"a"', ": 1}"]])
def test_a_streamed_call_of_anthropic_is_one_text(pieces: list[str]) -> None:
    block = {"type": "tool_use", "id": "t", "name": "ping", "input": {}}
    events = [
        {"type": "content_block_start", "index": 0, "content_block": block},
        *(
            {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": piece}}
            for piece in pieces
        ),
        {"type": "content_block_stop", "index": 0},
    ]
    assert texts(ANTHROPIC_MESSAGES, events) == [
        ("".join(pieces), "response.content[0].input", "arguments", "ping", True)
    ]


@pytest.mark.parametrize("arguments", ["", None])
def test_a_whole_call_of_openai_without_arguments_has_an_empty_text(arguments: str | None) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "ping", "arguments": arguments}}
    messages = [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "pong"},
    ]
    parts = OPENAI_CHAT.read_request(messages, {}).parts
    place = "messages[0].tool_calls[0].function.arguments"
    assert parts == (
        Part("", "assistant", "arguments", place, "ping"),
        Part("pong", "tool", "result", "messages[1].content", "ping"),
    )
    assert OPENAI_CHAT.write_request(messages, {}, ["", "pong"])[0] is messages


def test_the_name_of_a_speaker_makes_no_call_of_a_message() -> None:
    messages = [{"role": "user", "name": "Bob", "content": "hi"}]
    assert [part.kind for part in OPENAI_CHAT.read_request(messages, {}).parts] == ["text", "text"]
