from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genai_guard.clients.text import TEXT
from genai_guard.messages import Part, Reply, Request


class Prompt(str):
    __slots__ = ()


def test_a_prompt_is_one_part_without_a_place() -> None:
    assert TEXT.read_request("hi", {}) == Request((Part("hi", "user", "text", ""),))


def test_model_and_bound_are_read_from_the_call() -> None:
    request = TEXT.read_request("hi", {"model": "small", "max_tokens": 9})
    assert (request.model, request.max_tokens, request.messages) == ("small", 9, 1)


@pytest.mark.parametrize("wrong", [0, -1, True, 1.5, "9", None, object()])
def test_a_bound_that_is_no_positive_integer_is_none(wrong: object) -> None:
    request = TEXT.read_request("hi", {"model": wrong if wrong != "9" else 9, "max_tokens": wrong})
    assert (request.model, request.max_tokens) == ("", None)


def test_system_and_instructions_are_read_before_the_prompt() -> None:
    kwargs = {"instructions": "be kind", "system": "be brief", "model": "m"}

    assert TEXT.read_request("hi", kwargs).parts == (
        Part("be brief", "system", "text", "system"),
        Part("be kind", "system", "text", "instructions"),
        Part("hi"),
    )
    after = TEXT.write_request("hi", kwargs, ("b", "k", "h"))
    assert after == ("h", {"instructions": "k", "system": "b", "model": "m"})
    assert kwargs == {"instructions": "be kind", "system": "be brief", "model": "m"}


def test_a_system_that_is_no_text_is_left_alone() -> None:
    kwargs: dict[str, Any] = {"system": None, "instructions": 3}
    assert len(TEXT.read_request("hi", kwargs).parts) == 1
    assert TEXT.write_request("hi", kwargs, ("h",)) == ("h", kwargs)


def test_more_or_fewer_texts_than_parts_are_an_error() -> None:
    with pytest.raises(ValueError, match="more texts than parts"):
        TEXT.write_request("hi", {"system": "s"}, ("a", "b", "c"))
    with pytest.raises(ValueError, match="too many values"):
        TEXT.write_reply("hi", ("a", "b"))


def test_a_reply_is_one_part() -> None:
    assert TEXT.read_reply("yo") == Reply((Part("yo", "assistant", "text", "response"),))
    assert TEXT.write_reply("yo", ("y",)) == "y"


@pytest.mark.parametrize("text", ["", "x", Prompt("x"), "\ud800", "\x00"])
def test_every_string_is_read(text: str) -> None:
    assert TEXT.reads_request(text, {})
    assert TEXT.reads_reply(text)
    assert TEXT.reads_chunk(text)
    assert TEXT.read_request(text, {}).parts[0].text == text


@pytest.mark.parametrize("value", [b"x", bytearray(b"x"), None, 1, ["x"], {"text": "x"}])
def test_nothing_but_strings_is_read(value: object) -> None:
    assert not TEXT.reads_request(value, {})
    assert not TEXT.reads_reply(value)
    assert not TEXT.reads_chunk(value)


@given(st.lists(st.text(alphabet="SECRET x")))
def test_a_stream_is_one_text(replay: Any, chunks: list[str]) -> None:
    out = replay(TEXT.open_stream(), chunks)
    assert "".join(out) == "".join(chunks).replace("SECRET", "[S]")
    assert "" not in [chunk for chunk in out if chunk not in chunks]


def test_a_string_has_no_usage() -> None:
    assert TEXT.open_stream().reply() == Reply(())
