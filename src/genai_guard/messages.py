"""The values that travel through a call: who calls, what is asked, what is answered, what it took.

Most of them are made in every call, on the hot path. A `NamedTuple` costs half of a frozen dataclass to build, and is as
immutable.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from genai_guard.frozen import FrozenDict

__all__ = ["ANONYMOUS", "Caller", "Medium", "MediumKind", "Part", "PartKind", "Reply", "Request", "Role", "Usage"]

Role: TypeAlias = Literal["system", "user", "assistant", "tool"]
PartKind: TypeAlias = Literal["text", "arguments", "result", "refusal", "reasoning"]
"""`arguments`: JSON of a tool call. `result`: what a tool returned."""
MediumKind: TypeAlias = Literal["image", "audio", "video", "file"]

_NOTHING: Final[Mapping[str, Any]] = FrozenDict()


class Part(NamedTuple):
    """One text of a request or reply, and where it stands.

    Attributes:
        text: The text.
        role: Who wrote it.
        kind: What it is.
        where: Its place, for instance `messages[2].content`; empty for a plain text.
        name: Name of the tool, for `arguments` and `result`.
    """

    text: str
    role: Role = "user"
    kind: PartKind = "text"
    where: str = ""
    name: str = ""

    def __repr__(self) -> str:
        place = f" at {self.where}" if self.where else ""
        return f"<Part {self.role} {self.kind}{place}, {len(self.text)} characters>"


class Medium(NamedTuple):
    """Something in a request that is no text; it is passed on unread.

    Attributes:
        kind: What it is.
        where: Its place, for instance `messages[2].content[0]`.
    """

    kind: MediumKind
    where: str = ""


class Usage(NamedTuple):
    """Tokens of one call.

    Attributes:
        input_tokens: All tokens of the request, cached ones included.
        output_tokens: All tokens of the reply, reasoning included.
        cached_tokens: Those of the input that the provider had cached.
        reasoning_tokens: Those of the output that were thought, not said.
        estimated: True when the provider reported nothing and the texts were measured instead.
        cache_write_tokens: Those of the input that the provider put into its cache.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    estimated: bool = False
    cache_write_tokens: int = 0

    @property
    def total_tokens(self) -> int:
        """Input plus output."""
        return self.input_tokens + self.output_tokens

    def plus(self, other: Usage) -> Usage:
        """Return the tokens of both; estimated if one of them is."""
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cached_tokens + other.cached_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
            self.estimated or other.estimated,
            self.cache_write_tokens + other.cache_write_tokens,
        )


class Request(NamedTuple):
    """What is asked, in whatever shape the client puts it.

    Attributes:
        parts: Every text of the request, in order.
        model: Model asked for; empty when the call does not say.
        max_tokens: Upper bound of the reply, as the call states it.
        messages: Number of messages.
        media: What it holds besides texts, in order.
    """

    parts: tuple[Part, ...]
    model: str = ""
    max_tokens: int | None = None
    messages: int = 1
    media: tuple[Medium, ...] = ()


class Reply(NamedTuple):
    """What is answered.

    Attributes:
        parts: Every text of the reply, in order.
        usage: Tokens as the provider counted them; None when it did not.
        model: Model that answered; empty when the reply does not say.
        finish_reason: Why the model stopped, in the provider's own word.
    """

    parts: tuple[Part, ...]
    usage: Usage | None = None
    model: str = ""
    finish_reason: str = ""


@dataclass(frozen=True, slots=True)
class Caller:
    """On whose behalf a call is made.

    Attributes:
        user: End user.
        tenant: Customer or organisation.
        session: Conversation.
        request_id: Identifier of the call; made up when empty.
        tags: Further names and values for the event.
    """

    user: str = ""
    tenant: str = ""
    session: str = ""
    request_id: str = ""
    tags: Mapping[str, str] = field(default_factory=lambda: _NOTHING)

    def value(self, name: str) -> str:
        """Return the field or tag of that name; empty when there is none."""
        return getattr(self, name) if name in _FIELDS else self.tags.get(name, "")


_FIELDS: Final = frozenset({"user", "tenant", "session", "request_id"})
ANONYMOUS: Final = Caller()
