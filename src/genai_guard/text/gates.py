r"""Shape gates: cheap tests on bytes that say whether a pattern can match at all.

A gate is a necessary condition: it holds for every text in which a pattern under it matches. What makes a gate sound:

- It is derived from the pattern's own character classes and its fewest repetitions, not from a typical match.
- It sees ASCII only. Bytes of other characters become a filler, and patterns are compiled so that `\d`, `\w` and
  `\b` mean ASCII; digits of other scripts are the business of a normaliser.
- Separators that a pattern allows between digits are all deleted before runs are counted.

The conditions of one gate stand in the order of their cost. What several gates look at is computed once per text.

A gate that holds can also say where: every match under it overlaps one of its *places*, or ends right before one. So a
pattern is looked for around those alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import Final, TypeAlias

from genai_guard.text.planes import has_private_run, reaches_plane_1, reaches_plane_14

__all__ = ["BEYOND_ASCII", "DIGITS", "GATES", "PLACES", "TRIGGERS", "Gate", "Places", "Shapes", "Span"]

DIGITS: Final = b"0123456789"
_HEX: Final = b"0123456789abcdefABCDEF"
_SEPARATORS: Final = b" -.()/\t"
_LEAST_RUN: Final = 10


def _table(classes: Mapping[bytes, bytes], other: bytes) -> bytes:
    table = bytearray(other * 256)
    for members, shape in classes.items():
        for byte in members:
            table[byte] = shape[0]
    return bytes(table)


_UPPER: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LOWER: Final = _UPPER.lower()
_KEPT: Final = {bytes([byte]): bytes([byte]) for byte in b"+" + _SEPARATORS}
_DIGIT_SHAPE: Final = _table({DIGITS: b"0", **_KEPT}, b"x")
_TOKEN: Final = DIGITS + _UPPER + _LOWER + b"_-"
_TOKEN_SHAPE: Final = _table({_TOKEN: b"x"}, b" ")
_DOTTED_SHAPE: Final = _table({_TOKEN: b"x", b".": b"."}, b" ")
_LETTER_SHAPE: Final = _table({DIGITS: b"0", _UPPER + _LOWER: b"a"}, b" ")


# These look at the shape `digits`. Each begins with a character that is looked for at the speed of memory.
_find_digits: Final = re.compile(rb"0[0 \-.()/\t]{9,}").finditer
_find_short_digits: Final = re.compile(rb"0[0 \-.()/\t]{3,}").finditer
_find_plus: Final = re.compile(rb"\+(?:[ \-.()/\t]*0){8}").search
_find_quad: Final = re.compile(rb"0\.0+\.0+\.0").search


_find_six: Final = re.compile(rb":(?:[0-9a-fA-F]*:){5}").search
_LONG: Final = b"x" * 20
_THOUSANDS: Final = b".000.000-"
_SIX: Final = b".xxxxxx."


class Shapes:
    """One text in the forms that gates look at, each made when it is first asked for.

    Attributes:
        text: The text.
        data: A byte for each of its characters, so that places in one are places in the other: the character itself if
            it is ASCII, and else a question mark.
    """

    __slots__ = ("_digits", "_has_digits", "_joined", "_letters", "_runs", "_tokens", "_unhexed", "data", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.data = text.encode("ascii", "replace")
        self._has_digits: bool | None = None
        self._digits: bytes | None = None
        self._joined: bytes | None = None
        self._runs: list[tuple[int, int, int]] | None = None
        self._letters: bytes | None = None
        self._tokens: bytes | None = None
        self._unhexed: bytes | None = None

    @property
    def has_digits(self) -> bool:
        """Whether there is any digit: without one most gates are shut, and no other form is needed."""
        has = self._has_digits
        if has is None:
            has = self._has_digits = b"0" in self.digits
        return has

    @property
    def digits(self) -> bytes:
        """Every digit as `0`, `+` and separators as they are, everything else as `x`."""
        shape = self._digits
        if shape is None:
            shape = self._digits = self.data.translate(_DIGIT_SHAPE)
        return shape

    @property
    def joined(self) -> bytes:
        """`digits` without its separators: what is left of a grouped number is one run."""
        shape = self._joined
        if shape is None:
            shape = self._joined = self.digits.translate(None, _SEPARATORS)
        return shape

    @property
    def digit_runs(self) -> list[tuple[int, int, int]]:
        """Where digits stand with nothing but separators between them, if they are ten or more, and how many."""
        runs = self._runs
        if runs is None:
            shape = self.digits
            runs = self._runs = []
            for match in _find_digits(shape):
                start, end = match.span()
                count = shape.count(b"0", start, end)
                if count >= _LEAST_RUN:
                    runs.append((start, end, count))
        return runs

    @property
    def letters(self) -> bytes:
        """Every letter as `a`, every digit as `0`, everything else as a space."""
        shape = self._letters
        if shape is None:
            shape = self._letters = self.data.translate(_LETTER_SHAPE)
        return shape

    @property
    def tokens(self) -> bytes:
        """Every letter, digit, `_` and `-` as `x`, everything else as a space."""
        shape = self._tokens
        if shape is None:
            shape = self._tokens = self.data.translate(_TOKEN_SHAPE)
        return shape

    @property
    def unhexed(self) -> bytes:
        """The text without its hexadecimal digits."""
        shape = self._unhexed
        if shape is None:
            shape = self._unhexed = self.data.translate(None, _HEX)
        return shape


Gate: TypeAlias = Callable[[Shapes], bool]
Span: TypeAlias = tuple[int, int]
Places: TypeAlias = Callable[[Shapes], Iterable[Span]]


def _at(shapes: Shapes) -> bool:
    return "@" in shapes.text


def _digits_13(shapes: Shapes) -> bool:
    return shapes.has_digits and b"0" * 13 in shapes.joined


def _digits_10(shapes: Shapes) -> bool:
    return shapes.has_digits and b"0" * 10 in shapes.joined


def _plus_digits_8(shapes: Shapes) -> bool:
    return "+" in shapes.text and bool(_find_plus(shapes.digits))


def _digit(shapes: Shapes) -> bool:
    return shapes.has_digits


def _digits_5(shapes: Shapes) -> bool:
    return shapes.has_digits and b"00000" in shapes.joined


def _native_digits_5(shapes: Shapes) -> bool:
    return not shapes.text.isascii() and _digits_5(shapes)


def _digits_7(shapes: Shapes) -> bool:
    return shapes.has_digits and b"0000000" in shapes.joined


def _letters_2_digits_2(shapes: Shapes) -> bool:
    return shapes.has_digits and b"aa00" in shapes.letters


def _letters_6_digits_2(shapes: Shapes) -> bool:
    return shapes.has_digits and b"aaaaaa00" in shapes.letters


def _letters_4_digits_6(shapes: Shapes) -> bool:
    return _digits_5(shapes) and b"aaaa000000" in shapes.letters


def _digits_6_letter(shapes: Shapes) -> bool:
    return _digits_5(shapes) and (b"000000a" in shapes.letters or b"000000 a" in shapes.letters)


def _digits_6_x_3(shapes: Shapes) -> bool:
    return _digits_5(shapes) and (b"000000 000" in shapes.letters or b"000000a000" in shapes.letters)


def _letter_digits_6(shapes: Shapes) -> bool:
    return _digits_5(shapes) and b"a000000" in shapes.letters


def _country_digits(shapes: Shapes) -> bool:
    return _digits_5(shapes) and (b"aa00" in shapes.letters or b"aa0a0" in shapes.letters)


def _thousands_dashed(shapes: Shapes) -> bool:
    return "-" in shapes.text and shapes.has_digits and _THOUSANDS in shapes.digits


def _digits_4(shapes: Shapes) -> bool:
    return shapes.has_digits and b"0000" in shapes.joined


def _dashed_3_2_4(shapes: Shapes) -> bool:
    return "-" in shapes.text and shapes.has_digits and b"000-00-0000" in shapes.digits


def _dotted_quad(shapes: Shapes) -> bool:
    return b"0.0" in shapes.digits and bool(_find_quad(shapes.digits))


def _colons(shapes: Shapes) -> bool:
    text = shapes.text
    count = text.count(":")
    return count > 1 and ("::" in text or (count >= 6 and bool(_find_six(shapes.data))))


def _hex_pairs(shapes: Shapes) -> bool:
    text = shapes.text
    if not shapes.has_digits or (text.count(":") < 5 and text.count("-") < 5):
        return False
    return b":::::" in shapes.unhexed or b"-----" in shapes.unhexed


_STREETS: Final = ("traße", "trasse", "tr.", "weg", "Weg", "latz", "llee", "asse", "traat", "laan", "racht", "lein")


def _street(shapes: Shapes) -> bool:
    if not shapes.has_digits:
        return False
    if b"x 0" not in shapes.digits and b". 0" not in shapes.digits:
        return False
    text = shapes.text
    return any(part in text for part in _STREETS)


def _degrees(shapes: Shapes) -> bool:
    return shapes.has_digits and "°" in shapes.text


def _digit_token_17(shapes: Shapes) -> bool:
    return shapes.has_digits and b"x" * 17 in shapes.tokens


def _token_20(shapes: Shapes) -> bool:
    return _LONG in shapes.tokens


def _token_20_dotted_6(shapes: Shapes) -> bool:
    return shapes.text.count(".") > 1 and _LONG in shapes.tokens and _SIX in shapes.data.translate(_DOTTED_SHAPE)


GATES: Final[Mapping[str, Gate]] = MappingProxyType(
    {
        "digit": _digit,
        "at": _at,
        "digits_4": _digits_4,
        "digits_5": _digits_5,
        "digits_7": _digits_7,
        "native_digits_5": _native_digits_5,
        "colons": _colons,
        "letters_2_digits_2": _letters_2_digits_2,
        "letters_6_digits_2": _letters_6_digits_2,
        "letters_4_digits_6": _letters_4_digits_6,
        "digits_6_letter": _digits_6_letter,
        "letter_digits_6": _letter_digits_6,
        "country_digits": _country_digits,
        "thousands_dashed": _thousands_dashed,
        "digits_6_x_3": _digits_6_x_3,
        "dashed_3_2_4": _dashed_3_2_4,
        "dotted_quad": _dotted_quad,
        "plus_digits_8": _plus_digits_8,
        "digits_10": _digits_10,
        "digits_13": _digits_13,
        "degrees": _degrees,
        "street": _street,
        "hex_pairs": _hex_pairs,
        "digit_token_17": _digit_token_17,
        "token_20": _token_20,
        "token_20_dotted_6": _token_20_dotted_6,
        "plane_1": lambda shapes: reaches_plane_1(shapes.text),
        "plane_14": lambda shapes: reaches_plane_14(shapes.text),
        "private_4": lambda shapes: has_private_run(shapes.text),
    }
)
"""The gates by name, the cheapest first.

