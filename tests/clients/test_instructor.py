"""Models that instructor returns, as pydantic models of a caller's own that hold the reply they were made of."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, Field

from genai_guard import ConfigurationError, Pipeline
from genai_guard.clients import reply_client
from genai_guard.clients.instructor import INSTRUCTOR
from genai_guard.guards import BlockedPatterns
from genai_guard.messages import Usage

USAGE = {"prompt_tokens": 5, "completion_tokens": 2}
RAW = {"model": "m", "choices": [{"message": {"role": "assistant", "content": "SECRET"}, "finish_reason": "stop"}]}


class Person(BaseModel):
    name: str
    mail: str = Field(default="", pattern=r"^[^\[]*$")


def made(**said: Any) -> Person:
    person = Person(**said)
    object.__setattr__(person, "_raw_response", {**RAW, "usage": USAGE})
    return person


def test_a_model_is_guarded_as_the_json_that_it_was_made_of() -> None:
    person = made(name="SECRET é")
    assert reply_client(person) is INSTRUCTOR
    answer = INSTRUCTOR.read_reply(person)
    assert [part.text for part in answer.parts] == ['{"name":"SECRET é","mail":""}']
    assert (answer.usage, answer.model, answer.finish_reason) == (Usage(5, 2), "m", "stop")
    after = INSTRUCTOR.write_reply(person, [answer.parts[0].text.replace("SECRET", "[S]")])
    assert (type(after), after.name) == (Person, "[S] é")
    assert "SECRET" not in f"{vars(after)}"
    assert INSTRUCTOR.write_reply(person, [answer.parts[0].text]) is person


def invited(prompt: str) -> Person:
    return made(name="a", mail="bob@example.com")


def test_an_edit_that_does_not_fit_the_model_is_an_error_that_says_what_to_do() -> None:
    ask = Pipeline(output=[BlockedPatterns(["bob@example.com"], action="redact")]).wrap(invited)
    with pytest.raises(ConfigurationError, match="guard the client that instructor calls") as error:
        ask("hi")
    assert "bob" not in f"{error.value!r} {error.value.__context__!r}"


def test_a_model_without_the_reply_it_was_made_of_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(ConfigurationError, match=r"from_openai\(pipeline.wrap_client\(client\)\)"):
        reply_client(Person(name="SECRET"))
