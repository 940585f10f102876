"""What the texts of the tests of `PromptInjection` are made of."""

from __future__ import annotations

from base64 import b64encode
from typing import Literal, NamedTuple

__all__ = ["Source", "encoded"]


class Source(NamedTuple):
    """Texts of one sort, and where such texts stand."""

    name: str
    place: Literal["user", "document", "tool"]
    texts: tuple[str, ...]


def encoded(text: str) -> str:
    """Base64, as attacks use it."""
    return b64encode(text.encode()).decode()
