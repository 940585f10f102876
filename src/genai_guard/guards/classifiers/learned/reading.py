"""A text as a learned scorer reads it: in windows, each of them undisguised."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from genai_guard.text.canonical import Canonical, canonical, may_mean, unleet

__all__ = ["STEP", "WINDOW", "spans_in", "undisguised", "windows"]

WINDOW: Final = 700
"""Characters of a window: some 120 words of English."""
STEP: Final = 612
"""Characters from the beginning of a window to that of the next."""
_SLACK: Final = 64
"""Characters that a window may begin or end later, so that it cuts no word."""


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


def windows(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the windows of a text begin and end: the last holds the end of the text.

    They are counted from the beginning, and those before the last stay what they are when a text grows.
    """
    at = 0
    while at + WINDOW + _SLACK < len(text):
        yield _between_words(text, at), _between_words(text, at + WINDOW)
        at += STEP
    yield _between_words(text, at), len(text)


def _between_words(text: str, at: int) -> int:
    """Return the first place from `at` on that is behind a space, if there is one near."""
    if at == 0:
        return 0
    found = min((text.find(space, at - 1, at + _SLACK) for space in " \n"), key=lambda place: (place < 0, place))
    return at if found < 0 else found + 1


def spans_in(forms: Sequence[Canonical], start: int, end: int) -> tuple[int, int]:
    """Return the place in the original of a place in the last of its forms."""
    for form in reversed(forms):
        start, end = form.original_span(start, end)
    return start, end
