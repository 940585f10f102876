# ruff: noqa: RUF001  letters that look like others are what this is about
"""Disguises: what people do to a value so that a program does not see it and a reader, or a model, still does.

Each takes a value and a source of randomness and returns the value in disguise, or nothing where it has no hold: there
is no digit to write in Devanagari in an address of mail without digits. They are written down from what is seen in the
wild, not from the library's tables of what it undoes.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random
from typing import TypeAlias

from corpus.markup import Label, Row

__all__ = ["EVASIONS", "disguised"]

Evasion: TypeAlias = Callable[[str, str, Random], str]
"""Takes a value, its category and a source of randomness."""

_LOOK_ALIKES = {
    "a": "а", "c": "с", "e": "е", "o": "оο", "p": "рρ", "x": "х", "y": "у", "i": "і", "s": "ѕ", "j": "ј", "h": "һ", "d": "ԁ",
    "v": "ѵν", "A": "АΑ", "B": "ВΒ", "C": "С", "E": "ЕΕ", "H": "НΗ", "I": "ІΙ", "K": "КΚ", "M": "МΜ", "N": "Ν", "O": "ОΟ",
    "P": "РΡ", "S": "Ѕ", "T": "ТΤ", "X": "ХΧ", "Y": "ΥҮ", "Z": "Ζ",
}  # fmt: skip
_NAMED = {"@": "commat", ".": "period", ":": "colon", "/": "sol", "_": "lowbar", "+": "plus", "(": "lpar", ")": "rpar", ",": "comma", " ": "nbsp", "=": "equals"}  # fmt: skip
_SPELLINGS = (
    ("[at]", "[dot]"),
    (" [at] ", " [dot] "),
    ("(at)", "(dot)"),
    (" (at) ", " (dot) "),
    (" {at} ", " {dot} "),
    (" AT ", " DOT "),
)


def _between(marks: str, *, every: int = 1) -> Evasion:
    def insert(value: str, _: str, rng: Random) -> str:
        parts = [value[at : at + every] for at in range(0, len(value), every)]
        made = parts[0]
        for part in parts[1:]:
            made += rng.choice(marks) + part
        return made

    return insert


def _mapped(table: Mapping[str, str]) -> Evasion:
    return lambda value, _, rng: "".join(rng.choice(table[char]) if char in table else char for char in value)


def _shifted(first: str, last: str, to: int) -> dict[str, str]:
    return {chr(code): chr(to + code - ord(first)) for code in range(ord(first), ord(last) + 1)}


def _marked(value: str, _: str, rng: Random) -> str:
    marks = rng.choice(("\u0336", "\u0301\u0300\u0323", "\u0332", "\u0308"))
    return "".join(char + rng.choice(marks) if char.isalnum() else char for char in value)


def _tags(value: str, _: str, rng: Random) -> str:
    return "".join(char + (chr(0xE0000 + rng.randint(0x61, 0x7A)) if rng.random() < 0.6 else "") for char in value[:-1]) + value[-1]  # fmt: skip


def _in_tags(value: str) -> str:
    """Nobody sees them, and models read them."""
    return "".join(chr(0xE0000 + ord(char)) if " " <= char <= "~" else char for char in value)


def _percents(value: str) -> str:
    return "".join(f"%{byte:02X}" for byte in value.encode())


def _spelled(value: str, category: str, rng: Random) -> str:
    if category != "EMAIL":
        return value
    at, dot = rng.choice(_SPELLINGS)
    local, _, host = value.partition("@")
    return local + at + host.replace(".", dot)


EVASIONS: Mapping[str, Evasion] = {
    "zero-width characters": _between("\u200b\u200c\u2060\ufeff"),
    "a zero-width space now and then": _between("\u200b", every=3),
    "soft hyphens": _between("\u00ad", every=2),
    "bidi marks": _between("\u200e\u200f\u202a\u2066"),
    "written in tag characters": lambda value, _, __: _in_tags(value),
    "tag characters in between": _tags,
    "combining marks": _marked,
    "full-width": _mapped(_shifted("!", "~", 0xFF01)),
    "mathematical letters": _mapped(
        {**_shifted("A", "Z", 0x1D5D4), **_shifted("a", "z", 0x1D5EE), **_shifted("0", "9", 0x1D7EC)}
    ),
    "look-alike letters": _mapped(_LOOK_ALIKES),
    "one look-alike letter": lambda value, _, rng: _one(value, rng),
    "Arabic-Indic digits": _mapped(_shifted("0", "9", 0x660)),
    "Devanagari digits": _mapped(_shifted("0", "9", 0x966)),
    "HTML references, decimal": lambda value, _, __: "".join(f"&#{ord(char)};" for char in value),
    "HTML references, hexadecimal": lambda value, _, __: "".join(f"&#x{ord(char):x};" for char in value),
    "HTML references, named": lambda value, _, __: "".join(
        f"&{_NAMED[char]};" if char in _NAMED else char for char in value
    ),
    "percent-encoding": lambda value, _, __: _percents(value),
    "percent-encoding, twice": lambda value, _, __: _percents(value).replace("%", "%25"),
    "backslash-u escapes": lambda value, _, __: "".join(
        f"\\u{ord(char):04x}" if ord(char) < 0x10000 else char for char in value
    ),
    "at and dot in words": _spelled,
    "base64": lambda value, _, __: b64encode(value.encode()).decode(),
    "hexadecimal": lambda value, _, __: value.encode().hex(),
}
"""By the names that the tables show."""


def _one(value: str, rng: Random) -> str:
    places = [at for at, char in enumerate(value) if char in _LOOK_ALIKES]
    if not places:
        return value
    at = rng.choice(places)
    return value[:at] + rng.choice(_LOOK_ALIKES[value[at]]) + value[at + 1 :]


def disguised(row: Row, evasion: str) -> Row | None:
    """Return a row with its values in disguise; None when the evasion has no hold on any.

    Labels remain on the values that were disguised, and on no other. The same row and evasion give the same result.
    """
    rng = Random(f"{row.id}#{evasion}")
    parts: list[str] = []
    labels: list[Label] = []
    at = length = 0
    for label in row.labels:
        value = row.text[label.start : label.end]
        made = EVASIONS[evasion](value, label.category, rng)
        parts += row.text[at : label.start], made
        start = length + label.start - at
        length = start + len(made)
        at = label.end
        if made != value:
            labels.append(replace(label, start=start, end=length))
    return replace(row, text="".join((*parts, row.text[at:])), labels=tuple(labels)) if labels else None
