"""How a model is asked again: the conversation goes on with its reply, and with what it has to be told."""

from __future__ import annotations

import copy
from collections import UserDict
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from anthropic.types import Message
from openai.types.chat import ChatCompletion

from genai_guard.clients import Client, ask_again, custom
from genai_guard.clients.anthropic_messages import ANTHROPIC_MESSAGES
from genai_guard.clients.openai_chat import OPENAI_CHAT
from genai_guard.clients.text import TEXT
from genai_guard.errors import ConfigurationError
from genai_guard.messages import Part

SAID = (Part("a pear", "assistant", "text", "response"),)
ASSISTANT = {"role": "assistant", "content": "a pear"}
USER = {"role": "user", "content": "Not a pear."}
CLIENTS = pytest.mark.parametrize("client", [OPENAI_CHAT, ANTHROPIC_MESSAGES], ids=lambda client: str(client.name))


def again(client: Client, content: object, reply: tuple[Part, ...] = SAID, **kwargs: Any) -> Any:
    before = copy.deepcopy((content, kwargs))
    after = ask_again(client, content, kwargs, reply, "Not a pear.")
    assert (content, kwargs) == before
    return after


def test_a_prompt_goes_on_with_the_reply_and_the_feedback() -> None:
    assert again(TEXT, "Name a fruit.", system="be brief") == (
        "Name a fruit.\n\nYour reply was:\na pear\n\nNot a pear.",
        {"system": "be brief"},
    )


def test_a_prompt_does_not_quote_a_reply_without_words() -> None:
    assert again(TEXT, "Name a fruit.", ())[0] == "Name a fruit.\n\nNot a pear."


@CLIENTS
def test_a_conversation_goes_on_with_a_turn_of_either_side(client: Client) -> None:
    messages = [{"role": "user", "content": "Name a fruit."}]
    after, kwargs = again(client, messages, system="be brief")
    assert after == [*messages, ASSISTANT, USER]
    assert after[0] is messages[0]
    assert kwargs == {"system": "be brief"}


@CLIENTS
def test_a_tuple_of_messages_stays_a_tuple(client: Client) -> None:
    assert again(client, ({"role": "user", "content": "x"},))[0] == ({"role": "user", "content": "x"}, ASSISTANT, USER)


@CLIENTS
def test_reasoning_is_not_sent_back_and_a_refusal_is(client: Client) -> None:
    reply = (Part("hm", "assistant", "reasoning"), Part("I will not.", "assistant", "refusal"))
    after, _ = again(client, [{"role": "user", "content": "x"}], reply)
    assert [message["content"] for message in after] == ["x", "I will not.", "Not a pear."]


@CLIENTS
def test_calls_are_quoted_and_not_made_again(client: Client) -> None:
    reply = (*SAID, Part('{"to": "bob"}', "assistant", "arguments", "", "send"), Part("{}", "assistant", "arguments"))
    after, _ = again(client, [{"role": "user", "content": "x"}], reply)
    assert after[1:] == [
        ASSISTANT,
        {
            "role": "user",
            "content": 'You called send with {"to": "bob"}\n\nYou called a tool with {}\n\nNo tool was run.\n\nNot a pear.',
        },
    ]


@CLIENTS
def test_after_a_reply_without_words_the_last_turn_of_the_user_goes_on(client: Client) -> None:
    after, _ = again(client, [{"role": "user", "content": "Name a fruit."}], ())
    assert after == [{"role": "user", "content": "Name a fruit.\n\nNot a pear."}]


@CLIENTS
def test_content_in_pieces_goes_on_with_a_piece(client: Client) -> None:
    image = {"type": "image", "source": {"type": "url", "url": "https://a.example/b.png"}}
    after, _ = again(client, [{"role": "user", "content": [image]}], ())
    assert after == [{"role": "user", "content": [image, {"type": "text", "text": "Not a pear."}]}]


@CLIENTS
def test_after_the_result_of_a_tool_a_reply_without_words_gives_a_turn_of_the_user_alone(client: Client) -> None:
    messages = [
        {"role": "user", "content": "x"},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "c1"}]},
        {"role": "tool", "tool_call_id": "c1", "content": "y"},
    ]
    assert again(client, messages, ())[0] == [*messages, USER]


@CLIENTS
def test_a_reply_that_was_begun_in_the_request_goes_on_there(client: Client) -> None:
    messages = [{"role": "user", "content": "x"}, {"role": "assistant", "content": "It is "}]
    assert again(client, messages)[0] == [messages[0], {"role": "assistant", "content": "It is a pear"}, USER]


@CLIENTS
def test_an_empty_conversation_gets_its_first_turns(client: Client) -> None:
    assert again(client, [])[0] == [ASSISTANT, USER]


@dataclass(frozen=True)
class Turn:
    role: str
    content: str
    name: str | None = None


@CLIENTS
def test_turns_are_of_the_type_of_the_others(client: Client) -> None:
    after, _ = again(client, [Turn("user", "x", "Bob")])
    assert after == [Turn("user", "x", "Bob"), Turn("assistant", "a pear"), Turn("user", "Not a pear.")]


def test_turns_among_objects_without_a_class_are_like_them() -> None:
    after, _ = again(OPENAI_CHAT, [SimpleNamespace(role="user", content="x", id=7)])
    assert [vars(turn) for turn in after] == [
        {"role": "user", "content": "x", "id": 7},
        {"role": "assistant", "content": "a pear", "id": None},
        {"role": "user", "content": "Not a pear.", "id": None},
    ]


def test_turns_among_mappings_are_dictionaries() -> None:
    assert again(OPENAI_CHAT, [UserDict({"role": "user", "content": "x"})])[0][1:] == [ASSISTANT, USER]


def test_a_completion_of_the_sdk_is_quoted() -> None:
    reply = ChatCompletion.model_validate(
        {
            "id": "r",
            "created": 1,
            "model": "m",
            "object": "chat.completion",
            "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "a pear"}}],
        }
    )
    assert again(OPENAI_CHAT, [], OPENAI_CHAT.read_reply(reply).parts)[0] == [ASSISTANT, USER]


def test_a_message_of_the_sdk_is_quoted() -> None:
    reply = Message.model_validate(
        {
            "id": "r",
            "model": "m",
            "role": "assistant",
            "type": "message",
            "content": [{"type": "text", "text": "a pear"}],
            "usage": {"input_tokens": 1, "output_tokens": 1},
        }
    )
    assert again(ANTHROPIC_MESSAGES, [], ANTHROPIC_MESSAGES.read_reply(reply).parts)[0] == [ASSISTANT, USER]


def test_a_custom_reader_asks_again_by_its_function() -> None:
    reader = custom(request=str, ask_again=lambda content, reply, feedback: [*content, reply, feedback])
    assert again(reader, ["x"], SAID, k=1) == (["x", "a pear", "Not a pear."], {"k": 1})


def test_a_custom_reader_without_the_function_cannot_ask_again() -> None:
    assert again(custom(request=str), "x") is None


def test_a_reader_that_does_not_know_of_it_cannot_ask_again() -> None:
    class Reader:
        name = "mine"

    reader: Any = Reader()
    assert again(reader, "x") is None


def test_what_is_no_function_is_refused_when_the_reader_is_built() -> None:
    with pytest.raises(ConfigurationError, match=r"custom\(ask_again=...\) takes a function, not str"):
        custom(request=str, ask_again="x")  # type: ignore[arg-type]
