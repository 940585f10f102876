"""What a fake model is to say, how it is cut into chunks, and what it was asked."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from genai_guard.clients.walk import is_list
from genai_guard.errors import ConfigurationError
from genai_guard.messages import Usage

__all__ = [
    "Chunking",
    "FakeCall",
    "FakeReply",
    "FakeToolCall",
    "OutOfRepliesError",
    "Scripted",
    "check_chunking",
    "cut",
    "reply_of",
]

Chunking: TypeAlias = Literal["word", "char"] | int | Sequence[int] | Callable[[str], Iterable[str]]
"""How a streamed text is cut: at each word, at each character, into pieces of one size, into pieces of these sizes in
turn, or by a function that returns the pieces."""

_NO_PARAMS: Final[Mapping[str, Any]] = {}
_WORD: Final = re.compile(r"\s*\S+|\s+$")


class OutOfRepliesError(AssertionError):
    """A fake model was called more often than its script has replies."""


@dataclass(frozen=True, slots=True)
class FakeToolCall:
    """A tool that a fake model calls.

    Attributes:
        name: Name of the tool.
        arguments: Its arguments, as an object or as the JSON that the model writes.
        id: Identifier of the call; made up when empty.
    """

    name: str
    arguments: Mapping[str, Any] | str = "{}"
    id: str = ""

    @property
    def json(self) -> str:
        """The arguments as JSON."""
        return self.arguments if isinstance(self.arguments, str) else json.dumps(self.arguments)


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeReply:
    """One reply of a fake model, beyond its text.

    Attributes:
        text: What it says.
        reasoning: What it thinks first; chat only.
        refusal: Why it refuses; chat only.
        tool_calls: What it calls; chat only.
        finish_reason: Why it stops; `stop`, or `tool_calls` if there are any, when empty.
        usage: What it reports; None counts the words.
        latency_s: Time until it answers, or until its first chunk; None for that of the model.
        chunks: How it is cut when streamed; None for the way of the model.
        error: Raised in place of the rest of the reply.
        error_after_chunks: Chunks of text to hand out before the error, when streamed.
    """

    text: str = ""
    reasoning: str = ""
    refusal: str = ""
    tool_calls: Sequence[FakeToolCall] = ()
    finish_reason: str = ""
    usage: Usage | None = None
    latency_s: float | None = None
    chunks: Chunking | None = None
    error: BaseException | None = None
    error_after_chunks: int = 0

    def __post_init__(self) -> None:
        if self.latency_s is not None and not self.latency_s >= 0:
            raise ConfigurationError(f"FakeReply(latency_s={self.latency_s!r}): takes seconds, zero or more")
        if self.chunks is not None:
            check_chunking(self.chunks)
        if self.error_after_chunks and self.error is None:
            raise ConfigurationError("FakeReply(error_after_chunks=...) needs error=, the exception to raise then")

    @property
    def finish(self) -> str:
        """The finish reason, said or not."""
        return self.finish_reason or ("tool_calls" if self.tool_calls else "stop")


@dataclass(slots=True)
class FakeCall:
    """One call that a fake model received.

    Attributes:
        number: 1 for the first call.
        prompt: The prompt, or the last text of the user.
        messages: The messages of a chat call; empty for a plain prompt.
        params: The other arguments of the call.
        streamed: Whether the reply was to be streamed.
        chunks: Chunks of text handed out so far.
        finished: Whether the reply was read to its end.
        closed: Whether it is over, be it finished, failed, or closed before its end.
    """

    number: int
    prompt: str
    messages: Sequence[Any] = ()
    params: Mapping[str, Any] = field(default_factory=lambda: _NO_PARAMS)
    streamed: bool = False
    chunks: int = 0
    finished: bool = False
    closed: bool = False


Scripted: TypeAlias = str | FakeReply | BaseException | Callable[[FakeCall], "str | FakeReply"]
"""What a script is made of: a text, a reply, an exception to raise, or a function of the call."""


def reply_of(scripted: Scripted, call: FakeCall) -> FakeReply:
    """Return a scripted reply in full."""
    if isinstance(scripted, FakeReply):
        return scripted
    if isinstance(scripted, str):
        return FakeReply(text=scripted)
    if isinstance(scripted, BaseException):
        return FakeReply(error=scripted)
    return reply_of(scripted(call), call)


def cut(text: str, chunks: Chunking) -> Iterator[str]:
    """Cut a text into chunks that join to it again; an empty text has none.

    Raises:
        ConfigurationError: a function returned pieces of another text.
    """
    if callable(chunks):
        pieces = list(chunks(text))
        if "".join(pieces) != text:
            raise ConfigurationError(
                "FakeLLM(chunks=...): the pieces that the function returned do not join to the text"
            )
        return iter(pieces)
    if chunks == "word":
        return iter(_WORD.findall(text))
    if chunks == "char":
        return iter(text)
    return _by_size(text, [chunks] if isinstance(chunks, int) else chunks)


def check_chunking(chunks: Chunking) -> None:
    """Refuse what `cut` could not use.

    Raises:
        ConfigurationError: it is no way of cutting, or a size is no whole number above zero.
    """
    if callable(chunks) or chunks in ("word", "char"):
        return
    if not _are_sizes([chunks] if isinstance(chunks, int) else chunks):
        raise ConfigurationError(
            f"FakeLLM(chunks={chunks!r}): takes 'word', 'char', a size, a list of sizes, or a function of the text"
        )


def _are_sizes(sizes: Any) -> bool:
    return is_list(sizes) and len(sizes) > 0 and all(map(_is_size, sizes))


def _is_size(size: object) -> bool:
    return type(size) is int and size > 0


def _by_size(text: str, sizes: Sequence[int]) -> Iterator[str]:
    start = turn = 0
    while start < len(text):
        size = sizes[turn % len(sizes)]
        yield text[start : start + size]
        start += size
        turn += 1
