"""The layers of single characters: what stands for another character, what cannot be seen, and what looks alike.

Real text of any language has to come through without becoming something else:

- Joiners and variation selectors stay after letters of the scripts that need them, and after emoji.
- Marks are dropped from Latin letters, digits and punctuation only.
- Look-alikes of ASCII letters are folded in words of nothing but ASCII and look-alikes, and if such a word is all
  look-alikes, only where no unmistakable letter of another alphabet is near: Russian has words like that.
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

__all__ = ["fold_characters", "fold_look_alikes", "prepare"]

_NEAR: Final = 64
"""Characters on both sides in which a letter of another alphabet vouches for a word of look-alikes."""
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
    return re.compile(rf"(?<!\w)[A-Za-z0-9_]*+{alike}[A-Za-z0-9_{alike[1:-1]}]*+(?!\w)")


@cache
def _foreign() -> re.Pattern[str]:
    """Match a letter of an alphabet that has look-alikes, which is none itself."""
    letters = {chr(code) for lo, hi in ((0x370, 0x590), (0x13A0, 0x1400)) for code in range(lo, hi)}
    return re.compile(char_class(char for char in letters if char.isalpha() and char not in look_alikes()))


def fold_characters(text: str) -> Edits:
    """Return the edits that put plain characters for those that stand for them and remove what cannot be seen.

    Tag characters become the ASCII characters that they mirror.
    """
    if text.isascii():
        return []
    table, run = folds(), _run()
    basic, every = _interesting()
    search = (basic if len(text.encode("utf-16-le", "surrogatepass")) == 2 * len(text) else every).search
    edits: Edits = []
    at = 0
    while found := search(text, at):
        start = found.start()
        at = start + 1
        fold = table.get(text[start])
        if fold is not None:
            edits.append(Edit(start, at, fold))
        elif hidden := run.match(text, start):
            at = hidden.end()
            _take_run(text, start, at, edits)
    return edits


def fold_look_alikes(text: str) -> Edits:
    """Return the edits that put ASCII letters for their look-alikes, as far as they are used in their place."""
    if text.isascii() or not _alike().search(text):
        return []
    edits: Edits = []
    table = look_alikes()
    for match in _words().finditer(text):
        start, end = match.span()
        if _has_ascii_letter(text, start, end) or not _is_foreign(text, start, end):
            letters = enumerate(text[start:end], start)
            edits += [Edit(at, at + 1, table[char]) for at, char in letters if char in table]
    return edits


def _is_foreign(text: str, start: int, end: int) -> bool:
    return _foreign().search(text, max(start - _NEAR, 0), end + _NEAR) is not None


def _take_run(text: str, start: int, end: int, edits: Edits) -> None:
    """Add the edits for a run of marks and invisible characters."""
    base = _char_before(text, start, edits)
    if base == EMOJI_TAG_BASE and end - start <= _LONGEST_FLAG and text[end - 1] == _CANCEL_TAG:
        return
    if base and _takes_marks(base):
        start = _drop_marks(text, start, end, base, edits)
    keeps = _needs_joiners(base)
    hidden = invisible()
    for at in range(start, end):
        char = text[at]
        if char in hidden and not (keeps and char in JOINERS):
            code = ord(char) - _TAGS
            edits.append(Edit(at, at + 1, chr(code) if 0x20 <= code < 0x7F else ""))


def _char_before(text: str, start: int, edits: Edits) -> str:
    """Return the character that a run follows in the folded text; empty if there is none."""
    if edits and edits[-1].end == start and edits[-1].replacement:
        return edits[-1].replacement[-1]
    return text[start - 1] if start else ""


def _drop_marks(text: str, start: int, end: int, base: str, edits: Edits) -> int:
    """Make the marks of a run part of the character before it; return where they end.

    Tag characters are text themselves, so only marks before the first of them are dropped here.
    """
    combining = marks()
    last = start
    for at in range(start, end):
        if text[at] in combining:
            last = at + 1
        elif 0x20 <= ord(text[at]) - _TAGS < 0x7F:
            break
    if last > start and edits and edits[-1].end == start:
        edits[-1] = edits[-1]._replace(end=last)
    elif last > start:
        edits.append(Edit(start - 1, last, base))
    return last


def _takes_marks(char: str) -> bool:
    return char < "\u0250" or "\u1e00" <= char < "\u1f00"


def _needs_joiners(char: str) -> bool:
    """Whether a joiner or variation selector after a character means something: Arabic, Indic, symbols, emoji."""
    code = ord(char) if char else 0
    return any(lo <= code < hi for lo, hi in _JOINED)
