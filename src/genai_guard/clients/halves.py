"""Halves of clients: requests that are lists of turns, and what a client has that leaves a half to another."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from genai_guard.clients.base import StreamReader
from genai_guard.clients.figures import bound_of, model_of
from genai_guard.clients.turns import after_turns
from genai_guard.clients.walk import Edit, Rewrite, Walk
from genai_guard.errors import ConfigurationError
from genai_guard.messages import Part, Reply, Request

__all__ = ["NoStreams", "RepliesOnly", "RequestsOnly", "Turns", "TurnsRequest"]

Turns: TypeAlias = tuple[Sequence[Any], Mapping[str, Any]]
"""A list of turns, and the arguments of the call."""


class TurnsRequest(ABC):
    """A client whose requests are lists of turns, with texts in arguments beside them."""

    __slots__ = ()

    @staticmethod
    def walk(edit: Edit, /) -> Walk:
        """Return a walk over the texts of a request."""
        return Walk(edit)

    @abstractmethod
    def visit(self, content: Sequence[Any], kwargs: Mapping[str, Any], walk: Walk, /) -> Turns:
        """Lead a walk through every text of a request; return what it made of them."""

    def read_request(self, content: Sequence[Any], kwargs: Mapping[str, Any], /) -> Request:
        """Return the texts of all turns, and of the arguments beside them."""
        parts: list[Part] = []
        walk = self.walk(parts.append)
        self.visit(content, kwargs, walk)
        return Request(tuple(parts), model_of(kwargs.get("model")), bound_of(kwargs), len(content), walk.media)

    def write_request(self, content: Sequence[Any], kwargs: Mapping[str, Any], texts: Sequence[str], /) -> Turns:
        """Return new turns, and new keyword arguments where others changed."""
        rewrite = Rewrite(texts)
        after = self.visit(content, kwargs, self.walk(rewrite))
        rewrite.end()
        return after

    def ask_again(
        self, content: Sequence[Any], kwargs: Mapping[str, Any], reply: Sequence[Part], feedback: str, /
    ) -> Turns:
        """Return a conversation with two turns more, see `genai_guard.clients.turns`."""
        return after_turns(content, reply, feedback), kwargs


class RepliesOnly:
    """A client whose requests are read by others."""

    __slots__ = ()

    def reads_request(self, content: object, kwargs: Mapping[str, Any], /) -> bool:  # noqa: ARG002  part of the protocol
        """Take none."""
        return False

    def read_request(self, content: Any, kwargs: Mapping[str, Any], /) -> Request:  # noqa: ARG002
        """Find nothing: none was taken."""
        return Request(())

    def write_request(
        self,
        content: Any,
        kwargs: Mapping[str, Any],
        texts: Sequence[str],  # noqa: ARG002
        /,
    ) -> tuple[Any, Mapping[str, Any]]:
        """Change nothing: none was taken."""
        return content, kwargs


class NoStreams:
    """A client without streams of its own."""

    __slots__ = ()

    def reads_chunk(self, chunk: object, /) -> bool:  # noqa: ARG002  part of the protocol
        """Take none."""
        return False

    def open_stream(self) -> StreamReader:
        """Refuse: none was taken.

        Raises:
            ConfigurationError: always.
        """
        raise ConfigurationError(f"{type(self).__name__} reads no streams")


class RequestsOnly(NoStreams):
    """A client whose replies are read by others."""

    __slots__ = ()

    def reads_reply(self, reply: object, /) -> bool:  # noqa: ARG002  part of the protocol
        """Take none."""
        return False

    def read_reply(self, reply: Any, /) -> Reply:  # noqa: ARG002
        """Find nothing: none was taken."""
        return Reply(())

    def write_reply(self, reply: Any, texts: Sequence[str], /) -> Any:  # noqa: ARG002
        """Change nothing: none was taken."""
        return reply
