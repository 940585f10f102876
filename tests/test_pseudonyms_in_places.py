"""Stand-ins in every place of a request, and values in every place of the reply."""

from __future__ import annotations

import copy
import json
import re
from functools import cached_property
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from genai_guard import Pipeline
from genai_guard.guards import PII, Vault
from genai_guard.text.rules import Rule
from guards.standing import cut
from test_coverage_of_text import REPLIES, REQUESTS, anthropic_events, openai, openai_chunks, text_of, user

SECRET = "bob@acme.com"
CARD = "4111 1111 1111 1111"
TEXT = f"write to {SECRET} about {CARD}"
PSEUDONYMIZE = PII(action="pseudonymize")
pipeline = Pipeline(input=[PSEUDONYMIZE], output=[PII(action="redact")])


@pytest.mark.parametrize("place", REQUESTS)
def test_a_value_is_replaced_wherever_it_stands_in_a_request(place: str) -> None:
    received: list[Any] = []

    def create(**kwargs: Any) -> Any:
        received.append(kwargs)
        return {"object": "chat.completion", "choices": []}

    call = REQUESTS[place](f"to {SECRET}")
    before = copy.deepcopy(call)
    pipeline.wrap(create)(**call)
    sent = json.dumps(received[0])
    assert SECRET not in sent
    assert sent.count("@example.") == 1
    assert call == before


def said(kwargs: Any) -> str:
    return str(kwargs["messages"][-1]["content"])


@pytest.mark.parametrize("place", REPLIES)
def test_a_value_is_turned_back_wherever_it_stands_in_a_reply(place: str) -> None:
    def create(**kwargs: Any) -> Any:
        return REPLIES[place](said(kwargs))

    assert pipeline.wrap(create)(**openai(user(f"to {SECRET}"))) == REPLIES[place](f"to {SECRET}")


@pytest.mark.parametrize("tool", [False, True])
@pytest.mark.parametrize("events", [openai_chunks, anthropic_events])
@given(sizes=st.lists(st.integers(1, 9), min_size=1, max_size=6))
def test_a_value_is_turned_back_in_every_streamed_text(events: Any, sizes: list[int], *, tool: bool) -> None:
    def create(**kwargs: Any) -> Any:
        text = json.dumps({"to": said(kwargs), "n": 1}) if tool else said(kwargs)
        return (chunk for chunk in events(cut(text, sizes), tool=tool))

    received = text_of(list(pipeline.wrap(create)(**openai(user(TEXT)))))
    assert received == (json.dumps({"to": TEXT, "n": 1}) if tool else TEXT)


@pytest.mark.parametrize(
    ("card", "restored"),
    [("4111111111111111", 4111111111111111), (CARD, CARD), ("4111-1111-1111-1111", "4111-1111-1111-1111")],
)
@given(sizes=st.lists(st.integers(1, 9), min_size=1, max_size=4))
def test_a_bare_number_in_arguments_becomes_a_number_where_it_was_one(
    card: str, restored: Any, sizes: list[int]
) -> None:
    def create(**kwargs: Any) -> Any:
        number = "".join(filter(str.isdigit, said(kwargs)))
        return (chunk for chunk in openai_chunks(cut(f'{{"n": {number}, "on": true}}', sizes), tool=True))

    # the model strips the grouping: only what it writes as it was told is turned back
    received = json.loads(text_of(list(Pipeline(input=[PSEUDONYMIZE]).wrap(create)(**openai(user(card))))))
    assert received["on"] is True
    assert (received["n"] == restored) is card.isdigit()


def test_a_number_in_the_arguments_of_a_request_stays_a_number() -> None:
    received: list[Any] = []

    def create(**kwargs: Any) -> str:
        received.append(kwargs)
        return "ok"

    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"n": 4111111111111111}'}}
    pipeline.wrap(create)(**openai(user("hi"), {"role": "assistant", "content": None, "tool_calls": [call]}))
    arguments = json.loads(received[0]["messages"][1]["tool_calls"][0]["function"]["arguments"])
    assert isinstance(arguments["n"], int)
    assert arguments["n"] != 4111111111111111


