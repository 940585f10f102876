"""A chat model that answers by a script, whole or in pieces, tool calls included, as the fakes of the framework do not."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

USAGE = {"input_tokens": 20, "output_tokens": 10, "total_tokens": 30, "input_token_details": {"cache_read": 4}}


class Scripted(BaseChatModel):
    """Answers with its messages, one after the other, and over again; streams them `size` characters a chunk."""

    answers: list[AIMessage]
    size: int = 3
    model_name: str = "scripted-1"
    asked: list[Any] = []  # noqa: RUF012  a field of a pydantic model, copied for each
    closed: list[str] = []  # noqa: RUF012  as above
    fails_after: int | None = None

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _next(self, messages: list[BaseMessage], kwargs: dict[str, Any]) -> AIMessage:
        self.asked.append((messages, kwargs))
        answer = self.answers[(len(self.asked) - 1) % len(self.answers)]
        metadata: Any = {"finish_reason": "stop", "model_name": kwargs.get("model", self.model_name)}
        return answer.model_copy(update={"usage_metadata": USAGE, "response_metadata": metadata})

    def _generate(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._next(messages, kwargs))])

    async def _agenerate(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        return self._generate(messages, **kwargs)

    def _stream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> Iterator[ChatGenerationChunk]:
        answer = self._next(messages, kwargs)
        try:
            for at, piece in enumerate(pieces(answer, self.size)):
                if at == self.fails_after:
                    raise ConnectionError("the line is dead")
                yield ChatGenerationChunk(message=piece)
        finally:
            self.closed.append("stream")

    async def _astream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in self._stream(messages, **kwargs):
            yield chunk

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Any:
        return self.bind(tools=[getattr(tool, "name", str(tool)) for tool in tools])


def pieces(answer: AIMessage, size: int) -> Iterator[AIMessageChunk]:
    """Cut a message into chunks, the way providers do."""
    text = str(answer.content)
    for at in range(0, len(text), size):
        yield AIMessageChunk(content=text[at : at + size])
    for index, call in enumerate(answer.tool_calls):
        first: Any = {"name": call["name"], "args": "", "id": call["id"], "index": index}
        yield AIMessageChunk(content="", tool_call_chunks=[first])
        arguments = json.dumps(call["args"])
        for at in range(0, len(arguments), size):
            more: Any = {"name": None, "args": arguments[at : at + size], "id": None, "index": index}
            yield AIMessageChunk(content="", tool_call_chunks=[more])
    yield AIMessageChunk(content="", response_metadata=answer.response_metadata)
    yield AIMessageChunk(content="", usage_metadata=answer.usage_metadata)
