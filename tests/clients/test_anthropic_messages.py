from __future__ import annotations

import copy
from typing import Any

import pytest
from pydantic import BaseModel

from genai_guard.clients.anthropic_messages import ANTHROPIC_MESSAGES
from genai_guard.messages import Part, Usage

MESSAGES: list[dict[str, Any]] = [
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "look"},
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "Ym9i"}},
            {
                "type": "document",
                "title": "Letter",
                "context": "from bob",
                "source": {"type": "text", "media_type": "text/plain", "data": "dear bob"},
            },
            {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "page"}]}},
            {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "Ym9i"}},
            {
                "type": "search_result",
                "source": "wiki",
                "title": "Bob",
                "content": [{"type": "text", "text": "a name"}],
            },
        ],
    },
    {
        "role": "assistant",
        "content": [
            {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
            {"type": "redacted_thinking", "data": "c2VjcmV0"},
            {"type": "tool_use", "id": "t1", "name": "send", "input": {"to": ["bob"], "naïve": 1}},
        ],
    },
    {
        "role": "user",
        "content": [
            {"type": "tool_result", "tool_use_id": "t1", "content": "sent"},
            {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "twice"}]},
            {"type": "tool_result", "tool_use_id": "t0"},
        ],
    },
    {"role": "user", "content": "thanks"},
]
KWARGS: dict[str, Any] = {
    "system": [{"type": "text", "text": "be kind", "cache_control": {"type": "ephemeral"}}],
    "model": "m",
    "max_tokens": 5,
}
PARTS = (
    Part("be kind", "system", "text", "system[0].text"),
    Part("look", "user", "text", "messages[0].content[0].text"),
    Part("Letter", "user", "text", "messages[0].content[2].title"),
    Part("from bob", "user", "text", "messages[0].content[2].context"),
    Part("dear bob", "user", "text", "messages[0].content[2].source.data"),
    Part("page", "user", "text", "messages[0].content[3].source.content[0].text"),
    Part("wiki", "user", "text", "messages[0].content[5].source"),
    Part("Bob", "user", "text", "messages[0].content[5].title"),
    Part("a name", "user", "text", "messages[0].content[5].content[0].text"),
    Part("hm", "assistant", "reasoning", "messages[1].content[0].thinking"),
    Part('{"to": ["bob"], "naïve": 1}', "assistant", "arguments", "messages[1].content[2].input", "send"),
    Part("sent", "tool", "result", "messages[2].content[0].content", "send"),
    Part("twice", "tool", "result", "messages[2].content[1].content[0].text", "send"),
    Part("thanks", "user", "text", "messages[3].content"),
)


def test_every_text_of_a_request_is_read_with_its_place() -> None:
    request = ANTHROPIC_MESSAGES.read_request(MESSAGES, KWARGS)
    assert request.parts == PARTS
    assert (request.model, request.max_tokens, request.messages) == ("m", 5, 4)


def test_new_texts_stand_where_the_old_ones_stood_and_nothing_is_mutated() -> None:
    before = copy.deepcopy((MESSAGES, KWARGS))
    texts = ['{"to": []}' if part.kind == "arguments" else part.text.upper() for part in PARTS]

    messages, kwargs = ANTHROPIC_MESSAGES.write_request(MESSAGES, KWARGS, texts)

    assert before == (MESSAGES, KWARGS)
    assert [part.text for part in ANTHROPIC_MESSAGES.read_request(messages, kwargs).parts] == texts
    assert kwargs == {**KWARGS, "system": [{**KWARGS["system"][0], "text": "BE KIND"}]}
    assert messages[1]["content"][2] == {"type": "tool_use", "id": "t1", "name": "send", "input": {"to": []}}
    assert messages[0]["content"][1] is MESSAGES[0]["content"][1]
    assert messages[0]["content"][4] is MESSAGES[0]["content"][4]


def test_an_unchanged_request_is_the_very_same() -> None:
    messages, kwargs = ANTHROPIC_MESSAGES.write_request(MESSAGES, KWARGS, [part.text for part in PARTS])
    assert messages is MESSAGES
    assert kwargs is KWARGS


def test_a_system_prompt_is_one_text() -> None:
    messages = [{"role": "user", "content": "hi"}]
    assert ANTHROPIC_MESSAGES.read_request(messages, {"system": "s"}).parts[0] == Part("s", "system", "text", "system")
    assert ANTHROPIC_MESSAGES.write_request(messages, {"system": "s"}, ["t", "hi"]) == (messages, {"system": "t"})
    assert len(ANTHROPIC_MESSAGES.read_request(messages, {"system": None}).parts) == 1


def message(*blocks: Any, **fields: Any) -> dict[str, Any]:
    return {
        "type": "message",
        "role": "assistant",
        "model": "m-2",
        "content": list(blocks),
        "stop_reason": "end_turn",
        **fields,
    }


REPLY = message(
    {
        "type": "text",
        "text": "hi",
        "citations": [
            {"type": "char_location", "cited_text": "dear bob", "document_title": "Letter", "document_index": 0}
        ],
    },
    {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "bob"}},
    {
        "type": "web_search_tool_result",
        "tool_use_id": "s1",
        "content": [{"type": "web_search_result", "title": "Bob", "url": "https://x", "encrypted_content": "Ym9i"}],
    },
    {
        "type": "bash_code_execution_tool_result",
        "tool_use_id": "s2",
        "content": {"stdout": "out", "stderr": "err", "content": []},
    },
    {"type": "invented_tool_result", "tool_use_id": "s2", "content": {"parts": [{"text": "new"}]}},
)


