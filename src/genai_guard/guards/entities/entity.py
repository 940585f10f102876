"""What a kind of personal data is: the rules that find it, and how it is masked."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from genai_guard.text.rules import Rule

__all__ = ["DIGITS", "LETTERS", "Entity", "digits_of", "mask_all", "mask_but_last"]

DIGITS: Final = "0123456789"
LETTERS: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def mask_but_last(matched: str) -> str:
    """Return `matched` with a star for every letter and digit but the last four; separators stay."""
    hidden = sum(char.isalnum() for char in matched) - 4
    masked: list[str] = []
    for char in matched:
        masked.append("*" if char.isalnum() and hidden > 0 else char)
        hidden -= char.isalnum()
    return "".join(masked)


def mask_all(matched: str) -> str:
    """Return `matched` with one star for each run of letters and digits; separators stay."""
    return re.sub("[^\\W_]+", "*", matched)


def digits_of(matched: str) -> str:
    """Return the digits of `matched`, separators left out."""
    return "".join(char for char in matched if char.isdigit())


@dataclass(frozen=True, slots=True)
class Entity:
    """A kind of personal data.

    Attributes:
        name: Name, which is also the category of what is found and the label that replaces it.
        rules: What finds it; each of them has `name` as its category.
        mask: Hides a match and leaves what people need to recognise their own.
    """

    name: str
    rules: tuple[Rule, ...]
    mask: Callable[[str], str] = mask_but_last
