"""How a provider's request, reply, stream and usage are read, and written back.

A new client is one file, and one line in `CLIENTS`.
"""

from __future__ import annotations

from typing import Final

from genai_guard.clients.anthropic_messages import ANTHROPIC_MESSAGES
from genai_guard.clients.base import AsksAgain, Client, Delta, StreamReader, TakesSystem, ask_again
from genai_guard.clients.custom import CustomClient, custom
from genai_guard.clients.gemini import GEMINI
from genai_guard.clients.hugging_face import HUGGING_FACE
from genai_guard.clients.instructor import INSTRUCTOR
from genai_guard.clients.langchain_messages import LANGCHAIN
from genai_guard.clients.lookup import Lookup
from genai_guard.clients.ollama import OLLAMA
from genai_guard.clients.openai_chat import OPENAI_CHAT
from genai_guard.clients.openai_responses import OPENAI_RESPONSES
from genai_guard.clients.payload import PAYLOAD, PREDICTIONS
from genai_guard.clients.surface import Routes, Surface
from genai_guard.clients.surfaces import SURFACES
from genai_guard.clients.text import TEXT

__all__ = [
    "CLIENTS",
    "SURFACES",
    "AsksAgain",
    "Client",
    "CustomClient",
    "Delta",
    "Routes",
    "StreamReader",
    "Surface",
    "TakesSystem",
    "ask_again",
    "chunk_client",
    "custom",
    "reply_client",
    "request_client",
]

CLIENTS: Final[tuple[Client, ...]] = (
    TEXT,
    LANGCHAIN,
    OPENAI_RESPONSES,
    ANTHROPIC_MESSAGES,
    GEMINI,
    OPENAI_CHAT,
    OLLAMA,
    HUGGING_FACE,
    PAYLOAD,
    PREDICTIONS,
    INSTRUCTOR,
)
"""The clients, in the order in which they are asked: the special before the general."""

_lookup: Final = Lookup(CLIENTS)

request_client: Final = _lookup.request
"""Return the client that reads a request, given its content, the keyword arguments of the call, and a `reader` to ask
first; `ConfigurationError` if none does."""

reply_client: Final = _lookup.reply
"""Return the client that reads a whole reply."""

chunk_client: Final = _lookup.chunk
"""Return the client that reads a stream, given its first chunk."""
