"""Windows of tokens, for models that read only so many at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from genai_guard.errors import ConfigurationError

__all__ = ["SPECIAL", "check_sizes", "overlap", "spans"]

SPECIAL: Final = 2
"""Tokens that stand around each text."""
_OVERLAP: Final = 8
"""The how manieth part of a window is in the next one, too."""


def overlap(size: int) -> int:
    """Return how many of `size` tokens are read twice, so that little is torn apart."""
    return size // _OVERLAP


def spans(tokens: int, size: int) -> Iterator[tuple[int, int]]:
    """Yield where windows of at most `size` tokens begin and end; one that is empty for no tokens."""
    start = 0
    while True:
        end = min(start + size, tokens)
        yield start, end
        if end == tokens:
            return
        start = end - overlap(size)


def check_sizes(owner: str, *, max_tokens: int, batch_size: int) -> None:
    """Refuse windows of nothing.

    Raises:
        ConfigurationError: a number that is too small, or none.
    """
    for name, value, least in (("max_tokens", max_tokens, SPECIAL + 1), ("batch_size", batch_size, 1)):
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise ConfigurationError(f"{owner}({name}={value!r}) must be a whole number of at least {least}")
