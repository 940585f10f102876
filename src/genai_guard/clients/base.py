"""What a client is: how one provider's calls are read and written back.

A client never changes what it is given. To write is to make a copy in which only the texts differ, and the parts of
a copy that did not change are shared with the original.

`content` is the value of the parameter that carries the request: a `str` for `prompt=`, the list for `messages=`.
`kwargs` are the keyword arguments of the same call, where a provider may keep further texts (`system=`).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import partial
from typing import Any, Final, NamedTuple, Protocol, runtime_checkable

from genai_guard.messages import Part, PartKind, Reply, Request

__all__ = ["AsksAgain", "Client", "Delta", "StreamReader", "TakesSystem", "ask_again", "quick_delta"]


class Delta(NamedTuple):
    """One piece of a streamed text.

    Attributes:
        channel: Which text of the reply it continues. Equal channels of one stream are one text.
        text: The next characters; may be empty.
        final: No more text follows in this channel.
        kind: What the text is.
        where: Its place in the whole reply, for instance `response.choices[0].message.content`.
        name: Name of the tool, for `arguments` and `result`.
    """

    channel: Hashable
    text: str
    final: bool = False
    kind: PartKind = "text"
    where: str = ""
    name: str = ""

    def __repr__(self) -> str:
        place = f" at {self.where}" if self.where else ""
        return f"<Delta {self.kind}{place}, {len(self.text)} characters{', final' if self.final else ''}>"


quick_delta: Final[Callable[[tuple[Hashable, str, bool, PartKind, str, str]], Delta]] = partial(tuple.__new__, Delta)  # pyright: ignore[reportUnknownMemberType]  the typeshed's `tuple.__new__` is generic
"""Makes a `Delta` of all its fields in half the time of a call: there is one for each token."""


class StreamReader(Protocol):
    """Reads one stream and writes it back, chunk by chunk.

    A chunk is given to `read`. If that returns deltas, the chunk and the texts to put in their place are given to
    `write`, before the next `read` and even when no text changed. A chunk without deltas is handed out as it is.
    """

    def read(self, chunk: Any, /) -> Sequence[Delta]:
        """Return the texts of a chunk, in order; none when it carries none."""
        ...

    def write(self, chunk: Any, texts: Sequence[str], /) -> Sequence[object]:
        """Return the chunks to hand out in place of the one that was read last.

        They are of the provider's own types. A chunk that carried nothing but text, all of which is held back, gives
        none. Text that was held back until now may need a chunk of its own, which then comes first.

        Args:
            chunk: The chunk that was given to `read`.
            texts: One for each delta, in the same order: what of its channel is to be handed out now.
        """
        ...

    def tail(self, channel: Hashable, text: str, /) -> Sequence[object]:
        """Return chunks that carry `text`, held back in `channel` when the stream ended without closing it."""
        ...

    def reply(self) -> Reply:
        """Return usage, model and finish reason as far as they are known by now. The parts are left empty."""
        ...


class Client(Protocol):
    """Reads and writes the calls of one provider.

    A client is stateless and shared by all threads. It may say `types`, a tuple of types whose values are always its
    own: they are then recognised without asking. It may say `keywords`, a tuple of names of arguments: where a call has
    one of them, it is asked about the request before any type is looked at.
    """

    @property
    def name(self) -> str:
        """What the client reads, in the words of its users; shown in errors."""
        ...

    def reads_request(self, content: object, kwargs: Mapping[str, Any], /) -> bool:
        """Tell whether `read_request` understands such a request. Must not raise."""
        ...

    def read_request(self, content: Any, kwargs: Mapping[str, Any], /) -> Request:
        """Return every text of a request."""
        ...

    def write_request(
        self, content: Any, kwargs: Mapping[str, Any], texts: Sequence[str], /
    ) -> tuple[object, Mapping[str, Any]]:
        """Return the content and the keyword arguments with `texts` in place of the parts, in the same order."""
        ...

    def reads_reply(self, reply: object, /) -> bool:
        """Tell whether `read_reply` understands such a reply. Must not raise."""
        ...

    def read_reply(self, reply: Any, /) -> Reply:
        """Return every text of a whole reply, and its usage."""
        ...

    def write_reply(self, reply: Any, texts: Sequence[str], /) -> object:
        """Return a reply of the same type with `texts` in place of the parts, in the same order."""
        ...

    def reads_chunk(self, chunk: object, /) -> bool:
        """Tell whether `open_stream` understands a stream that begins with such a chunk. Must not raise."""
        ...

    def open_stream(self) -> StreamReader:
        """Return a new reader for one stream."""
        ...


@runtime_checkable
class AsksAgain(Protocol):
    """A client that can put a further turn at the end of a request, which no client must."""

    def ask_again(
        self, content: Any, kwargs: Mapping[str, Any], reply: Sequence[Part], feedback: str, /
    ) -> tuple[object, Mapping[str, Any]] | None:
        """Return a request that goes on with the model's reply and with what it has to be told; None if it cannot.

        Args:
            content: Of the request that was answered, as the model got it.
            kwargs: Its keyword arguments.
            reply: The texts of the reply, as the model is to see them again.
            feedback: What was wrong with them.
        """
        ...


@runtime_checkable
class TakesSystem(Protocol):
    """A client whose requests keep their system prompt elsewhere than among messages, or in a parameter of that name."""

    def with_system(self, content: Any, kwargs: Mapping[str, Any], text: str, /) -> tuple[object, Mapping[str, Any]]:
        """Return a request with another system prompt."""
        ...


def ask_again(
    client: Client, content: object, kwargs: Mapping[str, Any], reply: Sequence[Part], feedback: str
) -> tuple[object, Mapping[str, Any]] | None:
    """Return a request that asks `client` again, as `AsksAgain.ask_again` does; None if the client cannot."""
    return client.ask_again(content, kwargs, reply, feedback) if isinstance(client, AsksAgain) else None
