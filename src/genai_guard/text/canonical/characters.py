"""The layers of single characters: what stands for another character, what cannot be seen, and what looks alike.

Real text of any language has to come through without becoming something else:

- Joiners and variation selectors stay after letters of the scripts that need them, and after emoji.
- Marks are dropped from Latin letters, digits and punctuation only.
- Look-alikes of ASCII letters are folded in words of nothing but ASCII and look-alikes. If such a word is all
  look-alikes, only where ASCII letters stand shortly before, and no unmistakable letter of another alphabet: Russian
  has words like that.

No layer looks further ahead than to the end of a word, nor further back than `NEAR` characters: that is what lets a
stream be folded as it comes. The text before `lo` is what a layer sees of what came before.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from genai_guard.text.canonical.offsets import Edits
from genai_guard.text.canonical.tables import (
    EMOJI_TAG_BASE,
    JOINERS,
    SUPPLEMENTARY,
    char_class,
    folds,
    invisible,
    look_alikes,
    marks,
)
from genai_guard.text.edits import Edit
from genai_guard.text.words import UNSPACED

__all__ = ["NEAR", "fold_characters", "fold_look_alikes", "may_fold", "prepare"]

NEAR: Final = 64
"""Characters before a word of look-alikes in which a letter of another alphabet vouches for it."""
_LONGEST_WORD: Final = 63
"""ASCII characters before the first look-alike of a word; behind more of them a look-alike is left as it is."""
_JOINED: Final = (
    *((0x1F000, 0x20000), (0x2100, 0x2C00), (0x590, 0x10A0), (0x1780, 0x18B0), (0xA800, 0xAC00), (0x10A00, 0x12000)),
    *((0x3030, 0x303E), (0x3297, 0x329A), (0xFB1D, 0xFE00), (0xFE70, 0xFEFF)),
)
"""Arabic, Indic and related scripts, and symbols that are emoji: what joiners and variation selectors are made for."""
_TAGS: Final = 0xE0000
_FIRST_SUPPLEMENTARY: Final = "\U00010000"
_CANCEL_TAG: Final = "\U000e007f"
_LONGEST_FLAG: Final = 7
"""Tag characters of the flag of a region, the cancel tag included; more are a hidden text."""
_has_ascii_letter: Final = re.compile(r"[A-Za-z]").search
_is_of_another_alphabet: Final = re.compile("[\u0370-\u058f\u13a0-\u13ff\ua4d0-\ua4ff]").search


def prepare() -> None:
    """Build the tables now rather than with the first text that needs them; takes some tens of milliseconds."""
    _interesting()
    _run()
    _alike()
    _words()
    _foreign()


@cache
def _interesting() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Match one character that may stand for another, be a mark or be invisible: for the basic plane, and for all.

    Characters of other planes are told by their range only: a class of many ranges there is slow to match.
    """
    basic = char_class(char for char in folds().keys() | invisible() | marks() if char < _FIRST_SUPPLEMENTARY)
    ranges = "".join(f"{chr(lo)}-{chr(hi - 1)}" for lo, hi in SUPPLEMENTARY)
    return re.compile(basic), re.compile(f"{basic[:-1]}{ranges}]")


@cache
def _run() -> re.Pattern[str]:
    """Match marks and invisible characters."""
    return re.compile(f"{char_class(invisible() | marks())}+")


@cache
def _alike() -> re.Pattern[str]:
    """Match one look-alike: most texts have none, which is quicker to find out than that no word is made of them."""
    return re.compile(char_class(look_alikes()))


@cache
def _words() -> re.Pattern[str]:
    """Match a word of nothing but ASCII characters and look-alikes, with at least one of the latter."""
    alike = char_class(look_alikes())
    edge = rf"[^\W{UNSPACED}]"
    return re.compile(rf"(?<!{edge})[A-Za-z0-9_]{{0,{_LONGEST_WORD}}}+{alike}[A-Za-z0-9_{alike[1:-1]}]*+(?!{edge})")


