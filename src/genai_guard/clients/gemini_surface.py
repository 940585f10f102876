"""What of Google's Gemini clients asks a model.

Chats go through the guarded models of their client: each step of a chat is one guarded call, the results of functions that
the SDK runs included. What the model said stands in the history as the guards let it pass, what the user said as it was
said, to be guarded anew with the next message. Embeddings, token counts, files, caches and tunings pass. Pictures, videos,
batches, live sessions and interactions are refused: no reader reads them.
"""

from __future__ import annotations

from typing import Final

from genai_guard.clients.surface import Surface

__all__ = ["ASYNC_SURFACE", "SURFACE"]

_UNREAD: Final = "what it is asked and answers is not read: use models.generate_content"
_METHODS: Final = ("models.generate_content", "models.generate_content_stream")
_REFUSED: Final = (
    *(f"models.{name}_image" for name in ("edit", "upscale", "recontext", "segment")),
    *("models.generate_images", "models.generate_videos"),
    *("batches.create", "batches.get", "batches.list", "interactions", "decisions", "agents", "triggers", "live"),
)

SURFACE: Final = Surface(
    name="Gemini",
    classes=("google.Client",),
    methods=(*_METHODS, *(f"aio.{path}" for path in _METHODS)),
    refused=dict.fromkeys((*_REFUSED, *(f"aio.{path}" for path in _REFUSED)), _UNREAD),
)
ASYNC_SURFACE: Final = Surface(
    name="Gemini (aio)", classes=("google.AsyncClient",), methods=_METHODS, refused=dict.fromkeys(_REFUSED, _UNREAD)
)
"""What `genai.Client().aio` has, where that is wrapped by itself."""
