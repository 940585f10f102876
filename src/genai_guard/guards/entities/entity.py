"""What a kind of personal data is: the rules that find it, and how it is masked."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from genai_guard.text.rules import Rule

__all__ = [
    "CODE",
    "DIGITS",
    "HEX",
    "LETTERS",
    "NUMBER",
    "TEXT",
    "Entity",
    "Mask",
    "digits_of",
    "mask_all",
    "mask_but_last",
]

DIGITS: Final = "0123456789"
LETTERS: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
NUMBER: Final = DIGITS + " .-/()+,"
"""What grouped numbers are made of. Few alphabets, some wider than need be, keep streams cheap."""
CODE: Final = LETTERS + NUMBER + "&"
"""What grouped numbers with letters are made of."""
SOLID: Final = LETTERS + DIGITS + ".-/()+&"
"""What they are made of if no space is in them."""
HEX: Final = DIGITS + "abcdefABCDEF:.-"
"""What addresses of devices are made of."""
TEXT: Final = CODE + "'’\n#°ºª" + "".join(map(chr, range(0xC0, 0x100)))  # noqa: RUF001  an apostrophe as typesetters write it
"""What addresses and dates are made of."""

Mask: TypeAlias = Callable[[str, int], str]
"""Hides a match, but for so many of its last letters and digits where that makes sense."""


def mask_but_last(matched: str, keep: int = 4) -> str:
    """Return `matched` with a star for every letter and digit but the last ones; separators stay.

    At least half of the letters and digits are hidden.
    """
    size = sum(char.isalnum() for char in matched)
    hidden = max(size - keep, (size + 1) // 2)
    masked: list[str] = []
    for char in matched:
        masked.append("*" if char.isalnum() and hidden > 0 else char)
        hidden -= char.isalnum()
    return "".join(masked)


def mask_all(matched: str, _keep: int = 0) -> str:
    """Return `matched` with one star for each run of letters and digits; separators stay."""
    return re.sub("[^\\W_]+", "*", matched)


def digits_of(matched: str) -> str:
    """Return the digits of `matched`, separators left out."""
    return "".join(filter(str.isdigit, matched))


@dataclass(frozen=True, slots=True)
class Entity:
    """A kind of personal data.

    Attributes:
        name: Name, which is also the category of what is found and the label that replaces it.
        rules: What finds it; each of them has `name` as its category.
        mask: Hides a match and leaves what people need to recognise their own.
        how: What is checked, in a few words.
        extra: Package that checks it, if it needs one; the extra `pii` installs it.
    """

    name: str
    rules: tuple[Rule, ...]
    mask: Mask = mask_but_last
    how: str = ""
    extra: str = ""
