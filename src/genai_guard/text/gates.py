r"""Shape gates: cheap tests on bytes that say whether a pattern can match at all.

A gate is a necessary condition: it holds for every text in which a pattern under it matches. What makes a gate sound:

- It is derived from the pattern's own character classes and its fewest repetitions, not from a typical match.
- It sees ASCII only. Bytes of other characters become a filler, and patterns are compiled so that `\d`, `\w` and
  `\b` mean ASCII; digits of other scripts are the business of a normaliser.
- Separators that a pattern allows between digits are all deleted before runs are counted.

The conditions of one gate stand in the order of their cost. What several gates look at is computed once per text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

__all__ = ["DIGITS", "GATES", "TRIGGERS", "Gate", "Shapes"]

DIGITS: Final = b"0123456789"
_HEX: Final = b"0123456789abcdefABCDEF"
_SEPARATORS: Final = b" -.()/\t"


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
_LETTER_SHAPE: Final = _table({DIGITS: b"0", _UPPER + _LOWER: b"a"}, b" ")


class Shapes:
    """One text in the forms that gates look at, each made when it is first asked for.

    Attributes:
        text: The text.
        data: Its UTF-8 bytes; a lone surrogate is encoded like any other character.
    """

    __slots__ = ("_digits", "_has_digits", "_joined", "_letters", "_tokens", "_unhexed", "data", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.data = text.encode("utf-8", "surrogatepass")
        self._has_digits: bool | None = None
        self._digits: bytes | None = None
        self._joined: bytes | None = None
        self._letters: bytes | None = None
        self._tokens: bytes | None = None
        self._unhexed: bytes | None = None

    @property
    def has_digits(self) -> bool:
        """Whether there is any digit: without one most gates are shut, and no other form is needed."""
        has = self._has_digits
        if has is None:
            has = self._has_digits = len(self.data.translate(None, DIGITS)) != len(self.data)
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
    def letters(self) -> bytes:
        """Every letter as `a`, every digit as `0`, everything else as a space."""
        shape = self._letters
        if shape is None:
            shape = self._letters = self.data.translate(_LETTER_SHAPE)
        return shape

    @property
    def tokens(self) -> bytes:
        """Every ASCII letter, digit, underscore and hyphen as `x`, everything else as a space."""
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


def _at(shapes: Shapes) -> bool:
    return "@" in shapes.text


def _digits_13(shapes: Shapes) -> bool:
    return shapes.has_digits and b"0" * 13 in shapes.joined


def _digits_10(shapes: Shapes) -> bool:
    return shapes.has_digits and b"0" * 10 in shapes.joined


def _plus_digits_8(shapes: Shapes) -> bool:
    return "+" in shapes.text and shapes.has_digits and b"+" + b"0" * 8 in shapes.joined


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


def _digits_4(shapes: Shapes) -> bool:
    return shapes.has_digits and b"0000" in shapes.joined


def _dashed_3_2_4(shapes: Shapes) -> bool:
    return "-" in shapes.text and shapes.has_digits and b"000-00-0000" in shapes.digits


def _dotted_quad(shapes: Shapes) -> bool:
    return shapes.has_digits and b"0.0" in shapes.digits and b"..." in shapes.data.translate(None, DIGITS)


def _colons(shapes: Shapes) -> bool:
    text = shapes.text
    if ":" not in text:
        return False
    return "::" in text or (text.count(":") >= 6 and b"::::::" in shapes.unhexed)


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
    return b"x" * 20 in shapes.tokens


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
    }
)
"""The gates by name, the cheapest first.

`digit`: a digit. `at`: an `@`. `digits_4`, `digits_5` and `digits_7`: so many digits, once separators are deleted.
`native_digits_5`: five digits, likewise, and a character beyond ASCII. `colons`: `::`, or six colons with nothing but
hexadecimal digits between them. `letters_2_digits_2`: two letters and two digits in a row. `letters_6_digits_2` and
`letters_4_digits_6`: so many of both. `digits_6_letter`: six digits and a letter, at most one other character between
them. `digits_6_x_3`: six digits, one character, three digits. `dashed_3_2_4`: three, two and four digits with
hyphens. `dotted_quad`: three dots with nothing but digits between them. `plus_digits_8`: a `+` and eight digits, once
separators are deleted. `digits_10` and `digits_13`: ten and thirteen digits, likewise. `degrees`: a digit and a
degree sign. `street`: a digit, and a part of a word for a street in German or Dutch. `hex_pairs`: a digit, and five
colons or five hyphens with nothing but hexadecimal digits between them. `digit_token_17`: a digit, and seventeen
ASCII letters, digits, underscores and hyphens in a row. `token_20`: twenty of those in a row.
"""

TRIGGERS: Final[Mapping[str, bytes]] = MappingProxyType(
    {**dict.fromkeys(GATES, DIGITS), "at": b"@", "colons": b":", "token_20": _TOKEN}
)
"""The characters of which a text has to hold one for a gate to hold."""
