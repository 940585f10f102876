"""A guarded function as MLflow asks it: one question after the other, whole or in pieces, and never an exception.

Rule 1: What a policy refuses, and what a model raises, becomes an answer. A server would write the exception, with its
    stack and so with the text of the user, into its reply.
Rule 2: Of what a model raises the class is told, and nothing else.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from contextvars import copy_context
from itertools import chain, islice
from typing import Any, Final, NamedTuple, cast
from uuid import uuid4

from genai_guard.clients import Client, Delta, StreamReader, chunk_client, reply_client
from genai_guard.context import caller
from genai_guard.drive import Stream
from genai_guard.errors import CallTimeout, ComponentFailed, ConfigurationError, Rejected
from genai_guard.pipeline import Pipeline
from genai_guard.plan import Signature
from genai_guard.policy.problems import Problems
from genai_guard.policy.references import imported

__all__ = ["Answer", "Answering", "Asked", "Question", "model_function"]

_TEXTS: Final = frozenset({"text", "refusal"})


class Question(NamedTuple):
    """What is asked, and on whose behalf.

    Attributes:
        content: The prompt, or the messages.
        who: Fields of the caller.
        tags: Whatever else is known of the caller.
        params: Keyword arguments of the function.
    """

    content: Any
    who: Mapping[str, str]
    tags: Mapping[str, str]
    params: Mapping[str, Any]

    def __repr__(self) -> str:
        return f"<Question with {len(self.params)} parameters>"


class Answer(NamedTuple):
    """What became of a question.

    Attributes:
        reply: The guarded text; empty if there is none.
        status: `ok`, or how the call ended, as on its event; `bad_request` if it was no question.
        http_status: What a web application would answer.
        reason: Why there is no reply, or no more of it: never with a text of the user.
        request_id: The call, as it stands on its event.
        retry_after_s: Seconds until the same question would pass; None if nobody knows, or it makes no difference.
    """

    reply: str = ""
    status: str = "ok"
    http_status: int = 200
    reason: str = ""
    request_id: str = ""
    retry_after_s: float | None = None

    def __repr__(self) -> str:
        return f"<Answer {self.request_id} {self.status}>"


def model_function(model: str | Callable[..., Any]) -> Callable[..., Any]:
    """Return the function that asks a model, given itself or by an import reference such as `my_app.models:ask`.

    Raises:
        ConfigurationError: it cannot be imported, or nothing calls it without waiting for it.
    """
    found: Any = model
    if isinstance(model, str):
        try:
            found = imported(model)
        except Problems as error:
            raise ConfigurationError(f"model={model!r}: {'; '.join(each.text for each in error.problems)}") from None
    if not callable(found):
        raise ConfigurationError("model=... takes a function that asks a model, or an import reference of one")
    if Signature.of(found).is_async or inspect.iscoroutinefunction(found):
        raise ConfigurationError(
            "model=...: MLflow does not await its models; give a function that is not asynchronous"
        )
    return cast("Callable[..., Any]", found)


class Answering:
    """Asks a function through a pipeline.

    Args:
        pipeline: What guards it.
        model: The function, or an import reference of one.

    Attributes:
        pipeline: As given.
        content: The parameter of the function that carries the question.
    """

    def __init__(self, pipeline: Pipeline, model: str | Callable[..., Any]) -> None:
        self.pipeline: Final = pipeline
        self._fn: Final = model_function(model)
        self._signature: Final = Signature.of(self._fn)
        self.content: Final = self._signature.content.name
        pipeline.wrap(self._fn)  # what cannot work is told now

    def ask(self, question: Question | Answer) -> Asked:
        """Return the question under way; nothing happens before something of it is asked for, and nothing of an answer."""
        return Asked(self, question)

    def answer(self, question: Question | Answer) -> Answer:
        """Return the whole answer. What was said before a stream was refused is not part of it."""
        asked = self.ask(question)
        reply = "".join(asked.texts())
        return asked.answer._replace(reply=reply) if asked.answer.status == "ok" else asked.answer

    def answers(self, questions: Sequence[Question | Answer], *, concurrency: int = 1) -> list[Answer]:
        """Return the answers in the order of the questions; at most so many are asked at a time, each in a thread."""
        if concurrency == 1 or len(questions) < 2:
            return [self.answer(each) for each in questions]
        with ThreadPoolExecutor(min(concurrency, len(questions)), "genai_guard rows") as threads:
            asked = [threads.submit(copy_context().run, self.answer, each) for each in questions]
            return [each.result() for each in asked]

    def accepts(self, name: str) -> bool:
        """Whether the function takes such an argument."""
        return self._signature.accepts(name)

    def begin(self, question: Question) -> Any:
        """Ask the function; return its guarded reply or stream, whose first chunk is there."""
        who = {name: value for name, value in question.who.items() if value}
        with caller(**cast("dict[str, Any]", who), tags=question.tags):
            value: Any = self.pipeline.run(self._fn, question.content, **question.params).value
            return _begun(cast("Any", value)) if isinstance(value, Stream) else value


class Asked:
    """A question under way: read what is said, then see what became of it.

    Attributes:
        answer: What became of it, without the reply; known once all was read.
    """

    __slots__ = ("_answering", "_question", "answer")

    def __init__(self, answering: Answering, question: Question | Answer) -> None:
        self._answering = answering
        self._question = None
        self.answer = question if isinstance(question, Answer) else Answer(status="abandoned", http_status=499)
        if isinstance(question, Question):
            request_id = question.who.get("request_id") or uuid4().hex
            self._question = question._replace(who={**question.who, "request_id": request_id})
            self.answer = self.answer._replace(request_id=request_id)

    def deltas(self) -> Generator[Delta]:
        """Yield what is said, a piece at a time; of a whole reply each of its texts is a piece."""
        if self._question is None:
            return
        request_id = self.answer.request_id
        if any(not self._answering.accepts(name) for name in self._question.params):
            self.answer = Answer("", "bad_request", 400, "a parameter that the model does not take", request_id)
            return
        reader = self._answering.pipeline.reader
        try:
            value = self._answering.begin(self._question)
            if isinstance(value, _Begun):
                with closing(value.stream):
                    yield from _streamed(value, reader)
            else:
                yield from _whole(value, reader)
        except Exception as error:  # noqa: BLE001  rule 1
            self.answer = _refused(error)._replace(request_id=request_id)
        else:
            self.answer = Answer(request_id=request_id)

    def texts(self) -> Generator[str]:
        """Yield the texts of what is said, without tool calls and reasoning."""
        for delta in self.deltas():
            if delta.kind in _TEXTS and delta.text:
                yield delta.text


class _Begun(NamedTuple):
    """A stream of which a chunk was read: a generator function begins there, and must know its caller."""

    stream: Stream[Any]
    first: list[Any]


def _begun(stream: Stream[Any]) -> _Begun:
    return _Begun(stream, list(islice(stream, 1)))


def _whole(value: Any, reader: Client | None) -> Iterator[Delta]:
    parts = reply_client(value, reader).read_reply(value).parts
    for at, part in enumerate(parts):
        yield Delta(at, part.text, True, part.kind, part.where, part.name)


def _streamed(begun: _Begun, reader: Client | None) -> Iterator[Delta]:
    reading: StreamReader | None = None
    for chunk in chain(begun.first, begun.stream):
        reading = reading or chunk_client(chunk, reader).open_stream()
        yield from reading.read(chunk)


def _refused(error: Exception) -> Answer:
    if isinstance(error, Rejected | ComponentFailed):
        wait_s = getattr(error, "retry_after_s", None)
        return Answer("", error.status, error.http_status, str(error), error.request_id, wait_s)
    if isinstance(error, CallTimeout):
        return Answer(status="timeout", http_status=504, reason=str(error))
    if isinstance(error, ConfigurationError):
        return Answer(status="error", http_status=500, reason=str(error))
    return Answer(status="error", http_status=502, reason=type(error).__name__)
