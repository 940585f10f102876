"""Law 5: text in messages, parts, system prompts, tool calls, tool results, structured outputs and streams is guarded alike."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard import GuardBlocked, Pipeline
from genai_guard.guards import PII

SECRET = "bob@example.com"
CARD = "4111111111111111"
KEY = "a key of more than 16 bytes"
ACTIONS: tuple[Any, ...] = ("flag", "redact", "mask", "hash", "block")
GUARDS = {action: PII(action=action, hash_key=KEY if action == "hash" else None) for action in ACTIONS}
PIPELINES = {action: Pipeline(input=[each], output=[each]) for action, each in GUARDS.items()}
EDITED = {action: each.check(SECRET).text for action, each in GUARDS.items() if action != "block"}
"""What each action leaves of the secret."""

Call = dict[str, Any]


def openai(*messages: Any) -> Call:
    return {"model": "m", "messages": list(messages)}


def user(content: Any) -> Call:
    return {"role": "user", "content": content}


REQUESTS: dict[str, Callable[[str], Call]] = {
    "user": lambda s: openai(user(s)),
    "system": lambda s: openai({"role": "system", "content": s}, user("hi")),
    "developer": lambda s: openai({"role": "developer", "content": s}, user("hi")),
    "assistant": lambda s: openai(user("hi"), {"role": "assistant", "content": s}, user("go on")),
    "content part": lambda s: openai(user([{"type": "text", "text": s}])),
    "part beside an image": lambda s: openai(
        user([{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}, {"type": "text", "text": s}])
    ),
    "tool call": lambda s: openai(
        user("hi"),
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "1", "type": "function", "function": {"name": "f", "arguments": json.dumps({"to": s})}}
            ],
        },
    ),
    "tool result": lambda s: openai(user("hi"), {"role": "tool", "tool_call_id": "1", "content": s}),
    "tool result in parts": lambda s: openai(
        user("hi"), {"role": "tool", "tool_call_id": "1", "content": [{"type": "text", "text": s}]}
    ),
    "anthropic system": lambda s: {"max_tokens": 9, "system": s, "messages": [user("hi")]},
    "anthropic system blocks": lambda s: {
        "max_tokens": 9,
        "system": [{"type": "text", "text": s}],
        "messages": [user("hi")],
    },
    "anthropic block": lambda s: {"max_tokens": 9, "messages": [user([{"type": "text", "text": s}])]},
    "anthropic tool use": lambda s: {
        "max_tokens": 9,
        "messages": [
            user("hi"),
            {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "f", "input": {"to": [s]}}]},
        ],
    },
    "anthropic tool result": lambda s: {
        "max_tokens": 9,
        "messages": [user([{"type": "tool_result", "tool_use_id": "1", "content": s}])],
    },
    "anthropic tool result blocks": lambda s: {
        "max_tokens": 9,
        "messages": [user([{"type": "tool_result", "tool_use_id": "1", "content": [{"type": "text", "text": s}]}])],
    },
}


def chat(message: Call, finish: str = "stop") -> Call:
    return {
        "object": "chat.completion",
        "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}],
    }


def claude(block: Call) -> Call:
    return {
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [block],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }


def tool_call(arguments: str, **more: Any) -> Call:
    return {"id": "1", "type": "function", "function": {"name": "f", "arguments": arguments, **more}}


REPLIES: dict[str, Callable[[str], Any]] = {
    "text": lambda s: s,
    "content": lambda s: chat({"content": s}),
    "refusal": lambda s: chat({"content": None, "refusal": s}),
    "tool call": lambda s: chat({"content": None, "tool_calls": [tool_call(json.dumps({"to": s}))]}, "tool_calls"),
    "second choice": lambda s: {
        **chat({"content": "hi"}),
        "choices": [
            {"index": i, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
            for i, text in enumerate(["hi", s])
        ],
    },
    "anthropic text": lambda s: claude({"type": "text", "text": s}),
    "anthropic tool use": lambda s: claude({"type": "tool_use", "id": "1", "name": "f", "input": {"to": {"cc": s}}}),
}

STRUCTURED: dict[str, Callable[[str], Any]] = {
    "parsed": lambda s: chat({"content": json.dumps({"to": s}), "parsed": {"to": s}}),
    "parsed arguments": lambda s: chat(
        {"content": None, "tool_calls": [tool_call(json.dumps({"to": s}), parsed_arguments={"to": s})]}, "tool_calls"
    ),
    "anthropic parsed": lambda s: claude({"type": "text", "text": json.dumps({"to": s}), "parsed_output": {"to": s}}),
}

around = st.tuples(st.sampled_from(["", "to ", "é ", "\n"]), st.sampled_from(["", " now", " 漢字", "."]))


def sent(pipeline: Pipeline, call: Call) -> Any:
    received: list[Any] = []

    def create(**kwargs: Any) -> str:
        received.append(kwargs)
        return "ok"

    pipeline.wrap(create)(**call)
    return received[0]


def answered(pipeline: Pipeline, reply: Any) -> Any:
    def create(**_: Any) -> Any:
        return reply

    return pipeline.wrap(create)(**openai(user("hi")))


@pytest.mark.parametrize("action", EDITED)
@pytest.mark.parametrize("place", REQUESTS)
@given(around=around)
def test_a_secret_is_edited_wherever_it_stands_in_a_request(place: str, action: str, around: tuple[str, str]) -> None:
    text = SECRET.join(around)
    call = REQUESTS[place](text)
    before = copy.deepcopy(call)
    received = sent(PIPELINES[action], call)
    assert received == REQUESTS[place](text.replace(SECRET, EDITED[action]))
    assert call == before, "the caller's own request was changed"


@pytest.mark.parametrize("action", EDITED)
@pytest.mark.parametrize("place", REPLIES)
@given(around=around)
def test_a_secret_is_edited_wherever_it_stands_in_a_reply(place: str, action: str, around: tuple[str, str]) -> None:
    text = SECRET.join(around)
    reply = REPLIES[place](text)
    before = copy.deepcopy(reply)
    assert answered(PIPELINES[action], reply) == REPLIES[place](text.replace(SECRET, EDITED[action]))
    assert reply == before, "the model's own reply was changed"


@pytest.mark.parametrize("place", REQUESTS)
def test_a_secret_is_refused_wherever_it_stands_in_a_request(place: str) -> None:
    with pytest.raises(GuardBlocked) as refused:
        sent(PIPELINES["block"], REQUESTS[place](f"to {SECRET} now"))
    assert [finding.category for finding in refused.value.findings] == ["EMAIL"]


@pytest.mark.parametrize("place", REPLIES)
def test_a_secret_is_refused_wherever_it_stands_in_a_reply(place: str) -> None:
    with pytest.raises(GuardBlocked) as refused:
        answered(PIPELINES["block"], REPLIES[place](f"to {SECRET} now"))
    assert {finding.category for finding in refused.value.findings} == {"EMAIL"}


@pytest.mark.parametrize("action", EDITED)
@pytest.mark.parametrize("place", STRUCTURED)
def test_a_structured_output_is_edited_in_its_text_and_in_its_value(place: str, action: str) -> None:
    reply = STRUCTURED[place](SECRET)
    assert answered(PIPELINES[action], reply) == STRUCTURED[place](EDITED[action])


def openai_chunks(pieces: list[str], *, tool: bool) -> list[Call]:
    def chunk(delta: Call, finish: str | None = None) -> Call:
        return {
            "object": "chat.completion.chunk",
            "model": "m",
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
            "usage": None,
        }

    def piece(text: str) -> Call:
        return {"tool_calls": [{"index": 0, "function": {"arguments": text}}]} if tool else {"content": text}

    first: Call = {"role": "assistant", "content": None}
    if tool:
        first["tool_calls"] = [{"index": 0, "id": "1", "type": "function", "function": {"name": "f", "arguments": ""}}]
    usage: Call = {"object": "chat.completion.chunk", "model": "m", "choices": []}
    usage["usage"] = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
    return [chunk(first), *[chunk(piece(text)) for text in pieces], chunk({}, "stop"), usage]


def anthropic_events(pieces: list[str], *, tool: bool) -> list[Call]:
    usage = {"input_tokens": 3, "output_tokens": 1}
    block = {"type": "tool_use", "id": "1", "name": "f", "input": {}} if tool else {"type": "text", "text": ""}
    kind = ("input_json_delta", "partial_json") if tool else ("text_delta", "text")
    return [
        {"type": "message_start", "message": {"type": "message", "role": "assistant", "model": "m", "usage": usage}},
        {"type": "content_block_start", "index": 0, "content_block": block},
        *[{"type": "content_block_delta", "index": 0, "delta": {"type": kind[0], kind[1]: text}} for text in pieces],
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 4}},
        {"type": "message_stop"},
    ]


def text_of(chunks: list[Call]) -> str:
    out = []
    for chunk in chunks:
        for choice in chunk.get("choices", ()):
            out.append(choice["delta"].get("content") or "")
            out += [call["function"].get("arguments", "") for call in choice["delta"].get("tool_calls") or ()]
        out.append(chunk.get("delta", {}).get("text", ""))
        out.append(chunk.get("delta", {}).get("partial_json", ""))
    return "".join(out)


def cut(text: str, cuts: list[int]) -> list[str]:
    pieces: list[str] = []
    while text:
        size = cuts[len(pieces) % len(cuts)]
        pieces.append(text[:size])
        text = text[size:]
    return pieces


def said(secret: str, card: str, *, tool: bool) -> str:
    """Return a text with two secrets, or arguments with them, the second as a number unless it was edited."""
    number = int(card) if card.isdigit() else card
    return json.dumps({"to": secret, "n": number}) if tool else f"write to {secret} or {card} now"


def streaming(chunks: list[Call]) -> Callable[..., Any]:
    def create(**_: Any) -> Any:
        return (chunk for chunk in chunks)

    return create


@pytest.mark.parametrize("action", EDITED)
@pytest.mark.parametrize("tool", [False, True])
@pytest.mark.parametrize("events", [openai_chunks, anthropic_events])
@given(cuts=st.lists(st.integers(1, 8), min_size=1, max_size=8))
def test_a_secret_is_edited_in_every_streamed_text(events: Any, action: str, cuts: list[int], *, tool: bool) -> None:
    chunks = events(cut(said(SECRET, CARD, tool=tool), cuts), tool=tool)
    before = copy.deepcopy(chunks)
    outcome: Any = PIPELINES[action].run(streaming(chunks), **openai(user("hi")))
    received = list(outcome.value)
    assert text_of(received) == said(EDITED[action], GUARDS[action].check(CARD).text, tool=tool)
    assert received[-1] == chunks[-1], "the end of the stream comes last"
    assert chunks == before, "the model's own chunks were changed"
    assert (outcome.usage.input_tokens, outcome.usage.output_tokens) == (3, 4)
    assert outcome.finish_reason in {"stop", "end_turn"}


@pytest.mark.parametrize("tool", [False, True])
@pytest.mark.parametrize("events", [openai_chunks, anthropic_events])
@given(cuts=st.lists(st.integers(1, 8), min_size=1, max_size=8))
def test_a_secret_is_refused_in_every_streamed_text(events: Any, cuts: list[int], *, tool: bool) -> None:
    text = said(SECRET, CARD, tool=tool)
    received: list[Call] = []
    with pytest.raises(GuardBlocked):
        received.extend(PIPELINES["block"].wrap(streaming(events(cut(text, cuts), tool=tool)))(**openai(user("hi"))))
    assert text[: text.index(SECRET)].startswith(text_of(received))
