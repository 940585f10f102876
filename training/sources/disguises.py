"""Ways in which a text is written so that it is not recognised at first sight."""

from __future__ import annotations

import base64
import codecs
import html
import random
from collections.abc import Callable
from typing import Final
from urllib.parse import quote

__all__ = ["DISGUISES", "disguised", "sloppy"]

_LEET: Final = str.maketrans("aeiostAEIOST", "431057431057")
_CYRILLIC: Final = str.maketrans(
    "aceopxyABCEHKMOPTX",
    "\u0430\u0441\u0435\u043e\u0440\u0445\u0443\u0410\u0412\u0421\u0415\u041d\u041a\u041c\u041e\u0420\u0422\u0425",
)
_FULL_WIDTH: Final = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
_INVISIBLE: Final = "\u200b\u200c\u2060\u00ad"
_NEIGHBOURS: Final = {"a": "s", "e": "r", "i": "o", "o": "p", "n": "m", "t": "r", "s": "d", "l": "k", "r": "t"}


def _spaced(text: str, chance: random.Random) -> str:
    between = chance.choice((" ", ".", "-"))
    return ("   " if between == " " else " ").join(between.join(word) for word in text.split())


def _invisible(text: str, chance: random.Random) -> str:
    return "".join(letter + (chance.choice(_INVISIBLE) if chance.random() < 0.3 else "") for letter in text)


def _alternating(text: str, chance: random.Random) -> str:
    return "".join(letter.upper() if chance.random() < 0.5 else letter.lower() for letter in text)


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


DISGUISES: Final[dict[str, Callable[[str, random.Random], str]]] = {
    "leet": lambda text, _: text.translate(_LEET),
    "homoglyphs": lambda text, _: text.translate(_CYRILLIC),
    "full_width": lambda text, _: text.translate(_FULL_WIDTH),
    "spaced": _spaced,
    "invisible": _invisible,
    "alternating": _alternating,
    "capitals": lambda text, _: text.upper(),
    "base64": lambda text, _: _encoded(text),
    "hexadecimal": lambda text, _: text.encode().hex(),
    "rot13": lambda text, _: codecs.encode(text, "rot13"),
    "reversed": lambda text, _: text[::-1],
    "percent": lambda text, _: quote(text, safe=""),
    "entities": lambda text, _: (
        "".join(f"&#{ord(letter)};" for letter in text) if len(text) < 200 else html.escape(text)
    ),
}
ENCODINGS: Final = frozenset({"base64", "hexadecimal", "rot13", "reversed", "percent", "entities"})
"""Those that nobody reads without decoding them."""


def disguised(text: str, chance: random.Random) -> tuple[str, bool]:
    """Return a text in some disguise, and whether it has to be decoded to be read."""
    name = chance.choice(tuple(DISGUISES))
    return DISGUISES[name](text, chance), name in ENCODINGS


def sloppy(text: str, chance: random.Random) -> str:
    """Return a text as it is typed in haste: small letters, letters swapped or missed, no full stop."""
    letters = list(text)
    for _ in range(max(1, len(letters) // 60)):
        at = chance.randrange(max(1, len(letters) - 1))
        match chance.randrange(4):
            case 0:
                letters[at : at + 2] = reversed(letters[at : at + 2])
            case 1:
                letters[at] = ""
            case 2:
                letters[at] = letters[at] * 2
            case _:
                letters[at] = _NEIGHBOURS.get(letters[at], letters[at])
    typed = "".join(letters)
    match chance.randrange(4):
        case 0:
            return typed.lower()
        case 1:
            return typed.lower().rstrip(".!?")
        case 2:
            return typed.replace("'", "").replace(",", "")
        case _:
            return typed
