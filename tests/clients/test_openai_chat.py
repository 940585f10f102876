from __future__ import annotations

import copy
from collections import UserDict
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import BaseModel

from genai_guard.clients.openai_chat import OPENAI_CHAT
from genai_guard.errors import ConfigurationError
from genai_guard.messages import Part, Usage

CALL = {"id": "c1", "type": "function", "function": {"name": "send", "arguments": '{"to": "bob"}'}}
MESSAGES: list[dict[str, Any]] = [
    {"role": "developer", "content": "be kind"},
    {"role": "user", "content": "hi", "name": "Bob"},
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "look"},
            {"type": "image_url", "image_url": {"url": "https://bob.example/a.png"}},
            {"type": "input_audio", "input_audio": {"data": "Ym9i", "format": "wav"}},
            {"type": "file", "file": {"file_data": "Ym9i"}},
        ],
    },
    {"role": "assistant", "content": None, "tool_calls": [CALL], "refusal": None},
    {"role": "tool", "tool_call_id": "c1", "content": "sent to bob"},
    {
        "role": "assistant",
        "content": [{"type": "refusal", "refusal": "no"}],
        "function_call": {"name": "f", "arguments": "{}"},
    },
    {"role": "function", "name": "f", "content": "done"},
]
PARTS = (
    Part("be kind", "system", "text", "messages[0].content"),
    Part("hi", "user", "text", "messages[1].content"),
    Part("Bob", "user", "text", "messages[1].name"),
    Part("look", "user", "text", "messages[2].content[0].text"),
    Part('{"to": "bob"}', "assistant", "arguments", "messages[3].tool_calls[0].function.arguments", "send"),
    Part("sent to bob", "tool", "result", "messages[4].content", "send"),
    Part("no", "assistant", "refusal", "messages[5].content[0].refusal"),
    Part("{}", "assistant", "arguments", "messages[5].function_call.arguments", "f"),
    Part("done", "tool", "result", "messages[6].content", "f"),
)


def test_every_text_of_a_request_is_read_with_its_place() -> None:
    request = OPENAI_CHAT.read_request(MESSAGES, {"model": "m", "max_completion_tokens": 7, "max_tokens": 9})

    assert request.parts == PARTS
    assert (request.model, request.max_tokens, request.messages) == ("m", 7, 7)


def test_new_texts_stand_where_the_old_ones_stood_and_nothing_else_changes() -> None:
    before = copy.deepcopy(MESSAGES)
    after, kwargs = OPENAI_CHAT.write_request(MESSAGES, {"model": "m"}, [f"<{part.text}>" for part in PARTS])

    assert before == MESSAGES
    assert kwargs == {"model": "m"}
    assert [part.text for part in OPENAI_CHAT.read_request(after, {}).parts] == [f"<{part.text}>" for part in PARTS]
    assert after[2]["content"][1:] == MESSAGES[2]["content"][1:]
    assert after[3] == {
        **MESSAGES[3],
        "tool_calls": [{**CALL, "function": {"name": "send", "arguments": '<{"to": "bob"}>'}}],
    }


def test_an_unchanged_request_is_the_very_same() -> None:
    after, kwargs = OPENAI_CHAT.write_request(MESSAGES, {}, [part.text for part in PARTS])
    assert after is MESSAGES
    assert kwargs == {}


def test_unchanged_messages_are_shared_with_the_original() -> None:
    texts = [part.text for part in PARTS]
    after, _ = OPENAI_CHAT.write_request(MESSAGES, {}, ["new", *texts[1:]])
    assert after[0] == {"role": "developer", "content": "new"}
    assert all(new is old for new, old in zip(after[1:], MESSAGES[1:], strict=True))


def test_a_tuple_of_messages_stays_a_tuple() -> None:
    after, _ = OPENAI_CHAT.write_request(({"role": "user", "content": "a"},), {}, ["b"])
    assert after == ({"role": "user", "content": "b"},)


def test_a_prediction_is_read_after_the_messages() -> None:
    kwargs = {"prediction": {"type": "content", "content": [{"type": "text", "text": "class User"}]}, "model": "m"}
    messages = [{"role": "user", "content": "hi"}]

    parts = OPENAI_CHAT.read_request(messages, kwargs).parts
    assert parts[1] == Part("class User", "assistant", "text", "prediction.content[0].text")
    after = OPENAI_CHAT.write_request(messages, kwargs, ["hi", "new"])
    assert after == (
        messages,
        {"prediction": {"type": "content", "content": [{"type": "text", "text": "new"}]}, "model": "m"},
    )


