"""A view for keywords: words that are spaced out or spelled with digits, as the words that are meant.

Only keywords are looked for in it: it turns identifiers and numbers with letters into something else.
"""

from __future__ import annotations

import re
from typing import Final, Literal

from genai_guard.text.canonical.form import Canonical, apply_layers
from genai_guard.text.canonical.offsets import Edits
from genai_guard.text.edits import Edit

__all__ = ["unleet"]

_LEET: Final = str.maketrans("034578@$", "oeastbas")
_LEET_CHARS: Final = frozenset("0134578@$")
_CHAR: Final = r"[A-Za-z0-9@$]"
_SINGLES: Final = b" a a a "
_SINGLE_SHAPE: Final = bytes(
    97 if chr(byte) in "@$" or (byte < 128 and chr(byte).isalnum()) else 32 for byte in range(256)
)
_LEET_SHAPE: Final = bytes(
    48 if chr(byte) in _LEET_CHARS else 97 if byte < 128 and chr(byte).isalpha() else 32 for byte in range(256)
)
_spaced: Final = re.compile(rf"(?<!{_CHAR})(?:{_CHAR}[ ._*-]){{2,}}{_CHAR}(?!{_CHAR})").finditer
_gaps: Final = re.compile(r"[ ._*-]").finditer
_words: Final = re.compile(rf"(?<!{_CHAR})[A-Za-z269]*+[0134578@$]{_CHAR}*+").finditer
_letters: Final = re.compile(r"[A-Za-z]").search


def unleet(text: str, *, one: Literal["i", "l"] = "i") -> Canonical | None:
    """Return `text` with its spaced-out words closed and digits in words read as letters; None if there are none.

    Three or more single characters count as spaced out, if one of them is a letter. Digits and signs are read in words
    that have a letter.

    Args:
        text: In its canonical form, if it has one.
        one: What `1` is read as.
    """
    return apply_layers(text, (_close, lambda closed: _read(closed, one)))


def _close(text: str) -> Edits:
    shape = text.encode("utf-8", "surrogatepass").translate(_SINGLE_SHAPE)
    if _SINGLES not in b" %b " % shape:
        return []
    words = (word for word in _spaced(text) if _letters(word[0]))
    return [Edit(*gap.span(), "") for word in words for gap in _gaps(text, *word.span())]


def _read(text: str, one: str) -> Edits:
    shape = text.encode("utf-8", "surrogatepass").translate(_LEET_SHAPE)
    if b"0" not in shape or (b"a0" not in shape and b"0a" not in shape):
        return []
    edits: Edits = []
    for word in _words(text):
        if _letters(word[0]):
            pairs = enumerate(zip(word[0], word[0].replace("1", one).translate(_LEET), strict=True), word.start())
            edits += [Edit(at, at + 1, letter) for at, (char, letter) in pairs if char != letter]
    return edits
