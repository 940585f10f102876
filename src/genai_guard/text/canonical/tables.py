"""What single characters stand for: compatibility forms, marks, digits, punctuation, and letters that look alike.

Most of it is read from the Unicode database when it is first needed; by hand are only the look-alikes between
scripts, which the database does not know (their standard is UTS #39, from which the common ones are taken).
"""

# ruff: noqa: RUF001  ambiguous characters are what these tables are about

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Final

__all__ = [
    "EMOJI_TAG_BASE",
    "JOINERS",
    "LEFT_ALONE",
    "MAX_GROWTH",
    "SUPPLEMENTARY",
    "char_class",
    "folds",
    "invisible",
    "look_alikes",
    "marks",
]

MAX_GROWTH: Final = 4
"""A character whose compatibility form is longer is left as it is; a few Arabic ligatures are."""
EMOJI_TAG_BASE: Final = "\U0001f3f4"
"""The black flag, which tag characters turn into the flag of a region."""
JOINERS: Final = frozenset("\u200c\u200d\ufe0e\ufe0f")
"""Characters without a width that real text needs: in Persian and Indic words, and in emoji."""
LEFT_ALONE: Final = frozenset("\u0e33\u0eb3\u0f0c\u0f77\u0f79")
"""Thai, Lao and Tibetan characters whose compatibility form is only another spelling."""

_RANGES: Final = (
    *((0x80, 0x3131), (0x318F, 0x3400), (0xA4D0, 0xAC00), (0xF900, 0xFA00), (0xFB00, 0x10000)),
    *((0x10400, 0x10500), (0x10D00, 0x12000), (0x16A00, 0x16F00), (0x1CC00, 0x1CD00), (0x1D400, 0x1D800)),
    *((0x1E000, 0x1EF00), (0x1F100, 0x1F190), (0x1FBF0, 0x1FC00)),
)
"""Where the database has characters that stand for others, Han, Hangul and Yi left out."""

SUPPLEMENTARY: Final = ((0x10400, 0x1F000), (0x1F100, 0x1F190), (0x1FBF0, 0x1FC00), (0xE0000, 0xE01F0))
"""Ranges outside of the basic plane with all characters there that stand for others or have no width."""

_PUNCTUATION: Final = {
    "-": "\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\u02d7\u1806\u2e3a\u2e3b\ufe58\u30a0",
    ".": "\u3002\uff61\u06d4\u0701\u0702\ua4f8\u2e33\u2024",
    ",": "\u060c\u3001\u201a\ua4f9",
    ":": "\u2236\u02d0\ua789\u0589\u05c3\ufe30",
    ";": "\u061b\u037e",
    "?": "\u061f",
    "/": "\u2215\u2044\u29f8",
    "\\": "\u2216\u29f9",
    "'": "\u2018\u2019\u201b\u2032\u02bc\u02b9\u02bb\u00b4\u2039\u203a\u055a",
    '"': "\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb\u02ba\u301d\u301e",
    "%": "\u066a",
    "*": "\u2217\u066d\u204e",
    "+": "\u16ed",
    "|": "\u2223\u01c0",
    "~": "\u223c\u301c",
    " ": "\u1680\u00a0",
    "\n": "\u0085\u2028\u2029",
}

_LOOK_ALIKES: Final = (
    # Cyrillic
    "аa сc ԁd еe ғf һh іi јj кk ӏl оo рp ԛq ѕs ѵv ԝw ѡw хx уy үy ҽe ѳo "
    "АA ВB СC ЕE ԌG НH ІI ӀI ЈJ КK МM ОO РP ԚQ ЅS ТT ѴV ԜW ХX ҮY УY ЬB З3 "
    # Greek
    "αa βb ϲc εe ιi ϳj κk ηn οo σo ρp τt υu νv ωw χx γy "
    "ΑA ΒB ϹC ΕE ϜF ΗH ΙI ΚK ΜM ΝN ΟO ΡP ΤT ΧX ΥY ΖZ "
    # Armenian
    "ցg հh յj ոn րn օo քp զq սu աw ԼL ՕO ՏS ՍU "
    # Cherokee
    "ᎪA ᏴB ᏟC ᎠD ᎬE ᏀG ᎻH ᎥI ᎫJ ᏦK ᏞL ᎷM ᏢP ᎡR ᏚS ᎢT ᏙV ᎳW ᎽY ᏃZ "
    # Lisu
    "ꓐB ꓚC ꓓD ꓖG ꓟM "
    # Latin and phonetic letters that are none of the alphabet with a mark
    "ɑa ɐa ǝe ɡg ıi ɩi ȷj ɯw ƽs ʋv ꞵb ƖI "
    "ᴀa ʙb ᴄc ᴅd ᴇe ꜰf ɢg ʜh ɪi ᴊj ᴋk ʟl ᴍm ɴn ᴏo ᴘp ʀr ꜱs ᴛt ᴜu ᴠv ᴡw ʏy ᴢz"
)

