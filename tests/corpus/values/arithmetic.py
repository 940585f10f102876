"""Check digits as their standards define them, written for the corpus alone: the library has its own."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from string import ascii_lowercase, ascii_uppercase, digits

__all__ = ["any_date", "chars", "fill", "iso7064_11_10", "luhn_digit", "mod97", "weighted", "with_luhn"]

_ALPHABETS = {
    "#": digits,
    "¤": "23456789",
    "9": "123456789",
    "@": ascii_uppercase,
    "&": ascii_lowercase,
    "*": ascii_uppercase + digits,
    "%": "0123456789abcdef",
    "$": ascii_uppercase + ascii_lowercase + digits,
    "~": ascii_uppercase + ascii_lowercase + digits + "-_",
}


def fill(rng: Random, shape: str) -> str:
    """Replace the wildcards of a shape: `#` digit, `¤` 2 to 9, `@` capital, `*` capital or digit, `%` hex, `$` base 62.

    A backslash takes the next character as it is; `9` stands for 1 to 9.
    """
    made, literal = [], False
    for char in shape:
        if literal or char not in _ALPHABETS:
            literal = char == "\\" and not literal
            made += [] if literal else [char]
        else:
            made.append(rng.choice(_ALPHABETS[char]))
    return "".join(made)


def chars(rng: Random, kind: str, count: int) -> str:
    """Return so many characters of one wildcard of `fill`."""
    return fill(rng, kind * count)


def luhn_digit(number: str) -> str:
    """Return the digit that makes `number` pass the Luhn formula."""
    total = 0
    for position, char in enumerate(reversed(number)):
        value = int(char) * (2 if position % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def with_luhn(number: str) -> str:
    """Append the Luhn digit."""
    return number + luhn_digit(number)


def weighted(number: str, weights: Sequence[int]) -> int:
    """Return the sum of the digits, each times its weight."""
    return sum(int(char) * weight for char, weight in zip(number, weights, strict=True))


def mod97(text: str) -> int:
    """Return the remainder by 97, letters counting as 10 to 35."""
    return int("".join(str(int(char, 36)) for char in text)) % 97


def iso7064_11_10(number: str) -> str:
    """Return the check digit of ISO 7064, MOD 11,10."""
    product = 10
    for char in number:
        rest = (int(char) + product) % 10 or 10
        product = rest * 2 % 11
    return str((11 - product) % 10)


def any_date(rng: Random, first: int = 1940, last: int = 2006) -> tuple[int, int, int]:
    """Return year, month and day; never a day that a month may lack."""
    return rng.randint(first, last), rng.randint(1, 12), rng.randint(1, 28)
