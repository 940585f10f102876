"""A client whose next version keeps its texts elsewhere: an error that says what to do, and never a text unread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace as Obj
from typing import Any

import pytest
from pydantic import BaseModel

from calls import CountingLimiter, Events
from genai_guard import ConfigurationError, Limit, Pipeline
from genai_guard.clients import custom
from genai_guard.guards import PII

MAIL = "jo@example.com"


class Message(BaseModel):
    role: str = "assistant"
    body: str = MAIL


class Choice(BaseModel):
    index: int = 0
    message: Message = Message()
    finish_reason: str = "stop"


class Completion(BaseModel):
    object: str = "chat.completion"
    choices: list[Choice] = [Choice()]


class Renamed(BaseModel):
    outputs: list[str] = [MAIL]


MOVED: dict[str, Callable[[], Any]] = {
    "renamed list": Renamed,
    "renamed text": Completion,
    "renamed text of an object": lambda: Obj(choices=[Obj(index=0, message=Obj(role="assistant", body=MAIL))]),
    "renamed text of a dictionary": lambda: {"choices": [{"index": 0, "message": {"role": "assistant", "body": MAIL}}]},
    "renamed text of a block": lambda: Obj(type="message", content=[Obj(type="text", body=MAIL)]),
    "renamed text of a part": lambda: {
        "object": "response",
        "output": [{"type": "message", "content": [{"type": "output_text", "body": MAIL}]}],
    },
    "renamed parts": lambda: {"object": "response", "output": [{"type": "message", "parts": [{"text": MAIL}]}]},
}
CHUNKS: dict[str, Callable[[], Any]] = {
    "renamed list": lambda: Obj(outputs=[MAIL]),
    "renamed text": lambda: Obj(choices=[Obj(index=0, delta=Message(), finish_reason=None)]),
    "renamed text of a dictionary": lambda: {"choices": [{"index": 0, "delta": {"role": "assistant", "body": MAIL}}]},
    "renamed type": lambda: {"kind": "response.output_text.delta", "delta": MAIL},
}


def pipeline(**parts: Any) -> tuple[Pipeline, Events, CountingLimiter]:
    events = Events()
    limiter: Any = CountingLimiter(Limit.tokens(10_000, per="minute"))
    return Pipeline(output=[PII()], recorder=events, limiter=limiter, **parts), events, limiter


def check(error: BaseException, events: Events, limiter: CountingLimiter) -> None:
    assert "reader = custom(" in str(error)
    assert MAIL not in str(error)
    (event,) = events
    assert (event.status, event.error_type) == ("error", "ConfigurationError")
    assert (limiter.open, len(limiter.settled)) == ([], 1)


@pytest.mark.parametrize("moved", MOVED)
def test_a_reply_whose_text_moved_is_an_error_that_names_the_reader_to_pass(moved: str) -> None:
    guarded, events, limiter = pipeline()
    with pytest.raises(ConfigurationError) as caught:
        guarded(lambda prompt: MOVED[moved]())("hi")
    check(caught.value, events, limiter)


@pytest.mark.parametrize("moved", CHUNKS)
def test_a_stream_whose_text_moved_is_an_error_that_names_the_reader_to_pass(moved: str) -> None:
    guarded, events, limiter = pipeline()

    @guarded
    def ask(prompt: str) -> Iterator[Any]:
        yield CHUNKS[moved]()

    with pytest.raises(ConfigurationError) as caught:
        list(ask("hi"))
    check(caught.value, events, limiter)


def test_the_reader_that_is_named_reads_it() -> None:
    reader = custom(
        reply=lambda reply: reply.outputs,
        write_reply=lambda reply, texts: reply.model_copy(update={"outputs": texts}),
    )
    guarded, events, limiter = pipeline(reader=reader)
    assert guarded(lambda prompt: Renamed())("hi").outputs == ["[EMAIL]"]
    assert (limiter.open, len(events)) == ([], 1)


@pytest.mark.parametrize(
    "message",
    [{"role": "assistant", "content": None}, {"role": "assistant", "tool_calls": []}, {"role": "assistant"}, {}],
    ids=str,
)
def test_a_reply_that_says_nothing_is_none_that_moved(message: Any) -> None:
    reply = {"object": "chat.completion", "choices": [{"index": 0, "message": message}]}
    guarded, _, _ = pipeline()
    assert guarded(lambda prompt: reply)("hi") is reply
