"""What the tests of resilience share: models that fail as they are told, and errors in the shapes of the SDKs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from calls import AsyncSdkStream, SdkStream, raising


class Response:
    """As far as exceptions of SDKs show one."""

    def __init__(self, status_code: int, headers: Mapping[str, str] | None = None) -> None:
        self.status_code = status_code
        self.headers = dict(headers or {})


class APIStatusError(Exception):
    """The shape of OpenAI and Anthropic."""

    def __init__(self, status_code: int, headers: Mapping[str, str] | None = None, code: str | None = None) -> None:
        super().__init__("no")
        self.status_code = status_code
        self.response = Response(status_code, headers)
        self.code = code


class HTTPStatusError(Exception):
    """The shape of httpx and requests."""

    def __init__(self, status_code: int, headers: Mapping[str, str] | None = None) -> None:
        super().__init__("no")
        self.response = Response(status_code, headers)


class APIConnectionError(Exception):
    """No connection, in the words of OpenAI and Anthropic."""


DOWN = APIStatusError(503)


@dataclass
class Script:
    """A model of any kind that answers one entry of a script a call: a reply, a list of chunks, or an error."""

    kind: str
    entries: list[Any]
    prompts: list[str] = field(default_factory=list)
    models: list[str] = field(default_factory=list)

    def next(self, prompt: str, model: str) -> Any:
        self.prompts.append(prompt)
        self.models.append(model)
        entry = self.entries[min(len(self.prompts), len(self.entries)) - 1]
        return entry if isinstance(entry, list) else [entry]

    @property
    def calls(self) -> int:
        return len(self.prompts)

    @property
    def fn(self) -> Callable[..., Any]:
        def whole(prompt: str, *, model: str = "small") -> str:
            return "".join(raising(self.next(prompt, model)))

        async def async_whole(prompt: str, *, model: str = "small") -> str:
            await asyncio.sleep(0)
            return "".join(raising(self.next(prompt, model)))

        def generator(prompt: str, *, model: str = "small") -> Iterator[Any]:
            yield from raising(self.next(prompt, model))

        async def async_generator(prompt: str, *, model: str = "small") -> AsyncIterator[Any]:
            for chunk in raising(self.next(prompt, model)):
                await asyncio.sleep(0)
                yield chunk

        def stream(prompt: str, *, model: str = "small") -> SdkStream:
            return SdkStream(raising(self.next(prompt, model)))

        async def async_stream(prompt: str, *, model: str = "small") -> AsyncSdkStream:
            return AsyncSdkStream(raising(self.next(prompt, model)))

        kinds: dict[str, Callable[..., Any]] = {
            "def": whole,
            "async def": async_whole,
            "generator": generator,
            "async generator": async_generator,
            "def stream": stream,
            "async def stream": async_stream,
        }
        return kinds[self.kind]
