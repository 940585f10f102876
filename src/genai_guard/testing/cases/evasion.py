# ruff: noqa: RUF001  letters that look like others are what this is about
"""Evasions: what people do to a text so that a program does not see what it says, and a reader or a model still does.

Each undoes something that the canonical form of texts restores (`genai_guard.text.canonical`), so that a guard with
`normalize` has to find in the disguise what it finds in the text. The two of `KEYWORD_EVASIONS` are seen through by
rules of keywords alone.

The same text, spans and seed give the same variations, in every process and on every Python: the randomness is that
of a small generator of our own.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, NamedTuple, TypeAlias

from genai_guard.errors import ConfigurationError
from genai_guard.policy.problems import listed, suggestion

__all__ = ["EVASIONS", "KEYWORD_EVASIONS", "Evasion", "Rolls", "Variation", "fuzz"]

Span: TypeAlias = tuple[int, int]


class Rolls:
    """A source of randomness that is the same everywhere: a digest of a seed and a count."""

    __slots__ = ("_count", "_seed")

    def __init__(self, seed: str) -> None:
        self._seed = seed.encode("utf-8", "surrogatepass")
        self._count = 0

    def below(self, bound: int) -> int:
        """Return a whole number from 0 to `bound - 1`."""
        self._count += 1
        digest = blake2b(self._seed + b"#%d" % self._count, digest_size=8).digest()
        return int.from_bytes(digest, "big") * bound >> 64

    def one(self, of: Sequence[str]) -> str:
        """Return one of some texts, or characters."""
        return of[self.below(len(of))]


@dataclass(frozen=True, slots=True)
class Evasion:
    """One way to disguise a text.

    Attributes:
        name: Its name.
        about: What it does, in a few words.
        disguise: Takes a text and a source of randomness; returns the text in disguise, or the same text where the
            evasion has no hold.
        is_island: Whether the disguise must not touch letters, digits or `+/-_=`, which would become part of it.
        ends_words: Whether it has no hold on a text that is only part of a word.
    """

    name: str
    about: str
    disguise: Callable[[str, Rolls], str]
    is_island: bool = False
    ends_words: bool = False


class Variation(NamedTuple):
    """A text in disguise.

    Attributes:
        text: The text.
        spans: Where the spans of the original are now, in the same order.
        evasion: Name of the evasion.
    """

    text: str
    spans: tuple[Span, ...]
    evasion: str


def fuzz(
    text: str, spans: Sequence[Span] = (), *, seed: int = 0, n: int = 10, evasions: Iterable[str] | None = None
) -> tuple[Variation, ...]:
    """Return variations of a text in which the spans, or where there are none all of it, are in disguise.

    Args:
        text: The text.
        spans: What to disguise, as start and end; they must not overlap.
        seed: Another one gives other variations.
        n: How many at most. There are fewer where fewer evasions have a hold: each is used once, then each once more
            as far as it comes out otherwise.
        evasions: Names of the evasions to use; all but those for keywords when None.

    Raises:
        ConfigurationError: there is no such evasion, or spans overlap or lie outside of the text.
    """
    _check_spans(text, spans)
    chosen = _shuffled(_chosen(evasions), Rolls(f"{seed}:{text}"))
    made: dict[str, Variation] = {text: Variation(text, tuple(spans), "")}
    for turn in range(4):
        for evasion in chosen:
            if len(made) > n:
                break
            variation = _vary(text, spans, evasion, Rolls(f"{seed}:{turn}:{evasion.name}:{text}"))
            made.setdefault(variation.text, variation)
    return tuple(made.values())[1 : n + 1]


def _vary(text: str, spans: Sequence[Span], evasion: Evasion, rolls: Rolls) -> Variation:
    parts: list[str] = []
    placed: dict[Span, Span] = {}
    at = length = 0
    for start, end in sorted(spans) or [(0, len(text))]:
        value = text[start:end]
        new = evasion.disguise(value, rolls) if _has_hold(evasion, text, start, end) else value
        parts += text[at:start], new
        length += start - at
        placed[start, end] = length, length + len(new)
        length += len(new)
        at = end
    return Variation("".join((*parts, text[at:])), tuple(placed[start, end] for start, end in spans), evasion.name)


def _has_hold(evasion: Evasion, text: str, start: int, end: int) -> bool:
    """Whether what stands around a span lets it be disguised so."""
    around = text[start - 1 : start] + text[end : end + 1]
    if evasion.is_island:
        return not any(char.isalnum() or char in "+/-_=" for char in around)
    return not (evasion.ends_words and any(char.isalnum() or char in "@$_" for char in around))


def _shuffled(evasions: Sequence[Evasion], rolls: Rolls) -> list[Evasion]:
    left = list(evasions)
    return [left.pop(rolls.below(len(left))) for _ in evasions]


def _chosen(names: Iterable[str] | None) -> list[Evasion]:
    if names is None:
        return [evasion for name, evasion in EVASIONS.items() if name not in KEYWORD_EVASIONS]
    names = tuple(dict.fromkeys(names))
    for name in names:
        if name not in EVASIONS:
            known = suggestion(name, EVASIONS) or f"; there are {listed(EVASIONS)}"
            raise ConfigurationError(f"fuzz(evasions=...): {name!r} is no evasion{known}")
    return [EVASIONS[name] for name in names]


def _check_spans(text: str, spans: Sequence[Span]) -> None:
    last = 0
    for start, end in sorted(spans):
        if not last <= start < end <= len(text):
            raise ConfigurationError(f"fuzz(spans=...): ({start}, {end}) is no span of its own in this text")
        last = end


# --- evasions ---------------------------------------------------------------------------------------------------------

_MARKS: Final = ("\u0336", "\u0332", "\u0301", "\u0308", "\u0323")
_LOOK_ALIKES: Final[Mapping[str, str]] = {
    "a": "а", "c": "с", "e": "е", "o": "оο", "p": "р", "x": "х", "y": "у", "i": "і", "s": "ѕ", "j": "ј", "h": "һ", "d": "ԁ",
    "v": "ѵ", "A": "АΑ", "B": "ВΒ", "C": "С", "E": "ЕΕ", "H": "НΗ", "I": "ІΙ", "K": "КΚ", "M": "МΜ", "N": "Ν", "O": "ОΟ",
    "P": "РΡ", "S": "Ѕ", "T": "ТΤ", "X": "ХΧ", "Z": "Ζ",
}  # fmt: skip
_LEET: Final = {"a": "4@", "e": "3", "i": "1", "o": "0", "s": "5$", "t": "7", "b": "8"}
_AT_AND_DOT: Final = (
    ("[at]", "[dot]"),
    (" [at] ", " [dot] "),
    ("(at)", "(dot)"),
    (" (at) ", " (dot) "),
    ("{at}", "{dot}"),
)
_addresses: Final = re.compile(r"[A-Za-z0-9._%+-]*[A-Za-z0-9]@((?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,})")
_words: Final = re.compile(r"[A-Za-z0-9_]+")
_letters: Final = re.compile(r"[A-Za-z]+")
_LONGEST_SPACED: Final = 32


def _inside(chars: Sequence[str], *, every: int = 1) -> Callable[[str, Rolls], str]:
    """Put one of some characters behind each character but the last, or behind every third."""

    def disguise(text: str, rolls: Rolls) -> str:
        return "".join(
            char + rolls.one(chars) if place % every == 0 and place < len(text) and char.isascii() else char
            for place, char in enumerate(text, 1)
        )

    return disguise


def _shifted(*ranges: tuple[str, str, int]) -> Callable[[str, Rolls], str]:
    table = {code: to + code - ord(first) for first, last, to in ranges for code in range(ord(first), ord(last) + 1)}
    return lambda text, _: text.translate(table)


def _each(write: Callable[[int], str]) -> Callable[[str, Rolls], str]:
    """Write each character in another way; those that are not seen, and those beyond ASCII, stay."""
    return lambda text, _: "".join(write(ord(char)) if " " <= char <= "~" else char for char in text)


def _marked(text: str, rolls: Rolls) -> str:
    """Put one mark on every letter and digit but the last, whose mark would be no part of what is found."""
    mark = rolls.one(_MARKS)
    return "".join(char + mark if char.isascii() and char.isalnum() else char for char in text[:-1]) + text[-1:]


def _look_alike(text: str, rolls: Rolls) -> str:
    """Replace letters of a word, one of ASCII excepted: a word of nothing but look-alikes may be Russian."""

    def word(match: re.Match[str]) -> str:
        chars = list(match[0])
        places = [at for at, char in enumerate(chars) if char in _LOOK_ALIKES]
        kept = sum(char.isalpha() for char in chars) - len(places)
        for at in places[(0 if kept else 1) :]:
            if rolls.below(3):
                chars[at] = rolls.one(_LOOK_ALIKES[chars[at]])
        return "".join(chars)

    return _words.sub(word, text)


def _percents(text: str, _: Rolls) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "surrogatepass"))


def _base64(text: str, _: Rolls) -> str:
    data = text.encode("utf-8", "surrogatepass")
    return b64encode(data).decode() if _is_island(text, data, 12) else text


def _hexadecimal(text: str, _: Rolls) -> str:
    data = text.encode("utf-8", "surrogatepass")
    return data.hex() if _is_island(text, data, 8) else text


def _is_island(text: str, data: bytes, least: int) -> bool:
    """Whether an encoded text is long enough, and would be known for a text."""
    return len(data) >= least and all(char.isprintable() or char in "\n\t" for char in text)


def _at_and_dot(text: str, rolls: Rolls) -> str:
    at, dot = _AT_AND_DOT[rolls.below(len(_AT_AND_DOT))]

    def spelled(match: re.Match[str]) -> str:
        return match[0][: match.start(1) - match.start() - 1] + at + match[1].replace(".", dot)

    return _addresses.sub(spelled, text)


def _spaced_out(text: str, rolls: Rolls) -> str:
    separator = rolls.one(" .-_*")
    spread = _letters.sub(lambda word: _spread(word[0], separator), text)
    return spread if spread == text else re.sub(r"(?<=[A-Za-z]) (?=[A-Za-z])(?<!\b[A-Za-z] )", "   ", spread)


def _spread(word: str, separator: str) -> str:
    return separator.join(word) if 3 <= len(word) <= _LONGEST_SPACED else word


def _leet(text: str, rolls: Rolls) -> str:
    """Replace letters by digits in words of three letters and more; one letter of each word stays."""

    def word(match: re.Match[str]) -> str:
        chars = list(match[0])
        for at, char in list(enumerate(chars))[1:]:
            if len(chars) >= 3 and char in _LEET and rolls.below(2):
                chars[at] = rolls.one(_LEET[char])
        return "".join(chars)

    return _letters.sub(word, text)


def _evasions() -> Iterator[Evasion]:
    yield Evasion("zero-width", "characters without a width in between", _inside("\u200b\u2060\ufeff"))
    yield Evasion("sparse-zero-width", "a zero-width space now and then", _inside("\u200b", every=3))
    yield Evasion("soft-hyphens", "soft hyphens in between", _inside("\u00ad", every=2))
    yield Evasion("bidi-marks", "marks of the direction of writing in between", _inside("\u200e\u200f\u202a\u2066"))
    yield Evasion(
        "tag-characters", "characters that nobody sees and models read", _each(lambda code: chr(0xE0000 + code))
    )
    yield Evasion("combining-marks", "struck through, underlined or accented", _marked)
    yield Evasion("full-width", "letters as wide as Chinese ones", _shifted(("!", "~", 0xFF01)))
    yield Evasion(
        "mathematical",
        "letters of formulas",
        _shifted(("A", "Z", 0x1D5D4), ("a", "z", 0x1D5EE), ("0", "9", 0x1D7EC)),
    )
    yield Evasion("look-alikes", "Cyrillic and Greek letters that look alike", _look_alike)
    yield Evasion("arabic-digits", "Arabic-Indic digits", _shifted(("0", "9", 0x660)))
    yield Evasion("devanagari-digits", "Devanagari digits", _shifted(("0", "9", 0x966)))
    yield Evasion("html-decimal", "HTML references, decimal", _each(lambda code: f"&#{code};"))
    yield Evasion("html-hexadecimal", "HTML references, hexadecimal", _each(lambda code: f"&#x{code:x};"))
    yield Evasion("percent", "URL encoding", _percents)
    yield Evasion("double-percent", "URL encoding, twice", lambda text, _: _percents(text, _).replace("%", "%25"))
    yield Evasion("backslash-u", "JSON and Python escapes", _each(lambda code: f"\\u{code:04x}"))
    yield Evasion("backslash-x", "byte escapes", _each(lambda code: f"\\x{code:02x}"))
    yield Evasion("base64", "base64", _base64, is_island=True)
    yield Evasion("hexadecimal", "hexadecimal", _hexadecimal, is_island=True)
    yield Evasion("at-and-dot", "addresses with [at] and [dot]", _at_and_dot)
    yield Evasion("spaced-out", "w o r d s spaced out", _spaced_out, ends_words=True)
    yield Evasion("leet", "d1gits for letters", _leet, ends_words=True)


KEYWORD_EVASIONS: Final = frozenset({"spaced-out", "leet"})
"""Evasions that rules of keywords see through, and other rules do not."""
EVASIONS: Final[Mapping[str, Evasion]] = {evasion.name: evasion for evasion in _evasions()}
"""All evasions by name."""
