from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest
from pydantic import BaseModel

from genai_guard.clients import CLIENTS, chunk_client, custom, reply_client, request_client
from genai_guard.clients.anthropic_messages import ANTHROPIC_MESSAGES
from genai_guard.clients.lookup import Lookup
from genai_guard.clients.openai_chat import OPENAI_CHAT
from genai_guard.clients.text import TEXT
from genai_guard.errors import ConfigurationError

MESSAGES = [{"role": "user", "content": "hi"}]
CHAT = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"}}]}
CHUNK = {"choices": [{"index": 0, "delta": {"content": "hi"}}]}
MESSAGE = {"type": "message", "role": "assistant", "content": [{"type": "text", "text": "hi"}]}
EVENT = {"type": "message_start", "message": {}}


class Words(str):
    __slots__ = ()


@pytest.mark.parametrize(
    ("content", "kwargs", "client"),
    [
        ("hi", {}, TEXT),
        (Words("hi"), {}, TEXT),
        (MESSAGES, {}, OPENAI_CHAT),
        (tuple(MESSAGES), {}, OPENAI_CHAT),
        ([], {}, OPENAI_CHAT),
        (MESSAGES, {"system": "be kind"}, ANTHROPIC_MESSAGES),
    ],
)
def test_a_request_is_known_by_its_shape(content: object, kwargs: dict[str, Any], client: object) -> None:
    assert request_client(content, kwargs) is client


def test_a_reply_is_known_by_its_shape() -> None:
    assert [reply_client(reply) for reply in ("hi", CHAT, MESSAGE)] == [TEXT, OPENAI_CHAT, ANTHROPIC_MESSAGES]


def test_a_stream_is_known_by_its_first_chunk() -> None:
    first = {"object": "chat.completion.chunk", "choices": []}
    chunks: list[object] = ["hi", CHUNK, first, {"choices": []}, EVENT, {"type": "ping"}]
    clients = [chunk_client(chunk) for chunk in chunks]
    assert clients == [TEXT, OPENAI_CHAT, OPENAI_CHAT, OPENAI_CHAT, ANTHROPIC_MESSAGES, ANTHROPIC_MESSAGES]


class Answer(BaseModel):
    choices: list[dict[str, Any]] | None = None
    type: str = ""
    content: list[dict[str, Any]] | None = None


def test_a_type_that_was_seen_is_asked_again() -> None:
    assert reply_client(Answer.model_validate(CHAT)) is OPENAI_CHAT
    assert reply_client(Answer.model_validate(MESSAGE)) is ANTHROPIC_MESSAGES
    with pytest.raises(ConfigurationError):
        reply_client(Answer())


@dataclass
class Private:
    words: str


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (b"private words", "bytes (decode it to str first)"),
        (None, "NoneType (nothing was passed or returned)"),
        (12, "int"),
        ({"words": "private words"}, "dict"),
        (["private words"], "list of str"),
        (iter(["private words"]), "list_iterator (an iterator can be read only once: pass a list)"),
        (Private("private words"), "Private"),
        ([Private("private words")], "list of "),
        ({"object": "text_completion", "choices": []}, "dict"),
        ({"choices": [{"index": 0}]}, "dict"),
        ({"type": ["unhashable"]}, "dict"),
        ({"type": "message", "content": "private words"}, "dict"),
    ],
)
@pytest.mark.parametrize("what", ["request", "reply", "chunk"])
def test_an_unknown_shape_is_an_error_that_names_the_type_and_the_remedy(what: str, value: object, named: str) -> None:
    ask: dict[str, Any] = {
        "request": lambda: request_client(value, {}),
        "reply": lambda: reply_client(value),
        "chunk": lambda: chunk_client(value),
    }
    with pytest.raises(ConfigurationError) as caught:
        ask[what]()
    message = str(caught.value)
    assert f"no client reads a {what} of type " in message
    assert named in message
    assert f"custom({what}=lambda" in message
    assert f"write_{what}=lambda" in message
    assert "reader=reader" in message
    assert all(client.name in message for client in CLIENTS)
    assert "private words" not in message


def test_the_example_in_the_error_is_code_that_runs() -> None:
    with pytest.raises(ConfigurationError) as caught:
        reply_client(object())
    code = str(caught.value).partition(":\n")[2].partition("pipeline =")[0]

    class Text(NamedTuple):
        text: str

    names: dict[str, Any] = {"custom": custom, "replace": lambda value, text: value._replace(text=text)}
    exec("if True:\n" + code, names)

    assert names["reader"].write_reply(Text("a"), ("b",)) == Text("b")


def test_a_reader_is_asked_first_and_what_it_does_not_read_goes_to_the_others() -> None:
    reader = custom(reply=lambda reply: str(reply.words))

    assert reply_client("hi", reader) is reader
    assert request_client("hi", {}, reader) is TEXT
    assert chunk_client(CHUNK, reader) is OPENAI_CHAT


def test_a_client_added_to_the_tuple_is_all_it_takes() -> None:
    class Client:
        name = "private"
        types = (Private,)

        def reads_request(self, content: object, kwargs: object) -> bool:
            return isinstance(content, Private)

        def reads_reply(self, reply: object) -> bool:
            return isinstance(reply, Private)

        reads_chunk = reads_reply

    client: Any = Client()
    lookup = Lookup((*CLIENTS, client))

    assert lookup.request(Private("hi"), {}) is client
    assert lookup.reply(Private("hi")) is client
    assert lookup.chunk(Private("hi")) is client
    assert lookup.request("hi", {}) is TEXT
