"""`Pipeline.wrap_client`: a copy of a client, guarded, whatever its objects are made of."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import pytest

from genai_guard import ConfigurationError, Pipeline
from genai_guard.clients.surface import Surface, surface_of
from genai_guard.guards import PII

MAIL = "jo@example.com"


class Chat:
    __slots__ = ("client",)

    def __init__(self, client: Client) -> None:
        self.client = client

    def complete(self, prompt: str) -> str:
        self.client.seen.append(prompt)
        return f"write to {MAIL}"

    async def acomplete(self, prompt: str) -> str:
        return self.complete(prompt)


class Models:
    def __init__(self, client: Client) -> None:
        self._client = client

    def list(self) -> list[str]:
        return ["small"]

    def try_out(self, prompt: str) -> str:
        return f"heard {prompt}"


class Client:
    """A client of nobody's: a cached resource, one behind a property, and a destructor."""

    def __init__(self, key: str = "k") -> None:
        self.key = key
        self.seen: list[str] = []
        self.sockets = ["open"]
        self._models = Models(self)

    @cached_property
    def chat(self) -> Chat:
        return Chat(self)

    @property
    def models(self) -> Models:
        return self._models

    def ask(self, prompt: str) -> str:
        return self.chat.complete(prompt)

    def close(self) -> None:
        self.sockets.clear()

    def __del__(self) -> None:
        self.close()


METHODS = ["ask", "chat.complete", "chat.acomplete"]


def test_the_methods_that_a_user_names_are_guarded_in_a_copy() -> None:
    client = Client()
    client.chat.complete("warm")
    wrapped = Pipeline(input=[PII()], output=[PII()]).wrap_client(client, methods=METHODS)

    assert isinstance(wrapped, Client)
    assert wrapped.chat.complete(f"I am {MAIL}") == "write to [EMAIL]"
    assert wrapped.ask(f"I am {MAIL}") == "write to [EMAIL]"
    assert (wrapped.key, wrapped.models.list()) == ("k", ["small"])
    assert client.chat.complete("hi") == f"write to {MAIL}"
    assert client.seen == ["warm", "I am [EMAIL]", "I am [EMAIL]", "hi"]


async def test_asynchronous_methods_stay_so() -> None:
    wrapped = Pipeline(output=[PII()]).wrap_client(Client(), methods=METHODS)
    assert await wrapped.chat.acomplete("hi") == "write to [EMAIL]"


def test_a_client_that_closes_itself_lives_as_long_as_its_copy_and_no_shorter() -> None:
    client = Client()
    Pipeline().wrap_client(client, methods=METHODS)
    assert client.sockets
    del client
    wrapped = Pipeline(output=[PII()]).wrap_client(Client(), methods=METHODS)
    assert wrapped.sockets
    assert wrapped.ask("hi") == "write to [EMAIL]"


def test_an_object_behind_a_property_is_replaced_too() -> None:
    client = Client()
    wrapped = Pipeline(output=[PII()]).wrap_client(client, methods=["models.try_out"])
    assert wrapped.models.try_out(MAIL) == "heard [EMAIL]"
    assert (type(wrapped).__name__, type(wrapped).__qualname__) == ("Client", "Client")
    assert client.models.try_out(MAIL) == f"heard {MAIL}"


def test_a_client_that_is_not_known_is_refused_with_what_to_do() -> None:
    with pytest.raises(ConfigurationError, match=r"test_wrap_client.Client is no client.*openai.OpenAI.*methods=\["):
        Pipeline().wrap_client(Client())


@pytest.mark.parametrize("methods", ["ask", ["chat..complete"], [3]])
def test_methods_are_dotted_paths(methods: Any) -> None:
    with pytest.raises(ConfigurationError, match="list of dotted paths"):
        Pipeline().wrap_client(Client(), methods=methods)


def test_a_client_without_its_methods_is_refused() -> None:
    with pytest.raises(
        ConfigurationError, match=r"this Client has no method chat.finish: its version may have moved it"
    ):
        Pipeline().wrap_client(Client(), methods=["chat.finish"])


def test_a_subclass_has_the_surface_of_its_base() -> None:
    class Mine(Client): ...

    surface = Surface(name="it", classes=(f"{Client.__module__.partition('.')[0]}.Client",), methods=("ask",))
    assert surface_of(Mine(), [surface]) is surface
