r"""A signal: one sign of an injection, how much it weighs, and the short way in which its pattern is written.

In a pattern a space stands for a few characters between words, punctuation and all, and `~` for up to forty characters
of the same sentence, `~~` for up to ninety. All begin and end at the edge of a word. `%` stands for such an edge, or a space.
"""

# ruff: noqa: RUF001  quotes of typesetters and letters of other scripts are part of what people write

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from genai_guard.text.promises import promises_of
from genai_guard.text.rules import Rule

__all__ = ["MAX_LENGTH", "Signal", "expanded", "phrases", "signal", "wide"]

MAX_LENGTH: Final = 2048
"""No match of a signal is longer."""
_LOOK_BEHIND: Final = 8
_SPACE: Final = r"""\b[\s,'"*.;-]{1,4}\b"""
_NEAR: Final = r"\b[^.!?\n]{0,40}?\b"
_FAR: Final = r"\b[^.!?\n]{0,90}?\b"
_ENDLESS: Final = {
    re.compile(r"(?<=\\[wdSs])\+"): "{1,30}",
    re.compile(r"(?<=\\[wdSs])\*"): "{0,30}",
    re.compile(r"(?<=\))\+"): "{1,5}",
    re.compile(r"(?<=\))\*"): "{0,5}",
    re.compile(r"(?<=\])\+"): "{1,30}",
    re.compile(r"(?<=\])\*"): "{0,30}",
}
_WORD: Final = re.compile(r"[a-z0-9]+")
_LOOK: Final = re.compile(r"\(\?<?[!=](?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)")


@dataclass(frozen=True, slots=True)
class Signal:
    """A sign of an injection.

    Attributes:
        rule: What to look for. Its score is the weight in the text of a user.
        family: What it is a sign of. Of one family only the heaviest sign counts.
        elsewhere: The weight in documents and results of tools, which have no orders to give.
        is_order: Whether it counts in full only as an order: not after "they", "may" or "how do I".
    """

    rule: Rule
    family: str
    elsewhere: float
    is_order: bool = False

    def weight(self, place: str) -> float:
        """Return how much it weighs in a text of that place."""
        return self.rule.score if place == "user" else self.elsewhere


def expanded(short: str) -> str:
    """Return a pattern with spaces and tildes written out."""
    wide = short.replace("~~", _FAR).replace("~", _NEAR)
    wide = wide.replace("%", rf"(?:{_SPACE}|\b)")
    return wide.replace(" ?", f"(?:{_SPACE})?").replace(" ", _SPACE)


def signal(
    family: str,
    name: str,
    weight: float,
    *pieces: str,
    elsewhere: float | None = None,
    is_order: bool = False,
    ignore_case: bool = True,
    is_spelled_out: bool = False,
    literals: tuple[str, ...] = (),
    words: str = "",
    beside: str = "",
) -> Signal:
    """Return a signal whose rule promises what can be read off its pattern.

    Args:
        family: As for `Signal`.
        name: Last part of the identifier of the rule.
        weight: In the text of a user.
        pieces: The pattern, in pieces that follow each other.
        elsewhere: In other texts; as `weight` if None.
        is_order: As for `Signal`.
        ignore_case: Whether letters match in both cases.
        is_spelled_out: Whether spaces and tildes in the pattern stand for themselves.
        literals: As for `Rule`; instead of the words that the pattern promises.
        words: Instead of those, phrases of which one is in every match, as for `phrases`.
        beside: The same for what stands besides.
    """
    pattern = _bounded("".join(pieces) if is_spelled_out else expanded("".join(pieces)))
    promises = promises_of(_LOOK.sub("", pattern))
    promised = () if literals else _pieces(words) or promises.words
    rule = Rule(
        f"prompt_injection.{family}.{name}",
        "PROMPT_INJECTION",
        pattern,
        words=promised,
        beside=_pieces(beside) or (() if words else promises.beside) if promised else (),
        literals=literals,
        ignore_case=ignore_case,
        unicode=True,
        look_behind=_LOOK_BEHIND,
        max_length=MAX_LENGTH,
        min_length=promises.min_length,
        score=weight,
    )
    return Signal(rule, family, weight if elsewhere is None else elsewhere, is_order)


def _bounded(pattern: str) -> str:
    """Return the pattern with an end to every repetition: words have thirty letters at most, and lists five members."""
    for endless, end in _ENDLESS.items():
        pattern = endless.sub(end, pattern)
    return pattern


def phrases(listed: str) -> str:
    """Return a pattern of phrases listed with spaces between them, and `_` inside of them, with their marks and without."""
    written = dict.fromkeys(each for phrase in listed.split() for each in (phrase, _plain(phrase)))
    return "|".join(re.escape(each).replace("_", r"[ '’]{1,2}") for each in written)


def _pieces(listed: str) -> tuple[str, ...]:
    """Return the longest ASCII word in each of the phrases, with their marks and without."""
    written = (each for phrase in listed.split() for each in (phrase, _plain(phrase)))
    return tuple(dict.fromkeys(max(_WORD.findall(each.replace("_", " ")), key=len) for each in written))


def _plain(phrase: str) -> str:
    decomposed = unicodedata.normalize("NFD", phrase.replace("ł", "l").replace("ı", "i"))
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def wide(family: str, name: str, weight: float, pattern: str, *, literals: tuple[str, ...]) -> Signal:
    """Return a signal in a script without ASCII words: each match contains one of `literals`."""
    return signal(family, name, weight, pattern, is_spelled_out=True, literals=literals)
