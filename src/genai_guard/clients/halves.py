"""Halves of clients: where a provider's requests or replies are in the shape of another, or it has no streams."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from genai_guard.clients.base import StreamReader
from genai_guard.errors import ConfigurationError
from genai_guard.messages import Reply, Request

__all__ = ["NoStreams", "RepliesOnly", "RequestsOnly"]


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
