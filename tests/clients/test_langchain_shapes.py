"""Messages of LangChain's shape are read and written without its package."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from genai_guard import Pipeline
from genai_guard.clients import chunk_client, reply_client, request_client
from genai_guard.guards import BlockedPatterns
from genai_guard.messages import Usage


class Message(BaseModel):
    """What every message of LangChain has."""

    content: str | list[Any] = ""
    type: str = "human"
    name: str | None = None
    additional_kwargs: dict[str, Any] = {}
    response_metadata: dict[str, Any] = {}


class Answer(Message):
    type: str = "ai"
    tool_calls: list[Any] = []
    invalid_tool_calls: list[Any] = []
    usage_metadata: dict[str, Any] | None = None


class Piece(Answer):
    tool_call_chunks: list[Any] = []
    chunk_position: str | None = None


CALL = {"name": "mail", "args": {"to": "SECRET"}, "id": "c1"}
ECHO = {"type": "tool_use", "id": "c1", "name": "mail", "input": {"to": "SECRET"}}
BESIDE = {"id": "c1", "function": {"name": "mail", "arguments": '{"to":"SECRET"}'}}


def test_all_that_is_said_is_read_once_and_written_everywhere() -> None:
    said = Answer(
        content=[{"type": "text", "text": "SECRET"}, ECHO, {"type": "image", "base64": "SECRET"}],
        tool_calls=[CALL],
        invalid_tool_calls=[{"name": "mail", "args": '{"to": SECRET', "id": "c2"}],
        additional_kwargs={"tool_calls": [BESIDE], "reasoning_content": "SECRET"},
        response_metadata={"logprobs": ["SECRET"]},
    )
    content = [
        ("system", "SECRET"),
        Message(content="SECRET", name="SECRET"),
        said,
        {"role": "user", "content": "SECRET"},
    ]
    client = request_client(content, {})
    parts = client.read_request(content, {}).parts
    assert [part.role for part in parts] == ["system", "user", "user", *["assistant"] * 4, "user"]
    assert [part.kind for part in parts[3:7]] == ["text", "arguments", "arguments", "reasoning"]
    after: Any
    after, _ = client.write_request(content, {}, [part.text.replace("SECRET", "[S]") for part in parts])
    image = after[2].content.pop()
    assert image["base64"] == "SECRET", "what is no text is passed on as it is"
    assert "SECRET" not in str(after)
    assert after[2].content[1]["input"] == after[2].tool_calls[0]["args"] == {"to": "[S]"}
    assert "SECRET" in str(content), "what the caller has stays as it is"


def test_a_call_that_is_said_twice_and_not_alike_is_read_twice() -> None:
    other = {**ECHO, "input": {"to": "somebody else"}}
    reply = Answer(content=[other], tool_calls=[CALL])
    texts = [part.text for part in reply_client(reply).read_reply(reply).parts]
    assert texts == ['{"to": "somebody else"}', '{"to": "SECRET"}']


def test_usage_model_and_finish_reason_are_read() -> None:
    usage = {"input_tokens": 9, "output_tokens": 4, "input_token_details": {"cache_read": 3, "cache_creation": 2}}
    about = {"model_name": "m", "finish_reason": "stop"}
    reply = Answer(content="x", usage_metadata=usage, response_metadata=about)
    read = reply_client(reply).read_reply(reply)
    assert (read.usage, read.model, read.finish_reason) == (Usage(9, 4, 3, cache_write_tokens=2), "m", "stop")


def test_usage_adds_up_over_a_stream_and_held_text_comes_before_the_end() -> None:
    chunks = [
        Piece(content="write to bo", usage_metadata={"input_tokens": 9, "output_tokens": 0}),
        Piece(content="b@example.com"),
        Piece(tool_call_chunks=[{"name": "mail", "args": "", "id": "c1", "index": 0}]),
        Piece(response_metadata={"finish_reason": "stop"}, usage_metadata={"input_tokens": 0, "output_tokens": 4}),
    ]
    reader = chunk_client(chunks[0]).open_stream()
    for chunk in chunks:
        reader.read(chunk)
    assert reader.reply().usage == Usage(9, 4)

    def ask(prompt: str) -> Any:
        yield from chunks

    out = list(Pipeline(output=[BlockedPatterns(["bob@example.com"], action="redact")]).wrap(ask)("hi"))
    assert "".join(chunk.content for chunk in out) == "write to [BLOCKED]"
    assert out[-1] is chunks[-1]
