from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard.clients import custom
from genai_guard.errors import ConfigurationError
from genai_guard.messages import Part, Usage


@dataclass(frozen=True)
class Answer:
    text: str | None = None
    texts: list[str] = field(default_factory=list)
    tokens: tuple[int, int] | None = None
    last: bool = False


FULL = custom(
    request=lambda content: content.text,
    write_request=lambda content, text: replace(content, text=text),
    reply=lambda reply: reply.texts,
    write_reply=lambda reply, texts: replace(reply, texts=texts),
    chunk=lambda chunk: chunk.text,
    write_chunk=lambda chunk, text: replace(chunk, text=text),
    usage=lambda value: value.tokens,
)


def test_one_text_is_one_part() -> None:
    request = FULL.read_request(Answer("hi"), {"model": "m", "max_tokens": 3})
    assert request.parts == (Part("hi", "user", "text", "request"),)
    assert (request.model, request.max_tokens) == ("m", 3)


def test_several_texts_are_numbered_parts() -> None:
    reply = FULL.read_reply(Answer(texts=["a", "b"], tokens=(1, 2)))
    assert [part.where for part in reply.parts] == ["response[0]", "response[1]"]
    assert reply.usage == Usage(1, 2)


def test_tokens_are_whole_numbers() -> None:
    usage = FULL.usage_of(Answer(tokens=(np.int64(3), 2.6, None, float("nan"))))  # type: ignore[arg-type]
    assert usage == Usage(3, 3)
    assert usage is not None
    assert [type(each) for each in usage[:4]] == [int] * 4


def test_a_writing_function_gets_what_the_reading_one_returned() -> None:
    assert FULL.write_request(Answer("hi"), {"k": 1}, ("ho",)) == (Answer("ho"), {"k": 1})
    assert FULL.write_reply(Answer(texts=["a", "b"]), ("a", "c")) == Answer(texts=["a", "c"])


def test_what_did_not_change_is_handed_on_as_it_is() -> None:
    reply = Answer(texts=["a"])
    assert FULL.write_reply(reply, ["a"]) is reply


def test_without_a_writing_function_only_a_change_is_an_error() -> None:
    reader = custom(reply=lambda reply: reply.text)
    reply = Answer("private words")

    assert reader.write_reply(reply, ("private words",)) is reply
    with pytest.raises(
        ConfigurationError, match="changed the text of the reply: custom\\(\\) needs write_reply="
    ) as caught:
        reader.write_reply(reply, ("other",))
    assert "private words" not in str(caught.value)


@pytest.mark.parametrize("returned", [None, 1, b"x", [1], {"a": 1}])
def test_a_reading_function_that_returns_no_text_is_an_error(returned: Any) -> None:
    reader = custom(reply=lambda _reply: returned)
    with pytest.raises(
        ConfigurationError, match=r"custom\(reply=...\) returned .*: it must return a str or a list of str"
    ):
        reader.read_reply(object())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "needs one of request=, reply= and chunk="),
        ({"usage": len}, "needs one of request=, reply= and chunk="),
        ({"write_reply": max}, r"custom\(write_reply=...\) needs reply="),
        ({"reply": "text"}, r"custom\(reply=...\) takes a function, not str"),
        ({"chunk": str, "final": 1}, r"custom\(final=...\) takes a function, not int"),
    ],
)
def test_what_cannot_work_is_refused_when_it_is_built(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        custom(**arguments)


@given(st.lists(st.text(alphabet="SECRET x") | st.none()))
def test_a_stream_is_one_text_whose_end_follows(replay: Any, texts: list[str | None]) -> None:
    out = replay(FULL.open_stream(), [Answer(text) for text in texts])
    said = "".join(text or "" for text in texts)
    assert "".join(chunk.text or "" for chunk in out) == said.replace("SECRET", "[S]")


def test_a_chunk_that_ends_the_text_carries_what_was_held_back(replay: Any) -> None:
    reader = custom(
        chunk=lambda chunk: chunk.text,
        write_chunk=lambda chunk, text: replace(chunk, text=text),
        final=lambda chunk: chunk.last,
        usage=lambda chunk: chunk.tokens,
    )
    stream = reader.open_stream()
    out = replay(stream, [Answer("a SEC"), Answer("RE"), Answer(last=True, tokens=(3, 4)), Answer()])

    assert [chunk.text for chunk in out] == ["a ", "", "SECRE", None]
    assert stream.reply().usage == Usage(3, 4)
