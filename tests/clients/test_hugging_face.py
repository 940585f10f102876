"""Text generation with details of Hugging Face, as dictionaries and as objects that are both dictionary and dataclass."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import pytest

from genai_guard.clients import chunk_client, reply_client
from genai_guard.clients.hugging_face import HUGGING_FACE
from genai_guard.clients.openai_chat import OPENAI_CHAT
from genai_guard.messages import Usage

DETAILS = {"finish_reason": "eos_token", "generated_tokens": 4, "prefill": [{"id": 1, "text": "a"}]}


@dataclass
class Both(dict[str, Any]):
    """Keeps its fields twice, as the SDK's types do."""

    def __post_init__(self) -> None:
        self.update(asdict(self))

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if self.get(name) != value:
            self[name] = value


@dataclass
class Message(Both):
    role: str
    content: str


@dataclass
class Choice(Both):
    index: int
    message: Message
    finish_reason: str


@dataclass
class Completion(Both):
    choices: list[Choice]
    model: str


def guarded(reply: Any) -> Any:
    reader = reply_client(reply)
    return reader.write_reply(reply, [p.text.replace("SECRET", "[S]") for p in reader.read_reply(reply).parts])


def token(text: str, *, special: bool = False, **last: Any) -> dict[str, Any]:
    said = {"id": 1, "text": text, "special": special, "logprob": -1.0}
    return {"index": 1, "token": said, "generated_text": None, "details": None, **last}


def test_a_generated_text_is_guarded_with_its_details() -> None:
    best = [{"generated_text": "SECRET", "tokens": [{"text": "SECRET"}]}]
    details = {**DETAILS, "tokens": [{"text": "SEC"}, {"text": "RET"}], "best_of_sequences": best}
    reply = {"generated_text": "I am SECRET", "details": details}
    answer = HUGGING_FACE.read_reply(reply)
    assert (answer.usage, answer.finish_reason) == (Usage(1, 4), "eos_token")
    assert guarded(reply) == {
        "generated_text": "I am [S]",
        "details": {**DETAILS, "tokens": [], "best_of_sequences": [{"generated_text": "[S]", "tokens": []}]},
    }
    assert "SECRET" in str(reply)


def test_usage_without_the_tokens_of_the_request_is_no_usage() -> None:
    assert (
        HUGGING_FACE.read_reply({"generated_text": "a", "details": {"generated_tokens": 4, "prefill": []}}).usage
        is None
    )


@pytest.mark.parametrize("special", [True, False])
def test_the_last_chunk_says_what_was_handed_out(replay: Any, special: bool) -> None:
    end: dict[str, Any] = {
        "generated_text": "a SECRET SE!",
        "details": {"finish_reason": "length", "generated_tokens": 4, "input_length": 3},
    }
    last = token("</s>", special=True, **end) if special else token("!", **end)
    chunks = [token("<s>", special=True), token("a SEC"), token("RET"), token(" SE"), last]
    stream = chunk_client(chunks[0]).open_stream()
    out = replay(stream, chunks)
    said = "".join(c["token"]["text"] for c in out if not c["token"]["special"])
    assert said == out[-1]["generated_text"] == ("a [S] SE" if special else "a [S] SE!")
    assert "SECRET" not in str(out)
    assert (stream.reply().usage, stream.reply().finish_reason) == (Usage(3, 4), "length")


def test_an_edited_token_does_not_tell_its_number(replay: Any) -> None:
    (after,) = replay(HUGGING_FACE.open_stream(), [token("SECRET.", top_tokens=[[{"text": "SECRET"}]])])
    assert (after["token"]["text"], after["token"]["id"], after["top_tokens"]) == ("[S].", None, None)


def test_an_object_that_keeps_its_fields_twice_changes_both() -> None:
    reply = Completion([Choice(0, Message("assistant", "I am SECRET"), "stop")], "m")
    assert reply_client(reply) is OPENAI_CHAT
    after = guarded(reply)
    assert (type(after), type(after.choices[0].message)) == (Completion, Message)
    assert after.choices[0].message.content == after["choices"][0]["message"]["content"] == "I am [S]"
    assert "SECRET" not in f"{after!r} {dict(after)} {asdict(after)}"
    assert reply.choices[0].message.content == reply["choices"][0]["message"]["content"] == "I am SECRET"
