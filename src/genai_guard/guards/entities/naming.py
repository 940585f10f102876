r"""Words that say what a number is: a lookbehind for them, and the promise that one of them is in the text.

The words stand before the number only, on its line. What is behind a number would have to be waited for, and a stream
would hold back more than it has to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

__all__ = ["NEAR", "WIDE", "Gap", "Naming", "has_ascii_word", "named_by"]

_SUFFIXES: Final = ("number", "no", "nr", "num", "id")
_SUFFIX: Final = rf"(?:_?(?:{'|'.join(_SUFFIXES)}))?"
_SUFFIX_CHARS: Final = 7
_RUN: Final = re.compile("[a-z0-9_]+")
_FIRST_OF_CJK: Final = "\u2e80"


class Gap(NamedTuple):
    """What may stand between a word and a number.

    Attributes:
        pattern: It begins with something that ends the word.
        chars: Its greatest length.
    """

    pattern: str
    chars: int


WIDE: Final = Gap(r"[^\w\n][^\n]{0,39}", 40)
"""Anything: for numbers that a check digit confirms."""
NEAR: Final = Gap(r"[^\w\n][^\n\d]{0,23}", 24)
"""No digit, and less of it: for what has nothing to check, so that the word belongs to this number and to no other."""


class Naming(NamedTuple):
    """How a number is named.

    Attributes:
        pattern: What has to stand before the number, to be put into a lookbehind; nothing if there are no words.
        words: One of these is in every text in which the pattern holds, as a whole word; none for no such promise.
        reach: Characters that the pattern may look at, and the one before them.
    """

    pattern: str = ""
    words: tuple[str, ...] = ()
    reach: int = 0


def named_by(phrases: Iterable[str], gap: Gap = WIDE) -> Naming:
    """Return how one of the phrases names a number.

    A phrase is found in any case, with `number`, `no`, `nr`, `num` or `id` behind it or not. The spaces of one may
    also be hyphens, underscores, or left out, as in keys of JSON and names of variables.

    Args:
        phrases: In lower case.
        gap: What may stand between.

    Raises:
        ValueError: some phrases hold an ASCII word and others none, so that nothing could be promised of all.
    """
    phrases = tuple(phrases)
    if not phrases:
        return Naming()
    forms = [form for phrase in phrases for form in _forms(phrase)]
    promised = [tuple(_promised(form)) for form in forms if has_ascii_word(form)]
    if promised and len(promised) != len(forms):
        raise ValueError("phrases with and without ASCII words make no promise together: name the number by two rules")
    alternatives = "|".join(_escaped(form) for form in forms)
    return Naming(
        rf"(?<!\w)(?i:(?:{alternatives}){_SUFFIX}){gap.pattern}",
        tuple(sorted({word for words in promised for word in words})),
        1 + max(map(len, forms)) + _SUFFIX_CHARS + gap.chars,
    )


def has_ascii_word(phrase: str) -> bool:
    """Whether a phrase, written in lower case, has an ASCII word of two letters at least."""
    return any(len(run) > 1 for run in _RUN.findall(phrase))


def _forms(phrase: str) -> Iterator[str]:
    if phrase[-1] >= _FIRST_OF_CJK:
        phrase = phrase[:-1]  # in a script without spaces, the last character of the word ends it
    yield phrase
    if " " in phrase and phrase.isascii():
        yield phrase.replace(" ", "_")
        yield phrase.replace(" ", "")


def _escaped(form: str) -> str:
    return "[ -]".join(map(re.escape, form.split(" ")))


def _promised(form: str) -> Iterator[str]:
    """Yield the ASCII words of which one is there where the form is."""
    longest = max(_RUN.findall(form), key=len)
    yield longest
    if form.endswith(longest):
        for suffix in _SUFFIXES:
            yield longest + suffix
            yield f"{longest}_{suffix}"
