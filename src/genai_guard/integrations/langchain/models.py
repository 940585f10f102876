"""Chat models whose generations go through a pipeline.

A guarded model is the model as it was, seen through a class of its own kind: every method of the provider's class works
on it, tools and structured output included, and only the methods that generate are others. They hand their messages to
a function that asks the model itself, and that function is what the pipeline wraps.

Rules:

1. The model itself never sees the callbacks: they would get its tokens before the guards. They are served by the
   guarded model, with what the guards let through.
2. A cache and a rate limiter belong to the model itself, behind the guards: what was cached without them is judged too,
   and a cached answer is a call with an event.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import aclosing, closing
from typing import Any, Final, TypeVar, cast

from genai_guard.clients.langchain_walk import is_message
from genai_guard.errors import ConfigurationError
from genai_guard.integrations.extras import module_of
from genai_guard.integrations.wrapping import name_of, seen_as, wrapped_both
from genai_guard.pipeline import Pipeline

__all__ = ["guarded"]

_models: Final = module_of("langchain_core.language_models.chat_models", extra="langchain")
_messages: Final = module_of("langchain_core.messages", extra="langchain")
_outputs: Final = module_of("langchain_core.outputs", extra="langchain")

_Model = TypeVar("_Model")
_DERIVED: Final = frozenset({"_serialized"})


def guarded(model: _Model, pipeline: Pipeline) -> _Model:
    """Return a chat model that sends each generation through the pipeline.

    It is of the model's own kind and takes its place everywhere: `bind_tools`, `with_structured_output`, chains, agents;
    `invoke`, `stream`, `batch` and their asynchronous forms. It makes a class, which takes some milliseconds: build it
    once. Parameters that an experiment sets become keyword arguments of the generation, `model` among them.

    Callbacks and tracers see requests as they were written, and replies as they were guarded.

    Args:
        model: A chat model. Its settings are copied; what they hold, such as connections, is shared.
        pipeline: What its calls go through. Where it has an `on_reject`, that may return a string or a message.

    Raises:
        ConfigurationError: `model` is no chat model, or the pipeline cannot wrap it.
    """
    if not isinstance(model, _models.BaseChatModel):
        raise ConfigurationError(
            f"guarded() takes a chat model of LangChain, not {type(model).__name__}: guard the model first, and bind "
            "tools, schemas and settings to the result"
        )
    source: Any = model
    kind = _guarded_class(type(source), pipeline)
    known = {name: value for name, value in source.__dict__.items() if name not in _DERIVED}
    return cast("_Model", seen_as(kind, source, known))


def _guarded_class(base: Any, pipeline: Pipeline) -> Any:
    kind = type(base)(base.__name__, (base,), {"__module__": base.__module__, "__doc__": base.__doc__})
    kind.__repr_name__ = _constantly(f"guarded {base.__name__}")
    kind.cache = property(_constantly(value=False), _kept("cache"))
    kind.rate_limiter = property(_constantly(None), _kept("rate_limiter"))
    kind._serialized = property(_serialized_as(base))  # noqa: SLF001
    kind._stream_chat_model_events = kind._astream_chat_model_events = None  # noqa: SLF001  they go by the chunks
    for name, method in _methods(base, pipeline).items():
        setattr(kind, name, method)
    return kind


def _constantly(value: object) -> Callable[[Any], object]:
    return lambda _: value


def _serialized_as(base: Any) -> Callable[[Any], object]:
    def serialized(self: Any) -> object:
        return _itself(base, self)._serialized  # noqa: SLF001

    return serialized


def _kept(name: str) -> Callable[[Any, Any], None]:
    return lambda self, value: self.__dict__.__setitem__(name, value)


def _itself(base: Any, model: Any) -> Any:
    """Return the model behind a guarded one; the two share their settings."""
    return seen_as(base, model)


def _methods(base: Any, pipeline: Pipeline) -> Mapping[str, Callable[..., Any]]:
    ask, aask = wrapped_both(pipeline, base.__name__, _ask, _aask)

    def generate(self: Any, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> Any:  # noqa: ARG001
        model = _itself(base, self)
        return _result(ask(model, messages, stop=stop, model=name_of(model), **kwargs))

    async def agenerate(self: Any, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> Any:  # noqa: ARG001
        model = _itself(base, self)
        return _result(await aask(model, messages, stop=stop, model=name_of(model), **kwargs))

    methods: dict[str, Callable[..., Any]] = {"_generate": generate, "_agenerate": agenerate}
    streams = base._stream is not _models.BaseChatModel._stream  # noqa: SLF001
    if not streams and base._astream is _models.BaseChatModel._astream:  # noqa: SLF001
        return methods
    open_stream, aopen_stream = wrapped_both(pipeline, base.__name__, _ask_stream, _aask_stream)

    def stream(self: Any, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> Iterator[Any]:  # noqa: ARG001
        model = _itself(base, self)
        with closing(open_stream(model, messages, stop=stop, model=name_of(model), **kwargs)) as chunks:
            for chunk in chunks:
                yield _chunk(chunk)

    async def astream(
        self: Any,
        messages: Any,
        stop: Any = None,
        run_manager: Any = None,  # noqa: ARG001
        **kwargs: Any,
    ) -> AsyncIterator[Any]:
        model = _itself(base, self)
        async with aclosing(aopen_stream(model, messages, stop=stop, model=name_of(model), **kwargs)) as chunks:
            async for chunk in chunks:
                yield _chunk(chunk)

    return {**methods, "_astream": astream, **({"_stream": stream} if streams else {})}


# --- What the pipeline wraps ------------------------------------------------------------------------------------------


def _ask(itself: Any, messages: Any, *, model: str = "", **kwargs: Any) -> Any:
    return itself._generate_with_cache(messages, **_with(itself, model, kwargs))  # noqa: SLF001


async def _aask(itself: Any, messages: Any, *, model: str = "", **kwargs: Any) -> Any:
    return await itself._agenerate_with_cache(messages, **_with(itself, model, kwargs))  # noqa: SLF001


def _ask_stream(itself: Any, messages: Any, *, model: str = "", **kwargs: Any) -> Iterator[Any]:
    if itself.rate_limiter is not None:
        itself.rate_limiter.acquire(blocking=True)
    yield from itself._stream(messages, **_with(itself, model, kwargs))  # noqa: SLF001


async def _aask_stream(itself: Any, messages: Any, *, model: str = "", **kwargs: Any) -> AsyncIterator[Any]:
    if itself.rate_limiter is not None:
        await itself.rate_limiter.aacquire(blocking=True)
    async with aclosing(itself._astream(messages, **_with(itself, model, kwargs))) as chunks:  # noqa: SLF001
        async for chunk in chunks:
            yield chunk


def _with(itself: Any, model: str, kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the arguments of a generation; the name of the model is one where it is not that of the model itself."""
    return {**kwargs, "model": model} if model and model != name_of(itself) else kwargs


# --- What LangChain gets ----------------------------------------------------------------------------------------------


def _result(reply: Any) -> Any:
    """Return a reply as a result: `on_reject` and the targets of experiments may answer with a message or string."""
    if isinstance(reply, _outputs.ChatResult):
        return reply
    return _outputs.ChatResult(generations=[_outputs.ChatGeneration(message=_message(reply, _messages.AIMessage))])


def _chunk(chunk: Any) -> Any:
    if isinstance(chunk, _outputs.ChatGenerationChunk):
        return chunk
    return _outputs.ChatGenerationChunk(message=_message(chunk, _messages.AIMessageChunk))


def _message(value: Any, kind: Any) -> Any:
    if isinstance(value, str):
        return kind(content=value)
    if isinstance(value, kind):
        return value
    if is_message(value):
        return kind(**value.model_dump(exclude={"type"}))
    raise ConfigurationError(f"a chat model answers with a message or a string, not {type(value).__name__}")