`digit`: a digit. `at`: an `@`. `digits_4`, `digits_5` and `digits_7`: so many digits, once separators are deleted.
`native_digits_5`: five digits, likewise, and a character beyond ASCII. `colons`: `::`, or six colons with nothing but
hexadecimal digits between them. `letters_2_digits_2`: two letters and two digits in a row. `letters_6_digits_2` and
`letters_4_digits_6`: so many of both. `digits_6_letter`: six digits and a letter, at most one other character between
them. `letter_digits_6`: a letter and six digits. `country_digits`: two letters and two digits, one letter between them or
not, and five digits, separators deleted. `thousands_dashed`: two groups of three digits after points, and a hyphen.
`digits_6_x_3`: six digits, one character, three digits. `dashed_3_2_4`: three, two and four digits with
hyphens. `dotted_quad`: four runs of digits with dots between them. `plus_digits_8`: a `+` and eight digits, once
separators are deleted. `digits_10` and `digits_13`: ten and thirteen digits, likewise. `degrees`: a digit and a
degree sign. `street`: a digit, and a part of a word for a street in German or Dutch. `hex_pairs`: a digit, and five
colons or five hyphens with nothing but hexadecimal digits between them. `digit_token_17`: a digit, and seventeen
ASCII letters, digits, underscores and hyphens in a row. `token_20`: twenty of those in a row. `token_20_dotted_6`:
these, and six such characters between two full stops. `plane_1` and `plane_14`: a character of this plane or a later
one. `private_4`: four private characters in a row.
"""

BEYOND_ASCII: Final = frozenset({"native_digits_5", "plane_1", "plane_14", "private_4"})
"""The gates that hold for no text of ASCII alone."""

TRIGGERS: Final[Mapping[str, bytes]] = MappingProxyType(
    {
        **dict.fromkeys(GATES, DIGITS),
        **dict.fromkeys(BEYOND_ASCII - {"native_digits_5"}, b"?"),
        **dict.fromkeys(("token_20", "token_20_dotted_6"), _TOKEN),
        "at": b"@",
        "colons": b":",
    }
)
"""The characters of which `Shapes.data` has to hold one for a gate to hold."""

_find_colons: Final = re.compile(rb":(?=[0-9a-fA-F]*:)").finditer


def _all(shape: bytes, needle: bytes) -> list[Span]:
    size = len(needle)
    place = shape.find(needle)
    places: list[Span] = []
    while place >= 0:
        places.append((place, place + size))
        place = shape.find(needle, place + 1)
    return places


def _digit_runs(shapes: Shapes, *, count: int) -> list[Span]:
    return [(start, end) for start, end, digits in shapes.digit_runs if digits >= count]


def _short_digit_runs(shapes: Shapes, *, count: int) -> list[Span]:
    shape = shapes.digits
    runs = (match.span() for match in _find_short_digits(shape))
    return [span for span in runs if shape.count(b"0", *span) >= count]


def _either(shape: bytes, *needles: bytes) -> list[Span]:
    return sorted(span for needle in needles for span in _all(shape, needle))


def _token_runs(shapes: Shapes, *, needle: bytes = _LONG) -> Iterator[Span]:
    shape = shapes.tokens
    start = shape.find(needle)
    while start >= 0:
        end = shape.find(b" ", start)
        yield start, end if end >= 0 else len(shape)
        start = shape.find(needle, end) if end >= 0 else -1


PLACES: Final[Mapping[str, Places]] = MappingProxyType(
    {
        "at": lambda shapes: _all(shapes.data, b"@"),
        "colons": lambda shapes: (match.span() for match in _find_colons(shapes.data)),
        "letters_2_digits_2": lambda shapes: _all(shapes.letters, b"aa00"),
        "dashed_3_2_4": lambda shapes: _all(shapes.digits, b"000-00-0000"),
        "dotted_quad": lambda shapes: _all(shapes.digits, b"0.0"),
        "plus_digits_8": lambda shapes: _all(shapes.data, b"+"),
        "digits_4": partial(_short_digit_runs, count=4),
        "digits_5": partial(_short_digit_runs, count=5),
        "digits_7": partial(_short_digit_runs, count=7),
        "native_digits_5": partial(_short_digit_runs, count=5),
        "letters_6_digits_2": lambda shapes: _all(shapes.letters, b"aaaaaa00"),
        "letters_4_digits_6": lambda shapes: _all(shapes.letters, b"aaaa000000"),
        "digits_6_letter": lambda shapes: _either(shapes.letters, b"000000a", b"000000 a"),
        "letter_digits_6": lambda shapes: _all(shapes.letters, b"a000000"),
        "country_digits": lambda shapes: _either(shapes.letters, b"aa00", b"aa0a0"),
        "thousands_dashed": lambda shapes: _all(shapes.digits, _THOUSANDS),
        "digits_6_x_3": lambda shapes: _either(shapes.letters, b"000000 000", b"000000a000"),
        "digit_token_17": partial(_token_runs, needle=b"x" * 17),
        "digits_10": partial(_digit_runs, count=10),
        "digits_13": partial(_digit_runs, count=13),
        "token_20": _token_runs,
        "token_20_dotted_6": lambda shapes: _all(shapes.data.translate(_DOTTED_SHAPE), _SIX),
    }
)
"""Where the gates hold, in order: every match overlaps one of the places, or ends right before one. Of a gate that is
not among them that is not known, and the patterns under it are searched for in all of a text."""
