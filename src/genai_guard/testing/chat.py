"""The parts of a fake model that look like OpenAI's client: `chat.completions.create`, sync and async."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal, Protocol, Self, TypeAlias, overload

from genai_guard.testing.replies import FakeReply, cut
from genai_guard.testing.shapes import (
    ChatCompletion,
    ChatCompletionChunk,
    Choice,
    ChunkChoice,
    CompletionDetails,
    CompletionUsage,
    Delta,
    Function,
    Message,
    PromptDetails,
    ToolCall,
)
from genai_guard.testing.turn import Turn

__all__ = ["AsyncChat", "AsyncFakeStream", "Chat", "FakeStream"]

_CREATED: Final = 1_767_225_600
Options: TypeAlias = Mapping[str, Any] | None


class Model(Protocol):
    """What the endpoints need of a fake model."""

    def begin(self, content: object, params: Mapping[str, Any], *, streamed: bool) -> Turn:
        """Take a question."""
        ...

    def pause(self, seconds: float) -> None:
        """Let time pass."""
        ...

    def apause(self, seconds: float) -> Awaitable[None]:
        """Let time and other tasks pass."""
        ...


class FakeStream:
    """A stream of chunks: an iterator and a context manager with `close()`, as the SDK's is."""

    def __init__(self, turn: Turn, chunks: Iterator[ChatCompletionChunk], pause: Callable[[float], None]) -> None:
        self._turn = turn
        self._chunks = chunks
        self._pause = pause

    def __iter__(self) -> Iterator[ChatCompletionChunk]:
        return self

    def __next__(self) -> ChatCompletionChunk:
        chunk = _next(self._turn, self._chunks)
        if chunk is None:
            raise StopIteration
        self._pause(self._turn.chunk_latency_s)
        return chunk

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the stream."""
        self._turn.call.closed = True
        self._chunks = iter(())


class AsyncFakeStream:
    """The same for `async for` and `async with`."""

    def __init__(
        self, turn: Turn, chunks: Iterator[ChatCompletionChunk], pause: Callable[[float], Awaitable[None]]
    ) -> None:
        self._turn = turn
        self._chunks = chunks
        self._pause = pause

    def __aiter__(self) -> AsyncIterator[ChatCompletionChunk]:
        return self

    async def __anext__(self) -> ChatCompletionChunk:
        chunk = _next(self._turn, self._chunks)
        if chunk is None:
            raise StopAsyncIteration
        await self._pause(self._turn.chunk_latency_s)
        return chunk

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End the stream."""
        self._turn.call.closed = True
        self._chunks = iter(())


class Completions:
    """`chat.completions`."""

    def __init__(self, model: Model) -> None:
        self._model = model

    @overload
    def create(
        self,
        *,
        messages: Sequence[Any],
        stream: Literal[False] | None = ...,
        stream_options: Options = ...,
        **params: Any,
    ) -> ChatCompletion: ...
    @overload
    def create(
        self, *, messages: Sequence[Any], stream: Literal[True], stream_options: Options = ..., **params: Any
    ) -> FakeStream: ...
    def create(
        self, *, messages: Sequence[Any], stream: bool | None = False, stream_options: Options = None, **params: Any
    ) -> ChatCompletion | FakeStream:
        """Answer a conversation.

        Args:
            messages: The conversation.
            stream: Answer by a stream of chunks.
            stream_options: `{"include_usage": True}` adds a last chunk with the usage.
            params: Kept on the call.
        """
        turn = self._model.begin(messages, params, streamed=bool(stream))
        self._model.pause(turn.latency_s)
        if stream:
            return FakeStream(turn, _chunks(turn, stream_options), self._model.pause)
        return _completion(turn)


class AsyncCompletions:
    """`chat.completions` of the async client."""

    def __init__(self, model: Model) -> None:
        self._model = model

    @overload
    async def create(
        self,
        *,
        messages: Sequence[Any],
        stream: Literal[False] | None = ...,
        stream_options: Options = ...,
        **params: Any,
    ) -> ChatCompletion: ...
    @overload
    async def create(
        self, *, messages: Sequence[Any], stream: Literal[True], stream_options: Options = ..., **params: Any
    ) -> AsyncFakeStream: ...
    async def create(
        self, *, messages: Sequence[Any], stream: bool | None = False, stream_options: Options = None, **params: Any
    ) -> ChatCompletion | AsyncFakeStream:
        """Answer a conversation; arguments as for the sync one."""
        turn = self._model.begin(messages, params, streamed=bool(stream))
        await self._model.apause(turn.latency_s)
        if stream:
            return AsyncFakeStream(turn, _chunks(turn, stream_options), self._model.apause)
        return _completion(turn)


class Chat:
    """`chat`.

    Attributes:
        completions: The endpoint.
    """

    def __init__(self, model: Model) -> None:
        self.completions = Completions(model)


class AsyncChat:
    """`chat` of the async client.

    Attributes:
        completions: The endpoint.
    """

    def __init__(self, model: Model) -> None:
        self.completions = AsyncCompletions(model)


def _next(turn: Turn, chunks: Iterator[ChatCompletionChunk]) -> ChatCompletionChunk | None:
    try:
        chunk = next(chunks, None)
    except BaseException:
        turn.call.closed = True
        raise
    if chunk is None and not turn.call.closed:
        turn.call.closed = turn.call.finished = True
    return chunk


def _completion(turn: Turn) -> ChatCompletion:
    reply = turn.whole()
    calls = [
        ToolCall(Function(call.json, call.name), call.id or f"call_{at}", at)
        for at, call in enumerate(reply.tool_calls)
    ]
    message = Message(reply.text or None, reply.refusal or None, reply.reasoning or None, calls or None)
    return ChatCompletion(_id(turn), turn.model, _CREATED, [Choice(message, reply.finish)], _usage(turn))


def _chunks(turn: Turn, options: Options) -> Iterator[ChatCompletionChunk]:
    for delta in _deltas(turn, turn.reply):
        yield _chunk(turn, ChunkChoice(delta))
    yield _chunk(turn, ChunkChoice(Delta(), turn.reply.finish))
    if options is not None and options.get("include_usage"):
        yield ChatCompletionChunk(_id(turn), turn.model, _CREATED, [], _usage(turn))


def _deltas(turn: Turn, reply: FakeReply) -> Iterator[Delta]:
    yield Delta(role="assistant")
    for piece in cut(reply.reasoning, turn.chunks):
        yield Delta(reasoning_content=piece)
    for piece in turn.pieces():
        yield Delta(content=piece)
    for piece in cut(reply.refusal, turn.chunks):
        yield Delta(refusal=piece)
    for at, call in enumerate(reply.tool_calls):
        yield Delta(tool_calls=[ToolCall(Function("", call.name), call.id or f"call_{at}", at)])
        for piece in cut(call.json, turn.chunks):
            yield Delta(tool_calls=[ToolCall(Function(piece), None, at)])


def _chunk(turn: Turn, choice: ChunkChoice) -> ChatCompletionChunk:
    return ChatCompletionChunk(_id(turn), turn.model, _CREATED, [choice])


def _usage(turn: Turn) -> CompletionUsage | None:
    usage = turn.usage
    if usage is None:
        return None
    return CompletionUsage(
        usage.input_tokens,
        usage.output_tokens,
        usage.total_tokens,
        PromptDetails(usage.cached_tokens),
        CompletionDetails(usage.reasoning_tokens),
    )


def _id(turn: Turn) -> str:
    return f"chatcmpl-{turn.call.number}"