@pytest.mark.parametrize(
    ("message", "role"),
    [
        ({"role": "system", "content": "x"}, "system"),
        ({"role": "critic", "content": "x"}, "user"),
        ({"role": None, "content": "x"}, "user"),
        ({"role": ["user"], "content": "x"}, "user"),
        ({"content": "x"}, "user"),
        (SimpleNamespace(role="assistant", content="x"), "assistant"),
        (UserDict({"role": "user", "content": "x"}), "user"),
        ({"role": "user", "content": SimpleNamespace(type="text", text="x")}, "user"),
        ("x", "user"),
        (["x"], "user"),
    ],
)
def test_a_text_is_read_whatever_its_message_looks_like(message: Any, role: str) -> None:
    messages = [{"role": "user", "content": "first"}, message]

    part = OPENAI_CHAT.read_request(messages, {}).parts[1]
    assert (part.text, part.role) == ("x", role)
    after, _ = OPENAI_CHAT.write_request(messages, {}, ["first", "y"])
    assert OPENAI_CHAT.read_request(after, {}).parts[1].text == "y"
    assert type(after[1]) is type(message)


def test_content_that_can_be_read_only_once_is_refused_and_left_unread() -> None:
    pieces = iter([{"type": "text", "text": "x"}])
    with pytest.raises(
        ConfigurationError, match=r"messages\[0\].content is a list_iterator, which can be read only once"
    ):
        OPENAI_CHAT.read_request([{"role": "user", "content": pieces}], {})
    assert next(pieces)


@pytest.mark.parametrize("texts", [["a"], ["a", "b", "c"]])
def test_more_or_fewer_texts_than_parts_are_an_error(texts: list[str]) -> None:
    messages = [{"role": "user", "content": "1"}, {"role": "user", "content": "2"}]
    with pytest.raises(ValueError, match="texts than parts"):
        OPENAI_CHAT.write_request(messages, {}, texts)


