"""Chat completions in the shape of OpenAI's, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = [
    "ChatCompletion",
    "ChatCompletionChunk",
    "Choice",
    "ChunkChoice",
    "CompletionDetails",
    "CompletionUsage",
    "Delta",
    "Function",
    "Message",
    "PromptDetails",
    "ToolCall",
]


@dataclass(frozen=True, slots=True)
class Function:
    """A function that is called; in a stream, a piece of that."""

    arguments: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool call; in a stream, a piece of the one with the same index."""

    function: Function
    id: str | None = None
    index: int = 0
    type: Literal["function"] = "function"


@dataclass(frozen=True, slots=True)
class Message:
    """What the model says."""

    content: str | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[ToolCall] | None = None
    role: Literal["assistant"] = "assistant"


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of what the model says."""

    content: str | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[ToolCall] | None = None
    role: Literal["assistant"] | None = None


@dataclass(frozen=True, slots=True)
class PromptDetails:
    """What the tokens of the request were."""

    cached_tokens: int


@dataclass(frozen=True, slots=True)
class CompletionDetails:
    """What the tokens of the reply were."""

    reasoning_tokens: int


@dataclass(frozen=True, slots=True)
class CompletionUsage:
    """Tokens of one call."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: PromptDetails
    completion_tokens_details: CompletionDetails


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer."""

    message: Message
    finish_reason: str
    index: int = 0
    logprobs: None = None


@dataclass(frozen=True, slots=True)
class ChunkChoice:
    """A piece of one answer."""

    delta: Delta
    finish_reason: str | None = None
    index: int = 0
    logprobs: None = None


@dataclass(frozen=True, slots=True)
class ChatCompletion:
    """A whole reply."""

    id: str
    model: str
    created: int
    choices: list[Choice]
    usage: CompletionUsage | None
    object: Literal["chat.completion"] = "chat.completion"


@dataclass(frozen=True, slots=True)
class ChatCompletionChunk:
    """One chunk of a streamed reply."""

    id: str
    model: str
    created: int
    choices: list[ChunkChoice]
    usage: CompletionUsage | None = None
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"
