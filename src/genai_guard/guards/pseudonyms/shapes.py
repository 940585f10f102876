"""What a stand-in has in common with its original: grouping, case, and the kind of each character."""

from __future__ import annotations

from collections.abc import Iterator
from string import ascii_lowercase, ascii_uppercase
from typing import Final

from genai_guard.guards.pseudonyms.draw import Draw

__all__ = ["alike", "in_case", "letters_and_digits", "plain", "poured"]

_MAX_CHARS: Final = 128
_REPLACED: Final = str.maketrans({'"': "'", "\\": "/"})


def plain(value: str) -> str:
    """Return what is the same in every way of writing a value."""
    return "".join(char for char in value if char.isalnum() or char in "@.:").casefold()


def letters_and_digits(value: str) -> str:
    """Return `value` without separators."""
    return "".join(filter(str.isalnum, value))


def poured(core: str, value: str) -> str:
    """Return the characters of `core` in the grouping and case of `value`, which has as many letters and digits."""
    chars = iter(core if any(map(str.isupper, value)) else core.lower())
    return "".join(_cased(next(chars), char) if char.isalnum() else _separator(char) for char in value)


def alike(draw: Draw, value: str) -> str:
    """Return letters and digits where `value` has some, with its separators, in ASCII; at most 128 characters."""
    return "".join(_like(draw, char) for char in value[:_MAX_CHARS])


def in_case(text: str, number: int) -> str:
    """Return `text` with its letters in the case that the bits of `number` say; 0 leaves it as it is."""
    return "".join(_swapped(text, number)) if number else text


def _swapped(text: str, number: int) -> Iterator[str]:
    for char in text:
        is_letter = char.isalpha()
        yield char.swapcase() if is_letter and number & 1 else char
        number >>= is_letter


def _like(draw: Draw, char: str) -> str:
    if char.isdecimal():
        return draw.digits(1)
    if char.isalnum():
        return draw.one_of(ascii_uppercase if char.isupper() else ascii_lowercase)
    return _separator(char)


def _separator(char: str) -> str:
    """Return a character that is written in JSON as it is, whoever writes it."""
    if char.isspace():
        return " "
    return char.translate(_REPLACED) if char.isascii() and char.isprintable() else "-"


def _cased(char: str, like: str) -> str:
    if like.islower():
        return char.lower()
    return char.upper() if like.isupper() else char
