"""A language model that answers by a script, whole or in pieces, tool calls included, as OpenAI's class does."""

from __future__ import annotations

import json
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    CompletionResponse,
    LLMMetadata,
    TextBlock,
    ToolCallBlock,
)
from llama_index.core.llms.callbacks import llm_chat_callback, llm_completion_callback
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.llms.llm import ToolSelection

from genai_guard.clients.arguments import load_partial

USAGE = SimpleNamespace(
    prompt_tokens=20, completion_tokens=10, prompt_tokens_details=None, completion_tokens_details=None
)


class Scripted(FunctionCallingLLM):
    """Answers with its messages, one after the other, and over again; streams them `size` characters a chunk."""

    answers: list[ChatMessage]
    size: int = 3
    model: str = "scripted-1"
    asked: list[Any] = []  # noqa: RUF012  a field of a pydantic model, copied for each
    closed: list[str] = []  # noqa: RUF012  as above

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(is_chat_model=True, is_function_calling_model=True, model_name=self.model)

    def _next(self, asked: Any, kwargs: dict[str, Any]) -> ChatMessage:
        self.asked.append((asked, kwargs))
        return self.answers[(len(self.asked) - 1) % len(self.answers)]

    def _raw(self, said: str, *, usage: Any = None) -> Any:
        return SimpleNamespace(
            model=self.model, said=said, usage=usage, choices=[SimpleNamespace(finish_reason="stop")]
        )

    def _whole(self, asked: Any, kwargs: dict[str, Any]) -> ChatResponse:
        answer = self._next(asked, kwargs)
        return ChatResponse(message=answer, raw=self._raw(str(answer.blocks), usage=USAGE))

    def _pieces(self, asked: Any, kwargs: dict[str, Any]) -> Any:
        said: list[Any] = []
        try:
            for block in self._next(asked, kwargs).blocks:
                text = block.text if isinstance(block, TextBlock) else json.dumps(getattr(block, "tool_kwargs", {}))
                for at in range(0, max(1, len(text)), self.size):
                    now: Any = TextBlock(text=text[: at + self.size])
                    if isinstance(block, ToolCallBlock):
                        now = block.model_copy(update={"tool_kwargs": text[: at + self.size]})
                    delta = text[at : at + self.size] if isinstance(block, TextBlock) else ""
                    message = ChatMessage(role="assistant", blocks=[*said, now])
                    yield ChatResponse(message=message, delta=delta, raw=self._raw(text[at : at + self.size]))
                said.append(now)
            last = ChatMessage(role="assistant", blocks=said)
            yield ChatResponse(message=last, delta="", raw=self._raw("", usage=USAGE))
        finally:
            self.closed.append("stream")

    @llm_chat_callback()
    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        return self._whole(messages, kwargs)

    @llm_chat_callback()
    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        return self._whole(messages, kwargs)

    @llm_chat_callback()
    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> Any:
        return self._pieces(messages, kwargs)

    @llm_chat_callback()
    async def astream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> Any:
        async def generate() -> Any:
            for chunk in self._pieces(messages, kwargs):
                yield chunk

        return generate()

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        return completion(self._whole(prompt, kwargs))

    @llm_completion_callback()
    async def acomplete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        return completion(self._whole(prompt, kwargs))

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:
        return (completion(chunk) for chunk in self._pieces(prompt, kwargs))

    @llm_completion_callback()
    async def astream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:
        async def generate() -> Any:
            for chunk in self._pieces(prompt, kwargs):
                yield completion(chunk)

        return generate()

    def _prepare_chat_with_tools(
        self, tools: Any, user_msg: Any = None, chat_history: Any = None, **kwargs: Any
    ) -> dict[str, Any]:
        new = [ChatMessage(user_msg, role="user") if isinstance(user_msg, str) else user_msg] if user_msg else []
        return {"messages": [*(chat_history or []), *new]}

    def get_tool_calls_from_response(self, response: ChatResponse, *_: Any, **__: Any) -> list[ToolSelection]:
        calls = [block for block in response.message.blocks if isinstance(block, ToolCallBlock)]
        return [
            ToolSelection(
                tool_id=call.tool_call_id or "",
                tool_name=call.tool_name,
                tool_kwargs=load_partial(call.tool_kwargs) if isinstance(call.tool_kwargs, str) else call.tool_kwargs,
            )
            for call in calls
        ]


def completion(response: ChatResponse) -> CompletionResponse:
    """Return a response to a prompt."""
    return CompletionResponse(text=response.message.content or "", delta=response.delta, raw=response.raw)