class Contact(BaseModel):
    mail: str
    note: str


class Names(PII):
    """A guard that finds one name, quotes and all."""

    kind = "names"

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        return (Rule("names", "PERSON", re.escape(NAME)),)


NAME = 'O"Neil\\Bob'


def test_structured_output_is_built_again_from_the_values() -> None:
    def create(**kwargs: Any) -> Any:
        name, _, mail = said(kwargs).partition(" at ")
        content = Contact(mail=mail, note=name).model_dump_json()
        message = {"role": "assistant", "content": content, "parsed": Contact.model_validate_json(content)}
        return {"object": "chat.completion", "model": "m", "choices": [{"index": 0, "message": message}]}

    guarded = Pipeline(input=[Names(action="pseudonymize"), PSEUDONYMIZE])
    reply: Any = guarded.wrap(create)(**openai(user(f"{NAME} at {SECRET}")))
    message = reply["choices"][0]["message"]
    assert message["parsed"] == Contact(mail=SECRET, note=NAME)
    assert json.loads(message["content"]) == {"mail": SECRET, "note": NAME}


def test_every_choice_is_turned_back() -> None:
    def create(**kwargs: Any) -> Any:
        return {
            "object": "chat.completion",
            "choices": [{"index": i, "message": {"role": "assistant", "content": said(kwargs) * i}} for i in range(3)],
        }

    reply: Any = pipeline.wrap(create)(**openai(user(f"{SECRET}; ")))
    assert [choice["message"]["content"] for choice in reply["choices"]] == ["", f"{SECRET}; ", f"{SECRET}; " * 2]


def test_one_value_has_one_stand_in_in_a_whole_conversation() -> None:
    received: list[Any] = []

    def create(**kwargs: Any) -> str:
        received.append(kwargs)
        return "ok"

    pipeline.wrap(create)(
        **openai({"role": "system", "content": SECRET}, user(SECRET), user([{"type": "text", "text": SECRET}]))
    )
    system, first, second = received[0]["messages"]
    assert system["content"] == first["content"] == second["content"][0]["text"] != SECRET


def test_what_stands_elsewhere_in_the_request_is_no_stand_in() -> None:
    key = "correct horse battery staple"
    taken = PSEUDONYMIZE.check(SECRET, vault=Vault(key=key)).text
    guarded = Pipeline(input=[PII(["EMAIL"], action="pseudonymize", hash_key=key, name="one")])
    received: list[Any] = []

    def create(messages: list[Any]) -> Any:
        received.extend(message["content"] for message in messages)
        return received[0]

    assert guarded(create)([user(SECRET), user(f"see {taken.partition('@')[0]}@\u00a0")]) == SECRET
    assert received[0] == taken, "half of it stands there, which is something else"
    received.clear()
    with_taken = {"role": "user", "content": [{"type": "text", "text": f"x{taken.upper()}x"}]}
    assert guarded(create)([user(SECRET), with_taken]) == SECRET
    assert received[0] != taken


def test_objects_of_the_sdk_are_turned_back_like_dictionaries() -> None:
    from anthropic.types import Message
    from openai.types.chat import ChatCompletion, ChatCompletionChunk

    def complete(**kwargs: Any) -> Any:
        return ChatCompletion.construct(**REPLIES["tool call"](said(kwargs)))

    def answer(**kwargs: Any) -> Any:
        return Message.construct(**REPLIES["anthropic tool use"](said(kwargs)))

    def stream(**kwargs: Any) -> Any:
        events = openai_chunks(cut(json.dumps({"to": said(kwargs)}), [5]), tool=True)
        return (ChatCompletionChunk.construct(**event) for event in events)

    call = openai(user(TEXT))
    reply: Any = pipeline.wrap(complete)(**call)
    assert json.loads(reply.choices[0].message.tool_calls[0].function.arguments) == {"to": TEXT}
    message: Any = pipeline.wrap(answer)(**call)
    assert message.content[0].input == {"to": {"cc": TEXT}}
    chunks: Any = list(pipeline.wrap(stream)(**call))
    assert json.loads(text_of([chunk.to_dict() for chunk in chunks])) == {"to": TEXT}
