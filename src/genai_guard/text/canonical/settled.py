r"""How far a text that is cut off has a form that no further text can change.

Open at the end of a text are:

- a run of letters and digits in which an escape has begun, or in which there is anything but ASCII: what an escape
  stands for, and whether letters are look-alikes, is known when the run is complete;
- what could become a spelled address: `jo at exam`;
- what could become an encoded island, or part of one: the last word, in most texts;
- for keywords, a word that may go on spaced out: `p a s`.
"""

from __future__ import annotations

import re
from typing import Final

from genai_guard.text.canonical.characters import may_fold
from genai_guard.text.canonical.encodings import ALPHABET, open_island
from genai_guard.text.canonical.escapes import open_address, undo_addresses
from genai_guard.text.canonical.form import NOTHING_BEFORE, Before, apply_layer, uncovered
from genai_guard.text.canonical.letters import open_letters, word_start
from genai_guard.text.canonical.offsets import Edits
from genai_guard.text.edits import Edit
from genai_guard.text.words import UNSPACED

__all__ = ["plainly_settled", "settled"]

_RUN: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_%&\\;#{}"
_ALONE: Final = (
    rf"\x00-\x22$'-/:<-@\[\]\^`|~\x7f\s{UNSPACED}\u00a1-\u00a9\u00ab\u00ac\u00ae\u00af\u2010-\u2027\u2030-\u205e"
    r"\u2190-\u245f\u2500-\u2bff\u3001-\u303f\U0001f200-\U0001faff"
)
"""Characters that no layer joins to what follows: white space, points, symbols, scripts that know no words."""
_last_run: Final = re.compile(rf"[^{_ALONE}]+\Z").search
_CHAR: Final = "[A-Za-z0-9@$]"
_is_calm: Final = re.compile(r" ?(?:(?![Aa][Tt]?(?![A-Za-z]))[A-Za-z]{2,15}+[,.;:!?]?(?: |\Z))*+[B-Zb-z]?\Z").match
"""Matches words of at least two letters with ordinary points and single spaces: they hide nothing and spell nothing."""
_may_hide: Final = re.compile(
    r"[%&\\]|[\[({<]\s?(?:[AaDd@.]|\Z)|\s[Aa](?:[Tt](?=\s)|[Tt]?\Z)|[A-Za-z0-9+/_-]{16}"
).search
"""Finds what may begin a disguise made of ASCII, or be one; white space at the end aside."""
_may_spell: Final = re.compile(
    rf"[A-Za-z][0134578@$]|[0134578@$][A-Za-z]|(?<!{_CHAR}){_CHAR}[ ._*-](?:{_CHAR}(?:[ ._*-]|\Z)|\Z)|[@$]\Z"
).search
"""Finds what may be a word that is spaced out or spelled with digits, or become one."""
_SIGNS: Final = frozenset("@$")
_MAILBOX: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_%+-")
_opens: Final = re.compile(r"[%&\\]|[^\x00-\x7f]").search


def settled(text: str, before: Before = NOTHING_BEFORE, *, letters: bool = False) -> int:
    """Return how much of `text` has a form that does not depend on what follows.

    Args:
        text: A stretch of a text that goes on.
        before: What stood before it.
        letters: Whether spaced-out words matter.
    """
    text = text[: _open_run(text)]
    form = uncovered(text, before)
    shown = text if form is None else form.text
    whole, lo = before.uncovered + shown, len(before.uncovered)
    end = open_address(whole, lo)
    edits = undo_addresses(whole[:end], lo)
    if letters:
        end = _open_word(whole[:end], lo, edits, before.spelled)
    place = end
    while place > lo:
        end = place
        place = lo + open_island(whole[lo:end], before.spelled)
        if edits:
            place = _before_edits(whole, lo, place, edits)
        if letters and edits:
            place = _open_word(whole[:place], lo, edits, before.spelled)
        elif letters:
            place = max(word_start(whole, place), lo)
        if place == end:
            break
    place -= lo
    return place if form is None else form.original_span(place, place)[0]


def plainly_settled(text: str, before: str, *, letters: bool) -> int:
    """Return how much of `text` is its own form, whatever follows; -1 if that needs a closer look.

    What `settled` and `canonical` would come to for most stretches, for a small part of the cost.

    Args:
        text: A stretch of a text that goes on.
        before: The end of what stood before it.
        letters: Whether spaced-out words matter.
    """
    end = len(text)
    if not _is_calm(text):
        if _may_hide(text) or (letters and _may_spell(text)):
            return -1
        if not text.isascii():
            run = _last_run(text)
            end = run.start() if run else end
            if may_fold(text[:end]):
                return -1
    if end == len(text):
        word = len(text.rstrip())
        if not word and before[-1:] in _MAILBOX:
            return -1
        if word and text[word - 1] in _MAILBOX:
            end = word
    if text[end - 1 : end] != "=":
        end = len(text[:end].rstrip(ALPHABET))
    return -1 if letters and text[end - 1 : end] in _SIGNS else end


def _before_edits(whole: str, lo: int, place: int, edits: Edits) -> int:
    """Return the place, or where the first of the edits before it begins that would be others without what follows."""
    cut = undo_addresses(whole[:place], lo)
    return next((edit.start for edit in edits if edit.start < place and edit not in cut), place)


def _open_word(whole: str, lo: int, edits: Edits, before: str) -> int:
    """Return where a word begins, once addresses are undone, that could go on spaced out."""
    text = whole[lo:]
    form = apply_layer(
        lambda _, at: [edit for edit in _moved(edits, at - lo) if edit.end <= len(whole) - lo + at], text
    )
    if form is None:
        return lo + open_letters(text, before)
    place = open_letters(form.text, before)
    return lo + form.original_span(place, place)[0]


def _moved(edits: Edits, by: int) -> Edits:
    return [Edit(edit.start + by, edit.end + by, edit.replacement) for edit in edits]


def _open_run(text: str) -> int:
    """Return where the last run begins if it may hold a disguise, or the escape in it; else the length of the text."""
    if text.isascii():
        start = len(text.rstrip(_RUN))
        found = _opens(text, start)
        return found.start() if found else len(text)
    run = _last_run(text)
    if run is None or not (found := _opens(text, run.start())):
        return len(text)
    return found.start() if text[run.start() :].isascii() else run.start()
