"""A view for keywords: words that are spaced out or spelled with digits, as the words that are meant.

Only keywords are looked for in it: it turns identifiers and numbers with letters into something else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from itertools import filterfalse
from typing import Final, Literal

from genai_guard.text.canonical.form import Canonical, edited
from genai_guard.text.canonical.offsets import Edits
from genai_guard.text.canonical.plain import may_be_mixed, may_be_spaced
from genai_guard.text.edits import Edit

__all__ = ["letters_in", "may_mean", "open_letters", "unleet", "word_start"]

_AS_I: Final = str.maketrans("0134578@$", "oieastbas")
_AS_L: Final = str.maketrans("0134578@$", "oleastbas")
_SEPARATORS: Final = " ._*-"
_SHORTEST: Final = 3
_LONGEST: Final = 32
"""Letters of a word that is looked for among single characters."""
_CHARS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@$"
_CHAR: Final = r"[A-Za-z0-9@$]"
_spaced: Final = re.compile(rf"(?<!{_CHAR})(?:{_CHAR}[ ._*-]){{2,}}{_CHAR}(?!{_CHAR})").finditer
_tokens: Final = re.compile(r"(?<![A-Za-z0-9@$_])[A-Za-z0-9@$_]+").finditer
_words: Final = re.compile(rf"(?<!{_CHAR})[A-Za-z269]*+[0134578@$]{_CHAR}*+").finditer
_letters: Final = re.compile(r"[A-Za-z]").search


_WORDS: Final = bytes(ord(chr(byte).lower()) if chr(byte) in _CHARS or chr(byte) == "_" else 32 for byte in range(256))
_READ_AS_I: Final = bytes.maketrans(b"0134578@$", b"oieastbas")
_READ_AS_L: Final = bytes.maketrans(b"0134578@$", b"oleastbas")


def may_mean(text: str, words: AbstractSet[bytes]) -> bool:
    """Whether some word that is spaced out or spelled with digits in `text` reads as one of `words`, in lower case."""
    data = text.encode("utf-8", "surrogatepass")
    if may_be_mixed(data):
        mixed = set(filterfalse(bytes.isalpha, data.translate(_WORDS).split()))
        if any(_is_one_of(words, word) for word in mixed):
            return True
    return may_be_spaced(data) and any(words_in for spaced in _spaced(text) for words_in in _words_in(spaced[0], words))


def _words_in(spaced: str, words: AbstractSet[bytes] | None) -> Iterator[tuple[int, int]]:
    """Yield the words in single characters with separators, the longest first: where each begins and how long it is.

    Every second character of `spaced` is a separator; both figures count the others.
    """
    letters = spaced[::2].lower()
    if words is None:
        if _letters(letters):
            yield 0, len(letters)
        return
    at = 0
    while at < len(letters):
        sizes = range(min(len(letters) - at, _LONGEST), _SHORTEST - 1, -1)
        size = next((size for size in sizes if _is_meant(letters[at : at + size], words)), 0)
        if size:
            yield at, size
        at += size or 1


def _is_meant(letters: str, words: AbstractSet[bytes]) -> bool:
    return _letters(letters) is not None and _is_one_of(words, letters.encode())


def _is_one_of(words: AbstractSet[bytes], word: bytes) -> bool:
    return word.translate(_READ_AS_I) in words or word.translate(_READ_AS_L) in words


def unleet(
    text: str, before: str = "", *, words: AbstractSet[bytes] | None = None, one: Literal["i", "l"] = "i"
) -> Canonical | None:
    """Return `text` with its spaced-out words closed and digits in words read as letters; None if there are none.

    Three or more single characters count as spaced out, if one of them is a letter; of several words in a row the
    longest that are looked for. Digits and signs are read in words that have a letter.

    Args:
        text: In its canonical form, if it has one.
        before: The character before it, if it is a stretch of a text.
        words: The words, in lower case, that are looked for; None for all.
        one: What `1` is read as.
    """
    return edited(text, None, letters_in(text, before, words=words, one=one))


def letters_in(
    text: str, before: str = "", *, words: AbstractSet[bytes] | None = None, one: Literal["i", "l"] = "i"
) -> Edits:
    """Return the edits that `unleet` makes."""
    whole, lo = before[-1:] + text, len(before[-1:])
    table, leet = (_READ_AS_I, _AS_I) if one == "i" else (_READ_AS_L, _AS_L)
    edits: Edits = []
    for spaced in _spaced(whole, lo):
        for at, size in _words_in(spaced[0], words):
            first = spaced.start() - lo + 2 * at
            read = spaced[0][2 * at : 2 * (at + size) : 2].translate(leet)
            edits.append(Edit(first, first + 2 * size - 1, read))
    for token in _tokens(whole, lo):
        if words is None or token[0].lower().encode().translate(table) in words:
            edits += _read(whole, *token.span(), lo, leet)
    return sorted(edits)


def _read(whole: str, start: int, end: int, lo: int, leet: dict[int, int]) -> Edits:
    words = (word for word in _words(whole, start, end) if _letters(word[0]))
    return [Edit(word.start() - lo, word.end() - lo, word[0].translate(leet)) for word in words]


def open_letters(text: str, before: str = "") -> int:
    """Return where a word at the end begins that could go on, spaced out or not; the length of `text` if none does."""
    whole = before[-1:] + text
    start = len(whole.rstrip(_CHARS))
    if len(whole) - start < 2:
        start = _first_single(whole, start)
    return max(start - len(before[-1:]), 0)


def word_start(text: str, place: int) -> int:
    """Return `place`, or where the word begins, spaced out or not, that goes on across it."""
    if place < len(text) and text[place] in _CHARS:
        place = len(text[:place].rstrip(_CHARS))
    single = place + (text[place : place + 1] in _SEPARATORS and place < len(text))
    if text[single : single + 1] not in _CHARS or text[single + 1 : single + 2] not in _CHARS:
        start = _first_single(text, single)
        return start if start < single else place
    return place


def _first_single(text: str, place: int) -> int:
    """Return where the single characters begin that end before `place`, each with a separator."""
    while place >= 2 and text[place - 1] in _SEPARATORS and text[place - 2] in _CHARS:
        if place > 2 and text[place - 3] in _CHARS:
            break
        place -= 2
    return place