_find_letter: Final = re.compile(
    r"(?:(?:NEGATIVE )?(?:CIRCLED|SQUARED) )?LATIN (CAPITAL|SMALL) LETTER ([A-Z])(?: WITH .+)?"
).fullmatch


def char_class(chars: Iterable[str]) -> str:
    """Return a character class of a pattern, as few ranges as possible."""
    ranges: list[list[int]] = []
    for code in sorted(map(ord, chars)):
        if ranges and code == ranges[-1][1] + 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "[" + "".join(f"\\U{lo:08x}-\\U{hi:08x}" for lo, hi in ranges) + "]"


@cache
def folds() -> Mapping[str, str]:
    """Return what each character stands for wherever it is: compatibility forms, accented letters, digits, points."""
    table = {char: fold for char in _database() if (fold := _fold(char)) not in {"", char}}
    for fold, chars in _PUNCTUATION.items():
        table.update(dict.fromkeys(chars, fold))
    for char in LEFT_ALONE | look_alikes().keys() | invisible() | marks():
        table.pop(char, None)
    return table


@cache
def look_alikes() -> Mapping[str, str]:
    """Return the ASCII letter that a letter of another alphabet looks like."""
    table = {pair[0]: pair[1] for pair in _LOOK_ALIKES.split()}
    for char in map(chr, range(0x370, 0x530)):
        base = unicodedata.normalize("NFD", char)[0]
        if base in table and char != base:
            table[char] = table[base]
    return table


@cache
def invisible() -> frozenset[str]:
    """Return the characters that have no width: joiners, bidirectional controls, variation selectors, tags."""
    ranges = (
        *((0x200B, 0x2010), (0x202A, 0x202F), (0x2060, 0x2070), (0xFE00, 0xFE10), (0x180B, 0x1810), (0x17B4, 0x17B6)),
        *((0x115F, 0x1161), (0xFFF9, 0xFFFC), (0x1D173, 0x1D17B), (0xE0000, 0xE0080), (0xE0100, 0xE01F0)),
    )
    chars = {chr(code) for lo, hi in ranges for code in range(lo, hi)}
    return frozenset(chars | set("\u00ad\u034f\u061c\u3164\ufeff\uffa0"))


@cache
def marks() -> frozenset[str]:
    """Return the marks that combine with letters of any script; those of one script alone are left to it."""
    ranges = ((0x300, 0x370), (0x483, 0x48A), (0x1AB0, 0x1B00), (0x1DC0, 0x1E00), (0x20D0, 0x2100), (0xFE20, 0xFE30))
    chars = {chr(code) for lo, hi in ranges for code in range(lo, hi)}
    return frozenset(char for char in chars if unicodedata.category(char)[0] == "M") - invisible()


def _database() -> Iterator[str]:
    for lo, hi in _RANGES:
        yield from map(chr, range(lo, min(hi, sys.maxunicode)))


def _fold(char: str) -> str:
    """Return what a character stands for; itself, or nothing, if it stands for no other."""
    digit = unicodedata.digit(char, None)
    if digit is not None:
        return str(digit)
    letter = _plain_letter(char)
    if letter != char:
        return letter
    form = unicodedata.normalize("NFKC", char)
    if form == char:
        return char
    form = "".join(map(_plain_letter, form)).replace("\u2044", "/").replace("\u2212", "-")
    return form if len(form) <= MAX_GROWTH and (form == " " or not form.startswith(" ")) else char


def _plain_letter(char: str) -> str:
    """Return the ASCII letter that a Latin letter is but for its marks; other characters as they are."""
    letter = None if char.isascii() else _find_letter(unicodedata.name(char, ""))
    if letter is None:
        return char
    return letter[2] if letter[1] == "CAPITAL" else letter[2].lower()
