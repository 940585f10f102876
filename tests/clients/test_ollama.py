"""Ollama's replies and streams, as dictionaries; its requests are messages and prompts of the usual shapes."""

from __future__ import annotations

from typing import Any

import pytest

from genai_guard.clients import chunk_client, reply_client, request_client
from genai_guard.clients.ollama import OLLAMA
from genai_guard.messages import Medium, Usage

FIGURES = {"model": "m", "done": True, "done_reason": "stop", "prompt_eval_count": 7, "eval_count": 3}


def chat(done: bool = True, **message: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": "", **message}
    return {**(FIGURES if done else {"model": "m", "done": False}), "message": message}


def call(arguments: dict[str, Any]) -> dict[str, Any]:
    return {"function": {"name": "send", "arguments": arguments}}


def guarded(reply: Any) -> Any:
    assert reply_client(reply) is OLLAMA
    texts = [part.text.replace("SECRET", "[S]") for part in OLLAMA.read_reply(reply).parts]
    return OLLAMA.write_reply(reply, texts)


def test_a_chat_is_guarded_with_its_thinking_and_calls() -> None:
    reply = chat(
        content="a SECRET", thinking="b SECRET", tool_calls=[call({"to": "SECRET"}), call({})], images=[b"SECRET"]
    )
    assert sorted((p.text, p.kind, p.name) for p in OLLAMA.read_reply(reply).parts) == [
        ("", "arguments", "send"),
        ("a SECRET", "text", ""),
        ("b SECRET", "reasoning", ""),
        ('{"to": "SECRET"}', "arguments", "send"),
    ]
    message = guarded(reply)["message"]
    assert (message["content"], message["thinking"], message["images"]) == ("a [S]", "b [S]", [b"SECRET"])
    assert message["tool_calls"] == [call({"to": "[S]"}), call({})]


def test_an_edit_takes_along_the_tokens_of_the_conversation() -> None:
    reply = {**FIGURES, "response": "SECRET", "thinking": "b", "context": [1, 2], "logprobs": [{"token": "SECRET"}]}
    after = guarded(reply)
    assert (after["response"], after["context"], after["logprobs"]) == ("[S]", None, None)
    unchanged = reply | {"response": "a"}
    assert guarded(unchanged) is unchanged


def test_usage_model_and_finish_reason_are_read() -> None:
    answer = OLLAMA.read_reply(chat(content="a"))
    assert (answer.usage, answer.model, answer.finish_reason) == (Usage(7, 3), "m", "stop")
    assert OLLAMA.read_reply(chat(done=False)).usage is None


def test_messages_prompts_and_their_bound_are_read() -> None:
    messages = [
        {"role": "assistant", "content": "", "tool_calls": [call({"to": "a"})]},
        {"role": "tool", "content": "sent", "tool_name": "send"},
    ]
    kwargs = {"model": "m", "options": {"num_predict": 9}}
    request = request_client(messages, kwargs).read_request(messages, kwargs)
    assert [(p.text, p.kind, p.name) for p in request.parts] == [
        ('{"to": "a"}', "arguments", "send"),
        ("sent", "result", "send"),
    ]
    assert request.max_tokens == 9
    kwargs = {"system": "b", "suffix": "c"}
    client = request_client("a", kwargs)
    assert {part.text for part in client.read_request("a", kwargs).parts} == {"a", "b", "c"}
    assert client.write_request("a", kwargs, ["B", "C", "A"]) == ("A", {"system": "B", "suffix": "C"})


def test_images_are_seen_beside_messages_and_prompts() -> None:
    message = {"role": "user", "content": "a", "images": ["aGk="]}
    assert request_client([message], {}).read_request([message], {}).media == (
        Medium("image", "messages[0].images[0]"),
    )
    kwargs = {"images": [b"hi"]}
    assert request_client("a", kwargs).read_request("a", kwargs).media == (Medium("image", "images[0]"),)


@pytest.mark.parametrize("field", ["message", "response"])
def test_held_text_goes_out_before_the_chunk_that_is_done(replay: Any, field: str) -> None:
    def piece(text: str, thinking: str | None = None, done: bool = False) -> dict[str, Any]:
        if field == "message":
            return chat(done, content=text, thinking=thinking)
        return {**(FIGURES if done else {"done": False}), "response": text, "thinking": thinking}

    chunks = [piece("", "SEC"), piece("", "RET SE"), piece("a SEC"), piece("RET S"), piece("", done=True)]
    stream = chunk_client(chunks[0]).open_stream()
    out = replay(stream, chunks)
    texts = [chunk[field]["content"] if field == "message" else chunk[field] for chunk in out]
    thoughts = [(chunk[field] if field == "message" else chunk)["thinking"] for chunk in out]
    assert texts == ["", "a ", "[S] ", "", "S", ""]
    assert thoughts == ["[S] ", None, None, "SE", None, None]
    assert out[-1] is chunks[-1]
    assert stream.reply().usage == Usage(7, 3)


def test_streamed_calls_come_whole_and_are_counted(replay: Any) -> None:
    chunks = [chat(False, tool_calls=[call({"to": "SECRET"})]), chat(False, tool_calls=[call({"a": 1})]), chat()]
    out = replay(OLLAMA.open_stream(), chunks)
    assert [c["message"].get("tool_calls") for c in out] == [[call({"to": "[S]"})], [call({"a": 1})], None]
    reader = OLLAMA.open_stream()
    places = [delta.where for chunk in chunks for delta in reader.read(chunk)]
    assert places == [f"response.message.tool_calls[{at}].function.arguments" for at in (0, 1)]


def test_a_stream_that_breaks_off_hands_out_what_was_held(replay: Any) -> None:
    out = replay(OLLAMA.open_stream(), [chat(False, content="a SEC", tool_calls=[call({"a": 1})])])
    assert [(c["message"]["content"], c["message"]["tool_calls"]) for c in out] == [
        ("a ", [call({"a": 1})]),
        ("SEC", None),
    ]
