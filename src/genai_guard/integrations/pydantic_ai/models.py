"""A model of pydantic-ai whose requests go through a pipeline."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final, NoReturn

from genai_guard.errors import ConfigurationError
from genai_guard.integrations.extras import module_of
from genai_guard.integrations.pydantic_ai.client import CLIENT, Asked
from genai_guard.integrations.pydantic_ai.events import Chunk
from genai_guard.integrations.wrapping import named
from genai_guard.pipeline import Pipeline

__all__ = ["GuardedModel"]

_models: Final = module_of("pydantic_ai.models", extra="pydantic-ai")
_types: Final = module_of("pydantic_ai.messages", extra="pydantic-ai")
_WrapperModel: Any = module_of("pydantic_ai.models.wrapper", extra="pydantic-ai").WrapperModel
_StreamedResponse: Any = _models.StreamedResponse
_MADE_AGAIN: Final = frozenset({"part_end", "final_result"})
_NO_MODELS: Final[Mapping[str, Any]] = MappingProxyType({})


class GuardedModel(_WrapperModel):  # type: ignore[misc]  # it is Any: its package may be missing
    """A model that sends each request through a pipeline, streamed or not.

    Guarded are instructions, prompts, tool returns and everything else that is said to the model, and on the way back
    texts, thoughts and the arguments of tool calls, those of structured output included. Where the pipeline has an
    `on_reject`, that may return a string or a `ModelResponse`. Parameters that an experiment sets become model settings;
    `model` chooses one of `models`.

    Args:
        wrapped: The model, or its name as `Agent` takes it.
        pipeline: What its requests go through.
        models: Models that an experiment may choose with the parameter `model`, by the names it has for them; a name
            that is not among them is taken as `Agent` takes one, such as `openai:gpt-5`.

    Raises:
        ConfigurationError: the pipeline cannot wrap it.
    """

    def __init__(self, wrapped: Any, pipeline: Pipeline, *, models: Mapping[str, Any] = _NO_MODELS) -> None:
        super().__init__(wrapped)  # pyright: ignore[reportUnknownMemberType]  as above
        name = type(self.wrapped).__name__
        self._choice: Mapping[str, Any] = {**models, self.wrapped.model_name: self.wrapped}
        self._ask: Any = pipeline.wrap(named(name, _ask), reader=CLIENT)
        self._open: Any = pipeline.wrap(named(name, _open), reader=CLIENT)

    async def request(self, messages: Any, model_settings: Any, model_request_parameters: Any) -> Any:
        """Send one request."""
        asked = Asked(messages, model_request_parameters)
        model = self.wrapped.model_name
        return _response(await self._ask(asked, choice=self._choice, model=model, **(model_settings or {})), model)

    @asynccontextmanager
    async def request_stream(
        self, messages: Any, model_settings: Any, model_request_parameters: Any, run_context: Any = None
    ) -> AsyncGenerator[Any]:
        """Send one request whose response streams in."""
        asked = Asked(messages, model_request_parameters)
        model = self.wrapped.model_name
        async with AsyncExitStack() as stack:
            about = {"choice": self._choice, "model": model, "run_context": run_context, "stack": stack}
            reply = await self._open(asked, **about, **(model_settings or {}))
            if isinstance(reply, (str, _types.ModelResponse)):
                response = _response(reply, model)
                yield _models.CompletedStreamedResponse(
                    response, model_request_parameters=model_request_parameters, replay_events=True
                )
                return
            async with aclosing(reply):
                yield _Guarded(reply, model_request_parameters)

    async def count_tokens(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse: the request would be sent to the provider past the guards.

        Raises:
            ConfigurationError: always.
        """
        raise _past_the_guards("count_tokens")

    async def compact_messages(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse, as `count_tokens` does."""
        raise _past_the_guards("compact_messages")

    async def batch_encode(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse, as `count_tokens` does."""
        raise _past_the_guards("batch_encode")


class _Guarded(_StreamedResponse):  # type: ignore[misc]  # as above
    """What of a streamed response was let through."""

    def __init__(self, chunks: Any, parameters: Any) -> None:
        super().__init__(parameters)  # pyright: ignore[reportUnknownMemberType]  as above
        self._chunks = chunks
        self._source = chunks.source

    async def _get_event_iterator(self) -> AsyncIterator[Any]:
        async for chunk in self._chunks:
            for event in self._events(chunk):
                if event.event_kind not in _MADE_AGAIN:
                    self._parts_manager.apply_event(event)
                    yield event

    def _events(self, chunk: Any) -> list[Any]:
        """Return the event of a chunk; what `on_reject` says in the middle of a stream becomes parts of their own."""
        if isinstance(chunk, Chunk):
            return [chunk.event]
        first = len(self._parts_manager.get_parts())
        parts = enumerate(_response(chunk, self.model_name).parts, first)
        return [_types.PartStartEvent(index=index, part=part) for index, part in parts]

    async def close_stream(self) -> None:
        await self._source.cancel()

    def get(self) -> Any:
        return replace(self._source.get(), parts=self._parts_manager.get_parts())

    @property
    def usage(self) -> Any:
        return self._source.usage

    @property
    def model_name(self) -> str:
        return str(self._source.model_name)

    @property
    def provider_name(self) -> Any:
        return self._source.provider_name

    @property
    def provider_url(self) -> Any:
        return self._source.provider_url

    @property
    def timestamp(self) -> Any:
        return self._source.timestamp


class _Source:
    """The events of a stream that was opened in the task that reads it, which closes it as well."""

    def __init__(self, stream: Any) -> None:
        self.source = stream
        self._events = aiter(stream)

    def __aiter__(self) -> _Source:
        return self

    async def __anext__(self) -> Chunk:
        return Chunk(await anext(self._events), self.source)


async def _ask(prompt: Asked, *, choice: Mapping[str, Any], model: str = "", system: str = "", **settings: Any) -> Any:
    messages, parameters = _with_system(prompt, system)
    return await _chosen(choice, model).request(messages, settings or None, parameters)


async def _open(
    prompt: Asked,
    *,
    choice: Mapping[str, Any],
    stack: AsyncExitStack,
    run_context: Any,
    model: str = "",
    system: str = "",
    **settings: Any,
) -> _Source:
    messages, parameters = _with_system(prompt, system)
    opening = _chosen(choice, model).request_stream(messages, settings or None, parameters, run_context)
    return _Source(await stack.enter_async_context(opening))


def _chosen(choice: Mapping[str, Any], name: str) -> Any:
    model = choice.get(name)
    return _models.infer_model(name) if model is None else model


def _with_system(asked: Asked, system: str) -> tuple[Any, Any]:
    """Return messages and parameters, with the system prompt of a variant in place of the instructions."""
    messages, parameters = asked.messages, asked.parameters
    if system:
        parameters = replace(parameters, instruction_parts=[_types.InstructionPart(content=system)])
    return messages, parameters


def _response(reply: Any, model: str) -> Any:
    return _types.ModelResponse(parts=[_types.TextPart(reply)], model_name=model) if isinstance(reply, str) else reply


def _past_the_guards(method: str) -> ConfigurationError:
    return ConfigurationError(
        f"GuardedModel.{method} would send the conversation past the guards: call it on the wrapped model, if that is meant"
    )