@cache
def _foreign() -> re.Pattern[str]:
    """Match a letter of an alphabet that has look-alikes, which is none itself."""
    letters = {chr(code) for lo, hi in ((0x370, 0x590), (0x13A0, 0x1400)) for code in range(lo, hi)}
    return re.compile(char_class(char for char in letters if char.isalpha() and char not in look_alikes()))


def may_fold(text: str) -> bool:
    """Whether a character of `text` may be folded or removed, or a word of it be one of look-alikes."""
    return _interesting()[1].search(text) is not None or (
        _alike().search(text) is not None and _words().search(text) is not None
    )


def fold_characters(text: str, lo: int = 0) -> Edits:
    """Return the edits of `text[lo:]` that put plain characters for those that stand for them and remove the unseen.

    Tag characters become the ASCII characters that they mirror.
    """
    if text.isascii():
        return []
    table, run = folds(), _run()
    basic, every = _interesting()
    search = (basic if len(text.encode("utf-16-le", "surrogatepass")) == 2 * len(text) else every).search
    edits: Edits = []
    at = lo
    while found := search(text, at):
        start = found.start()
        at = start + 1
        fold = table.get(text[start])
        if fold is not None:
            edits.append(Edit(start, at, fold))
        elif hidden := run.match(text, start):
            at = hidden.end()
            edits += _run_edits(text, start, at, _char_before(text, start, edits))
    return edits


def fold_look_alikes(text: str, lo: int = 0) -> Edits:
    """Return the edits of `text[lo:]` that put ASCII letters for their look-alikes, as far as they are used as such."""
    if text.isascii() or not _alike().search(text, lo):
        return []
    edits: Edits = []
    table = look_alikes()
    for match in _words().finditer(text, lo):
        start, end = match.span()
        if _has_ascii_letter(text, start, end) or _is_disguise(text, start, end):
            letters = enumerate(text[start:end], start)
            edits += [Edit(at, at + 1, table[char]) for at, char in letters if char in table]
    return edits


def _is_disguise(text: str, start: int, end: int) -> bool:
    """Whether a word of nothing but look-alikes stands where ASCII is written, and not the alphabet they are of."""
    if not _is_of_another_alphabet(text, start, end):
        return True
    near = max(start - NEAR, 0)
    return _has_ascii_letter(text, near, start) is not None and _foreign().search(text, near, start) is None


def _run_edits(text: str, start: int, end: int, base: str) -> Edits:
    """Return the edits of a run of marks and invisible characters behind the character `base`.

    Several tag characters are a hidden text; one between other characters is only in the way.
    """
    if base == EMOJI_TAG_BASE and end - start <= _LONGEST_FLAG and text[end - 1] == _CANCEL_TAG:
        return []
    hidden, combining = invisible(), marks()
    keeps, drops = _needs_joiners(base), bool(base) and _takes_marks(base)
    writes = sum(map(_is_tag, text[start:end])) > 1
    edits: Edits = []
    for at in range(start, end):
        char = text[at]
        if writes and _is_tag(char):
            edits.append(Edit(at, at + 1, chr(ord(char) - _TAGS)))
            keeps, drops = False, True
        elif (char in hidden and not (keeps and char in JOINERS)) or (drops and char in combining):
            edits.append(Edit(at, at + 1, ""))
    return edits


def _is_tag(char: str) -> bool:
    """Whether a character is the shadow of a printable one of ASCII."""
    return 0x20 <= ord(char) - _TAGS < 0x7F


def _char_before(text: str, start: int, edits: Edits) -> str:
    """Return the character that a run follows in the folded text; empty if there is none."""
    if edits and edits[-1].end == start and edits[-1].replacement:
        return edits[-1].replacement[-1]
    return text[start - 1] if start else ""


def _takes_marks(char: str) -> bool:
    return char < "\u0250" or "\u1e00" <= char < "\u1f00"


def _needs_joiners(char: str) -> bool:
    """Whether a joiner or variation selector after a character means something: Arabic, Indic, symbols, emoji."""
    code = ord(char) if char else 0
    return any(lo <= code < hi for lo, hi in _JOINED)
