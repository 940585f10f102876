"""Attacks in disguise: how people write what a program is not to see."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Final

from training.examples import Example

__all__ = ["DISGUISES", "disguised"]

_ALIKE: Final = str.maketrans("aceopxyis", "\u0430\u0441\u0435\u043e\u0440\u0445\u0443\u0456\u0455")
_DIGITS: Final = str.maketrans("oieas", "01345")


def _capitals(text: str, draw: Random) -> str:
    return "".join(char.upper() if draw.random() < 0.5 else char.lower() for char in text)


def _unseen(text: str, draw: Random) -> str:
    return "".join(char + "\u200b" if char.isalpha() and draw.random() < 0.3 else char for char in text)


def _wide(text: str, _: Random) -> str:
    return "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text)


def _some_digits(text: str, draw: Random) -> str:
    return " ".join(word.translate(_DIGITS) if draw.random() < 0.5 else word for word in text.split(" "))


def _spaced(text: str, draw: Random) -> str:
    words = (" ".join(word) if word.isalpha() and draw.random() < 0.3 else word for word in text.split(" "))
    return "  ".join(words)


DISGUISES: Final[Mapping[str, Callable[[str, Random], str]]] = {
    "capitals": lambda text, _: text.upper(),
    "mixed case": _capitals,
    "zero-width spaces": _unseen,
    "look-alike letters": lambda text, _: text.translate(_ALIKE),
    "full-width": _wide,
    "digits for letters": _some_digits,
    "spaced-out words": _spaced,
    "base64": lambda text, _: b64encode(text.encode()).decode(),
}
"""By what the tables call them."""


def disguised(examples: Sequence[Example], name: str) -> list[Example]:
    """Return texts in one disguise, always the same."""
    draw = Random(f"{name} {len(examples)}")
    return [replace(each, text=DISGUISES[name](each.text, draw)) for each in examples]
