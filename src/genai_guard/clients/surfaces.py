"""The clients that `Pipeline.wrap_client` knows. A new one is one line in `SURFACES`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from genai_guard.clients import anthropic_surface, gemini_surface, openai_surface, server_surfaces
from genai_guard.clients.surface import Surface, surface_of
from genai_guard.errors import ConfigurationError

__all__ = ["SURFACES", "surface_for"]

SURFACES: Final[tuple[Surface, ...]] = (
    openai_surface.SURFACE,
    anthropic_surface.SURFACE,
    gemini_surface.SURFACE,
    gemini_surface.ASYNC_SURFACE,
    server_surfaces.OLLAMA,
    server_surfaces.HUGGING_FACE,
    server_surfaces.DATABRICKS,
    server_surfaces.MLFLOW,
)
"""What each known client has that asks a model."""


def surface_for(client: object, methods: Sequence[str] = ()) -> Surface:
    """Return the surface of a client, with methods that its user names besides.

    Raises:
        ConfigurationError: the client is not known and no methods are named, or one is no dotted path.
    """
    if isinstance(methods, str) or not all(isinstance(path, str) and all(path.split(".")) for path in methods):
        raise ConfigurationError("wrap_client(methods=...) takes a list of dotted paths, such as ['chat.complete']")
    try:
        known = surface_of(client, SURFACES)
    except ConfigurationError:
        if not methods:
            raise
        known = Surface(name=type(client).__qualname__, classes=())
    return replace(known, methods=(*known.methods, *methods))
