"""Bodies of requests as dictionaries, arguments beside each other, and the rows and predictions of one's own models."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

import pytest

from genai_guard import ConfigurationError, GuardBlocked, Pipeline
from genai_guard.clients import ask_again, reply_client, request_client
from genai_guard.clients.openai_chat import OPENAI_CHAT
from genai_guard.clients.payload import PAYLOAD, PREDICTIONS
from genai_guard.guards import BlockedPatterns
from genai_guard.messages import Usage


class Role(Enum):
    SYSTEM = "system"
    USER = "user"


@dataclass
class Message:
    role: Role | None
    content: str


def sent(content: Any, **kwargs: Any) -> tuple[Any, Any]:
    reader = request_client(content, kwargs)
    assert reader is PAYLOAD
    parts = reader.read_request(content, kwargs).parts
    return reader.write_request(content, kwargs, [part.text.replace("SECRET", "[S]") for part in parts])


@pytest.mark.parametrize(
    ("body", "after"),
    [
        ({"messages": [{"role": "user", "content": "SECRET"}]}, {"messages": [{"role": "user", "content": "[S]"}]}),
        ({"prompt": "SECRET", "system": "SECRET"}, {"prompt": "[S]", "system": "[S]"}),
        ({"prompt": ["SECRET", "b"]}, {"prompt": ["[S]", "b"]}),
        ({"input": [{"role": "user", "content": "SECRET"}]}, {"input": [{"role": "user", "content": "[S]"}]}),
        ({"dataframe_records": [{"question": "SECRET", "n": 1}]}, {"dataframe_records": [{"question": "[S]", "n": 1}]}),
        ({"dataframe_split": {"data": [["SECRET", 2]]}}, {"dataframe_split": {"data": [["[S]", 2]]}}),
        ({"inputs": {"a": ("SECRET",)}, "instances": ["SECRET"]}, {"inputs": {"a": ("[S]",)}, "instances": ["[S]"]}),
        (
            {"input": [{"role": "user", "content": "a"}, {"type": "function_call_output", "output": "SECRET"}]},
            {"input": [{"role": "user", "content": "a"}, {"type": "function_call_output", "output": "[S]"}]},
        ),
        (
            {
                "input": [{"role": "user", "content": "SECRET"}],
                "instructions": "SECRET",
                "custom_inputs": {"a": "SECRET"},
            },
            {"input": [{"role": "user", "content": "[S]"}], "instructions": "[S]", "custom_inputs": {"a": "[S]"}},
        ),
        (
            {"messages": [{"role": "user", "content": "SECRET"}], "prompt": "SECRET", "inputs": ["SECRET"]},
            {"messages": [{"role": "user", "content": "[S]"}], "prompt": "[S]", "inputs": ["[S]"]},
        ),
    ],
)
def test_bodies_and_arguments_are_guarded_alike(body: dict[str, Any], after: dict[str, Any]) -> None:
    rest = {"max_tokens": 9, "model": "m"}
    assert sent({**body, **rest}, endpoint="e") == ({**after, **rest}, {"endpoint": "e"})
    assert sent(None, **body, **rest) == (None, {**after, **rest})
    request = PAYLOAD.read_request({**body, **rest}, {})
    assert (request.model, request.max_tokens) == ("m", 9)


def test_an_unchanged_body_is_the_very_same() -> None:
    body = {"messages": [{"role": "user", "content": "a"}]}
    assert sent(body)[0] is body


@pytest.mark.parametrize("body", [None, {}, {"question": "SECRET"}, {"messages": 3}, {"prompt": [1, 2]}])
def test_a_body_in_which_nothing_is_known_is_an_error(body: Any) -> None:
    with pytest.raises(ConfigurationError, match="no client reads a request") as error:
        request_client(body, {})
    assert "SECRET" not in str(error.value)


def test_the_model_is_asked_again_in_the_body() -> None:
    body = {"messages": [{"role": "user", "content": "a"}], "max_tokens": 9}
    after, _ = ask_again(PAYLOAD, body, {}, (), "Better.") or (None, None)
    assert after == {"messages": [{"role": "user", "content": "a\n\nBetter."}], "max_tokens": 9}
    assert ask_again(PAYLOAD, {"inputs": ["a"]}, {}, (), "Better.") is None


def test_predictions_are_guarded_wherever_they_have_text() -> None:
    reply = {
        "predictions": [{"answer": "SECRET", "score": 1.0}, ["SECRET"]],
        "model": "m",
        "usage": {"prompt_tokens": 3},
    }
    assert reply_client(reply) is PREDICTIONS
    answer = PREDICTIONS.read_reply(reply)
    assert (answer.usage, answer.model) == (Usage(3), "m")
    after = PREDICTIONS.write_reply(reply, ["[S]", "[S]"])
    assert after == reply | {"predictions": [{"answer": "[S]", "score": 1.0}, ["[S]"]]}
    assert PREDICTIONS.write_reply(reply, ["SECRET", "SECRET"]) is reply


def test_roles_that_are_members_of_an_enumeration_are_known() -> None:
    messages = [Message(Role.SYSTEM, "a"), Message(Role.USER, "b")]
    assert [part.role for part in OPENAI_CHAT.read_request(messages, {}).parts] == ["system", "user"]


def test_a_function_of_inputs_is_guarded_by_its_inputs() -> None:
    def predict(deployment_name: str | None = None, inputs: Any = None, endpoint: str | None = None) -> dict[str, Any]:
        return {"choices": [{"index": 0, "message": {"role": "assistant", "content": str(inputs)}}]}

    ask = Pipeline(input=[BlockedPatterns(["SECRET"])]).wrap(predict)
    assert ask(endpoint="e", inputs={"prompt": "a"})["choices"]
    with pytest.raises(GuardBlocked):
        ask(endpoint="e", inputs={"prompt": "SECRET"})
    with pytest.raises(ConfigurationError, match="no client reads a request"):
        ask(endpoint="e")
