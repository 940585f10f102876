"""Language models of LlamaIndex whose calls go through a pipeline.

A guarded model is the model as it was, seen through a class of its own kind: whatever LlamaIndex does with it, such as
calling tools, predicting structures or answering queries, comes down to eight methods, and these are others. They hand
what is asked to a function that asks the model itself, and that function is what the pipeline wraps.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import aclosing, closing
from typing import Any, Final, TypeVar, cast

from genai_guard.errors import ConfigurationError
from genai_guard.integrations.extras import module_of
from genai_guard.integrations.llama_index.client import CLIENT
from genai_guard.integrations.llama_index.texts import is_response
from genai_guard.integrations.wrapping import name_of, seen_as, wrapped_both
from genai_guard.pipeline import Pipeline

__all__ = ["guarded"]

_llms: Final = module_of("llama_index.core.llms", extra="llama-index")
_types: Final = module_of("llama_index.core.base.llms.types", extra="llama-index")
_Model = TypeVar("_Model")
_Convert = Callable[[Any], Any]


def guarded(model: _Model, pipeline: Pipeline) -> _Model:
    """Return a language model that sends each call through the pipeline.

    It is of the model's own kind and takes its place everywhere: in query and chat engines, agents, structured
    prediction; whole and streamed, synchronous and asynchronous. It makes a class, which takes some milliseconds: build
    it once. Parameters that an experiment sets become keyword arguments of the call, `model` among them.

    A class of a provider that asks around these methods in one of its own, as some do for `structured_predict`, is not
    guarded there: look whether yours has one.

    LlamaIndex's callbacks and instrumentation stand behind the guards: they see requests as they were guarded, and
    replies as the model gave them.

    Args:
        model: A language model. Its settings are copied; what they hold, such as connections, is shared.
        pipeline: What its calls go through. Where it has an `on_reject`, that may return a string or a response.

    Raises:
        ConfigurationError: `model` is no language model, or the pipeline cannot wrap it.
    """
    if not isinstance(model, _llms.LLM):
        raise ConfigurationError(f"guarded() takes a language model of LlamaIndex, not {type(model).__name__}")
    source: Any = model
    base: Any = source.__class__
    kind: Any = type(base)(base.__name__, (base,), {"__module__": base.__module__, "__doc__": base.__doc__})
    for name, method in _methods(base, pipeline).items():
        setattr(kind, name, method)
    return cast("_Model", seen_as(kind, source, dict(source.__dict__)))


def _methods(base: Any, pipeline: Pipeline) -> Mapping[str, Callable[..., Any]]:
    name = base.__name__
    chat = wrapped_both(pipeline, name, _chat, _achat, reader=CLIENT)
    complete = wrapped_both(pipeline, name, _complete, _acomplete, reader=CLIENT)
    stream_chat = wrapped_both(pipeline, name, _stream_chat, _astream_chat, reader=CLIENT)
    stream_complete = wrapped_both(pipeline, name, _stream_complete, _astream_complete, reader=CLIENT)
    return {
        "chat": _whole(base, chat[0], _chat_response),
        "achat": _awhole(base, chat[1], _chat_response),
        "complete": _whole(base, complete[0], _completion_response),
        "acomplete": _awhole(base, complete[1], _completion_response),
        "stream_chat": _streamed(base, stream_chat[0], _chat_response),
        "astream_chat": _astreamed(base, stream_chat[1], _chat_response),
        "stream_complete": _streamed(base, stream_complete[0], _completion_response),
        "astream_complete": _astreamed(base, stream_complete[1], _completion_response),
    }


# --- The methods of a guarded model -----------------------------------------------------------------------------------


def _whole(base: Any, ask: Callable[..., Any], convert: _Convert) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        itself = seen_as(base, self)
        return convert(ask(itself, *args, model=name_of(itself), **kwargs))

    return method


def _awhole(base: Any, ask: Callable[..., Any], convert: _Convert) -> Callable[..., Any]:
    async def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        itself = seen_as(base, self)
        return convert(await ask(itself, *args, model=name_of(itself), **kwargs))

    return method


def _streamed(base: Any, ask: Callable[..., Any], convert: _Convert) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        itself = seen_as(base, self)
        return _converted(ask(itself, *args, model=name_of(itself), **kwargs), convert)

    return method


def _astreamed(base: Any, ask: Callable[..., Any], convert: _Convert) -> Callable[..., Any]:
    async def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        itself = seen_as(base, self)
        return _aconverted(await ask(itself, *args, model=name_of(itself), **kwargs), convert)

    return method


def _converted(chunks: Any, convert: _Convert) -> Generator[Any, None, None]:
    if isinstance(chunks, str) or is_response(chunks):  # `on_reject` answered in place of the stream
        yield convert(chunks)
        return
    with closing(chunks):
        for chunk in chunks:
            yield convert(chunk)


async def _aconverted(chunks: Any, convert: _Convert) -> AsyncGenerator[Any]:
    if isinstance(chunks, str) or is_response(chunks):
        yield convert(chunks)
        return
    async with aclosing(chunks):
        async for chunk in chunks:
            yield convert(chunk)


def _chat_response(reply: Any) -> Any:
    """Return a response: `on_reject` and the targets of experiments may answer with a string."""
    if not isinstance(reply, str):
        return reply
    return _types.ChatResponse(message=_types.ChatMessage(reply, role="assistant"), delta=reply)


def _completion_response(reply: Any) -> Any:
    return _types.CompletionResponse(text=reply, delta=reply) if isinstance(reply, str) else reply


# --- What the pipeline wraps ------------------------------------------------------------------------------------------


def _chat(itself: Any, messages: Any, *, model: str = "", system: str = "", **kwargs: Any) -> Any:
    return itself.chat(_with_system(messages, system), **_with(itself, model, kwargs))


async def _achat(itself: Any, messages: Any, *, model: str = "", system: str = "", **kwargs: Any) -> Any:
    return await itself.achat(_with_system(messages, system), **_with(itself, model, kwargs))


def _stream_chat(itself: Any, messages: Any, *, model: str = "", system: str = "", **kwargs: Any) -> Any:
    return itself.stream_chat(_with_system(messages, system), **_with(itself, model, kwargs))


async def _astream_chat(itself: Any, messages: Any, *, model: str = "", system: str = "", **kwargs: Any) -> Any:
    return await itself.astream_chat(_with_system(messages, system), **_with(itself, model, kwargs))


def _complete(itself: Any, prompt: str, formatted: bool = False, *, model: str = "", **kwargs: Any) -> Any:
    return itself.complete(prompt, formatted=formatted, **_with(itself, model, kwargs))


async def _acomplete(itself: Any, prompt: str, formatted: bool = False, *, model: str = "", **kwargs: Any) -> Any:
    return await itself.acomplete(prompt, formatted=formatted, **_with(itself, model, kwargs))


def _stream_complete(itself: Any, prompt: str, formatted: bool = False, *, model: str = "", **kwargs: Any) -> Any:
    return itself.stream_complete(prompt, formatted=formatted, **_with(itself, model, kwargs))


async def _astream_complete(
    itself: Any, prompt: str, formatted: bool = False, *, model: str = "", **kwargs: Any
) -> Any:
    return await itself.astream_complete(prompt, formatted=formatted, **_with(itself, model, kwargs))


def _with(itself: Any, model: str, kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the arguments of a call; the name of the model is one where it is not that of the model itself."""
    return {**kwargs, "model": model} if model and model != name_of(itself) else kwargs


def _with_system(messages: Any, system: str) -> Any:
    """Return a conversation with the system prompt of a variant in place of its own."""
    if not system:
        return messages
    others = [message for message in messages if message.role != "system"]
    return [_types.ChatMessage(system, role="system"), *others]
