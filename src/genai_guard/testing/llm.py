"""A language model that says what it was told to say."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from threading import Lock
from typing import Any

from genai_guard.clients import request_client
from genai_guard.errors import ConfigurationError
from genai_guard.messages import Request
from genai_guard.testing.chat import AsyncChat, Chat
from genai_guard.testing.clock import FakeClock, loop_turn
from genai_guard.testing.replies import (
    Chunking,
    FakeCall,
    FakeReply,
    OutOfRepliesError,
    Scripted,
    check_chunking,
    reply_of,
)
from genai_guard.testing.turn import Turn

__all__ = ["FakeLLM"]


class FakeLLM:
    """Answers from a script, in every shape that a pipeline can wrap, and remembers what it was asked.

    | shape | call |
    |---|---|
    | function | `llm(prompt)` |
    | coroutine function | `await llm.acall(prompt)` |
    | generator function | `llm.stream(prompt)` |
    | async generator function | `llm.astream(prompt)` |
    | OpenAI's client | `llm.chat.completions.create(messages=..., stream=...)` |
    | OpenAI's async client | `await llm.achat.completions.create(messages=..., stream=...)` |

    A single reply answers every call. Two or more are a script: one for each call, and a call too many is an error. It
    opens no connection and waits for nothing: time passes on the clock it is given. May be used from several threads.

    Attributes:
        calls: What it was asked, in order.
        model: Name of the model in its replies.
        chat: As the `chat` of OpenAI's client.
        achat: As the `chat` of OpenAI's async client.
    """

    def __init__(
        self,
        *replies: Scripted,
        clock: FakeClock | None = None,
        latency_s: float = 0.0,
        chunk_latency_s: float = 0.0,
        chunks: Chunking = "word",
        errors: Mapping[int, BaseException] | None = None,
        reports_usage: bool = True,
        model: str = "fake-model",
    ) -> None:
        """Write the script.

        Args:
            replies: Texts, `FakeReply`s, exceptions to raise, or functions that take the `FakeCall` and return a reply.
            clock: Moved by every latency.
            latency_s: Time until a reply, or until its stream begins.
            chunk_latency_s: Time before each chunk of a stream.
            chunks: How streamed texts are cut.
            errors: Exceptions to raise in place of a reply, by the number of the call, which begins at 1. The script
                does not move on such a call.
            reports_usage: Whether replies in OpenAI's shape have a usage: that of the `FakeReply`, else a token a word.
            model: Name in its replies.

        Raises:
            ConfigurationError: a latency without a clock to pass on, or something that is no reply, chunking or error.
        """
        self.calls: list[FakeCall] = []
        self.model = model
        self.chat = Chat(self)
        self.achat = AsyncChat(self)
        self._clock = clock
        self._latency_s = self._passable("latency_s", latency_s)
        self._chunk_latency_s = self._passable("chunk_latency_s", chunk_latency_s)
        self._chunks: Chunking = chunks
        check_chunking(chunks)
        self._errors = _errors(errors or {})
        self._reports_usage = reports_usage
        self._lock = Lock()
        self.script(*replies)

    def script(self, *replies: Scripted) -> None:
        """Replace the script, which begins anew; what was asked before is kept."""
        for reply in replies:
            if not (isinstance(reply, (str, FakeReply, BaseException)) or callable(reply)):
                raise ConfigurationError(
                    f"a FakeLLM answers with str, FakeReply, an exception or a function, not {type(reply).__name__}"
                )
            if isinstance(reply, FakeReply) and reply.latency_s:
                self._passable("latency_s", reply.latency_s)
        self._script = replies
        self._used = 0

    @property
    def prompts(self) -> list[str]:
        """The prompt of each call, or the last text of its user."""
        return [call.prompt for call in self.calls]

    def __call__(self, prompt: str | Sequence[Any], **params: Any) -> str:
        """Answer a prompt, or a list of messages, by a text."""
        turn = self.begin(prompt, params, streamed=False)
        self.pause(turn.latency_s)
        return turn.whole().text

    async def acall(self, prompt: str | Sequence[Any], **params: Any) -> str:
        """Answer by a text; other tasks run meanwhile."""
        turn = self.begin(prompt, params, streamed=False)
        await self.apause(turn.latency_s)
        return turn.whole().text

    def stream(self, prompt: str | Sequence[Any], **params: Any) -> Iterator[str]:
        """Answer by chunks of text."""
        turn = self.begin(prompt, params, streamed=True)
        try:
            self.pause(turn.latency_s)
            for piece in turn.pieces():
                self.pause(turn.chunk_latency_s)
                yield piece
            turn.call.finished = True
        finally:
            turn.call.closed = True

    async def astream(self, prompt: str | Sequence[Any], **params: Any) -> AsyncIterator[str]:
        """Answer by chunks of text; other tasks run between them."""
        turn = self.begin(prompt, params, streamed=True)
        try:
            await self.apause(turn.latency_s)
            for piece in turn.pieces():
                await self.apause(turn.chunk_latency_s)
                yield piece
            turn.call.finished = True
        finally:
            turn.call.closed = True

    def begin(self, content: object, params: Mapping[str, Any], *, streamed: bool) -> Turn:
        """Take a question, for a shape of one's own.

        Raises:
            OutOfRepliesError: the script has none left.
            ConfigurationError: the question is neither a text nor a list of messages.
        """
        request = request_client(content, params).read_request(content, params)
        with self._lock:
            call = _call(len(self.calls) + 1, content, request, params)
            call.streamed = streamed
            self.calls.append(call)
            scripted = self._errors.get(call.number) or self._next(call.number)
        reply = reply_of(scripted, call)
        return Turn(
            call,
            reply,
            self.model,
            self._chunks if reply.chunks is None else reply.chunks,
            self._latency_s if reply.latency_s is None else reply.latency_s,
            self._chunk_latency_s,
            sum(len(part.text.split()) for part in request.parts),
            self._reports_usage,
        )

    def pause(self, seconds: float) -> None:
        """Let time pass on the clock."""
        if seconds and self._clock is not None:
            self._clock.sleep(seconds)

    async def apause(self, seconds: float) -> None:
        """Let time pass on the clock, and other tasks run once."""
        self.pause(seconds)
        await loop_turn()

    def _next(self, number: int) -> Scripted:
        if not self._script:
            raise OutOfRepliesError(
                "this FakeLLM has no replies: give it some, as FakeLLM('hello') or llm.script('hello')"
            )
        if len(self._script) == 1:
            return self._script[0]
        if self._used == len(self._script):
            raise OutOfRepliesError(f"call {number} of a FakeLLM whose script has {self._used} replies")
        self._used += 1
        return self._script[self._used - 1]

    def _passable(self, name: str, seconds: float) -> float:
        if not seconds >= 0:
            raise ConfigurationError(f"FakeLLM({name}={seconds!r}): takes seconds, zero or more")
        if seconds and self._clock is None:
            raise ConfigurationError(f"FakeLLM({name}={seconds!r}) needs clock=, a FakeClock: a fake does not wait")
        return seconds

    def __repr__(self) -> str:
        return f"<FakeLLM {self.model!r}, {len(self.calls)} calls>"


def _call(number: int, content: object, request: Request, params: Mapping[str, Any]) -> FakeCall:
    if isinstance(content, str):
        return FakeCall(number, content, params=dict(params))
    said = [part.text for part in request.parts if part.role == "user"]
    messages: Any = content
    return FakeCall(number, said[-1] if said else "", list(messages), dict(params))


def _errors(errors: Mapping[int, BaseException]) -> dict[int, BaseException]:
    for number, error in errors.items():
        if type(number) is not int or number < 1 or not isinstance(error, BaseException):
            raise ConfigurationError(
                f"FakeLLM(errors=...): {number!r} is no number of a call, or its value no exception"
            )
    return dict(errors)