def test_every_text_of_a_reply_is_read() -> None:
    reply = ANTHROPIC_MESSAGES.read_reply(REPLY)
    where = "response.content"
    assert reply.parts == (
        Part("hi", "assistant", "text", f"{where}[0].text"),
        Part("dear bob", "assistant", "text", f"{where}[0].citations[0].cited_text"),
        Part("Letter", "assistant", "text", f"{where}[0].citations[0].document_title"),
        Part('{"query": "bob"}', "assistant", "arguments", f"{where}[1].input", "web_search"),
        Part("Bob", "tool", "result", f"{where}[2].content[0].title", "web_search"),
        Part("out", "tool", "result", f"{where}[3].content.stdout"),
        Part("err", "tool", "result", f"{where}[3].content.stderr"),
        Part("new", "tool", "result", f"{where}[4].content.parts[0].text"),
    )
    assert (reply.model, reply.finish_reason) == ("m-2", "end_turn")


def test_a_reply_is_written_and_not_mutated() -> None:
    before = copy.deepcopy(REPLY)
    texts = [
        '{"query": "x"}' if text.startswith("{") else f"<{text}>"
        for text in [part.text for part in ANTHROPIC_MESSAGES.read_reply(REPLY).parts]
    ]

    after = ANTHROPIC_MESSAGES.write_reply(REPLY, texts)

    assert before == REPLY
    assert [part.text for part in ANTHROPIC_MESSAGES.read_reply(after).parts] == texts
    assert after["content"][2]["content"][0]["encrypted_content"] == "Ym9i"


@pytest.mark.parametrize(
    ("usage", "read"),
    [
        (None, None),
        ({"input_tokens": 1, "output_tokens": 9}, Usage(1, 9)),
        (
            {
                "input_tokens": 1,
                "output_tokens": 9,
                "cache_read_input_tokens": 30,
                "cache_creation_input_tokens": 5,
                "output_tokens_details": {"thinking_tokens": 4},
            },
            Usage(36, 9, 30, 4, cache_write_tokens=5),
        ),
        ({"input_tokens": 1, "output_tokens": 9, "cache_read_input_tokens": None}, Usage(1, 9)),
    ],
)
def test_cached_tokens_count_as_input(usage: object, read: Usage | None) -> None:
    assert ANTHROPIC_MESSAGES.read_reply(message(usage=usage)).usage == read


def test_an_edited_thought_loses_its_signature_and_an_unedited_one_keeps_it() -> None:
    thought = {"type": "thinking", "thinking": "of bob", "signature": "c2ln"}
    reply = message(thought, {"type": "text", "text": "hi"})

    edited = ANTHROPIC_MESSAGES.write_reply(reply, ["of [NAME]", "hi"])
    assert edited["content"][0] == {"type": "thinking", "thinking": "of [NAME]", "signature": ""}
    other = ANTHROPIC_MESSAGES.write_reply(reply, ["of bob", "ho"])
    assert other["content"][0] is thought


class Person(BaseModel):
    name: str


def test_a_structured_output_follows_its_text() -> None:
    block = {"type": "text", "text": '{"name": "bob"}', "parsed_output": Person(name="bob")}
    after = ANTHROPIC_MESSAGES.write_reply(message(block), ['{"name": "[NAME]"}'])
    assert after["content"][0]["parsed_output"] == Person(name="[NAME]")
    assert ANTHROPIC_MESSAGES.write_reply(message(block), ["[NAME]"])["content"][0]["parsed_output"] is None


def test_input_that_is_no_json_after_the_edit_is_an_error_without_its_text() -> None:
    reply = message({"type": "tool_use", "id": "t", "name": "f", "input": {"a": "private words"}})
    with pytest.raises(ValueError, match="the edited arguments are no longer JSON") as caught:
        ANTHROPIC_MESSAGES.write_reply(reply, ['{"a": private words'])
    assert "private words" not in str(caught.value)


@pytest.mark.parametrize("given", [{}, None])
def test_a_call_without_input_is_a_call_with_an_empty_text(given: Any) -> None:
    reply = message({"type": "tool_use", "id": "t", "name": "f", "input": given})
    (part,) = ANTHROPIC_MESSAGES.read_reply(reply).parts
    assert part[:3] == ("", "assistant", "arguments")
    assert part.name == "f"
    assert ANTHROPIC_MESSAGES.write_reply(reply, [""]) is reply


@pytest.mark.parametrize(
    "value",
    [
        None,
        "hi",
        1,
        {},
        {"type": "message"},
        {"type": "message", "content": "hi"},
        {"type": ["message"], "content": []},
    ],
)
def test_what_is_no_message_is_not_read(value: object) -> None:
    assert not ANTHROPIC_MESSAGES.reads_reply(value)


@pytest.mark.parametrize("content", ["hi", b"hi", None, 1])
def test_what_is_no_list_is_no_request(content: object) -> None:
    assert not ANTHROPIC_MESSAGES.reads_request(content, {"system": "s"})
