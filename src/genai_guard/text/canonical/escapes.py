r"""The layers of written escapes: HTML references, URL percent-encoding, `\u0040`, `\x40` and `\n`, "(at)" and "dot".

An escape is undone if it stands for a character that can be seen or is white space, and is left alone otherwise.
Percent signs and ampersands that are escaped themselves, however often, are undone in the same step.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Final

import regex

from genai_guard.text.canonical.offsets import Edits
from genai_guard.text.edits import Edit

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["may_spell_address", "open_address", "undo_addresses", "undo_escapes"]

_percents: Final = re.compile(r"(?:%(?:(?:25)*+[0-9A-Fa-f]{2}|(?:25)++))++").finditer
_percent: Final = re.compile(r"%(?:(?:25)*+([0-9A-Fa-f]{2})|(?:25)++)").finditer
_references: Final = re.compile(
    r"&(?:(?:amp;)*+(?:#(?:([0-9]{1,7})(?![0-9])|[xX]([0-9A-Fa-f]{1,6})(?![0-9A-Fa-f]));?|([A-Za-z][A-Za-z0-9]{1,31};))"
    r"|(?:amp;)++)"
).finditer
_backslashes: Final = re.compile(
    r"\\(?<!\\\\)\\*+(?:u([dD][89abAB][0-9A-Fa-f]{2})\\++u([dD][c-fC-F][0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})"
    r"|u\{([0-9A-Fa-f]{1,6})\}|([nrt]))"
).finditer


def _in_brackets(word: str) -> str:
    pairs = (r"\[\]", r"\(\)", r"\{\}", "<>")
    either = "|".join(rf"{pair[: len(pair) // 2]}\s?(?:{word})\s?{pair[len(pair) // 2 :]}" for pair in pairs)
    return rf"\s{{0,3}}(?:{either})\s{{0,3}}"


_AT: Final = _in_brackets("at|@")
_DOT: Final = _in_brackets(r"dot|\.")
_ats: Final = re.compile(
    rf"(?<=[A-Za-z0-9_%+-])(?:({_AT})|\s{{1,3}}at\s{{1,3}})(?=[A-Za-z0-9])", re.IGNORECASE
).finditer
_dots: Final = re.compile(rf"(?<=[A-Za-z0-9]){_in_brackets('dot')}(?=[A-Za-z0-9])", re.IGNORECASE).finditer
_may_be_open: Final = re.compile(r"\s\Z|[\[({<]|\sat?(?:\s|\Z)", re.IGNORECASE).search
_bracketed: Final = re.compile(r"[\[({<]\s?(?:at|@|dot|\.)\s?[\])}>]", re.IGNORECASE).search
_next_label: Final = re.compile(
    rf"[A-Za-z0-9-]{{1,63}}+(?:((?:{_DOT})|\s{{1,3}}dot\s{{1,3}})|\.)(?=[A-Za-z0-9])", re.IGNORECASE
).match
_last_word: Final = re.compile(r"[A-Za-z]++\Z").search
_is_article: Final = re.compile(r"(?:an?|the|this|that|every|each|one)\b", re.IGNORECASE).match
_NOT_A_MAILBOX: Final = frozenset(
    (
        *("are", "available", "be", "buy", "buying", "check", "find", "found", "here", "is", "it", "live", "look"),
        *("looked", "looking", "me", "now", "online", "order", "out", "page", "see", "shop", "shopping", "site"),
        *("sold", "them", "us", "visit", "was", "website", "work", "works", "you"),
    )
)
"""Words before "at example dot com" that say that somebody is there, not that a mailbox is."""
_SPACES: Final = {"n": "\n", "r": "\r", "t": "\t"}
_MAX_LABELS: Final = 8


def undo_escapes(text: str, lo: int = 0) -> Edits:
    """Return the edits of `text[lo:]` that undo written escapes."""
    edits: Edits = []
    if "%" in text:
        edits += _undo_percents(text, lo)
    if "&" in text:
        edits += _undo_references(text, lo)
    if "\\" in text:
        edits += _undo_backslashes(text, lo)
    edits.sort()
    return _apart(edits)


def may_spell_address(text: str) -> bool:
    """Whether there is an "(at)" or "(dot)", or the word "dot"."""
    if ("[" in text or "(" in text or "{" in text or "<" in text) and _bracketed(text):
        return True
    return text.lower().rfind("dot") >= 0


def undo_addresses(text: str, lo: int = 0) -> Edits:
    """Return the edits of `text[lo:]` that write an address or host name as such: "jo [at] shop (dot) example".

    Bare words count only where both are in place: "jo at shop dot example".
    """
    if not may_spell_address(text):
        return []
    edits = [Edit(*match.span(), ".") for match in _dots(text, lo)]
    for match in _ats(text, lo):
        dots = _dots_after(text, match.end())
        spelled = [dot for dot in dots if dot.end - dot.start > 1]
        if dots if match[1] else spelled and not _is_prose(text, *match.span()):
            edits += [Edit(*match.span(), "@"), *spelled]
    return _apart(sorted(set(edits)))


def open_address(text: str, lo: int = 0) -> int:
    """Return the first place from `lo` on at which an address could be spelled if more text follows.

    The length of `text` if there is none.
    """
    if not _may_be_open(text, lo):
        return len(text)
    match = _open_addresses()(text, lo, partial=True)
    return len(text) if match is None else min(match.start(), len(text))


@cache
def _open_addresses() -> Callable[..., regex.Match[str] | None]:
    """Search for the beginning of what `undo_addresses` edits, tried on every path up to the end of the text."""
    label = rf"[A-Za-z0-9-]{{1,63}}+(?:{_DOT}|\s{{1,3}}dot\s{{1,3}}|\.)(?=[A-Za-z0-9])"
    address = rf"(?<=[A-Za-z0-9_%+-])(?:{_AT}|\s{{1,3}}at\s{{1,3}})(?=[A-Za-z0-9])(?:{label}){{1,{_MAX_LABELS}}}"
    dot = rf"(?<=[A-Za-z0-9]){_in_brackets('dot')}(?=[A-Za-z0-9])"
    return regex.compile(f"(?:{address}|{dot})(?!)", regex.IGNORECASE).search


def _dots_after(text: str, at: int) -> Edits:
    """Return what ends each label of a host name that begins at `at`, but the last label."""
    dots: Edits = []
    while len(dots) < _MAX_LABELS and (match := _next_label(text, at)):
        at = match.end()
        dots.append(Edit(match.start(1), at, ".") if match[1] else Edit(at - 1, at, "."))
    return dots


def _is_prose(text: str, start: int, end: int) -> bool:
    """Whether the words around a bare "at" say that somebody is there, or something is at a dot."""
    word = _last_word(text[max(start - 16, 0) : start])
    return (word is not None and word[0].lower() in _NOT_A_MAILBOX) or _is_article(text, end) is not None


def _undo_percents(text: str, lo: int) -> Edits:
    edits: Edits = []
    for run in _percents(text, lo):
        pieces = [(match.start(), match.end(), match[1] or "25") for match in _percent(text, *run.span())]
        at = 0
        while at < len(pieces):
            size = _utf8_size(int(pieces[at][2], 16))
            group = pieces[at : at + size]
            char = _decoded(bytes(int(piece[2], 16) for piece in group))
            if char:
                edits.append(Edit(group[0][0], group[-1][1], char))
            at += size if char else 1
    return edits


def _undo_references(text: str, lo: int) -> Edits:
    edits: Edits = []
    for match in _references(text, lo):
        if match[3]:
            char = _entities().get(match[3], "")
        elif match[1] or match[2]:
            char = _char(int(match[1]) if match[1] else int(match[2], 16))
        else:
            char = "&"
        if char:
            edits.append(Edit(*match.span(), char))
    return edits


def _undo_backslashes(text: str, lo: int) -> Edits:
    edits: Edits = []
    for match in _backslashes(text, lo):
        if match[1]:
            char = _char(0x10000 + ((int(match[1], 16) & 0x3FF) << 10) + (int(match[2], 16) & 0x3FF))
        elif match[6]:
            char = _SPACES[match[6]]
        else:
            char = _char(int(match[3] or match[4] or match[5], 16))
        if char:
            edits.append(Edit(*match.span(), char))
    return edits


def _utf8_size(first: int) -> int:
    if first < 0xC2:
        return 1
    return 2 if first < 0xE0 else 3 if first < 0xF0 else 4


def _decoded(data: bytes) -> str:
    try:
        char = data.decode()
    except UnicodeDecodeError:
        return ""
    return char if len(char) == 1 and _is_shown(char) else ""


def _char(code: int) -> str:
    char = chr(code) if 0 < code < 0x110000 else ""
    return char if char and _is_shown(char) else ""


def _is_shown(char: str) -> bool:
    """Whether a character is text: no control character but white space, and no half of a pair."""
    return char in "\t\n\r" or (char >= " " and not "\x7f" <= char < "\xa0" and not "\ud800" <= char < "\ue000")


@cache
def _entities() -> Mapping[str, str]:
    from html.entities import html5  # noqa: PLC0415  hardly ever needed

    return {name: chars for name, chars in html5.items() if name.endswith(";")}


def _apart(edits: Edits) -> Edits:
    """Return the edits in order that begin after the one before has ended."""
    kept: Edits = []
    for edit in edits:
        if not kept or edit.start >= kept[-1].end:
            kept.append(edit)
    return kept
