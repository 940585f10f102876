"""Units of a text: the words that a learned scorer reads, and the numbers of their pieces.

A text is read in its canonical form, in lower case, without apostrophes, and everything between words as one space; digits
of a number as zeros, digits beside letters as the letters that they look like. What is left is bytes: one `translate`, one
`split`, and a look at each word that is not all letters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import mmh3

from genai_guard.text.words import UNSPACED, fold

__all__ = ["LONGEST", "lead", "pieces", "plain", "word_number", "words_of"]

LONGEST: Final = 24
"""Bytes of a word; a longer run of letters is read as several."""
_SIZES: Final = (3, 4, 5)
_MASK: Final = 0xFFFFFFFF
_PAIR: Final = 0x9E3779B1
_PLAIN: Final = bytes(
    byte if byte >= 128 or 97 <= byte < 123 or 48 <= byte < 58 else byte + 32 if 65 <= byte < 91 else 32
    for byte in range(256)
)
_NUMBER: Final = bytes.maketrans(b"123456789", b"000000000")
_LOOKS: Final = bytes.maketrans(b"0123456789", b"oi0eas0t00")
_split_unspaced: Final = re.compile(f"([{UNSPACED}])").sub
_between_words: Final = re.compile(r"[^\w\s]|_").sub
_APOSTROPHES: Final = str.maketrans("", "", "'\u2018\u2019\u02bc\u00b4")


def plain(text: str) -> bytes:
    """Return the words of a text, with spaces between them."""
    if not text.isascii():
        text = _between_words(" ", fold(text.translate(_APOSTROPHES)))
        text = _split_unspaced(r" \1 ", text)
    return text.encode("utf-8", "replace").translate(_PLAIN, b"'")


def words_of(text: str) -> list[bytes]:
    """Return the words of a text in order, none longer than `LONGEST`. Takes time linear in the text."""
    words = [word if word.isalpha() else _read(word) for word in plain(text).split()]
    if words and max(map(len, words)) > LONGEST:
        return [part for word in words for part in _parts(word)]
    return words


def _read(word: bytes) -> bytes:
    """Return a word that is not all ASCII letters with its digits as they are read."""
    number = word.translate(_NUMBER)
    return word if b"0" not in number else number if number.strip(b"0") == b"" else word.translate(_LOOKS)


def _parts(word: bytes) -> Iterator[bytes]:
    for start in range(0, len(word), LONGEST):
        yield word[start : start + LONGEST]


def word_number(word: bytes) -> int:
    """Return the 32-bit number of a word."""
    return mmh3.hash(word, 0, signed=False)


def pieces(word: bytes) -> list[int]:
    """Return the numbers of the 3 to 5 bytes long pieces of a word and its edges."""
    edged = b"<%b>" % word
    size = len(edged)
    return [
        mmh3.hash(edged[start : start + length], length, signed=False)
        for length in _SIZES
        for start in range(size - length + 1)
    ]


def lead(number: int) -> int:
    """Return what the first word of a pair gives to the number of the pair; exclusive or with the number of the second."""
    return (number * _PAIR >> 16) & _MASK
