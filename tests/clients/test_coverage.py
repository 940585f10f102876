"""Law 5 for the clients: a mark is planted in every place where a text can stand, and beside it what is no text."""

from __future__ import annotations

import copy
import json
from collections import UserDict
from collections.abc import Callable, Iterator
from itertools import count
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from genai_guard.clients import Client, reply_client, request_client

MARK, NEW = "@@", "##"


class Model(BaseModel):
    model_config = ConfigDict(extra="allow")


def as_dict(known: dict[str, Any]) -> Any:
    return known


SHAPES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "dictionaries": as_dict,
    "objects": lambda known: SimpleNamespace(**known),
    "models": Model.model_validate,
    "mappings": UserDict,
}


def shaped(value: Any, shape: Callable[[dict[str, Any]], Any]) -> Any:
    return json.loads(json.dumps(value), object_hook=shape)


def plain(value: Any) -> Any:
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, (SimpleNamespace, Model, UserDict)):
        known: Any = (
            value.data
            if isinstance(value, UserDict)
            else {**vars(value), **(getattr(value, "model_extra", None) or {})}
        )
        return {name: plain(item) for name, item in known.items()}
    return {name: plain(item) for name, item in value.items()} if isinstance(value, dict) else value


class Planter:
    """Draws content, and hands out a new mark for each text in it."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.numbers: Iterator[int] = count()
        self.planted: list[str] = []

    def text(self) -> str:
        self.planted.append(f"{MARK}{next(self.numbers)}{MARK}")
        return self.draw(st.sampled_from(["{}", "é {}.", "{}\n\x00"])).format(self.planted[-1])

    def one(self, *makers: Callable[[], Any]) -> Any:
        return self.draw(st.sampled_from(makers))()

    def some(self, *makers: Callable[[], Any], least: int = 0) -> list[Any]:
        return [self.one(*makers) for _ in range(self.draw(st.integers(least, 3)))]

    def arguments(self) -> Any:
        return {"to": [self.text()], self.text(): {"deep": self.text()}, "n": 1}

    def call(self) -> dict[str, Any]:
        return self.one(  # type: ignore[no-any-return]
            lambda: {"id": "c1", "type": "custom", "custom": {"name": "tool", "input": self.text()}},
            lambda: {
                "id": "c2",
                "type": "function",
                "function": {"name": "tool", "arguments": json.dumps(self.arguments())},
            },
            lambda: {"id": "c3", "function": {"name": "tool", "arguments": self.arguments()}},
        )

    def part(self) -> dict[str, Any]:
        return self.one(  # type: ignore[no-any-return]
            lambda: {"type": "text", "text": self.text(), "cache_control": {"type": "ephemeral"}},
            lambda: {"type": "input_text", "text": self.text()},
            lambda: {"type": "refusal", "refusal": self.text()},
            lambda: {"type": "image_url", "image_url": {"url": "https://opaque"}},
            lambda: {"type": "input_audio", "input_audio": {"data": "opaque", "format": "wav"}},
            lambda: {"type": "a new kind", "text": self.text(), "id": "opaque"},
        )

    def block(self) -> dict[str, Any]:
        return self.one(  # type: ignore[no-any-return]
            lambda: {"type": "text", "text": self.text(), "citations": self.some(self.citation)},
            lambda: {"type": "thinking", "thinking": self.text()},
            lambda: {"type": "redacted_thinking", "data": "opaque"},
            lambda: {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "opaque"}},
            lambda: {"type": "tool_use", "id": "opaque", "name": "tool", "input": self.arguments()},
            lambda: {"type": "tool_result", "tool_use_id": "opaque", "content": self.content(self.part)},
            lambda: {"type": "document", "title": self.text(), "context": self.text(), "source": self.source()},
            lambda: {
                "type": "search_result",
                "source": self.text(),
                "title": self.text(),
                "content": self.some(self.part),
            },
            lambda: {
                "type": "web_search_tool_result",
                "content": [{"title": self.text(), "encrypted_content": "opaque"}],
            },
            lambda: {
                "type": "bash_code_execution_tool_result",
                "content": {"stdout": self.text(), "stderr": self.text()},
            },
        )

    def source(self) -> dict[str, Any]:
        return self.one(  # type: ignore[no-any-return]
            lambda: {"type": "text", "media_type": "text/plain", "data": self.text()},
            lambda: {"type": "content", "content": self.content(self.part)},
            lambda: {"type": "base64", "media_type": "application/pdf", "data": "opaque"},
        )

    def citation(self) -> dict[str, Any]:
        return {"type": "char_location", "cited_text": self.text(), "document_title": self.text(), "file_id": "opaque"}

    def content(self, *makers: Callable[[], Any]) -> Any:
        return self.one(self.text, lambda: self.some(*makers), lambda: None, lambda: "")

    def message(self) -> dict[str, Any]:
        role = self.draw(st.sampled_from(["user", "assistant", "system", "developer", "tool", "function", "critic"]))
        message: dict[str, Any] = {"role": role, "content": self.content(self.part, self.block)}
        if role in {"tool", "function"}:
            return message | {"tool_call_id": "c1"}
        if role != "assistant":
            message |= self.one(dict, lambda: {"name": self.text()})
            return message
        return message | self.said()

    def said(self) -> dict[str, Any]:
        return self.one(  # type: ignore[no-any-return]
            dict,
            lambda: {"tool_calls": self.some(self.call)},
            lambda: {"function_call": {"name": "tool", "arguments": self.text()}},
            lambda: {"refusal": self.text(), "reasoning_content": self.text()},
            lambda: {"reasoning": self.text(), "reasoning_details": [{"text": self.text()}, {"summary": self.text()}]},
            lambda: {"audio": {"data": "opaque", "transcript": self.text()}},
            lambda: {"annotations": [{"url_citation": {"title": self.text(), "url": "https://opaque"}}]},
        )


@st.composite
def requests(draw: st.DrawFn) -> tuple[list[Any], dict[str, Any], list[str]]:
    planter = Planter(draw)
    kwargs = planter.one(
        dict,
        lambda: {"system": planter.content(planter.part)},
        lambda: {"prediction": {"type": "content", "content": planter.content(planter.part)}},
    )
    return planter.some(planter.message, least=1), {"model": "opaque", **kwargs}, planter.planted


@st.composite
def replies(draw: st.DrawFn) -> tuple[Any, list[str]]:
    planter = Planter(draw)

    def choice() -> dict[str, Any]:
        message = {"role": "assistant", "content": planter.content(planter.part), **planter.said()}
        return {"index": 0, "message": message, "finish_reason": "stop"}

    reply = planter.one(
        lambda: {"id": "opaque", "object": "chat.completion", "choices": planter.some(choice)},
        lambda: {"id": "opaque", "type": "message", "role": "assistant", "content": planter.some(planter.block)},
    )
    return reply, planter.planted


def marks(texts: list[str]) -> list[str]:
    return sorted(f"{MARK}{piece}{MARK}" for text in texts for piece in text.split(MARK)[1::2])


def renewed(value: Any) -> Any:
    return json.loads(json.dumps(value).replace(MARK, NEW))


@given(st.sampled_from(list(SHAPES)), requests())
def test_every_text_of_a_request_is_read_once_and_can_be_replaced(kind: str, drawn: Any) -> None:
    shape = SHAPES[kind]
    messages, kwargs, planted = shaped(drawn[0], shape), shaped(drawn[1], as_dict), drawn[2]
    before = copy.deepcopy((plain(messages), kwargs))
    client: Client = request_client(messages, kwargs)

    parts = client.read_request(messages, kwargs).parts
    assert marks([part.text for part in parts]) == sorted(planted)
    assert len({part.where for part in parts}) == len(parts)

    after, after_kwargs = client.write_request(messages, kwargs, [part.text.replace(MARK, NEW) for part in parts])
    assert (plain(after), after_kwargs) == (renewed(before[0]), renewed(before[1]))
    assert (plain(messages), kwargs) == before


@given(st.sampled_from(list(SHAPES)), replies())
def test_every_text_of_a_reply_is_read_once_and_can_be_replaced(kind: str, drawn: Any) -> None:
    reply, planted = shaped(drawn[0], SHAPES[kind]), drawn[1]
    before = copy.deepcopy(plain(reply))
    client: Client = reply_client(reply)

    parts = client.read_reply(reply).parts
    assert marks([part.text for part in parts]) == sorted(planted)
    assert all(part.where.startswith("response.") for part in parts)

    after = client.write_reply(reply, [part.text.replace(MARK, NEW) for part in parts])
    assert type(after) is type(reply)
    assert plain(after) == renewed(before)
    assert plain(reply) == before
