"""The first look at a text: whether it may have a form of its own at all. Most texts have none, and few have many.

Both answers are necessary conditions, made of searches for single bytes and of two or three translations. Of texts of few
different bytes, `rfind` is quicker than `in`: it takes another way.
"""

from __future__ import annotations

from typing import Final

from genai_guard.text.canonical.encodings import may_hold_island
from genai_guard.text.canonical.escapes import may_spell_address

__all__ = ["may_be_disguised", "may_be_mixed", "may_be_spaced"]

_LETTERS: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SPELLING: Final = b"0134578@$"
_SEPARATORS: Final = b" ._*-"


def _shape(letters: bytes, digits: bytes) -> bytes:
    table = bytearray(b"!" * 256)
    for chars, shape in ((_LETTERS, letters), (b"269", digits), (_SPELLING, digits), (_SEPARATORS, b" ")):
        for byte in chars:
            table[byte] = shape[0]
    return bytes(table)


_MIXED: Final = _shape(b"a", b"0")
_SINGLE: Final = _shape(b"a", b"a")
_ALIKE: Final = bytes(32 if byte == 33 else byte for byte in _SINGLE)
"""The same, with no difference between separators and all else."""
_SINGLES: Final = (b" a a a ", b"!a a a!", b"!a a a ", b" a a a!")


def may_be_disguised(text: str) -> bool:
    """Whether the canonical form of `text` may be another text."""
    if not text.isascii():
        return True
    escaped = "%" in text or "&" in text or "\\" in text
    return escaped or may_hold_island(text) or may_spell_address(text)


def may_be_mixed(data: bytes) -> bool:
    """Whether there may be a word in which signs or digits stand for letters."""
    if len(data.translate(None, _SPELLING)) == len(data):
        return False
    mixed = data.translate(_MIXED)
    return mixed.rfind(b"a0") >= 0 or mixed.rfind(b"0a") >= 0


def may_be_spaced(data: bytes) -> bool:
    """Whether there may be a word whose letters stand apart."""
    if (b" %b " % data).translate(_ALIKE).rfind(b" a a a ") < 0:
        return False
    singles = (b"!%b!" % data).translate(_SINGLE)
    return any(singles.rfind(single) >= 0 for single in _SINGLES)
