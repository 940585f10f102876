"""The real instructor, around the real OpenAI SDK, with llmock as its server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from calls import World
from genai_guard import ConfigurationError

instructor = pytest.importorskip("instructor", reason="pip install instructor")
openai = pytest.importorskip("openai", reason="pip install openai")
pytest.importorskip("llmock", reason="pip install llmock")

pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
HELLO = [{"role": "user", "content": "Who keeps the SECRET plan?"}]


class Person(BaseModel):
    name: str
    age: int = 0


@pytest.fixture
def client(llmock: Any) -> Iterator[Any]:
    """Return a client of the server."""
    with openai.OpenAI(base_url=llmock.base_url("openai"), api_key="k", max_retries=0) as made:
        yield made


def test_each_attempt_over_a_wrapped_client_is_one_guarded_call(
    client: Any, llmock: Any, world: World, ended: Callable[..., None]
) -> None:
    llmock.call_tool("Person", {"age": 3}).call_tool("Person", {"name": "SECRET plan"})
    ask = instructor.from_openai(world.pipeline.wrap_client(client)).chat.completions.create
    person = ask(model="m", messages=HELLO, response_model=Person, max_retries=2)
    assert (isinstance(person, Person), person.name) == (True, "[BLOCKED]")
    assert "SECRET" not in f"{person._raw_response!r}{[record.body for record in llmock.requests]}"
    ended(calls=2)


def test_a_stream_over_a_wrapped_client_is_guarded(client: Any, llmock: Any, world: World) -> None:
    llmock.call_tool("Person", {"name": "SECRET plan", "age": 4})
    partial = instructor.from_openai(world.pipeline.wrap_client(client)).chat.completions.create_partial
    seen = list(partial(model="m", messages=HELLO, response_model=Person))
    assert (seen[-1].name, seen[-1].age) == ("[BLOCKED]", 4)
    assert "SECRET" not in str(seen)


async def test_an_asynchronous_client_is_guarded_alike(llmock: Any, world: World) -> None:
    llmock.call_tool("Person", {"name": "SECRET plan"})
    async with openai.AsyncOpenAI(base_url=llmock.base_url("openai"), api_key="k") as inner:
        client = instructor.from_openai(world.pipeline.wrap_client(inner))
        person = await client.chat.completions.create(model="m", messages=HELLO, response_model=Person)
    assert (isinstance(person, Person), person.name) == (True, "[BLOCKED]")


def test_what_instructor_returns_is_guarded_as_one_call_with_the_usage_of_all_attempts(
    client: Any, llmock: Any, world: World, ended: Callable[..., None]
) -> None:
    llmock.call_tool("Person", {"age": 3}).call_tool("Person", {"name": "SECRET plan"})
    ask = world.pipeline.wrap(instructor.from_openai(client).chat.completions.create)
    person = ask(model="m", messages=HELLO, response_model=Person, max_retries=2)
    assert (isinstance(person, Person), person.name) == (True, "[BLOCKED]")
    assert len(llmock.requests) == 2
    assert "SECRET" not in str(llmock.requests[0].body)
    assert [(part.text, part.where) for part in world.event.response] == [
        ('{"name":"SECRET plan","age":0}', "response")
    ]
    ended()
    once = world.event.usage.output_tokens
    llmock.call_tool("Person", {"name": "SECRET plan"})
    ask(model="m", messages=HELLO, response_model=Person)
    assert once > world.events[-1].usage.output_tokens > 0


def test_what_instructor_streams_is_an_error_that_says_what_to_do(client: Any, llmock: Any, world: World) -> None:
    llmock.call_tool("Person", {"name": "SECRET plan"})
    partial = world.pipeline.wrap(instructor.from_openai(client).chat.completions.create_partial)
    with pytest.raises(ConfigurationError, match="guard the client that it comes from"):
        list(partial(model="m", messages=HELLO, response_model=Person))


def test_an_error_of_the_service_is_one_event_for_each_attempt(
    client: Any, llmock: Any, world: World, ended: Callable[..., None]
) -> None:
    llmock.fail(500, times=None)
    ask = instructor.from_openai(world.pipeline.wrap_client(client)).chat.completions.create
    with pytest.raises(Exception) as error:
        ask(model="m", messages=HELLO, response_model=Person, max_retries=2)
    assert "SECRET" not in repr(error.value)
    ended("error", calls=len(llmock.requests))