def completion(**message: Any) -> dict[str, Any]:
    return {
        "object": "chat.completion",
        "model": "m-2",
        "choices": [
            {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop", "logprobs": None}
        ],
    }


def test_every_text_of_a_reply_is_read() -> None:
    reply = completion(
        content="hi",
        refusal="no",
        reasoning_content="hm",
        tool_calls=[CALL, {"id": "c2", "type": "custom", "custom": {"name": "sql", "input": "select 1"}}],
        audio={"id": "a", "data": "Ym9i", "transcript": "spoken"},
        annotations=[{"type": "url_citation", "url_citation": {"title": "Page", "url": "https://x"}}],
    )
    where = "response.choices[0].message"
    assert OPENAI_CHAT.read_reply(reply).parts == (
        Part("hi", "assistant", "text", f"{where}.content"),
        Part("no", "assistant", "refusal", f"{where}.refusal"),
        Part("hm", "assistant", "reasoning", f"{where}.reasoning_content"),
        Part('{"to": "bob"}', "assistant", "arguments", f"{where}.tool_calls[0].function.arguments", "send"),
        Part("select 1", "assistant", "arguments", f"{where}.tool_calls[1].custom.input", "sql"),
        Part("spoken", "assistant", "text", f"{where}.audio.transcript"),
        Part("Page", "assistant", "text", f"{where}.annotations[0].url_citation.title"),
    )


def test_what_the_call_took_is_read() -> None:
    reply = completion(content="hi") | {
        "usage": {
            "prompt_tokens": 10,
            "completion_tokens": 20,
            "total_tokens": 30,
            "prompt_tokens_details": {"cached_tokens": 4},
            "completion_tokens_details": {"reasoning_tokens": 5},
        }
    }
    answer = OPENAI_CHAT.read_reply(reply)
    assert answer.usage == Usage(10, 20, 4, 5)
    assert (answer.model, answer.finish_reason) == ("m-2", "stop")


@pytest.mark.parametrize(
    ("usage", "read"),
    [
        (None, None),
        ({}, Usage()),
        ({"prompt_tokens": 1, "completion_tokens": None, "prompt_tokens_details": None}, Usage(1)),
        (SimpleNamespace(prompt_tokens=1, completion_tokens="2"), Usage(1)),
    ],
)
def test_usage_that_is_not_told_is_none_and_what_is_no_count_is_zero(usage: object, read: Usage | None) -> None:
    assert OPENAI_CHAT.read_reply({**completion(content="hi"), "usage": usage}).usage == read


def test_every_choice_is_read_and_written() -> None:
    reply = completion(content="a")
    reply["choices"].append({"index": 1, "message": {"role": "assistant", "content": "b"}})

    assert [part.where for part in OPENAI_CHAT.read_reply(reply).parts] == [
        "response.choices[0].message.content",
        "response.choices[1].message.content",
    ]
    after = OPENAI_CHAT.write_reply(reply, ["a", "c"])
    assert after["choices"][1]["message"]["content"] == "c"
    assert after["choices"][0] is reply["choices"][0]


def test_a_reply_without_content_or_without_choices_has_no_parts() -> None:
    assert OPENAI_CHAT.read_reply(completion(content=None)).parts == ()
    assert OPENAI_CHAT.read_reply({"object": "chat.completion", "choices": []}).parts == ()


def test_the_older_completions_are_read_too() -> None:
    reply = {"object": "text_completion", "choices": [{"index": 0, "text": "hi", "logprobs": {"tokens": ["hi"]}}]}

    assert OPENAI_CHAT.reads_reply(reply)
    assert OPENAI_CHAT.read_reply(reply).parts == (Part("hi", "assistant", "text", "response.choices[0].text"),)
    assert OPENAI_CHAT.write_reply(reply, ["ho"])["choices"] == [{"index": 0, "text": "ho", "logprobs": None}]


def test_token_probabilities_go_with_the_text_they_spell() -> None:
    reply = completion(content="bob")
    reply["choices"][0]["logprobs"] = {"content": [{"token": "bob", "logprob": -0.1}]}

    assert "bob" not in str(OPENAI_CHAT.write_reply(reply, ["[NAME]"]))
    assert OPENAI_CHAT.write_reply(reply, ["bob"]) is reply


class Person(BaseModel):
    name: str


@pytest.mark.parametrize(
    ("parsed", "text", "after"),
    [
        (Person(name="bob"), '{"name": "[NAME]"}', Person(name="[NAME]")),
        ({"name": "bob"}, '{"name": "[NAME]"}', {"name": "[NAME]"}),
        (Person(name="bob"), "[REDACTED]", None),
        (object(), '{"name": "[NAME]"}', None),
    ],
)
def test_a_structured_output_follows_its_text(parsed: object, text: str, after: object) -> None:
    reply = completion(content='{"name": "bob"}', parsed=parsed)
    assert OPENAI_CHAT.write_reply(reply, [text])["choices"][0]["message"]["parsed"] == after
    assert reply["choices"][0]["message"]["parsed"] is parsed


def test_parsed_arguments_follow_the_arguments() -> None:
    function = {"name": "f", "arguments": '{"name": "bob"}', "parsed_arguments": {"name": "bob"}}
    reply = completion(content=None, tool_calls=[{"id": "1", "type": "function", "function": function}])

    after = OPENAI_CHAT.write_reply(reply, ['{"name": "[NAME]"}'])
    assert "bob" not in str(after)
    assert after["choices"][0]["message"]["tool_calls"][0]["function"]["parsed_arguments"] == {"name": "[NAME]"}


def test_arguments_that_are_an_object_stay_one() -> None:
    call = {"id": "1", "function": {"name": "f", "arguments": {"to": ["bob"]}}}
    reply = completion(content=None, tool_calls=[call])

    assert OPENAI_CHAT.read_reply(reply).parts[0].text == '{"to": ["bob"]}'
    after = OPENAI_CHAT.write_reply(reply, ['{"to": ["[NAME]"]}'])
    assert after["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"] == {"to": ["[NAME]"]}


def test_a_message_with_itself_inside_fails_and_does_not_hang() -> None:
    content: list[Any] = []
    content.append({"type": "tool_result", "content": content})
    with pytest.raises(RecursionError):
        OPENAI_CHAT.read_request([{"role": "user", "content": content}], {})
