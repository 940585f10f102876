"""A text as a learned scorer reads it: undisguised, in words, in windows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from genai_guard.text.canonical import Canonical, canonical, may_mean, unleet

__all__ = ["STEP", "WINDOW", "spans_in", "undisguised", "windows"]

WINDOW: Final = 320
"""Words of a window: about two kilobytes of English."""
STEP: Final = 240
"""Words from the beginning of a window to that of the next."""


def undisguised(text: str, words: AbstractSet[bytes]) -> list[Canonical]:
    """Return the forms through which a text becomes what its reader takes it for, each of the one before it.

    Args:
        text: As it was written.
        words: Words that are read where they are spaced out or spelled with digits.
    """
    forms: list[Canonical] = []
    form = canonical(text)
    if form is not None:
        forms.append(form)
        text = form.text
    if may_mean(text, words):
        form = unleet(text, words=words)
        if form is not None:
            forms.append(form)
    return forms


def windows(size: int) -> Iterator[tuple[int, int]]:
    """Yield where the windows of `size` words begin and end: the last holds the end of the text.

    They are counted from the beginning, so that those which are full stay what they are when a text grows.
    """
    start = 0
    while True:
        end = start + WINDOW
        yield start, min(end, size)
        if end >= size:
            return
        start += STEP


def spans_in(forms: Sequence[Canonical], start: int, end: int) -> tuple[int, int]:
    """Return the place in the original of a place in the last of its forms."""
    for form in reversed(forms):
        start, end = form.original_span(start, end)
    return start, end
